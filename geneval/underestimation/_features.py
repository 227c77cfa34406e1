"""What outputs are sliced by: system, length, specificity, diversity, copies, condition, source, and a user's own columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._controls import FILE_NAME
from geneval.underestimation._outputs import Outputs
from geneval_references import InputError
from geneval_scorers import Corpus, Queries, Ragged, TokenF1, ask_each

if TYPE_CHECKING:
    from geneval.underestimation._known import Known

FEWEST = 20
"""Outputs in a slice, and outputs to compare them with, below which it is not looked at."""

MOST_VALUES = 20
"""Of a column with more values those of most outputs are looked at."""

FEW_VALUES = 5
"""A column of numbers with more values than this is parted in thirds."""

_TOKEN = re.compile(r"\w+")

Labels = Mapping[str, Mapping[tuple[str, str | None], str | float]]
"""Column -> (id, system or None) -> value."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One way to part outputs.

    Attributes:
        by: its name.
        slices: names of the parts; of two that mirror each other the second.
        member: [slices, cells] which outputs are in each.
        known: [cells] of which outputs it is known.
    """

    by: str
    slices: Sequence[str]
    member: np.ndarray
    known: np.ndarray


def features_of(known: Known) -> list[Feature]:
    """All of them, as far as they tell outputs apart."""
    evidence, outputs = known.evidence, known.outputs
    item, system = evidence.item, evidence.system
    texts = outputs.text[item, system]
    found = [
        _named("system", [outputs.systems[s] for s in system.tolist()]),
        _binned("length", outputs.lengths[item, system], "words"),
        _binned("specificity", specificity(outputs, known.items)[texts], "mean idf"),
        _binned("diversity", diversity(outputs)[item, system], "away from other systems"),
        _named("copy", np.where(copies(outputs)[item, system], "equals a reference", "differs").tolist()),
        _named("condition", [outputs.items[i].condition for i in item.tolist()]),
        _binned("source length", _source_lengths(outputs)[item], "words"),
        *(_column(name, cells) for name, cells in _labelled(known)),
    ]
    return [one for one in found if len(one.slices)]


def _named(by: str, values: Sequence[str | None]) -> Feature:
    """A part for each value; None: not known."""
    names = sorted({value for value in values if value is not None})
    number = {name: n for n, name in enumerate(names)}
    return _parted(by, names, np.asarray([-1 if value is None else number[value] for value in values], np.int64))


def _binned(by: str, values: Floats, unit: str = "") -> Feature:
    """Thirds, as far as ties allow; NaN: not known."""
    there = ~np.isnan(values)
    cuts = np.unique(np.quantile(values[there], [1 / 3, 2 / 3], method="nearest")) if there.any() else np.zeros(0)
    parts, place = np.unique(np.searchsorted(cuts, values[there]), return_inverse=True)
    whole = np.full(len(values), -1, np.int64)
    whole[there] = place
    inside = [values[whole == part] for part in range(len(parts))]
    return _parted(by, [f"{_range(one)} {unit}".rstrip() for one in inside], whole)


def _range(values: Floats) -> str:
    low, high = (f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}" for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def _parted(by: str, names: Sequence[str], place: Ints) -> Feature:
    """The parts that most outputs are in. Of two the second: what holds of it holds of the first, turned round. Of one none."""
    counts = np.bincount(place[place >= 0], minlength=len(names))
    first = {1: 1, 2: 1}.get(len(names), 0)
    kept = [n for n in np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist() if n >= first and counts[n] >= FEWEST]
    kept.sort()
    member = place == np.asarray(kept, np.int64)[:, None]
    return Feature(by, [names[n] for n in kept], member, place >= 0)


def _column(name: str, values: Sequence[str | float | None]) -> Feature:
    numbers = [value for value in values if isinstance(value, float)]
    if len(set(numbers)) > FEW_VALUES and all(value is None or isinstance(value, float) for value in values):
        return _binned(name, np.asarray([np.nan if value is None else value for value in values], np.float64))
    return _named(name, [f"{value:g}" if isinstance(value, float) else value for value in values])


def _labelled(known: Known) -> Iterator[tuple[str, list[str | float | None]]]:
    """Each column's value of each cell: the output's, else the item's."""
    outputs, evidence = known.outputs, known.evidence
    keys = [
        (outputs.corpus.ids[i], outputs.systems[s])
        for i, s in zip(evidence.item.tolist(), evidence.system.tolist(), strict=True)
    ]
    for name, said in known.columns.items():
        yield name, [said.get(key, said.get((key[0], None))) for key in keys]


def check_columns(columns: Labels, outputs: Outputs) -> None:
    """Refuses columns that speak of other items or systems alone.

    Raises:
        InputError: none of a column's rows is about an output.
    """
    items, systems = set(outputs.corpus.ids), {None, *outputs.systems}
    for name, said in columns.items():
        if not any(id_ in items and system in systems for id_, system in said):
            id_, system = next(iter(said))
            raise InputError(
                f"no row of the column {name!r} is about an output of this report: the first is of item {id_!r}"
                f"{f' and system {system!r}' if system else ''}; ids and systems must be those of the outputs"
            )


def specificity(outputs: Outputs, items: Sequence[int]) -> Floats:
    """Mean inverse document frequency of each text's words, [texts]: ln(items / (1 + those whose references have the word)).

    A document is an item's reference set. NaN for a text without words.
    """
    corpus = outputs.corpus
    words = [set(_TOKEN.findall(text.casefold())) for text in corpus.texts]
    counts: dict[str, int] = {}
    for item in items:
        for word in set().union(*(words[text] for text in corpus.references.row(item).tolist())):
            counts[word] = counts.get(word, 0) + 1
    idf = {word: float(np.log(len(items) / (1 + count))) for word, count in counts.items()}
    most = float(np.log(len(items))) if len(items) else 0.0
    found = np.full(len(words), np.nan)
    for text in np.unique(outputs.text[outputs.text >= 0]).tolist():
        own = sorted(words[text])
        if own:
            found[text] = np.mean([idf.get(word, most) for word in own])
    return found


def diversity(outputs: Outputs) -> Floats:
    """How far each output is from the other systems' for its item: 1 less the mean token F1 with them, [items, systems]."""
    corpus, text = outputs.corpus, outputs.text
    item, system = np.nonzero(text >= 0)
    others = [
        [t for s, t in enumerate(text[i].tolist()) if s != own and t >= 0] for i, own in zip(item, system, strict=True)
    ]
    queries = Queries(item, Ragged.singles(text[item, system]), Ragged.of(others), np.arange(len(item)))
    found = ask_each([TokenF1(reduce="mean")], corpus, queries, what="comparing outputs")[0].segment
    out = np.full(text.shape, np.nan)
    out[item, system] = 1.0 - found
    return out


def copies(outputs: Outputs) -> np.ndarray:
    """Which outputs equal a reference of their item after folding, [items, systems]."""
    corpus: Corpus = outputs.corpus
    span = int(corpus.folded.max()) + 1
    owner: Ints = corpus.references.rows * span + corpus.folded[corpus.references.values]
    mine = np.arange(len(outputs.text))[:, None] * span + corpus.folded[outputs.text]
    return np.asarray(np.isin(mine, owner) & (outputs.text >= 0))


def _source_lengths(outputs: Outputs) -> Floats:
    """Words of each item's source; NaN where it is the name of a file, or there is none."""
    found = np.full(len(outputs.items), np.nan)
    for place, item in enumerate(outputs.items):
        if item.source and not FILE_NAME.fullmatch(item.source):
            found[place] = len(_TOKEN.findall(item.source))
    return found

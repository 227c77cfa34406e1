"""The outputs that are looked at, with what they say beside their references, and what scorers give them once repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._controls import FILE_NAME
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import Outputs, better_is_higher
from geneval.underestimation._repairs import REPAIRS, Difference, all_supported, contradicted, difference
from geneval.underestimation._units import reader
from geneval_references import fold
from geneval_references._protocols import Entailment
from geneval_scorers import Corpus, Queries, Ragged, Scorer, ask_each

SUPPORTED = (
    "an added unit is supported where another reference of the item gives it (one that does not count here, too), another "
    "valid output of the item, or its source, if that is a text"
)
ENTAILED = ", or where a model finds that the output follows from a reference"
_LIKELY = 0.5
"""Probability from which on a model's word counts."""


@dataclass(frozen=True, eq=False)
class Cases:
    """Outputs of all scorers together. Entry i of an array is output i.

    Attributes:
        outputs: all.
        cells: (item, system).
        found: what each says beside its references.
        reader: what decides content units.
        rule: which additions are supported.
    """

    outputs: Outputs
    cells: Sequence[tuple[int, int]]
    found: Sequence[Difference]
    reader: str
    rule: str

    @classmethod
    def of(cls, known: Known, cells: Sequence[tuple[int, int]], valid: np.ndarray) -> Cases:
        """Reads all texts, and compares.

        Args:
            known: outputs, references of all tiers, sources, and a model of inference, if there is one.
            cells: (item, system).
            valid: [items, systems] outputs that support each other.
        """
        outputs, read = known.outputs, reader()
        texts = _Texts(known, valid)
        wanted = {t for item in {i for i, _ in cells} for t in texts.of_item(item)}
        wanted |= {texts.output(*cell) for cell in cells}
        order = sorted(wanted)
        readings = dict(zip(order, read.read(order), strict=True))
        found = [
            difference(
                readings[texts.output(*cell)],
                [readings[text] for text in texts.references(cell[0])],
                _units(readings[text] for text in texts.support(*cell)),
            )
            for cell in cells
        ]
        rule = SUPPORTED
        if known.entailment is not None:
            found, rule = _entailed(found, known.entailment, texts, cells), SUPPORTED + ENTAILED
        return cls(outputs, cells, found, read.name, rule)

    @cached_property
    def place(self) -> dict[tuple[int, int], int]:
        """Of each cell."""
        return {cell: i for i, cell in enumerate(self.cells)}

    @cached_property
    def present(self) -> np.ndarray:
        """[outputs, repairs] whether there is something to repair."""
        return np.asarray([[name in one.present for name in REPAIRS] for one in self.found], bool).reshape(
            -1, len(REPAIRS)
        )

    @cached_property
    def distorted(self) -> np.ndarray:
        """[outputs] that contradict their references."""
        return np.asarray([bool(one.distorted) for one in self.found], bool)

    @cached_property
    def texts(self) -> list[dict[int, str]]:
        """Of each output the text after each set of repairs."""
        return [one.texts() for one in self.found]

    @cached_property
    def corpus(self) -> Corpus:
        """The items that are looked at, with all repaired texts."""
        places = sorted({item for item, _ in self.cells})
        extra = dict.fromkeys(text for texts in self.texts for text in texts.values())
        return Corpus([self.outputs.items[i] for i in places], extra=extra, watch=self.outputs.corpus.watch)

    def scores(self, scorer: Scorer, numbers: Ints) -> Floats:
        """[outputs, sets of repairs] against all references, higher is better; sets that change the same are the same."""
        corpus = self.corpus
        columns = [sorted(self.texts[n]) for n in numbers.tolist()]
        rows = np.repeat(np.arange(len(numbers)), [len(one) for one in columns])
        sets = np.asarray([key for one in columns for key in one], np.int64)
        texts = [
            corpus.index(self.texts[n][key]) for n, one in zip(numbers.tolist(), columns, strict=True) for key in one
        ]
        item = np.asarray([corpus.item(self.outputs.corpus.ids[self.cells[n][0]]) for n in numbers.tolist()], np.int64)
        asked = Queries(
            item[rows], Ragged.singles(np.asarray(texts, np.int64)), corpus.references.take(item[rows]), rows
        )
        told = ask_each([scorer], corpus, asked, what="asking about repairs")[0].segment
        out = np.full((len(numbers), 1 << len(REPAIRS)), np.nan)
        out[rows, sets] = better_is_higher(scorer, told)
        doing = (self.present[numbers] << np.arange(len(REPAIRS))).sum(axis=1)
        return np.asarray(out[np.arange(len(numbers))[:, None], np.arange(1 << len(REPAIRS)) & doing[:, None]])

    def units_of(self, number: int) -> dict[str, object]:
        """What was omitted, added, distorted and said in other words."""
        one = self.found[number]
        words = one.mine.words
        added = [(at, True) for at in one.supported] + [(at, False) for at in one.unsupported]
        return {
            "omitted": [missing.word for missing in one.omitted],
            "added": [{"text": words[at].text, "supported": by} for at, by in sorted(added)],
            "distorted": [{"ours": d.ours, "theirs": d.theirs, "kind": d.kind} for d in one.distorted],
            "lexical": [{"ours": words[at].text, "theirs": word} for at, word in sorted(one.lexical.items())],
        }


class _Texts:
    """Texts by item."""

    def __init__(self, known: Known, valid: np.ndarray) -> None:
        self._outputs, self._valid = known.outputs, valid
        self._all = {item.id: item for item in known.inputs.items}

    def output(self, item: int, system: int) -> str:
        return str(self._outputs.corpus.texts[self._outputs.text[item, system]])

    def references(self, item: int) -> list[str]:
        return [reference.text for reference in self._outputs.items[item].references]

    def support(self, item: int, system: int) -> list[str]:
        """What else is right about an item; never the output itself, by whomever."""
        own = fold(self.output(item, system))
        return [text for text in self._others(item, system) if fold(text) != own]

    def _others(self, item: int, system: int) -> list[str]:
        given = self._all[self._outputs.corpus.ids[item]]
        by = f"output:{self._outputs.systems[system]}" if system >= 0 else ""
        sources = [given.source] if given.source and not FILE_NAME.fullmatch(given.source) else []
        kept = [r.text for r in given.references if r.tier != "unverified" and r.origin != by]
        outputs = [self.output(item, int(s)) for s in np.flatnonzero(self._valid[item]) if s != system]
        return [*sources, *kept, *outputs]

    def of_item(self, item: int) -> list[str]:
        """All that may be read."""
        return [*self.references(item), *self._others(item, -1)]


def _units(readings: object) -> frozenset[str]:
    return frozenset(unit for one in readings for unit in one.units)  # type: ignore[attr-defined]


def _entailed(
    found: Sequence[Difference], model: Entailment, texts: _Texts, cells: Sequence[tuple[int, int]]
) -> list[Difference]:
    """Additions are supported, or the output contradicts, where a model says so."""
    references = [texts.references(item) for item, _ in cells]
    rows = np.repeat(np.arange(len(cells)), [len(one) for one in references])
    premises = [text for one in references for text in one]
    told = model.entails(premises, [texts.output(*cells[row]) for row in rows.tolist()])
    follows, against = np.zeros(len(cells)), np.zeros(len(cells))
    np.maximum.at(follows, rows, told[:, 0])
    np.maximum.at(against, rows, told[:, 2])
    out = []
    for one, yes, no in zip(found, follows.tolist(), against.tolist(), strict=True):
        if yes >= _LIKELY:
            out.append(all_supported(one))
        else:
            out.append(contradicted(one) if no >= _LIKELY else one)
    return out

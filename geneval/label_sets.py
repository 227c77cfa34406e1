"""`geneval.labels`: predicted labels judged by sets of right ones, and what single labels underestimate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from geneval import __version__
from geneval.data import InputFile, read_parents, read_predictions, read_valid_labels
from geneval.query_scores import (
    Answered,
    Drawing,
    QueryScores,
    about_few,
    baseline_of,
    differences_of,
    scores_of,
)
from geneval.query_tiers import ByTier, View, view
from geneval.query_tiers import by_tier as by_tier_of
from geneval_references import TIERS, InputError, Tier, fold
from geneval_scorers import Info, Scorer
from geneval_scorers.ranking import (
    DEPTH,
    ItemLabels,
    Judged,
    Judgements,
    Names,
    RankedLists,
    Recall,
    Taxonomy,
    label_accuracy,
)

SCHEMA = "geneval.labels/1"

Predictions = Mapping[str, Mapping[str, str | None]]
"""System -> item -> label."""


@dataclass(frozen=True, repr=False)
class Accuracy(Scorer):
    """The share of items whose predicted label is among the valid ones."""

    name: ClassVar[str] = "accuracy"
    info: ClassVar[Info] = Info(
        "predicted label among the valid ones",
        (0, 1),
        "higher",
        kind="pool",
        monotone=True,
        identical="1",
        source="Beyer et al. 2020 (ReaL)",
    )


def _like(name: str, summary: str, scale: tuple[float, float], source: str) -> type[Scorer]:
    info = Info(summary, scale, "higher", kind="pool", monotone=False, identical="1", source=source)
    return dataclass(frozen=True, repr=False)(type(name, (Scorer,), {"name": name, "info": info, "__doc__": summary}))


SingleLabel = _like("single_label", "predicted label is the one the item was given", (0, 1), "accuracy")
Underestimated = _like("underestimated", "accuracy less single_label, on the same items", (-1, 1), "Beyer et al. 2020")
Covering = _like("covering", "predicted label is a valid one or what one is a kind of", (0, 1), "a parent table")
Taxonomic = _like("taxonomic", "hierarchical F1 with the nearest valid label", (0, 1), "Kiritchenko et al. 2006")


def labels(
    predictions: Predictions | str | Sequence[str],
    positives: Mapping[str, ItemLabels | Iterable[str]] | str | Sequence[str],
    *,
    parents: Mapping[str, str] | Sequence[str] = (),
    allow_missing: bool = False,
    by_tier: bool | None = None,
    depth: int = DEPTH,
    baseline: str | None = None,
    resamples: int = 1000,
    trials: int = 10_000,
    confidence: float = 0.95,
    seed: int = 12345,
) -> QueryScores:
    """Scores predicted labels: against all valid labels, against the single original one, and the difference.

    Args:
        predictions: files, `{"id", "system"?, "label"}`, or system -> item -> label.
        positives: files, `{"id", "labels", "original"?}`, or item -> labels; items with an empty set are counted and left
            out.
        parents: files, `{"label", "parent"}`, or label -> parent: credit for what a valid label is a kind of.
        allow_missing: a system may lack predictions, which are wrong then, and counted.
        by_tier: also score against the original labels alone, these with the verified ones, and so on, with bounds; by default
            where there are labels of several tiers.
        depth: 0: no bounds; else verdicts on predictions that nobody judged are varied.
        baseline: what the others are compared with; the first system by default.
        resamples: bootstrap draws of items; 0: no intervals.
        trials: of the paired test; 0: no tests.
        confidence: of the intervals.
        seed: of all draws.

    Raises:
        InputError: the data is malformed or mismatched, or a system lacks predictions.
        UsageError: an option, a column or a system does not exist or does not fit.

    Examples:
        >>> import geneval
        >>> valid = {"1": geneval.ItemLabels(frozenset({"laptop", "notebook"}), "laptop"), "2": ["cat"]}
        >>> found = geneval.labels({"A": {"1": "notebook", "2": "cat"}}, valid, resamples=0)
        >>> found.score("A", "accuracy").score, found.score("A", "single_label").score
        (1.0, 0.0)
    """
    drawing = Drawing(seed, resamples, trials, confidence)
    predicted, notes, files = _predictions(predictions)
    items, more, others = _items(positives)
    taxonomy, told, tables = _taxonomy(parents)
    _check(predicted, items)
    answers = tuple(_answers(predicted, items, taxonomy, allow_missing=allow_missing))
    first = baseline_of(list(predicted), baseline)
    scores = scores_of(answers, drawing)
    empty = sum(not one.valid for one in items.values())
    sizes = [len(one.valid) for one in items.values() if one.valid]
    return QueryScores(
        schema=SCHEMA,
        ids=tuple(items),
        answers=answers,
        scores=scores,
        baseline=first,
        differences=differences_of([a for a in answers if a.scorer.name != "underestimated"], first, drawing),
        drawing=drawing,
        facts={
            "items": len(items),
            "no_valid_label": empty,
            "mean_labels": float(np.mean(sizes)) if sizes else None,
            "parents": len(taxonomy or ()),
        },
        warnings=(*_warnings(predicted, items, taxonomy, empty), *about_few(scores, "items")),
        notes=(*notes, *more, *told),
        files=(*files, *others, *tables),
        tiers=_by_tier(predicted, items, drawing, by_tier, depth),
    )


def _by_tier(
    predicted: Predictions, items: Mapping[str, ItemLabels], drawing: Drawing, asked: bool | None, depth: int
) -> ByTier | None:
    """A label is a list of one: its accuracy is the recall of the first place."""
    if asked is False:
        return None
    names = Names()
    judgements = Judgements.of({id_: list(_judged(one)) for id_, one in items.items()}, items=names, keep_self=True)
    present = [tier for tier in TIERS if tier in judgements.tiers()]
    if asked is None and len(present) < 2:
        return None
    placed = {
        system: RankedLists.of(system, {id_: [label] for id_, label in mine.items() if label is not None}, names)
        .placed(judgements)
        for system, mine in predicted.items()
    }  # fmt: skip
    views = list(_views(judgements, items, present))
    return by_tier_of(placed, judgements, {"accuracy": Recall(1)}, views, drawing, depth=depth)


def _judged(one: ItemLabels) -> Iterator[Judged]:
    """What is known of an item's labels; of one without valid labels nothing, so that it is left out throughout."""
    if not one.valid:
        return
    if one.original is not None:
        yield replace(one.evidence.get(one.original, Judged(one.original)), tier="original")
    for label in sorted(one.valid - {one.original}):
        yield one.evidence.get(label, Judged(label, tier="verified"))
    for label in sorted(one.invalid - {one.original}):
        yield Judged(label, 0.0)


def _views(judgements: Judgements, items: Mapping[str, ItemLabels], present: Sequence[Tier]) -> Iterator[View]:
    """Nested ones; an original label that is not valid is right under the first alone."""
    grade = judgements.grade.copy()
    names, queries = judgements.items.names, judgements.queries.names
    for tier in present:
        below = judgements.tier <= TIERS.index(tier)
        yield view(tier, judgements, below if tier != "original" else judgements.tier == 0, grade.copy())
        if tier == "original":
            for entry in np.flatnonzero(judgements.tier == 0).tolist():
                label, query = names[judgements.judged.values[entry]], queries[judgements.judged.rows[entry]]
                grade[entry] *= label in items[query].valid


def _answers(
    predicted: Predictions, items: Mapping[str, ItemLabels], taxonomy: Taxonomy | None, *, allow_missing: bool
) -> Iterator[Answered]:
    digest = _hash(sorted((id_, sorted(one.valid), one.original or "") for id_, one in items.items()))
    known = "" if taxonomy is None else f"|parents:{_hash(sorted(taxonomy.parents.items()))}"
    for system, mine in predicted.items():
        missing = [id_ for id_, one in items.items() if one.valid and id_ not in mine]
        if missing and not allow_missing:
            raise InputError(
                f"system {system!r} has no label for {len(missing)} of {len(items)} items, the first is {missing[0]!r}; complete "
                "it, or take them for wrong with --allow-missing (allow_missing=True)"
            )
        found = label_accuracy([mine.get(id_) for id_ in items], list(items.values()), taxonomy)
        rows: list[tuple[Scorer, np.ndarray]] = [(Accuracy(), found.valid)]
        if any(one.original is not None for one in items.values()):
            rows += [(SingleLabel(), found.original), (Underestimated(), found.valid - found.original)]
        if taxonomy is not None:
            rows += [(Covering(), found.covers), (Taxonomic(), found.credit)]
        for scorer, values in rows:
            yield Answered(
                system,
                scorer,
                values[:, None],
                len(missing),
                f"geneval:{__version__}|{scorer.signature()}|set:{digest}{known}",
                "no_valid_label",
            )


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _check(predicted: Predictions, items: Mapping[str, ItemLabels]) -> None:
    if not predicted:
        raise InputError("there is no predicted label; name a file that holds some")
    for system, mine in predicted.items():
        unknown = [id_ for id_ in mine if id_ not in items]
        if unknown:
            raise InputError(
                f"system {system!r} has labels for {len(unknown)} items that the positives do not name, the first is "
                f"{unknown[0]!r}; an item without a right label has an empty list there"
            )


def _warnings(
    predicted: Predictions, items: Mapping[str, ItemLabels], taxonomy: Taxonomy | None, empty: int
) -> Iterator[str]:
    if empty:
        yield f"{empty} of {len(items)} items have no valid label; they are left out"
    odd = [
        id_ for id_, one in items.items() if one.original is not None and one.valid and one.original not in one.valid
    ]
    if odd:
        yield f"the original label of {len(odd)} items is not among their valid ones, the first is {odd[0]!r}"
    bare = sum(one.original is None for one in items.values() if one.valid)
    if 0 < bare < len(items) - empty:
        yield f"{bare} items have no original label: single_label and underestimated are about the others"
    for system, mine in predicted.items():
        lacking = sum(1 for id_, one in items.items() if one.valid and mine.get(id_) is None)
        if lacking:
            yield f"{system} has no label for {lacking} items; they are wrong"
        alike = [
            (label, found)
            for id_, label in mine.items()
            if label is not None and label not in items[id_].valid
            for found in items[id_].valid
            if fold(label.strip()) == fold(found.strip())
        ]
        if alike:
            yield (
                f"{system}: {len(alike)} labels are wrong by case or white space alone, the first is {alike[0][0]!r} for "
                f"{alike[0][1]!r}; labels are compared as they are written"
            )
    if taxonomy is not None:
        known = {label for one in items.values() for label in one.valid}
        if not any(len(taxonomy.above(label)) > 1 for label in known):
            yield "no valid label has a parent; labels are compared as they are written"


def _predictions(
    given: Predictions | str | Sequence[str],
) -> tuple[Predictions, tuple[str, ...], tuple[InputFile, ...]]:
    if isinstance(given, Mapping):
        return given, (), ()
    return read_predictions([given] if isinstance(given, str) else given)


def _items(
    given: Mapping[str, ItemLabels | Iterable[str]] | str | Sequence[str],
) -> tuple[dict[str, ItemLabels], tuple[str, ...], tuple[InputFile, ...]]:
    if isinstance(given, Mapping):
        found = {id_: one if isinstance(one, ItemLabels) else ItemLabels(frozenset(one)) for id_, one in given.items()}
        return found, (), ()
    return read_valid_labels([given] if isinstance(given, str) else given)


def _taxonomy(
    given: Mapping[str, str] | Sequence[str],
) -> tuple[Taxonomy | None, tuple[str, ...], tuple[InputFile, ...]]:
    if not given:
        return None, (), ()
    table, notes, files = (given, (), ()) if isinstance(given, Mapping) else read_parents(given)
    return Taxonomy(table), notes, files

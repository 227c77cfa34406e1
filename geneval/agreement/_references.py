"""How many references are enough: agreement of scores against references that were drawn, and what more would add.

The expected score at k is a mean over all sets of k references: it uses every one of them at every k, and its agreement
says nothing about somebody who has k. Here each item's references are shuffled, and outputs are scored against the
first k, the next k, and both together. The two halves have nothing in common, so that what as many again add is not
made small by their being the same; and since k and 2k references must be there, no k above half of them is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geneval.agreement._cells import Cells, Draws
from geneval.agreement._correlations import Floats, Ints, rounded
from geneval.agreement._model import Curve, Point
from geneval.agreement._plan import Plan
from geneval.agreement._scores import Scores, known
from geneval.agreement._views import Case, View, number
from geneval.selection import selected
from geneval_references import UsageError
from geneval_scorers import Corpus, FitState, Queries, Ragged, Scorer, ask_each, distinct, full

if TYPE_CHECKING:
    from geneval.data import Inputs
    from geneval.settings import Settings

SHUFFLES = 5
"""Agreement is the mean over so many ways to draw references."""

RESAMPLES = 200
"""Draws of items for the intervals of a curve, at most."""

_HEADLINES = {("segment", "none"): "pearson", ("segment", "item"): "acc_eq", ("preference", "pair"): "accuracy"}
"""The statistics that curves of drawn references are made of."""


class Part(NamedTuple):
    """References of a shuffled list, from `start` up to `stop`."""

    shuffle: int
    start: int
    stop: int


@dataclass
class Subsets:
    """Scores outputs against references that were drawn.

    Attributes:
        inputs: outputs and reference sets.
        scorers: what scores them.
        settings: which references count, and what becomes of copies.
        fitted: what the scorers learned from all references.
        seed: of the shuffles.
    """

    inputs: Inputs
    scorers: Sequence[Scorer]
    settings: Settings
    fitted: Sequence[FitState]
    seed: int
    _known: dict[Part, Floats] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Interns texts, and lists every output's references once."""
        items = selected(self.inputs.items, self.settings)
        rows = [(o.id, o.system, o.text, o.sample) for o in self.inputs.outputs]
        self.corpus = Corpus(items, rows)
        self.queries = distinct(self.corpus, full(self.corpus, copies=self.settings.copies))
        self.ready = [self._learned(scorer) for scorer in self.scorers]

    def most(self, scores: Scores, cells: Cells) -> int:
        """The smallest number of distinct references that an output which counts has."""
        count = np.bincount(self._places(scores), minlength=scores.there.size)
        lengths = np.full(scores.there.size, np.iinfo(np.int64).max)
        np.minimum.at(lengths, self._places(scores), self.queries.references.lengths)
        mine = self._of(scores, cells)
        return int(lengths[mine].min()) if count[mine].all() else 0

    def scores(self, scores: Scores, part: Part) -> Floats:
        """Each scorer's scores against these references, [scorers, items, systems] as in `scores`; higher is better."""
        if part not in self._known:
            answers = ask_each(self.ready, self.corpus, self._asked(part))
            tables = [self._table(scores, answer.segment) for answer in answers]
            lower = [scorer.info.direction == "lower" for scorer in self.ready]
            self._known[part] = np.stack([rounded(-t if low else t) for t, low in zip(tables, lower, strict=True)])
        return self._known[part]

    def of_cells(self, scores: Scores, cells: Cells, part: Part) -> Floats:
        """The same for some cells, [scorers, cells]."""
        return self.scores(scores, part).reshape(len(self.ready), -1)[:, self._of(scores, cells)]

    @staticmethod
    def _of(scores: Scores, cells: Cells) -> Ints:
        items, systems = known(scores.items), known(scores.systems)
        item = np.asarray([items[name] for name in cells.items], np.int64)[cells.item]
        return item * len(systems) + np.asarray([systems[name] for name in cells.systems], np.int64)[cells.system]

    def _asked(self, part: Part) -> Queries:
        references = self.queries.references
        key = np.random.default_rng((self.seed, part.shuffle)).random(len(self.corpus.texts))
        # One key a text: all systems meet the same references of an item.
        order = np.lexsort((key[references.values], references.rows))
        shuffled = Ragged(references.offsets, references.values[order])
        place = np.arange(len(order)) - shuffled.offsets[shuffled.rows]
        return self.queries.with_references(shuffled.keep((place >= part.start) & (place < part.stop)))

    def _table(self, scores: Scores, segment: Floats) -> Floats:
        places, size = self._places(scores), scores.there.size
        many = np.bincount(places, minlength=size)
        sums = np.bincount(places, weights=segment, minlength=size)
        table = np.divide(sums, many, out=np.full(size, np.nan), where=many > 0)
        return np.asarray(table.reshape(scores.there.shape))

    def _places(self, scores: Scores) -> Ints:
        items, systems = known(scores.items), known(scores.systems)
        item = np.asarray([items.get(name, -1) for name in self.corpus.ids], np.int64)[self.corpus.output_item]
        system = np.asarray([systems[name] for name in self.corpus.systems], np.int64)[self.corpus.output_system]
        return item * len(systems) + system

    def _learned(self, scorer: Scorer) -> Scorer:
        if not scorer.needs_fit:
            return scorer
        for state in self.fitted:
            if state.kind == scorer.name and scorer.takes(state):
                return scorer.with_state(state)
        raise UsageError(f"{scorer.label} has nothing learned to go on with")


def curves_of_drawn(subsets: Subsets, scores: Scores, case: Case, plan: Plan) -> Iterator[Curve]:
    """The curve of each scorer, for the statistic that stands for this view; none for other views."""
    view = case.view
    statistic = _HEADLINES.get((view.level, view.grouping))
    if statistic is None:
        return
    most = subsets.most(scores, view.cells)
    for place, scorer in enumerate(subsets.ready):
        drawn = _Drawn(subsets, view, scores, plan, statistic, place)
        points = tuple(drawn.point(k, most) for k in range(1, most + 1))
        stops_at, at_least, reason = _verdict(points, most, plan.rise)
        yield Curve(
            level=view.level,
            scorer=scorer.label,
            criterion=case.criterion,
            statistic=statistic,
            grouping=view.grouping,
            without=case.without,
            scores="drawn",
            points=points,
            stops_at=stops_at,
            at_least=at_least,
            reason=reason,
        )


def _verdict(points: Sequence[Point], most: int, rise: float) -> tuple[int | None, int | None, str | None]:
    """Where the curve stops rising: from there on, the gain from as many again is below `rise`, interval and all."""
    judged = [point for point in points if point.gain is not None]
    if not judged:
        return None, most, "too_few_references"
    flat = None
    for point in reversed(judged):
        if point.gain_high is None or point.gain_high >= rise:
            break
        flat = point.k
    if flat is not None:
        return flat, None, None
    least = judged[-1].gain_low
    return None, most, "still_rising" if least is not None and least > 0 else "uncertain"


@dataclass
class _Drawn:
    """One scorer's agreement against drawn references."""

    subsets: Subsets
    view: View
    scores: Scores
    plan: Plan
    statistic: str
    place: int
    _known: dict[Part, Floats] = field(default_factory=dict)

    def point(self, k: int, most: int) -> Point:
        """Agreement at k, and the gain where 2k references are there."""
        first = self._mean(0, k)
        low, high = self._interval(first)
        if 2 * k > most:
            return Point(k, number(float(first[0])), low, high)
        gain = self._mean(0, 2 * k) - (first + self._mean(k, 2 * k)) / 2
        return Point(k, number(float(first[0])), low, high, number(float(gain[0])), *self._interval(gain))

    def _mean(self, start: int, stop: int) -> Floats:
        """The statistic of all items, then of every resample, mean over the shuffles."""
        return np.asarray(np.mean([self._of(Part(shuffle, start, stop)) for shuffle in range(SHUFFLES)], axis=0))

    def _of(self, part: Part) -> Floats:
        if part not in self._known:
            scores = self.subsets.of_cells(self.scores, self.view.cells, part)[self.place]
            found = [self.view.many(scores, (self.statistic,))[self.statistic]]
            if self.plan.resamples:
                found.append(self.view.many(scores, (self.statistic,), self._draws())[self.statistic])
            self._known[part] = np.concatenate(found)
        return self._known[part]

    def _draws(self) -> Draws:
        cells, plan = self.view.cells, self.plan
        count = min(plan.resamples, RESAMPLES)
        return Draws.drawn(len(cells.items), len(cells.systems), count, plan.resample, plan.seed)

    def _interval(self, values: Floats) -> tuple[float | None, float | None]:
        drawn = values[1:]
        if not len(drawn) or not np.isfinite(drawn).all():
            return None, None
        tail = (1 - self.plan.confidence) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        return float(low), float(high)

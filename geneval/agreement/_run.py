"""`geneval.agree`: scores of a run against what people said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geneval.agreement._cells import Cells, Draws
from geneval.agreement._correlations import CORRELATIONS, Floats
from geneval.agreement._given import People, opened
from geneval.agreement._model import ALPHA, Agreement, Baselines, Curve, Difference, Point, Row
from geneval.agreement._people import Criterion, Texts, rated, voted
from geneval.agreement._plan import Plan, Tested
from geneval.agreement._references import Subsets, curves_of_drawn
from geneval.agreement._scores import Scores, scores_of
from geneval.agreement._significance import permutation_p, standardised, williams
from geneval.agreement._systems import of_means, significant_pairs
from geneval.agreement._ties import MOST_PAIRS
from geneval.agreement._views import Case, OfChoices, OfOutputs, OfSystems, Value, View, number
from geneval.scoring import FEW_ITEMS
from geneval_references import UsageError
from geneval_scorers import Scorer, Watch, holm

if TYPE_CHECKING:
    from geneval.data import Inputs, Preference, Rating
    from geneval.results import Result
    from geneval.settings import Settings

RANDOM = 20
"""So many random scorers are averaged."""

SIGNED = (*CORRELATIONS, "tau_eq", "tau_like")
"""Statistics from -1 to 1; the others begin at 0."""

_FEW_SYSTEMS = 10
"""Below so many, intervals over systems say little."""


def agree(
    run: Result | str | Path | Inputs,
    *,
    ratings: Sequence[Rating] | str | Path | Sequence[str | Path] | None = None,
    preferences: Sequence[Preference] | str | Path | Sequence[str | Path] | None = None,
    criterion: str | Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    scorers: Sequence[Scorer | str] | str | None = None,
    settings: Settings | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> Agreement:
    """Tells how far each scorer of a run agrees with people.

    Args:
        run: a result of `geneval.score`, a run directory, or inputs (as `geneval.data.read_inputs` gives them), which
            are then scored first. Only inputs can tell how many references are enough.
        ratings: grades, rows of them (a list of dicts, a `datasets.Dataset`), or files; by default those in the inputs.
        preferences: choices between two outputs, in the same ways.
        criterion: which grades or choices count, where there are several kinds: `"fluency"`, or `"errors:lower"` where
            lower is better.
        columns: which column of ratings or preferences to use, `{"value": "grade"}`.
        scorers: of a run: only these. For inputs: specs or scorers, as in `geneval.score`.
        settings: how inputs are scored.
        watch: told about progress.
        options: the fields of `geneval.agreement.Plan`: `groupings`, `without`, `tests`, `permute`, `permutations`,
            `resample`, `resamples`, `confidence`, `gap`, `rise`, `seed`.

    Returns:
        Rows, differences between scorers, curves against the number of references, warnings.

    Raises:
        InputError: ratings or preferences do not fit the run, or hold no order to agree with.
        UsageError: an option, scorer, system or criterion that does not exist.
        ItemsFailedError: a scorer has no score for any output that counts.

    Examples:
        >>> import geneval
        >>> from geneval.data import Rating
        >>> texts = {"a": ["a cat", "a dog", "a cow"], "b": ["the cat", "dogs", "a red cow"]}
        >>> run = geneval.score(predictions=texts, references=["a cat", "a dog", "a red cow"], scorers=["token_f1"])
        >>> grades = {"a": [5, 5, 3], "b": [4, 2, 5]}
        >>> ratings = [Rating(str(i + 1), name, given[i]) for name, given in grades.items() for i in range(3)]
        >>> found = geneval.agree(run, ratings=ratings, resamples=0)
        >>> round(found.row("token_f1", "kendall_b").value, 3)
        0.833
    """
    from geneval.data import Inputs

    plan = _plan(options)
    if isinstance(run, Inputs):
        asked = run.ratings if ratings is None and preferences is None else ratings
        people = People.read(asked, preferences, _listed(criterion), columns)
        return _of_inputs(run, people, plan, scorers=scorers, settings=settings, watch=watch)
    if settings is not None:
        raise UsageError("settings are for inputs; this run is scored already")
    scores = scores_of(opened(run), _names(scorers))
    return _Agreeing(scores, People.read(ratings, preferences, _listed(criterion), columns), plan, watch).result()


def _plan(options: Mapping[str, Any]) -> Plan:
    unknown = [name for name in options if name not in Plan.__slots__]
    if unknown:
        raise UsageError(f"agree has no option {unknown[0]!r}; it has: {', '.join(Plan.__slots__)}")
    lists = ("groupings", "without", "tests")
    given: dict[str, Any] = {name: _listed(value) if name in lists else value for name, value in options.items()}
    return Plan(**given)


def _listed(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _names(scorers: Sequence[Scorer | str] | str | None) -> tuple[str, ...] | None:
    if scorers is None:
        return None
    listed = (scorers,) if isinstance(scorers, str | Scorer) else tuple(scorers)
    return tuple(s.label if isinstance(s, Scorer) else s for s in listed)


def _of_inputs(
    inputs: Inputs,
    people: People,
    plan: Plan,
    *,
    scorers: Sequence[Scorer | str] | str | None,
    settings: Settings | None,
    watch: Watch | None,
) -> Agreement:
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings, evaluate, prepared

    specs, left_out = default_scorers() if scorers is None else (scorers, None)
    ready = prepared([specs] if isinstance(specs, str | Scorer) else list(specs))
    # Intervals of corpus scores are not asked for here.
    settings = replace(settings or Settings(), resamples=0, band=False)
    run = evaluate(inputs, ready, settings, watch=watch)
    texts: dict[tuple[str, str], list[str]] = {}
    for output in inputs.outputs:
        texts.setdefault((output.id, output.system), []).append(output.text)
    subsets = Subsets(inputs, ready, settings, run.fitted, plan.seed) if len(settings.k) > 1 else None
    found = _Agreeing(scores_of(run), people, plan, watch, texts, subsets).result()
    notes = (*inputs.notes, *((left_out,) if left_out else ()), *found.notes)
    return replace(found, notes=notes, warnings=(*run.warnings, *found.warnings))


@dataclass
class _Agreeing:
    """One run of agreement."""

    scores: Scores
    people: People
    plan: Plan
    watch: Watch | None
    texts: Texts | None = None
    subsets: Subsets | None = None

    def result(self) -> Agreement:
        self.warnings: list[str] = []
        self._check_systems()
        rows: list[Row] = []
        differences: list[Difference] = []
        curves: list[Curve] = []
        cases = list(self._cases())
        for done, case in enumerate(cases, start=1):
            mine = list(self._rows(case))
            rows += mine
            differences += self._differences(case, mine)
            if self.subsets is not None:
                curves += curves_of_drawn(self.subsets, self.scores, case, self.plan)
            if self.watch:
                self.watch("agreement", done, len(cases))
        self._warn_about(rows)
        return Agreement(
            rows=tuple(rows),
            differences=tuple(_adjusted(differences)),
            curves=(*_expected(rows), *curves),
            resample=self.plan.resample,
            resamples=self.plan.resamples,
            permutations=self.plan.permutations,
            confidence=self.plan.confidence,
            rise=self.plan.rise,
            seed=self.plan.seed,
            warnings=tuple(self.warnings),
            notes=self.people.notes,
        )

    def _check_systems(self) -> None:
        unknown = [name for name in self.plan.without if name not in self.scores.systems]
        if unknown:
            raise UsageError(
                f"no system is named {unknown[0]!r} (--without); the run has: {', '.join(self.scores.systems)}"
            )
        if self.scores.several:
            self._warn(
                f"several outputs for an item count by their mean score, since people's words are about a system and "
                f"an item: {', '.join(self.scores.several)}"
            )

    def _cases(self) -> Iterator[Case]:
        """Each criterion with all systems, and again without those that shall be left out."""
        for criterion in self.people.of_ratings:
            joined = rated(self.scores, self.people.ratings or (), criterion)
            self._warn(*joined.warnings)
            for without in self._left_out():
                cells = joined.cells.without(without) if without else joined.cells
                self._check_left(cells, without)
                for grouping in self.plan.groupings:
                    yield Case(OfOutputs(cells, grouping, self.plan.seed, self.plan.gap), criterion.name, without)
                yield from self._of_systems(cells, criterion.name, without)
        for criterion in self.people.of_preferences:
            yield from self._of_choices(criterion)

    def _of_systems(self, cells: Cells, criterion: str | None, without: tuple[str, ...]) -> Iterator[Case]:
        whole = cells.complete()
        if len(whole.systems) < 2:
            self._warn("statistics of systems need two systems or more that are rated on the same items")
            return
        if len(whole.items) < len(cells.items):
            self._warn(
                f"statistics of systems are over the {len(whole.items)} of {len(cells.items)} items that every system "
                "has a rating and all scores for"
            )
        view = OfSystems(whole, self.plan.seed)
        if not without:
            pairs = view.n * (view.n - 1) // 2
            clear = significant_pairs(view.table, self.plan.seed)
            self._warn(
                f"{view.n} systems are {pairs} pairs, {clear} of which differ significantly for people: what statistics "
                "of systems say rests on these"
            )
        yield Case(view, criterion, without)

    def _of_choices(self, criterion: Criterion) -> Iterator[Case]:
        rows = self.people.preferences or ()
        for without in self._left_out():
            kept = [row for row in rows if row.a not in without and row.b not in without]
            if not kept:
                raise UsageError(f"without {', '.join(without)} no preference is left")
            votes, warnings = voted(self.scores, kept, criterion, self.plan.seed, self.texts)
            if not without:
                self._warn(*warnings)
            if votes.ceiling().value is None:
                self._warn(
                    "no pair has choices by two people or more: how far people agree with each other cannot be told"
                )
            yield Case(OfChoices(votes), criterion.name, without)

    def _left_out(self) -> tuple[tuple[str, ...], ...]:
        return ((), self.plan.without) if self.plan.without else ((),)

    @staticmethod
    def _check_left(cells: Cells, without: tuple[str, ...]) -> None:
        if len(cells) < 3 or (cells.grade == cells.grade[0]).all():
            raise UsageError(
                f"without {', '.join(without)} there are {len(cells)} rated outputs, too few or all of one grade"
            )

    def _rows(self, case: Case) -> Iterator[Row]:
        view = case.view
        self._warn_about_pairs(view)
        self._warn_about_items(view)
        draws = self._draws(view.cells)
        baselines = self._baselines(view)
        ceiling = view.votes.ceiling() if isinstance(view, OfChoices) else None
        for number_of, column in enumerate(self.scores.columns):
            scores = view.cells.score[number_of]
            once = view.once(scores)
            bounds = self._bounds(view, scores, once, draws)
            for name in view.statistics:
                value = once[name]
                yield Row(
                    level=view.level,
                    scorer=column.scorer,
                    k=column.k,
                    criterion=case.criterion,
                    statistic=name,
                    grouping=view.grouping,
                    without=case.without,
                    value=number(value.value),
                    low=bounds[name][0],
                    high=bounds[name][1],
                    n=view.n,
                    groups=value.groups,
                    undefined=value.undefined,
                    baseline=baselines[name],
                    ceiling=ceiling if name != "acc_eq" else None,
                    signature=self._signed(number_of, f"{view.level}:{name}/{view.grouping}"),
                )
        if isinstance(view, OfSystems) and len(view.cells) == int(self.scores.there.sum()):
            yield from self._corpus_rows(view, case.criterion, baselines)

    def _corpus_rows(self, view: OfSystems, criterion: str | None, baselines: Mapping[str, Baselines]) -> Iterator[Row]:
        """Systems by the run's corpus scores, where these are over just the outputs that count."""
        place = {name: i for i, name in enumerate(self.scores.systems)}
        grades = view.table.grade.mean(axis=1)
        for number_of, column in enumerate(self.scores.columns):
            corpus = self.scores.corpus[number_of][[place[name] for name in view.cells.systems]]
            if np.isnan(corpus).any():
                continue
            for name, value in of_means(grades, corpus).items():
                yield Row(
                    level="corpus",
                    scorer=column.scorer,
                    k=column.k,
                    criterion=criterion,
                    statistic=name,
                    grouping="none",
                    without=(),
                    value=number(value),
                    low=None,
                    high=None,
                    n=view.n,
                    groups=None,
                    undefined=None,
                    baseline=baselines[name],
                    ceiling=None,
                    signature=self._signed(number_of, f"corpus:{name}/none"),
                )

    def _signed(self, column: int, what: str) -> str:
        plan = self.plan
        drawn = f"|interval:{100 * plan.confidence:.10g}%,bootstrap-{plan.resample}:{plan.resamples}"
        turned = "|turned" if self.scores.lower[column] else ""
        return (
            f"{self.scores.signatures[column]}|agree:{what}{turned}{drawn if plan.resamples else ''},seed:{plan.seed}"
        )

    def _draws(self, cells: Cells) -> Draws | None:
        plan = self.plan
        enough = {"items": len(cells.items), "systems": len(cells.systems)}
        enough["both"] = min(enough.values())
        if not plan.resamples or enough[plan.resample] < 2:
            return None
        return Draws.drawn(len(cells.items), len(cells.systems), plan.resamples, plan.resample, plan.seed)

    def _bounds(
        self, view: View, scores: Floats, once: Mapping[str, Value], draws: Draws | None
    ) -> dict[str, tuple[float | None, float | None]]:
        none: tuple[float | None, float | None] = (None, None)
        if draws is None:
            return dict.fromkeys(once, none)
        found = view.many(scores, view.statistics, draws)
        # Where draws look at fewer pairs than the value does, or at an approximation, they are moved to where it is.
        here = view.many(scores, view.statistics)
        moved = {name: found[name] + (once[name].value - float(here[name][0])) for name in once}
        least = {name: -1.0 if name in SIGNED else 0.0 for name in once}
        return {name: interval(np.clip(moved[name], least[name], 1.0), self.plan.confidence) for name in once}

    def _baselines(self, view: View) -> dict[str, Baselines]:
        rng = np.random.default_rng(self.plan.seed)
        drawn = rng.standard_normal((RANDOM, len(view.cells)))
        random = view.many(drawn, view.statistics)
        constant = view.once(np.zeros(len(view.cells)))
        return {
            name: Baselines(number(constant[name].value), number(float(np.mean(random[name]))))
            for name in view.statistics
        }

    def _differences(self, case: Case, rows: Sequence[Row]) -> Iterator[Difference]:
        """Every pair of scorers; where scores at several numbers of references are there, at the largest."""
        view = case.view
        values = {(row.scorer, row.k, row.statistic): row.value for row in rows if row.level == view.level}
        last = max((column.k or 0) for column in self.scores.columns)
        columns = [n for n, column in enumerate(self.scores.columns) if (column.k or 0) == last]
        for tested in self.plan.tested:
            if (tested.level, tested.grouping) != (view.level, view.grouping):
                continue
            for pair in combinations(columns, 2):
                first, second = (self.scores.columns[n] for n in pair)
                one, other = (values[column.scorer, column.k, tested.statistic] for column in (first, second))
                for method, p in self._tests(view, tested, pair):
                    yield Difference(
                        level=view.level,
                        first=first.scorer,
                        second=second.scorer,
                        k=first.k,
                        criterion=case.criterion,
                        statistic=tested.statistic,
                        grouping=tested.grouping,
                        without=case.without,
                        method=method,
                        difference=None if one is None or other is None else one - other,
                        p=number(p),
                        p_adjusted=None,
                        significant=False,
                    )

    def _tests(self, view: View, tested: Tested, pair: tuple[int, int]) -> Iterator[tuple[str, float]]:
        plan, cells = self.plan, view.cells
        first, second = (cells.score[n] for n in pair)

        def statistic(versions: Floats) -> Floats:
            return np.asarray(view.many(versions, (tested.statistic,))[tested.statistic])

        found = permutation_p(
            cells, first, second, statistic, what=plan.permute, count=plan.permutations, seed=plan.seed
        )
        yield f"perm-{plan.permute}", found[1]
        if tested.statistic == "pearson" and view.grouping == "none":
            yield "williams", _williams(view, first, second)

    def _warn_about(self, rows: Sequence[Row]) -> None:
        plan = self.plan
        counted = {row.undefined for row in rows if row.undefined}
        if counted:
            self._warn(
                "correlations by item or system leave out groups in which all scores or all grades are equal (up to "
                f"{max(counted)}; each row of the JSON says how many); acc_eq keeps them"
            )
        if plan.resamples and plan.resample != "items" and len(self.scores.systems) < _FEW_SYSTEMS:
            self._warn(
                f"only {len(self.scores.systems)} systems: intervals over fewer than {_FEW_SYSTEMS} systems say little"
            )
        chosen = [self.scores.columns[n] for n, lower in enumerate(self.scores.lower) if lower]
        if chosen:
            self._warn(f"lower is better: turned around, so that agreement is positive: {', '.join(map(str, chosen))}")

    def _warn_about_items(self, view: View) -> None:
        items = len(view.cells.items)
        if items == 1:
            self._warn(
                "what people said is about one item: there are no intervals over items, and no others to choose a "
                "threshold for ties on (acc_eq)"
            )
        elif items < FEW_ITEMS:
            self._warn(f"what people said is about {items} items: numbers from fewer than {FEW_ITEMS} say little")
        if isinstance(view, OfOutputs) and not view.cells.groups(view.grouping):
            self._warn(f"no {view.grouping} has two rated outputs: nothing can be compared by {view.grouping}")
        if isinstance(view, OfChoices) and len(view.votes.clear()) < FEW_ITEMS:
            self._warn(f"only {len(view.votes.clear())} pairs are decided by people: accuracy over so few says little")

    def _warn_about_pairs(self, view: View) -> None:
        if not isinstance(view, OfOutputs):
            return
        pairs = sum(len(group) * (len(group) - 1) // 2 for group in view.cells.groups(view.grouping))
        if pairs > MOST_PAIRS:
            self._warn(
                f"acc_eq with grouping {view.grouping} looks at {MOST_PAIRS} of {pairs} pairs of outputs, drawn by the "
                "seed"
            )

    def _warn(self, *texts: str) -> None:
        self.warnings += [text for text in texts if text not in self.warnings]


def _williams(view: View, first: Floats, second: Floats) -> float:
    """The two-sided p-value for Pearson's r."""
    if isinstance(view, OfSystems):
        grades = view.table.grade.mean(axis=1)
        shape = (len(view.cells.items), len(view.cells.systems))
        first, second = (standardised(s).reshape(shape).mean(axis=0) for s in (first, second))
    else:
        grades = view.cells.grade
    if len(grades) < 4 or any(np.ptp(x) == 0 for x in (grades, first, second)):
        return float("nan")
    r = np.corrcoef([grades, first, second])
    return williams(r[0, 1], r[0, 2], r[1, 2], len(grades)).p_two_sided


def interval(values: Floats, confidence: float) -> tuple[float | None, float | None]:
    """Percentiles of draws; None where more than half of them have no value."""
    there = values[np.isfinite(values)]
    if 2 * len(there) <= len(values):
        return None, None
    tail = (1 - confidence) / 2
    low, high = np.quantile(there, [tail, 1 - tail])
    return float(low), float(high)


def _adjusted(found: Sequence[Difference]) -> list[Difference]:
    """p-values adjusted over the pairs of scorers under one statistic and method."""
    families: dict[tuple[object, ...], list[int]] = {}
    for n, row in enumerate(found):
        if row.p is not None:
            key = (row.level, row.criterion, row.statistic, row.grouping, row.without, row.method)
            families.setdefault(key, []).append(n)
    out = list(found)
    for places in families.values():
        p = np.asarray([found[n].p for n in places], np.float64)
        for n, adjusted in zip(places, holm(p).tolist(), strict=True):
            out[n] = replace(found[n], p_adjusted=adjusted, significant=adjusted <= ALPHA)
    return out


def _expected(rows: Sequence[Row]) -> Iterator[Curve]:
    """Rows at several numbers of references, as curves."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        if row.k is not None:
            found.setdefault((row.scorer, *row.key), []).append(row)
    for mine in found.values():
        if len(mine) > 1:
            ordered = sorted(mine, key=lambda row: row.k or 0)
            first = ordered[0]
            yield Curve(
                level=first.level,
                scorer=first.scorer,
                criterion=first.criterion,
                statistic=first.statistic,
                grouping=first.grouping,
                without=first.without,
                scores="expected",
                points=tuple(Point(row.k or 0, row.value, row.low, row.high) for row in ordered),
                stops_at=None,
                at_least=None,
                reason="expected_scores",
            )

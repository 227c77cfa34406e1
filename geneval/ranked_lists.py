"""`geneval.retrieval`: ranked lists judged by sets of right answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geneval import __version__
from geneval.data import InputFile, Positives, RankedFiles, read_descriptions, read_positives, read_ranked
from geneval.query_scores import (
    Answered,
    Drawing,
    QueryScores,
    about_few,
    baseline_of,
    differences_of,
    scores_of,
)
from geneval.query_tiers import ByTier, views_of
from geneval.query_tiers import by_tier as by_tier_of
from geneval_references import InputError, UsageError
from geneval_scorers.ranking import (
    DEFAULT,
    DEPTH,
    Descriptions,
    Judged,
    Judgements,
    Metric,
    Names,
    Placed,
    Ranked,
    RankedLists,
    RankMetric,
    SideMetric,
    Similarities,
    parse_metrics,
)

SCHEMA = "geneval.retrieval/1"

Lists = Mapping[str, Mapping[str, Sequence[str]]]
"""System -> query -> items, best first."""

_NEED_WRONG = ("bpref", "judged", "inf_ap")
_OF_LISTS = {"list_id": "id", "ranked": "ranked", "system": "system"}
"""Columns of ranked lists as users name them; the others are those of positives."""


@dataclass(frozen=True, eq=False)
class Task:
    """Systems with what is known of their queries; underestimation and reports start here, too.

    Attributes:
        judgements: of all tiers.
        systems: by name, in order of appearance; their numbers of items are those of the judgements.
        about: texts and labels of queries and of the gallery, where they were given.
        keep_self: the item with a query's own id stayed in its gallery.
        grade_from: grades from here on were taken for right; None: those above 0.
    """

    judgements: Judgements
    systems: Mapping[str, RankedLists | Similarities]
    about: Descriptions | None = None
    keep_self: bool = False
    grade_from: float | None = None

    @classmethod
    def of(
        cls,
        ranked: RankedFiles,
        positives: Positives,
        *,
        keep_self: bool = False,
        about: Descriptions | None = None,
    ) -> Task:
        """Numbers ids, and checks that lists and positives are about the same things.

        Raises:
            InputError: no listed item, or no listed query, is named by the positives.
        """
        names = Names()
        judgements = Judgements.of(positives.known, items=names, left_out=positives.left_out, keep_self=keep_self)
        systems: dict[str, RankedLists | Similarities] = {
            name: RankedLists.of(name, lists, names) for name, lists in ranked.lists.items()
        } | {
            name: Similarities.of(name, one.values, one.queries, one.items, names)
            for name, one in ranked.matrices.items()
        }
        task = cls(judgements, systems, about, keep_self, positives.grade_from)
        task.check()
        return task

    def check(self) -> None:
        """As `of` says."""
        if not self.systems:
            raise InputError("there is no ranked list; name a file that holds some")
        for name, ranked in self.systems.items():
            if ranked.missing(self.judgements).all():
                own, asked = next(iter(ranked.queries.names), None), next(iter(self.judgements.queries.names), None)
                raise InputError(
                    f"system {name!r} has no list for any query of the positives: its queries are called like {own!r}, "
                    f"those of the positives like {asked!r}; ids are compared as they are written"
                )
        judged, listed = set(self.judgements.judged.values.tolist()), self.listed
        if judged and not judged & set(listed.tolist()):
            names = self.judgements.items.names
            raise InputError(
                f"no item of any list is named by the positives: items of lists are called like {names[listed[0]]!r}, "
                f"those of the positives like {names[min(judged)]!r}; ids are compared as they are written"
                if len(listed)
                else "all ranked lists are empty"
            )

    @cached_property
    def listed(self) -> npt.NDArray[np.int64]:
        """The numbers of all items in lists or columns."""
        held = [np.unique(r.items.values) if isinstance(r, RankedLists) else r.columns for r in self.systems.values()]
        return np.unique(np.concatenate(held)) if held else np.zeros(0, np.int64)

    @cached_property
    def places(self) -> dict[str, Placed]:
        """Where each system puts all judged items, of whatever tier."""
        return {name: ranked.placed(self.judgements) for name, ranked in self.systems.items()}

    def placed(self, tiers: Sequence[str] | None = None) -> Iterator[tuple[str, Placed]]:
        """Where each system puts the positives of some tiers, one system after the other."""
        known = self.judgements.known(tiers)
        for name, placed in self.places.items():
            yield name, placed.keep(known)


def retrieval(
    ranked: Lists | RankedFiles | str | Sequence[str],
    positives: Positives | Mapping[str, Iterable[str | Judged]] | str | Sequence[str],
    *,
    metrics: Sequence[str | Metric] = DEFAULT,
    tiers: Sequence[str] | None = None,
    keep_self: bool = False,
    allow_missing: bool = False,
    grade_from: float | None = None,
    query_ids: str | None = None,
    item_ids: str | None = None,
    about: Sequence[str] = (),
    about_queries: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    by_tier: bool | None = None,
    depth: int = DEPTH,
    baseline: str | None = None,
    resamples: int = 1000,
    trials: int = 10_000,
    confidence: float = 0.95,
    seed: int = 12345,
) -> QueryScores:
    """Scores ranked lists against sets of positives: each query, each system, and systems against a baseline.

    Args:
        ranked: files of ranked lists or matrices (see `geneval.data.read_ranked`), what was read, or a dict: system ->
            query -> items, best first.
        positives: files of positives (see `geneval.data.read_positives`), what was read, or a dict: query -> items.
        metrics: specs such as `recall(k=5)`.
        tiers: positives that count; all but `unverified` by default.
        keep_self: a query's own id stays in its gallery.
        allow_missing: a system may lack lists, which then are empty ones: all misses, counted.
        grade_from: grades from here on are right.
        query_ids: a file with the ids of matrices' rows.
        item_ids: of their columns.
        about: files with texts and labels of the whole gallery, for `proxy` and `pm_r_precision`.
        about_queries: the same of queries; by default they are among `about`.
        columns: which column to use, `{"ranked": "results", "list_id": "qid"}` of lists, `{"verified": "eccv"}` of positives.
        by_tier: also score under the original positives alone, these with the verified ones, and so on, with bounds; by
            default where there are positives of several tiers and `tiers` is not given.
        depth: places of each list in which verdicts on unjudged items are varied for the bounds; 0: no bounds.
        baseline: what the others are compared with; the first system by default.
        resamples: bootstrap draws of queries; 0: no intervals.
        trials: of the paired test; 0: no tests.
        confidence: of the intervals.
        seed: of all draws.

    Raises:
        InputError: the data is malformed or mismatched, or a system lacks lists.
        UsageError: an option, a metric, a tier, a column or a system does not exist or does not fit.

    Examples:
        >>> import geneval
        >>> lists = {"A": {"grey cat": ["t1", "t7", "t2"]}, "B": {"grey cat": ["t7", "t2", "t1"]}}
        >>> found = geneval.retrieval(lists, {"grey cat": ["t1", "t2"]}, metrics=["recall(k=1)", "map_at_r"])
        >>> [(row.system, row.metric, row.score) for row in found.scores]
        [('A', 'recall(k=1)', 1.0), ('A', 'map_at_r', 0.5), ('B', 'recall(k=1)', 0.0), ('B', 'map_at_r', 0.25)]
    """
    wanted = parse_metrics(metrics)
    drawing = Drawing(seed, resamples, trials, confidence)
    if not wanted:
        raise UsageError("no metric is asked for; name one, for example map_at_r")
    lists = _lists(ranked, query_ids, item_ids, columns)
    known = _known(positives, grade_from, columns)
    described, notes, files = _about(wanted, about, about_queries)
    task = Task.of(lists, known, keep_self=keep_self, about=described)
    answers = tuple(answers_of(task, wanted, tiers, allow_missing=allow_missing))
    first = baseline_of(list(task.systems), baseline)
    scores = scores_of(answers, drawing)
    counted = task.judgements.counting(tiers)
    asked = tiers is None and len(task.judgements.tiers()) > 1 if by_tier is None else by_tier
    return QueryScores(
        schema=SCHEMA,
        ids=task.judgements.queries.names,
        answers=answers,
        scores=scores,
        baseline=first,
        differences=differences_of(answers, first, drawing),
        drawing=drawing,
        facts={
            "queries": len(task.judgements.queries),
            "no_positives": int((counted.positives == 0).sum()),
            "tiers": counted.tiers(),
            "keep_self": keep_self,
        },
        warnings=(*_about_task(task, counted, wanted), *about_few(scores, "queries")),
        notes=(*lists.notes, *known.notes, *notes),
        files=(*lists.files, *known.files, *files),
        tiers=_by_tier(task, wanted, drawing, depth) if asked else None,
    )


def _by_tier(task: Task, metrics: Sequence[Metric], drawing: Drawing, depth: int) -> ByTier:
    ranked = {metric.label: metric for metric in metrics if isinstance(metric, RankMetric)}
    return by_tier_of(task.places, task.judgements, ranked, views_of(task.judgements), drawing, depth=depth)


def answers_of(
    task: Task, metrics: Sequence[Metric], tiers: Sequence[str] | None = None, *, allow_missing: bool = False
) -> Iterator[Answered]:
    """The numbers of every system under every metric.

    Raises:
        InputError: a system lacks lists and may not; a metric needs texts or labels that are not there.
    """
    counted = task.judgements.counting(tiers)
    described = "" if task.about is None else task.about.hash[:12]
    for name, ranked in task.systems.items():
        missing = _missing(name, ranked, counted, allow_missing=allow_missing)
        ranks = any(isinstance(metric, RankMetric) for metric in metrics)
        placed = task.places[name].keep(task.judgements.known(tiers)) if ranks else None
        recipe = recipe_of(task, ranked, counted)
        for metric in metrics:
            metric.prepare()
            about = [f"about:{described}"] if isinstance(metric, SideMetric) else []
            signature = "|".join([f"geneval:{__version__}", metric.signature(), *about, recipe])
            reason = "nothing_alike" if isinstance(metric, SideMetric) else "no_positives"
            rows = _rows(metric, ranked, counted, placed, task.about)
            yield Answered(name, metric, rows, missing, signature, reason)


def _rows(
    metric: Metric, ranked: Ranked, judgements: Judgements, placed: Placed | None, about: Descriptions | None
) -> npt.NDArray[np.float64]:
    if isinstance(metric, RankMetric) and placed is not None:
        return metric.values(placed)[:, None]
    if isinstance(metric, SideMetric) and about is not None:
        return metric.rows(ranked, judgements, about)
    raise UsageError(f"{metric.label} looks at labels or texts; name the gallery's: --about FILE (about=...)")


def recipe_of(task: Task, ranked: Ranked, counted: Judgements) -> str:
    """What decides the numbers of a system beside the metric: positives, galleries, and how ties were broken."""
    found = counted.positives[counted.positives > 0]
    span = f"{found.min()}-{found.max()}" if len(found) else "none"
    parts = [f"positives:{span}", f"set:{counted.hash[:12]}"]
    parts.append(f"tiers:{','.join(counted.tiers())}")
    parts += [] if task.grade_from is None else [f"grade from:{task.grade_from:g}"]
    parts.append(f"own id:{'kept' if task.keep_self else 'left out'}")
    parts += ["ties:earlier column"] if isinstance(ranked, Similarities) else []
    return "|".join(parts)


def _missing(name: str, ranked: Ranked, judgements: Judgements, *, allow_missing: bool) -> int:
    without = np.flatnonzero(ranked.missing(judgements) & (judgements.positives > 0))
    if len(without) and not allow_missing:
        first = judgements.queries.names[without[0]]
        raise InputError(
            f"system {name!r} has no list for {len(without)} of {int((judgements.positives > 0).sum())} queries with positives, the "
            f"first is {first!r}; complete it, or take empty lists for them with --allow-missing (allow_missing=True)"
        )
    return len(without)


def _lists(
    given: Lists | RankedFiles | str | Sequence[str],
    query_ids: str | None,
    item_ids: str | None,
    columns: Mapping[str, str] | None,
) -> RankedFiles:
    if isinstance(given, RankedFiles):
        return given
    if isinstance(given, Mapping):
        return RankedFiles({name: {query: list(items) for query, items in row.items()} for name, row in given.items()})
    mine = {_OF_LISTS[name]: column for name, column in (columns or {}).items() if name in _OF_LISTS}
    try:
        paths = [given] if isinstance(given, str) else given
        return read_ranked(paths, query_ids=query_ids, item_ids=item_ids, columns=mine)
    except InputError as error:  # here `id` is that of positives
        raise InputError(str(error).replace("--column id=", "--column list_id=")) from error


def _known(
    given: Positives | Mapping[str, Iterable[str | Judged]] | str | Sequence[str],
    grade_from: float | None,
    columns: Mapping[str, str] | None,
) -> Positives:
    if isinstance(given, Positives):
        return given
    if isinstance(given, Mapping):
        found = {
            query: [one if isinstance(one, Judged) else Judged(one) for one in items] for query, items in given.items()
        }
        return Positives(found)
    mine = {name: column for name, column in (columns or {}).items() if name not in _OF_LISTS}
    return read_positives([given] if isinstance(given, str) else given, grade_from=grade_from, columns=mine)


def _about(
    metrics: Sequence[Metric], about: Sequence[str], queries: Sequence[str]
) -> tuple[Descriptions | None, tuple[str, ...], tuple[InputFile, ...]]:
    if not about:
        if queries:
            raise UsageError("the queries are described, the gallery is not; name its file: --about FILE (about=...)")
        lacking = [metric.label for metric in metrics if isinstance(metric, SideMetric)]
        if lacking:
            raise UsageError(f"{lacking[0]} looks at labels or texts; name the gallery's: --about FILE (about=...)")
        return None, (), ()
    items, notes, files = read_descriptions(about)
    if not queries:
        return Descriptions(items, items), notes, files
    asked, more_notes, more_files = read_descriptions(queries)
    return Descriptions(asked, items), (*notes, *more_notes), (*files, *more_files)


def _about_task(task: Task, counted: Judgements, metrics: Sequence[Metric]) -> Iterator[str]:
    empty = int((counted.positives == 0).sum())
    if empty:
        yield f"{empty} of {len(counted.queries)} queries have no positive that counts; they are left out (no_positives)"
    own = task.judgements.items.numbers(task.judgements.queries.names)
    inside = int(np.isin(own[own >= 0], task.listed).sum())
    if inside and not task.keep_self:
        yield (
            f"{inside} of {len(counted.queries)} queries have an item of their own id among those that were ranked; it is taken out of their lists and "
            "positives, as a query's own text. Where ids of queries and items name different things, say --keep-self"
        )
    yield from _about_grades(task, counted, metrics)
    unlisted = ~np.isin(counted.judged.values[counted.grade > 0], task.listed)
    if unlisted.any():
        yield f"{int(unlisted.sum())} of {len(unlisted)} positives are in no list and no column; they count as not found"
    asked = [metric.label for metric in metrics if metric.name in _NEED_WRONG]
    if asked and not (counted.grade == 0).any():
        yield f"nothing was judged wrong, so that {', '.join(asked)} cannot tell wrong items from those nobody judged"
    lacking = {name: int((r.missing(counted) & (counted.positives > 0)).sum()) for name, r in task.systems.items()}
    for name, count in lacking.items():
        if count:
            yield f"{name} has no list for {count} queries; all their places count as misses"


def _about_grades(task: Task, counted: Judgements, metrics: Sequence[Metric]) -> Iterator[str]:
    grades = counted.grade[counted.grade > 0]
    flat = [metric.label for metric in metrics if isinstance(metric, RankMetric) and metric.name != "ndcg"]
    if flat and task.grade_from is None and len(np.unique(grades)) > 1:
        yield (
            f"grades of positives run from {grades.min():g} to {grades.max():g}, and {', '.join(flat)} take each above 0 for "
            "right; --grade-from (grade_from=...) says from which on an item is"
        )

"""`geneval.rank`: systems ranked by what people preferred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from geneval.agreement._given import files_of, rows_of
from geneval.agreement._people import Criterion, criteria_of
from geneval.data import (
    Preference,
    Rating,
    choices_of,
    preferences_of,
    ratings_of,
    read_preferences,
    read_ratings,
)
from geneval.rankings import CriterionRanking, Outlook, Rankings
from geneval_references import InputError, UsageError
from geneval_scorers import SEED
from geneval_scorers.preference import (
    BradleyTerry,
    Comparisons,
    annotator_agreement,
    intransitive_triples,
    left_win_rate,
)
from geneval_scorers.preference._intervals import Cluster, Interval
from geneval_scorers.preference.bradley_terry import PriorName, TieModel

LENGTH = "length"
"""The covariate of `length=True`."""

T = TypeVar("T", Preference, Rating)
Rows = Iterable[Mapping[str, Any]]
Files = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of each criterion's fit.

    Attributes:
        model: of the choices.
        covariates: columns of numbers.
        length: the difference of lengths is a covariate, too.
        baseline: whose log-worth is 0.
        next_pairs: how many pairs to judge next.
        difference: of log-worths, that more judgements shall find.
    """

    model: BradleyTerry
    covariates: tuple[str, ...]
    length: bool
    baseline: str | None
    next_pairs: int
    difference: float | None


def rank(
    preferences: Sequence[Preference] | Rows | Files | None = None,
    *,
    ratings: Sequence[Rating] | Rows | Files | None = None,
    criterion: str | Sequence[str] = (),
    tie_margin: float = 0.0,
    columns: Mapping[str, str] | None = None,
    ties: TieModel = "davidson",
    order: bool = False,
    length: bool = False,
    covariates: str | Sequence[str] = (),
    raters: bool = False,
    prior: PriorName = "none",
    sigma: float | None = None,
    interval: Interval = "auto",
    cluster: Cluster | None = "auto",
    baseline: str | None = None,
    confidence: float = 0.95,
    resamples: int = 999,
    seed: int = SEED,
    next_pairs: int = 0,
    difference: float | None = None,
) -> Rankings:
    """Ranks systems by what people preferred: Bradley-Terry worths with intervals, one fit a criterion.

    Args:
        preferences: files, rows (`datasets.Dataset`, a list of dicts) or preferences; see docs/data-formats.md.
        ratings: grades, in the same ways, in place of preferences: of two systems that one person graded for an item
            the better grade wins.
        criterion: only these; of ratings `"fluency"`, or `"errors:lower"` where lower is better.
        tie_margin: grades that differ by no more than this tie.
        columns: which column to use, `{"a": "left_model"}`.
        ties: `davidson`, `rao-kupper`, or `half`, a tie being half a win for each side.
        order: also fit what it gains to be shown on the left (`shown_left`).
        length: also fit what it gains to be longer: (a - b) / (a + b + 1), a and b being the characters of `output_a`
            and `output_b`.
        covariates: also fit the effects of these columns: numbers, what a has more of than b.
        raters: also fit how reliable each annotator is; needs `prior="gaussian"`.
        prior: `none`, `firth` or `gaussian`: worths are finite where choices leave them open, and shrunken.
        sigma: of the Gaussian prior; by empirical Bayes by default.
        interval: `auto`, `information`, `sandwich`, `bootstrap`, `profile` or `none`.
        cluster: choices of one `item`, one `annotator` or `both` may be alike; None: all are independent.
        baseline: the system whose log-worth is 0; by default their mean is.
        confidence: of all intervals.
        resamples: of a bootstrap.
        seed: of whatever is drawn.
        next_pairs: name so many pairs whose judgement would tell most.
        difference: tell how many more judgements find a difference of log-worths that size.

    Returns:
        One ranking a criterion, with win matrices, agreement of annotators, and warnings.

    Raises:
        InputError: preferences or ratings are malformed, or do not allow what is asked for.
        UsageError: an option, a criterion, a column or a system that does not exist.

    Examples:
        >>> import geneval
        >>> votes = [("A", "B", "a")] * 6 + [("A", "B", "b")] * 2 + [("B", "C", "a")] * 4 + [("B", "C", "b")] * 2
        >>> rows = [{"a": a, "b": b, "winner": winner} for a, b, winner in votes]
        >>> found = geneval.rank(rows)
        >>> [(row.system, round(row.worth, 2)) for row in found.criterion().worths]
        [('A', 0.67), ('B', 0.22), ('C', 0.11)]
    """
    asked = _Asked(
        BradleyTerry(
            ties=ties,
            order=order,
            covariates=(*([LENGTH] if length else []), *_listed(covariates)),
            raters=raters,
            prior=prior,
            sigma=sigma,
            interval=interval,
            cluster=cluster,
            confidence=confidence,
            resamples=resamples,
            seed=seed,
        ),
        _listed(covariates),
        length,
        baseline,
        next_pairs,
        difference,
    )
    _check(preferences, ratings, asked, tie_margin)
    if ratings is not None:
        grades, notes = _grades(ratings, columns)
        rows, notes = _of_grades(grades, notes, _listed(criterion), tie_margin)
    else:
        every, notes = _preferences(preferences, columns, asked.covariates)
        rows = _of_preferences(every, _listed(criterion))
    groups: dict[str | None, list[Preference]] = {}
    for row in rows:
        groups.setdefault(row.criterion, []).append(row)
    found = tuple(_named(name, mine, asked, graded=ratings is not None) for name, mine in groups.items())
    return Rankings(found, confidence, seed, notes)


def _check(preferences: object, ratings: object, asked: _Asked, tie_margin: float) -> None:
    if (preferences is None) == (ratings is None):
        raise UsageError("give preferences, or ratings: one of the two")
    if ratings is None and tie_margin:
        raise UsageError(
            "a margin for ties is about ratings (--from-ratings, ratings=...); preferences name their ties"
        )
    if ratings is not None and asked.model.covariates:
        raise UsageError("covariates are columns of preferences; choices made of ratings have none")
    if asked.next_pairs < 0:
        raise UsageError(f"next_pairs={asked.next_pairs}; ask for 0 or more")


def _of_preferences(rows: Sequence[Preference], criterion: tuple[str, ...]) -> list[Preference]:
    """Those of the criteria asked for; of all by default."""
    if not criterion:
        return list(rows)
    named = {row.criterion for row in rows}
    for name in criterion:
        if name not in named and Criterion.parse(name).name in named:
            raise UsageError(
                f"criterion {name!r}: a choice says what is better itself; leave out what follows the colon"
            )
    wanted = {one.name for one in criteria_of(rows, criterion, "preferences")}
    return [row for row in rows if row.criterion in wanted]


def _of_grades(
    grades: Sequence[Rating], notes: tuple[str, ...], criterion: tuple[str, ...], tie_margin: float
) -> tuple[list[Preference], tuple[str, ...]]:
    found: list[Preference] = []
    for wanted in criteria_of(grades, criterion, "ratings"):
        mine = [rating for rating in grades if rating.criterion == wanted.name]
        choices, told = choices_of(mine, lower=wanted.lower, tie_margin=tie_margin)
        if not choices:
            raise InputError(
                f"the {len(mine)} ratings {_of(wanted.name)}make no choice: nobody graded two systems for one item"
            )
        found += choices
        notes = (*notes, *(f"{wanted.name}: {note}" if wanted.name else note for note in told))
    return found, notes


def _of(criterion: str | None) -> str:
    return "" if criterion is None else f"of criterion {criterion!r} "


def _preferences(
    given: Sequence[Preference] | Rows | Files | None, columns: Mapping[str, str] | None, covariates: tuple[str, ...]
) -> tuple[tuple[Preference, ...], tuple[str, ...]]:
    if files := files_of(given):
        return read_preferences(files, columns=columns, covariates=covariates)[:2]
    rows = list(given)  # type: ignore[arg-type] # no files
    if rows and all(isinstance(row, Preference) for row in rows):
        held: tuple[Preference, ...] = tuple(rows)  # type: ignore[arg-type] # as was just seen
        short = next((row for row in held if len(row.covariates) != len(covariates)), None)
        if short is not None:
            raise UsageError(
                f"covariates={list(covariates)}: the preference for item {short.id!r} has {len(short.covariates)} of "
                "them; read them with read_preferences(covariates=...)"
            )
        return held, ()
    return preferences_of(rows, columns=columns, covariates=covariates)  # type: ignore[arg-type] # looked at there


def _grades(
    given: Sequence[Rating] | Rows | Files, columns: Mapping[str, str] | None
) -> tuple[tuple[Rating, ...], tuple[str, ...]]:
    rows, notes = rows_of(given, Rating, partial(read_ratings, columns=columns), partial(ratings_of, columns=columns))
    return rows or (), notes


def _listed(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _named(criterion: str | None, rows: list[Preference], asked: _Asked, *, graded: bool) -> CriterionRanking:
    """The ranking; errors say of which criterion they are."""
    try:
        return _ranked(criterion, rows, asked, graded=graded)
    except (InputError, UsageError) as error:
        if criterion is None:
            raise
        raise type(error)(f"criterion {criterion!r}: {error}") from error


def _ranked(criterion: str | None, rows: list[Preference], asked: _Asked, *, graded: bool) -> CriterionRanking:
    model = asked.model
    _check_sides(rows)
    votes = Comparisons.of_choices(rows, covariates=_columns(rows, asked))
    fitted = model.fit(votes)
    worths = fitted.worths if asked.baseline is None else fitted.relative_to(asked.baseline)
    outlook = Outlook(
        next_pairs=fitted.next_pairs(asked.next_pairs, seed=model.seed) if asked.next_pairs else (),
        difference=asked.difference,
        judgements=None if asked.difference is None else fitted.judgements_needed(asked.difference),
    )
    place = [votes.systems.index(row.system) for row in worths]
    return CriterionRanking(
        criterion=criterion,
        ranking=fitted,
        worths=worths,
        baseline=asked.baseline,
        wins=_matrix(votes.wins, place),
        tied=_matrix(votes.ties, place),
        items=len({row.id for row in rows}),
        annotators=len({row.annotator for row in rows} - {None}),
        agreement=annotator_agreement(votes, confidence=model.confidence, seed=model.seed),
        left=left_win_rate(votes, cluster=model.cluster, confidence=model.confidence),
        circles=intransitive_triples(votes),
        outlook=outlook,
        warnings=(*fitted.warnings, *_warnings(rows, votes, fitted.signature, graded=graded)),
    )


def _check_sides(rows: Sequence[Preference]) -> None:
    alone = [row for row in rows if row.a == row.b]
    if alone:
        raise InputError(
            f"{len(alone)} of {len(rows)} choices are between a system and itself, the first for item {alone[0].id!r} ({alone[0].a!r}); "
            "name the two systems in a and b"
        )


def _columns(rows: Sequence[Preference], asked: _Asked) -> dict[str, list[float]]:
    """The covariates, by name."""
    found = {name: [row.covariates[place] for row in rows] for place, name in enumerate(asked.covariates)}
    return ({LENGTH: [_longer(row) for row in rows]} if asked.length else {}) | found


def _longer(row: Preference) -> float:
    """How much longer a is than b, -1 to 1 (as counted features in Chatbot Arena's style control).

    Raises:
        InputError: a text is missing.
    """
    if row.output_a is None or row.output_b is None:
        raise InputError(
            f"the preference for item {row.id!r} between {row.a!r} and {row.b!r} lacks output_a or output_b: lengths need "
            "the texts of all; name their columns (--column output_a=NAME), or leave out --length (length=True)"
        )
    a, b = len(row.output_a), len(row.output_b)
    return (a - b) / (a + b + 1)


def _matrix(table: Any, place: list[int]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in table[place][:, place])


def _warnings(rows: Sequence[Preference], votes: Comparisons, signature: str, *, graded: bool) -> list[str]:
    """What the choices are like that a reader must know, apart from any fit."""
    told = []
    people = {row.annotator for row in rows} - {None}
    if len(people) == 1:
        told.append(f"all choices are one annotator's ({next(iter(people))!r}): how far people agree cannot be told")
    if len({row.id for row in rows}) == 1:
        told.append(f"all choices are about one item ({rows[0].id!r}): nothing is known of others")
    if len(rows) == 1:
        told.append("there is one choice")
    told += _repeated(rows)
    if graded and "|cluster:none|" in signature and len(votes) > len({row.id for row in rows}):
        told.append(
            "choices made of grades depend on each other, those of one item above all; intervals that take them for "
            "independent are too narrow"
        )
    if votes.side.any() and (unknown := Counter(votes.side.tolist())[0]):
        told.append(f"{unknown} of {len(votes)} choices do not tell what was shown on the left")
    return told


def _repeated(rows: Sequence[Preference]) -> list[str]:
    """Choices of an annotator between two outputs that they had chosen between before."""
    named = [row for row in rows if row.annotator is not None and row.winner != "skip"]
    keys = ((r.id, r.annotator, frozenset(((r.a, r.output_a), (r.b, r.output_b)))) for r in named)
    if not (again := len(named) - len(set(keys))):
        return []
    return [
        f"{again} choices repeat what their annotator was asked before (same item, same outputs): each counts; leave copies out"
    ]

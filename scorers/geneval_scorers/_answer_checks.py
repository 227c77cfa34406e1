"""What a scorer answers is looked at before it is taken for a number, whoever wrote the scorer."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import numpy.typing as npt

from geneval_references import GenevalError, ScorerError
from geneval_scorers._entry_points import origin

if TYPE_CHECKING:
    from geneval_scorers._corpus import Corpus
    from geneval_scorers._queries import Queries
    from geneval_scorers._ragged import Floats
    from geneval_scorers._scorer import Rows, Scorer, Statistics

_SLACK = 1e-6
"""By so much of its range a score may lie outside of it: floating point."""


@contextmanager
def guarded(scorer: Scorer) -> Iterator[None]:
    """Turns whatever a scorer raises into one error that names it.

    Raises:
        ScorerError: in place of anything but an error of geneval's own and an interruption.
    """
    try:
        yield
    except (GenevalError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        told = " ".join(str(error).split())[:300]
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise ScorerError(
            f"{_who(scorer)} failed with {type(error).__name__}{f': {told}' if told else ''} "
            f"({Path(last.filename).name}, line {last.lineno}); no score was made of it"
        ) from error


def answered(scorer: Scorer, corpus: Corpus, queries: Queries) -> Statistics:
    """What a scorer answers to questions, one row of numbers each.

    Raises:
        ScorerError: it failed, or answered something else.
    """
    with guarded(scorer):
        answer = scorer.statistics(corpus, queries)
    if not (hasattr(answer, "rows") and hasattr(answer, "winner")):
        _refuse(scorer, f"answered with {_kind(answer)}; `statistics` gives a Statistics")
    check_rows(scorer, answer.rows, len(queries), "questions")
    if answer.winner is not None:
        _check_winner(scorer, answer.winner, queries)
    return answer


def check_rows(scorer: Scorer, rows: Rows, count: int, what: str) -> None:
    """Checks rows of statistics: [count, columns], of whole numbers or floats, none infinite; NaN means not scored.

    Raises:
        ScorerError: they are something else.
    """
    _check_numbers(scorer, rows, what)
    if rows.ndim != 2 or len(rows) != count:
        _refuse(scorer, f"answered {count} {what} with an array of shape {rows.shape}; it gives one row for each")


def scored(scorer: Scorer, rows: Rows) -> Floats:
    """The segment scores of rows, NaN where a row holds a NaN.

    Raises:
        ScorerError: they are not one number a row, infinite, or outside of the declared range.
    """
    with guarded(scorer):
        scores = scorer.segment(rows)
    _check_numbers(scorer, scores, "rows")
    if scores.shape != (len(rows),):
        _refuse(scorer, f"made scores of shape {scores.shape} of {len(rows)} rows; it gives one for each")
    _check_range(scorer, scores)
    silent = np.isnan(rows).any(axis=1) if np.issubdtype(rows.dtype, np.floating) else np.zeros(0, bool)
    return np.where(silent, np.nan, scores) if silent.any() else np.asarray(scores, np.float64)


def finished(scorer: Scorer, sums: Floats, weight: Floats) -> Floats:
    """Corpus scores of summed rows.

    Raises:
        ScorerError: they are not one finite number (or NaN) a sum.
    """
    with guarded(scorer):
        scores = scorer.finish(sums, weight)
    _check_numbers(scorer, np.asarray(scores), "sums")
    if np.shape(scores) != weight.shape:
        _refuse(scorer, f"`finish` made scores of shape {np.shape(scores)} of sums of shape {weight.shape}")
    return scores


def aggregated(scorer: Scorer, rows: Rows, weights: Floats | None = None) -> float:
    """The corpus score of rows.

    Raises:
        ScorerError: it is not one finite number, or NaN.
    """
    with guarded(scorer):
        score = scorer.aggregate(rows, weights)
    return float(numbers(scorer, [score])[0])


def numbers(scorer: Scorer, values: Sequence[object]) -> npt.NDArray[np.float64]:
    """The values that a function gave, as an array.

    Raises:
        ScorerError: one of them is no number (text that reads as one is none), or infinite.
    """
    for value in values:
        # The quick way first: a score is nearly always a float, and there may be millions.
        if type(value) is not float and not isinstance(value, int | float | np.integer | np.floating | np.bool_):
            _refuse(scorer, f"returned {value!r:.60}; a scorer gives a finite number, or NaN")
    try:
        found = np.asarray(values, np.float64)
    except OverflowError:
        found = np.asarray([math.inf])
    if np.isinf(found).any():
        first = next(value for value in values if _infinite(value))
        _refuse(scorer, f"returned {first!r:.60}; a scorer gives a finite number, or NaN")
    return found


def _infinite(value: object) -> bool:
    try:
        return math.isinf(float(value))  # type: ignore[arg-type] # it was seen to be a number
    except OverflowError:
        return True


def _check_numbers(scorer: Scorer, found: object, what: str) -> None:
    if not isinstance(found, np.ndarray):
        _refuse(scorer, f"answered {what} with {_kind(found)}; it gives an array of numbers")
    if not (np.issubdtype(found.dtype, np.integer) or np.issubdtype(found.dtype, np.floating)):
        _refuse(scorer, f"answered {what} with an array of {found.dtype}; it gives whole numbers or floats")
    if np.issubdtype(found.dtype, np.floating) and np.isinf(found).any():
        where = int(np.argmax(np.isinf(found).reshape(len(found), -1).any(axis=1))) if found.ndim else 0
        _refuse(scorer, f"answered {what} with an infinite number (the first at place {where}); NaN means no score")


def _check_range(scorer: Scorer, scores: Floats) -> None:
    low, high = scorer.info.scale
    slack = _SLACK * max([1.0, *(abs(end) for end in (low, high) if end is not None)])
    outside = np.zeros(len(scores), bool)
    if low is not None:
        outside |= scores < low - slack
    if high is not None:
        outside |= scores > high + slack
    if outside.any():
        ends = f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
        _refuse(scorer, f"scored {float(scores[outside][0])!r}, outside of the range {ends} that it declares")


def _check_winner(scorer: Scorer, winner: object, queries: Queries) -> None:
    if not isinstance(winner, np.ndarray) or not np.issubdtype(winner.dtype, np.integer):
        _refuse(scorer, f"named winners with {_kind(winner)}; they are an array of whole numbers, or None")
    lengths = queries.references.lengths
    if winner.shape != lengths.shape or (winner < -1).any() or (winner >= lengths).any():
        _refuse(scorer, f"named winners of shape {winner.shape} that are not all places in the lists of references")


def _kind(found: object) -> str:
    if isinstance(found, np.ndarray):
        return f"an array of {found.dtype}"
    return "None" if found is None else f"a {type(found).__name__}"


def _who(scorer: Scorer) -> str:
    name = getattr(scorer, "name", type(scorer).__name__)
    offer = origin(scorer.code, name)
    return f"{name} (plug-in {offer.distribution} {offer.version})" if offer else str(name)


def _refuse(scorer: Scorer, what: str) -> NoReturn:
    raise ScorerError(f"{_who(scorer)} {what}")

"""Pairwise choices as arrays: who met whom, what was chosen, and what the choice may depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from geneval_references import InputError
from geneval_scorers._ragged import Bools, Floats, Ints

A, B, TIE = 0, 1, 2
"""Outcomes of a comparison."""

SKIP, BOTH_BAD = -1, 3
_CODES = {"a": A, "b": B, "tie": TIE, "both_bad": BOTH_BAD, "skip": SKIP}
_SIDES = {"a": 1, "b": -1, None: 0}

Small = npt.NDArray[np.int8]
ClusterName = Literal["item", "annotator"]


class Choice(Protocol):
    """A row of preferences: one person's choice between two systems' outputs for an item."""

    @property
    def id(self) -> str:
        """The item."""
        ...

    @property
    def a(self) -> str:
        """One system."""
        ...

    @property
    def b(self) -> str:
        """The other."""
        ...

    @property
    def winner(self) -> str:
        """`a`, `b`, `tie`, `both_bad` or `skip`."""
        ...

    @property
    def annotator(self) -> str | None:
        """Who chose."""
        ...

    @property
    def criterion(self) -> str | None:
        """By what."""
        ...

    @property
    def shown_left(self) -> str | None:
        """Which was shown on the left, or first."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What each comparison belongs to: an item or an annotator.

    Attributes:
        names: in order of appearance.
        of: for each comparison the place of its name, -1 where it has none.
    """

    names: tuple[str, ...]
    of: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Comparisons of systems, checked; each is of two systems and has one outcome.

    `both_bad` is a tie: what was compared is two outputs with each other, and neither won. That it counts against both
    is kept as a count of its own. `skip` is no comparison: it is counted and left out, and so are those of weight 0.

    Attributes:
        systems: names, in order of appearance.
        a, b: for each comparison the places of its two systems.
        outcome: 0 where a won, 1 where b won, 2 for a tie.
        both_bad: which ties were said to be bad on both sides.
        weight: how many times it counts; a weight of 2 is two equal comparisons.
        side: 1 where a was shown on the left (or first), -1 where b was, 0 where nobody knows.
        covariates: by name, for each comparison what a has more of than b; the sign turns with a and b.
        items, annotators: what each comparison belongs to, where it was given.
        skipped: how many rows were `skip` or had weight 0.
    """

    systems: tuple[str, ...]
    a: Ints
    b: Ints
    outcome: Small
    both_bad: Bools
    weight: Floats
    side: Small
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    items: Labels | None = None
    annotators: Labels | None = None
    skipped: int = 0

    @classmethod
    def of(
        cls,
        a: Sequence[str],
        b: Sequence[str],
        winner: Sequence[str],
        *,
        weight: Sequence[float] | Floats | None = None,
        shown_left: Sequence[str | None] | None = None,
        covariates: Mapping[str, Sequence[float] | Floats] | None = None,
        item: Sequence[str | None] | None = None,
        annotator: Sequence[str | None] | None = None,
        systems: Iterable[str] = (),
    ) -> Comparisons:
        """Checks columns of equal length, one value a comparison.

        Args:
            a: one system of each comparison.
            b: the other.
            winner: `a`, `b`, `tie`, `both_bad` or `skip`.
            weight: finite and not negative; 1 by default.
            shown_left: `a`, `b` or None, which of the two was shown on the left, or first.
            covariates: by name, what a has more of than b (a's length less b's, for example); finite.
            item: what the two outputs were for.
            annotator: who chose.
            systems: names that come first, whether or not they were compared.

        Raises:
            InputError: columns of unequal length, an unknown winner or side, a system compared with itself, a weight or
                a covariate that is not finite, a negative weight, or no comparison at all.
        """
        a, b, winner = (_column(values) for values in (a, b, winner))
        columns = {"b": b, "winner": winner, "weight": weight, "shown_left": shown_left, "item": item}
        _same_length(len(a), columns | {"annotator": annotator} | dict(covariates or {}))
        place = {name: number for number, name in enumerate(dict.fromkeys([*systems, *_alternating(a, b)]))}
        _check_names(place)
        raw = Comparisons(
            systems=tuple(place),
            a=_places(place, a),
            b=_places(place, b),
            outcome=_coded("winner", winner, _CODES),
            both_bad=np.zeros(0, bool),
            weight=_numbers("weight", np.ones(len(a)) if weight is None else weight),
            side=_coded("shown_left", _column(shown_left), _SIDES)
            if shown_left is not None
            else np.zeros(len(a), np.int8),
            covariates={name: _numbers(name, values) for name, values in (covariates or {}).items()},
            items=None if item is None else _labels(_column(item)),
            annotators=None if annotator is None else _labels(_column(annotator)),
        )
        _check_pairs(raw)
        return _compared(raw)

    @classmethod
    def of_choices(
        cls,
        choices: Iterable[Choice],
        *,
        weight: Sequence[float] | Floats | None = None,
        covariates: Mapping[str, Sequence[float] | Floats] | None = None,
        systems: Iterable[str] = (),
    ) -> Comparisons:
        """Checks rows such as `geneval.data.read_preferences` gives.

        Args:
            choices: one criterion's.
            weight: for each row, as in `of`.
            covariates: by name, for each row, as in `of`.
            systems: as in `of`.

        Raises:
            InputError: as `of` does, or the rows have several criteria.
        """
        rows = list(choices)
        criteria = sorted({str(row.criterion) for row in rows})
        if len(criteria) > 1:
            raise InputError(
                f"the preferences have {len(criteria)} criteria: {', '.join(criteria)}; fit those of one at a time"
            )
        return cls.of(
            [row.a for row in rows],
            [row.b for row in rows],
            [row.winner for row in rows],
            weight=weight,
            shown_left=[row.shown_left for row in rows],
            covariates=covariates,
            item=[row.id for row in rows],
            annotator=None if all(row.annotator is None for row in rows) else [row.annotator for row in rows],
            systems=systems,
        )

    def __len__(self) -> int:
        """How many comparisons there are, without those skipped."""
        return len(self.a)

    def labels(self, by: ClusterName) -> Labels:
        """The items or annotators.

        Raises:
            InputError: they were not given, or not for all comparisons.
        """
        found = self.items if by == "item" else self.annotators
        if found is None:
            raise InputError(f"the comparisons have no {by}; give {by}=... to Comparisons.of")
        if missing := int((found.of < 0).sum()):
            raise InputError(f"{missing} of {len(self)} comparisons have no {by}; give it for all or for none")
        return found

    def take(self, rows: Ints | Bools) -> Comparisons:
        """Those comparisons, of the same systems, items and annotators."""
        return Comparisons(
            systems=self.systems,
            a=self.a[rows],
            b=self.b[rows],
            outcome=self.outcome[rows],
            both_bad=self.both_bad[rows],
            weight=self.weight[rows],
            side=self.side[rows],
            covariates={name: values[rows] for name, values in self.covariates.items()},
            items=None if self.items is None else Labels(self.items.names, self.items.of[rows]),
            annotators=None if self.annotators is None else Labels(self.annotators.names, self.annotators.of[rows]),
            skipped=self.skipped,
        )

    def counts(self, outcome: int) -> Floats:
        """The weight of an outcome by (a, b), [systems, systems]."""
        size = len(self.systems)
        chosen = self.outcome == outcome
        return tally(self.a[chosen] * size + self.b[chosen], self.weight[chosen], size * size).reshape(size, size)

    @property
    def wins(self) -> Floats:
        """The win matrix: entry (i, j) is how often i was preferred to j, [systems, systems]."""
        return np.asarray(self.counts(A) + self.counts(B).T)

    @property
    def ties(self) -> Floats:
        """Entry (i, j) is how often i and j tied, `both_bad` among them; symmetric, [systems, systems]."""
        ties = self.counts(TIE)
        return np.asarray(ties + ties.T)

    @property
    def bad(self) -> Floats:
        """How often each system's output was one of two bad ones, [systems]."""
        size = len(self.systems)
        rows = self.both_bad
        ends = np.concatenate([self.a[rows], self.b[rows]])
        return tally(ends, np.tile(self.weight[rows], 2), size)


def tally(place: Ints, weight: Floats, size: int) -> Floats:
    """The weight in each of `size` places."""
    return np.asarray(np.bincount(place, weight, size), np.float64)


def _column(values: Any) -> list[Any]:
    """A column as a list; arrays give Python's own values, which are quicker to look up."""
    found: Any = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(found, str):
        raise InputError(f"a column is a list with one value a comparison, not the text {found!r}")
    return list(found)


def _same_length(rows: int, columns: Mapping[str, Any]) -> None:
    if not rows:
        raise InputError("there are no comparisons; give at least one choice between two systems")
    for name, values in columns.items():
        if values is not None and len(values) != rows:
            raise InputError(f"the column {name} has {len(values)} values for {rows} comparisons; give one for each")


def _alternating(a: list[str], b: list[str]) -> Iterable[str]:
    """Names in the order in which rows bring them, without walking over all rows in Python."""
    first, second = dict.fromkeys(a), dict.fromkeys(b)
    if len(first) + len(second) > 4096:
        return (name for pair in zip(a, b, strict=True) for name in pair)
    at = {name: (a.index(name), 0) for name in first}
    for name in second:
        place = (b.index(name), 1)
        at[name] = min(at.get(name, place), place)
    return sorted(at, key=at.__getitem__)


def _check_names(names: Iterable[object]) -> None:
    for name in names:
        if not isinstance(name, str) or not name:
            raise InputError(
                f"a system is called {name!r} ({type(name).__name__}); names are texts of one letter or more"
            )


def _places(place: Mapping[str, int], names: list[str]) -> Ints:
    return np.fromiter(map(place.__getitem__, names), np.int64, len(names))


def _coded(column: str, values: list[Any], codes: Mapping[Any, int]) -> Small:
    """Each value's code.

    Raises:
        InputError: a value that has none.
    """
    try:
        return np.fromiter(map(codes.__getitem__, values), np.int8, len(values))
    except (KeyError, TypeError):
        row = next(row for row, value in enumerate(values) if not isinstance(value, str | None) or value not in codes)
        allowed = ", ".join(map(str, codes))
        raise InputError(f"comparison {row}: {column} is {values[row]!r}; allowed: {allowed}") from None


def _numbers(column: str, values: Sequence[float] | Floats) -> Floats:
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"the column {column} holds something that is no number; give one number a comparison"
        ) from None
    if found.ndim != 1:
        raise InputError(f"the column {column} has {found.ndim} dimensions; give one number a comparison")
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0])
        raise InputError(f"comparison {row}: {column} is {found[row]}; give a finite number")
    return found


def _labels(values: list[Any]) -> Labels:
    place: dict[Any, int] = {name: number for number, name in enumerate(dict.fromkeys(values)) if name is not None}
    place = {name: number for number, name in enumerate(place)}
    codes = np.fromiter(map((place | {None: -1}).__getitem__, values), np.int64, len(values))
    return Labels(tuple(map(str, place)), codes)


def _check_pairs(raw: Comparisons) -> None:
    same = np.flatnonzero(raw.a == raw.b)
    if len(same):
        name = raw.systems[raw.a[same[0]]]
        raise InputError(
            f"comparison {same[0]}: {name!r} is compared with itself ({len(same)} such rows); give two different systems"
        )
    if (raw.weight < 0).any():
        row = int(np.flatnonzero(raw.weight < 0)[0])
        raise InputError(f"comparison {row}: weight is {raw.weight[row]}; give 0 or more")


def _compared(raw: Comparisons) -> Comparisons:
    """Leaves skips and weightless rows out, and tells `both_bad` apart from other ties."""
    kept = (raw.outcome != SKIP) & (raw.weight > 0)
    if not kept.any():
        raise InputError(f"all {len(kept)} comparisons are skips or have weight 0; nothing is left to fit")
    bad = raw.outcome == BOTH_BAD
    found = Comparisons(
        systems=raw.systems,
        a=raw.a,
        b=raw.b,
        outcome=np.where(bad, np.int8(TIE), raw.outcome),
        both_bad=bad,
        weight=raw.weight,
        side=raw.side,
        covariates=raw.covariates,
        items=raw.items,
        annotators=raw.annotators,
        skipped=int((~kept).sum()),
    )
    return found if kept.all() else found.take(kept)

"""What people said, as quality to match systems on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from geneval.agreement import Ceiling
from geneval.agreement._cells import Cells
from geneval.agreement._correlations import Floats, Ints
from geneval.agreement._people import Criterion, rated, voted
from geneval.agreement._scores import known
from geneval.data import Preference, Rating
from geneval.underestimation._matched import Design
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._plan import ReportPlan
from geneval_references import UsageError

_ENOUGH = 20
"""Degrees of freedom from which on noise is estimated and not assumed."""

Grades = Mapping[tuple[str, str], Sequence[tuple[str | None, float]]]
"""(item, system) -> who gave which grade."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Outputs that people spoke about, ready to be matched.

    Attributes:
        kind: `ratings` or `preferences`.
        design: whose place i is the output `item[i]`, `system[i]`.
        item, system: places among all outputs.
        scores: [scorers, cells], higher is better.
        grade: [cells] overall, for preferences half the mean vote, up or down.
        names: of the kinds of quality.
        lower: of which of them lower grades are better; they stand turned round.
        overall: whether the one kind is the criterion that counts, since it has no components.
        reliability: of each kind, as people's words stand (1 - noise / variance).
        assumed: whether that was assumed, since nobody's words can be compared with another's.
        ceiling: how far people agree with each other, where it can be told.
        warnings: what does not count.
    """

    kind: str
    design: Design
    item: Ints
    system: Ints
    scores: Floats
    grade: Floats
    names: tuple[str, ...]
    reliability: Mapping[str, float]
    assumed: bool
    ceiling: Ceiling | None
    warnings: tuple[str, ...]
    lower: tuple[bool, ...] = (False,)
    overall: bool = False

    @cached_property
    def output(self) -> Ints:
        """[cells] the output's number: of choices a cell is one side, and an output may be in several."""
        number: Ints = np.unique(self.item * len(self.design.systems) + self.system, return_inverse=True)[1]
        return number

    @property
    def outputs(self) -> int:
        """How many outputs people spoke about."""
        return int(self.output.max(initial=-1)) + 1

    def keep(self, mask: np.ndarray) -> Evidence:
        """Some of the cells."""
        at = np.flatnonzero(mask)
        return replace(
            self,
            design=self.design.take(at),
            item=self.item[at],
            system=self.system[at],
            scores=self.scores[:, at],
            grade=self.grade[at],
        )

    def pairs(self) -> tuple[Ints, Ints]:
        """Cells that people put one above the other: (above, below), within groups."""
        return self._pairs

    @cached_property
    def _pairs(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.design.group, kind="stable")
        starts = np.flatnonzero(np.diff(self.design.group[order], prepend=-1))
        sizes = np.diff(starts, append=len(order))
        found = [np.zeros((2, 0), np.int64)]
        for size in np.unique(sizes).tolist():
            cells = order[starts[sizes == size][:, None] + np.arange(size)]
            one, other = np.triu_indices(size, 1)
            found.append(np.stack([cells[:, one].ravel(), cells[:, other].ravel()]))
        first, second = np.concatenate(found, axis=1)
        sign = np.sign(self.grade[first] - self.grade[second])
        return np.where(sign > 0, first, second)[sign != 0], np.where(sign > 0, second, first)[sign != 0]


def of_ratings(
    outputs: Outputs, ratings: Sequence[Rating], criterion: Criterion, plan: ReportPlan, lower: Sequence[str] = ()
) -> Evidence:
    """Rated outputs. Systems are matched on the components of the grade where there are any, else on the grade.

    Raises:
        UsageError: a component, or a criterion of which lower is better, that there are no ratings of.
    """
    joined = rated(outputs.scores, ratings, criterion)
    cells, told = joined.cells, list(joined.warnings)
    grades = _grades(ratings)
    item, system = _places(outputs, cells)
    _check_lower(lower, grades)
    names = _components(grades, cells, criterion, plan, told)
    kinds = [_mean(grades[name], cells) for name in names]
    kinds = [-values if name in lower else values for name, values in zip(names, kinds, strict=True)]
    quality = np.stack(kinds, axis=1) if kinds else cells.grade[:, None]
    asked = names or (criterion.name,)
    noises, shares, assumed = [], {}, False
    for place, name in enumerate(asked):
        noise, known_noise = _noise(grades[name], cells, plan.reliability)
        assumed |= not known_noise
        noises.append(noise)
        spread = float(quality[:, place].var())
        shares[name or "grade"] = 1.0 - float(noise.mean()) / spread if spread else 1.0
    design = Design(
        tuple(outputs.systems),
        item,
        item,
        system,
        quality,
        np.stack(noises, axis=1),
        exact_columns(outputs.lengths[item, system]),
    )
    return Evidence(
        "ratings",
        design,
        item,
        system,
        cells.score,
        cells.grade,
        tuple(n or "grade" for n in asked),
        shares,
        assumed,
        None,
        tuple(told),
        tuple(n in lower for n in names) or (criterion.lower,),
        not names,
    )


def of_preferences(
    outputs: Outputs, preferences: Sequence[Preference], criterion: Criterion, plan: ReportPlan
) -> Evidence:
    """Pairs of outputs: each pair a group of its own, in which quality is half the mean vote, up or down."""
    votes, told = voted(outputs.scores, preferences, criterion, plan.seed)
    cells, many = votes.cells, len(votes.pairs)
    sides = np.stack([votes.pairs.first, votes.pairs.second], axis=1).ravel()
    item, system = (places[sides] for places in _places(outputs, cells))
    mean = np.asarray([np.mean(choices) for choices in votes.choices])
    grade = np.stack([mean / 2, -mean / 2], axis=1).ravel()
    counts = np.asarray([len(choices) for choices in votes.choices])
    squares = sum(float(((np.asarray(c) - np.mean(c)) ** 2).sum()) for c in votes.choices)
    freedom = int((counts - 1).sum())
    known_noise = freedom >= _ENOUGH
    one = squares / freedom if known_noise else (1.0 - plan.reliability) * float((mean**2).mean())
    noise = np.repeat(one / counts / 2, 2)
    whole = float((mean**2).mean())
    design = Design(
        tuple(outputs.systems),
        np.repeat(np.arange(many), 2),
        item,
        system,
        grade[:, None],
        noise[:, None],
        exact_columns(outputs.lengths[item, system]),
    )
    share = 1.0 - float((one / counts).mean()) / whole if whole else 1.0
    return Evidence(
        "preferences",
        design,
        item,
        system,
        cells.score[:, sides],
        grade,
        ("votes",),
        {"votes": share},
        not known_noise,
        votes.ceiling(),
        told,
    )


def exact_columns(lengths: Floats) -> Floats:
    """Length and its square, centred, [cells, 2]; none where all are of one length."""
    spread = float(lengths.std()) if len(lengths) else 0.0
    if not spread:
        return np.zeros((len(lengths), 0))
    scaled = (lengths - lengths.mean()) / spread
    squared = scaled**2
    return np.stack([scaled, squared], axis=1) if len(np.unique(scaled)) > 2 else scaled[:, None]


def _check_lower(lower: Sequence[str], grades: Mapping[str | None, Grades]) -> None:
    strangers = [name for name in lower if name not in grades]
    if strangers:
        have = ", ".join(str(n) for n in grades)
        raise UsageError(
            f"lower is said to be better of {', '.join(strangers)}: no ratings are of that; there are: {have}"
        )


def _grades(ratings: Sequence[Rating]) -> dict[str | None, dict[tuple[str, str], list[tuple[str | None, float]]]]:
    found: dict[str | None, dict[tuple[str, str], list[tuple[str | None, float]]]] = {}
    for rating in ratings:
        one = found.setdefault(rating.criterion, {})
        one.setdefault((rating.id, rating.system), []).append((rating.annotator, rating.value))
    return found


def _names_of(cells: Cells) -> list[tuple[str, str]]:
    return [(cells.items[i], cells.systems[s]) for i, s in zip(cells.item.tolist(), cells.system.tolist(), strict=True)]


def _places(outputs: Outputs, cells: Cells) -> tuple[Ints, Ints]:
    items, systems = known(outputs.scores.items), known(outputs.scores.systems)
    item = np.asarray([items[name] for name in cells.items], np.int64)[cells.item]
    return item, np.asarray([systems[name] for name in cells.systems], np.int64)[cells.system]


def _components(
    grades: Mapping[str | None, Grades], cells: Cells, criterion: Criterion, plan: ReportPlan, told: list[str]
) -> tuple[str | None, ...]:
    """Criteria to match on in place of the one that counts; none where there are no others."""
    others = [name for name in grades if name != criterion.name]
    asked = others if plan.components is None else [name for name in plan.components if name != criterion.name]
    for name in asked:
        if name not in grades:
            have = ", ".join(n for n in grades if n is not None) or "grades without a name only"
            raise UsageError(f"no ratings are of the component {name!r}; there are: {have}")
    found, needed = [], _names_of(cells)
    for name in asked:
        lacking = sum(cell not in grades[name] for cell in needed)
        if lacking:
            told.append(f"systems are not matched on {name}: {lacking} of {len(needed)} outputs have no such grade")
        elif len({value for cell in needed for _, value in grades[name][cell]}) > 1:
            found.append(name)
    return tuple(found)


def _mean(grades: Grades, cells: Cells) -> Floats:
    return np.asarray([np.mean([value for _, value in grades[cell]]) for cell in _names_of(cells)])


def _noise(grades: Grades, cells: Cells, reliability: float) -> tuple[Floats, bool]:
    """Variance of the noise in each cell's mean grade, and whether it was estimated."""
    rows = [grades[cell] for cell in _names_of(cells)]
    counts = np.asarray([len(row) for row in rows])
    table = _crossed(rows)
    if table is not None:
        # The same people graded everything: who is mild or strict moves nobody's place.
        left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
        freedom, squares = (table.shape[0] - 1) * (table.shape[1] - 1), float((left**2).sum())
    else:
        values = [np.asarray([value for _, value in row]) for row in rows]
        freedom, squares = int((counts - 1).sum()), sum(float(((v - v.mean()) ** 2).sum()) for v in values)
    if freedom >= _ENOUGH:
        return squares / freedom / counts, True
    single = np.asarray([value for row in rows for _, value in row])
    return (1.0 - reliability) * float(single.var()) / counts, False


def _crossed(rows: Sequence[Sequence[tuple[str | None, float]]]) -> Floats | None:
    """[cells, raters], where the same two people or more graded every cell, once each."""
    people = [tuple(sorted(str(who) for who, _ in row)) for row in rows]
    named = all(who is not None for row in rows for who, _ in row)
    if not named or len(set(people)) != 1 or len(set(people[0])) < max(2, len(people[0])):
        return None
    return np.asarray([[value for _, value in sorted(row, key=lambda g: str(g[0]))] for row in rows])

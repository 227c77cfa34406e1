"""What a blend is fitted on: pairs of outputs with votes, and by how much each scorer prefers one of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from geneval.agreement._people import Criterion, voted
from geneval.agreement._scores import Column, Scores, scores_of
from geneval_references import InputError, UsageError
from geneval_scorers import Role
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.preference.features import Duels

if TYPE_CHECKING:
    from geneval.data import Preference
    from geneval.results import Result

Weighing = Literal["votes", "items"]
"""Whether each vote counts the same, or each item."""

LENGTH = "length_ratio"
"""The scorer that stands for length: it has no good direction, and is no part of a blend."""


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Pairs of outputs for one item; place i of each array belongs to pair i.

    Attributes:
        parts: specs of the scorers that may be in the blend, by the columns of the run.
        nuisance: specs of those whose habit is fitted and not shipped.
        k: references that scores were asked at; None: against all.
        features: [pairs, columns], the first output's score less the second's, higher better: parts, nuisance, and at
            `length`, if it is not None, length.
        length: a column.
        duels: votes, with no features.
        votes: how many choices there are on each pair.
        order: 1 where most chose the first, -1 the second, 0 neither.
        group: items that belong together stay together.
        items: places of ids.
        sides: [pairs, 2], places of systems.
        ids, systems: names.
        signatures: of the columns.
        warnings: what does not count, and why.
    """

    parts: tuple[str, ...]
    nuisance: tuple[str, ...]
    k: int | None
    features: Floats
    length: int | None
    duels: Duels
    votes: Ints
    order: Ints
    group: Ints
    items: Ints
    sides: Ints
    ids: Sequence[str]
    systems: Sequence[str]
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.order)

    @property
    def of_parts(self) -> list[int]:
        """The columns of parts."""
        return list(range(len(self.parts)))

    @property
    def of_nuisance(self) -> list[int]:
        """The columns of nuisance."""
        return list(range(len(self.parts), len(self.parts) + len(self.nuisance)))

    @property
    def groups(self) -> int:
        """How many groups of items there are."""
        return int(self.group.max()) + 1

    def with_system(self, system: int) -> Bools:
        """Pairs with an output of this system."""
        return np.asarray((self.sides == system).any(axis=1))


def training(
    run: Result,
    preferences: Sequence[Preference],
    criterion: Criterion,
    *,
    parts: Sequence[str] | None,
    nuisance: Sequence[str],
    groups: Mapping[str, str] | None,
    weigh: Weighing,
    seed: int,
) -> Training:
    """Joins the scores of a run with preferences.

    Raises:
        InputError: preferences do not fit the run, there is one item, or a scorer is the same for all.
        UsageError: a scorer that the run does not have, or that is no part of a blend.
        ItemsFailedError: a scorer has no score for any output that was compared.
    """
    roles: dict[str, Role] = {score.scorer: score.role for score in run.scores}
    chosen = _parts(roles, parts, nuisance)
    lengths = [name for name in roles if name.partition("(")[0] == LENGTH]
    more = [name for name in lengths[:1] if name not in nuisance]
    columns = [*chosen, *nuisance, *more]
    scores = _one_k(scores_of(run, columns), columns)
    votes, warnings = voted(scores, preferences, criterion, seed)
    pairs, cells = votes.pairs, votes.cells
    features = (cells.score[:, pairs.first] - cells.score[:, pairs.second]).T
    _check_columns(features, columns[: len(chosen)])
    group = _groups(cells.items, groups)[cells.item[pairs.first]]
    _, group = np.unique(group, return_inverse=True)
    if group.max() < 1:
        raise InputError(
            "the preferences are about one item; cross-validation by item needs two, and says little below 30"
        )
    return Training(
        parts=tuple(chosen),
        nuisance=tuple(nuisance),
        k=scores.columns[0].k,
        features=features,
        length=columns.index(lengths[0]) if lengths else None,
        duels=_duels(votes.choices, group, weigh),
        votes=np.asarray([len(choices) for choices in votes.choices], np.int64),
        order=pairs.order,
        group=group.astype(np.int64),
        items=cells.item[pairs.first],
        sides=np.stack([cells.system[pairs.first], cells.system[pairs.second]], axis=1),
        ids=cells.items,
        systems=cells.systems,
        warnings=tuple(warnings),
    )


def _parts(roles: Mapping[str, Role], asked: Sequence[str] | None, nuisance: Sequence[str]) -> list[str]:
    """Those asked for, or all that say something of validity."""
    for name in (*(asked or ()), *nuisance):
        if name not in roles:
            raise UsageError(f"the run has no scorer {name!r}; it has: {', '.join(roles)}")
    found = list(dict.fromkeys(asked or [n for n, role in roles.items() if role == "validity" and n not in nuisance]))
    for name in found:
        if roles[name] == "diversity" or name.startswith("blend("):
            raise UsageError(f"{name} is about sets of outputs, or is a blend itself; a part scores single outputs")
        if name.partition("(")[0] == LENGTH:
            raise UsageError(f"{name} has no good direction: longer is not better; fit its habit with --nuisance")
        if name in nuisance:
            raise UsageError(f"{name} is named as a part and as nuisance; it is one of the two")
    if not found:
        raise UsageError(
            "no scorer is left to blend; name them with --scorer, those of the run are: " + ", ".join(roles)
        )
    return found


def _one_k(scores: Scores, columns: Sequence[str]) -> Scores:
    """The scores in the order of the columns, asked at one number of references."""
    ks = list(dict.fromkeys(column.k for column in scores.columns))
    if len(ks) > 1:
        raise UsageError(
            f"the run has scores at k={', '.join(map(str, ks))}; fit a blend on a run at one number of references"
        )
    place = [scores.columns.index(Column(name, ks[0])) for name in columns]
    return Scores(
        items=scores.items,
        systems=scores.systems,
        columns=tuple(scores.columns[i] for i in place),
        table=scores.table[place],
        there=scores.there,
        corpus=scores.corpus[place],
        signatures=tuple(scores.signatures[i] for i in place),
        lower=tuple(scores.lower[i] for i in place),
        several=scores.several,
    )


def _check_columns(features: Floats, parts: Sequence[str]) -> None:
    for number, name in enumerate(parts):
        if not features[:, number].any():
            raise InputError(
                f"{name} gives both outputs the same score in all {len(features)} pairs: there is nothing to weigh; leave it "
                "out by naming the others (--scorer)"
            )


def _groups(items: Sequence[str], groups: Mapping[str, str] | None) -> Ints:
    """A number for each item, the same for those of one group."""
    if groups is None:
        return np.arange(len(items), dtype=np.int64)
    missing = [item for item in items if item not in groups]
    if missing:
        raise InputError(
            f"groups has no entry for the item {missing[0]!r} ({len(missing)} in all); give one for every item"
        )
    place = {name: i for i, name in enumerate(dict.fromkeys(groups[item] for item in items))}
    return np.asarray([place[groups[item]] for item in items], np.int64)


def _duels(choices: Sequence[Sequence[int]], group: Ints, weigh: Weighing) -> Duels:
    counts = np.asarray([[mine.count(what) for what in (1, -1, 0)] for mine in map(list, choices)], np.float64)
    if weigh == "items":
        counts /= np.bincount(group, counts.sum(axis=1))[group][:, None]
    return Duels(np.zeros((len(counts), 0)), *counts.T)

"""Why a system has no worth, in words."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geneval_scorers._ragged import Floats, Ints
from geneval_scorers.preference._comparisons import Comparisons
from geneval_scorers.preference._design import ORDER, Design
from geneval_scorers.preference._existence import Identified, by_design, weak_groups

NO_LINK = "a prior does not compare what no chain of comparisons links"
_MORE = "more comparisons settle it (next_pairs)"
_FIRTH = f"{_MORE}, or prior='firth' gives shrunken worths, flagged as such"
_PRIOR = f"{_MORE}, or prior='firth' or 'gaussian' gives shrunken worths, flagged as such"


def way_out(design: Design, found: Identified) -> list[str]:
    """What helps: a prior only where outcomes, and not who met whom, leave a worth open."""
    missing = ~np.isin(np.arange(design.size), found.main)
    held = np.isin(np.arange(design.size), by_design(design).main)
    told = []
    if (missing & held).any():
        # a Gaussian prior holds worths only
        told.append(_PRIOR if found.tie and found.extra.all() else _FIRTH)
    if (missing & ~held).any():
        why = NO_LINK if len(np.unique(weak_groups(design))) > 1 else "no prior does"
        told.append(why if told else f"{_MORE}; {why}")
    return told


def reasons(votes: Comparisons, design: Design, found: Identified) -> dict[int, str]:
    """For each system without a worth, why."""
    missing = np.setdiff1d(np.arange(design.size), found.main)
    if not len(missing):
        return {}
    linked, wins = weak_groups(design), design.wins
    met = np.stack([wins.sum(axis=1), wins.sum(axis=0), design.ties.sum(axis=1)])
    whole = _whole(design, found, linked)
    return {int(i): whole or _one(votes, found, linked, int(i), met) for i in missing}


def _whole(design: Design, found: Identified, linked: Ints) -> str:
    """Why no system has one, if one reason holds for all."""
    if len(found.main):
        return ""
    if not found.tie:
        return f"the parameter of ties has no finite estimate ({_tie_reason(design)}), and no worth has one without it"
    if design.names and not found.extra.all() and len(np.unique(linked)) == 1:
        open_ = " and ".join(name for name, fine in zip(design.names, found.extra, strict=True) if not fine)
        return f"the {_effect(open_)} cannot be told apart from the worths: one of the two explains the outcomes alone"
    return ""


def _effect(name: str) -> str:
    return "order effect" if name == ORDER else f"effect of {name}"


def _tie_reason(design: Design) -> str:
    won, lost, tied = design.counts.sum(axis=1)
    return "all comparisons are ties" if tied and not won + lost else "a larger one makes every outcome likelier"


def _one(votes: Comparisons, found: Identified, linked: Ints, i: int, met: Floats) -> str:
    won, lost, ties = met[:, i]
    if not won + lost + ties:
        return "it was in no comparison"
    main = found.main
    if len(main) and linked[i] != linked[main[0]]:
        return f"no chain of comparisons links it with {names(votes.systems, main)}"
    if not lost + ties:
        return f"it won all {won:.15g} of its comparisons: its worth has no upper bound"
    if not won + ties:
        return f"it lost all {lost:.15g} of its comparisons: its worth has no lower bound"
    group = np.flatnonzero(found.group == found.group[i])
    others = np.flatnonzero((found.group != found.group[i]) & (linked == linked[i]))
    if not len(others):
        return f"its group ({names(votes.systems, group)}) is linked with no other, and none is the largest"
    return _sided(votes, group, others)


def _sided(votes: Comparisons, group: Ints, others: Ints) -> str:
    """How a group that is linked with others, but not both ways, stands to them."""
    between = votes.wins[np.ix_(group, others)].sum(), votes.wins[np.ix_(others, group)].sum()
    who = "it" if len(group) == 1 else f"its group ({names(votes.systems, group)})"
    if between[0] and not between[1]:
        return f"{who} never lost to {names(votes.systems, others)}: by how much it is better has no upper bound"
    if between[1] and not between[0]:
        return f"{who} never won against {names(votes.systems, others)}: by how much it is worse has no lower bound"
    return f"wins and losses do not bound by how much {who} differs from {names(votes.systems, others)}"


def names(systems: tuple[str, ...], which: Iterable[int], most: int = 6) -> str:
    """Names for a sentence, the first few of many."""
    found = [systems[i] for i in which]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")

"""Which outputs are valid, by which evidence, each kind apart: being valid is not being good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._people import Criterion
from geneval.agreement._scores import known
from geneval.data import Judgement, Preference, Rating
from geneval.underestimation._outputs import Outputs
from geneval_references import ReferenceSet, UsageError, fold

Bools = np.ndarray


@dataclass(frozen=True, eq=False)
class Validity:
    """Evidence of one kind.

    Attributes:
        evidence: `judged`, `rated`, `rated:NAME`, `preferred`, `verified`, `inferred`, or `unknown`.
        rule: when an output counts as valid.
        known: [items, systems], of which outputs something is known.
        valid: which of them are valid.
        copies: which of them say nothing of scores, for they equal a reference that they are scored against.
    """

    evidence: str
    rule: str
    known: Bools
    valid: Bools
    copies: Bools | None = None

    @property
    def told(self) -> Bools:
        """[items, systems], valid outputs whose scores say something."""
        found = self.known & self.valid
        return np.asarray(found if self.copies is None else found & ~self.copies)


def kinds_of(
    outputs: Outputs,
    *,
    ratings: Sequence[Rating],
    preferences: Sequence[Preference],
    judgements: Sequence[Judgement],
    criterion: Criterion | None,
    valid_from: Mapping[str, float],
    lower: Sequence[str] = (),
    references: Sequence[ReferenceSet] = (),
) -> list[Validity]:
    """All kinds of evidence that there are; `unknown` are the outputs that none speaks of."""
    found = []
    if judgements:
        found.append(_judged(outputs, judgements))
    for name, limit in valid_from.items():
        asked = name or (criterion.name if criterion else None)
        counts = criterion is not None and asked == criterion.name
        turned = asked in lower or (counts and criterion is not None and criterion.lower)
        found.append(_rated(outputs, ratings, name, (asked, turned), limit))
    if preferences:
        found.append(_preferred(outputs, preferences))
    found += _equal_to(outputs, references, "verified", "equals a reference of its item that people judged valid")
    rule = "equals a reference of its item that a calibrated model admitted, from another origin than the system itself"
    found += _equal_to(outputs, references, "inferred", rule)
    there = outputs.scores.there
    spoken = np.zeros_like(there)
    for kind in found:
        spoken |= kind.known
    return [*found, Validity("unknown", "nobody spoke of it; it may be valid or not", there & ~spoken, there & ~spoken)]


def _judged(outputs: Outputs, judgements: Sequence[Judgement]) -> Validity:
    votes: dict[tuple[str, str], list[float]] = defaultdict(list)
    worth = {"valid": 1.0, "partly": 0.5, "invalid": 0.0}
    for row in judgements:
        if row.verdict in worth:
            votes[row.id, fold(row.text)].append(worth[row.verdict])
    there, valid = _blank(outputs), _blank(outputs)
    for item, system in zip(*np.nonzero(outputs.text >= 0), strict=True):
        cast = votes.get((outputs.corpus.ids[item], fold(outputs.corpus.texts[outputs.text[item, system]])))
        if cast:
            there[item, system], valid[item, system] = True, sum(v == 1.0 for v in cast) > len(cast) / 2
    return Validity("judged", "more than half of its judgements say valid; partly does not", there, valid)


def _rated(
    outputs: Outputs, ratings: Sequence[Rating], name: str, criterion: tuple[str | None, bool], limit: float
) -> Validity:
    asked, turned = criterion
    items, systems = known(outputs.scores.items), known(outputs.scores.systems)
    sums, counts = np.zeros(outputs.text.shape), np.zeros(outputs.text.shape)
    for row in ratings:
        if row.criterion == asked and row.id in items and row.system in systems:
            sums[items[row.id], systems[row.system]] += row.value
            counts[items[row.id], systems[row.system]] += 1
    there = (counts > 0) & outputs.scores.there
    if not there.any():
        raise UsageError(f"no output is rated for {asked!r}, which --valid names")
    mean = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    good = mean <= limit + 1e-9 if turned else mean >= limit - 1e-9
    rule = f"mean grade {asked or ''} {'at or below' if turned else 'at or above'} {limit:g}".replace("  ", " ")
    return Validity("rated" if not name else f"rated:{name}", rule, there, there & good)


def _preferred(outputs: Outputs, preferences: Sequence[Preference]) -> Validity:
    """Against outputs that equal one of the item's references: wins and half of ties in half the votes or more."""
    items, systems = known(outputs.scores.items), known(outputs.scores.systems)
    corpus = outputs.corpus
    votes: dict[tuple[int, int], list[float]] = defaultdict(list)
    for row in preferences:
        if row.id not in items or row.a not in systems or row.b not in systems or row.winner == "skip":
            continue
        item, sides = items[row.id], (systems[row.a], systems[row.b])
        if min(outputs.text[item, sides[0]], outputs.text[item, sides[1]]) < 0:
            continue
        own = set(corpus.folded[corpus.references.row(item)].tolist())
        share = {"a": (1.0, 0.0), "b": (0.0, 1.0)}.get(row.winner, (0.5, 0.5))
        if row.winner == "both_bad":
            share = (0.0, 0.0)
        for mine, other, value in ((0, 1, share[0]), (1, 0, share[1])):
            if int(corpus.folded[outputs.text[item, sides[other]]]) in own:
                votes[item, sides[mine]].append(value)
    there, valid = _blank(outputs), _blank(outputs)
    for (item, system), cast in votes.items():
        there[item, system], valid[item, system] = True, float(np.mean(cast)) >= 0.5
    return Validity("preferred", "not below an original reference in half of the votes or more", there, valid)


def _equal_to(outputs: Outputs, references: Sequence[ReferenceSet], tier: str, rule: str) -> list[Validity]:
    """Outputs whose text is, folded, that of a reference of this tier: nothing is known of the others.

    What people said of a text holds whoever wrote it; what a model infers of a system's own output does not speak for it.
    """
    items, valid = known(outputs.scores.items), _blank(outputs)
    for one in references:
        mine = [r for r in one.references if r.tier == tier and r.text.strip()]
        if not mine or one.id not in items:
            continue
        origins: dict[str, set[str]] = defaultdict(set)
        for reference in mine:
            origins[fold(reference.text)].add(reference.origin)
        for system in np.flatnonzero(outputs.text[items[one.id]] >= 0).tolist():
            found = origins.get(fold(outputs.corpus.texts[outputs.text[items[one.id], system]]), set())
            own = set() if tier == "verified" else {f"output:{outputs.systems[system]}"}
            valid[items[one.id], system] = bool(found - own)
    return [Validity(tier, rule, valid.copy(), valid, _copies(outputs, valid))] if valid.any() else []


def _copies(outputs: Outputs, among: Bools) -> Bools:
    """Which of these outputs equal a reference that counts."""
    corpus, out = outputs.corpus, _blank(outputs)
    for item, system in zip(*(rows.tolist() for rows in np.nonzero(among)), strict=True):
        own = corpus.folded[corpus.references.row(item)]
        out[item, system] = corpus.folded[outputs.text[item, system]] in own
    return out


def _blank(outputs: Outputs) -> Bools:
    return np.zeros(outputs.text.shape, bool)

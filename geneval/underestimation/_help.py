"""What would help most: two more references an item, or 150 more judgements?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from geneval.underestimation._agreement_at_k import agreement_at_k
from geneval.underestimation._components import Components, components_of
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._known import Known
from geneval.underestimation._model import Finding
from geneval.underestimation._reference_halves import DRAWS, halves_of

REFERENCES = 2
JUDGEMENTS = 150


@dataclass(frozen=True, slots=True)
class Option:
    """Something to collect.

    Attributes:
        text: what.
        then: the variance of a system's difference with it; None: cannot be told.
        adds: how many of what.
    """

    text: str
    then: float | None
    adds: Mapping[str, int]

    def told(self, now: float) -> dict[str, object]:
        """With standard errors."""
        then = None if self.then is None else math.sqrt(max(self.then, 0.0))
        return {"option": self.text, "adds": self.adds, "se_now": math.sqrt(now), "se_then": then}


def help_of(known: Known) -> dict[str, object]:
    """Where the error of differences comes from, what would make it smaller, and how many references are enough."""
    halves = halves_of(known)
    rows = [_of_scorer(known, one, components_of(known, one, halves)) for one in known.scorers]
    told = None
    if halves is not None:
        told = (
            f"from {len(halves.items)} of {halves.of_all} items with {halves.references} distinct references or more, parted in "
            f"two {DRAWS} times"
        )
    return {"scorers": rows, "references": agreement_at_k(known, halves), "sample": told}


def _of_scorer(known: Known, one: OfScorer, found: Components | None) -> dict[str, object]:
    if found is None:
        reason = one.design.trouble or "systems cannot be compared"
        return {
            "scorer": one.name,
            "components": [],
            "options": [],
            "sentence": f"{one.name}: {reason}",
            "reason": reason,
        }
    mine = [row for row in known.findings if row.scorer == one.name]
    options = list(_options(known, found, mine))
    return {
        "scorer": one.name,
        "components": list(_listed(known, found)),
        "options": [option.told(found.total) for option in options],
        "sentence": _sentence(one.name, options, found.total, mine),
    }


def _listed(known: Known, found: Components) -> Iterator[dict[str, object]]:
    """Sources; shares are of what the intervals hold."""
    total = found.total or 1.0
    yield {
        "source": "items", "variance": found.items, "share": found.items / total, "in_interval": True,
        "note": "systems differ from item to item; what else differs between single outputs cannot be told from it",
    }  # fmt: skip
    drawn = found.references
    if drawn is None:
        yield _unknown("references", "most items have one reference: what another would change cannot be told")
    else:
        law = "assumed: halves hold one" if drawn.assumed else "fitted to halves"
        yield {
            "source": "references", "variance": drawn.variance, "share": drawn.variance / total, "in_interval": True,
            "note": f"falls as references^-{drawn.power:.2f} ({law}); {drawn.references:.1f} an item",
        }  # fmt: skip
    assumed = known.evidence.assumed
    yield {
        "source": "grades", "variance": found.grades, "share": found.grades / total, "in_interval": True,
        "note": "noise of grades, of the reliability that is assumed" if assumed else "noise of grades, from repeated ones",
    }  # fmt: skip
    if found.raters is None:
        yield _unknown(
            "raters", "that a rater likes a system cannot be told: it takes several named people for the same outputs"
        )
    else:
        yield {
            "source": "raters", "variance": found.raters, "share": found.raters / total, "in_interval": False,
            "note": "that a rater likes a system: it comes on top of the interval, and only more raters make it smaller",
        }  # fmt: skip


def _unknown(source: str, reason: str) -> dict[str, object]:
    return {"source": source, "variance": None, "share": None, "in_interval": True, "note": reason}


def _options(known: Known, found: Components, findings: Sequence[Finding]) -> Iterator[Option]:
    """What could be collected; the first three are compared."""
    judged, each, what = _judged(known)
    items, drawn, more = known.evidence.design.clusters, found.references, JUDGEMENTS
    then = None if drawn is None else found.total - found.scale * (drawn.variance - drawn.at(REFERENCES))
    yield Option(f"{REFERENCES} more references an item", then, {"references": REFERENCES * items})
    # An output with one grade more than it had has this share less of its noise.
    again = found.total - found.scale * found.grades * min(more / judged, 1.0) / (each + 1)
    yield Option(f"{more} more {what} that have some", again, {"judgements": more})
    # New outputs get as many grades each.
    yield Option(f"{more} {what} of new items", _grown(found.total, judged * each, more), {"judgements": more})
    twice = {"items": items, "judgements": round(judged * each)}
    yield Option("twice the items", _grown(found.total, judged, judged), twice)
    needed = max((row.needed for row in findings if row.needed), default=None)
    if needed:
        outputs = known.evidence.outputs
        text = f"{needed:,} judged outputs in all, which would settle every system"
        yield Option(text, _grown(found.total, outputs, needed - outputs), {"judged_outputs": needed - outputs})


def _grown(variance: float, judged: float, more: float) -> float:
    return variance * judged / (judged + more)


def _judged(known: Known) -> tuple[int, float, str]:
    """How many outputs (or pairs of them) people spoke of, how often each, and what that is called."""
    evidence, said = known.evidence, known.said
    names = [
        (known.outputs.corpus.ids[i], known.outputs.systems[s])
        for i, s in zip(evidence.item, evidence.system, strict=True)
    ]
    if evidence.kind == "ratings" and said.of_ratings is not None:
        cells = set(names)
        rows = sum(row.criterion == said.of_ratings.name and (row.id, row.system) in cells for row in said.ratings)
        return len(cells), max(rows / len(cells), 1.0), "grades of outputs"
    pairs = {(id_, frozenset((a, b))) for (id_, a), (_, b) in zip(names[::2], names[1::2], strict=True)}
    rows = sum((row.id, frozenset((row.a, row.b))) in pairs and row.winner != "skip" for row in said.preferences)
    return len(pairs), max(rows / len(pairs), 1.0), "choices between outputs"


def _sentence(name: str, options: Sequence[Option], now: float, findings: Sequence[Finding]) -> str:
    """The best of the first three options, with its numbers, beside the others."""
    if not now:
        return f"{name}: it gives systems the same everywhere, without error; nothing would help"
    compared = sorted((math.sqrt(one.then), one.text) for one in options[:3] if one.then is not None)
    then, best = compared[0]
    others = ", ".join(f"{text}: {other:.3g}" for other, text in compared[1:])
    said = (
        f"{name}: {best} would help most: the standard error of a system's difference goes from {math.sqrt(now):.3g} to "
        f"{then:.3g} ({others})"
    )
    most = max((row for row in findings if row.needed), key=lambda row: row.needed or 0, default=None)
    if most is None:
        open_ = [row.system for row in findings if row.verdict == "not_enough_evidence"]
        told = (
            "every system is settled already"
            if not open_
            else f"how many would settle {', '.join(open_)} cannot be told"
        )
        return f"{said}; {told}"
    return f"{said}; about {most.needed:,} judged outputs in all would settle {most.system}"

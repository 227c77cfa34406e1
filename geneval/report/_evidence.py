"""The evidence: valid outputs that a scorer puts below the human band, with all that is known of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np

from geneval.agreement._correlations import Floats
from geneval.report._island import size_of
from geneval.report._words import Json
from geneval.underestimation._band import Band
from geneval.underestimation._findings import HEADLINE, OfScorer
from geneval.underestimation._known import Known
from geneval_references import Reference, ReferenceSet, fold

RULE = (
    f"An output is penalised by a scorer if, scored against its item's references with one left out in turn, more than "
    f"half of its scores lie below the score that {HEADLINE:.0%} of the references of other items lie below, ties half. "
    "References are scored against the same references, each in its turn."
)


@dataclass(frozen=True, eq=False)
class Place:
    """Where one scorer puts each output, [items, systems]; NaN where there is no band.

    Attributes:
        below: share of its scores below the threshold.
        own: mean of its scores, one reference left out.
        percentile: where it lies among references, 0 to 1.
        limit: the threshold.
    """

    below: Floats
    own: Floats
    percentile: Floats
    limit: Floats

    @cached_property
    def penalised(self) -> np.ndarray:
        """[items, systems]."""
        return np.nan_to_num(self.below) > 0.5


def place_of(one: OfScorer) -> Place:
    """Where a scorer puts all outputs."""
    shape = one.outputs.text.shape
    below, own, percentile, limit = (np.full(shape, np.nan) for _ in range(4))
    for system, band in one.bands.items():
        sides = one.sides[system]["pooled"]
        if not len(sides.output):
            continue
        limits = sides.pool.limits[HEADLINE].at
        below[band.item, system] = sides.below(HEADLINE)
        own[band.item, system] = sides.pool.share(sides.output)
        percentile[band.item, system] = sides.percentiles()
        limit[band.item, system] = limits
    return Place(below, own, percentile, limit)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the list is made from.

    Attributes:
        known: the report's data.
        attribution: the section of that name, as JSON; empty where there is none.
    """

    known: Known
    attribution: Json

    @cached_property
    def places(self) -> list[Place]:
        """By scorer."""
        return [place_of(one) for one in self.known.scorers]

    @cached_property
    def valid(self) -> np.ndarray:
        """[items, systems]; where no evidence calls any output valid, those that nobody spoke of."""
        return self._of("known") if self.told else self._of("unknown")

    @cached_property
    def told(self) -> bool:
        """Whether any output of the cleaned data is known to be valid."""
        return bool(self._of("known").any())

    def _of(self, which: str) -> np.ndarray:
        outputs, found = self.known.outputs, np.zeros(self.known.outputs.text.shape, bool)
        for kind in self.known.kinds:
            if (kind.evidence == "unknown") == (which == "unknown"):
                found |= kind.valid & kind.known
        if which == "unknown" and not found.any():
            found = outputs.text >= 0
        kept = np.zeros_like(found)
        kept[list(self.known.items)] = found[list(self.known.items)]
        return kept

    @cached_property
    def causes(self) -> dict[tuple[str, str], dict[int, Json]]:
        """By item and system what the attribution says of each scorer's verdict on it."""
        found: dict[tuple[str, str], dict[int, Json]] = defaultdict(dict)
        numbers = {one.name: place for place, one in enumerate(self.known.scorers)}
        for said in self.attribution.get("scorers", ()):
            for row in said.get("outputs", ()):
                if said["scorer"] in numbers:
                    found[row["id"], row["system"]][numbers[said["scorer"]]] = row
        return found

    @cached_property
    def cells(self) -> list[tuple[int, int]]:
        """(item, system) of those that are listed: by most scorers and furthest down first."""
        count = np.sum([place.penalised for place in self.places], axis=0) * self.valid
        systems = {name: place for place, name in enumerate(self.known.outputs.systems)}
        for id_, name in self.causes:
            cell = self.known.outputs.corpus.item(id_), systems[name]
            count[cell] = max(count[cell], 1)
        with np.errstate(all="ignore"):
            lowest = np.nanmin(np.nan_to_num([place.percentile for place in self.places], nan=1.0), axis=0)
        item, system = np.nonzero(count)
        order = np.lexsort((system, item, lowest[item, system], -count[item, system]))
        return list(zip(item[order].tolist(), system[order].tolist(), strict=True))


class Island:
    """The list as JSON, within a number of bytes: texts, references and names once, rows that refer to them."""

    def __init__(self, evidence: Evidence, limit: int) -> None:
        """Takes rows in order until the limit."""
        self._known, self._evidence = evidence.known, evidence
        self._all = {item.id: item for item in self._known.inputs.items}
        self._lists: dict[str, dict[str, int]] = defaultdict(dict)
        self._items: dict[int, int] = {}
        self.items: list[dict[str, object]] = []
        self.rows: list[dict[str, object]] = []
        self.size = 0
        for item, system in evidence.cells:
            self.rows.append(self._counted(self._row(item, system)))
            if self.size > limit:
                self.rows.pop()
                break

    def to_dict(self) -> dict[str, object]:
        """What the page holds."""
        outputs = self._known.outputs
        lists = {name: list(found) for name, found in self._lists.items()}
        turned = [bool(one) for one in outputs.scores.lower]
        names = {"scorers": [one.name for one in self._known.scorers], "turned": turned, "systems": outputs.systems}
        empty: dict[str, list[str]] = {"texts": [], "tiers": [], "origins": [], "kinds": [], "criteria": []}
        return {**empty, **names, **lists, "items": self.items, "rows": self.rows, "total": len(self._evidence.cells)}

    def _counted(self, row: dict[str, object]) -> dict[str, object]:
        self.size += size_of(row)
        return row

    def _number(self, kind: str, name: str) -> int:
        found = self._lists[kind]
        if name not in found:
            found[name] = len(found)
            self.size += size_of(name)
        return found[name]

    def _row(self, item: int, system: int) -> dict[str, object]:
        outputs = self._known.outputs
        id_, name = outputs.corpus.ids[item], outputs.systems[system]
        text = outputs.corpus.texts[outputs.text[item, system]]
        row: dict[str, object] = {"i": self._item(item), "s": system, "t": self._number("texts", text)}
        row["k"] = [
            self._number("kinds", kind.evidence)
            for kind in self._known.kinds
            if (kind.valid & kind.known)[item, system]
        ]
        row["m"] = [mark for place in range(len(self._known.scorers)) if (mark := self._mark(place, item, system))]
        row["g"] = [[self._number("criteria", one or "grade"), *said] for one, said in self._grades(id_, name)]
        votes = {"j": self._judged.get((id_, fold(text))), "p": self._preferred.get((id_, name))}
        row |= {key: dict(found) for key, found in votes.items() if found}
        causes = self._evidence.causes.get((id_, name), {})
        if causes:
            row["c"] = {str(place): _cause(found) for place, found in causes.items()}
        return row

    def _mark(self, place: int, item: int, system: int) -> list[object] | None:
        """[scorer, score, own, low, median, high, limit, percentile, penalised]."""
        found, outputs = self._evidence.places[place], self._known.outputs
        if np.isnan(found.own[item, system]):
            return None
        theirs = self._theirs(place, system, item)
        score = outputs.scores.table[place, item, system]
        numbers = (score, found.own[item, system], *_spread(theirs.tolist()), found.limit[item, system])
        share = round(float(found.percentile[item, system]), 3)
        return [place, *(_short(value) for value in numbers), share, int(found.penalised[item, system])]

    def _theirs(self, place: int, system: int, item: int) -> Floats:
        if (place, system) not in self._at:
            band: Band = self._known.scorers[place].bands[system]
            self._at[place, system] = {int(one): n for n, one in enumerate(band.item)}
        band = self._known.scorers[place].bands[system]
        return band.of_reference[self._at[place, system][item]]

    @cached_property
    def _at(self) -> dict[tuple[int, int], dict[int, int]]:
        return {}

    def _item(self, item: int) -> int:
        if item in self._items:
            return self._items[item]
        counted = self._known.outputs.items[item]
        given: ReferenceSet = self._all.get(counted.id, counted)
        texts = {(r.text, r.origin) for r in counted.references}
        found: dict[str, object] = {"id": given.id}
        if given.source:
            found["s"] = self._number("texts", given.source)
        if given.condition:
            found["c"] = given.condition
        found["r"] = [self._reference(r, counts=(r.text, r.origin) in texts) for r in given.references]
        self._items[item] = len(self.items)
        self.items.append(self._counted(found))
        return self._items[item]

    def _reference(self, given: Reference, *, counts: bool) -> list[object]:
        """[text, tier, origin, whether it counts, votes]."""
        row: list[object] = [self._number("texts", given.text), self._number("tiers", given.tier)]
        row += [self._number("origins", given.origin), int(counts)]
        return [*row, dict(given.votes)] if given.votes else row

    def _grades(self, id_: str, system: str) -> list[tuple[str | None, Sequence[object]]]:
        """The criterion that counts first."""
        counts = self._known.said.of_ratings
        return sorted(self._graded[id_, system].items(), key=lambda one: counts is not None and one[0] != counts.name)

    @cached_property
    def _graded(self) -> Mapping[tuple[str, str], Mapping[str | None, Sequence[object]]]:
        """By item and system, criterion -> (mean grade, how many grades)."""
        found: dict[tuple[str, str], dict[str | None, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in self._known.said.ratings:
            found[row.id, row.system][row.criterion].append(row.value)
        means: dict[tuple[str, str], dict[str | None, Sequence[object]]] = defaultdict(dict)
        for key, by_criterion in found.items():
            means[key] = {name: (_short(float(np.mean(v))), len(v)) for name, v in by_criterion.items()}
        return means

    @cached_property
    def _judged(self) -> Mapping[tuple[str, str], Counter[str]]:
        found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for row in self._known.said.judgements:
            found[row.id, fold(row.text)][row.verdict] += 1
        return found

    @cached_property
    def _preferred(self) -> Mapping[tuple[str, str], Counter[str]]:
        found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for row in self._known.said.preferences:
            for mine, system in (("a", row.a), ("b", row.b)):
                found[row.id, system][_outcome(row.winner, mine)] += 1
        return found


def _spread(scores: list[float]) -> tuple[float, float, float]:
    """Lowest, median and highest."""
    return min(scores), median(scores), max(scores)


def _outcome(winner: str, mine: str) -> str:
    return "won" if winner == mine else "lost" if winner in {"a", "b"} else winner.replace("_", " ")


def _cause(found: Json) -> dict[str, object]:
    """Cause and units of an attribution's row, without what the page knows already."""
    units = found.get("units") or {}
    out: dict[str, object] = {"cause": found.get("cause")}
    kept = {key: units[key] for key in ("omitted", "added", "distorted", "lexical") if units.get(key)}
    return out | ({"units": kept} if kept else {})


def _short(value: Any) -> float | None:
    """Four digits: what a reader can tell apart."""
    return None if np.isnan(value) else float(f"{value:.4g}")


def described(island: Mapping[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """The first rows with their texts, for readers without scripts."""
    texts = island["texts"]
    for row in island["rows"][:count]:
        item = island["items"][row["i"]]
        yield {
            "id": item["id"],
            "system": island["systems"][row["s"]],
            "output": texts[row["t"]],
            "source": texts[item["s"]] if "s" in item else None,
            "grades": [(island["criteria"][name], mean) for name, mean, _ in row["g"]],
            "references": [
                (texts[one[0]], island["tiers"][one[1]], island["origins"][one[2]], bool(one[3])) for one in item["r"]
            ],
            "marks": [(island["scorers"][m[0]], m[2], m[3], m[5], m[8]) for m in row["m"]],
        }

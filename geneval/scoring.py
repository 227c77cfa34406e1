"""From the statistics of all blocks to scores, bands, intervals and warnings."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval import __version__
from geneval.answering import REASONS, Question, role_of
from geneval.copies import CopyRates, copy_rates, notable_copies
from geneval.parts import Parts
from geneval.results import Score
from geneval.segments import Asked, Column, Computed
from geneval.selection import Census
from geneval.settings import Settings
from geneval_references import TIERS
from geneval_scorers import FAILED, Answers, Queries, Ragged, Resamples, Scorer, percentile_interval, turns

Ints = npt.NDArray[np.int64]

_MISSING = ("no_reference", "too_few_references", "too_few_outputs")
"""Reasons that are of the data: there was nothing to ask the scorer."""

FEW_ITEMS = 30
"""Below so many items an interval says little; a warning says so."""


class Joined:
    """What all blocks together say, without their texts; outputs are in the order they were given in.

    Attributes:
        ids: of the items.
        units: for each item its place in the order of ids, which no shuffling of the input changes.
        systems: names.
        copies: of every system.
        reference_hash: of the references that count.
    """

    def __init__(self, parts: Parts, census: Census, settings: Settings) -> None:
        self.census, self.settings = census, settings
        self.ids, self.systems = census.ids, census.systems
        self.reference_hash = census.reference_hash()
        self.units = np.empty(len(self.ids), np.int64)
        self.units[sorted(range(len(self.ids)), key=self.ids.__getitem__)] = np.arange(len(self.ids))
        self._parts = parts
        self._order: dict[str, Ints | None] = {}
        self._asked: dict[str, Asked] = {}
        self.facts: list[dict[str, Any]] = [json.loads(array.tobytes()) for array in parts.get("facts")]
        self.copies = copy_rates((facts["copies"] for facts in self.facts), settings.copies, self.systems)

    def asked(self, role: str) -> Asked:
        """Who is asked about: the `outputs`, or the `sets` of them where there is a scorer of sets."""
        if role not in self._asked:
            number = _whole(self._parts.get(f"{role}.number"))
            self._order[role] = None if (np.diff(number) > 0).all() else np.argsort(number)
            names = ("item", "system", "sample", "size", "blank")
            self._asked[role] = Asked(*(self._ordered(_whole(self._parts.get(f"{role}.{n}")), role) for n in names))
        return self._asked[role]

    def answers(self, question: Question) -> Answers:
        """All answers to one question; `queries` names items (places in `ids`) and outputs, and holds no texts."""
        role, band = question.role, question.role == "band"
        item = _whole(self._parts.get("band.item")) if band else self.asked(role).item
        draws = list(self._parts.get(f"{question.name}.draws"))
        before = np.cumsum([0, *(int(array.sum()) for array in draws)])
        starts = [
            array + start for array, start in zip(self._parts.get(f"{question.name}.starts"), before, strict=False)
        ]
        reasons = self._field(question, "reason")
        winner = None if band else self._field(question, "winner").astype(np.int64)
        none = Ragged(np.zeros(len(item) + 1, np.int64), np.zeros(0, np.int64))
        return Answers(
            scorer=question.scorer,
            queries=Queries(item, none, none, np.arange(len(item))),
            k=question.k,
            segment=self._field(question, "segment"),
            winner=None if winner is None or (winner < 0).all() else winner,
            rows=_joined(self._parts.get(f"{question.name}.rows"), int(before[-1])),
            starts=self._ordered(np.concatenate(starts), role),
            draws=self._field(question, "draws").astype(np.int64),
            reason=tuple(REASONS[code] for code in reasons.tolist()),
        )

    def rank(self) -> Ints:
        """For every band member its text's place among those of its item."""
        return _whole(self._parts.get("band.rank"))

    def notices(self, scorer: Scorer) -> Iterator[str]:
        """What a scorer has to say about texts and outputs, with the counts of all blocks."""
        sums: dict[tuple[str, str], Ints] = {}
        for facts in self.facts:
            for sentence, (count, total, what) in facts["notices"].get(scorer.label, {}).items():
                before = sums.get((sentence, what), np.zeros(2, np.int64))
                sums[sentence, what] = before + np.asarray([count, total])
        for (sentence, what), (count, total) in sums.items():
            if count:
                yield f"{sentence}: {count} of {total} {what}"

    def segments(self, columns: Sequence[Column]) -> Computed:
        """Segment scores of all outputs, and of sets of them."""
        return Computed(self.ids, self.systems, tuple(columns))

    def column(self, answers: Answers) -> Column:
        """One scorer's segment scores, as small as they can be."""
        codes = np.asarray([REASONS.index(reason) for reason in answers.reason], np.uint8)
        winner = None if answers.winner is None else answers.winner.astype(np.int32)
        asked = self.asked(role_of(answers.scorer))
        return Column(answers.scorer.label, answers.k, asked, answers.segment, winner, codes)

    def signature(self, scorer: Scorer, k: int | None) -> str:
        """The recipe of a score."""
        s, census = self.settings, self.census
        parts = [
            f"geneval:{__version__}",
            scorer.signature(),
            f"refs:{census.fewest}-{census.most}",
            f"refset:{self.reference_hash[:12]}",
            f"tiers:{','.join(tier for tier in TIERS if tier in census.tiers)}",
            "k:all" if k is None else f"k:{k},draws:{s.draws},seed:{s.seed}",
            f"copies:{s.copies}",
        ]
        if s.resamples:
            parts.append(f"interval:{100 * s.confidence:.10g}%,bootstrap:{s.resamples},seed:{s.seed}")
        return "|".join(parts)

    def _field(self, question: Question, name: str) -> npt.NDArray[Any]:
        return self._ordered(_whole(self._parts.get(f"{question.name}.{name}")), question.role)

    def _ordered(self, array: npt.NDArray[Any], role: str) -> npt.NDArray[Any]:
        """In the order in which outputs were given; members of the band stay as they are."""
        order = self._order.get(role)
        return array if order is None else array[order]


@dataclass
class Scoring:
    """Makes scores of answers, and remembers what a reader of them must know."""

    joined: Joined
    missing: Counter[str]
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draws items once for all."""
        settings = self.joined.settings
        self.resamples = Resamples(len(self.joined.ids), settings.resamples, settings.seed)

    def scores(self, answers: Answers) -> Iterator[Score]:
        """One a system."""
        signature = self.joined.signature(answers.scorer, answers.k)
        whole = self.joined.asked(role_of(answers.scorer))
        for number, system in enumerate(self.joined.systems):
            asked = np.flatnonzero(whole.system == number)
            yield self._score(
                system,
                answers,
                asked,
                [asked[answers.scored[asked]]],
                copies=self.joined.copies[system],
                signature=signature,
                n_flagged=int(whole.blank[asked].sum()),
                missing=self.missing[system],
            )

    def band(self, answers: Answers) -> Score:
        """The references in the role of a system, each scored against its siblings."""
        self.warn_about_answers(answers, "references in the role of outputs")
        if answers.k is None:
            self.warn(
                "the band's texts have one reference fewer than the outputs; ask for expected scores at k (-k) "
                "to compare the two"
            )
        return self._score(
            "references",
            answers,
            np.arange(len(answers.queries)),
            self._together(answers),
            copies=next(iter(self.joined.copies.values())).of_references(),
            signature=self.joined.signature(answers.scorer, answers.k),
            n_flagged=0,
            missing=0,
        )

    def _together(self, answers: Answers) -> list[Ints]:
        """Band members that play system together.

        A mean over items needs no grouping. Else one reference an item plays at a time, every reference as often as
        any other (items with fewer begin again); which ones go together is decided by the seed, not by their order.
        """
        joined, scored = self.joined, np.flatnonzero(answers.scored)
        if answers.scorer.info.mean or not len(scored):
            return [scored]
        units = joined.units[answers.queries.item[scored]]
        order = np.lexsort((joined.rank()[scored], units))
        _, starts, counts = np.unique(units[order], return_index=True, return_counts=True)
        drawn = np.random.default_rng(joined.settings.seed).integers(0, 1 << 30, len(joined.units))
        shift = drawn[np.unique(units)]
        return [scored[order][starts + (shift + turn) % counts] for turn in range(turns(counts))]

    def _score(
        self,
        system: str,
        answers: Answers,
        asked: Ints,
        groups: list[Ints],
        *,
        copies: CopyRates,
        signature: str,
        n_flagged: int,
        missing: int,
    ) -> Score:
        joined = self.joined
        scores, draws = [], []
        for group in groups:
            units = joined.units[answers.queries.item[group]]
            many = np.bincount(units, minlength=len(joined.units))
            # Several outputs of a system for one item share the weight of one.
            scores.append(answers.corpus(group, None if (many <= 1).all() else 1.0 / many[units]))
            if joined.settings.resamples and len(units) and units.min() != units.max():
                draws.append(self.resamples.scores(answers, group, units))
        low = high = None
        if draws:
            low, high = percentile_interval(np.mean(draws, axis=0), joined.settings.confidence)
        reasons = Counter(map(answers.reason.__getitem__, asked))
        info = answers.scorer.info
        return Score(
            system=system,
            scorer=answers.scorer.label,
            score=_number(math.fsum(scores) / len(scores)),
            low=low,
            high=high,
            scale=info.scale,
            direction=info.direction,
            n=int(answers.scored[asked].sum()),
            n_flagged=n_flagged,
            n_missing=missing + sum(reasons[why] for why in _MISSING),
            n_failed=sum(reasons[why] for why in FAILED),
            tiers=dict(joined.census.tiers),
            k=answers.k,
            copies=copies,
            signature=signature,
            role=info.role,
            counts="sets" if info.kind == "set" else "outputs",
        )

    def warn_about_comparisons(self) -> None:
        """References that do not count, copies, and what stands between numbers that somebody might compare."""
        joined, settings = self.joined, self.joined.settings
        self.warnings += joined.census.warnings()
        self.warnings += notable_copies(joined.copies)
        for system, missing in self.missing.items():
            self.warn(
                f"{system} has no output for {missing} of {len(joined.ids)} items: its scores are over the others, and "
                "not to be compared with scores over all"
            )
        if not settings.k and any(facts["uneven"] for facts in joined.facts):
            self.warn(
                "systems are scored against unequal numbers of references (their own outputs or copies are left out); "
                "ask for expected scores at k (-k) to compare them"
            )

    def warn_about_sets(self, scorer: Scorer) -> None:
        """What stands between scores of sets: how many outputs there are, and that references play no system."""
        if role_of(scorer) != "sets":
            return
        sets = self.joined.asked("sets")
        most, fewest = np.zeros(len(self.joined.ids), np.int64), np.full(len(self.joined.ids), np.iinfo(np.int64).max)
        np.maximum.at(most, sets.item, sets.size)
        np.minimum.at(fewest, sets.item, sets.size)
        uneven = int((most > fewest).sum())
        if uneven:
            gave = ", ".join(f"{s} {_range(sets.size[sets.system == i])}" for i, s in enumerate(self.joined.systems))
            self.warn(
                f"systems gave unequal numbers of outputs for {uneven} items ({gave}): scores of sets hang on how many "
                "there are; compare systems at equal numbers only"
            )
        if self.joined.settings.band:
            self.warn(
                "there is no band of sets of outputs: references that play a set would meet fewer references than outputs "
                "do"
            )

    def warn_about_answers(self, answers: Answers, what: str = "") -> None:
        """Those that are not there, and too few to say much."""
        whole = None if what else self.joined.asked(role_of(answers.scorer))
        what = what or {"sets": "sets of outputs"}.get(role_of(answers.scorer), "outputs")
        reasons = Counter(answers.reason)
        few, none = reasons["too_few_references"], reasons["no_reference"]
        items = len(np.unique(answers.queries.item[~answers.scored]))
        if few:
            self.warn(
                f"{few} {what} (in {items} items) get no score at k={answers.k}: their items have fewer than "
                f"{answers.k} distinct references for at least one of them"
            )
        if none:
            self.warn(f"{none} {what} (in {items} items) get no score: no reference is left for at least one of them")
        small = np.asarray([reason == "too_few_outputs" for reason in answers.reason], bool)
        if small.any():
            self.warn(
                f"{int(small.sum())} {what} get no score from {answers.scorer.label} ({self._owners(whole, small)}): it "
                f"needs {answers.scorer.fewest} outputs of a system for an item, or more. These systems' scores are over "
                "other items than the rest"
            )
        failed = np.flatnonzero(answers.failed)
        if len(failed):
            whose = self._owners(whole, answers.failed)
            long, blind = reasons["too_long"], reasons["no_image"]
            why = f", {long} because a text is longer than {answers.scorer.longest} characters" if long else ""
            why += f", {blind} because the image of the item cannot be read" if blind else ""
            self.warn(
                f"{answers.scorer.label} could not score {len(failed)} {what}{why}"
                + (f" ({whose}): these systems' scores are over other items than the rest" if whose else "")
            )
        count = len(np.unique(answers.queries.item[answers.scored]))
        if 0 < count < FEW_ITEMS:
            self.warn(f"only {count} items are scored: intervals from fewer than {FEW_ITEMS} say little")

    def _owners(self, asked: Asked | None, which: npt.NDArray[np.bool_]) -> str:
        """Which systems these are of, with their counts."""
        numbers = [] if asked is None else asked.system[which].tolist()
        named = Counter(self.joined.systems[number] for number in numbers)
        return ", ".join(f"{system} {count}" for system, count in named.items())

    def warn_about_texts(self, scorer: Scorer) -> None:
        """What a scorer has to say about them."""
        for notice in self.joined.notices(scorer):
            self.warn(notice)

    def warn(self, text: str) -> None:
        """Says it once."""
        if text not in self.warnings:
            self.warnings.append(text)


def _whole(arrays: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(list(arrays))


def _joined(arrays: Iterable[npt.NDArray[Any]], count: int) -> npt.NDArray[Any]:
    """Rows of all blocks, `count` of them, of which no more than one block is held twice."""
    out = np.zeros((0, 1))
    at = 0
    for array in arrays:
        if len(array) == count:
            return array
        if len(array):
            out = np.empty((count, array.shape[1]), array.dtype) if not at else _wide_enough(out, array)
            out[at : at + len(array)] = array
            at += len(array)
    return out


def _wide_enough(out: npt.NDArray[Any], array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return out.astype(np.result_type(out, array), copy=False)


def _range(sizes: Ints) -> str:
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low}" if low == high else f"{low}-{high}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

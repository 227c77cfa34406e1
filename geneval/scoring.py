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
from geneval.answering import REASONS, Question
from geneval.copies import CopyRates, copy_rates, notable_copies
from geneval.parts import Parts
from geneval.results import Score
from geneval.segments import Column, Computed
from geneval.selection import Census
from geneval.settings import Settings
from geneval_references import TIERS
from geneval_scorers import FAILED, Answers, Queries, Ragged, Resamples, Scorer, percentile_interval, turns

Ints = npt.NDArray[np.int64]

FEW_ITEMS = 30
"""Below so many items an interval says little; a warning says so."""


class Joined:
    """What all blocks together say, without their texts; outputs are in the order they were given in.

    Attributes:
        ids: of the items.
        units: for each item its place in the order of ids, which no shuffling of the input changes.
        systems: names.
        item, system, sample, blank: of every output.
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
        number = _whole(parts.get("outputs.number"))
        self._order = None if (np.diff(number) > 0).all() else np.argsort(number)
        self.item, self.system, self.sample, self.blank = (
            self._ordered(_whole(parts.get(f"outputs.{name}"))) for name in ("item", "system", "sample", "blank")
        )
        self.facts: list[dict[str, Any]] = [json.loads(array.tobytes()) for array in parts.get("facts")]
        self.copies = copy_rates((facts["copies"] for facts in self.facts), settings.copies, self.systems)

    def answers(self, question: Question) -> Answers:
        """All answers to one question; `queries` names items (places in `ids`) and outputs, and holds no texts."""
        band = question.role == "band"
        item = _whole(self._parts.get("band.item")) if band else self.item
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
            starts=np.concatenate(starts) if band else self._ordered(np.concatenate(starts)),
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
        """Segment scores of all outputs."""
        return Computed(self.ids, self.systems, self.item, self.system, self.sample, self.blank, tuple(columns))

    def column(self, answers: Answers) -> Column:
        """One scorer's segment scores, as small as they can be."""
        codes = np.asarray([REASONS.index(reason) for reason in answers.reason], np.uint8)
        winner = None if answers.winner is None else answers.winner.astype(np.int32)
        return Column(answers.scorer.label, answers.k, answers.segment, winner, codes)

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
        whole = _whole(self._parts.get(f"{question.name}.{name}"))
        return whole if question.role == "band" else self._ordered(whole)

    def _ordered(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return array if self._order is None else array[self._order]


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
        for number, system in enumerate(self.joined.systems):
            asked = np.flatnonzero(self.joined.system == number)
            yield self._score(
                system,
                answers,
                asked,
                [asked[answers.scored[asked]]],
                copies=self.joined.copies[system],
                signature=signature,
                n_flagged=int(self.joined.blank[asked].sum()),
                missing=self.missing[system],
            )

    def band(self, answers: Answers) -> Score:
        """The references in the role of a system, each scored against its siblings."""
        self.warn_about_answers(answers, "references in the role of outputs")
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
            n_missing=missing + reasons["no_reference"] + reasons["too_few_references"],
            n_failed=sum(reasons[why] for why in FAILED),
            tiers=dict(joined.census.tiers),
            k=answers.k,
            copies=copies,
            signature=signature,
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
        if settings.band and not settings.k:
            self.warn(
                "the band's texts have one reference fewer than the outputs; ask for expected scores at k (-k) "
                "to compare the two"
            )

    def warn_about_answers(self, answers: Answers, what: str = "outputs") -> None:
        """Those that are not there, and too few to say much."""
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
        failed = np.flatnonzero(answers.failed)
        if len(failed):
            owners = self.joined.system[answers.queries.subject[failed]].tolist() if what == "outputs" else []
            named = Counter(self.joined.systems[number] for number in owners)
            whose = ", ".join(f"{system} {count}" for system, count in named.items())
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


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

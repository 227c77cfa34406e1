"""One evaluation run: outputs against reference sets, by several scorers, with intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from geneval import __version__
from geneval.copies import CopyRates, copy_rates, notable_copies
from geneval.results import Result, Score
from geneval_references import TIERS, InputError, ReferenceSet, UsageError, counting, reference_hash, select, unmatched
from geneval_scorers import (
    DRAWS,
    SEED,
    Answers,
    Copies,
    Corpus,
    FitState,
    Queries,
    Resamples,
    Scorer,
    Watch,
    ask_all,
    band,
    expected_at,
    full,
    parse,
    percentile_interval,
    turns,
)

if TYPE_CHECKING:
    from geneval.data import Inputs

Ints = npt.NDArray[np.int64]

FEW_ITEMS = 30
"""Below so many items an interval says little; a warning says so."""

_MOST = 100_000
"""More resamples, draws or references than this are a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How outputs are scored.

    Attributes:
        k: expected scores at these numbers of references; none: against each item's whole set.
        copies: `keep` outputs' own equal references, as other tools do, or `drop` them, for references alike.
        band: also score each reference against its siblings.
        seed: of the bootstrap and of drawn subsets.
        resamples: bootstrap draws of items; 0 for no intervals.
        confidence: of the intervals, between 0 and 1.
        draws: at most so many subsets of an item's references at each k.
        tiers: which references count; None for all but `unverified` ones, which are in no headline number.
        origins, conditions: which references count; None for all.
    """

    k: tuple[int, ...] = ()
    copies: Copies = "keep"
    band: bool = False
    seed: int = SEED
    resamples: int = 1000
    confidence: float = 0.95
    draws: int = DRAWS
    tiers: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    conditions: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Checks types and ranges."""
        whole = [("k", k, 1, _MOST) for k in self.k]
        whole += [("seed", self.seed, 0, 2**63), ("draws", self.draws, 1, _MOST)]
        whole.append(("resamples", self.resamples, 0, _MOST))
        for name, value, low, high in whole:
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise UsageError(f"{name}={value!r} does not fit; allowed: a whole number from {low} to {high}")
        if len(set(self.k)) < len(self.k):
            raise UsageError(f"k={list(self.k)} does not fit; each number of references is asked for once")
        if self.copies not in {"keep", "drop"}:
            raise UsageError(f"copies={self.copies!r} does not fit; allowed: keep, drop")
        for name, given in (("tiers", self.tiers), ("origins", self.origins), ("conditions", self.conditions)):
            if given is not None and not given:
                raise UsageError(f"{name} is empty; name those that count, or leave it out")
        if not isinstance(self.confidence, float) or not 0 < self.confidence < 1:
            raise UsageError(f"confidence={self.confidence!r} does not fit; allowed: between 0 and 1")


def evaluate(
    inputs: Inputs,
    scorers: Sequence[Scorer | str],
    settings: Settings | None = None,
    *,
    fitted: Iterable[FitState] = (),
    watch: Watch | None = None,
) -> Result:
    """Scores all outputs with all scorers.

    Args:
        inputs: outputs and reference sets, as `geneval.data` reads them.
        scorers: scorers or specs.
        settings: how; defaults of `Settings` where not given.
        fitted: state that an earlier run has saved, used in place of fitting on these references.
        watch: told about progress.

    Raises:
        UsageError: no scorer, one scorer twice, or fitted state that no scorer takes.
        MissingDependencyError: what a scorer runs is not installed.
    """
    chosen = _unique([parse(s) if isinstance(s, str) else s for s in scorers])
    for scorer in chosen:
        scorer.prepare()
    return _Run(inputs, settings or Settings(), watch).result(chosen, tuple(fitted))


def _unique(scorers: list[Scorer]) -> list[Scorer]:
    if not scorers:
        raise UsageError("no scorer was given; `geneval scorers` lists what there is")
    names = Counter(scorer.label for scorer in scorers)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UsageError(f"scorer {twice[0]} is given twice; a column needs a name of its own")
    return scorers


@dataclass
class _Run:
    """Everything that the scorers of one run share."""

    inputs: Inputs
    settings: Settings
    watch: Watch | None
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        inputs, settings = self.inputs, self.settings
        rows = [(o.id, o.system, o.text, o.sample) for o in inputs.outputs]
        self.items = self._selected(inputs.items)
        self.corpus = Corpus(self.items, rows, watch=self.watch)
        # Document frequencies and the like come from all references, whichever of them count here.
        self.fit_corpus = self.corpus if self.items is inputs.items else Corpus(inputs.items, rows, watch=self.watch)
        self.queries = full(self.corpus, copies=settings.copies)
        self.units = np.empty(len(self.corpus.ids), np.int64)
        self.units[np.asarray(sorted(range(len(self.units)), key=self.corpus.ids.__getitem__), np.int64)] = np.arange(
            len(self.units)
        )
        self.resamples = Resamples(len(self.units), settings.resamples, settings.seed)
        self.tiers = dict(Counter(str(r.tier) for item in self.items for r in item.references))
        self.refset = reference_hash(self.items)

    def _selected(self, items: tuple[ReferenceSet, ...]) -> tuple[ReferenceSet, ...]:
        s = self.settings
        where: dict[str, tuple[str, ...] | None] = {"origins": s.origins, "conditions": s.conditions}
        selected = counting(items, tiers=s.tiers, **where)
        blank = sum(not r.text.strip() for item in select(items, tiers=s.tiers, **where) for r in item.references)
        unverified = sum(len(i.references) for i in select(items, tiers=("unverified",), **where)) if not s.tiers else 0
        for filtered in unmatched(items, tiers=s.tiers, **where):
            self._warn(f"no reference is of {filtered}")
        if blank:
            self._warn(f"{blank} empty references do not count: nothing to compare with is no answer")
        if unverified:
            self._warn(
                f"{unverified} unverified references do not count; to have them count, name all tiers that shall "
                "(--tier original --tier unverified)"
            )
        if not any(item.references for item in selected):
            have = Counter(f"{r.tier}, {r.origin}" for item in items for r in item.references)
            asked = "of the tiers, origins and conditions asked for" if s.tiers or any(where.values()) else "left"
            raise InputError(
                f"no reference that counts is {asked}; there are (tier, origin): "
                + "; ".join(f"{kind}: {count}" for kind, count in have.most_common(5))
                + (". Unverified ones count only where --tier names them" if unverified else "")
            )
        same = all(len(a.references) == len(b.references) for a, b in zip(items, selected, strict=True))
        return items if same else selected

    def result(self, scorers: list[Scorer], fitted: tuple[FitState, ...]) -> Result:
        copies = copy_rates(self.corpus, self.settings.copies)
        self.warnings += notable_copies(copies)
        self._warn_about_comparisons()
        ready = self._fit(scorers, fitted)
        scores: list[Score] = []
        bands: list[Score] = []
        segments: list[dict[str, object]] = []
        for scorer in ready:
            for k in self.settings.k or (None,):
                answers = self._alike(self._ask(scorer, self.queries, k))
                scores += self._scores(answers, copies)
                segments.append(self._segments(answers))
                self._warn_about_answers(answers, "outputs")
                for notice in scorer.notices(self.corpus):
                    self._warn(notice)
                if self.settings.band:
                    bands.append(self._band(scorer, k, copies))
        return Result(
            scores=tuple(scores),
            bands=tuple(bands),
            warnings=tuple(self.warnings),
            columns=_joined(segments),
            fitted=tuple(s.state for s in ready if s.state is not None),
            reference_hash=self.refset,
            files=self.inputs.files,
            settings=self.settings,
            notes=self.inputs.notes,
        )

    def _fit(self, scorers: list[Scorer], fitted: tuple[FitState, ...]) -> list[Scorer]:
        ready: list[Scorer] = []
        used: set[str] = set()
        for scorer in scorers:
            mine = [state for state in fitted if scorer.needs_fit and state.kind == scorer.name]
            state = next((state for state in mine if scorer.takes(state)), mine[0] if mine else None)
            if state is not None:
                ready.append(scorer.with_state(state))
                used.add(state.hash)
            else:
                ready.append(scorer.fit(self.fit_corpus) if scorer.needs_fit else scorer)
        left = [state.kind for state in fitted if state.hash not in used]
        if left:
            raise UsageError(f"fitted state of {left[0]} was handed in, but no scorer of this run takes it")
        return ready

    def _ask(self, scorer: Scorer, queries: Queries, k: int | None) -> Answers:
        if k is None:
            return ask_all(scorer, self.corpus, queries)
        return expected_at(scorer, self.corpus, queries, k, seed=self.settings.seed, draws=self.settings.draws)

    def _alike(self, answers: Answers) -> Answers:
        """An item that leaves one system without enough references leaves all of them without a score."""
        item = answers.queries.item
        short = np.asarray([reason in _SHORT for reason in answers.reason])
        shared = np.zeros(len(self.corpus.ids), bool)
        shared[item[short]] = True
        more = shared[item] & ~short
        if not more.any():
            return answers
        why = {int(item[i]): answers.reason[i] for i in np.flatnonzero(short)}
        reason = tuple(why[int(item[i])] if more[i] else answers.reason[i] for i in range(len(item)))
        return replace(answers, segment=np.where(more, np.nan, answers.segment), reason=reason)

    def _scores(self, answers: Answers, copies: dict[str, CopyRates]) -> list[Score]:
        missing = Counter(system for system, _ in self.inputs.missing_outputs)
        out = []
        for number, system in enumerate(self.corpus.systems):
            asked = np.flatnonzero(self.corpus.output_system == number)
            groups = [asked[answers.scored[asked]]]
            out.append(self._score(system, answers, asked, groups, copies=copies[system], missing=missing[system]))
        return out

    def _band(self, scorer: Scorer, k: int | None, copies: dict[str, CopyRates]) -> Score:
        """The references in the role of a system, each scored against its siblings."""
        queries = band(self.corpus, copies=self.settings.copies)
        answers = self._ask(scorer, queries, k)
        rates = next(iter(copies.values())).of_references()
        groups = self._together(answers)
        self._warn_about_answers(answers, "references in the role of outputs")
        return self._score("references", answers, np.arange(len(queries)), groups, copies=rates, missing=0)

    def _together(self, answers: Answers) -> list[Ints]:
        """Band members that play system together.

        A mean over items needs no grouping. Else one reference an item plays at a time, every reference as often as
        any other (items with fewer begin again); which ones go together is decided by the seed, not by their order.
        """
        queries, scored = answers.queries, np.flatnonzero(answers.scored)
        if answers.scorer.info.mean or not len(scored):
            return [scored]
        units = self.units[queries.item[scored]]
        order = np.lexsort((self.corpus.rank[queries.candidates.values[scored]], units))
        _, starts, counts = np.unique(units[order], return_index=True, return_counts=True)
        shift = np.random.default_rng(self.settings.seed).integers(0, 1 << 30, len(self.units))[np.unique(units)]
        return [scored[order][starts + (shift + turn) % counts] for turn in range(turns(counts))]

    def _score(
        self, system: str, answers: Answers, asked: Ints, groups: list[Ints], *, copies: CopyRates, missing: int
    ) -> Score:
        queries = answers.queries
        scores, draws = [], []
        for group in groups:
            units = self.units[queries.item[group]]
            many = np.bincount(units, minlength=len(self.units))
            # Several outputs of a system for one item share the weight of one.
            scores.append(answers.corpus(group, None if (many <= 1).all() else 1.0 / many[units]))
            if self.settings.resamples and len(set(units.tolist())) > 1:
                draws.append(self.resamples.scores(answers, group, units))
        low = high = None
        if draws:
            low, high = percentile_interval(np.mean(draws, axis=0), self.settings.confidence)
        reasons = Counter(answers.reason[i] for i in asked.tolist())
        scorer, texts = answers.scorer, self.corpus.texts
        return Score(
            system=system,
            scorer=scorer.label,
            score=_number(math.fsum(scores) / len(scores)),
            low=low,
            high=high,
            scale=scorer.info.scale,
            direction=scorer.info.direction,
            n=int(answers.scored[asked].sum()),
            n_flagged=sum(not texts[t].strip() for t in queries.candidates.take(asked).values.tolist()),
            n_missing=missing + reasons["no_reference"] + reasons["too_few_references"],
            n_failed=reasons["not_scored"],
            tiers=self.tiers,
            k=answers.k,
            copies=copies,
            signature=self._signature(scorer, answers.k),
        )

    def _segments(self, answers: Answers) -> dict[str, object]:
        corpus, count = self.corpus, len(answers.segment)
        return {
            "id": [corpus.ids[i] for i in corpus.output_item.tolist()],
            "system": [corpus.systems[i] for i in corpus.output_system.tolist()],
            "sample": corpus.output_sample.tolist(),
            "scorer": [answers.scorer.label] * count,
            "k": [answers.k] * count,
            "score": [_number(value) for value in answers.segment.tolist()],
            "winner": self._winners(answers),
            "flag": [None if corpus.texts[t].strip() else "empty_output" for t in corpus.output_text.tolist()],
            "reason": self._reasons(answers),
        }

    def _reasons(self, answers: Answers) -> list[str | None]:
        long = answers.scorer.too_long(self.corpus, answers.queries).tolist()
        every = zip(answers.reason, long, strict=True)
        return ["too_long" if why == "not_scored" and over else why or None for why, over in every]

    def _winners(self, answers: Answers) -> list[int | None]:
        """The winning reference's place in its item's list as it was given, references that do not count included."""
        if answers.winner is None:
            return [None] * len(answers.segment)
        out: list[int | None] = []
        for i, place in enumerate(answers.winner.tolist()):
            if place < 0:
                out.append(None)
                continue
            item = int(self.queries.item[i])
            text = self.corpus.texts[int(self.queries.references.row(i)[place])]
            own = f"output:{self.corpus.systems[int(self.corpus.output_system[i])]}"
            counted = self.items[item].references
            given = enumerate(self.inputs.items[item].references)
            out.append(next(n for n, r in given if r.text == text and r.origin != own and r in counted))
        return out

    def _signature(self, scorer: Scorer, k: int | None) -> str:
        s = self.settings
        counts = [len(item.references) for item in self.items]
        refs = f"{min(counts)}-{max(counts)}" if counts else "0"
        parts = [
            f"geneval:{__version__}",
            scorer.signature(),
            f"refs:{refs}",
            f"refset:{self.refset[:12]}",
            f"tiers:{','.join(tier for tier in TIERS if tier in self.tiers)}",
            "k:all" if k is None else f"k:{k},draws:{s.draws},seed:{s.seed}",
            f"copies:{s.copies}",
        ]
        if s.resamples:
            parts.append(f"interval:{100 * s.confidence:.10g}%,bootstrap:{s.resamples},seed:{s.seed}")
        return "|".join(parts)

    def _warn_about_comparisons(self) -> None:
        for system, missing in Counter(system for system, _ in self.inputs.missing_outputs).items():
            self._warn(
                f"{system} has no output for {missing} of {len(self.items)} items: its scores are over the others, and "
                "not to be compared with scores over all"
            )
        if not self.settings.k and _uneven(self.queries):
            self.warnings.append(
                "systems are scored against unequal numbers of references (their own outputs or copies are left out); "
                "ask for expected scores at k (-k) to compare them"
            )
        if self.settings.band and not self.settings.k:
            self.warnings.append(
                "the band's texts have one reference fewer than the outputs; ask for expected scores at k (-k) "
                "to compare the two"
            )

    def _warn_about_answers(self, answers: Answers, what: str) -> None:
        reasons = Counter(answers.reason)
        few, none = reasons["too_few_references"], reasons["no_reference"]
        items = len(set(answers.queries.item[~answers.scored].tolist()))
        if few:
            self._warn(
                f"{few} {what} (in {items} items) get no score at k={answers.k}: their items have fewer than "
                f"{answers.k} distinct references for at least one of them"
            )
        if none:
            self._warn(f"{none} {what} (in {items} items) get no score: no reference is left for at least one of them")
        if reasons["not_scored"]:
            failed = np.asarray([reason == "not_scored" for reason in answers.reason])
            owners = self.corpus.output_system[answers.queries.subject[failed]] if what == "outputs" else []
            named = Counter(self.corpus.systems[int(number)] for number in owners)
            whose = ", ".join(f"{system} {count}" for system, count in named.items())
            long = int((failed & answers.scorer.too_long(self.corpus, answers.queries)).sum())
            why = f", {long} because a text is longer than {answers.scorer.longest} characters" if long else ""
            self._warn(
                f"{answers.scorer.label} could not score {reasons['not_scored']} {what}{why}"
                + (f" ({whose}): these systems' scores are over other items than the rest" if whose else "")
            )
        count = len(set(answers.queries.item[answers.scored].tolist()))
        if 0 < count < FEW_ITEMS:
            self._warn(f"only {count} items are scored: intervals from fewer than {FEW_ITEMS} say little")

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


_SHORT = frozenset({"no_reference", "too_few_references"})


def _uneven(queries: Queries) -> bool:
    """Whether outputs for one item meet different numbers of references."""
    order = np.argsort(queries.item, kind="stable")
    items, lengths = queries.item[order], queries.references.lengths[order]
    return bool(((items[1:] == items[:-1]) & (lengths[1:] != lengths[:-1])).any())


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _joined(parts: list[dict[str, object]]) -> dict[str, list[object]]:
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}  # type: ignore[attr-defined]

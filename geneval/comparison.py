"""Systems against a baseline: is a difference more than chance, how large is it, and on how many items?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from geneval.answering import questions, role_of
from geneval.evaluation import FEW_ITEMS, Settings, asking
from geneval_references import UsageError
from geneval_scorers import (
    Answers,
    FitState,
    Pair,
    PValue,
    Resamples,
    Role,
    Scorer,
    Watch,
    bootstrap_p,
    effect_size,
    gains,
    holm,
    percentile_interval,
    randomisation_p,
)

if TYPE_CHECKING:
    from geneval.data import Inputs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Method = Literal["randomisation", "bootstrap"]

SCHEMA = "geneval.compare/1"
ALPHA = 0.05
"""Adjusted p-values up to this are marked."""

METHODS: Mapping[str, Method] = {
    "randomisation": "randomisation",
    "randomization": "randomisation",
    "bootstrap": "bootstrap",
}
DRAWN: Mapping[Method, int] = {"randomisation": 10_000, "bootstrap": 1_000}
"""How many trials or resamples there are unless told; as many as sacrebleu's."""

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its bootstrap mean and the percentile interval around it; None where there is none."""

    value: float | None
    mean: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def half(self) -> float | None:
        """Half the interval's width, what tables show behind the sign ±."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    def to_dict(self) -> dict[str, object]:
        """Value, mean, low, high and half."""
        return {"value": self.value, "mean": self.mean, "low": self.low, "high": self.high, "half": self.half}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The corpus score of the baseline over all items that it has a score for."""

    system: str
    scorer: str
    k: int | None
    scale: tuple[float | None, float | None]
    direction: Literal["higher", "lower"]
    score: Estimate
    n: int
    """Items with a score."""
    n_outputs: int
    """Outputs that the scorer was asked about; sets of outputs, where it scores these."""
    n_failed: int
    """Outputs that it could not score."""
    signature: str
    role: Role = "validity"
    """`validity`; of scores that say nothing of quality by themselves `diversity` or `trait`."""

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        return row | {"scale": list(self.scale), "score": self.score.to_dict()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One system against the baseline under one scorer, on the items that both have a score for."""

    system: str
    scorer: str
    k: int | None
    scale: tuple[float | None, float | None]
    direction: Literal["higher", "lower"]
    score: Estimate
    baseline: Estimate
    """The baseline's score over the same items."""
    delta: Estimate
    """The system's score less the baseline's."""
    favours: str | None
    """The name of the one with the better score; None where the scores are equal. What is better of diversity or a
    trait is the direction of the scorer, and says nothing of quality."""
    p: float | None
    """Two-sided, not adjusted; None where there is nothing to draw from: no item, or one for the bootstrap."""
    p_adjusted: float | None
    """By Holm, over all comparisons of this run."""
    p_sacrebleu: float | None
    """What sacrebleu's test gives from the same draws: those with just the difference that there is do not count."""
    significant: bool
    """Whether the adjusted p-value is .05 or less."""
    tied: int
    """Draws in which chance gave just the difference that there is; they count towards p, since else systems that do
    not differ at all would get the lowest p there is."""
    effect: float | None
    """d_z of segment scores: the mean of the paired differences over their standard deviation; above 0 the system is
    better, whichever direction the scorer has."""
    effect_reason: str | None
    """`no_deviation` where there is no d_z since all differences are equal; `few_items` where there is one item."""
    wins: int
    """Items on which the system's segment score is better than the baseline's."""
    ties: int
    losses: int
    n: int
    """Items that both have a score for."""
    n_left_out: int
    """Items left out since one of the two, or both, have no score for them."""
    n_outputs: int
    """Outputs of the system that the scorer was asked about."""
    n_failed: int
    """Outputs of the system that it could not score."""
    signature: str
    role: Role = "validity"
    """As of the baseline."""

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        estimates = {name: getattr(self, name).to_dict() for name in ("score", "baseline", "delta")}
        return row | {"scale": list(self.scale)} | estimates


@dataclass(frozen=True)
class Comparisons:
    """Everything that one run of comparisons found.

    Attributes:
        baseline: the name of the system that the others are compared to.
        method: `randomisation` or `bootstrap`.
        resamples: trials of the randomisation, or resamples of the bootstrap.
        confidence: of the intervals.
        seed: of all draws.
        baselines: the baseline's scores, one a scorer and k.
        comparisons: one a system, scorer and k.
        warnings: what a reader of the numbers must know.
        notes: what reading the inputs had to say.
    """

    baseline: str
    method: Method
    resamples: int
    confidence: float
    seed: int
    baselines: tuple[Baseline, ...]
    comparisons: tuple[Comparison, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Comparison]:
        """Over the comparisons."""
        return iter(self.comparisons)

    def comparison(self, system: str, scorer: str, k: int | None = None) -> Comparison:
        """What was found about one system under one scorer.

        Raises:
            UsageError: there is no such comparison.
        """
        for row in self.comparisons:
            if (row.system, row.scorer, row.k) == (system, scorer, k):
                return row
        have = ", ".join(f"{c.system} / {c.scorer} / k={c.k}" for c in self.comparisons)
        raise UsageError(f"no comparison of {system!r} under {scorer!r} at k={k}; there are: {have}")

    @property
    def tested(self) -> int:
        """How many comparisons have a p-value, all of which Holm's correction counts."""
        return sum(row.p is not None for row in self.comparisons)

    def to_dict(self) -> dict[str, object]:
        """What `geneval compare --format json` prints."""
        return {
            "schema": SCHEMA,
            "baseline": self.baseline,
            "test": {
                "method": self.method,
                "resamples": self.resamples,
                "seed": self.seed,
                "correction": "holm",
                "comparisons": self.tested,
                "alpha": ALPHA,
                "confidence": self.confidence,
            },
            "baselines": [row.to_dict() for row in self.baselines],
            "comparisons": [row.to_dict() for row in self.comparisons],
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """The same as text: no NaN, in the order declared."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a scorer answered at one k.

    Attributes:
        answers: about outputs, or sets of them.
        signature: the recipe.
        units: for every question its item's number, in the order of ids.
        questions: system -> its questions.
    """

    answers: Answers
    signature: str
    units: Ints
    questions: Mapping[str, Ints]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the scorers answered about all outputs, with what comparisons need to know beside it.

    Attributes:
        systems: names.
        answers: one a scorer and k; read when their turn comes, so that not all are held at once.
        count: how many there will be.
        warnings: about references, copies and scorers, as they come.
        watch: told about progress.
    """

    systems: Sequence[str]
    answers: Iterator[Found]
    count: int
    warnings: list[str]
    watch: Watch | None


@contextmanager
def asked(
    inputs: Inputs, scorers: Sequence[Scorer | str], settings: Settings, fitted: Iterable[FitState], watch: Watch | None
) -> Iterator[Asked]:
    """Asks every scorer about every output, as `geneval.evaluate` does."""
    # Missing outputs leave their item out of a comparison; that is told with the comparison.
    whole = replace(inputs, missing_outputs=())
    with asking(whole, scorers, settings, fitted=fitted, watch=watch) as (scoring, ready):
        joined = scoring.joined
        scoring.warn_about_comparisons()
        each = questions(ready, settings)

        def answers() -> Iterator[Found]:
            for question in each:
                found, whole = joined.answers(question), joined.asked(role_of(question.scorer))
                scoring.warn_about_answers(found)
                scoring.warn_about_sets(question.scorer)
                scoring.warn_about_texts(question.scorer)
                mine = {system: np.flatnonzero(whole.system == i) for i, system in enumerate(joined.systems)}
                yield Found(found, joined.signature(question.scorer, question.k), joined.units[whole.item], mine)

        yield Asked(joined.systems, answers(), len(each), scoring.warnings, watch)


def compare_inputs(
    inputs: Inputs,
    scorers: Sequence[Scorer | str],
    settings: Settings | None = None,
    *,
    baseline: str | None = None,
    method: str = "randomisation",
    resamples: int | None = None,
    fitted: Iterable[FitState] = (),
    watch: Watch | None = None,
) -> Comparisons:
    """Compares every system with a baseline, under every scorer.

    Args:
        inputs: outputs and reference sets, as `geneval.data` reads them.
        scorers: scorers or specs.
        settings: how outputs are scored; its `resamples` are those of the intervals, where `method` is randomisation.
        baseline: a system's name; the first one by default.
        method: `randomisation` (or `randomization`) or `bootstrap`.
        resamples: how many trials or resamples; 10,000 or 1,000 by default.
        fitted: state that an earlier run has saved, used in place of fitting on these references.
        watch: told about progress.

    Raises:
        UsageError: fewer than two systems, no such baseline or method, no scorer, or one twice.
        MissingDependencyError: what a scorer runs is not installed.
    """
    plan = _plan(method, resamples)
    first = _baseline(inputs.systems, baseline)
    settings = settings or Settings()
    if plan.method == "bootstrap":
        settings = replace(settings, resamples=plan.resamples)
    with asked(inputs, scorers, settings, fitted, watch) as answered:
        return _Comparing(answered, settings, plan, first).result(inputs.notes)


@dataclass(frozen=True, slots=True)
class _Plan:
    method: Method
    resamples: int


def _plan(method: str, resamples: int | None) -> _Plan:
    if method not in METHODS:
        raise UsageError(f"method={method!r} does not fit; allowed: {', '.join(METHODS)}")
    known = METHODS[method]
    count = DRAWN[known] if resamples is None else resamples
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST:
        raise UsageError(f"resamples={count!r} does not fit; allowed: a whole number from 1 to {_MOST}")
    return _Plan(known, count)


def _baseline(systems: Sequence[str], given: str | None) -> str:
    if len(systems) < 2:
        raise UsageError(
            f"a comparison needs two systems or more, there is {', '.join(map(repr, systems)) or 'none'}; give one file "
            "a system (A=a.jsonl B=b.jsonl), or rows of several systems"
        )
    if given is None:
        return systems[0]
    if given not in systems:
        raise UsageError(f"no system is named {given!r}; there are: {', '.join(map(repr, systems))}")
    return given


@dataclass
class _Comparing:
    """One run of comparisons."""

    asked: Asked
    settings: Settings
    plan: _Plan
    baseline: str

    def __post_init__(self) -> None:
        self.others = [system for system in self.asked.systems if system != self.baseline]

    def result(self, notes: tuple[str, ...]) -> Comparisons:
        baselines, rows = [], []
        total = self.asked.count * len(self.others)
        for found in self.asked.answers:
            baselines.append(self._of_baseline(found))
            for system in self.others:
                rows.append(self._compared(system, found))
                if self.asked.watch:
                    self.asked.watch("comparing", len(rows), total)
        comparisons = self._adjusted(rows)
        warnings = [*self.asked.warnings, *self._about_items(comparisons), *self._about_draws(comparisons)]
        return Comparisons(
            baseline=self.baseline,
            method=self.plan.method,
            resamples=self.plan.resamples,
            confidence=self.settings.confidence,
            seed=self.settings.seed,
            baselines=tuple(replace(row, signature=self._signed(row.signature, comparisons)) for row in baselines),
            comparisons=tuple(replace(row, signature=self._signed(row.signature, comparisons)) for row in comparisons),
            warnings=tuple(warnings),
            notes=notes,
        )

    def _of_baseline(self, found: Found) -> Baseline:
        answers, questions = found.answers, found.questions[self.baseline]
        scored = questions[answers.scored[questions]]
        items, units = np.unique(found.units[scored], return_inverse=True)
        drawn = None
        if self.settings.resamples and len(items) > 1:
            drawn = Resamples(len(items), self.settings.resamples, self.settings.seed).scores(answers, scored, units)
        return Baseline(
            system=self.baseline,
            scorer=answers.scorer.label,
            k=answers.k,
            scale=answers.scorer.info.scale,
            direction=answers.scorer.info.direction,
            score=self._estimate(_corpus_score(answers, scored, found.units), drawn),
            n=len(items),
            n_outputs=_asked(answers, questions),
            n_failed=_failed(answers, questions),
            signature=found.signature,
            role=answers.scorer.info.role,
        )

    def _compared(self, system: str, found: Found) -> Comparison:
        answers, mine = found.answers, found.questions[system]
        pair = Pair.of(answers, found.questions[self.baseline], mine, found.units)
        first, second = (_corpus_score(answers, questions, found.units) for questions in pair.questions)
        drawn = self._drawn(pair)
        test = self._tested(pair, drawn)
        gain = gains(pair)
        effect = effect_size(gain)
        return Comparison(
            system=system,
            scorer=answers.scorer.label,
            k=answers.k,
            scale=answers.scorer.info.scale,
            direction=answers.scorer.info.direction,
            score=self._estimate(second, drawn and drawn[1]),
            baseline=self._estimate(first, drawn and drawn[0]),
            delta=self._estimate(second - first, drawn and drawn[1] - drawn[0]),
            favours=self._favours(system, first, second, answers.scorer),
            p=test.p if test else None,
            p_adjusted=None,
            p_sacrebleu=test.without_ties if test else None,
            significant=False,
            tied=test.tied if test else 0,
            effect=_number(effect),
            effect_reason=None if math.isfinite(effect) else "few_items" if len(gain) < 2 else "no_deviation",
            wins=int((gain > 0).sum()),
            ties=int((gain == 0).sum()),
            losses=int((gain < 0).sum()),
            n=pair.items,
            n_left_out=pair.left_out,
            n_outputs=_asked(answers, mine),
            n_failed=_failed(answers, mine),
            signature=found.signature,
            role=answers.scorer.info.role,
        )

    def _drawn(self, pair: Pair) -> tuple[Floats, Floats] | None:
        """What intervals are made of; one item has none."""
        if pair.items < 2 or not self.settings.resamples:
            return None
        return pair.bootstrap(self.settings.resamples, self.settings.seed)

    def _tested(self, pair: Pair, drawn: tuple[Floats, Floats] | None) -> PValue | None:
        if self.plan.method == "bootstrap":
            return bootstrap_p(*drawn, pair.scores) if drawn else None
        return randomisation_p(pair, self.plan.resamples, self.settings.seed) if pair.items else None

    def _estimate(self, value: float, drawn: Floats | None) -> Estimate:
        if drawn is None or math.isnan(value):
            return Estimate(_number(value))
        low, high = percentile_interval(drawn, self.settings.confidence)
        return Estimate(value, float(drawn.mean()), low, high)

    def _favours(self, system: str, first: float, second: float, scorer: Scorer) -> str | None:
        if math.isnan(second - first) or math.isclose(first, second, rel_tol=1e-9):
            return None
        return system if (second > first) == (scorer.info.direction == "higher") else self.baseline

    def _adjusted(self, found: list[Comparison]) -> tuple[Comparison, ...]:
        """Holm over all comparisons that have a p-value."""
        tested = [i for i, row in enumerate(found) if row.p is not None]
        adjusted = holm(np.asarray([found[i].p for i in tested], np.float64))
        rows = list(found)
        for i, p in zip(tested, adjusted.tolist(), strict=True):
            rows[i] = replace(found[i], p_adjusted=p, significant=p <= ALPHA)
        return tuple(rows)

    def _signed(self, signature: str, comparisons: tuple[Comparison, ...]) -> str:
        tested = sum(row.p is not None for row in comparisons)
        test = f"test:{self.plan.method},{self.plan.resamples},seed:{self.settings.seed}"
        return f"{signature}|{test}|correction:holm,{tested}"

    def _about_items(self, comparisons: tuple[Comparison, ...]) -> Iterator[str]:
        left_out: dict[tuple[str, int, int], list[str]] = {}
        few: dict[str, int] = {}
        for row in comparisons:
            if row.n_left_out:
                left_out.setdefault((row.system, row.n, row.n_left_out), []).append(_named(row))
            if 0 < row.n < FEW_ITEMS:
                few[row.system] = min(row.n, few.get(row.system, row.n))
        for (system, n, others), scorers in left_out.items():
            yield (
                f"{system} is compared to {self.baseline} on {n} items; {others} others are left out of "
                f"{', '.join(scorers)}, since one of the two, or both, have no score for them"
            )
        if few:
            yield (
                f"fewer than {FEW_ITEMS} items are shared with {self.baseline} "
                f"({', '.join(f'{system}: {n}' for system, n in few.items())}): p-values from so few say little"
            )

    def _about_draws(self, comparisons: tuple[Comparison, ...]) -> Iterator[str]:
        least = sum(row.p is not None for row in comparisons) / (self.plan.resamples + 1)
        if least > ALPHA:
            yield (
                f"with this many comparisons and {self.plan.resamples} resamples no adjusted p-value can be below "
                f"{min(least, 1.0):.2g}; ask for more (--resamples)"
            )
        tied = [row for row in comparisons if row.p and row.p_sacrebleu and row.p_sacrebleu <= ALPHA < row.p]
        if tied:
            yield (
                "draws in which chance gave just the difference that there is count towards p; sacrebleu leaves them "
                "out, and would find a difference in "
                + ", ".join(
                    f"{row.system} / {_named(row)} (p = {row.p_sacrebleu:.4f}, not {row.p:.4f})" for row in tied
                )
            )


def _named(row: Comparison) -> str:
    return row.scorer if row.k is None else f"{row.scorer} @{row.k}"


def _corpus_score(answers: Answers, questions: Ints, units: Ints) -> float:
    """The corpus score; several outputs of a system for one item share the weight of one."""
    _, place, many = np.unique(units[questions], return_inverse=True, return_counts=True)
    return answers.corpus(questions, None if (many <= 1).all() else 1.0 / many[place])


def _asked(answers: Answers, questions: Ints) -> int:
    return int(answers.scored[questions].sum()) + _failed(answers, questions)


def _failed(answers: Answers, questions: Ints) -> int:
    return int(answers.failed[questions].sum())


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None

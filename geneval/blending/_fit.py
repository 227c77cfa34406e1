"""`geneval.fit_blend`: scorers weighted by people's preferences, and held to what a blend has to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from geneval import __version__
from geneval.agreement._people import Criterion
from geneval.blending._bootstrap import Estimate, Items, check_draws
from geneval.blending._calibration import brier, calibration_of, log_loss, right_with_ties
from geneval.blending._data import Training, Weighing, training
from geneval.blending._model import BlendFit, Held, Predictor, Weight, Without
from geneval.blending._validation import (
    BEST,
    BLEND,
    EQUAL,
    LENGTH_ALONE,
    RANDOM,
    Calibrated,
    LeftOut,
    by_item,
    by_system,
    calibrated,
    calibration,
    right,
    weigh,
)
from geneval.scoring import FEW_ITEMS
from geneval.specs import parse
from geneval_references import GenevalError, InputError, UsageError
from geneval_scorers import SEED, Watch
from geneval_scorers._ragged import Floats
from geneval_scorers.preference.blend import BlendPart, BlendRecipe

if TYPE_CHECKING:
    from geneval.data import Preference
    from geneval.results import Result

REFITS = 200
"""Weights are fitted anew on so many draws of items."""

_FAR = 0.05
"""By so much a left-out system's accuracy has to be below that of the others, with its whole interval, to be told."""


def fit_blend(
    run: Result | str | Path,
    *,
    preferences: Sequence[Preference] | str | Path | Sequence[str | Path],
    scorers: Sequence[str] | str | None = None,
    nuisance: Sequence[str] | str = (),
    criterion: str | None = None,
    columns: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    weigh_by: Weighing = "votes",
    l2: float = 1.0,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = SEED,
    data: str = "",
    watch: Watch | None = None,
) -> BlendFit:
    """Weighs scorers so that their sum tells which of two outputs people prefer.

    Args:
        run: a result of `geneval.score`, or a run directory.
        preferences: choices between two outputs, rows of them (a list of dicts, a `datasets.Dataset`), or files.
        scorers: which of the run's; by default those that say something of validity. A trait that is named gets a
            weight in its declared direction.
        nuisance: scorers of the run, such as `"length_ratio(log=True)"`, whose habit is fitted beside the others so
            that these need not carry it, with a weight of either sign; it is not in the blend.
        criterion: whose choices count, where there are several.
        columns: which column of the preferences to use, `{"a": "left_model"}`.
        groups: for each item the name of what it belongs to (an image, a document), where items are not independent.
        weigh_by: each of the `votes` counts the same, or each of the `items` (groups).
        l2: penalty on squared weights, in units of votes.
        resamples: bootstrap draws of items; 0: no intervals, and then no blend ships.
        confidence: of intervals.
        seed: of folds and draws.
        data: what the run is about, for the file.
        watch: told about progress.

    Returns:
        The blend with what cross-validation says of it; `save` writes it.

    Raises:
        InputError: preferences do not fit the run, there is one item, a scorer is the same for all, or no weight is
            above 0.
        UsageError: an option or scorer that does not exist.
        ItemsFailedError: a scorer has no score for any output that was compared.
    """
    from geneval.agreement._given import opened, preferences_from
    from geneval.agreement._people import criteria_of

    if weigh_by not in get_args(Weighing):
        raise UsageError(f"weigh_by={weigh_by!r} does not fit; allowed: {', '.join(get_args(Weighing))}")
    check_draws(resamples, confidence, seed)
    scored = opened(run)
    rows, notes = preferences_from(preferences, columns)
    if not rows:
        raise InputError("there are 0 preferences: nothing to learn from")
    asked = criteria_of(rows, [criterion] if criterion else (), "preferences")
    joined = training(
        scored,
        rows,
        asked[0],
        parts=(scorers,) if isinstance(scorers, str) else scorers,
        nuisance=(nuisance,) if isinstance(nuisance, str) else tuple(nuisance),
        groups=groups,
        weigh=weigh_by,
        seed=seed,
    )
    signatures = {name: _signature(name) for name in (*joined.parts, *joined.nuisance)}
    about = _trained_on(scored, joined, asked[0], data)
    settings = {"weigh_by": weigh_by, "l2": float(l2), "seed": seed, "resamples": resamples, "geneval": __version__}
    items = Items.drawn(joined.groups, resamples, confidence, seed)
    return _Fitting(joined, items, l2=l2, seed=seed, signatures=signatures, watch=watch).result(about, settings, notes)


def _signature(name: str) -> str:
    """What a part is, without what it learned.

    Raises:
        UsageError: the run's name for it does not say how to build it.
    """
    try:
        scorer = parse(name)
        scorer.prepare()
        return scorer.signature()
    except GenevalError as error:
        note = f"{name} is in the run, and cannot be built here for a blend file"
        if isinstance(error, UsageError | InputError):
            raise UsageError(
                f"{note}: {error}. Plain functions and models in folders have no spec that works elsewhere"
            ) from error
        error.add_note(note)
        raise


def _trained_on(run: Result, data: Training, criterion: Criterion, name: str) -> dict[str, Any]:
    ties = float((data.duels.ties > 0).sum())
    return {
        "data": name or ", ".join(file.name for file in run.files) or "texts in memory",
        "date": datetime.now(UTC).date().isoformat(),
        "items": data.groups,
        "pairs": len(data),
        "votes": int(data.votes.sum()),
        "pairs_with_ties": int(ties),
        "systems": list(data.systems),
        "criterion": criterion.name,
        "k": data.k,
        "reference_hash": run.reference_hash,
    }


class _Fitting:
    """One blend, from the pairs on."""

    def __init__(
        self, data: Training, items: Items, *, l2: float, seed: int, signatures: Mapping[str, str], watch: Watch | None
    ) -> None:
        self.data, self.items, self.l2, self.seed = data, items, l2, seed
        self.signatures, self.watch = signatures, watch
        self.warnings = list(data.warnings)

    def result(self, about: Mapping[str, Any], settings: Mapping[str, Any], notes: Sequence[str]) -> BlendFit:
        data = self.data
        self._tell("folds of items", 0)
        self.leads, self.fold = by_item(data, self.l2, self.seed)
        self.sure = {name: calibrated(leads, data.duels, self.fold) for name, leads in self.leads.items()}
        self._tell("weights", 1)
        whole = weigh(data, np.arange(len(data)), data.of_parts, self.l2)
        slope, nu = calibration(self.leads[BLEND], data.duels)
        recipe = self._recipe(whole.scale, whole.fit.weights, slope, nu)
        draws = self._refitted()
        self._tell("left-out systems", 2)
        left = by_system(data, self.l2)
        out_of_system = self._out_of_system(left)
        systems = tuple(map(self._without, left))
        self._warn(systems)
        self._tell("done", 3)
        return BlendFit(
            recipe=recipe,
            parts=tuple(
                self._weight(n, name, whole.scale, whole.fit.weights, draws) for n, name in enumerate(data.parts)
            ),
            nuisance=tuple(
                self._weight(n, name, whole.scale, whole.fit.weights, draws)
                for n, name in enumerate(data.nuisance, start=len(data.parts))
            ),
            predictors=tuple(self._predictor(name) for name in self._names()),
            accuracy=self._better(BLEND, BEST),
            log_loss=self._loss(BLEND, BEST),
            out_of_system=out_of_system,
            systems=systems,
            calibration=calibration_of(self.sure[BLEND].leads, data.duels, data.group, self.items),
            held=self._held(),
            refusal=_refusal(out_of_system),
            trained_on=about,
            settings=settings,
            warnings=tuple(self.warnings),
            notes=tuple(notes),
        )

    def _names(self) -> list[str]:
        first = [BLEND, BEST, EQUAL, LENGTH_ALONE, RANDOM]
        return [name for name in first if name in self.leads] + list(self.data.parts)

    def _recipe(self, scale: Floats, weights: Floats, slope: float, nu: float) -> BlendRecipe:
        if not slope > 0 or not (weights[: len(self.data.parts)] > 0).any():
            raise InputError(
                "no blend of these scorers predicts anything: all weights are 0, or on other items their sum is against "
                "what people chose"
            )
        parts = [
            BlendPart(name, float(weights[n]), float(scale[n]), self.signatures[name])
            for n, name in enumerate(self.data.parts)
        ]
        return BlendRecipe(tuple(parts), 1 / slope, nu)

    def _refitted(self) -> Floats:
        """Weights on draws of items, in units of the whole data's scale: [draws, parts and nuisance]."""
        data, rows = self.data, np.arange(len(self.data))
        found = []
        for often in self.items.often[:REFITS]:
            drawn = often[data.group]
            kept = np.flatnonzero(drawn)
            if data.duels.take(kept).votes.sum() > 0:
                found.append(weigh(data, rows, data.of_parts, self.l2, drawn).fit.weights)
        return np.asarray(found).reshape(len(found), len(data.parts) + len(data.nuisance))

    def _weight(self, number: int, name: str, scale: Floats, weights: Floats, draws: Floats) -> Weight:
        weight, part = float(weights[number]), number < len(self.data.parts)
        low, high = self.items.interval(draws[:, number])
        reason = "not_asked" if low is None else ""
        if part and low is not None and (weight == 0 or low <= 0):
            low = high = None
            reason = "at_zero" if weight == 0 else "reaches_zero"
        without = f"without {name}"
        known = part and without in self.leads
        return Weight(
            scorer=name,
            weight=weight,
            scale=float(scale[number]),
            low=low,
            high=high,
            reason=reason,  # type: ignore[arg-type] # one of the four above
            signature=self.signatures[name],
            accuracy=self._better(BLEND, without) if known else None,
            log_loss=self._loss(without, BLEND) if known else None,
        )

    def _predictor(self, name: str) -> Predictor:
        sure, data = self.sure[name], self.data
        decided = data.duels.wins + data.duels.losses
        return Predictor(
            name,
            self._mean(right(self.leads[name], data.order)),
            self._mean(right_with_ties(sure.leads, sure.nu, data.order)),
            self._mean(self._losses(sure), data.duels.votes),
            self._mean(brier(sure.leads, data.duels), decided),
        )

    def _losses(self, sure: Calibrated) -> Floats:
        return log_loss(sure.leads, sure.nu, self.data.duels)

    def _mean(self, values: Floats, weights: Floats | None = None) -> Estimate:
        return self.items.mean(values, self.data.group, weights)

    def _better(self, one: str, other: str) -> Estimate:
        """How much more often the first is right."""
        order = self.data.order
        return self._mean(right(self.leads[one], order) - right(self.leads[other], order))

    def _loss(self, one: str, other: str) -> Estimate:
        """The log loss of the first less that of the other."""
        losses = [self._losses(self.sure[name]) for name in (one, other)]
        return self._mean(losses[0] - losses[1], self.data.duels.votes)

    def _out_of_system(self, left: Sequence[LeftOut]) -> Estimate | None:
        if not left:
            return None
        rows = np.concatenate([one.rows for one in left])
        gained = [right(one.leads[name], self.data.order[one.rows]) for name in (BLEND, BEST) for one in left]
        gain = np.concatenate(gained[: len(left)]) - np.concatenate(gained[len(left) :])
        return self.items.mean(gain, self.data.group[rows])

    def _without(self, left: LeftOut) -> Without:
        data, order = self.data, self.data.order[left.rows]
        blend, best = (self.items.mean(right(left.leads[name], order), data.group[left.rows]) for name in (BLEND, BEST))
        within = Estimate(None)
        if len(np.unique(data.group[left.others])) > 1:
            leads, _ = by_item(data, self.l2, self.seed, left.others)
            within = self.items.mean(right(leads[BLEND], data.order[left.others]), data.group[left.others])
        enough = blend.n >= FEW_ITEMS and blend.high is not None and within.value is not None
        falls = bool(enough and (blend.high or 0.0) < (within.value or 0.0) - _FAR)
        return Without(data.systems[left.system], blend, best, within, falls)

    def _warn(self, systems: Sequence[Without]) -> None:
        data = self.data
        for row in systems:
            if row.falls and row.blend.value is not None and row.within.value is not None:
                self.warnings.append(
                    f"a blend fitted without {row.system} sides with people on {row.blend.value:.3f} of its pairs, and on "
                    f"{row.within.value:.3f} of those among the others: what is learned on these systems does not carry "
                    f"over to {row.system}, and may not to the next system"
                )
        if data.groups < FEW_ITEMS:
            self.warnings.append(f"only {data.groups} items: intervals from fewer than {FEW_ITEMS} say little")
        if data.length is None:
            self.warnings.append(
                "length alone is no baseline here, since the run has no length_ratio; score with -s "
                '"length_ratio(log=True)" as well'
            )

    def _held(self) -> tuple[Held, ...]:
        data = self.data
        columns = (data.items, data.sides, data.order, self.sure[BLEND].leads, self.sure[BEST].leads)
        return tuple(
            Held(data.ids[item], data.systems[a], data.systems[b], int(order), float(blend), float(best))
            for item, (a, b), order, blend, best in zip(*columns, strict=True)
        )

    def _tell(self, what: str, done: int) -> None:
        if self.watch is not None:
            self.watch(f"blending, {what}", done, 3)


def _refusal(gain: Estimate | None) -> str:
    if gain is None:
        return (
            "no system can be left out (there are fewer than three, or none that the others were compared without), so "
            "that nothing tells whether the blend beats its best part on another system"
        )
    if gain.low is None:
        return "without resamples nothing tells whether the blend beats its best part on another system"
    if gain.low <= 0:
        return (
            f"on systems that it was not fitted on, the blend does not beat its best part: accuracy {gain.value:+.3f} "
            f"[{gain.low:+.3f}, {gain.high:+.3f}]"
        )
    return ""

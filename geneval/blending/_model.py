"""What fitting a blend found: facts, frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from geneval.blend_files import write_blend
from geneval.blending._bootstrap import Estimate
from geneval.blending._calibration import Calibration
from geneval_references import GateError
from geneval_scorers.preference.blend import BlendRecipe

SCHEMA = "geneval.blend-fit/1"


@dataclass(frozen=True, slots=True)
class Weight:
    """A scorer of the blend, or nuisance.

    Attributes:
        scorer: its spec.
        weight: log-odds for each `scale` by which an output is better.
        scale: root mean square of the differences, in the scorer's units.
        low, high: interval of the weight, by the bootstrap; None where there is none.
        reason: why there is none: `at_zero`, `reaches_zero` (a bootstrap is not valid on the bound), `not_asked`.
        accuracy, log_loss: by how much the blend is better with it than fitted without it, on other items; None of
            nuisance and where it is the only part.
    """

    scorer: str
    weight: float
    scale: float
    low: float | None
    high: float | None
    reason: Literal["", "at_zero", "reaches_zero", "not_asked"]
    signature: str = ""
    accuracy: Estimate | None = None
    log_loss: Estimate | None = None

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        return {name: one.to_dict() if isinstance(one, Estimate) else one for name, one in row.items()}


@dataclass(frozen=True, slots=True)
class Predictor:
    """How well a blend or a baseline predicts people's choices on items that it has not seen.

    Attributes:
        name: `blend`, `best part`, `length alone`, `equal weights`, `random`, or the spec of a single part.
        accuracy: over pairs with a majority; equal scores are half right.
        accuracy_ties: over all pairs: what is likeliest, a tie among it, is what most people said.
        log_loss: of votes, ties among them, under Davidson's model.
        brier: of votes, ties left out.
    """

    name: str
    accuracy: Estimate
    accuracy_ties: Estimate
    log_loss: Estimate
    brier: Estimate

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        return {"name": self.name} | {name: getattr(self, name).to_dict() for name in self.__slots__[1:]}


@dataclass(frozen=True, slots=True)
class Without:
    """What becomes of pairs of a system that the blend was fitted without.

    Attributes:
        system: its name.
        blend, best: accuracy on its pairs, of the blend and of the part that is best on all others.
        within: accuracy of the blend among the others, on items that it has not seen.
        falls: whether `blend` is clearly below `within`.
    """

    system: str
    blend: Estimate
    best: Estimate
    within: Estimate
    falls: bool

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        return {name: one.to_dict() if isinstance(one, Estimate) else one for name, one in row.items()}


@dataclass(frozen=True, slots=True)
class Held:
    """One pair, and the blend's word on it when it had not seen its item."""

    id: str
    a: str
    b: str
    majority: int
    """1 where most people chose a, -1 where b, else 0."""
    log_odds: float
    best: float
    """The same by the best part."""


@dataclass(frozen=True)
class BlendFit:
    """A blend, and what there is to know before it is used.

    Attributes:
        recipe: what decides its numbers.
        parts, nuisance: the weights.
        predictors: on items that were not trained on.
        accuracy, log_loss: the blend less its best part there; a lower log loss is better.
        out_of_system: accuracy of the blend less that of its best part on systems that were not trained on; None where
            no system can be left out.
        systems: one a system that can be left out.
        calibration: of probabilities on items that were not trained on.
        held: one a pair.
        refusal: why the blend does not ship; "" where it does.
        trained_on, settings: for the file.
    """

    recipe: BlendRecipe
    parts: tuple[Weight, ...]
    nuisance: tuple[Weight, ...]
    predictors: tuple[Predictor, ...]
    accuracy: Estimate
    log_loss: Estimate
    out_of_system: Estimate | None
    systems: tuple[Without, ...]
    calibration: Calibration
    held: tuple[Held, ...] = field(repr=False)
    refusal: str
    trained_on: Mapping[str, Any]
    settings: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def predictor(self, name: str) -> Predictor:
        """The one of this name."""
        return next(row for row in self.predictors if row.name == name)

    def to_dict(self) -> dict[str, object]:
        """What `geneval blend fit --format json` prints."""
        return {
            "schema": SCHEMA,
            "blend": self.recipe.hash,
            "temperature": self.recipe.temperature,
            "ties": self.recipe.ties,
            "parts": [row.to_dict() for row in self.parts],
            "nuisance": [row.to_dict() for row in self.nuisance],
            "predictors": [row.to_dict() for row in self.predictors],
            "less_best_part": {"accuracy": self.accuracy.to_dict(), "log_loss": self.log_loss.to_dict()},
            "out_of_system": self.out_of_system.to_dict() if self.out_of_system else None,
            "systems": [row.to_dict() for row in self.systems],
            "calibration": {
                "error": self.calibration.error.to_dict(),
                "bins": [one.to_dict() for one in self.calibration.bins],
            },
            "refusal": self.refusal or None,
            "trained_on": dict(self.trained_on),
            "settings": dict(self.settings),
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def save(self, place: str | Path, *, force: bool = False, about: Mapping[str, Any] | None = None) -> Path:
        """Writes the blend file.

        Args:
            place: of the file, which is not there yet.
            force: write it even if it does not ship; the file says so.
            about: more to stand in it: a `title`, a `card`.

        Raises:
            GateError: the blend does not beat its best part on systems that it was not trained on.
            UsageError: the file is there already.
            GenevalError: it cannot be written.
        """
        self.check(force=force)
        write_blend(Path(place), self.content() | dict(about or {}))
        return Path(place)

    def check(self, *, force: bool = False) -> None:
        """Refuses a blend that does not ship.

        Raises:
            GateError: it does not, and is not forced.
        """
        if self.refusal and not force:
            raise GateError(f"{self.refusal}; nothing is written (--force writes it all the same)")

    def content(self) -> dict[str, Any]:
        """What stands in the file, without the card."""
        mine = self.predictor("blend")
        out: dict[str, Any] = {
            "temperature": self.recipe.temperature,
            "ties": self.recipe.ties,
            "refusal": self.refusal or None,
            "parts": [_part(row) for row in self.parts],
        }
        if self.nuisance:
            out["nuisance"] = [_part(row) for row in self.nuisance]
        held = {"accuracy": _ends(mine.accuracy), "best_part": _ends(self.predictor("best part").accuracy)}
        held |= {"accuracy_less_best_part": _ends(self.accuracy), "log_loss": _ends(mine.log_loss)}
        held |= {"brier": _ends(mine.brier), "calibration_error": _ends(self.calibration.error)}
        if self.out_of_system:
            held["out_of_system_less_best_part"] = _ends(self.out_of_system)
        return out | {
            "trained_on": dict(self.trained_on),
            "fit": dict(self.settings) | {"recipe": self.recipe.hash},
            "cross_validation": held,
        }


def _part(row: Weight) -> dict[str, Any]:
    return {
        "scorer": row.scorer,
        "weight": row.weight,
        "scale": row.scale,
        "low": row.low,
        "high": row.high,
        "interval": {"at_zero": "none: at zero", "reaches_zero": "none: reaches zero"}.get(row.reason),
        "signature": row.signature or None,
    }


def _ends(one: Estimate) -> list[float]:
    """The value, or the value and its interval."""
    return [round(number, 4) for number in (one.value, one.low, one.high) if number is not None]

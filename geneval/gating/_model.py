"""What a gate is told, and what it finds: facts, frozen."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geneval import __version__
from geneval.data import InputFile
from geneval_references import InputError, ReferenceSet, UsageError
from geneval_references.gate import PROPOSERS, RULES, Certificate, Compared, Decided, Model, Shift

SCHEMA, CARD = "geneval.gate/1", "geneval.gate-card/1"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a gate is made.

    Attributes:
        precision: to certify, between 0 and 1.
        confidence: of the bound: 1 less the probability of a false certificate.
        seed: of the split into items to learn from and items to certify on, and of controls.
        without: families of features to leave out.
        votes: verdicts that make a candidate `verified` when all are `valid`, where there are fewer than three raters.
        margin: by how much a candidate may lose to originals and still be `preferred`.
        assume_random: judgements without a log were drawn at random, all candidates with one probability.
    """

    precision: float = 0.9
    confidence: float = 0.95
    seed: int = 12345
    without: tuple[str, ...] = ()
    votes: int = 2
    margin: float = 0.1
    assume_random: bool = False

    def __post_init__(self) -> None:
        """Checks ranges."""
        for name, value in (("precision", self.precision), ("confidence", self.confidence)):
            if not 0 < value < 1:
                raise UsageError(f"{name} {value:g} does not fit; allowed: between 0 and 1")
        if not 0 <= self.margin < 0.5:
            raise UsageError(f"margin {self.margin:g} does not fit; allowed: 0 to below 0.5")
        if self.votes < 1:
            raise UsageError(f"votes {self.votes} does not fit; allowed: 1 or more")

    @property
    def alpha(self) -> float:
        """The probability of a false certificate, at most."""
        return 1 - self.confidence


@dataclass(frozen=True, slots=True)
class Rejection:
    """How many controls of one class are rejected.

    Attributes:
        kind: the class.
        rejected: how many.
        n: of how many.
        low, high: Wilson interval of the share; None without a control.
        sees: what the gate would have to see to reject the rest, "" where it rejects all.
        example: one that is admitted; None where there is none.
    """

    kind: str
    rejected: int
    n: int
    low: float | None
    high: float | None
    sees: str
    example: str | None


@dataclass(frozen=True, slots=True)
class ByOrigin:
    """Judged candidates of one kind of origin above the threshold.

    Attributes:
        origin: `mined`, `paraphrase`, ...
        judged: how many, among the items that certify.
        precision: weighted share of valid ones; None where none is judged.
        admitted: how many candidates of this origin the gate admits.
    """

    origin: str
    judged: int
    precision: float | None
    admitted: int


@dataclass(frozen=True)
class Gate:
    """What is kept of a gate, so that it can be read and applied again.

    Attributes:
        model: of the features.
        encoders: of each family the name of its encoder.
        entailment: of a family the model's name.
        signatures: of each family what decides its numbers.
        threshold: of the model's probability; None where nothing is certified.
        precision, confidence, low: what was certified there, and the bound for this threshold alone.
        estimate: weighted precision of the judged candidates above it.
        valid: share of valid ones that it was calibrated on.
        mean, error: of the model's probabilities over the pool it was certified on, and the standard error.
        pool: hash of the reference sets that it was certified on.
    """

    model: Model
    encoders: Mapping[str, str]
    entailment: Mapping[str, str]
    signatures: Mapping[str, str]
    threshold: float | None
    precision: float
    confidence: float
    low: float | None
    estimate: float | None
    valid: float
    mean: float
    error: float
    pool: str

    @property
    def hash(self) -> str:
        """Of all that is kept, so that nothing it says can be changed by hand unseen; 12 hex digits."""
        content = self._content()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def families(self) -> tuple[str, ...]:
        """Families that it admits by and that a scorer can be of."""
        return tuple(family for family in self.model.used() if family not in {RULES, PROPOSERS})

    def to_dict(self) -> dict[str, Any]:
        """As text can hold it."""
        return {"schema": SCHEMA, "geneval": __version__, "hash": self.hash, **self._content()}

    def _content(self) -> dict[str, Any]:
        rest = {name: value for name, value in self.__dict__.items() if name != "model"}
        told = {name: dict(value) if isinstance(value, Mapping) else value for name, value in rest.items()}
        return {**told, "model": self.model.to_dict()}


def read_gate(path: str | Path) -> Gate:
    """Read what a run of the gate has written.

    Raises:
        InputError: there is no such file, or it holds no gate of this version, or one that was changed by hand.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: no gate can be read there ({error}); geneval gate -o DIR writes DIR/gate.json"
        ) from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InputError(f"{path}: this is no gate of the schema {SCHEMA!r}")
    model = found.get("model")
    names = [name for name in Gate.__dataclass_fields__ if name != "model"]
    missing = [name for name in names if name not in found]
    if missing or not isinstance(model, dict):
        raise InputError(f"{path}: lacks {', '.join(missing) or 'model'}")
    wrong = [name for name in names if not _fits(name, found[name])]
    if wrong:
        raise InputError(
            f"{path}: {wrong[0]} is {found[wrong[0]]!r}, which no run of the gate writes; give it the file as it was written"
        )
    gate = Gate(model=Model.from_dict(model), **{name: found[name] for name in names})
    if gate.hash != found.get("hash"):
        raise InputError(
            f"{path}: its hash is {found.get('hash')}, its content has {gate.hash}: it was changed, and what it "
            "says it certified is not certified"
        )
    return gate


def _fits(name: str, value: object) -> bool:
    """Whether a field of a gate can be this."""
    if name in {"encoders", "entailment", "signatures"}:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if name == "pool":
        return isinstance(value, str)
    if value is None:
        return name in {"threshold", "low", "estimate"}
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class Result:
    """What a run of the gate found.

    Attributes:
        sets: the reference sets, with new tiers.
        gate: None where there is none: no judgements, or too few.
        certificate: None where none was made in this run.
        refusal: why nothing is admitted; None where something is.
        counts: candidates, judged ones, and how many got each tier.
        split: how many judged candidates, of how many items, it was learned from and certified on.
        sampling: how the judged candidates came about, in words.
        shift: this pool beside the one that it was calibrated on.
        rejections: of controls.
        origins: precision by origin.
        decided: what people said, by candidate (id, text).
        compared: candidates that were compared with originals.
        guidelines: that people judged by.
        notes: what a reader should know.
        files: that were read.
        settings: how it was made.
    """

    sets: tuple[ReferenceSet, ...]
    gate: Gate | None
    certificate: Certificate | None
    refusal: str | None
    counts: Mapping[str, int]
    split: Mapping[str, int]
    sampling: str
    shift: Shift | None
    rejections: tuple[Rejection, ...]
    origins: tuple[ByOrigin, ...]
    decided: Mapping[tuple[str, str], Decided]
    compared: Mapping[tuple[str, str], Compared]
    guidelines: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[InputFile, ...]
    settings: Settings

    def card(self) -> dict[str, Any]:
        """Everything but the texts, as JSON has it."""
        certificate = self.certificate
        return {
            "schema": CARD,
            "geneval": __version__,
            "refusal": self.refusal,
            "settings": asdict(self.settings),
            "counts": dict(self.counts),
            "split": dict(self.split),
            "sampling": self.sampling,
            "gate": None if self.gate is None else self.gate.hash,
            "families": [] if self.gate is None else list(self.gate.families),
            "certificate": None
            if certificate is None
            else {
                "target": certificate.target,
                "confidence": self.settings.confidence,
                "low": certificate.low,
                "chosen": None if certificate.best is None else asdict(certificate.best),
                "curve": [asdict(step) for step in certificate.steps],
                "more": [dict(zip(("true", "above", "judgements"), row, strict=True)) for row in certificate.more],
            },
            "shift": None if self.shift is None else {**asdict(self.shift), "seen": self.shift.seen},
            "controls": [asdict(one) for one in self.rejections],
            "origins": [asdict(one) for one in self.origins],
            "guidelines": list(self.guidelines),
            "notes": list(self.notes),
            "files": [asdict(file) for file in self.files],
        }

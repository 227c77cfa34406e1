"""Reference sets: right answers and the evidence for them. Knows texts; no files, no scorers."""

from geneval_references._errors import (
    GateError,
    GenevalError,
    InputError,
    ItemsFailedError,
    MissingDependencyError,
    UsageError,
)
from geneval_references._model import TIERS, Reference, ReferenceSet, Tier

__all__ = [
    "TIERS",
    "GateError",
    "GenevalError",
    "InputError",
    "ItemsFailedError",
    "MissingDependencyError",
    "Reference",
    "ReferenceSet",
    "Tier",
    "UsageError",
]

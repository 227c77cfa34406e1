"""Reference sets: right answers and the evidence for them. Knows texts; no files, no scorers."""

from geneval_references._describe import Description, Example, Multiplicity, Spread, Suspicion, describe
from geneval_references._errors import (
    GateError,
    GenevalError,
    InputError,
    ItemsFailedError,
    MissingDependencyError,
    ScorerError,
    UsageError,
)
from geneval_references._fold import fold
from geneval_references._hash import ReferenceHash, reference_hash
from geneval_references._model import TIERS, Fact, Reference, ReferenceSet, Tier
from geneval_references._select import counting, select, unmatched

__all__ = [
    "TIERS",
    "Description",
    "Example",
    "Fact",
    "GateError",
    "GenevalError",
    "InputError",
    "ItemsFailedError",
    "MissingDependencyError",
    "Multiplicity",
    "Reference",
    "ReferenceHash",
    "ReferenceSet",
    "ScorerError",
    "Spread",
    "Suspicion",
    "Tier",
    "UsageError",
    "counting",
    "describe",
    "fold",
    "reference_hash",
    "select",
    "unmatched",
]

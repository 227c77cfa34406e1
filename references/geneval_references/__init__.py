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
from geneval_references._multiplicity import (
    Classes,
    Growth,
    MultiplicityReport,
    Unspecific,
    chao1,
    hidden_positives,
    multiplicity,
    references_needed,
)
from geneval_references._protocols import Similarity
from geneval_references._select import counting, select, unmatched

__all__ = [
    "TIERS",
    "Classes",
    "Description",
    "Example",
    "Fact",
    "GateError",
    "GenevalError",
    "Growth",
    "InputError",
    "ItemsFailedError",
    "MissingDependencyError",
    "Multiplicity",
    "MultiplicityReport",
    "Reference",
    "ReferenceHash",
    "ReferenceSet",
    "ScorerError",
    "Similarity",
    "Spread",
    "Suspicion",
    "Tier",
    "Unspecific",
    "UsageError",
    "chao1",
    "counting",
    "describe",
    "fold",
    "hidden_positives",
    "multiplicity",
    "reference_hash",
    "references_needed",
    "select",
    "unmatched",
]

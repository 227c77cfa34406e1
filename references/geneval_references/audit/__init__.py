"""The audit of reference sets: leaks, duplicates, outliers, misplaced columns, and damage done to texts."""

from geneval_references.audit._audit import ALPHA, KINDS, Audit, audit
from geneval_references.audit._model import Answer, Cleaned, Finding, Level, Row, Untested

__all__ = ["ALPHA", "KINDS", "Answer", "Audit", "Cleaned", "Finding", "Level", "Row", "Untested", "audit"]

"""The conformance kit: what every scorer keeps, as checks that any scorer can be held to."""

from geneval_scorers.conformance._kit import ScorerCheck, check_scorer, scorer_checks
from geneval_scorers.conformance._trial import ConformanceError, Trial

__all__ = ["ConformanceError", "ScorerCheck", "Trial", "check_scorer", "scorer_checks"]

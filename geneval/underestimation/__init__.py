"""Whether a scorer marks down valid outputs: which systems, by how much, how sure, on what evidence."""

from geneval.underestimation._model import Estimate, Finding, Underestimation
from geneval.underestimation._plan import ReportPlan
from geneval.underestimation._run import find_underestimation

__all__ = ["Estimate", "Finding", "ReportPlan", "Underestimation", "find_underestimation"]

"""geneval scores generated text against sets of right answers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from geneval.agreement import Agreement, agree
    from geneval.api import compare, probe, score
    from geneval.blending import BlendFit, PreferenceRate, fit_blend, preference_rate
    from geneval.comparison import Comparison, Comparisons, compare_inputs
    from geneval.data import MinimalPair
    from geneval.evaluation import Settings, evaluate
    from geneval.fitted import read_fitted
    from geneval.probing import Contrast, Probe
    from geneval.ranking import rank
    from geneval.rankings import CriterionRanking, Rankings
    from geneval.results import Result, Score
    from geneval.specs import parse
    from geneval.underestimation import ReportPlan, Underestimation, find_underestimation
    from geneval_references import (
        GateError,
        GenevalError,
        InputError,
        ItemsFailedError,
        MissingDependencyError,
        Reference,
        ReferenceSet,
        ScorerError,
        UsageError,
    )
    from geneval_scorers import Corpus, Queries, Scorer, pair_scorer, plugins, scorer, scorers
    from geneval_scorers.embedding import encoder
    from geneval_scorers.preference import BradleyTerry, Ranking

# Loaded where first used, so that `geneval --help` and `import geneval` stay quick.
_HOMES = {
    "geneval_references": (
        "GateError",
        "GenevalError",
        "InputError",
        "ItemsFailedError",
        "MissingDependencyError",
        "Reference",
        "ReferenceSet",
        "ScorerError",
        "UsageError",
    ),
    "geneval_scorers": ("Corpus", "Queries", "Scorer", "pair_scorer", "plugins", "scorer", "scorers"),
    "geneval_scorers.embedding": ("encoder",),
    "geneval_scorers.preference": ("BradleyTerry", "Ranking"),
    "geneval.agreement": ("Agreement", "agree"),
    "geneval.api": ("compare", "probe", "score"),
    "geneval.blending": ("BlendFit", "PreferenceRate", "fit_blend", "preference_rate"),
    "geneval.comparison": ("Comparison", "Comparisons", "compare_inputs"),
    "geneval.data": ("MinimalPair",),
    "geneval.evaluation": ("Settings", "evaluate"),
    "geneval.fitted": ("read_fitted",),
    "geneval.probing": ("Contrast", "Probe"),
    "geneval.ranking": ("rank",),
    "geneval.rankings": ("CriterionRanking", "Rankings"),
    "geneval.results": ("Result", "Score"),
    "geneval.specs": ("parse",),
    "geneval.underestimation": ("ReportPlan", "Underestimation", "find_underestimation"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Agreement",
    "BlendFit",
    "BradleyTerry",
    "Comparison",
    "Comparisons",
    "Contrast",
    "Corpus",
    "CriterionRanking",
    "GateError",
    "GenevalError",
    "InputError",
    "ItemsFailedError",
    "MinimalPair",
    "MissingDependencyError",
    "PreferenceRate",
    "Probe",
    "Queries",
    "Ranking",
    "Rankings",
    "Reference",
    "ReferenceSet",
    "ReportPlan",
    "Result",
    "Score",
    "Scorer",
    "ScorerError",
    "Settings",
    "Underestimation",
    "UsageError",
    "__version__",
    "agree",
    "compare",
    "compare_inputs",
    "encoder",
    "evaluate",
    "find_underestimation",
    "fit_blend",
    "pair_scorer",
    "parse",
    "plugins",
    "preference_rate",
    "probe",
    "rank",
    "read_fitted",
    "score",
    "scorer",
    "scorers",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'geneval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)

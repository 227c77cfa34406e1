"""geneval scores generated text against sets of right answers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from geneval.agreement import Agreement, agree
    from geneval.api import audit, compare, probe, score
    from geneval.blending import BlendFit, PreferenceRate, fit_blend, preference_rate
    from geneval.cards import Cards, metric_cards
    from geneval.comparison import Comparison, Comparisons, compare_inputs
    from geneval.data import MinimalPair
    from geneval.evaluation import Settings, evaluate
    from geneval.expanding import Expansion, expand
    from geneval.fitted import read_fitted
    from geneval.label_sets import labels
    from geneval.probing import Contrast, Probe
    from geneval.query_scores import QueryScores
    from geneval.ranked_lists import retrieval
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
    from geneval_references.audit import Audit
    from geneval_scorers import Corpus, Queries, Scorer, pair_scorer, plugins, scorer, scorers
    from geneval_scorers.embedding import encoder
    from geneval_scorers.preference import BradleyTerry, Ranking
    from geneval_scorers.ranking import ItemLabels, Judged

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
    "geneval_references.audit": ("Audit",),
    "geneval_scorers": ("Corpus", "Queries", "Scorer", "pair_scorer", "plugins", "scorer", "scorers"),
    "geneval_scorers.embedding": ("encoder",),
    "geneval_scorers.preference": ("BradleyTerry", "Ranking"),
    "geneval_scorers.ranking": ("ItemLabels", "Judged"),
    "geneval.agreement": ("Agreement", "agree"),
    "geneval.api": ("audit", "compare", "probe", "score"),
    "geneval.blending": ("BlendFit", "PreferenceRate", "fit_blend", "preference_rate"),
    "geneval.cards": ("Cards", "metric_cards"),
    "geneval.comparison": ("Comparison", "Comparisons", "compare_inputs"),
    "geneval.data": ("MinimalPair",),
    "geneval.evaluation": ("Settings", "evaluate"),
    "geneval.expanding": ("Expansion", "expand"),
    "geneval.fitted": ("read_fitted",),
    "geneval.label_sets": ("labels",),
    "geneval.probing": ("Contrast", "Probe"),
    "geneval.query_scores": ("QueryScores",),
    "geneval.ranked_lists": ("retrieval",),
    "geneval.ranking": ("rank",),
    "geneval.rankings": ("CriterionRanking", "Rankings"),
    "geneval.results": ("Result", "Score"),
    "geneval.specs": ("parse",),
    "geneval.underestimation": ("ReportPlan", "Underestimation", "find_underestimation"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Agreement",
    "Audit",
    "BlendFit",
    "BradleyTerry",
    "Cards",
    "Comparison",
    "Comparisons",
    "Contrast",
    "Corpus",
    "CriterionRanking",
    "Expansion",
    "GateError",
    "GenevalError",
    "InputError",
    "ItemLabels",
    "ItemsFailedError",
    "Judged",
    "MinimalPair",
    "MissingDependencyError",
    "PreferenceRate",
    "Probe",
    "Queries",
    "QueryScores",
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
    "audit",
    "compare",
    "compare_inputs",
    "encoder",
    "evaluate",
    "expand",
    "find_underestimation",
    "fit_blend",
    "labels",
    "metric_cards",
    "pair_scorer",
    "parse",
    "plugins",
    "preference_rate",
    "probe",
    "rank",
    "read_fitted",
    "retrieval",
    "score",
    "scorer",
    "scorers",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'geneval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)

"""How far scorers agree with people: correlation, accuracy over pairs, soft pairwise accuracy, and their significance."""

from geneval.agreement._cells import Cells, Draws
from geneval.agreement._correlations import kendall, pearson, spearman
from geneval.agreement._model import Agreement, Baselines, Curve, Difference, Point, Row
from geneval.agreement._picture import picture
from geneval.agreement._plan import Plan
from geneval.agreement._run import agree
from geneval.agreement._significance import Williams, permutation_p, standardised, williams
from geneval.agreement._systems import flips_of, p_values, pairwise_accuracy, soft_pairwise_accuracy
from geneval.agreement._ties import Calibrated, Pairs, acc_eq, accuracy_with_ties, calibrate, tau_like
from geneval.agreement._votes import Ceiling

__all__ = [
    "Agreement",
    "Baselines",
    "Calibrated",
    "Ceiling",
    "Cells",
    "Curve",
    "Difference",
    "Draws",
    "Pairs",
    "Plan",
    "Point",
    "Row",
    "Williams",
    "acc_eq",
    "accuracy_with_ties",
    "agree",
    "calibrate",
    "flips_of",
    "kendall",
    "p_values",
    "pairwise_accuracy",
    "pearson",
    "permutation_p",
    "picture",
    "soft_pairwise_accuracy",
    "spearman",
    "standardised",
    "tau_like",
    "williams",
]

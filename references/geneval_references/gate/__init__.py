"""The gate: how far a candidate may be believed. Statistics and features; no files, no scorers, models through protocols."""

from geneval_references.gate._bound import Items, by_item, chance, lower_bound, needed
from geneval_references.gate._certify import SHARES, Certificate, Judged, Step, certify
from geneval_references.gate._controls import CONTROLS, SURE, Control, controls
from geneval_references.gate._draw import Draw, draw, learns
from geneval_references.gate._families import family_of, shared
from geneval_references.gate._features import NGRAM, PROPOSERS, RULES, Models, Question, Table, features, rarity
from geneval_references.gate._model import FEWEST, Model, fit
from geneval_references.gate._shift import Shift, implied_precision, mean_by_item, share_here
from geneval_references.gate._units import OPPOSITES, number_of, stem, units
from geneval_references.gate._verdicts import CLASSES, POSTERIOR, RATERS, Compared, Decided, Vote, compare, decide

__all__ = [
    "CLASSES",
    "CONTROLS",
    "FEWEST",
    "NGRAM",
    "OPPOSITES",
    "POSTERIOR",
    "PROPOSERS",
    "RATERS",
    "RULES",
    "SHARES",
    "SURE",
    "Certificate",
    "Compared",
    "Control",
    "Decided",
    "Draw",
    "Items",
    "Judged",
    "Model",
    "Models",
    "Question",
    "Shift",
    "Step",
    "Table",
    "Vote",
    "by_item",
    "certify",
    "chance",
    "compare",
    "controls",
    "decide",
    "draw",
    "family_of",
    "features",
    "fit",
    "implied_precision",
    "learns",
    "lower_bound",
    "mean_by_item",
    "needed",
    "number_of",
    "rarity",
    "share_here",
    "shared",
    "stem",
    "units",
]

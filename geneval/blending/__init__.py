"""Blends: scorers weighted by people's preferences."""

from geneval.blending._bootstrap import Estimate
from geneval.blending._calibration import Bin, Calibration
from geneval.blending._fit import fit_blend
from geneval.blending._model import BlendFit, Held, Predictor, Weight, Without
from geneval.blending._rate import PreferenceRate, preference_rate

__all__ = [
    "Bin",
    "BlendFit",
    "Calibration",
    "Estimate",
    "Held",
    "Predictor",
    "PreferenceRate",
    "Weight",
    "Without",
    "fit_blend",
    "preference_rate",
]

"""The sections of a report that describe its findings; the key is the one in `underestimation.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geneval.underestimation._attribution import attribution_of
from geneval.underestimation._corrected import corrected_of
from geneval.underestimation._help import help_of
from geneval.underestimation._known import Known
from geneval.underestimation._pairs import pairs_of
from geneval.underestimation._rankings import ranking_of
from geneval.underestimation._references import references_of
from geneval.underestimation._slices import slices_of
from geneval.underestimation._tier_rankings import tiers_of

SECTIONS: Mapping[str, Callable[[Known], object]] = {
    "ranking": ranking_of,
    "corrected": corrected_of,
    "pairs": pairs_of,
    "tiers": tiers_of,
    "attribution": attribution_of,
    "slices": slices_of,
    "help": help_of,
    "references": references_of,
}
"""From the cleaned data to what JSON holds; an `Estimate` may stand anywhere in it."""

"""The sections of a report that describe its findings; the key is the one in `underestimation.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geneval.underestimation._known import Known
from geneval.underestimation._rankings import ranking_of
from geneval.underestimation._references import references_of

SECTIONS: Mapping[str, Callable[[Known], object]] = {
    "ranking": ranking_of,
    "references": references_of,
}
"""From the cleaned data to what JSON holds; an `Estimate` may stand anywhere in it."""

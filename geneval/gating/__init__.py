"""The gate: candidates in, tiers out, with a card that says how far to believe them."""

from geneval.gating._card import Grid, grids, markdown, prose, verdict
from geneval.gating._drawn import Drawn, next_rows, read_drawn, write_rows
from geneval.gating._model import ByOrigin, Gate, Rejection, Result, Settings, read_gate
from geneval.gating._models import chosen_models
from geneval.gating._pool import Pool, key_of
from geneval.gating._run import run_gate
from geneval.gating._write import write_result

__all__ = [
    "ByOrigin",
    "Drawn",
    "Gate",
    "Grid",
    "Pool",
    "Rejection",
    "Result",
    "Settings",
    "chosen_models",
    "grids",
    "key_of",
    "markdown",
    "next_rows",
    "prose",
    "read_drawn",
    "read_gate",
    "run_gate",
    "verdict",
    "write_result",
    "write_rows",
]

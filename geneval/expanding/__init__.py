"""Growing reference sets: expanders with real models, tables and files behind them."""

from geneval.expanding._results import Expansion, Grown
from geneval.expanding._run import DEFAULT_SEED, expand
from geneval.expanding._tools import Tools
from geneval.expanding._translators import translator

__all__ = ["DEFAULT_SEED", "Expansion", "Grown", "Tools", "expand", "translator"]

"""Learning from people's pairwise choices: Bradley-Terry, and what the choices look like."""

from geneval_scorers.preference._checks import (
    Agreement,
    Circle,
    Circles,
    GoodnessOfFit,
    Share,
    annotator_agreement,
    intransitive_triples,
    left_win_rate,
)
from geneval_scorers.preference._comparisons import Choice, Comparisons, Labels
from geneval_scorers.preference._intervals import RefusedError
from geneval_scorers.preference._planning import NextPair, detection_power
from geneval_scorers.preference._result import Difference, Effect, Prediction, Ranking, Rater, Worth
from geneval_scorers.preference._solver import NotConvergedError
from geneval_scorers.preference.bradley_terry import BradleyTerry

__all__ = [
    "Agreement",
    "BradleyTerry",
    "Choice",
    "Circle",
    "Circles",
    "Comparisons",
    "Difference",
    "Effect",
    "GoodnessOfFit",
    "Labels",
    "NextPair",
    "NotConvergedError",
    "Prediction",
    "Ranking",
    "Rater",
    "RefusedError",
    "Share",
    "Worth",
    "annotator_agreement",
    "detection_power",
    "intransitive_triples",
    "left_win_rate",
]

"""Numbers: texts and reference sets in, scores out. Knows no files."""

from geneval_scorers._answer_checks import guarded
from geneval_scorers._answers import CHUNK, FAILED, Answers, ask_all, ask_each, expected_at, expected_at_each, turns
from geneval_scorers._bootstrap import Resamples, percentile_interval
from geneval_scorers._corpus import Corpus, Watch
from geneval_scorers._entry_points import Offer, offers, origin
from geneval_scorers._plugins import Plugin
from geneval_scorers._queries import (
    Copies,
    Queries,
    ask,
    band,
    copied,
    distinct,
    documents,
    full,
    grouped,
    leave_one_out,
    without_copies,
)
from geneval_scorers._ragged import Ragged
from geneval_scorers._registry import find_scorer, parse, plugins, scorer, scorers
from geneval_scorers._scorer import (
    FitState,
    FunctionScorer,
    Info,
    Learner,
    PairBased,
    PairScorer,
    Reduction,
    Scorer,
    Statistics,
    pair_scorer,
)
from geneval_scorers._significance import (
    Pair,
    PValue,
    bootstrap_p,
    effect_size,
    gains,
    holm,
    randomisation_p,
)
from geneval_scorers._subsets import DRAWS, SEED
from geneval_scorers.embedding.cosine import Cosine
from geneval_scorers.java.meteor import Meteor
from geneval_scorers.java.spice import Spice
from geneval_scorers.ngram.bleu import Bleu
from geneval_scorers.ngram.chrf import Chrf
from geneval_scorers.ngram.cider import Cider
from geneval_scorers.ngram.coco_bleu import CocoBleu
from geneval_scorers.ngram.coco_rouge_l import CocoRougeL
from geneval_scorers.ngram.exact import Exact
from geneval_scorers.ngram.rouge import Rouge
from geneval_scorers.ngram.ter import Ter
from geneval_scorers.ngram.token_f1 import TokenF1

__all__ = [
    "CHUNK",
    "DRAWS",
    "FAILED",
    "SEED",
    "Answers",
    "Bleu",
    "Chrf",
    "Cider",
    "CocoBleu",
    "CocoRougeL",
    "Copies",
    "Corpus",
    "Cosine",
    "Exact",
    "FitState",
    "FunctionScorer",
    "Info",
    "Learner",
    "Meteor",
    "Offer",
    "PValue",
    "Pair",
    "PairBased",
    "PairScorer",
    "Plugin",
    "Queries",
    "Ragged",
    "Reduction",
    "Resamples",
    "Rouge",
    "Scorer",
    "Spice",
    "Statistics",
    "Ter",
    "TokenF1",
    "Watch",
    "ask",
    "ask_all",
    "ask_each",
    "band",
    "bootstrap_p",
    "copied",
    "distinct",
    "documents",
    "effect_size",
    "expected_at",
    "expected_at_each",
    "find_scorer",
    "full",
    "gains",
    "grouped",
    "guarded",
    "holm",
    "leave_one_out",
    "offers",
    "origin",
    "pair_scorer",
    "parse",
    "percentile_interval",
    "plugins",
    "randomisation_p",
    "scorer",
    "scorers",
    "turns",
    "without_copies",
]

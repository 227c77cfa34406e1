"""Numbers: texts and reference sets in, scores out. Knows no files."""

from geneval_scorers._answer_checks import guarded
from geneval_scorers._answers import (
    CHUNK,
    FAILED,
    Answers,
    ask_all,
    ask_each,
    ask_subsets,
    expected_at,
    expected_at_each,
    turns,
)
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
    Role,
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
from geneval_scorers._spec import spelled
from geneval_scorers._subsets import DRAWS, SEED, Subsets
from geneval_scorers.embedding.bertscore import BertScore
from geneval_scorers.embedding.clipscore import ClipScore
from geneval_scorers.embedding.comet import Comet
from geneval_scorers.embedding.cosine import Cosine
from geneval_scorers.embedding.cross_encoder import CrossEncoder
from geneval_scorers.embedding.entailment import Entailment
from geneval_scorers.embedding.gaussian import Gaussian
from geneval_scorers.embedding.learned import Learned
from geneval_scorers.embedding.ref_clipscore import RefClipScore
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
from geneval_scorers.preference.blend import Blend
from geneval_scorers.sets.chamfer import Chamfer, SmoothChamfer
from geneval_scorers.sets.coverage import Coverage, Precision
from geneval_scorers.sets.distinct_n import DistinctN
from geneval_scorers.sets.pairwise import Pairwise
from geneval_scorers.sets.self_bleu import SelfBleu
from geneval_scorers.sets.self_cider import SelfCider
from geneval_scorers.sets.vendi import Vendi
from geneval_scorers.traits.ending import Ending
from geneval_scorers.traits.fluency import Fluency
from geneval_scorers.traits.length_ratio import LengthRatio
from geneval_scorers.traits.perplexity import Perplexity
from geneval_scorers.traits.repetition import Repetition

__all__ = [
    "CHUNK",
    "DRAWS",
    "FAILED",
    "SEED",
    "Answers",
    "BertScore",
    "Blend",
    "Bleu",
    "Chamfer",
    "Chrf",
    "Cider",
    "ClipScore",
    "CocoBleu",
    "CocoRougeL",
    "Comet",
    "Copies",
    "Corpus",
    "Cosine",
    "Coverage",
    "CrossEncoder",
    "DistinctN",
    "Ending",
    "Entailment",
    "Exact",
    "FitState",
    "Fluency",
    "FunctionScorer",
    "Gaussian",
    "Info",
    "Learned",
    "Learner",
    "LengthRatio",
    "Meteor",
    "Offer",
    "PValue",
    "Pair",
    "PairBased",
    "PairScorer",
    "Pairwise",
    "Perplexity",
    "Plugin",
    "Precision",
    "Queries",
    "Ragged",
    "Reduction",
    "RefClipScore",
    "Repetition",
    "Resamples",
    "Role",
    "Rouge",
    "Scorer",
    "SelfBleu",
    "SelfCider",
    "SmoothChamfer",
    "Spice",
    "Statistics",
    "Subsets",
    "Ter",
    "TokenF1",
    "Vendi",
    "Watch",
    "ask",
    "ask_all",
    "ask_each",
    "ask_subsets",
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
    "spelled",
    "turns",
    "without_copies",
]

"""Self-BLEU, also called mBLEU (Shetty et al. 2017; Zhu et al. 2018, Texygen)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from geneval_scorers._answer_checks import scored
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info
from geneval_scorers.ngram._tokens import Tokenizing
from geneval_scorers.ngram.bleu import Bleu
from geneval_scorers.sets._among import Diversity
from geneval_scorers.sets._grid import mean_of
from geneval_scorers.sets._questions import each_against_the_others


@scorer("self_bleu")
@dataclass(frozen=True, repr=False)
class SelfBleu(Tokenizing, Diversity):
    """Mean sentence BLEU of each output with the other ones of its set for references, 0 to 100; lower is more diverse.

    The corpus score is the mean over sets. More outputs give each one more references, and so a higher BLEU: compare at
    equal numbers only.

    Attributes:
        lowercase, tokenizer, smooth, max_order: as of `bleu`.
    """

    info: ClassVar[Info] = Info(
        summary="mean BLEU of each output against the others of its set",
        scale=(0, 100),
        direction="lower",
        kind="set",
        monotone=True,
        identical="100 (all outputs alike; 0 where they have no token)",
        source="Shetty et al. 2017 (mBLEU); Zhu et al. 2018",
        role="diversity",
    )

    lowercase: bool = False
    tokenizer: str = "13a"
    smooth: Literal["exp", "floor", "add-k", "none"] = "exp"
    max_order: int = 4

    def __post_init__(self) -> None:
        """Checks the options, which are those of BLEU."""
        self._bleu()

    def _bleu(self) -> Bleu:
        return Bleu(lowercase=self.lowercase, tokenizer=self.tokenizer, smooth=self.smooth, max_order=self.max_order)

    def spread(self, corpus: Corpus, queries: Queries) -> Floats:
        """One number a set."""
        bleu = self._bleu()
        rows = bleu.statistics(corpus, each_against_the_others(queries)).rows
        return mean_of(scored(bleu, rows), queries.candidates)

"""TER as sacrebleu (after Tercom) computes it (Snover et al. 2006)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import sacrebleu
from sacrebleu.metrics.lib_ter import translation_edit_rate
from sacrebleu.tokenizers.tokenizer_ter import TercomTokenizer

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints, Ragged, group_sum
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairBased, Rows, Statistics


@scorer("ter")
@dataclass(frozen=True, repr=False)
class Ter(PairBased):
    """Edits (with shifts) to the nearest reference, in percent of the references' mean length; lower is better.

    A further reference can raise the score where it is shorter than the others.

    Attributes:
        normalized: Tercom's normalisation of punctuation and XML entities.
        no_punct: remove punctuation.
        asian_support: split and normalise CJK characters, with `normalized` or `no_punct`.
        case_sensitive: do not lower-case.
    """

    info: ClassVar[Info] = Info(
        summary="edits to the nearest reference over the references' mean length",
        scale=(0, None),
        direction="lower",
        kind="pool",
        monotone=False,
        identical="0",
        source="Snover et al. 2006 (sacrebleu)",
        mean=False,
    )

    normalized: bool = False
    no_punct: bool = False
    asian_support: bool = False
    case_sensitive: bool = False

    @property
    def longest(self) -> int:
        """10,000 characters; the search for shifts takes a minute for a pair of that length."""
        return 10_000

    def recipe(self) -> dict[str, str]:
        """The version that computes the edits."""
        return {"sacrebleu": sacrebleu.__version__}

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[fewest edits, mean reference length]: references that cannot need fewer edits are not looked at."""
        words = self._words(corpus)
        candidates = queries.single_candidates(self.name).tolist()
        short = np.flatnonzero(~self.too_long(corpus, queries)).tolist()
        edits = np.full(len(queries), np.nan)
        edits[short] = [words.fewest_edits(candidates[i], queries.references.row(i).tolist()) for i in short]
        lengths = np.asarray([len(row) for row in words.as_references], np.float64)
        length = group_sum(lengths[queries.references.values], queries.references) / queries.references.lengths
        return Statistics(np.stack([edits, np.where(np.isnan(edits), np.nan, length)], axis=1))

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[edits, reference length]."""
        words = self._words(corpus)
        pairs = zip(texts.tolist(), references.tolist(), strict=True)
        return np.asarray([words.edits(t, r) for t, r in pairs], np.float64).reshape(-1, 2)

    def combine(self, rows: Rows, references: Ragged) -> Statistics:
        """[fewest edits, mean reference length]."""
        edits = np.minimum.reduceat(np.asarray(rows[:, 0], np.float64), references.offsets[:-1])
        length = group_sum(np.asarray(rows[:, 1], np.float64), references) / references.lengths
        return Statistics(np.stack([edits, length], axis=1))

    def segment(self, rows: Rows) -> Floats:
        """Sentence TER."""
        return self._rate(np.asarray(rows, np.float64))

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Corpus TER of summed statistics."""
        return np.where(weight > 0, self._rate(sums), np.nan)

    def _words(self, corpus: Corpus) -> _Words:
        return corpus.derive(("ter", *self.options().values()), lambda: _Words(corpus.texts, self.options()))

    def _rate(self, sums: Floats) -> Floats:
        edits, length = sums[..., 0], sums[..., 1]
        # Against empty references any edit is an error of 100 %.
        empty = np.where(edits > 0, 1.0, 0.0)
        rate = np.where(length > 0, edits / np.where(length > 0, length, 1.0), empty)
        return np.where(np.isnan(length), np.nan, 100 * rate)


class _Words:
    """Words of every text as an output and as a reference: sacrebleu tokenises references twice."""

    def __init__(self, texts: Sequence[str], options: dict[str, object]) -> None:
        tokenize = TercomTokenizer(**{key: bool(value) for key, value in options.items()})
        once = [tokenize(text.rstrip()) for text in texts]
        self.as_outputs = [text.split() for text in once]
        self.as_references = [tokenize(text.rstrip()).split() for text in once]

    def edits(self, text: int, reference: int) -> tuple[int, int]:
        """Edits, and the reference's length."""
        edits, length = translation_edit_rate(self.as_outputs[text], self.as_references[reference])
        return edits, length

    def fewest_edits(self, text: int, references: list[int]) -> float:
        """Edits to the nearest reference.

        Shifts move words and change none, so that no way of editing beats the words that two texts do not share.
        """
        words = self.as_outputs[text]
        counts = Counter(words)
        least = []
        for reference in references:
            others = self.as_references[reference]
            shared = (counts & Counter(others)).total()
            least.append((max(len(words), len(others)) - shared, reference))
        best = math.inf
        for bound, reference in sorted(least):
            if bound >= best:
                break
            best = min(best, self.edits(text, reference)[0])
        return best

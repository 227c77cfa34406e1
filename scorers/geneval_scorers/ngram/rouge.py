"""ROUGE as rouge_score computes it (Lin 2004): F1 of n-grams or of the longest common subsequence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.ngram._lcs import lcs_lengths
from geneval_scorers.ngram._tokens import Tokenizing, tokens
from geneval_scorers.ngram.token_f1 import f1, ngram_f1
from geneval_scorers.tokenizers import get_tokenizer


@scorer("rouge")
@dataclass(frozen=True, repr=False)
class Rouge(Tokenizing, PairScorer):
    """ROUGE F1, 0 to 1; several references: the best one, as in rouge_score's `score_multi`. The corpus score is the mean.

    Attributes:
        kind: `1` or `2`: n-grams; `L`: longest common subsequence; `Lsum`: its union over lines.
        tokenizer: `unicode` scores every script; `rouge` is rouge_score's own, which keeps ASCII letters and digits
            only and so gives Chinese or Arabic text 0. For `Lsum`, lines are cut before tokenising.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="ROUGE F1: n-gram or longest-common-subsequence overlap",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1 (0 where it has no n-gram)",
        source="Lin 2004 (rouge_score)",
    )

    kind: Literal["1", "2", "L", "Lsum"]
    tokenizer: str = "unicode"
    reduce: Reduction = "best"

    @property
    def longest(self) -> int | None:
        """20,000 characters for `Lsum`, whose table has a cell for each two tokens."""
        return 20_000 if self.kind == "Lsum" else None

    def pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """[F1]."""
        if self.kind in {"1", "2"}:
            return ngram_f1(corpus, self.tokenizer, queries, queries.single_candidates(self.name), int(self.kind))
        return super().pairs(corpus, queries)

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[F1] of `L` and `Lsum`."""
        if self.kind == "Lsum":
            return self._summary_scores(corpus, texts, references).reshape(-1, 1)
        words = tokens(corpus, self.tokenizer)
        lengths = words.ids.lengths
        return f1(lcs_lengths(corpus, words, texts, references), lengths[texts], lengths[references]).reshape(-1, 1)

    def _summary_scores(self, corpus: Corpus, texts: Ints, references: Ints) -> Floats:
        lines = corpus.derive(("lines", self.tokenizer), lambda: _token_lines(corpus, self.tokenizer))
        hits = np.asarray(
            [union_hits(lines[r], lines[t]) for t, r in zip(texts.tolist(), references.tolist(), strict=True)], np.int64
        )
        sizes = np.asarray([sum(map(len, row)) for row in lines], np.int64)
        return f1(hits, sizes[texts], sizes[references])


def _token_lines(corpus: Corpus, tokenizer: str) -> list[list[list[str]]]:
    cut = [[line for line in text.split("\n") if line] for text in corpus.texts]
    flat = iter(get_tokenizer(tokenizer)([line for lines in cut for line in lines]))
    return [[next(flat).split() for _ in lines] for lines in cut]


def union_hits(reference: list[list[str]], text: list[list[str]]) -> int:
    """Tokens of the reference's lines that some line of the text shares in order, none counted twice (Lin 2004, 3.2)."""
    left_reference = Counter(token for line in reference for token in line)
    left_text = Counter(token for line in text for token in line)
    hits = 0
    for line in reference:
        union: set[int] = set()
        for other in text:
            union |= _lcs_places(line, other)
        for place in sorted(union):
            token = line[place]
            if left_text[token] > 0 and left_reference[token] > 0:
                hits += 1
                left_text[token] -= 1
                left_reference[token] -= 1
    return hits


def _lcs_places(line: list[str], other: list[str]) -> set[int]:
    """Places in `line` of one longest common subsequence: the one rouge_score's walk back finds."""
    table = [[0] * (len(other) + 1)]
    for token in line:
        above, row = table[-1], [0]
        for j, candidate in enumerate(other):
            row.append(above[j] + 1 if token == candidate else max(above[j + 1], row[j]))
        table.append(row)
    places: set[int] = set()
    i, j = len(line), len(other)
    while i and j:
        if line[i - 1] == other[j - 1]:
            places.add(i - 1)
            i, j = i - 1, j - 1
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places

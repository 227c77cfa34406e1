"""CIDEr-D as pycocoevalcap computes it (Vedantam et al. 2015)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from geneval_references import InputError, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Floats, Ints, Ragged
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import FitState, Info, PairScorer, Reduction, Rows
from geneval_scorers.ngram._counts import Counts, count_ngrams, count_texts
from geneval_scorers.ngram._frequencies import Frequencies, Hashes
from geneval_scorers.ngram._tokens import Tokenizing, Tokens, tokens
from geneval_scorers.tokenizers import get_tokenizer

_Fitted = TypeVar("_Fitted", bound="Cider")

_DOCUMENTS = 10_000
"""How many items are counted together while fitting."""


@scorer("cider")
@dataclass(frozen=True, repr=False)
class Cider(Tokenizing, PairScorer):
    """CIDEr-D, 0 to 10: mean over the references of the clipped tf-idf cosine of n-grams, with a length penalty.

    Document frequencies are fitted: each item of the reference corpus is one document, made of its original
    references. They stay fixed whatever is asked afterwards, and their hash is in the signature.

    Attributes:
        n: n-grams of orders 1 to n are averaged.
        sigma: width of the Gaussian length penalty, in tokens.
        tokenizer: `ptb` is COCO's; `ptb-java`, its judge, needs the `coco` extra and Java.
    """

    info: ClassVar[Info] = Info(
        summary="CIDEr-D: tf-idf similarity to the references, mean over them",
        scale=(0, 10),
        direction="higher",
        kind="pair",
        monotone=False,
        identical="10 where it is the only reference and every order has an n-gram that is not in every item",
        source="Vedantam et al. 2015 (pycocoevalcap)",
        needs="coco, Java (only for ptb-java)",
    )

    n: int = 4
    sigma: float = 6.0
    tokenizer: str = "ptb"
    fitted: FitState | None = field(default=None, init=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.n < 1 or not 0 < self.sigma < math.inf:
            raise UsageError(f"{self!r} does not fit; n is 1 or more, sigma above 0")

    @property
    def reduction(self) -> Reduction:
        """CIDEr is by definition a mean over the references."""
        return "mean"

    def recipe(self) -> dict[str, str]:
        """The tokeniser's version, and the document frequencies."""
        out = super().recipe()
        if self.fitted is not None:
            out |= {"df": self.fitted.hash[:12], "documents": str(self.fitted.facts["documents"])}
        return out

    @property
    def needs_fit(self) -> bool:
        """It needs document frequencies."""
        return self.fitted is None

    @property
    def state(self) -> FitState | None:
        """n-gram hashes with the number of items that have them, where these are two or more.

        An n-gram of one item weighs as much as one of none, so that it need not be known.
        """
        return self.fitted

    def learner(self) -> _Documents[Self]:
        """Counts in how many items' original references each n-gram is."""
        return _Documents(self)

    def with_state(self, state: FitState) -> Self:
        """A copy with these document frequencies.

        Raises:
            UsageError: they were fitted by another scorer, with another tokeniser or for other orders.
        """
        want = {"n": self.n, "tokenizer": get_tokenizer(self.tokenizer).signature}
        have = {key: state.facts.get(key) for key in want}
        if state.kind != "cider" or have != want:
            raise UsageError(
                f"{self!r} takes document frequencies of cider with {want}, not of {state.kind} with {have}"
            )
        copy = replace(self)
        object.__setattr__(copy, "fitted", state)
        return copy

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[CIDEr-D of the pair]."""
        if self.fitted is None:
            raise UsageError("cider has to learn document frequencies first: scorer = scorer.fit(corpus)")
        words = tokens(corpus, self.tokenizer)
        stamps = corpus.derive(("token hashes", self.tokenizer), lambda: _token_hashes(words))
        counted, slot = count_texts(words, np.concatenate([texts, references]), self.n)
        rows = counted.rows
        mine, theirs = slot[: len(texts)], slot[len(texts) :]
        # As in pycocoevalcap, length is the number of bigrams.
        length = np.maximum(rows.lengths - 1, 0)
        penalty = np.exp(-((length[mine] - length[theirs]) ** 2.0) / (2 * self.sigma**2))
        total = np.zeros(len(texts))
        for n, counts in enumerate(counted.orders[: self.n], 1):
            weights = counts.counts * self._rarity(_ngram_hashes(stamps, rows, counts, n))
            norms = np.sqrt(np.bincount(counts.keys.rows, weights=weights**2, minlength=len(rows)))
            total += _clipped_cosine(counts, weights, norms, mine, theirs) * penalty
        return (10.0 * total / self.n).reshape(-1, 1)

    def _rarity(self, hashes: Hashes) -> Floats:
        """log(documents / max(1, document frequency)) of every n-gram."""
        state = self.fitted
        if state is None:
            raise UsageError("cider has to learn document frequencies first: scorer = scorer.fit(corpus)")
        known, counts = state.arrays["ngram"], np.asarray(state.arrays["documents"], np.float64)
        place = np.minimum(np.searchsorted(known, hashes), max(len(known) - 1, 0))
        hit = known[place] == hashes if len(known) else np.zeros(len(hashes), bool)
        frequency = np.where(hit, counts[place] if len(known) else 1.0, 1.0)
        return np.asarray(np.log(float(state.facts["documents"])) - np.log(np.maximum(frequency, 1.0)), np.float64)


class _Documents(Generic[_Fitted]):
    """Learns document frequencies, a corpus at a time."""

    def __init__(self, scorer: _Fitted) -> None:
        self._scorer = scorer
        self._documents = 0
        self._frequencies = Frequencies()

    def add(self, corpus: Corpus) -> None:
        originals = corpus.references.keep(corpus.reference_original)
        documents = np.flatnonzero(originals.lengths)
        self._documents += len(documents)
        words = tokens(corpus, self._scorer.tokenizer)
        stamps = corpus.derive(("token hashes", self._scorer.tokenizer), lambda: _token_hashes(words))
        for start in range(0, len(documents), _DOCUMENTS):
            for found in self._in_documents(words, stamps, originals.take(documents[start : start + _DOCUMENTS])):
                self._frequencies.add(found)

    def done(self) -> _Fitted:
        """The scorer with its document frequencies.

        Raises:
            InputError: fewer than two items with original references.
        """
        if self._documents < 2:
            raise InputError(
                f"cider weighs n-grams by how rare they are among the items; {self._documents} item with original "
                "references makes every weight log(1) = 0. Score more items together, or hand in document "
                "frequencies that a larger run has saved (--fitted RUN, fitted=)"
            )
        hashes, counts = self._frequencies.repeated()
        facts: dict[str, int | str] = {"documents": self._documents, "n": self._scorer.n}
        facts["tokenizer"] = get_tokenizer(self._scorer.tokenizer).signature
        return self._scorer.with_state(FitState("cider", facts, {"ngram": hashes, "documents": counts}))

    def _in_documents(self, words: Tokens, stamps: Hashes, documents: Ragged) -> Iterator[Hashes]:
        """Hashes of the distinct n-grams of every document, order by order."""
        rows = words.ids.take(documents.values)
        owner = documents.rows
        for n, counts in enumerate(count_ngrams(rows, words.bound, self._scorer.n), 1):
            slots = counts.keys.rows
            codes = counts.keys.values - slots * counts.bound
            once = np.unique(owner[slots] * counts.bound + codes, return_index=True)[1]
            yield _ngram_hashes(stamps, rows, counts, n)[once]


def _clipped_cosine(counts: Counts, weights: Floats, norms: Floats, texts: Ints, references: Ints) -> Floats:
    mine, place = counts.found(texts, references)
    theirs = np.where(place >= 0, weights[place] if len(weights) else 0.0, 0.0)
    both = np.bincount(mine.rows, weights=np.minimum(weights[mine.values], theirs) * theirs, minlength=len(texts))
    size = norms[texts] * norms[references]
    return np.where(size != 0, both / np.where(size != 0, size, 1.0), both)


def _token_hashes(words: Tokens) -> Hashes:
    """64 bits of BLAKE2b of every token."""
    marks = b"".join(hashlib.blake2b(token.encode(), digest_size=8).digest() for token in words.vocabulary)
    return np.frombuffer(marks, "<u8").astype(np.uint64)


def _ngram_hashes(stamps: Hashes, rows: Ragged, counts: Counts, n: int) -> Hashes:
    """64 bits for every distinct n-gram of every slot, the same in every corpus (splitmix64 over the tokens' hashes).

    Ten million distinct n-grams make two of them share a number with probability 3e-6.
    """
    place = counts.somewhere()
    mark = np.full(len(place), n, np.uint64)
    for i in range(n):
        mark = mark * np.uint64(0x9E3779B97F4A7C15) + stamps[rows.values[place + i]]
        mark = (mark ^ (mark >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mark = (mark ^ (mark >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mark ^= mark >> np.uint64(31)
    return mark

"""CIDEr-D as pycocoevalcap computes it (Vedantam et al. 2015)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from geneval_references import InputError, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._numbering import ascending, numbered
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import FitState, Info, PairScorer, Reduction, Rows
from geneval_scorers.ngram._frequencies import Frequencies
from geneval_scorers.ngram._known import Hashes, Ngrams, known_ngrams
from geneval_scorers.ngram._shared import shared_ngrams
from geneval_scorers.ngram._tokens import Tokenizing
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

    def pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """[CIDEr-D of the pair]."""
        if self.fitted is None:
            raise UsageError("cider has to learn document frequencies first: scorer = scorer.fit(corpus)")
        grams = known_ngrams(corpus, self.tokenizer, self.n)
        weights = corpus.derive(("cider", self.tokenizer, self.n, self.fitted), lambda: self._weights(grams))
        candidates, references = queries.single_candidates(self.name), queries.references
        # As in pycocoevalcap, length is the number of bigrams.
        length = np.maximum(grams.tokens.ids.lengths - 1, 0)
        texts = candidates[references.rows]
        penalty = np.exp(-((length[texts] - length[references.values]) ** 2.0) / (2 * self.sigma**2))
        total = np.zeros(len(texts))
        for n, shared in enumerate(shared_ngrams(grams.tokens, queries, candidates, self.n)):
            rarity, norms = weights[n]
            each = rarity[grams.orders[n].codes[shared.place]]
            theirs = shared.spread(each) * shared.cells
            both = shared.by_pair(np.minimum(shared.spread(each * shared.count), theirs) * theirs)
            size = norms[texts] * norms[references.values]
            total += np.where(size != 0, both / np.where(size != 0, size, 1.0), both) * penalty
        return (10.0 * total / self.n).reshape(-1, 1)

    def _weights(self, grams: Ngrams) -> list[tuple[Floats, Floats]]:
        """For each order: the rarity of every n-gram, and the length of every text's vector."""
        every = self._rarity(np.concatenate([order.hashes for order in grams.orders]))
        ends = np.cumsum([len(order.hashes) for order in grams.orders])
        out = []
        for order, rarity in zip(grams.orders, np.split(every, ends[:-1]), strict=True):
            squares = rarity**2
            norms = np.bincount(order.owner, weights=squares[order.codes[order.valid]], minlength=len(grams.tokens.ids))
            owner, place, count = order.repeated
            # A vector holds count times rarity: what occurs twice weighs four times, not two.
            extra = (count * (count - 1)) * squares[order.codes[place]]
            norms += np.bincount(owner, weights=extra, minlength=len(norms))
            out.append((rarity, np.sqrt(norms)))
        return out

    def _rarity(self, hashes: Hashes) -> Floats:
        """log(documents / max(1, document frequency)) of every n-gram."""
        state = self.fitted
        if state is None:
            raise UsageError("cider has to learn document frequencies first: scorer = scorer.fit(corpus)")
        place = _found(state.arrays["ngram"].astype(np.uint64, copy=False), hashes)
        there = np.flatnonzero(place >= 0)
        frequency = np.ones(len(hashes))
        frequency[there] = np.maximum(state.arrays["documents"][place[there]], 1)
        return np.asarray(np.log(float(state.facts["documents"])) - np.log(frequency), np.float64)


def _found(known: Hashes, hashes: Hashes) -> Ints:
    """Where each of `hashes` stands among the known ones, which ascend; -1 where it does not."""
    if len(known) <= len(hashes):
        number, count = numbered(np.concatenate([known, hashes]).view(np.int64))
        place = np.full(count, -1, np.int64)
        place[number[: len(known)]] = np.arange(len(known))
        return place[number[len(known) :]]
    # Many are known, of a large corpus: searched for in their order, few of them are looked at.
    order = ascending(hashes)
    at = np.minimum(np.searchsorted(known, hashes[order]), len(known) - 1)
    place = np.empty(len(hashes), np.int64)
    place[order] = np.where(known[at] == hashes[order], at, -1)
    return place


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
        grams = known_ngrams(corpus, self._scorer.tokenizer, self._scorer.n)
        for start in range(0, len(documents), _DOCUMENTS):
            self._frequencies.add(*grams.in_documents(originals.take(documents[start : start + _DOCUMENTS])))

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

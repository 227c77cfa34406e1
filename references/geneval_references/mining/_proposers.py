"""What proposes texts of a pool for a reference set: words, n-grams, characters, embeddings.

Every proposer here is linear: a text's score against a set is the mean of its scores against the set's references, and
so one product of matrices. On captions the mean finds more of what people call valid than the best does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from geneval_references._errors import UsageError
from geneval_references._fold import fold

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float32]
Sets = Sequence[Sequence[str]]
"""The references of some items."""

_K1, _B = 1.2, 0.75
"""Of BM25, as search engines have them."""
_ORDERS = 4
"""N-grams of 1 to so many words, as in CIDEr."""


class Encoder(Protocol):
    """Maps texts to vectors of length 1: a row a text, in their order."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """[texts, dimensions]."""


class Index(Protocol):
    """A pool, ready to be asked."""

    def scores(self, sets: Sets) -> Floats:
        """Of every text of the pool against every set, [sets, pool]; higher is more alike."""

    def exact(self, references: Sequence[str], places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of these texts of the pool against one set, the same whatever else was asked; [places]."""


class Proposer(Protocol):
    """Something that can say how alike the texts of a pool are to a reference set."""

    @property
    def name(self) -> str:
        """As the user writes it; it stands in the provenance of what it proposes."""

    def index(self, pool: Sequence[str]) -> Index:
        """Looks at the pool once."""


@dataclass(frozen=True, slots=True)
class _Words:
    """A proposer of counted words, n-grams or characters."""

    name: str
    index: Callable[[Sequence[str]], Index]


def proposer(name: str) -> Proposer:
    """One of `PROPOSERS`, which need no model.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in PROPOSERS:
        raise UsageError(f"no proposer {name!r}; those without a model are {', '.join(PROPOSERS)}")
    return _Words(name, PROPOSERS[name])


def encoded(name: str, encoder: Encoder) -> Proposer:
    """A proposer by the mean cosine of embeddings."""
    return _Words(name, lambda pool: _Dense(encoder, encoder.encode(list(pool)).astype(np.float32, copy=False)))


@dataclass(frozen=True, slots=True)
class _Dense:
    encoder: Encoder
    vectors: Floats

    def scores(self, sets: Sets) -> Floats:
        return np.asarray(self._means(sets) @ self.vectors.T)

    def exact(self, references: Sequence[str], places: NDArray[np.int64]) -> NDArray[np.float64]:
        # A product of large matrices rounds differently in every shape, and the order must not hang on that.
        mean = self._means([references])[0].astype(np.float64)
        return np.asarray((self.vectors[places].astype(np.float64) * mean).sum(axis=1))

    def _means(self, sets: Sets) -> Floats:
        vectors = self.encoder.encode([text for texts in sets for text in texts]).astype(np.float64)
        ends = np.cumsum([len(texts) for texts in sets])
        parts = np.split(vectors, ends[:-1])
        return np.stack([part.mean(axis=0) for part in parts]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Sparse:
    """Counted features: `weigh` makes query rows, and the pool's rows are weighed already."""

    rows: csr_array
    weigh: Callable[[Sequence[str]], csr_array]

    def scores(self, sets: Sets) -> Floats:
        return np.asarray((self._means(sets) @ self.rows.T).toarray(), np.float32)

    def exact(self, references: Sequence[str], places: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray((self._means([references]) @ self.rows[places].T).toarray()[0], np.float64)

    def _means(self, sets: Sets) -> csr_array:
        from scipy.sparse import csr_array

        weights = self.weigh([text for texts in sets for text in texts])
        sizes = np.asarray([len(texts) for texts in sets])
        owner = np.repeat(np.arange(len(sets)), sizes)
        mean = csr_array((1.0 / sizes[owner], (owner, np.arange(len(owner)))), shape=(len(sets), len(owner)))
        return mean @ weights


def _counted(pool: Sequence[str], **options: object) -> tuple[csr_array, Callable[[Sequence[str]], csr_array]]:
    """Counts of the pool's features, and what counts the same ones in other texts. Document frequencies are the pool's.

    So what is proposed for an item does not hang on the other items.
    """
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    # Words of one letter count; CountVectorizer's own pattern drops them, and warns of one that characters do not need.
    words = {} if "analyzer" in options else {"token_pattern": r"\w+"}
    counter = CountVectorizer(preprocessor=fold, dtype=np.float64, **words, **options)
    try:
        rows = csr_array(counter.fit_transform(pool))
    except ValueError:  # no text of the pool has a single feature
        rows = csr_array((len(pool), 1), dtype=np.float64)
        return rows, lambda texts: csr_array((len(texts), 1), dtype=np.float64)
    return rows, lambda texts: csr_array(counter.transform(texts))


def _document_frequencies(rows: csr_array) -> NDArray[np.float64]:
    return np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.float64)


def _unit(rows: csr_array) -> csr_array:
    """Rows of length 1; empty ones stay empty."""
    from scipy.sparse import csr_array, diags_array

    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1))).ravel()
    return csr_array(diags_array(1.0 / np.where(norms > 0, norms, 1.0)) @ rows)


def _weighed(rows: csr_array, weights: NDArray[np.float64]) -> csr_array:
    from scipy.sparse import csr_array, diags_array

    return csr_array(rows @ diags_array(weights))


def _tfidf(pool: Sequence[str], **options: object) -> Index:
    """Cosine of tf-idf vectors (Salton and Buckley 1988): tf x (ln((1 + N) / (1 + df)) + 1)."""
    rows, count = _counted(pool, **options)
    idf = np.log((1 + len(pool)) / (1 + _document_frequencies(rows))) + 1
    return _Sparse(_unit(_weighed(rows, idf)), lambda texts: _unit(_weighed(count(texts), idf)))


def _bm25(pool: Sequence[str]) -> Index:
    """BM25 (Robertson and Zaragoza 2009), k1 = 1.2, b = .75; idf is ln(1 + (N - df + .5) / (df + .5))."""
    from scipy.sparse import csr_array

    rows, count = _counted(pool)
    found = _document_frequencies(rows)
    idf = np.log1p((len(pool) - found + 0.5) / (found + 0.5))
    lengths = np.asarray(rows.sum(axis=1)).ravel()
    share = lengths / max(float(lengths.mean()), 1.0)
    norm = _K1 * (1 - _B + _B * share)
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    data = rows.data * (_K1 + 1) / (rows.data + norm[owner]) * idf[rows.indices]
    return _Sparse(csr_array((data, rows.indices, rows.indptr), shape=rows.shape), count)


def _cider(pool: Sequence[str]) -> Index:
    """CIDEr (Vedantam, Zitnick and Parikh 2015): the mean over n = 1 to 4 of the cosine of tf-idf vectors of n-grams.

    The paper's own formula; the clipping and the length penalty of CIDEr-D are no product of vectors.
    """
    from scipy.sparse import csr_array, hstack

    parts = [_of_order(pool, n) for n in range(1, _ORDERS + 1)]
    scale = 1 / np.sqrt(_ORDERS)
    rows = csr_array(hstack([row for row, _ in parts])) * scale
    return _Sparse(rows, lambda texts: csr_array(hstack([weigh(texts) for _, weigh in parts])) * scale)


def _of_order(pool: Sequence[str], n: int) -> tuple[csr_array, Callable[[Sequence[str]], csr_array]]:
    rows, count = _counted(pool, ngram_range=(n, n))
    idf = np.log(len(pool) / np.maximum(_document_frequencies(rows), 1.0))
    return _unit(_weighed(rows, idf)), lambda texts: _unit(_weighed(count(texts), idf))


def _characters(pool: Sequence[str]) -> Index:
    """tf-idf of 3 to 5 characters within words: inflected forms and scripts without spaces."""
    return _tfidf(pool, analyzer="char_wb", ngram_range=(3, 5))


PROPOSERS: dict[str, Callable[[Sequence[str]], Index]] = {
    "tfidf": _tfidf,
    "bm25": _bm25,
    "cider": _cider,
    "characters": _characters,
}
"""Those that need no model."""

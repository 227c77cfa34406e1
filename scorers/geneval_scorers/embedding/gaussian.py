"""A reference set as a Gaussian of embeddings, and the sampled distance of PCME++ to it (Chun 2024).

Chun, "Improved Probabilistic Image-Text Representations" (ICLR 2024): for independent Z1, Z2 with diagonal covariances,
E||Z1 - Z2||^2 = ||mu1 - mu2||^2 + sum(sigma1^2) + sum(sigma2^2). The shrunk variance is the moderated one of Smyth 2004,
"Linear Models and Empirical Bayes Methods" (the mean of a scaled inverse-chi-squared posterior).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._declared import OwnInfo
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import FitState, Info, Learner, Scorer, Statistics
from geneval_scorers.embedding._vectors import cut_texts, encoder_of, shown_model, vectors
from geneval_scorers.embedding.encoder import DEFAULT_MODEL, find_model

_Fitted = TypeVar("_Fitted", bound="Gaussian")

_TEXTS = 1 << 14
"""So many vectors of references are looked at together."""

_GUESS = 0.5
"""The spread of sets of which there are none to learn from: that of right answers with a cosine of .5 on average."""

_DIGITS = 4
"""The learned spread is kept to so many digits: vectors differ by 1e-7 between batches and machines, its hash must not."""


@scorer("gaussian")
@dataclass(frozen=True, repr=False)
class Gaussian(Scorer):
    """How near an output is to the centre of its references, measured by how far these lie apart, 0 to 1.

    The references of an item are a Gaussian of sentence embeddings: their mean mu and a diagonal covariance, whose trace S
    is shrunk towards the trace S0 that items of the reference corpus have on average:
    S = (prior S0 + sum_j ||r_j - mu||^2) / (prior + n - 1). A single reference has the spread S0. The closed-form sampled distance of an output y is
    CSD = ||y - mu||^2 + S. `ratio`, the score, is S / CSD: the least distance that any text could have over that of this
    one. At equal distance from the centre, references that disagree punish less.

    Attributes:
        model: as of `cosine`.
        form: `ratio`; `csd`, the distance itself, lower is better; or `match`, PCME++'s 1 / (1 + exp(a CSD - b)). In the
            latter two references that disagree punish more, since S adds to every distance.
        prior: how many references S0 counts for.
        spread: S0, in place of learning it from the references.
        a, b: of `match`.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # options complete it
        Info(
            summary="nearness to the centre of the references, measured by their spread",
            scale=(0, 1),
            direction="higher",
            kind="pool",
            monotone=False,
            identical="1",
            source="Chun 2024 (PCME++); Smyth 2004",
            needs="neural, a model",
            licence="the model's; Apache-2.0 for the default",
        )
    )

    model: str = DEFAULT_MODEL
    form: Literal["ratio", "csd", "match"] = "ratio"
    prior: float = 4.0
    spread: float | None = None
    a: float = 5.0
    b: float = 5.0
    fitted: FitState | None = field(default=None, init=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the options."""
        if not 0 < self.prior < math.inf or (self.spread is not None and not 0 < self.spread < math.inf):
            raise UsageError(f"{self!r} does not fit; allowed: prior and spread above 0")
        if not (0 < self.a < math.inf and math.isfinite(self.b)):
            raise UsageError(f"{self!r} does not fit; allowed: a above 0, b a finite number")

    def declared(self, info: Info) -> Info:
        """Of the form asked for."""
        if self.form == "csd":
            return replace(info, scale=(0, None), direction="lower", identical="the spread of its one reference, S")
        return info if self.form == "ratio" else replace(info, identical="that of the spread of its one reference")

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the model; it is loaded when it is needed."""
        find_model(self.model)

    def recipe(self) -> dict[str, str]:
        """Name and hash of the weights, and what was learned."""
        out = {"model": encoder_of(self.model).signature}
        return out if self.fitted is None else out | {"fit": self.fitted.hash[:12], "S0": f"{self._prior_spread:g}"}

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning, and where the spread is none that was learned."""
        found = {f"{self.label} reads only the beginning of long texts": cut_texts(corpus, self.model)}
        if self.fitted is not None and not self.fitted.facts["items"]:
            guess = f"{self.label} guesses how far right answers lie apart ({_GUESS}), since no item has two references"
            found[guess] = np.ones(len(corpus.texts), bool)
        return found

    @property
    def needs_fit(self) -> bool:
        """It needs the spread that reference sets have on average."""
        return self.spread is None and self.fitted is None

    @property
    def state(self) -> FitState | None:
        """S0, as one number, and of how many items it was learned."""
        return self.fitted

    def learner(self) -> Learner[Self]:
        """Learns the mean spread of items with two original references or more; equal ones count once."""
        return _Spreads(self) if self.spread is None else super().learner()

    def with_state(self, state: FitState) -> Self:
        """A copy with this spread.

        Raises:
            UsageError: it was fitted by another scorer or with another model, or `spread` is given.
        """
        model = encoder_of(self.model).signature
        if self.spread is not None or state.kind != self.name or state.facts.get("model") != model:
            raise UsageError(f"{self!r} takes no fitted state of {state.kind} with {state.facts.get('model')}")
        copy = replace(self)
        object.__setattr__(copy, "fitted", state)
        return copy

    @property
    def _prior_spread(self) -> float:
        if self.spread is not None:
            return self.spread
        if self.fitted is None:
            raise UsageError("gaussian has to learn from references first: scorer = scorer.fit(corpus)")
        return float(self.fitted.arrays["spread"][0])

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[the score, in the form asked for]."""
        rows = vectors(corpus, self.model)
        candidates = queries.single_candidates(self.name)
        references = _sorted(corpus, queries.references)
        apart, scatter = (np.empty(len(queries)) for _ in range(2))
        for part in _parts(references):
            mean, scatter[part] = moments(rows, references.take(part))
            apart[part] = sampled_distance(rows[candidates[part]].astype(np.float64), mean)
        spread = shrunk(scatter, references.lengths, self.prior, self._prior_spread)
        return Statistics(self._formed(apart + spread, spread).reshape(-1, 1))

    def _formed(self, distance: Floats, spread: Floats) -> Floats:
        if self.form == "csd":
            return distance
        if self.form == "ratio":
            return np.asarray(spread / distance)
        # By tanh, which overflows nowhere.
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (self.b - self.a * distance))))


def moments(rows: npt.NDArray[np.floating], groups: Ragged) -> tuple[Floats, Floats]:
    """The mean of each group of vectors, [groups, dimensions], and the sum of squared distances from it, [groups].

    Args:
        rows: vectors.
        groups: group -> places in `rows`; none is empty.
    """
    members = rows[groups.values].astype(np.float64)
    mean = np.add.reduceat(members, groups.offsets[:-1], axis=0) / groups.lengths[:, None]
    squares = np.einsum("rd,rd->r", *[members - mean[groups.rows]] * 2)
    return mean, np.bincount(groups.rows, weights=squares, minlength=len(groups)).astype(np.float64)


def shrunk(scatter: Floats, counts: Ints, prior: float, spread: float) -> Floats:
    """Traces of covariances: sums of squares of `counts` vectors, with `prior` more degrees of freedom of `spread`."""
    return np.asarray((prior * spread + scatter) / (prior + counts - 1))


def sampled_distance(mean: Floats, other: Floats, spread: float = 0.0, other_spread: float = 0.0) -> Floats:
    """E||Z1 - Z2||^2 of independent vectors with these means, [..., dimensions], and traces of covariances."""
    apart = mean - other
    return np.asarray(np.einsum("...d,...d->...", apart, apart) + spread + other_spread)


def _sorted(corpus: Corpus, references: Ragged) -> Ragged:
    """Alphabetically, so that no order of references shows in the last bit."""
    order = np.lexsort((corpus.rank[references.values], references.rows))
    return Ragged(references.offsets, references.values[order])


def _parts(groups: Ragged) -> Iterator[Ints]:
    """Rows of groups, as many at a time as hold `_TEXTS` values (one at least)."""
    block = (np.cumsum(groups.lengths) - groups.lengths) // _TEXTS
    if len(groups):
        yield from np.split(np.arange(len(groups), dtype=np.int64), np.flatnonzero(np.diff(block)) + 1)


class _Spreads(Generic[_Fitted]):
    """Learns the mean spread of reference sets, a corpus at a time."""

    def __init__(self, scorer: _Fitted) -> None:
        self._scorer = scorer
        self._scatter: list[float] = []
        self._freedom = 0

    def add(self, corpus: Corpus) -> None:
        references = corpus.references.keep(_first_of_equal(corpus) & corpus.reference_original)
        several = references.take(np.flatnonzero(references.lengths > 1))
        rows = vectors(corpus, self._scorer.model)
        for part in _parts(several):
            self._scatter += moments(rows, _sorted(corpus, several.take(part)))[1].tolist()
        self._freedom += int((several.lengths - 1).sum())

    def done(self) -> _Fitted:
        """The scorer with its spread, in which the guess counts as one reference more."""
        spread = math.fsum([*self._scatter, _GUESS]) / (self._freedom + 1)
        kept = float(f"{spread:.{_DIGITS}g}")
        facts: dict[str, int | str] = {"items": len(self._scatter), "model": encoder_of(self._scorer.model).signature}
        return self._scorer.with_state(FitState("gaussian", facts, {"spread": np.asarray([kept])}))


def _first_of_equal(corpus: Corpus) -> Bools:
    """Of the references of an item that are equal after folding, the first original one; of each, whether it is that."""
    references = corpus.references
    key = references.rows * (len(corpus.texts) + 1) + corpus.folded[references.values]
    order = np.lexsort((~corpus.reference_original, key))
    out = np.zeros(len(key), bool)
    out[order[np.unique(key[order], return_index=True)[1]]] = True
    return out

"""BERTScore: greedy matching of contextual token vectors (Zhang et al. 2020)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, Literal, Self, TypeVar

import numpy as np

from geneval_references import InputError, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged, group_sum
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import FitState, Info, Learner, Reduction, Rows
from geneval_scorers.embedding._baselines import Baseline, known, known_models
from geneval_scorers.embedding._columns import Columns
from geneval_scorers.embedding._greedy import matched
from geneval_scorers.embedding._models import DEFAULT_MODEL
from geneval_scorers.embedding._pretrained import find_pretrained
from geneval_scorers.embedding._token_vectors import (
    TokenModel,
    Tokens,
    corpus_tokens,
    corpus_vectors,
    token_model,
)
from geneval_scorers.embedding._vectors import shown_model

_Fitted = TypeVar("_Fitted", bound="BertScore")


@scorer("bertscore")
@dataclass(frozen=True, repr=False)
class BertScore(Columns):
    """F (0 to 1), precision or recall (-1 to 1) of greedily matched token vectors; the corpus score is the mean.

    Precision is the mean over the text's tokens of the cosine with the nearest token of the reference, recall the mean
    over the reference's, F their harmonic mean (0 where one of them is not above 0). Rows hold all three (`profile`), of the reference that wins by the
    measure. Nearness is not validity: a changed number, name or negation moves one token among many.

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: an encoder of transformers. Published numbers
            are roberta-large's (`hf:FacebookAI/roberta-large`); the default is smaller, and another model.
        layer: how many layers are run; by default bert-score's choice for models it knows, else all.
        idf: weigh tokens by how rare they are among the reference sentences; learned from these, frozen and hashed.
        rescale: stretch the scores so that unrelated texts score 0, and some fall below. Known for some models.
        baseline: P, R and F of unrelated texts, to rescale by where bert-score has none for the model.
        measure: `f`, `p` or `r`.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="precision, recall or F of greedily matched contextual token vectors",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1",
        source="Zhang et al. 2020 (bert-score)",
        needs="neural, a model",
        licence="the model's; Apache-2.0 for the default",
    )
    columns: ClassVar[tuple[str, ...]] = ("p", "r", "f")

    model: str = DEFAULT_MODEL
    layer: int | None = None
    idf: bool = False
    rescale: bool = False
    baseline: tuple[float, float, float] | None = None
    measure: Literal["f", "p", "r"] = "f"
    reduce: Reduction = "best"
    fitted: FitState | None = field(default=None, init=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the options; cosines have their own range, and rescaled scores no lower end."""
        if self.layer is not None and self.layer < 1:
            raise UsageError(f"layer={self.layer} does not fit; layers are counted from 1")
        if self.baseline is not None and not _is_baseline(self.baseline):
            raise UsageError(f"baseline={self.baseline!r} does not fit; it is (p, r, f), each below 1")
        if self.baseline is not None and not self.rescale:
            raise UsageError("baseline changes nothing without rescale=True; give both, or neither")
        if self.rescale or self.measure != "f":
            object.__setattr__(self, "info", replace(self.info, scale=(None if self.rescale else -1, 1)))

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the model, and the baseline where one is needed; the model is loaded when it is needed."""
        find_pretrained(self.model, self.name)
        self._floor()

    def recipe(self) -> dict[str, str]:
        """The weights, the layer, where texts are cut, what rescales, and the document frequencies."""
        out = self._loaded().recipe
        if self.rescale:
            out |= {"baseline": ",".join(f"{value:g}" for value in self._floor())}
        if self.fitted is not None:
            out |= {"df": self.fitted.hash[:12], "documents": str(self.fitted.facts["documents"])}
        return out

    @property
    def needs_fit(self) -> bool:
        """With idf it needs document frequencies."""
        return self.idf and self.fitted is None

    @property
    def state(self) -> FitState | None:
        """Tokens with the number of reference sentences that have them."""
        return self.fitted

    def learner(self) -> Learner[Self]:
        """Counts in how many original references each token is, every sentence once for each time it is there."""
        return _Sentences(self) if self.idf else super().learner()

    def with_state(self, state: FitState) -> Self:
        """A copy with these document frequencies.

        Raises:
            UsageError: they are another scorer's or model's, or idf is off.
        """
        want = {"model": self._loaded().files.weights}
        have = {key: state.facts.get(key) for key in want}
        if not self.idf or state.kind != "bertscore" or have != want:
            raise UsageError(
                f"{self.label} takes document frequencies of bertscore(idf=True) with {want}, not of {state.kind} "
                f"with {have}"
            )
        copy = replace(self)
        object.__setattr__(copy, "fitted", state)
        return copy

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[the measure, P, R, F]."""
        model = self._loaded()
        tokens = corpus_tokens(corpus, model)
        weights = corpus.derive((self.name, "weights", model.files.weights, self.fitted), lambda: self._weights(tokens))
        found = matched(tokens.ids, corpus_vectors(corpus, model), weights, texts, references)
        floor = np.asarray(self._floor())
        found = (found - floor) / (1 - floor)
        return np.column_stack([found[:, self.columns.index(self.measure)], found])

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return {f"{self.label} reads only the beginning of long texts": corpus_tokens(corpus, self._loaded()).cut}

    def _loaded(self) -> TokenModel:
        facts = known(self.model)
        chosen = facts.layer if self.layer is None and facts is not None else self.layer
        return token_model(self.model, chosen, self.name)

    def _floor(self) -> Baseline:
        """What unrelated texts score: 0 unless it rescales.

        Raises:
            UsageError: that is not known.
        """
        if not self.rescale:
            return 0.0, 0.0, 0.0
        if self.baseline is not None:
            return self.baseline
        facts = known(self.model)
        if facts is not None and self.layer in (None, facts.layer):
            return facts.baseline
        raise UsageError(
            f"{self.label}: bert-score has no baseline for this model and layer. Leave rescale off, or give the mean P, R "
            "and F that this model has over many pairs of unrelated texts of your language: baseline=(0.35, 0.35, 0.34). "
            f"Known, at their default layer: {', '.join(known_models())}"
        )

    def _weights(self, tokens: Tokens) -> Floats:
        """How much every token counts; those of a text sum to 1, or to 0 where it has none of its own."""
        if self.idf and self.fitted is None:
            raise UsageError("bertscore(idf=True) has to learn document frequencies first: scorer = scorer.fit(corpus)")
        even = tokens.scored.astype(np.float64)
        rare = even if self.fitted is None else even * _rarity(self.fitted, tokens.ids.values)
        # Where all tokens of a text are in every reference, none is rarer than the others.
        total = group_sum(rare, tokens.ids)
        weights = np.where((total > 0)[tokens.ids.rows], rare, even)
        total = group_sum(weights, tokens.ids)
        return np.asarray(weights / np.where(total > 0, total, 1)[tokens.ids.rows])


def _rarity(state: FitState, ids: Ints) -> Floats:
    """log((sentences + 1) / (sentences with the token + 1)) of every token."""
    known_ids, counts = state.arrays["token"], state.arrays["documents"]
    place = np.minimum(np.searchsorted(known_ids, ids), len(known_ids) - 1)
    frequency = np.where(known_ids[place] == ids, counts[place], 0)
    return np.asarray(np.log((float(state.facts["documents"]) + 1) / (frequency + 1)), np.float64)


def _is_baseline(value: object) -> bool:
    """Whether it is three numbers below 1."""
    return (
        isinstance(value, tuple)
        and len(value) == 3
        and all(isinstance(x, int | float) and math.isfinite(x) and x < 1 for x in value)
    )


class _Sentences(Generic[_Fitted]):
    """Learns in how many reference sentences tokens are, a corpus at a time."""

    def __init__(self, scorer: _Fitted) -> None:
        self._scorer = scorer
        self._sentences = 0
        self._counts = np.zeros(0, np.int64)

    def add(self, corpus: Corpus) -> None:
        texts = corpus.references.values[corpus.reference_original]
        self._sentences += len(texts)
        ids = corpus_tokens(corpus, self._scorer._loaded()).ids  # noqa: SLF001 - its own learner
        often = np.bincount(texts, minlength=len(ids))
        self._add(ids, often)

    def _add(self, ids: Ragged, often: Ints) -> None:
        """Counts the distinct tokens of each text, as often as it is a reference."""
        size = max(int(ids.values.max(initial=-1)) + 1, len(self._counts))
        once = np.unique(ids.rows * size + ids.values) if size else np.zeros(0, np.int64)
        rows, tokens = np.divmod(once, max(size, 1))
        found = np.bincount(tokens, often[rows], minlength=size).astype(np.int64)
        found[: len(self._counts)] += self._counts
        self._counts = found

    def done(self) -> _Fitted:
        """The scorer with its document frequencies.

        Raises:
            InputError: fewer than two original references.
        """
        if self._sentences < 2:
            raise InputError(
                f"bertscore(idf=True) weighs tokens by how rare they are among reference sentences; {self._sentences} "
                "original reference tells nothing of that. Score more items together, leave idf off, or hand in document "
                "frequencies that a larger run has saved (--fitted RUN, fitted=)"
            )
        tokens = np.flatnonzero(self._counts)
        facts: dict[str, int | str] = {
            "documents": self._sentences,
            "model": self._scorer._loaded().files.weights,  # noqa: SLF001
        }
        return self._scorer.with_state(
            FitState("bertscore", facts, {"token": tokens, "documents": self._counts[tokens]})
        )

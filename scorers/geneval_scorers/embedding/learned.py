"""Learned reference metrics: a model that was trained to grade a text, given a reference (BLEURT and its kin)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.embedding._pair_models import PairModel, cut_pairs, one_output, pair_model, read_pairs
from geneval_scorers.embedding._pretrained import find_pretrained
from geneval_scorers.embedding._vectors import shown_model


@scorer("learned")
@dataclass(frozen=True, repr=False)
class Learned(PairScorer):
    """The number that a sequence-regression model gives for (reference, text), as it is; the corpus score is the mean.

    The range, and what identical text scores, are the model's: BLEURT's are roughly -2 to 1.

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a model of transformers with one output, in
            safetensors. None comes as a package, so there is no default.
        order: which text the model reads first; BLEURT was trained on the reference first.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="the grade that a trained regression model gives a text beside a reference",
        scale=(None, None),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="what the model gives",
        source="Sellam et al. 2020 (BLEURT); any such model of transformers",
        needs="neural, a model",
        licence="the model's",
    )

    model: str
    order: Literal["reference_first", "text_first"] = "reference_first"
    reduce: Reduction = "best"

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the model; it is loaded when it is needed."""
        find_pretrained(self.model, self.name)

    def recipe(self) -> dict[str, str]:
        """The weights, and where pairs are cut."""
        return self._loaded().recipe

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[the model's output]."""
        first, second = (references, texts) if self.order == "reference_first" else (texts, references)
        return read_pairs(corpus, self._loaded(), first, second)

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return {f"{self.label} reads only the beginning of long pairs of texts": cut_pairs(corpus, self._loaded())}

    def _loaded(self) -> PairModel:
        return one_output(pair_model(self.model, self.name), self.name)

"""Cross-encoders of sentence-transformers: a model that reads two texts together and says how near they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.embedding._models import ModelFiles
from geneval_scorers.embedding._pair_models import PairModel, cut_pairs, one_output, pair_model, read_pairs
from geneval_scorers.embedding._pretrained import find_pretrained
from geneval_scorers.embedding._vectors import shown_model

_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "Identity": lambda logits: logits,
    "Sigmoid": lambda logits: np.asarray(0.5 * (1 + np.tanh(logits / 2))),
    "Tanh": np.tanh,
}
"""What may follow the model's output, by torch's name; written out, so that no name from a file is imported."""


@scorer("cross_encoder")
@dataclass(frozen=True, repr=False)
class CrossEncoder(PairScorer):
    """What a cross-encoder with one output gives for (text, reference); the corpus score is the mean.

    The activation is the one that the model's configuration names, sigmoid where it names none, as in
    sentence-transformers; the signature says which.

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a cross-encoder with one output, in
            safetensors. None comes as a package, so there is no default.
        symmetric: mean of both orders of the two texts, for twice the time; else the text is read first.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="what a cross-encoder of sentence-transformers gives for the two texts",
        scale=(None, None),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="what the model gives",
        source="Reimers and Gurevych 2019 (sentence-transformers)",
        needs="neural, a model",
        licence="the model's",
    )

    model: str
    symmetric: bool = False
    reduce: Reduction = "best"

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the model and reads what follows its output; it is loaded when it is needed."""
        activation(find_pretrained(self.model, self.name))

    def recipe(self) -> dict[str, str]:
        """The weights, where pairs are cut, and what follows the output."""
        model = self._loaded()
        return model.recipe | {"activation": activation(model.files)}

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[the score]."""
        model = self._loaded()
        follow = _ACTIVATIONS[activation(model.files)]
        scores = follow(read_pairs(corpus, model, texts, references))
        if self.symmetric:
            scores = (scores + follow(read_pairs(corpus, model, references, texts))) / 2
        return scores

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return {f"{self.label} reads only the beginning of long pairs of texts": cut_pairs(corpus, self._loaded())}

    def _loaded(self) -> PairModel:
        return one_output(pair_model(self.model, self.name), self.name)


def activation(files: ModelFiles) -> str:
    """What follows the output of a cross-encoder, by torch's name.

    Raises:
        UsageError: the model has more to it than an activation: parts or instructions that would be left out; or its
            activation is none of those that are known.
    """
    config, parts = (_json(files, f"{name}.json") for name in ("config", "modules"))
    # Without a list of parts sentence-transformers does not look into its own file.
    own = _json(files, "config_sentence_transformers.json") if parts else {}
    kinds = [str(part.get("type")).rpartition(".")[2] for part in parts]
    if kinds not in ([], ["Transformer"]):
        raise UsageError(f"cross_encoder reads models that are one Transformer; {files.folder} is {', '.join(kinds)}")
    if own.get("default_prompt_name"):
        raise UsageError(f"{files.folder} puts an instruction before each pair, which cross_encoder does not know")
    known = (own, config.get("sentence_transformers") or {}, {"activation_fn": _before_4(config)})
    found = next((str(place["activation_fn"]) for place in known if place.get("activation_fn")), "torch.nn.Sigmoid")
    name = found.rpartition(".")[2]
    if not found.startswith("torch.") or name not in _ACTIVATIONS:
        raise UsageError(f"{files.folder} ends with {found}; cross_encoder knows {', '.join(_ACTIVATIONS)} of torch")
    return name


def _before_4(config: dict[str, object]) -> object:
    """Where sentence-transformers kept the name before its version 4."""
    return config.get("sbert_ce_default_activation_function")


def _json(files: ModelFiles, name: str) -> Any:
    path = files.folder / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}

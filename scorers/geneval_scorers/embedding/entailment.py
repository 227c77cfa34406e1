"""Natural language inference in both directions: says the text the same, less, more, or something else?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Reduction, Rows
from geneval_scorers.embedding._columns import Columns
from geneval_scorers.embedding._pair_models import PairModel, cut_pairs, pair_model, read_pairs
from geneval_scorers.embedding._pretrained import find_pretrained
from geneval_scorers.embedding._vectors import shown_model

Measure = Literal["paraphrase", "omission", "addition", "contradiction", "neutral"]

_LABELS = ("entailment", "neutral", "contradiction")


@scorer("entailment")
@dataclass(frozen=True, repr=False)
class Entailment(Columns):
    """Probability, 0 to 1, that a text says the same as a reference, less, more, or something that contradicts it.

    A model of natural language inference reads (reference, text) and (text, reference) and gives each time the
    probabilities e, n, c of entailment, neutral, contradiction. Taken as independent, they make five cases:

        paraphrase    = e(r, t) e(t, r)                  each follows from the other
        omission      = e(r, t) n(t, r)                  the text follows from the reference only: less said
        addition      = n(r, t) e(t, r)                  the reference follows from the text only: more said
        contradiction = 1 - (1 - c(r, t)) (1 - c(t, r))  either direction contradicts: wrongly said
        neutral       = n(r, t) n(t, r)                  neither follows from the other

    They sum to 1. Rows hold all five (`profile`), whichever is the score. `paraphrase` is higher for the better text,
    the others are lower; the corpus score is the mean.

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a sequence-classification model with the three
            labels of natural language inference. None comes as a package, so there is no default.
        measure: which of the five is the score.
        reduce: `best` or `mean` over the references.
        labels: the order of the model's outputs, such as `'contradiction,neutral,entailment'`, where its own
            configuration does not name them.
    """

    info: ClassVar[Info] = Info(
        summary="probability by natural language inference of paraphrase, omission, addition or contradiction",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="what the model gives",
        source="after Williams et al. 2018 (MultiNLI); both directions combined as independent",
        needs="neural, a model",
        licence="the model's",
    )
    columns: ClassVar[tuple[str, ...]] = ("paraphrase", "omission", "addition", "contradiction", "neutral")

    model: str
    measure: Measure = "paraphrase"
    reduce: Reduction = "best"
    labels: str | None = None

    def __post_init__(self) -> None:
        """Checks the labels; of anything but a paraphrase, less is better."""
        if self.labels is not None:
            _order(self.labels.split(","), f"labels={self.labels!r}")
        if self.measure != "paraphrase":
            object.__setattr__(self, "info", replace(self.info, direction="lower"))

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the model; it is loaded when it is needed."""
        find_pretrained(self.model, self.name)

    def recipe(self) -> dict[str, str]:
        """The weights, where pairs are cut, and which output means what."""
        model = self._loaded()
        names = sorted(_LABELS, key=dict(zip(_LABELS, self._order(model), strict=True)).__getitem__)
        return model.recipe | {"outputs": ",".join(names)}

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[the measure, paraphrase, omission, addition, contradiction, neutral]."""
        model = self._loaded()
        first, second = np.concatenate([references, texts]), np.concatenate([texts, references])
        chances = _softmax(read_pairs(corpus, model, first, second))[:, self._order(model)]
        cases = combined(chances[: len(texts)], chances[len(texts) :])
        return np.column_stack([cases[:, self.columns.index(self.measure)], cases])

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return {f"{self.label} reads only the beginning of long pairs of texts": cut_pairs(corpus, self._loaded())}

    def _loaded(self) -> PairModel:
        return pair_model(self.model, self.name)

    def _order(self, model: PairModel) -> list[int]:
        if self.labels is not None:
            if model.config.num_labels != len(_LABELS):
                raise UsageError(f"{self.label}: the model has {model.config.num_labels} outputs, not {len(_LABELS)}")
            return _order(self.labels.split(","), "labels")
        return label_order(model.config, f"the model in {model.files.folder}")


def combined(forward: Floats, backward: Floats) -> Floats:
    """The five cases of two directions.

    Args:
        forward: [pairs, 3], entailment, neutral and contradiction of the text, given the reference.
        backward: the same of the reference, given the text.

    Returns:
        [pairs, 5]: paraphrase, omission, addition, contradiction, neutral; each row sums to 1.
    """
    (e, n, c), (back_e, back_n, back_c) = forward.T, backward.T
    return np.column_stack([e * back_e, e * back_n, n * back_e, c + back_c - c * back_c, n * back_n])


def label_order(config: Any, of: str) -> list[int]:
    """Which outputs of a model are entailment, neutral and contradiction, in this order; never guessed.

    Args:
        config: a model's configuration: `id2label`, and `label2id` which must not say otherwise.
        of: whose, for the error.

    Raises:
        UsageError: the configuration does not tell.
    """
    order = _order([str(config.id2label.get(at, "")) for at in range(config.num_labels)], of)
    for name, place in (config.label2id or {}).items():
        label = str(name).strip().casefold()
        if label in _LABELS and int(place) != order[_LABELS.index(label)]:
            raise UsageError(
                f"{of} contradicts itself: id2label has {label} at {order[_LABELS.index(label)]}, label2id at {place}; "
                "say which is right with labels='...', the names in the order of the outputs"
            )
    return order


def _order(names: list[str], of: str) -> list[int]:
    found = [name.strip().casefold() for name in names]
    if sorted(found) != sorted(_LABELS):
        raise UsageError(
            f"{of} names its outputs {', '.join(map(repr, names)) or 'not at all'}; entailment needs "
            f"{', '.join(_LABELS)}, each once. If the model's authors say which is which, write them in their order: "
            "labels='contradiction,neutral,entailment'"
        )
    return [found.index(label) for label in _LABELS]


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))

"""COMET: a model trained to grade a translation, given its source and a reference (Rei et al. 2020, 2022)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_references import GenevalError, InputError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.embedding._comet import CometProcess, comet_process, comet_python, find_comet
from geneval_scorers.embedding._vectors import shown_model

_LOG = logging.getLogger(__name__)


@scorer("comet")
@dataclass(frozen=True, repr=False)
class Comet(PairScorer):
    """What a COMET model gives for (source, text, reference); the corpus score is the mean. Roughly 0 to 1.

    It runs in a Python of its own, which GENEVAL_COMET_PYTHON names, since its package asks for older versions of what
    geneval is built on. Checkpoints are looked through first: one that names code of its own is refused.

    Attributes:
        model: `hf:org/name@revision` in the Hub's cache, or `path:/folder`. Each has a licence of its own; many forbid
            commercial use. Nothing is downloaded.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="COMET: the grade that a trained model gives a translation beside source and reference",
        scale=(None, None),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="what the model gives",
        source="Rei et al. 2020, 2022 (unbabel-comet)",
        needs="unbabel-comet in a Python of its own, a model, sources",
        licence="the model's; Apache-2.0 for the default",
    )

    model: str = "hf:Unbabel/wmt22-comet-da"
    reduce: Reduction = "best"

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the package and the model, and says its licence; the model is loaded when it is needed."""
        comet_python()
        files = find_comet(self.model)
        _LOG.info("%s is %s, whose licence is %s", self.label, files.name, files.licence)

    def recipe(self) -> dict[str, str]:
        """The weights with their licence, and the version of COMET."""
        files = find_comet(self.model)
        model = f"{files.name}@{files.weights[:12]}"
        return {"model": model, "licence": files.licence, "tools": f"unbabel-comet-{comet_python()[1]}"}

    def pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """[the score], of each candidate with each of its references and the item's source."""
        process = comet_process(self.model)
        _check_sources(corpus, queries, process)
        texts = queries.single_candidates(self.name)[queries.references.rows]
        items = queries.item[queries.references.rows]
        return self._known(corpus).scores(process, items, texts, queries.references.values).reshape(-1, 1)

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says which texts were read with one of which the model reads only the beginning."""
        sentence = f"{self.label} reads only the beginning of a long source, output or reference"
        return {sentence: self._known(corpus).cut}

    def _known(self, corpus: Corpus) -> _Triples:
        return corpus.derive((self.name, self.model), lambda: _Triples(corpus))


class _Triples:
    """What the model said of (item, text, reference), whoever asked: outputs, the band and every k meet the same."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._said: dict[tuple[int, int, int], float] = {}
        self.cut = np.zeros(len(corpus.texts), bool)

    def scores(self, process: CometProcess, items: Ints, texts: Ints, references: Ints) -> Floats:
        asked = list(zip(items.tolist(), texts.tolist(), references.tolist(), strict=True))
        new = sorted(set(asked) - self._said.keys())
        if new:
            self._ask(process, new)
        return np.asarray([self._said[triple] for triple in asked], np.float64)

    def _ask(self, process: CometProcess, triples: list[tuple[int, int, int]]) -> None:
        sources, words = self._corpus.sources, self._corpus.texts
        samples = [
            {"src": _clean(sources[i] or ""), "mt": _clean(words[t]), "ref": _clean(words[r])} for i, t, r in triples
        ]
        scores, cut = process.scores(samples)
        if not np.isfinite(scores).all():
            raise GenevalError("comet's model gave numbers that are not finite; are its weights damaged?")
        for (item, text, reference), score, shortened in zip(triples, scores, cut, strict=True):
            self._said[item, text, reference] = score
            self.cut[[text, reference]] |= shortened


def _clean(text: str) -> str:
    """A lone surrogate is no text that a tokeniser of a model accepts."""
    return text.encode("utf-8", "replace").decode()


def _check_sources(corpus: Corpus, queries: Queries, process: CometProcess) -> None:
    """A model that was trained with sources is not asked without them.

    Raises:
        InputError: an item has none.
    """
    without = [at for at in np.unique(queries.item).tolist() if corpus.sources[at] is None]
    if process.needs_source and without:
        raise InputError(
            f"comet's model reads the source of every item, and {len(without)} have none, such as "
            f"{corpus.ids[without[0]]!r}; add a source to each row of references or outputs"
        )

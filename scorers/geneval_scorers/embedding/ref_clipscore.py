"""RefCLIPScore: how well a text fits an image and a reference (Hessel et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import first_best, group_max
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Statistics
from geneval_scorers.embedding._clip_based import ClipBased, cosines


@scorer("ref_clipscore")
@dataclass(frozen=True, repr=False)
class RefClipScore(ClipBased):
    """Harmonic mean of CLIPScore and of max(cosine to the nearest reference, 0); the corpus score is the mean.

    0 to 1.43 (2 * `weight` / (1 + `weight`)). The winner is the nearest reference.

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a CLIP with safetensors weights.
        images: the folder that sources are paths in; by default they are paths from the working directory.
        prefix: put before every text.
        weight: what the cosine of image and text is multiplied with.
    """

    info: ClassVar[Info] = Info(
        summary="harmonic mean of clipscore and the cosine to the nearest reference",
        scale=(0, 2),
        direction="higher",
        kind="pool",
        monotone=True,
        identical="the harmonic mean of its clipscore and 1",
        source="Hessel et al. 2021",
        needs="neural, a model",
        licence="the model's",
    )

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[RefCLIPScore]."""
        candidates, references = queries.single_candidates(self.name), queries.references
        known = self.known(corpus)
        texts = known.texts(candidates)[references.rows]
        near = np.clip(cosines(texts, known.texts(references.values)), 0.0, 1.0)
        fits = self.image_scores(corpus, queries, candidates)
        best = group_max(near, references)
        whole = fits + best
        scores = np.where(whole == 0, 0.0, 2 * fits * best / np.where(whole == 0, 1.0, whole))
        winner = np.where(np.isnan(scores), -1, first_best(near, references))
        return Statistics(scores.reshape(-1, 1), winner)

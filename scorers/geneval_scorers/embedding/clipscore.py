"""CLIPScore: how well a text fits an image (Hessel et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from geneval_scorers._corpus import Corpus
from geneval_scorers._output_only import OutputOnly
from geneval_scorers._queries import Queries
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows
from geneval_scorers.embedding._clip_based import ClipBased


@scorer("clipscore")
@dataclass(frozen=True, repr=False)
class ClipScore(OutputOnly, ClipBased):
    """2.5 * max(cos(image, text), 0), 0 to 2.5 (`weight`); the corpus score is the mean. No reference is looked at.

    The item's source is the path of an image. Where that cannot be read the output gets no score (`no_image`).

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a CLIP with safetensors weights.
        images: the folder that sources are paths in; by default they are paths from the working directory.
        prefix: put before every text.
        weight: what the cosine is multiplied with.
    """

    info: ClassVar[Info] = Info(
        summary="how well the output fits the image that the source names",
        scale=(0, None),
        direction="higher",
        kind="pool",
        monotone=True,
        identical="what it gets beside the image",
        source="Hessel et al. 2021",
        needs="neural, a model",
        licence="the model's",
    )

    def measure(self, corpus: Corpus, queries: Queries) -> Rows:
        """[CLIPScore]."""
        return self.image_scores(corpus, queries, queries.single_candidates(self.name)).reshape(-1, 1)

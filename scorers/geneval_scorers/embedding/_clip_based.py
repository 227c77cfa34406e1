"""What clipscore and ref_clipscore have in common: a text beside the image that its item's source names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._scorer import Scorer
from geneval_scorers.embedding._clip import Known, find_clip, load_clip
from geneval_scorers.embedding._images import MISSING, REASONS
from geneval_scorers.embedding._vectors import shown_model

PREFIX = "A photo depicts "
WEIGHT = 2.5


@dataclass(frozen=True, repr=False)
class ClipBased(Scorer):
    """A scorer of texts about images.

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a CLIP.
        images: the folder that sources are paths in; by default they are paths from the working directory.
        prefix: put before every text.
        weight: what the cosine is multiplied with.
    """

    model: str
    images: str | None = None
    prefix: str = PREFIX
    weight: float = WEIGHT

    def __post_init__(self) -> None:
        """Checks the options."""
        if not 0 < self.weight < np.inf:
            raise UsageError(f"{self!r} does not fit; weight is above 0")

    def shown(self) -> dict[str, object]:
        """Folders are shown by their last names; the signature has the hash of the weights."""
        images = None if self.images is None else Path(self.images).resolve().name
        return self.options() | {"model": shown_model(self.model), "images": images}

    def prepare(self) -> None:
        """Finds the model and the folder of images."""
        if self.images is not None and not Path(self.images).is_dir():
            raise UsageError(
                f"{self.name}: there is no folder {self.images!r}; images= is where the sources' files are"
            )
        find_clip(self.model, self.name)

    def recipe(self) -> dict[str, str]:
        """Name and hash of the weights."""
        return {"model": load_clip(self.model, self.name).signature}

    def no_image(self, corpus: Corpus, queries: Queries) -> Bools:
        """Of which questions the item has no image that can be read."""
        return ~self.known(corpus).there(queries.item)

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return {f"{self.label} reads only the beginning of long texts": self._cut(corpus)}

    def output_notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which outputs there is no image, and why."""
        why = np.asarray([self.known(corpus).reasons.get(item, "") for item in range(len(corpus.ids))], object)
        where = {MISSING: f", looked for in {self._place()}"}
        return {f"{self.label} {told}{where.get(told, '')}": why[corpus.output_item] == told for told in REASONS}

    def known(self, corpus: Corpus) -> Known:
        """The vectors of a corpus, shared by all scorers that ask the same of the same model."""
        folder = None if self.images is None else Path(self.images)
        return corpus.derive(
            ("clip", self.model, self.prefix, self.images),
            lambda: Known(corpus, load_clip(self.model, self.name), self.prefix, folder),
        )

    def image_scores(self, corpus: Corpus, queries: Queries, candidates: Ints) -> Floats:
        """Weight * max(cosine of image and text, 0); NaN where there is no image."""
        known = self.known(corpus)
        images, there = known.images(queries.item)
        scores = self.weight * np.clip(cosines(images, known.texts(candidates)), 0.0, 1.0)
        return np.where(there, scores, np.nan)

    def _cut(self, corpus: Corpus) -> Bools:
        model = load_clip(self.model, self.name)
        key = ("cut", "clip", self.model, self.prefix)
        return corpus.derive(key, lambda: model.cut([self.prefix + text for text in corpus.texts]))

    def _place(self) -> str:
        shown = self.shown()["images"]
        return "the working directory (images= names another)" if shown is None else f"the folder {shown}"


def cosines(one: np.ndarray, other: np.ndarray) -> Floats:
    """Of rows of length 1."""
    return np.asarray(np.einsum("id,id->i", one, other, dtype=np.float64), np.float64)

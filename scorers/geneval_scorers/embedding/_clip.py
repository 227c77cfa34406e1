"""Texts and images as vectors of one CLIP of transformers (Radford et al. 2021)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, MissingDependencyError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._images import UnreadableImageError, image_file, read_image
from geneval_scorers.embedding._models import ModelFiles
from geneval_scorers.embedding._pretrained import find_pretrained, load_pretrained
from geneval_scorers.embedding._quiet import quiet

Vectors = NDArray[np.float32]
_BATCH = 32


@dataclass(frozen=True)
class Clip:
    """A CLIP, ready to be asked.

    Attributes:
        signature: what decides its vectors: the weights, and where texts are cut.
        limit: tokens that it reads of a text, the marks at both ends included.
        dimensions: of a vector.
    """

    signature: str
    limit: int
    dimensions: int
    _model: Any = field(repr=False)
    _tokenizer: Any = field(repr=False)
    _processor: Any = field(repr=False)

    def texts(self, texts: Sequence[str], *, batch_size: int = _BATCH, progress: Progress | None = None) -> Vectors:
        """One row of length 1 a text; of those longer than the limit, of their beginning."""
        rows = self.tokens(texts, cut=True)
        lengths = [len(row) for row in rows]
        found = in_batches(lambda at: list(self._embed_tokens([rows[i] for i in at])), lengths, batch_size, progress)
        return _normalised(found, self.dimensions)

    def images(
        self, files: Sequence[Path], *, batch_size: int = _BATCH, progress: Progress | None = None
    ) -> tuple[Vectors, list[str]]:
        """One row of length 1 a file, and why there is none ("" where there is; the row is 0 then)."""
        reasons = [""] * len(files)

        def run(at: list[int]) -> list[NDArray[np.float32]]:
            pixels = {}
            for i in at:
                try:
                    pixels[i] = self._pixels(files[i])
                except UnreadableImageError as error:
                    reasons[i] = str(error)
            vectors = dict(zip(pixels, self._embed_pixels(list(pixels.values())), strict=True))
            return [vectors.get(i, np.zeros(self.dimensions, np.float32)) for i in at]

        found = in_batches(run, [1] * len(files), batch_size, progress)
        return _normalised(found, self.dimensions), reasons

    def cut(self, texts: Sequence[str]) -> Bools:
        """Tell of each text whether it is longer than what the model reads."""
        return np.asarray([len(row) > self.limit for row in self.tokens(texts, cut=False)], bool)

    def tokens(self, texts: Sequence[str], *, cut: bool) -> list[list[int]]:
        """Every text's tokens, between marks of its beginning and end.

        Args:
            texts: the texts.
            cut: at the limit.
        """
        if not texts:
            return []
        # A lone surrogate is no text that a tokeniser of a model accepts.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        with quiet():
            # A text that spells the mark of an end is read on: its vector is that of the whole text.
            rows: list[list[int]] = self._tokenizer(
                clean, truncation=cut, max_length=self.limit if cut else None, split_special_tokens=True
            )["input_ids"]
        return rows

    def _embed_tokens(self, rows: list[list[int]]) -> Vectors:
        import torch

        longest = max(map(len, rows))
        # What stands behind the mark of the end is not looked at.
        ids = torch.tensor([row + [row[-1]] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        device = next(self._model.parameters()).device
        with torch.inference_mode(), quiet():
            found = self._model.get_text_features(input_ids=ids.to(device), attention_mask=mask.to(device))
        return _array(found)

    def _pixels(self, file: Path) -> Any:
        image = read_image(file)
        with quiet():
            return self._processor(images=image, return_tensors="pt")["pixel_values"]

    def _embed_pixels(self, pixels: list[Any]) -> Vectors:
        import torch

        if not pixels:
            return np.zeros((0, self.dimensions), np.float32)
        device = next(self._model.parameters()).device
        with torch.inference_mode(), quiet():
            return _array(self._model.get_image_features(pixel_values=torch.cat(pixels).to(device)))


def find_clip(model: str, needed_by: str) -> ModelFiles:
    """Find a CLIP and what runs it, without loading either.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: transformers, torch, Pillow or the model is not there.
    """
    if find_spec("PIL") is None:
        raise MissingDependencyError(f"{needed_by} needs Pillow: pip install 'geneval-text[neural]'")
    return _inner(find_pretrained(model, needed_by))


@lru_cache(maxsize=2)
def load_clip(model: str, needed_by: str) -> Clip:
    """Load a CLIP, once.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: transformers, torch, Pillow or the model is not there.
        GenevalError: the files are damaged, or the model is no CLIP.
    """
    files = find_clip(model, needed_by)
    loaded, tokenizer = load_pretrained(files, "CLIPModel")
    limit = int(loaded.config.text_config.max_position_embeddings)
    signature = f"{files.name}@{files.weights[:12]}|max_tokens:{limit}"
    found = Clip(signature, limit, int(loaded.config.projection_dim), loaded, tokenizer, _processor(files))
    if found.tokens(["a"], cut=True)[0][-1] != tokenizer.eos_token_id:
        raise GenevalError(
            f"the tokeniser in {files.folder} puts no mark at the end of a text, and a CLIP reads its vector there"
        )
    return found


def _inner(files: ModelFiles) -> ModelFiles:
    """The folder of the CLIP itself: sentence-transformers keeps it below its own."""
    listed = files.folder / "modules.json"
    if (files.folder / "config.json").is_file() or not listed.is_file():
        return files
    for module in json.loads(listed.read_text("utf-8")):
        part = files.folder / str(module.get("path", ""))
        if (part / "config.json").is_file():
            return replace(files, folder=part)
    return files


def _processor(files: ModelFiles) -> Any:
    try:
        with quiet():
            transformers: Any = import_module("transformers")
            # Pillow's resizing, whether torchvision is installed or not: theirs differ.
            return transformers.AutoImageProcessor.from_pretrained(
                str(files.folder), backend="pil", local_files_only=True, trust_remote_code=False
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise GenevalError(f"the model in {files.folder} does not say how it reads images: {reason}") from error


def _array(found: Any) -> Vectors:
    """What some versions of transformers give as it is, others among further outputs."""
    return np.asarray(getattr(found, "pooler_output", found).cpu().numpy(), np.float32)


def _normalised(rows: Sequence[Vectors], dimensions: int) -> Vectors:
    vectors = np.asarray(rows, np.float64).reshape(-1, dimensions)
    if not np.isfinite(vectors).all():
        raise GenevalError("the model gave vectors that are not numbers; are its weights damaged?")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


# --- the texts and images of a corpus ---


class Known:
    """Vectors of a corpus's texts and of its items' images, each distinct one made when it is first asked for."""

    def __init__(self, corpus: Corpus, model: Clip, prefix: str, folder: Path | None) -> None:
        self._corpus, self._model, self._prefix, self._folder = corpus, model, prefix, folder
        self._texts = np.zeros((len(corpus.texts), model.dimensions), np.float32)
        self._has_text = np.zeros(len(corpus.texts), bool)
        self._images: dict[Path, tuple[Vectors, str]] = {}
        self._files: dict[int, Path] = {}
        self.reasons: dict[int, str] = {}
        """Why an item has no image, "" where it has one; of the items that were asked about."""

    def texts(self, texts: Ints) -> Vectors:
        """Vectors of the texts at these indices."""
        new = np.unique(texts[~self._has_text[texts]])
        if len(new):
            asked = [self._prefix + self._corpus.texts[i] for i in new.tolist()]
            self._texts[new] = self._model.texts(asked, progress=self._tell("encoding texts", len(new)))
            self._has_text[new] = True
        return self._texts[texts]

    def images(self, items: Ints) -> tuple[Vectors, Bools]:
        """Vectors of the images of these items, and whether there is one."""
        self._look(items)
        rows = [self._row(item) for item in items.tolist()]
        return np.asarray(rows, np.float32).reshape(-1, self._model.dimensions), self.there(items)

    def there(self, items: Ints) -> Bools:
        """Which of these items have an image; they were asked about before."""
        return np.asarray([self.reasons.get(item, "") == "" for item in items.tolist()], bool)

    def _look(self, items: Ints) -> None:
        """Reads the images of items that are new."""
        fresh = [item for item in np.unique(items).tolist() if item not in self.reasons]
        for item in fresh:
            try:
                self._files[item] = image_file(self._corpus.sources[item], self._folder)
            except UnreadableImageError as error:
                self.reasons[item] = str(error)
        self._read(sorted({self._files[item] for item in fresh if item in self._files} - self._images.keys()))
        for item in fresh:
            if item in self._files:
                self.reasons[item] = self._images[self._files[item]][1]

    def _read(self, files: list[Path]) -> None:
        vectors, reasons = self._model.images(files, progress=self._tell("reading images", len(files)))
        for file, vector, reason in zip(files, vectors, reasons, strict=True):
            self._images[file] = vector, reason

    def _row(self, item: int) -> Vectors:
        file = self._files.get(item)
        return np.zeros(self._model.dimensions, np.float32) if file is None else self._images[file][0]

    def _tell(self, what: str, total: int) -> Progress:
        done = 0

        def tell(batch: int) -> None:
            nonlocal done
            done += batch
            self._corpus.watch(what, done, total)

        return tell

"""Runs a COMET model in a Python that has unbabel-comet: `python _comet_worker.py FOLDER`.

A program of its own, which imports nothing of geneval: COMET's package wants other versions of what geneval is built on.
It answers in lines of JSON: first what the model is, then, for each line of samples, their scores. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

_INERT = {
    "_codecs.encode",
    "argparse.Namespace",
    "collections.OrderedDict",
    "jsonargparse.namespace.Namespace",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "pathlib.PosixPath",
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.utilities.parsing.AttributeDict",
}
"""What a checkpoint may name beyond what torch holds for safe: it holds values, and does nothing."""


class Refused(Exception):  # noqa: N818 - what is said is no error of the program
    """The model is not loaded, and why."""

    word = "refused"


class Missing(Refused):
    """Something that it is built on is not here."""

    word = "missing"


def load(folder: Path) -> tuple[Any, dict[str, object]]:
    """Load the model of a folder, and say what must be known of it.

    Raises:
        Refused: it would run code, lacks weights, or reads no references.
        Missing: what it is built on is not here.
    """
    torch, yaml = import_module("torch"), import_module("yaml")
    checkpoint = folder / "checkpoints" / "model.ckpt"
    try:
        settings = yaml.safe_load((folder / "hparams.yaml").read_text("utf-8"))
        foreign = set(torch.serialization.get_unsafe_globals_in_checkpoint(checkpoint)) - _INERT
    except Exception as error:
        raise Refused(f"its files are damaged: {_line(error)}") from error
    if foreign:
        raise Refused(f"its checkpoint asks for code of its own ({min(foreign)}), which geneval never runs")
    segments = settings.get("input_segments") or ["mt", "src", "ref"]
    if settings.get("class_identifier") == "referenceless_regression_metric" or "ref" not in segments:
        raise Refused("it reads no references, and geneval scores against them")
    # The checkpoint names nothing that runs; Lightning asks torch for what is inert as well.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    try:
        model = import_module("comet").load_from_checkpoint(str(checkpoint), local_files_only=True)
    except OSError as error:
        encoder = settings.get("pretrained_model", "its encoder")
        raise Missing(
            f"the vocabulary of {encoder}, on which it is built, is not on this machine ({_line(error)}): "
            f"hf download {encoder} --include '*.json' '*.model' '*.txt'"
        ) from error
    except Exception as error:
        raise Refused(f"it cannot be loaded, are its files damaged? {_line(error)}") from error
    stored = torch.load(checkpoint, map_location="cpu", mmap=True)["state_dict"]
    if absent := sorted(name for name, _ in model.named_parameters() if name not in stored):
        raise Refused(f"its checkpoint lacks {len(absent)} of its weights, such as {absent[0]}")
    return model, {"needs_source": "src" in segments}


def score(model: Any, samples: list[dict[str, str]]) -> dict[str, object]:
    """Scores of samples, and of which of them the model reads only the beginning."""
    torch = import_module("torch")
    accelerated = int(torch.cuda.is_available())
    found = model.predict(samples, batch_size=16, gpus=accelerated, num_workers=0, progress_bar=False)
    return {"scores": list(found["scores"]), "cut": list(_cut(model, samples))}


def _cut(model: Any, samples: list[dict[str, str]]) -> Iterable[bool]:
    limit = model.encoder.max_positions - 2
    together = "input_segments" in model.hparams
    for sample in samples:
        rows = model.encoder.tokenizer(list(sample.values()), truncation=False)["input_ids"]
        lengths = [len(row) for row in rows]
        yield (sum(lengths) if together else max(lengths)) > limit


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def main(folder: Path) -> None:
    """Answer until the input ends."""
    # What libraries print must not get among the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)

        def answer(row: dict[str, object]) -> None:
            answers.write(json.dumps(row) + "\n")
            answers.flush()

        try:
            model, facts = load(folder)
        except Refused as error:
            answer({error.word: str(error)})
            return
        answer(facts)
        for line in sys.stdin:
            answer(score(model, json.loads(line)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

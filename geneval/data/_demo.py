"""The data that ships with geneval; see geneval/demo_data/ATTRIBUTION.md."""

from __future__ import annotations

from importlib.resources import as_file, files

from geneval.data._inputs import read_inputs
from geneval.data._model import Inputs


def demo_inputs() -> Inputs:
    """300 COCO images: four captions of each as references, three systems, and people's grades of each output (0 to 5).

    `own` is the image's fifth caption. The others take one of the captions that were written for other images and that
    people graded for this one: `echo` the one with the most words in common with the references, `stray` one of the rest.
    No caption was chosen by its grade.
    """
    with as_file(files("geneval") / "demo_data" / "coco.jsonl") as path:
        return read_inputs([str(path)])

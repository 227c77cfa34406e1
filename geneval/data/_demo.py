"""The data that ships with geneval; see geneval/demo_data/ATTRIBUTION.md."""

from __future__ import annotations

from importlib.resources import as_file, files

from geneval.data._inputs import read_inputs
from geneval.data._model import Inputs


def demo_inputs() -> Inputs:
    """About 200 COCO images: four captions of each as references, three systems, and people's grades (0 to 5).

    `own` is the image's fifth caption; `elsewhere` a caption written for another image that people judged to describe
    this one; `mismatched` a caption of another image that people graded 1 or less for this one. So there are two right
    answers, one of them written for another picture, and a wrong one.
    """
    with as_file(files("geneval") / "demo_data" / "coco.jsonl") as path:
        return read_inputs([str(path)])

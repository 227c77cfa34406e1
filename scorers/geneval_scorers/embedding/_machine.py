"""What models may use of this machine: where they run, in which precision, and where their vectors are kept."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from geneval_references import MissingDependencyError, UsageError

Precision = Literal["float32", "bfloat16", "float16"]

_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class Machine:
    """The choices of a run.

    Attributes:
        device: as in torch (`cpu`, `cuda`, `cuda:1`, `mps`); the best one there is when None.
        precision: of a model's weights and arithmetic. Half precision is faster on a GPU and changes the vectors, so it
            stands in signatures.
        cache: the folder of the vectors that are kept; None where none are.
    """

    device: str | None = None
    precision: Precision = "float32"
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.device is not None and not _DEVICE.fullmatch(self.device):
            raise UsageError(f"device {self.device!r} does not fit; allowed: cpu, cuda, cuda:N, mps")
        if self.precision not in get_args(Precision):
            raise UsageError(f"precision {self.precision!r} does not fit; allowed: {', '.join(get_args(Precision))}")

    @classmethod
    def of_environment(cls) -> "Machine":
        """What `GENEVAL_DEVICE`, `GENEVAL_PRECISION` and `GENEVAL_CACHE` say; where they say nothing, the defaults."""
        precision = os.environ.get("GENEVAL_PRECISION") or "float32"
        return cls(os.environ.get("GENEVAL_DEVICE") or None, cast(Precision, precision), _cache_folder())


def _cache_folder() -> Path | None:
    asked = os.environ.get("GENEVAL_CACHE")
    if not asked:
        from platformdirs import user_cache_path

        return user_cache_path("geneval", appauthor=False)
    return None if asked == "off" else Path(asked)


_in_use: Machine | None = None


def machine() -> Machine:
    """The choices that hold now: those of `using`, else those of the environment.

    Raises:
        UsageError: the environment names something that there is not.
    """
    return _in_use or Machine.of_environment()


@contextmanager
def using(choices: Machine) -> Iterator[None]:
    """Have these choices hold, for the whole process."""
    global _in_use  # noqa: PLW0603 - where models run is the process's affair
    before, _in_use = _in_use, choices
    try:
        yield
    finally:
        _in_use = before


def choose_device(asked: str | None = None) -> str:
    """Return where models run, and load torch to find out: what is asked for, else CUDA, Apple's GPU or the CPU.

    Raises:
        MissingDependencyError: the device that was asked for is not there.
    """
    import torch

    gpus = ["cuda", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    there = [
        *(gpus if torch.cuda.is_available() else ()),
        *(["mps"] if torch.backends.mps.is_available() else ()),
        "cpu",
    ]
    chosen = asked or there[0]
    if chosen not in there:
        raise MissingDependencyError(
            f"device {chosen!r} was asked for (--device, GENEVAL_DEVICE), and torch {torch.__version__} does not see it; "
            f"there is {', '.join(there)}. Ask for one of these, or install the torch and the drivers for your GPU "
            "(https://pytorch.org/get-started)"
        )
    return chosen

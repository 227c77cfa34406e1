"""What other systems wrote, as candidates: never used to score the system that wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from geneval_references._model import ReferenceSet
from geneval_references.expanders._expander import Candidate, Expander, Info, Tools, WrittenOutputs
from geneval_references.expanders._registry import expander


@expander("outputs")
@dataclass(frozen=True, repr=False)
class Outputs(Expander):
    """Takes the outputs of systems, whatever their items' references say.

    Attributes:
        file: outputs in any form that `geneval score` reads; `NAME=FILE` names the system.
    """

    info: ClassVar[Info] = Info(
        summary="what other systems wrote for the item",
        origin="output:<system>",
        licence="the systems'",
    )

    file: str

    def shown(self) -> dict[str, object]:
        """The file's name in place of its path."""
        return {"file": self.file.replace("\\", "/").rstrip("/").rpartition("/")[-1]}

    def open(self, tools: Tools) -> OutputsOf:
        """Reads and checks the file."""
        return OutputsOf(self, tools.outputs(self.file, self.name))


@dataclass(frozen=True)
class OutputsOf:
    """`outputs` with its file."""

    options: Outputs
    outputs: WrittenOutputs
    batch: int = 256

    @property
    def signature(self) -> str:
        """The file's name and hash."""
        return f"{self.options.label}|sha256:{self.outputs.hash}"

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """The item's outputs, in the order of the file."""
        found = self.outputs.of([item.id for item in items])
        return [
            [Candidate(one.text, f"output:{one.system}", None, (self.options.label,)) for one in written]
            for written in found
        ]

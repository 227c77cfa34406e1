"""Texts that people judged valid, read from files; what was judged, by how many and under which rule stays with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from geneval_references._errors import UsageError
from geneval_references._model import ReferenceSet
from geneval_references.expanders._expander import Candidate, Expander, Info, Tools
from geneval_references.expanders._files import Judged
from geneval_references.expanders._registry import expander
from geneval_references.expanders.mine import file_name

Format = Literal["eccv", "cxc", "label-studio", "jsonl", "csv"]


@expander("positives")
@dataclass(frozen=True, repr=False)
class Positives(Expander):
    """Takes texts that people judged valid, in tier `verified`.

    Attributes:
        file: judgements, or graded similarities.
        format: `eccv` (lists of positives of ECCV Caption), `cxc` (graded captions of Crisscrossed Captions),
            `label-studio` (an export in JSON), `jsonl` or `csv` (rows of judgements, or of grades).
        threshold: the least grade of a valid text. It must be said where there are grades; CxC's own is 3.
        captions: of `eccv` and `cxc`, whose files hold ids: the file with the captions' texts.
        partly: verdicts of `partly` count as valid, as they did in ECCV Caption.
        share: of the votes, valid ones must be more than this.
        raters: people that must have judged a text, `skip` not counted; lists and grades have their own protocols.
    """

    info: ClassVar[Info] = Info(
        summary="texts that people judged valid, and graded ones above a threshold",
        origin="human:<protocol>",
        licence="the file's",
    )

    file: str
    format: Format
    threshold: float | None = None
    captions: str = ""
    partly: bool = False
    share: float = 0.5
    raters: int = 2

    def __post_init__(self) -> None:
        """Checks what must and what cannot be said."""
        by_id = self.format in {"eccv", "cxc"}
        if by_id and not self.captions:
            raise UsageError(
                f"positives: format={self.format!r} holds ids of captions; write captions='FILE' for their texts"
            )
        if self.captions and not by_id:
            raise UsageError(f"positives: captions= is of the formats eccv and cxc; format={self.format!r} holds texts")
        if self.format == "cxc" and self.threshold is None:
            raise UsageError(
                "positives: format='cxc' holds grades from 0 to 5; write threshold=3 (CxC's own) or another"
            )
        if self.threshold is not None and self.format in {"eccv", "label-studio"}:
            raise UsageError(f"positives: format={self.format!r} has no grades; leave threshold out")
        if not 0 <= self.share < 1:
            raise UsageError(f"positives: share={self.share} does not fit; allowed: from 0 to below 1")
        if self.raters < 1:
            raise UsageError(f"positives: raters={self.raters} does not fit; allowed: 1 or more")

    def shown(self) -> dict[str, object]:
        """The files' names in place of their paths."""
        return self.options() | {"file": file_name(self.file), "captions": file_name(self.captions)}

    def open(self, tools: Tools) -> PositivesOf:
        """Reads and checks the files."""
        return PositivesOf(self, tools.judged(self.file, self.format, self.captions, self.threshold, self.name))


@dataclass(frozen=True)
class PositivesOf:
    """`positives` with its file."""

    options: Positives
    judged: Judged
    batch: int = 256

    @property
    def signature(self) -> str:
        """The options and the files' hashes."""
        return f"{self.options.label}|{self.judged.hash}"

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """The valid texts of each item, in the order of the file."""
        del seed
        found = self.judged.of([item.id for item in items])
        return [[self._verified(one) for one in candidates if self._valid(one)] for candidates in found]

    def _valid(self, one: Candidate) -> bool:
        """A text without votes is one that its protocol lists as a positive, or whose grade is above the threshold."""
        if one.votes is None:
            return True
        valid = one.votes.get("valid", 0) + (one.votes.get("partly", 0) if self.options.partly else 0)
        cast = sum(count for verdict, count in one.votes.items() if verdict != "skip")
        return cast >= self.options.raters and valid > self.options.share * cast

    def _verified(self, one: Candidate) -> Candidate:
        facts = dict(one.evidence or {})
        if one.votes is not None:
            counted = "valid or partly" if self.options.partly else "valid"
            facts["rule"] = f"{counted} > {self.options.share:g} of votes, raters >= {self.options.raters}"
        return Candidate(
            one.text, one.origin, one.parent, ("positives",), facts, one.condition, one.votes, None, "verified"
        )

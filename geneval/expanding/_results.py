"""What came of an expansion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = "geneval.expand/1"


@dataclass(frozen=True, slots=True)
class Grown:
    """What one expander brought.

    Attributes:
        expander: its spec.
        signature: everything that decided its candidates.
        proposed: candidates, before they were looked at.
        added: of these, new references.
        equal: there already, but for case and white space.
        near: nearly equal to one that is there.
        raised: there already with weaker evidence, which theirs took the place of.
        over: above the cap of an item.
        empty: nothing was left when numbering, quotes and echoes were stripped.
    """

    expander: str
    signature: str
    proposed: int
    added: int
    equal: int
    near: int
    raised: int
    over: int
    empty: int

    @classmethod
    def of(cls, expander: str, signature: str, counts: Counter[str]) -> Grown:
        """From what became of each candidate."""
        kinds = ("added", "equal", "near", "raised", "over", "empty")
        return cls(expander, signature, counts.total(), *(counts[kind] for kind in kinds))


@dataclass(frozen=True, slots=True)
class Expansion:
    """An expansion, done.

    Attributes:
        output: where the reference sets were written.
        items: how many.
        references: that they had before.
        added: by tier.
        grown: one an expander.
        seed: of whatever was random.
        near, per_item: how candidates joined.
        reference_hash: of the references that count in scores unless tiers are asked for, after the expansion.
        unchanged: whether these are the same as before: unverified candidates change no headline number.
        inputs: the files read, with their sha256.
        versions: of what decided something.
        notes: of reading.
    """

    output: str
    items: int
    references: int
    added: Mapping[str, int]
    grown: tuple[Grown, ...]
    seed: int
    near: float
    per_item: int
    reference_hash: str
    unchanged: bool
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, ready for JSON."""
        body = asdict(self)
        body["notes"], body["grown"] = list(body["notes"]), list(body["grown"])
        return {"schema": SCHEMA, **body}

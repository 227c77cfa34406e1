"""A name for a reference set that changes when, and only when, what is scored against changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256

from geneval_references._model import ReferenceSet

_DIGEST = 32


class ReferenceHash:
    """`reference_hash` of items that come one after the other; it keeps 32 bytes of each."""

    def __init__(self) -> None:
        self._digests = [bytearray() for _ in range(256)]

    def add(self, sets: Iterable[ReferenceSet]) -> None:
        """Takes in more items."""
        for item in sets:
            digest = _item_digest(item)
            self._digests[digest[0]] += digest

    def hexdigest(self) -> str:
        """The hash of all items so far."""
        # Sorted digests, not one long text: items of any size are put in order by 32 bytes.
        whole = sha256()
        for bucket in self._digests:
            whole.update(b"".join(sorted(bytes(bucket[at : at + _DIGEST]) for at in range(0, len(bucket), _DIGEST))))
        return whole.hexdigest()


def reference_hash(sets: Iterable[ReferenceSet]) -> str:
    """The SHA-256 (64 hex digits) of the items' ids and of each reference's text, tier, origin and condition.

    The order of items and of references within an item does not matter; a repeated reference does. Sources, parents,
    votes and confidences are not covered: they change no score.
    """
    found = ReferenceHash()
    found.add(sets)
    return found.hexdigest()


def _item_digest(item: ReferenceSet) -> bytes:
    rows = sorted(
        [r.text, r.tier, r.origin, (item.condition if r.condition is None else r.condition) or ""]
        for r in item.references
    )
    return sha256(json.dumps([item.id, rows]).encode("ascii")).digest()

"""A name for a reference set that changes when, and only when, what is scored against changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256

from geneval_references._model import ReferenceSet


def reference_hash(sets: Iterable[ReferenceSet]) -> str:
    """The SHA-256 (64 hex digits) of the items' ids and of each reference's text, tier, origin and condition.

    The order of items and of references within an item does not matter; a repeated reference does. Sources, parents,
    votes and confidences are not covered: they change no score.
    """
    # Sorted digests, not one long text: items of any size are put in order by 32 bytes.
    items = sorted(_item_digest(item) for item in sets)
    return sha256(b"".join(items)).hexdigest()


def _item_digest(item: ReferenceSet) -> bytes:
    rows = sorted(
        [r.text, r.tier, r.origin, (item.condition if r.condition is None else r.condition) or ""]
        for r in item.references
    )
    return sha256(json.dumps([item.id, rows]).encode("ascii")).digest()

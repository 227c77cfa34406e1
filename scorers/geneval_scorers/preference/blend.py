"""A blend: scorers weighted so that their sum tells which of two texts people prefer.

How it is fitted: `geneval blend fit`. What it is made of lies in a file, which only `geneval` reads: `read_with`.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import ClassVar, Generic, Self, TypeVar, cast

import numpy as np
import numpy.typing as npt

from geneval_references import InputError, UsageError
from geneval_scorers._answer_checks import answered, guarded, scored
from geneval_scorers._corpus import Corpus
from geneval_scorers._declared import OwnInfo
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats
from geneval_scorers._registry import parse, scorer
from geneval_scorers._scorer import FitState, Info, Learner, Rows, Scorer, Statistics
from geneval_scorers._subsets import Subsets

_Outer = TypeVar("_Outer", bound="Blend")


@dataclass(frozen=True, slots=True)
class BlendPart:
    """A scorer in a blend.

    Attributes:
        scorer: its spec.
        weight: 0 or more, in log-odds for each `scale` by which one text is better than another.
        scale: above 0, in the units of the scorer: how far apart the texts were that it was fitted on.
        signature: what it ran as when the blend was fitted, without what it learned from references.
    """

    scorer: str
    weight: float
    scale: float
    signature: str = ""


@dataclass(frozen=True, slots=True)
class BlendRecipe:
    """What decides the numbers of a blend.

    Attributes:
        parts: the scorers.
        temperature: above 0; the weighted sum is divided by it.
        ties: Davidson's nu; it says how often people call a tie, and is in no score.
        told: what a reader of its numbers must know; each ends a sentence that begins with the blend's name.
        script: that of the texts it was fitted on, as Unicode names letters (`Latin`); empty: not known.
    """

    parts: tuple[BlendPart, ...]
    temperature: float = 1.0
    ties: float = 0.0
    told: tuple[str, ...] = field(default=(), compare=False)
    script: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            InputError: one does not fit.
        """
        for part in self.parts:
            if not (0 <= part.weight < math.inf and 0 < part.scale < math.inf):
                raise InputError(
                    f"part {part.scorer}: weight {part.weight} and scale {part.scale} do not fit; a weight is 0 or more, a "
                    "scale above 0"
                )
        if not any(part.weight for part in self.parts):
            raise InputError("a blend needs a part with a weight above 0")
        if not (0 < self.temperature < math.inf and 0 <= self.ties < math.inf):
            raise InputError(f"temperature {self.temperature} and ties {self.ties} do not fit; above 0, and 0 or more")

    @property
    def hash(self) -> str:
        """sha256 over what decides the numbers, whatever else stands in the file."""
        content = [[part.scorer, float(part.weight), float(part.scale), part.signature] for part in self.parts]
        return hashlib.sha256(json.dumps([content, self.temperature, self.ties]).encode()).hexdigest()


Reader = Callable[[str | None, str | None], BlendRecipe]
"""Gives the recipe in the file of this path, or that of the blend of this name that ships with geneval."""

_READERS: list[Reader] = []


def read_with(reader: Reader) -> None:
    """Has blends read by this function, since this package reads no files."""
    _READERS[:] = [reader]


def _read(path: str | None, name: str | None) -> BlendRecipe:
    if (path is None) == (name is None):
        raise UsageError("blend needs either path or name: blend(path='blend.toml') or blend(name='captions')")
    if not _READERS:
        raise UsageError(
            "blends lie in files, which geneval reads: take geneval.parse in place of geneval_scorers.parse"
        )
    return _READERS[0](path, name)


@scorer("blend")
@dataclass(frozen=True, repr=False)
class Blend(Scorer):
    """Weighted sum of scorers, in log-odds: 1 / (1 + exp(b - a)) is the probability that people prefer a to b.

    That holds for texts for one item, of the kind that the blend was fitted on, and if people do not call it a tie. A
    score by itself means nothing, nor does its zero. Each part learns from the references at hand (document frequencies
    and the like); weights and scales stay as they were fitted. The corpus score is the mean.

    Attributes:
        path: a file that `geneval blend fit` has written; shown by its last name and the hash of its recipe.
        name: of a blend that ships with geneval: `captions`.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # completed by the parts
        Info(
            summary="weighted scorers, fitted on people's preferences; a difference is in log-odds",
            scale=(None, None),
            direction="higher",
            kind="pool",
            monotone=False,
            identical="what its parts give",
            source="after Bradley and Terry 1952, with features; Davidson 1970 for ties",
            needs="what its parts need (neural, offline for captions)",
            licence="its parts'",
        )
    )

    path: str | None = None
    shipped: str | None = field(default=None, metadata={"spec": "name"})
    content: BlendRecipe = field(init=False)
    parts: tuple[Scorer, ...] = field(init=False, compare=False)
    """Those with a weight above 0."""

    def __post_init__(self) -> None:
        """Reads the recipe, and builds the parts.

        Raises:
            InputError: there is no such file, or it holds no blend.
            UsageError: neither or both of path and name, no blend of this name, or a part that is no scorer of texts.
        """
        object.__setattr__(self, "content", _read(self.path, self.shipped))
        object.__setattr__(self, "parts", tuple(self._part(part) for part in self.weighed))

    def _part(self, part: BlendPart) -> Scorer:
        # asked before it is read: a blend of itself would be read without end
        if part.scorer.partition("(")[0].strip() == self.name or (found := parse(part.scorer)).info.kind == "set":
            raise UsageError(f"{self.label}: {part.scorer} scores sets, or is a blend; a part scores single texts")
        return found

    @property
    def weighed(self) -> tuple[BlendPart, ...]:
        """The parts with a weight above 0, which are the ones that are asked."""
        return tuple(part for part in self.content.parts if part.weight > 0)

    def declared(self, info: Info) -> Info:
        """What the parts need."""
        needs = ", ".join(dict.fromkeys(part.info.needs for part in self.parts if part.info.needs))
        licence = "; ".join(dict.fromkeys(part.info.licence for part in self.parts))
        order_free = all(part.info.order_free for part in self.parts)
        return replace(info, needs=needs, licence=licence, monotone=self.monotone, order_free=order_free)

    @property
    def monotone(self) -> bool:
        """As weights are not negative: if all parts are."""
        return all(part.monotone for part in self.parts)

    def shown(self) -> dict[str, object]:
        """A path is shown by its last name, with the hash of the recipe."""
        if self.path is None:
            return self.options()
        return self.options() | {"path": f"{PurePath(self.path).name}#{self.content.hash[:12]}"}

    def recipe(self) -> dict[str, str]:
        """The hash of weights, scales and specs, and the signature of every part."""
        parts = {f"part{n}": part.signature().replace("|", ",") for n, part in enumerate(self.parts, start=1)}
        return {"blend": self.content.hash[:12], **parts}

    def prepare(self) -> None:
        """As the parts."""
        for part in self.parts:
            with guarded(part):
                part.prepare()

    def notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """Those of the parts and of the file; and whether a part runs as something else than it was fitted as."""
        told: dict[str, Bools] = {
            f"{self.label} {what}": np.ones(len(corpus.texts), bool) for what in self.content.told
        }
        if script := self.content.script:
            which = f"{self.label} was fitted on texts in {script} script, and nobody has looked how it does on others"
            told[which] = np.asarray([_foreign(text, script) for text in corpus.texts], bool)
        for part, about in zip(self.parts, self.weighed, strict=True):
            told |= part.notices(corpus)
            now = parse(about.scorer).signature()
            if about.signature and now != about.signature:
                which = f"{self.label} was fitted with {about.signature}, and runs with {now}"
                told[which] = np.ones(len(corpus.texts), bool)
        return told

    def output_notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """Those of the parts."""
        return {text: which for part in self.parts for text, which in part.output_notices(corpus).items()}

    @property
    def needs_fit(self) -> bool:
        """Whether a part has yet to learn."""
        return any(part.needs_fit for part in self.parts)

    @property
    def state(self) -> FitState | None:
        """What the parts learned, as one."""
        states = [part.state for part in self.parts]
        return None if self.needs_fit or not any(states) else _packed(self.name, self.content.hash, states)

    def learner(self) -> Learner[Self]:
        """Has those parts learn that have to."""
        return _Learning(self)

    def with_state(self, state: FitState) -> Self:
        """A copy whose parts have learned this.

        Raises:
            UsageError: another scorer learned it, or another blend.
        """
        if state.kind != self.name or state.facts.get("blend") != self.content.hash:
            raise UsageError(f"{self!r} takes what this very blend has learned, not a state of {state.kind}")
        states = _unpacked(state)
        taken = [part if one is None else part.with_state(one) for part, one in zip(self.parts, states, strict=True)]
        return self.of(tuple(taken))

    def of(self, parts: tuple[Scorer, ...]) -> Self:
        """A copy with these parts."""
        copy = object.__new__(type(self))
        for name in ("path", "shipped", "content"):
            object.__setattr__(copy, name, getattr(self, name))
        object.__setattr__(copy, "parts", parts)
        return copy

    @property
    def longest(self) -> int | None:
        """The shortest limit of its parts."""
        limits = [part.longest for part in self.parts if part.longest is not None]
        return min(limits, default=None)

    def no_image(self, corpus: Corpus, queries: Queries) -> Bools:
        """Where a part lacks it."""
        found = np.zeros(len(queries), bool)
        for part in self.parts:
            found |= part.no_image(corpus, queries)
        return found

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[the weighted sum]; no reference wins."""
        return Statistics(self._sum([answered(part, corpus, queries).rows for part in self.parts]))

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """The sum for each subset; parts look at no pair twice."""
        return self._sum([part.at_subsets(corpus, queries, subsets) for part in self.parts])

    def _sum(self, rows: list[Rows]) -> Rows:
        """[rows, 1]; NaN where a part has no score."""
        total: Floats = np.zeros(len(rows[0]))
        for part, about, found in zip(self.parts, self.weighed, rows, strict=True):
            sign = 1.0 if part.info.direction == "higher" else -1.0
            total = total + sign * about.weight / about.scale / self.content.temperature * scored(part, found)
        return total.reshape(-1, 1)


def _foreign(text: str, script: str) -> bool:
    """Whether most letters are of another script."""
    if text.isascii() and script == "Latin":
        return False
    letters = [char for char in text if char.isalpha()]
    own = sum(unicodedata.name(char, "").startswith(f"{script.upper()} ") for char in letters)
    return own * 2 < len(letters)


class _Learning(Generic[_Outer]):
    """The learner of a blend: those of its parts."""

    def __init__(self, blend: _Outer) -> None:
        self._blend = blend
        self._learners = [part.learner() if part.needs_fit else None for part in blend.parts]

    def add(self, corpus: Corpus) -> None:
        for part, learner in zip(self._blend.parts, self._learners, strict=True):
            if learner is not None:
                with guarded(part):
                    learner.add(corpus)

    def done(self) -> _Outer:
        pairs = zip(self._blend.parts, self._learners, strict=True)
        return self._blend.of(tuple(part if learner is None else learner.done() for part, learner in pairs))


def _packed(kind: str, blend: str, states: list[FitState | None]) -> FitState:
    """States of several scorers as bytes end to end, since a file of fitted state has columns of one length."""
    told: list[object] = []
    pieces: list[npt.NDArray[np.uint8]] = []
    for state in states:
        if state is None:
            told.append(None)
            continue
        arrays = {name: np.ascontiguousarray(array) for name, array in sorted(state.arrays.items())}
        layout = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
        told.append({"kind": state.kind, "facts": dict(state.facts), "arrays": layout})
        pieces += [array.view(np.uint8) for array in arrays.values()]
    content = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    return FitState(kind, {"blend": blend, "parts": json.dumps(told)}, {"bytes": content})


def _unpacked(state: FitState) -> list[FitState | None]:
    content, at = np.asarray(state.arrays["bytes"], np.uint8).tobytes(), 0
    found: list[FitState | None] = []
    for told in json.loads(cast("str", state.facts["parts"])):
        if told is None:
            found.append(None)
            continue
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for name, kind, length in told["arrays"]:
            arrays[name] = np.frombuffer(content, np.dtype(kind), length, at)
            at += arrays[name].nbytes
        found.append(FitState(told["kind"], told["facts"], arrays))
    return found

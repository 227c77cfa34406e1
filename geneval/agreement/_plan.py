"""What a run of agreement computes, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from geneval.agreement._cells import GROUPINGS, Grouping
from geneval.agreement._correlations import CORRELATIONS
from geneval.agreement._significance import PERMUTED, Permuted
from geneval.agreement._systems import OF_SYSTEMS
from geneval.agreement._votes import OF_PAIRS
from geneval_references import UsageError
from geneval_scorers import SEED

Resample = Literal["items", "systems", "both"]
"""What is drawn again for intervals."""
RESAMPLED: tuple[Resample, ...] = get_args(Resample)

SEGMENT = (*CORRELATIONS, "acc_eq", "tau_eq")
"""Statistics of outputs."""

_MOST = 100_000


class Tested(NamedTuple):
    """A statistic by which scorers are compared."""

    level: Literal["segment", "system", "preference"]
    statistic: str
    grouping: str

    @classmethod
    def parse(cls, text: str) -> Tested:
        """Reads `STATISTIC/GROUPING`, `system:STATISTIC` or `preference:STATISTIC`.

        Raises:
            UsageError: it is none of these.
        """
        level, colon, rest = text.partition(":")
        if colon and level == "system" and rest in OF_SYSTEMS:
            return cls("system", rest, "none")
        if colon and level == "preference" and rest in OF_PAIRS:
            return cls("preference", rest, "pair")
        statistic, _, grouping = text.partition("/")
        if statistic in SEGMENT and grouping in GROUPINGS:
            return cls("segment", statistic, grouping)
        raise UsageError(
            f"test {text!r} does not fit; write STATISTIC/GROUPING ({', '.join(SEGMENT)} / {', '.join(GROUPINGS)}), "
            f"system:STATISTIC ({', '.join(OF_SYSTEMS)}) or preference:STATISTIC ({', '.join(OF_PAIRS)})"
        )


TESTS = ("pearson/none", "kendall_b/none", "acc_eq/item", "system:pearson", "system:soft_pairwise_accuracy")
TESTS_OF_PAIRS = ("preference:accuracy",)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is computed, and how.

    Attributes:
        groupings: whose outputs are compared with each other.
        without: systems that are left out in a second set of rows.
        tests: by which statistics scorers are compared; an empty list: they are not.
        permute: what two scorers swap.
        permutations: how many, for each pair of scorers and statistic.
        resample: what is drawn for intervals.
        resamples: how often; 0 for no intervals.
        confidence: of the intervals.
        gap: grades this far apart count in WMT's Kendall-like tau; None: it is not computed.
        rise: as many references again that add less than this to agreement add nothing.
        seed: of all draws.
    """

    groupings: tuple[Grouping, ...] = GROUPINGS
    without: tuple[str, ...] = ()
    tests: tuple[str, ...] = (*TESTS, *TESTS_OF_PAIRS)
    permute: Permuted = "both"
    permutations: int = 1000
    resample: Resample = "items"
    resamples: int = 1000
    confidence: float = 0.95
    gap: float | None = None
    rise: float = 0.01
    seed: int = SEED

    def __post_init__(self) -> None:
        """Checks types and ranges."""
        self._check_whole_numbers()
        self._check_numbers()
        for name, allowed in (("permute", PERMUTED), ("resample", RESAMPLED)):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name}={getattr(self, name)!r} does not fit; allowed: {', '.join(allowed)}")
        for grouping in self.groupings:
            if grouping not in GROUPINGS:
                raise UsageError(f"grouping={grouping!r} does not fit; allowed: {', '.join(GROUPINGS)}")
        if not self.groupings:
            raise UsageError(f"groupings is empty; allowed: {', '.join(GROUPINGS)}")
        for text in self.tests:
            Tested.parse(text)

    def _check_whole_numbers(self) -> None:
        for name, least in (("permutations", 1), ("resamples", 0), ("seed", 0)):
            value = getattr(self, name)
            most = 2**63 if name == "seed" else _MOST
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                raise UsageError(f"{name}={value!r} does not fit; allowed: a whole number from {least} to {most}")

    def _check_numbers(self) -> None:
        if not isinstance(self.confidence, float) or not 0 < self.confidence < 1:
            raise UsageError(f"confidence={self.confidence!r} does not fit; allowed: between 0 and 1")
        for name in ("rise", "gap"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"{name}={value!r} does not fit; allowed: above 0")

    @property
    def tested(self) -> tuple[Tested, ...]:
        """The tests, each once."""
        return tuple(dict.fromkeys(map(Tested.parse, self.tests)))

"""Running the checks: one by one under a test runner, or all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from geneval_references import MissingDependencyError, UsageError
from geneval_scorers._registry import parse
from geneval_scorers._scorer import Scorer, pair_scorer
from geneval_scorers.conformance._texts import ITEMS, SETS
from geneval_scorers.conformance._trial import CHECKS, ConformanceError, Run, Trial

for _subject in ("_recipe", "_scores", "_invariance", "_sets"):
    import_module(f"geneval_scorers.conformance.{_subject}")


@dataclass(frozen=True)
class ScorerCheck:
    """One check of one scorer; call it to run it.

    Attributes:
        scorer: the scorer.
        run: the check, for a `Trial` of the caller's own texts.
    """

    scorer: Scorer
    run: Run

    @property
    def name(self) -> str:
        """What the scorer has to keep, as a name."""
        return str(getattr(self.run, "__name__", self.run))

    def __str__(self) -> str:
        """The spec and the name: an id for a test."""
        return f"{self.scorer.label}-{self.name}"

    def __call__(self, trial: Trial | None = None) -> None:
        """Runs the check, on the kit's texts or on those of `trial`.

        Raises:
            ConformanceError: the scorer does not keep it; says what was seen.
            MissingDependencyError: what the scorer runs is not installed.
        """
        try:
            self.scorer.prepare()
            self.run(trial or Trial(self.scorer, SETS if self.scorer.info.kind == "set" else ITEMS))
        except MissingDependencyError:
            raise
        except ConformanceError as error:
            raise ConformanceError(f"{self._failed()} Seen: {error!s:.600}") from None
        except Exception as error:
            raise ConformanceError(f"{self._failed()} It raised {type(error).__name__}: {error!s:.600}") from error

    def _failed(self) -> str:
        return f"{self.scorer.label} fails {self.name}: {' '.join((self.run.__doc__ or '').split())}"


def scorer_checks(scorer: Scorer | str | Callable[[str, str], float]) -> list[ScorerCheck]:
    """The checks that a scorer is held to, for a test runner to run one by one.

    Args:
        scorer: a scorer, its spec, or a plain function `(text, reference) -> float`.

    Raises:
        UsageError: it is no scorer.
        MissingDependencyError: it is a plug-in that cannot be used.

    Examples:
        >>> checks = scorer_checks("exact(ignore_case=True)")
        >>> checks[0].name
        'it_declares_what_its_numbers_are'
        >>> checks[0]()
    """
    found = _scorer(scorer)
    return [ScorerCheck(found, run) for run, applies in CHECKS if applies(found)]


def check_scorer(scorer: Scorer | str | Callable[[str, str], float]) -> None:
    """Holds a scorer to everything that a scorer keeps.

    Args:
        scorer: a scorer, its spec, or a plain function `(text, reference) -> float`.

    Raises:
        ConformanceError: names every check that failed, and what was seen.
        UsageError: it is no scorer.
        MissingDependencyError: what it runs is not installed.

    Examples:
        >>> check_scorer("token_f1")
        >>> check_scorer(lambda text, reference: float("inf"))
        Traceback (most recent call last):
        geneval_scorers.conformance._trial.ConformanceError: <lambda> fails ordinary_texts_get_a_score: ...
    """
    failures: dict[str, ConformanceError] = {}
    for check in scorer_checks(scorer):
        try:
            check()
        except ConformanceError as error:
            # What makes a scorer give no score at all fails every check alike, and is told once.
            failures.setdefault(str(error.__cause__ or error), error)
    if failures:
        raise ConformanceError("\n".join(map(str, failures.values())))


def _scorer(given: Scorer | str | Callable[[str, str], float]) -> Scorer:
    if isinstance(given, str):
        found: Scorer = parse(given)
    elif isinstance(given, Scorer):
        found = given
    elif callable(given) and not isinstance(given, type):
        found = pair_scorer(given)
    else:
        raise UsageError(f"{given!r} is no scorer; give a scorer, its spec, or a function (text, reference) -> float")
    if not hasattr(found, "name"):
        raise UsageError(f"{type(found).__qualname__} has no name; write @scorer('...') above it")
    return found

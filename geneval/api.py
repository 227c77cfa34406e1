"""`geneval.score`, `geneval.compare`, `geneval.probe` and `geneval.audit`: the commands of these names for texts that are in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geneval.auditing import SCORER, audit_inputs, bare_inputs
from geneval.comparison import Comparisons, compare_inputs
from geneval.data import MinimalPair, inputs_from_lists, probe_pairs, read_pairs
from geneval.defaults import default_scorers
from geneval.evaluation import Settings, evaluate
from geneval.fitted import read_fitted
from geneval.probing import Probe, probe_scorers
from geneval.results import Result
from geneval_references import UsageError
from geneval_references.audit import ALPHA
from geneval_scorers import DRAWS, SEED, Copies, FitState, Scorer, Watch, pair_scorer

if TYPE_CHECKING:
    from geneval_references import ReferenceSet
    from geneval_references.audit import Audit

Predictions = Sequence[str] | Sequence[Sequence[str]]
ScorerLike = str | Scorer | Callable[[str, str], float]


def score(
    *,
    predictions: Predictions | Mapping[str, Predictions],
    references: Sequence[str] | Sequence[Sequence[str]] | Sequence[Mapping[str, str]] | Sequence[ReferenceSet],
    scorers: Sequence[ScorerLike] | ScorerLike | None = None,
    sources: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    system: str = "system",
    k: int | Sequence[int] = (),
    copies: Copies = "keep",
    band: bool = False,
    tiers: str | Sequence[str] | None = None,
    origins: str | Sequence[str] | None = None,
    conditions: str | Sequence[str] | None = None,
    seed: int = SEED,
    resamples: int = 1000,
    confidence: float = 0.95,
    draws: int = DRAWS,
    fitted: str | Path | FitState | Sequence[str | Path | FitState] = (),
    allow_missing: bool = False,
    watch: Watch | None = None,
) -> Result:
    """Scores outputs against reference sets.

    Args:
        predictions: one output an item, or a list of outputs an item, or either for each of several systems
            (`{"system": [...]}`).
        references: `references[i]` belongs to `predictions[i]`; their numbers may differ. A string is one reference;
            a mapping names its references.
        scorers: specs such as `"bleu(lowercase=True)"`, scorers, or plain functions `(text, reference) -> float`; by
            default BLEU, chrF, ROUGE-L and, where the default encoder is there, cosine.
        sources: the items' inputs.
        ids: the items' ids; "1", "2", ... by default.
        system: the name of the system, where `predictions` is no mapping.
        k: expected scores at these numbers of references, in place of scores against the whole sets.
        copies: what becomes of a reference that equals the output: `keep` or `drop`.
        band: also score each reference against its siblings.
        tiers: only references of these tiers count.
        origins: only references of these origins count.
        conditions: only references that answer these conditions count.
        seed: of the bootstrap and of drawn subsets.
        resamples: bootstrap draws of items; 0 for no intervals.
        confidence: of the intervals.
        draws: at most so many subsets of an item's references at each k.
        fitted: run directories (or states) whose document frequencies and the like are used here.
        allow_missing: take items without references and count them.
        watch: told about progress.

    Returns:
        Corpus scores with intervals and signatures, segment scores, warnings.

    Raises:
        InputError: predictions and references do not fit together.
        UsageError: a scorer or option that does not exist.
        MissingDependencyError: what a scorer runs is not installed.

    Examples:
        >>> import geneval
        >>> result = geneval.score(
        ...     predictions=["a cat sat on the mat"],
        ...     references=[["the cat sat on the mat", "a cat is on the mat"]],
        ...     scorers=["token_f1"],
        ...     resamples=0,
        ... )
        >>> round(result.score("system", "token_f1").score, 4)
        0.8333
    """
    inputs = inputs_from_lists(
        predictions=predictions,
        references=references,
        sources=sources,
        ids=ids,
        system=system,
        allow_missing=allow_missing,
    )
    settings = Settings(
        k=_whole_numbers(k),
        copies=copies,
        band=band,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
        draws=draws,
        tiers=_texts(tiers),
        origins=_texts(origins),
        conditions=_texts(conditions),
    )
    if scorers is None:
        specs, left_out = default_scorers()
        result = evaluate(inputs, specs, settings, fitted=_states(fitted), watch=watch)
        return replace(result, notes=(*result.notes, left_out)) if left_out else result
    return evaluate(inputs, [_scorer(s) for s in _listed(scorers)], settings, fitted=_states(fitted), watch=watch)


def compare(
    *,
    predictions: Mapping[str, Predictions],
    references: Sequence[str] | Sequence[Sequence[str]] | Sequence[Mapping[str, str]] | Sequence[ReferenceSet],
    scorers: Sequence[ScorerLike] | ScorerLike | None = None,
    baseline: str | None = None,
    method: str = "randomisation",
    resamples: int | None = None,
    sources: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    k: int | Sequence[int] = (),
    copies: Copies = "keep",
    tiers: str | Sequence[str] | None = None,
    origins: str | Sequence[str] | None = None,
    conditions: str | Sequence[str] | None = None,
    seed: int = SEED,
    confidence: float = 0.95,
    draws: int = DRAWS,
    fitted: str | Path | FitState | Sequence[str | Path | FitState] = (),
    allow_missing: bool = False,
    watch: Watch | None = None,
) -> Comparisons:
    """Compares systems with a baseline, on the same items.

    Args:
        predictions: the outputs of each system, as `score` takes them.
        references: `references[i]` belongs to every system's output i, as in `score`.
        scorers: as in `score`.
        baseline: the system that the others are compared with; the first one by default.
        method: `"randomisation"` (approximate randomisation) or `"bootstrap"` (the paired bootstrap of sacrebleu).
        resamples: trials or resamples of the test; 10,000 or 1,000 by default.
        sources: the items' inputs.
        ids: the items' ids; "1", "2", ... by default.
        k: expected scores at these numbers of references, in place of scores against the whole sets.
        copies: what becomes of a reference that equals the output: `keep` or `drop`.
        tiers: only references of these tiers count.
        origins: only references of these origins count.
        conditions: only references that answer these conditions count.
        seed: of all draws.
        confidence: of the bootstrap intervals.
        draws: at most so many subsets of an item's references at each k.
        fitted: run directories (or states) whose document frequencies and the like are used here.
        allow_missing: take items without references and count them.
        watch: told about progress.

    Returns:
        For each system and scorer the difference, its interval, p-values, effect size, and on how many items the system
        is better.

    Raises:
        InputError: predictions and references do not fit together.
        UsageError: fewer than two systems, or a baseline, method, scorer or option that does not exist.
        MissingDependencyError: what a scorer runs is not installed.

    Examples:
        >>> import geneval
        >>> result = geneval.compare(
        ...     predictions={"plain": ["a cat", "a dog"], "vivid": ["a grey cat", "the dog"]},
        ...     references=[["a grey cat", "the cat"], ["a big dog", "the dog"]],
        ...     scorers=["token_f1"],
        ... )
        >>> row = result.comparison("vivid", "token_f1")
        >>> round(row.delta.value, 2), row.wins, row.ties, row.losses, round(row.p, 1)
        (0.2, 2, 0, 0, 0.5)
    """
    if not isinstance(predictions, Mapping):
        raise UsageError("predictions: a comparison needs the outputs of two systems or more, {'name': [...], ...}")
    inputs = inputs_from_lists(
        predictions=predictions, references=references, sources=sources, ids=ids, allow_missing=allow_missing
    )
    settings = Settings(
        k=_whole_numbers(k),
        copies=copies,
        seed=seed,
        confidence=confidence,
        draws=draws,
        tiers=_texts(tiers),
        origins=_texts(origins),
        conditions=_texts(conditions),
    )
    chosen, left_out = default_scorers() if scorers is None else ([_scorer(s) for s in _listed(scorers)], None)
    result = compare_inputs(
        inputs,
        chosen,
        settings,
        baseline=baseline,
        method=method,
        resamples=resamples,
        fitted=_states(fitted),
        watch=watch,
    )
    return replace(result, notes=(*result.notes, left_out)) if left_out else result


def probe(
    *,
    scorers: Sequence[ScorerLike] | ScorerLike | None = None,
    pairs: str | Path | Sequence[MinimalPair] | None = None,
    classes: str | Sequence[str] | None = None,
    confidence: float = 0.95,
    watch: Watch | None = None,
) -> Probe:
    """Tells what scorers are blind to: on minimal pairs, how often each puts the right text above the wrong one.

    Args:
        scorers: as in `score`. Those that learn from references learn from those of the pairs.
        pairs: a file, or pairs in memory; by default the pairs in English that ship with geneval.
        classes: only pairs of these classes, such as `"negation"`.
        confidence: of the intervals.
        watch: told about progress.

    Returns:
        For each scorer and class the share of pairs it gets right, with its interval, and the pairs it gets wrong.

    Raises:
        InputError: a pair is malformed.
        UsageError: a scorer or class that does not exist.
        MissingDependencyError: what a scorer runs is not installed.

    Examples:
        >>> import geneval
        >>> cat = ("a grey cat", "a cat with grey fur")
        >>> pair = geneval.MinimalPair("1", "attribute", cat, valid="a grey-furred cat", invalid="a black cat")
        >>> result = geneval.probe(scorers=["token_f1"], pairs=[pair])
        >>> row = result.contrast("token_f1", "attribute")
        >>> row.rate, row.wins, row.ties, row.losses
        (1.0, 1, 0, 0)
    """
    chosen, left_out = default_scorers() if scorers is None else ([_scorer(s) for s in _listed(scorers)], None)
    notes = (left_out,) if left_out else ()
    if pairs is None:
        pairs = probe_pairs()
    elif isinstance(pairs, str | Path):
        pairs, told, _ = read_pairs([str(pairs)])
        notes = (*told, *notes)
    result = probe_scorers(pairs, chosen, classes=_texts(classes), confidence=confidence, watch=watch)
    return replace(result, notes=notes)


def audit(
    *,
    references: Sequence[str] | Sequence[Sequence[str]] | Sequence[Mapping[str, str]] | Sequence[ReferenceSet],
    predictions: Predictions | Mapping[str, Predictions] | None = None,
    scorer: ScorerLike = SCORER,
    sources: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    system: str = "system",
    alpha: float = ALPHA,
    ignore: str | Sequence[str] = (),
    seed: int = SEED,
    tiers: Sequence[str] | None = None,
) -> Audit:
    """Looks for what makes reference sets mislead: leaks, duplicates, misplaced columns, damage done to texts.

    Args:
        references: as in `score`.
        predictions: outputs, as in `score`; without them leaks are not looked for.
        scorer: tells how alike texts are: a spec, a scorer or a plain function.
        sources: the items' inputs.
        ids: the items' ids; "1", "2", ... by default.
        system: the name of the system, where `predictions` is no mapping.
        alpha: the chance that any of the tests gives a false alarm.
        ignore: kinds of findings to leave out.
        seed: of what is drawn.
        tiers: of the references to look at; all but `unverified` by default.

    Returns:
        The findings, each with its texts and what to do; `cleaned()` gives the data without leaks and duplicates.

    Raises:
        InputError: predictions and references do not fit together, or there is no reference.
        UsageError: a scorer or kind that does not exist.
        MissingDependencyError: what the scorer runs is not installed.

    Examples:
        >>> import geneval
        >>> found = geneval.audit(references=[["a cat", "A  cat", "the cat"], ["a dog", "caf\u00c3\u00a9"]])
        >>> [(finding.kind, finding.count) for finding in found.findings]
        [('duplicate', 1), ('mojibake', 1)]
        >>> found.cleaned().references_left_out
        1
    """
    if predictions is None:
        # Read as if each had an output: the checks of lists are those of `score`.
        read = inputs_from_lists(
            predictions=[""] * len(references), references=references, sources=sources, ids=ids, allow_missing=True
        )
        inputs = bare_inputs(read.items)
    else:
        inputs = inputs_from_lists(
            predictions=predictions,
            references=references,
            sources=sources,
            ids=ids,
            system=system,
            allow_missing=True,
        )
    return audit_inputs(
        inputs, scorer=_scorer(scorer), alpha=alpha, ignore=_texts(ignore) or (), seed=seed, tiers=tiers
    )


def _whole_numbers(k: int | Sequence[int]) -> tuple[int, ...]:
    """Python's or numpy's; anything else is left for `Settings` to refuse."""
    listed = list(k) if isinstance(k, list | tuple | range | np.ndarray) else [k]
    return tuple(int(n) if isinstance(n, np.integer) else n for n in listed)  # type: ignore[misc] # checked later


def _texts(given: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """One text is a list of one, not of its letters."""
    if given is None:
        return None
    return (given,) if isinstance(given, str) else tuple(given)


def _listed(scorers: Sequence[ScorerLike] | ScorerLike) -> list[ScorerLike]:
    if isinstance(scorers, str | Scorer) or callable(scorers):
        return [scorers]
    return list(scorers)


def _scorer(given: ScorerLike) -> Scorer | str:
    if isinstance(given, str | Scorer):
        return given
    if callable(given):
        return pair_scorer(given)
    raise UsageError(f"{given!r} is no scorer; give a spec, a scorer or a function (text, reference) -> float")


def _states(fitted: str | Path | FitState | Sequence[str | Path | FitState]) -> tuple[FitState, ...]:
    listed = [fitted] if isinstance(fitted, str | Path | FitState) else list(fitted)
    return tuple(state for part in listed for state in ((part,) if isinstance(part, FitState) else read_fitted(part)))

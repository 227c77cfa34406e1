"""The reference audit on files and on texts in memory, with a scorer as its similarity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from geneval.data import Inputs, holds_outputs, read_inputs, read_references
from geneval.similarity import ScorerSimilarity
from geneval_references import InputError, ReferenceSet, UsageError
from geneval_references.audit import ALPHA, Audit, audit
from geneval_scorers import SEED, Scorer

SCORER = "token_f1"
"""What tells how alike texts are unless another scorer is named: it needs no model, and is quick."""


def audit_inputs(
    inputs: Inputs,
    *,
    scorer: Scorer | str = SCORER,
    alpha: float = ALPHA,
    ignore: Iterable[str] = (),
    seed: int = SEED,
    tiers: Collection[str] | None = None,
) -> Audit:
    """Looks for what makes reference sets, and outputs beside them, mislead.

    Args:
        inputs: reference sets and outputs; there may be no outputs.
        scorer: tells how alike texts are.
        alpha: the chance that any of the tests gives a false alarm.
        ignore: kinds of findings to leave out.
        seed: of what is drawn.
        tiers: of the references to look at; all but `unverified` by default.

    Raises:
        InputError: there is no reference of these tiers.
        UsageError: a scorer or kind that does not exist, or an `alpha` that is no probability.
        MissingDependencyError: what the scorer runs is not installed.
    """
    similarity = ScorerSimilarity(scorer, inputs.items)
    return audit(
        inputs.items,
        inputs.outputs,
        similarity=similarity,
        alpha=alpha,
        ignore=ignore,
        seed=seed,
        notes=inputs.notes,
        tiers=tiers,
    )


def cleaned_inputs(inputs: Inputs, found: Audit) -> tuple[Inputs, str]:
    """The inputs without leaked items and repeated references, and one sentence that says how many these are.

    Raises:
        InputError: nothing is left.
    """
    clean = found.cleaned()
    kept = {item.id for item in clean.sets}
    if not kept:
        raise InputError("every item holds a leaked output; nothing is left to score")
    left = replace(
        inputs,
        items=tuple(clean.sets),
        outputs=tuple(output for output in inputs.outputs if output.id in kept),
        ratings=tuple(rating for rating in inputs.ratings if rating.id in kept),
        reference_ratings=tuple(rating for rating in inputs.reference_ratings if rating.id in kept),
        missing_outputs=tuple((system, id_) for system, id_ in inputs.missing_outputs if id_ in kept),
        notes=(*inputs.notes, clean.told),
    )
    return left, clean.told


def read_for_audit(
    files: Sequence[str],
    *,
    outputs: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> Inputs:
    """Reads reference sets, and outputs where there are any.

    Args:
        files: reference sets, or outputs whose rows have references: both are taken then.
        outputs: files of outputs.
        columns: which column to use, `{"output": "response"}`.
        format: where the suffixes do not tell, as in `geneval.data`.

    Raises:
        InputError: the data is malformed, or outputs and references do not belong together.
        UsageError: a column or format does not exist, or stdin is named twice.
    """
    if outputs:
        return read_inputs(outputs, references=files, columns=columns, format=format, allow_missing=True)
    if holds_outputs(files, columns=columns, format=format):
        return read_inputs(files, columns=columns, format=format, allow_missing=True)
    sets, notes, read = read_references(files, columns=columns, format=format)
    if not any(reference.text.strip() for item in sets for reference in item.references):
        raise InputError("no reference holds any text: nothing to audit")
    return Inputs(items=sets, outputs=(), systems=(), notes=notes, files=read)


def bare_inputs(sets: Sequence[ReferenceSet]) -> Inputs:
    """Reference sets without outputs.

    Raises:
        UsageError: there are none.
    """
    if not sets:
        raise UsageError("there are no reference sets to audit")
    return Inputs(items=tuple(sets), outputs=(), systems=())

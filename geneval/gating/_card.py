"""The card of a gate: what was certified, how, and what it still lets through. Markdown, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from geneval.gating._model import Result

Grid = tuple[str, list[str], list[list[str]]]
"""A title, heads and rows."""


def verdict(result: Result) -> str:
    """The finding, in a sentence."""
    if result.refusal is not None:
        return f"Nothing is admitted as inferred: {result.refusal}."
    gate, s = result.gate, result.settings
    assert gate is not None  # noqa: S101 - without one there is a refusal
    certificate = result.certificate
    recall = None if certificate is None or certificate.best is None else certificate.best.recall
    found = "" if recall is None else f" It finds {recall:.0%} of the valid candidates."
    return (
        f"{result.counts['inferred']} of {result.counts['candidates']} candidates are admitted as inferred. Precision is at "
        f"least {gate.precision:g} with confidence {gate.confidence:g}; the estimate is {_number(gate.estimate)}, the lower "
        f"bound at this threshold alone {_number(gate.low)}.{found}"
        + (" That they were judged at random is an assumption (--assume-random)." if s.assume_random else "")
    )


def grids(result: Result) -> Iterator[Grid]:
    """The tables of the card."""
    counts = {name.replace("_", " "): value for name, value in {**result.counts, **result.split}.items()}
    yield "Counts", ["", "n"], [[name, str(value)] for name, value in counts.items()]
    if result.certificate is not None:
        steps = [step for step in result.certificate.steps if step.judged]
        rows = [
            [
                f"{step.share:.1%}",
                f"{step.threshold:.3f}",
                str(step.judged),
                str(step.items),
                _number(step.precision),
                _number(step.recall),
                "-" if step.chance is None else f"{step.chance:.2g}",
                "yes" if step.passed else "",
            ]
            for step in steps
        ]
        heads = ["share", "threshold", "judged", "items", "precision", "recall", "p", "certified"]
        yield "Precision and recall above thresholds, on items that the model did not learn from", heads, rows
        more = [[f"{true:.3f}", _count(above), _count(drawn)] for true, above, drawn in result.certificate.more]
        heads = ["if true precision is", "judged above the threshold", "drawn in all"]
        yield f"Judgements that certify {result.certificate.target:g} with a power of 80 %", heads, more
    if result.rejections:
        rows = [[one.kind, f"{one.rejected} of {one.n}", _interval(one.low, one.high)] for one in result.rejections]
        yield "Negative controls", ["class", "rejected", "95 % interval"], rows
    if result.origins:
        rows = [[one.origin, str(one.judged), _number(one.precision), str(one.admitted)] for one in result.origins]
        yield "By origin", ["origin", "judged above the threshold", "precision", "admitted"], rows
    if result.gate is not None:
        model = result.gate.model
        order = sorted(zip(model.names, model.families, model.weight, strict=True), key=lambda row: -abs(row[2]))
        rows = [[name, family, f"{model.slope * weight:+.2f}"] for name, family, weight in order if abs(weight) > 0.005]
        yield "Features, log-odds for each standard deviation", ["feature", "family", "weight"], rows


def prose(result: Result) -> Iterator[str]:
    """What else a reader must know."""
    yield f"Judged: {result.sampling}."
    if result.shift is not None:
        s = result.shift
        implied = "" if s.implied is None else f"; were that so, precision here would be {s.implied:.2f}"
        here = "" if s.saturated else f", an estimated {s.here:.1%} in this pool{implied}"
        seen = "a shift is seen" if s.seen else "no shift is seen"
        yield (
            f"Share of valid candidates: {s.there:.1%} where it was calibrated{here}; {seen} (mean probability "
            f"{s.mean_there:.3f} there, {s.mean_here:.3f} here, standard error {s.error:.3f})."
        )
    if result.gate is not None and result.gate.families:
        yield (
            f"Admitted by the families {', '.join(result.gate.families)}: scorers of these agree with the gate's own choice, "
            "and geneval score says so."
        )
    for one in result.rejections:
        if one.sees:
            yield f"To reject the rest of {one.kind} ({one.example!r} is admitted), it would have to see {one.sees}."
    if result.guidelines:
        yield f"People judged by: {', '.join(result.guidelines)}. `partly` is a class of its own, and not valid."
    rules = sorted({one.rule for one in result.decided.values()})
    if rules:
        yield f"A candidate is verified where {' or, with fewer raters, '.join(rules)}."
    yield from result.notes


def markdown(result: Result) -> str:
    """The whole card."""
    parts = ["# Gate card", verdict(result)]
    for title, heads, rows in grids(result):
        parts.append(f"## {title}")
        parts.append("\n".join(_markdown_row(row) for row in [heads, ["---"] * len(heads), *rows]))
    parts.append("## Notes")
    parts.append("\n".join(f"- {line}" for line in prose(result)))
    return "\n\n".join(parts) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.0%} to {high:.0%}"

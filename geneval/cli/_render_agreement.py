"""Agreement as tables, JSON, CSV, Markdown or LaTeX, on stdout."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from geneval.agreement._model import FLAT
from geneval.cli._render import harmless, latex_of, markdown_of, printed, table_of
from geneval.cli._talk import plain

if TYPE_CHECKING:
    from geneval.agreement import Agreement, Baselines, Curve, Difference, Row

_TITLES = {
    "segment": "Outputs",
    "system": "Systems, by the mean score of their outputs",
    "corpus": "Systems, by their corpus scores",
    "preference": "Choices between two outputs",
}
_BY = {"none": "all outputs", "item": "by item", "system": "by system"}
_NAMES = {
    "kendall_b": "tau_b",
    "kendall_c": "tau_c",
    "pairwise_accuracy": "pairwise acc.",
    "pairwise_accuracy_significant": "where significant",
    "soft_pairwise_accuracy": "SPA",
    "accuracy_strict": "accuracy, ties wrong",
    "tau_like": "WMT tau",
}

_BEGINNING = (
    "Higher is more agreement, whichever way a scorer counts. (constant) and (random) know nothing: what they get "
    'is no agreement; "-" is no value, since all scores or grades are equal or there are too few.'
)

Grid = tuple[str, list[str], list[list[str]]]
"""A title, heads and rows."""


def render(result: Agreement, form: str | None) -> None:
    """Prints agreement; tables on a terminal and JSON elsewhere, unless told."""
    printed(
        form,
        json=result.to_json,
        csv=lambda: _csv(result),
        markdown=lambda: _markdown(result),
        latex=lambda: _latex(result),
        table=lambda: _table(result),
    )


def grids(result: Agreement) -> Iterator[Grid]:
    """Every table: agreement, then differences between scorers, then curves."""
    tables: dict[tuple[object, ...], list[Row]] = {}
    for row in result.rows:
        tables.setdefault((row.level, row.criterion, row.grouping, row.without), []).append(row)
    for rows in tables.values():
        yield _agreement(result, rows)
    yield from _differences(result.differences)
    yield from _curves(result.curves)


def _agreement(result: Agreement, rows: Sequence[Row]) -> Grid:
    first = rows[0]
    names = list(dict.fromkeys(row.statistic for row in rows))
    columns = list(dict.fromkeys((row.scorer, row.k) for row in rows))
    at = {(row.scorer, row.k, row.statistic): row for row in rows}
    body = [
        [_scorer(scorer, k), *(_cell(at[scorer, k, name]) for name in names if (scorer, k, name) in at)]
        for scorer, k in columns
    ]
    known = {row.statistic: row.baseline for row in rows}
    body += [_baseline(which, known, names) for which in ("constant", "random")]
    if first.ceiling is not None:
        body += [["one rater, the others", *(_raters(first) if name != "acc_eq" else "" for name in names)]]
    sure = f"{100 * result.confidence:.10g}% CI over {result.resample}"
    counted = {"segment": "outputs", "system": "systems", "corpus": "systems", "preference": "pairs"}[first.level]
    title = f"{_title(first)}: {first.n} {counted}"
    return f"{title} ({sure})" if any(row.low is not None for row in rows) else title, ["", *map(_named, names)], body


def _title(row: Row | Difference | Curve) -> str:
    parts = [_TITLES[row.level]]
    if row.level == "segment":
        parts.append(_BY[row.grouping])
    if row.criterion is not None:
        parts.append(plain(row.criterion))
    if row.without:
        parts.append(f"without {plain(', '.join(row.without))}")
    return ", ".join(parts)


def _baseline(which: str, known: dict[str, Baselines], names: Sequence[str]) -> list[str]:
    return [f"({which})", *(_number(getattr(known[name], which)) for name in names)]


def _raters(row: Row) -> str:
    return "-" if row.ceiling is None else _number(row.ceiling.value)


def _scorer(scorer: str, k: int | None) -> str:
    return plain(scorer if k is None else f"{scorer} @{k}")


def _named(statistic: str) -> str:
    return _NAMES.get(statistic, statistic)


def _cell(row: Row) -> str:
    text = _number(row.value)
    return text if row.low is None or row.high is None else f"{text} [{_number(row.low)}, {_number(row.high)}]"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    text = f"{round(value, 3) + 0.0:.3f}"  # without the sign of what is rounded to 0
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0") else text


def _differences(rows: Sequence[Difference]) -> Iterator[Grid]:
    tables: dict[tuple[object, ...], list[Difference]] = {}
    for row in rows:
        key = (row.level, row.criterion, row.statistic, row.grouping, row.without)
        tables.setdefault(key, []).append(row)
    for mine in tables.values():
        methods = list(dict.fromkeys(row.method for row in mine))
        pairs = list(dict.fromkeys((row.first, row.second) for row in mine))
        at = {(row.first, row.second, row.method): row for row in mine}
        body = []
        for first, second in pairs:
            row = at[first, second, methods[0]]
            gap = "-" if row.difference is None else f"{row.difference:+.3f}"
            body.append(
                [f"{_scorer(first, row.k)} - {_scorer(second, row.k)}", gap]
                + [_p(at[first, second, method]) for method in methods]
            )
        heads = ["", f"Δ {_named(mine[0].statistic)}", *(f"p {method}, Holm" for method in methods)]
        yield f"Differences of scorers in {_named(mine[0].statistic)}: {_title(mine[0])}", heads, body


def _p(row: Difference) -> str:
    if row.p is None or row.p_adjusted is None:
        return "-"
    return f"{row.p:.4f}, {row.p_adjusted:.4f}{'*' if row.significant else ''}"


def _curves(curves: Sequence[Curve]) -> Iterator[Grid]:
    """Of drawn references; those of expected scores are the rows at each k above."""
    tables: dict[tuple[object, ...], list[Curve]] = {}
    for curve in curves:
        if curve.scores == "drawn":
            key = (curve.level, curve.criterion, curve.statistic, curve.grouping, curve.without)
            tables.setdefault(key, []).append(curve)
    for mine in tables.values():
        ks = [point.k for point in mine[0].points]
        body = [
            [plain(curve.scorer), *(_number(point.value) for point in curve.points), _stops(curve)] for curve in mine
        ]
        title = f"Against the number of references: {_title(mine[0])}, {_named(mine[0].statistic)}"
        yield title, ["", *(f"k={k}" for k in ks), "stops rising"], body


def _stops(curve: Curve) -> str:
    if curve.stops_at is not None:
        return f"at k={curve.stops_at}"
    return f"not by {curve.at_least}" if curve.reason == "still_rising" else f"cannot be told by {curve.at_least}"


def prose(result: Agreement) -> list[str]:
    """What the numbers mean, a sentence or two each."""
    out = [_BEGINNING]
    statistics = {row.statistic for row in result.rows}
    if "acc_eq" in statistics:
        out.append(
            "acc_eq: pairs that scores order as people do, ties included; how close counts as tied is chosen on other "
            "items than it is judged on, anew in every draw."
        )
    if "soft_pairwise_accuracy" in statistics:
        out.append("SPA: 1 less the mean difference of p-values, for people and scorer, that one system is better.")
    out += _about_people(result)
    if result.differences:
        out.append(
            f"p: {result.permutations} permutations of two scorers' standardised scores, two-sided; Holm's correction "
            "is for all pairs of scorers in a table; * marks adjusted p-values of .05 or less."
        )
    if any(curve.scores == "drawn" for curve in result.curves):
        out.append(
            "Against the number of references: scores against k drawn references. It stops rising where as many again, "
            f"all others, add less than {result.rise:g} with their whole interval; no more than half of the references "
            "can be judged so."
        )
    elif result.curves:
        out.append(
            "Scores at k are means over all sets of k references and cannot tell how many references are enough; give "
            "outputs and references in place of the run for that."
        )
    return out


def _about_people(result: Agreement) -> Iterator[str]:
    for row in result.rows:
        if row.ceiling is not None and row.ceiling.value is not None and row.ceiling.blind is not None:
            yield (
                f"One rater is of the others' opinion in {_number(row.ceiling.value)} of {row.ceiling.n} choices on "
                f"pairs that have a majority ({_number(row.ceiling.blind)} of {row.ceiling.n_blind} where pairs are "
                "picked by the others alone). A scorer that gets this agrees with people as well as one of them does."
            )
            return


def _signatures(result: Agreement) -> list[str]:
    return list(dict.fromkeys(row.signature.partition("|agree:")[0] for row in result.rows))


def _table(result: Agreement) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for title, heads, rows in grids(result):
        console.print(Text(title, style="bold"))
        table_of(console, heads, rows)
    for sentence in prose(result):
        console.print(Text(fill(sentence, console.width, initial_indent=" - ", subsequent_indent="   ")))
    console.print()
    for signature in _signatures(result):
        console.print(Text(plain(signature), style="dim"), soft_wrap=True)


def _markdown(result: Agreement) -> None:
    for title, heads, rows in grids(result):
        print(f"**{title}**\n")
        markdown_of(heads, rows)
        print()
    for sentence in prose(result):
        print(f"- {sentence}".replace("*", "\\*"))
    for signature in _signatures(result):
        print(f"- `{plain(signature)}`")


def _latex(result: Agreement) -> None:
    for title, heads, rows in grids(result):
        print(f"% {title}")
        latex_of(heads, rows)
    for line in (*prose(result), *map(plain, _signatures(result))):
        print(f"% {line}")


def _csv(result: Agreement) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(FLAT)
    for row in result.rows:
        writer.writerow(map(harmless, row.flat().values()))

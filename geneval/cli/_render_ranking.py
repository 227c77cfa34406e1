"""A ranking as a table with a plot, JSON, CSV, Markdown or LaTeX, on stdout."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING

from geneval.cli._render import harmless, latex_of, markdown_of, printed, table_of
from geneval.cli._talk import plain
from geneval.worth_plot import places, ranked, span

if TYPE_CHECKING:
    from geneval.rankings import CriterionRanking, Rankings
    from geneval_scorers.preference import Circles, Effect, Rater, Worth

_FIELDS = (
    *("criterion", "system", "worth", "log_worth", "low", "high", "error", "rank_low", "rank_high"),
    *("identified", "reason", "wins", "losses", "ties", "both_bad"),
)
_WIDEST = 12
"""Up to so many systems, the win matrix is printed."""
_OPTIONS = re.compile(r"\b(prior|interval|cluster|ties)=(?:'([\w-]+)'(?: or '([\w-]+)')?|None)")
_FLAGS = {"raters=True": "--raters", "order=True": "--order", "(next_pairs)": "(--next 10)"}

Grid = tuple[str, list[str], list[list[str]]]
"""A title, heads and rows."""


def as_options(text: str) -> str:
    """What the library says of its arguments, in options of the command line."""
    for name, option in _FLAGS.items():
        text = text.replace(name, option)
    return _OPTIONS.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    name, first, second = found.groups()
    return f"--{name} {first or 'none'}" + (f" or --{name} {second}" if second else "")


def render(result: Rankings, form: str | None, *, raters: bool) -> None:
    """Prints a ranking; a table on a terminal and JSON elsewhere, unless told."""
    printed(
        form,
        json=result.to_json,
        csv=lambda: _csv(result),
        markdown=lambda: _markdown(result, raters=raters),
        latex=lambda: _latex(result, raters=raters),
        table=lambda: _table(result, raters=raters),
    )


def grids(one: CriterionRanking, confidence: float, *, raters: bool) -> Iterator[Grid]:
    """The tables of a criterion: worths, then wins, raters and pairs to judge next, where there are any to show."""
    yield _worths(one, confidence)
    if len(one.worths) <= _WIDEST:
        yield _matrix(one)
    if raters and one.ranking.raters:
        yield _raters(one.ranking.raters, confidence)
    if pairs := one.outlook.next_pairs:
        rows = [[f"{plain(p.a)} / {plain(p.b)}", f"{p.judged:.10g}", f"{p.gain:.4f}"] for p in pairs]
        yield "To judge next, what tells most first", ["pair", "judged so far", "gain"], rows


def _worths(one: CriterionRanking, confidence: float) -> Grid:
    sure = f"{100 * confidence:.10g}% CI"
    title = f"{_title(one)} ({sure})" if any(row.low is not None for row in one.worths) else _title(one)
    heads = ["system", "rank", "worth", "log-worth", "won / lost / tied"]
    rows = zip(one.worths, places(one.worths), strict=True)
    return title, heads, [_worth(row, place, one.baseline) for row, place in rows]


def _title(one: CriterionRanking) -> str:
    counts = {"comparison": int(one.ranking.comparisons), "system": len(one.worths), "item": one.items}
    counts |= {"annotator": one.annotators} if one.annotators else {}
    name = "" if one.criterion is None else f"{plain(one.criterion)}: "
    return name + ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())


def _worth(row: Worth, place: int, baseline: str | None) -> list[str]:
    counts = f"{row.wins:.10g} / {row.losses:.10g} / {row.ties:.10g}"
    bad = f" ({row.both_bad:.10g} both bad)" if row.both_bad else ""
    if row.worth is None:
        return [plain(row.system), "-", "-", "-", counts + bad]
    text = "0" if row.system == baseline else _interval(row.log_worth or 0.0, row.low, row.high)
    return [plain(row.system), ranked(row, place), f"{row.worth:.1%}", text, counts + bad]


def _matrix(one: CriterionRanking) -> Grid:
    rows = []
    for i, name in enumerate(one.systems):
        cells = ["" if i == j else _met(one.wins[i][j], one.tied[i][j]) for j in range(len(one.systems))]
        rows.append([plain(name), *cells])
    return "Wins of the row over the column (ties)", ["", *map(plain, one.systems)], rows


def _met(wins: float, ties: float) -> str:
    return f"{wins:.10g} ({ties:.10g})" if ties else f"{wins:.10g}"


def _raters(raters: tuple[Rater, ...], confidence: float) -> Grid:
    reliable = any(rater.reliability is not None for rater in raters)
    heads = ["annotator", "votes", "with the fit", "expected"]
    heads += [f"reliability ({100 * confidence:.10g}% CI)"] if reliable else []
    rows = []
    for rater in sorted(raters, key=lambda rater: (rater.reliability is None, rater.reliability or 0.0)):
        cells = [plain(rater.name), f"{rater.votes:.10g}", _share(rater.agreement), _share(rater.expected)]
        if reliable:
            cells.append("-" if rater.reliability is None else _interval(rater.reliability, rater.low, rater.high))
        rows.append(cells)
    return "Annotators", heads, rows


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(value: float, low: float | None, high: float | None) -> str:
    return f"{value:z.3f}" if low is None or high is None else f"{value:z.3f} [{low:z.3f}, {high:z.3f}]"


def plot(one: CriterionRanking, width: int) -> list[str]:
    """Log-worths with their intervals, a line a system, in ASCII."""
    name = min(max(len(plain(row.system)) for row in one.worths), 28)
    low, high = span(one.worths)
    room = max(20, min(width - name - 4, 72))
    if high - low < 1e-9:
        return []
    lines = [f"{_cut(row.system, name)}  {_bar(row, low, high, room)}" for row in one.worths]
    left, right = f"{low:.2f}", f"{high:.2f}"
    ends = left + " " * (room - len(left) - len(right)) + right
    zero = _at(0.0, low, high, room)
    if len(left) < zero < room - len(right) - 1:
        ends = ends[:zero] + "0" + ends[zero + 1 :]
    return [*lines, " " * (name + 2) + ends]


def _cut(name: str, width: int) -> str:
    shown = plain(name)
    return (shown if len(shown) <= width else f"{shown[: width - 1]}~").ljust(width)


def _at(value: float, low: float, high: float, room: int) -> int:
    return round((value - low) / (high - low) * (room - 1))


def _bar(row: Worth, low: float, high: float, room: int) -> str:
    cells = [" "] * room
    cells[_at(0.0, low, high, room)] = ":"
    if row.log_worth is None:
        return "".join(cells).rstrip() + "  (no worth)"
    if row.low is not None and row.high is not None:
        first, last = (_at(end, low, high, room) for end in (row.low, row.high))
        cells[first : last + 1] = "-" * (last + 1 - first)
        cells[first] = cells[last] = "|"
    cells[_at(row.log_worth, low, high, room)] = "o"
    return "".join(cells).rstrip()


def prose(one: CriterionRanking) -> Iterator[str]:
    """What the numbers mean, and what else is known."""
    fit = one.ranking
    zero = "the mean of all is 0" if one.baseline is None else f"{plain(one.baseline)} is 0"
    ranks = " In brackets after a rank: all ranks that it may have." if any(r.rank_low for r in one.worths) else ""
    if any(row.identified for row in one.worths):
        yield (
            f"Log-worth: {zero}; a difference of two is the log-odds that one is preferred, ties aside (0.4: 60 %, 1: 73 %). "
            f"Worths add up to 100 %.{ranks}"
        )
    if fit.ties is not None and fit.ties.value:
        yield f"Ties: {fit.ties.name} = {_effect(fit.ties)}; {_TIES[fit.ties.name]}"
    if fit.order is not None and fit.order.value is not None:
        yield f"Shown on the left: {_effect(fit.order)} log-odds."
    for effect in fit.covariates:
        if effect.value is not None:
            yield f"{plain(effect.name)}: {_effect(effect)} log-odds a unit."
    yield from _checks(one)
    yield from _outlook(one)
    yield f"{plain(fit.signature)}"


_TIES = {
    "nu": "equal systems tie with probability nu / (2 + nu).",
    "theta": "equal systems tie with probability (theta - 1) / (theta + 1).",
}


def _effect(effect: Effect) -> str:
    return "-" if effect.value is None else _interval(effect.value, effect.low, effect.high)


def _checks(one: CriterionRanking) -> Iterator[str]:
    left, alpha, circles, fit = one.left, one.agreement, one.circles, one.ranking.goodness
    if left.value is not None:
        yield f"The system on the left won {_interval(left.value, left.low, left.high)} of {left.n:.10g} decided comparisons."
    if alpha.alpha is not None:
        yield (
            f"Annotators agree: Krippendorff's alpha {_interval(alpha.alpha, alpha.low, alpha.high)}, {alpha.units} pairs "
            "of outputs that several judged (1: always, 0: as by chance)."
        )
    if circles.triples:
        yield f"Circles: {len(circles.found)} of {circles.triples} triples of systems{_clearest(circles)}."
    if fit is not None and fit.p_value is not None:
        yield f"Fit: deviance {fit.deviance:.2f} on {fit.freedom} degrees of freedom, p = {fit.p_value:.3f} (small: bad)."


def _clearest(circles: Circles) -> str:
    if not circles.found:
        return ""
    first, *others = circles.found[0].systems
    return (
        f"; the clearest: {' > '.join(map(plain, (first, *others, first)))}. Chance makes some where systems are close"
    )


def _outlook(one: CriterionRanking) -> Iterator[str]:
    asked = one.outlook
    if asked.difference is None:
        return
    what = f"a difference of {asked.difference:g} between any two systems, with a probability of 80 %"
    if asked.judgements is None:
        yield f"How many judgements find {what}, cannot be told: there are no intervals."
    elif not asked.judgements:
        yield f"These judgements are enough to find {what}."
    else:
        yield f"{asked.judgements} more judgements, spread as these are, find {what}."


def _table(result: Rankings, *, raters: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for one in result:
        first = True
        for title, heads, rows in grids(one, result.confidence, raters=raters):
            console.print(Text(title, style="bold"))
            table_of(console, heads, rows)
            if first:
                for line in (*plot(one, console.width), ""):
                    console.print(Text(line), soft_wrap=True)
            first = False
        *sentences, signature = prose(one)
        for sentence in sentences:
            console.print(Text(fill(sentence, console.width, initial_indent=" - ", subsequent_indent="   ")))
        console.print(Text(f"\n{signature}\n", style="dim"), soft_wrap=True)


def _markdown(result: Rankings, *, raters: bool) -> None:
    for one in result:
        for title, heads, rows in grids(one, result.confidence, raters=raters):
            print(f"**{title}**\n")
            markdown_of(heads, rows)
            print()
        *sentences, signature = prose(one)
        print("\n".join([*(f"- {sentence}" for sentence in sentences), f"- `{signature}`"]))


def _latex(result: Rankings, *, raters: bool) -> None:
    for one in result:
        for title, heads, rows in grids(one, result.confidence, raters=raters):
            print(f"% {title}")
            latex_of(heads, rows)
        for line in prose(one):
            print(f"% {line}")


def _csv(result: Rankings) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_FIELDS)
    for one in result:
        for row in one.worths:
            cells = {name: getattr(row, name, None) for name in _FIELDS} | {"criterion": one.criterion}
            writer.writerow([harmless(cells[name]) for name in _FIELDS])

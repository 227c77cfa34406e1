"""References that end before they are finished.

An end that no finished text has: a comma, a dash, an opened bracket, `the`, `and`. And a limit: texts that were cut at a
length pile up there. Where nothing cuts, texts do not become more frequent towards the longest ones (a fifth of the
greatest length, if at least half of the texts are shorter): beside the one that is longest, no more than their share is
due at the greatest length itself, which is a binomial test.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import regex

from geneval_references.audit._chance import Ints, binomial_tail
from geneval_references.audit._model import Finding
from geneval_references.audit._table import Table

_OPEN_END = regex.compile(
    r"(?:[,;\-\u2013\u2014(\[{<\u3001\uff0c\uff08\u300c\u300e]|\s(?:the|an|and|of the|in the|or|because)|\s\p{L}+['\u2019])\s*\Z"
)
"""`a` is left out (`vitamin a`), and so are prepositions: English sentences end with them."""
_UNITS = ("characters", "words")


def truncation(table: Table, alpha: float) -> Iterator[Finding]:
    """Findings of kinds `truncated` and `length limit`.

    Args:
        table: the data.
        alpha: the chance that a limit is seen where there is none, over both units.
    """
    cut = {text: _is_cut(table.texts[text]) for text in table.distinct}
    # Where the source ends like this (a heading, a line of a poem), so may the answer.
    found = [
        n
        for n, text in enumerate(table.text.tolist())
        if cut[text] and not _is_cut(table.sets[table.item[n]].source or "")
    ]
    if found:
        yield Finding(
            kind="truncated",
            level="fault",
            subject="references",
            message=f"{len(found)} references end in the middle of a sentence",
            advice="complete them or leave them out: what is missing counts as said too much by an output that says it",
            rows=tuple(table.row(n) for n in found),
            count=len(found),
            of=len(table.item),
        )
    yield from _limits(table, alpha)


def _is_cut(text: str) -> bool:
    return _OPEN_END.search(text) is not None


def _limits(table: Table, alpha: float) -> Iterator[Finding]:
    lengths = ([len(text) for text in table.texts], [len(text.split()) for text in table.texts])
    # Texts that begin alike count once: a long text and its variants are no limit.
    begins = {table.texts[t][: len(table.texts[t]) // 2]: t for t in table.distinct}
    once = np.asarray(list(begins.values()), np.int64)
    for unit, each in zip(_UNITS, lengths, strict=True):
        long = np.asarray(each, np.int64)
        at, p = limit(long[once])
        if p * len(_UNITS) <= alpha:
            yield _limit(table, np.flatnonzero(long[table.text] == at), unit, at, p * len(_UNITS))


def limit(lengths: Ints) -> tuple[int, float]:
    """The greatest length, and the p-value of its being a limit: of texts within a fifth of it, too many have it."""
    most = int(lengths.max())
    window = max(most // 5, 1)
    if window < 2 or np.median(lengths) > most - window:
        return most, 1.0  # where most texts are about equally long, the longest are no tail
    # One text has the greatest length in any case.
    others, near = int((lengths == most).sum()) - 1, int((lengths > most - window).sum()) - 1
    return most, binomial_tail(others, near, 1 / window) if others else 1.0


def _limit(table: Table, found: Ints, unit: str, at: int, p: float) -> Finding:
    return Finding(
        kind="length limit",
        level="fault",
        subject="references",
        message=f"{len(found)} references are exactly {at} {unit} long, and none is longer: they were cut there",
        advice="get the whole texts, or leave these out; outputs that are longer are marked down for what was cut",
        rows=table.rows(found),
        count=len(found),
        of=len(table.item),
        p=p,
    )

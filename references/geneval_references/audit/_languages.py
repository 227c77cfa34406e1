"""References in another writing system, or in other words, than the rest.

A script is wrong where a reference shares none with its siblings (or, where it has none, with the outputs for its item,
or else with most of the data). Items in several languages are no fault as long as each keeps to its own.

A language is wrong where a reference has hardly any of the words that are most frequent in the data (in any language
these are articles, prepositions and the like) and most of its words occur in no other item. The frequent words among
the m words of a reference follow a beta-binomial law that is fitted to the data, since styles differ more than dice do;
lower tails are corrected for all references (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import regex

from geneval_references._scripts import scripts
from geneval_references.audit._chance import Floats, Ints, false_discoveries
from geneval_references.audit._model import Finding, Untested
from geneval_references.audit._table import Table

_FREQUENT = 100
"""So many words are the frequent ones."""
_FEW = 50
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'\u2019]*")


def languages(table: Table, alpha: float) -> Iterator[Finding | Untested]:
    """Findings of kinds `script` and `language`.

    Args:
        table: the data.
        alpha: the share of false alarms that is expected among references said to be in another language.
    """
    yield from _scripts(table)
    yield from _words(table, alpha)


def _scripts(table: Table) -> Iterator[Finding]:
    used = [scripts(text) for text in table.texts]
    if len(set().union(*used)) < 2:
        return
    beside = _beside(table, used)
    main = {
        name for name, n in Counter(s for t in table.text.tolist() for s in used[t]).items() if 2 * n > len(table.text)
    }
    found, notes = [], []
    for number, (item, text) in enumerate(zip(table.item.tolist(), table.text.tolist(), strict=True)):
        others = beside[item] - Counter(used[text]) if used[text] else Counter[str]()
        there = {name for name, n in beside[item].items() if n > (name in used[text])} or main
        if used[text] and there and not used[text] & there:
            found.append(number)
            notes.append(f"{', '.join(sorted(used[text]))} among {', '.join(sorted(others) or sorted(main))}")
    if found:
        yield Finding(
            kind="script",
            level="fault",
            subject="references",
            message=f"{len(found)} references share no writing system with the other texts of their item",
            advice="a source or another language in place of the answer, most likely; put the right text there or leave "
            "the reference out",
            rows=tuple(table.row(n, note) for n, note in zip(found, notes, strict=True)),
            count=len(found),
            of=len(table.item),
        )


def _beside(table: Table, used: list[frozenset[str]]) -> list[Counter[str]]:
    """For each item how many of its texts use a script: references, or outputs too where there is one reference."""
    out = [Counter[str]() for _ in table.ids]
    for item, text in zip(table.item.tolist(), table.text.tolist(), strict=True):
        out[item].update(used[text])
    for item, text in zip(table.output_item.tolist(), table.output_text.tolist(), strict=True):
        if table.per_item[item] < 2:
            out[item].update(used[text])
    return out


def _words(table: Table, alpha: float) -> Iterator[Finding | Untested]:
    words = {text: [word.lower() for word in _WORD.findall(table.texts[text])] for text in table.distinct}
    homes = _homes(table, words)
    frequent = {word for word, _ in homes.most_common(_FREQUENT)}
    lengths = np.asarray([len(words[t]) for t in table.text.tolist()], np.int64)
    hits = np.asarray([sum(word in frequent for word in words[t]) for t in table.text.tolist()], np.int64)
    if len(homes) <= 2 * _FREQUENT or len(table.item) < _FEW:
        yield Untested("language", f"it takes {_FEW} references and {2 * _FREQUENT} different words")
        return
    p = false_discoveries(_lower_tails(hits, lengths))
    own = [sum(homes[word] == 1 for word in set(words[t])) / max(len(set(words[t])), 1) for t in table.text.tolist()]
    found = np.flatnonzero((p <= alpha) & (np.asarray(own) > 0.5))
    if len(found):
        yield Finding(
            kind="language",
            level="fault",
            subject="references",
            message=f"{len(found)} references hold hardly any of the words that are frequent in this data, and mostly words "
            "that no other item has: another language, or no language",
            advice="read them; leave out what is no answer to the item",
            rows=tuple(table.row(n, f"{hits[n]} frequent words of {lengths[n]}") for n in found.tolist()),
            count=len(found),
            of=len(table.item),
            p=float(p[found].max()),
        )


def _homes(table: Table, words: Mapping[int, list[str]]) -> Counter[str]:
    """In how many items each word occurs."""
    seen = Counter[str]()
    for item in range(len(table.ids)):
        numbers = table.text[table.first[item] : table.first[item + 1]].tolist()
        seen.update({word for text in numbers for word in words[text]})
    return seen


def _lower_tails(hits: Ints, lengths: Ints) -> Floats:
    """P(X <= hits) under the beta-binomial law of this mean and spread (moments, Kleinman 1973)."""
    from scipy.stats import betabinom, binom

    known = lengths > 0
    mean = hits.sum() / max(lengths.sum(), 1)
    share = hits[known] / lengths[known]
    spread = float(np.average((share - mean) ** 2, weights=lengths[known]))
    size = float(lengths[known].mean())
    rho = (spread / max(mean * (1 - mean), 1e-12) * size - 1) / max(size - 1, 1e-12)
    pairs, where = np.unique(np.stack([hits, lengths]), axis=1, return_inverse=True)
    if rho <= 1e-6:
        tails = binom.cdf(pairs[0], pairs[1], mean)
    else:
        a, b = mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho
        tails = betabinom.cdf(pairs[0], pairs[1], a, b) if a > 0 and b > 0 else np.ones(pairs.shape[1])
    out: Floats = np.asarray(tails, np.float64)[where.reshape(-1)]
    out[~known] = 1.0
    return out

"""Controls: scorers that know nothing, or quality and no system; and texts that answer nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._band import exchanges
from geneval.underestimation._matched import Design
from geneval.underestimation._model import Estimate, of_clusters
from geneval.underestimation._outputs import Outputs, better_is_higher
from geneval.underestimation._people import Evidence
from geneval_scorers import Queries, Ragged, ask_each

_BLOCK = 20_000_000
"""So many (draw, cell, kind of quality) are drawn together."""

FILE_NAME = re.compile(r"\S+\.\w{2,5}")


@dataclass(frozen=True, eq=False)
class NoiseControls:
    """What a scorer without knowledge, and one that knows quality and nothing else, give each system at equal quality.

    Attributes:
        correlation: of the scorer with people; the noisy one has the same.
        drawn: by control, [draws, systems present] matched-quality differences, in the scorer's units.
        accuracy: by control, the share of pairs in people's order, mean over draws; None where people order no pair.
    """

    correlation: float
    drawn: dict[str, Floats]
    accuracy: dict[str, float | None]

    def range_of(self, place: int) -> tuple[float, float]:
        """The widest central 95 % of draws for a system."""
        tails = [np.quantile(draws[:, place], [0.025, 0.975]) for draws in self.drawn.values()]
        return float(min(t[0] for t in tails)), float(max(t[1] for t in tails))

    def sound(self) -> bool:
        """Whether the mean of every control lies near 0: within 4 standard errors of its mean, or a hundredth of its spread."""
        for draws in self.drawn.values():
            spread = draws.std(axis=0, ddof=1)
            if (np.abs(draws.mean(axis=0)) > np.maximum(4 * spread / np.sqrt(len(draws)), 0.5 * spread)).any():
                return False
        return True


def noise_controls(evidence: Evidence, scores: Floats, count: int, seed: int) -> NoiseControls:
    """Draws a random scorer and an unbiased, noisy one many times; all go through the estimator as the scorer does."""
    design, rng = evidence.design, np.random.default_rng(seed)
    spread = float(design.within(scores).std()) or 1.0
    correlation = _correlation(scores, evidence.grade)
    above, below = evidence.pairs()
    drawn: dict[str, list[Floats]] = {"random": [], "unbiased_noise": []}
    right: dict[str, list[Floats]] = {"random": [], "unbiased_noise": []}
    size = max(1, _BLOCK // (len(scores) * design.quality.shape[1]))
    for start in range(0, count, size):
        many = min(size, count - start)
        random = rng.standard_normal((many, len(scores))) * spread
        noisy = unbiased(evidence, correlation, many, rng)
        # Of the scorer's spread, so that its differences are in the scorer's units.
        noisy *= spread / np.maximum(np.asarray([design.within(row).std() for row in noisy])[:, None], 1e-12)
        for name, rows in (("random", random), ("unbiased_noise", noisy)):
            drawn[name].append(rows @ design.map.T)
            right[name].append(_right(rows, above, below).mean(axis=1) if len(above) else np.zeros(0))
    shares = {name: np.concatenate(parts) for name, parts in right.items()}
    return NoiseControls(
        correlation,
        {name: np.concatenate(parts) for name, parts in drawn.items()},
        {name: float(share.mean()) if len(share) else None for name, share in shares.items()},
    )


def _right(scores: Floats, above: Ints, below: Ints) -> Floats:
    """1 where a pair is in people's order, a half where scores are equal, [..., pairs]."""
    return np.asarray((np.sign(scores[..., above] - scores[..., below]) + 1) / 2)


def _correlation(scores: Floats, grade: Floats) -> float:
    if not scores.std() or not grade.std():
        return 0.0
    return float(np.corrcoef(scores, grade)[0, 1])


def unbiased(evidence: Evidence, correlation: float, count: int, rng: np.random.Generator) -> Floats:
    """Scores that follow true quality alone, [draws, cells], with this correlation to the grades.

    True quality is drawn given the grades: what differs within items (systems and length apart) is shrunken by its share
    of noise, and noise of that size is put back.
    """
    design = evidence.design
    true = np.stack([_true(design, kind, count, rng) for kind in range(design.quality.shape[1])], axis=2)
    weight = np.linalg.lstsq(design.within(design.quality), design.within(evidence.grade), rcond=None)[0]
    quality: Floats = np.asarray(true @ weight, np.float64)
    r = max(correlation, 0.0)
    if not r:
        return np.asarray(rng.standard_normal(quality.shape))
    grade = evidence.grade - evidence.grade.mean()
    centred = quality - quality.mean(axis=1, keepdims=True)
    shared = float((centred @ grade).mean() / len(grade))
    noise = shared**2 / (r**2 * float(grade.var())) - float((centred**2).mean())
    return np.asarray(quality + rng.standard_normal(quality.shape) * np.sqrt(max(noise, 0.0)))


def _true(design: Design, kind: int, count: int, rng: np.random.Generator) -> Floats:
    grade, noise = design.quality[:, kind], design.noise[:, kind]
    dummies = (design.system[:, None] == design.present[None, 1:]).astype(np.float64)
    known = design.within(np.concatenate([dummies, design.exact], axis=1))
    inner = design.within(grade)
    left = inner - known @ np.linalg.lstsq(known, inner, rcond=None)[0]
    freedom = max(len(grade) - len(np.unique(design.group)) - known.shape[1], 1)
    spread = float((left**2).sum()) / freedom
    keep = np.clip(1.0 - noise / spread, 0.0, 1.0) if spread else np.ones_like(noise)
    drawn = rng.standard_normal((count, len(grade))) * np.sqrt(keep * noise)
    return np.asarray(grade - (1.0 - keep) * left + drawn)


def accuracy(evidence: Evidence, scores: Floats, confidence: float) -> Estimate:
    """Share of pairs in people's order; equal scores are half right."""
    above, below = evidence.pairs()
    cluster = evidence.design.cluster[above]
    return of_clusters(_right(scores, above, below), cluster, confidence, unit="pairs", estimator="share of pairs")


def accuracy_gain(evidence: Evidence, control: Floats, scores: Floats, confidence: float) -> Estimate:
    """By how much a control is in people's order more often than the scorer."""
    above, below = evidence.pairs()
    gain = _right(control, above, below) - _right(scores, above, below)
    cluster = evidence.design.cluster[above]
    return of_clusters(gain, cluster, confidence, unit="pairs", estimator="difference of shares of pairs")


@dataclass(frozen=True, eq=False)
class TextControl:
    """Texts in the place of outputs.

    Attributes:
        name: of the control.
        text: [items] indices into the corpus; -1 where there is none.
        note: how it was made, or why there is none.
    """

    name: str
    text: Ints
    note: str


def text_controls(outputs: Outputs, items: Sequence[int], seed: int) -> list[TextControl]:
    """Copy of the source, most frequent reference, generic output, and a reference of another item."""
    return [_source(outputs, items), *_common(outputs, items), _mismatched(outputs, items, seed)]


def _nothing(outputs: Outputs) -> Ints:
    return np.full(len(outputs.items), -1, np.int64)


def _source(outputs: Outputs, items: Sequence[int]) -> TextControl:
    text = _nothing(outputs)
    for item in items:
        source = outputs.items[item].source
        if source and not FILE_NAME.fullmatch(source):
            text[item] = outputs.corpus.index(source)
    there = bool((text >= 0).any())
    return TextControl(
        "copy_of_source", text, "the item's source as it stands" if there else "no item has a text as source"
    )


def _common(outputs: Outputs, items: Sequence[int]) -> list[TextControl]:
    """The text that most items have among their references, and the one made of the most common words."""
    corpus = outputs.corpus
    folded: Counter[int] = Counter()
    words: Counter[str] = Counter()
    bags: dict[int, set[str]] = {}
    for item in items:
        row = corpus.references.row(item)
        folded.update(set(corpus.folded[row].tolist()))
        for text in row.tolist():
            bags[text] = set(corpus.texts[text].lower().split())
        words.update(set().union(*(bags[text] for text in row.tolist())) if len(row) else ())
    if not bags:
        return []
    ranked = sorted(bags, key=lambda t: corpus.texts[t])
    frequent = max(ranked, key=lambda t: folded[int(corpus.folded[t])])
    generic = max(ranked, key=lambda t: float(np.mean([np.log(words[w]) for w in bags[t]])) if bags[t] else -1.0)
    many = folded[int(corpus.folded[frequent])]
    return [
        _everywhere(
            outputs, items, "most_frequent_reference", frequent, f"{corpus.texts[frequent]!r}, of {many} items"
        ),
        _everywhere(outputs, items, "generic_output", generic, f"{corpus.texts[generic]!r}: the most common words"),
    ]


def _everywhere(outputs: Outputs, items: Sequence[int], name: str, text: int, note: str) -> TextControl:
    """One text for all items but those that have it among their references."""
    corpus, out = outputs.corpus, _nothing(outputs)
    for item in items:
        if int(corpus.folded[text]) not in corpus.folded[corpus.references.row(item)]:
            out[item] = text
    return TextControl(name, out, note)


def _mismatched(outputs: Outputs, items: Sequence[int], seed: int) -> TextControl:
    """The first reference of the next item, in a drawn order."""
    corpus, out = outputs.corpus, _nothing(outputs)
    holding = [item for item in items if len(corpus.references.row(item))]
    order = np.random.default_rng(seed).permutation(np.asarray(holding, np.int64))
    for item, other in zip(order.tolist(), np.roll(order, 1).tolist(), strict=True):
        text = int(corpus.references.row(other)[0])
        if int(corpus.folded[text]) not in corpus.folded[corpus.references.row(item)]:
            out[item] = text
    return TextControl("mismatched_item", out, "a reference of another item")


def text_scores(outputs: Outputs, number: int, control: TextControl) -> Floats:
    """What a scorer gives a control for each item, [items]; NaN where there is none."""
    at = np.flatnonzero(control.text >= 0)
    out = np.full(len(outputs.items), np.nan)
    if len(at):
        corpus, scorer = outputs.corpus, outputs.scorers[number]
        queries = Queries(at, Ragged.singles(control.text[at]), corpus.references.take(at), at)
        out[at] = better_is_higher(scorer, ask_each([scorer], corpus, queries, what="asking controls")[0].segment)
    return out


def held_out(outputs: Outputs, number: int, items: Sequence[int], seed: int, confidence: float) -> Estimate:
    """The gap of one reference of each item, drawn, in the place of the output: 0 but for chance."""
    corpus, scorer = outputs.corpus, outputs.scorers[number]
    rng = np.random.default_rng(seed)
    texts = {item: corpus.references.row(item) for item in items}
    gaps, places = [], []
    for part in exchanges(scorer, corpus, texts):
        drawn = rng.integers(part.table.shape[1], size=len(part.items))
        gaps += part.gaps[np.arange(len(drawn)), drawn].tolist()
        places += part.items.tolist()
    if not gaps:
        return Estimate.none("no item has three references", "items")
    estimator = "mean gap of one drawn reference an item"
    return of_clusters(np.asarray(gaps), np.asarray(places), confidence, unit="items", estimator=estimator)

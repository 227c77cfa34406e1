"""Controls: scorers that know nothing, or quality and no system; and texts that answer nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._band import Bands
from geneval.underestimation._matched import Design
from geneval.underestimation._model import Estimate, of_clusters
from geneval.underestimation._outputs import Outputs, better_is_higher
from geneval.underestimation._people import Evidence
from geneval_scorers import Queries, Ragged, ask_each

_BLOCK = 5_000_000
"""So many cells are drawn together."""

FILE_NAME = re.compile(r"\S+\.\w{2,5}")


@dataclass(frozen=True, eq=False)
class NoiseControls:
    """What a scorer without knowledge, and one that knows quality and nothing else, give each system at equal quality.

    Attributes:
        correlation: of the scorer with people; the noisy one has the same.
        drawn: by control, [draws, systems present] matched-quality differences, in the scorer's units.
        accuracy: by control, the expected share of pairs in people's order; None where people order no pair.
    """

    correlation: float
    drawn: dict[str, Floats]
    accuracy: dict[str, float | None]

    def range_of(self, place: int) -> tuple[float, float]:
        """The widest central 95 % of draws for a system."""
        tails = [np.quantile(draws[:, place], [0.025, 0.975]) for draws in self.drawn.values()]
        return float(min(t[0] for t in tails)), float(max(t[1] for t in tails))

    def sound(self) -> bool:
        """Whether the mean of every control lies near 0: within 4 standard errors of its mean, or half of its spread."""
        for draws in self.drawn.values():
            spread = draws.std(axis=0, ddof=1)
            if (np.abs(draws.mean(axis=0)) > np.maximum(4 * spread / np.sqrt(len(draws)), 0.5 * spread)).any():
                return False
        return True


def noise_controls(evidence: Evidence, count: int, seed: int) -> list[NoiseControls]:
    """For each scorer a random one and an unbiased, noisy one, drawn many times; their differences are `map` times the draws."""
    design, rng = evidence.design, np.random.default_rng(seed)
    spreads = [float(design.within(row).std()) or 1.0 for row in evidence.scores]
    noisy = [unbiased(evidence, row, spread) for row, spread in zip(evidence.scores, spreads, strict=True)]
    # Every scorer's noise has the same source, of another size.
    maps = np.concatenate([design.map, *(design.map * one.noise for one in noisy)])
    # An output has one score, whatever it is compared with.
    maps = np.stack([np.bincount(evidence.output, row, evidence.outputs) for row in maps])
    size = max(1, _BLOCK // evidence.outputs)
    blocks = [min(size, count - start) for start in range(0, count, size)]
    drawn = np.concatenate([rng.standard_normal((many, evidence.outputs)) @ maps.T for many in blocks])
    random, *others = np.split(drawn, len(noisy) + 1, axis=1)
    above, below = evidence.pairs()
    return [
        NoiseControls(
            one.correlation,
            {"random": random * spread, "unbiased_noise": other + design.map @ one.quality},
            {"random": 0.5 if len(above) else None, "unbiased_noise": one.accuracy(above, below)},
        )
        for one, spread, other in zip(noisy, spreads, others, strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Noisy:
    """A scorer that follows true quality alone: normal, given the grades.

    Attributes:
        correlation: with the grades; that of the scorer it stands beside.
        quality: [cells], its means.
        noise: [cells], its standard deviations.
    """

    correlation: float
    quality: Floats
    noise: Floats

    def accuracy(self, above: Ints, below: Ints) -> float | None:
        """The share of pairs that it is expected to have in people's order; None where there is none."""
        from scipy import stats

        if not len(above):
            return None
        size = np.maximum(np.hypot(self.noise[above], self.noise[below]), 1e-300)
        return float(stats.norm.cdf((self.quality[above] - self.quality[below]) / size).mean())


def _right(scores: Floats, above: Ints, below: Ints) -> Floats:
    """1 where a pair is in people's order, a half where scores are equal, [..., pairs]."""
    return np.asarray((np.sign(scores[..., above] - scores[..., below]) + 1) / 2)


def _correlation(scores: Floats, grade: Floats) -> float:
    if not scores.std() or not grade.std():
        return 0.0
    return float(np.corrcoef(scores, grade)[0, 1])


def unbiased(evidence: Evidence, scores: Floats, spread: float) -> Noisy:
    """A scorer of the same correlation to the grades and the same spread.

    True quality is taken given the grades: what differs within items (systems and length apart) is shrunken by its share
    of noise, and noise of that size is put back.
    """
    design, r = evidence.design, _correlation(scores, evidence.grade)
    weight = np.linalg.lstsq(design.within(design.quality), design.within(evidence.grade), rcond=None)[0]
    means, variances = zip(*(_true(design, kind) for kind in range(len(weight))), strict=True)
    quality, variance = weight @ np.stack(means), weight**2 @ np.stack(variances)
    if r > 0:
        grade, centred = evidence.grade - evidence.grade.mean(), quality - quality.mean()
        shared = float((centred * grade).mean())
        have = float((centred**2).mean() + variance.mean())
        variance = variance + max(shared**2 / (r**2 * float(grade.var())) - have, 0.0)
    else:
        quality, variance = np.zeros_like(quality), np.ones_like(quality)
    # In the scorer's units: what is expected within groups is the scorer's spread.
    within = float((design.within(quality) ** 2 + variance * design.company).mean())
    scale = spread / max(np.sqrt(within), 1e-12)
    return Noisy(r, quality * scale, np.sqrt(variance) * scale)


def _true(design: Design, kind: int) -> tuple[Floats, Floats]:
    """Mean and variance of true quality given a grade, [cells]."""
    grade, noise = design.quality[:, kind], design.noise[:, kind]
    dummies = (design.system[:, None] == design.present[None, 1:]).astype(np.float64)
    known = design.within(np.concatenate([dummies, design.exact], axis=1))
    inner = design.within(grade)
    left = inner - known @ np.linalg.lstsq(known, inner, rcond=None)[0]
    freedom = max(len(grade) - len(np.unique(design.group)) - known.shape[1], 1)
    spread = float((left**2).sum()) / freedom
    keep = np.clip(1.0 - noise / spread, 0.0, 1.0) if spread else np.ones_like(noise)
    return np.asarray(grade - (1.0 - keep) * left), keep * noise


def accuracy(evidence: Evidence, scores: Floats, confidence: float) -> Estimate:
    """Share of pairs in people's order; equal scores are half right."""
    above, below = evidence.pairs()
    cluster = evidence.design.cluster[above]
    return of_clusters(
        _right(scores, above, below), cluster, confidence, unit="pairs", estimator="share of pairs", within=(0, 1)
    )


def accuracy_gain(evidence: Evidence, control: Floats, scores: Floats, confidence: float) -> Estimate:
    """By how much a control is in people's order more often than the scorer."""
    above, below = evidence.pairs()
    gain = _right(control, above, below) - _right(scores, above, below)
    cluster = evidence.design.cluster[above]
    estimator = "difference of shares of pairs"
    return of_clusters(gain, cluster, confidence, unit="pairs", estimator=estimator, within=(-1, 1))


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
    references = corpus.references.take(np.asarray(items, np.int64))
    texts = np.unique(references.values)
    if not len(texts):
        return []
    texts = texts[np.argsort(corpus.rank[texts])]
    homes = _homes(references.rows, corpus.folded[references.values])
    many = homes[corpus.folded[texts]]
    frequent, generic = int(texts[many.argmax()]), int(texts[_commonness(outputs, references, texts).argmax()])
    note = f"{corpus.texts[frequent]!r}, of {many.max()} items"
    told = f"{corpus.texts[generic]!r}: the most common words"
    return [
        _everywhere(outputs, items, "most_frequent_reference", frequent, note),
        _everywhere(outputs, items, "generic_output", generic, told),
    ]


def _homes(item: Ints, kind: Ints) -> Ints:
    """In how many items each kind is, [kinds]."""
    span = int(kind.max(initial=0)) + 1
    return np.bincount(np.unique(item * span + kind) % span, minlength=span)


def _commonness(outputs: Outputs, references: Ragged, texts: Ints) -> Floats:
    """For each text the mean, over its different words, of the logarithm of how many items have the word; -1: no words."""
    words = outputs.corpus.derive("words between spaces", lambda: _words(outputs.corpus.texts))
    said = words.take(references.values)
    homes = _homes(references.rows[said.rows], said.values)
    mine = words.take(texts)
    rarity = np.bincount(mine.rows, weights=np.log(homes[mine.values]), minlength=len(texts))
    mean = rarity / np.maximum(mine.lengths, 1)
    return np.asarray(np.round(np.where(mine.lengths > 0, mean, -1.0), 12), np.float64)


def _words(texts: Sequence[str]) -> Ragged:
    """The different words of each text, numbered."""
    numbers: dict[str, int] = {}
    every = (dict.fromkeys(text.lower().split()) for text in texts)
    return Ragged.of([[numbers.setdefault(word, len(numbers)) for word in words] for words in every])


def _everywhere(outputs: Outputs, items: Sequence[int], name: str, text: int, note: str) -> TextControl:
    """One text for all items but those that have it among their references."""
    out = _nothing(outputs)
    out[np.asarray(items, np.int64)] = text
    return TextControl(name, _no_copies(outputs, out), note)


def _mismatched(outputs: Outputs, items: Sequence[int], seed: int) -> TextControl:
    """The first reference of the next item, in a drawn order."""
    references, out = outputs.corpus.references, _nothing(outputs)
    place = np.asarray(items, np.int64)
    order = np.random.default_rng(seed).permutation(place[references.lengths[place] > 0])
    out[order] = references.values[references.offsets[np.roll(order, 1)]]
    return TextControl("mismatched_item", _no_copies(outputs, out), "a reference of another item")


def _no_copies(outputs: Outputs, text: Ints) -> Ints:
    """The texts, but none that its item has among its references."""
    corpus = outputs.corpus
    own = text[corpus.references.rows]
    same = (own >= 0) & (corpus.folded[own] == corpus.folded[corpus.references.values])
    text[corpus.references.rows[same]] = -1
    return text


def text_scores(outputs: Outputs, given: Sequence[TextControl]) -> Floats:
    """What scorers give controls for each item, [controls, scorers, items]; NaN where there is none."""
    out = np.full((len(given), len(outputs.scorers), len(outputs.items)), np.nan)
    control, item = np.nonzero(np.stack([one.text >= 0 for one in given]))
    order = np.argsort(item, kind="stable")
    control, item = control[order], item[order]
    text = np.stack([one.text for one in given])[control, item]
    queries = Queries(item, Ragged.singles(text), outputs.corpus.references.take(item), item)
    for place, answers in enumerate(ask_each(outputs.scorers, outputs.corpus, queries, what="asking controls")):
        out[control, place, item] = better_is_higher(answers.scorer, answers.segment)
    return out


def held_out(bands: Bands, items: Sequence[int], seed: int, confidence: float) -> Estimate:
    """The gap of one reference of each item, drawn, in the place of the output: 0 but for chance."""
    mask = np.isin(bands.item, np.asarray(items, np.int64))
    gaps, place, rng = bands.held_out.keep(mask), bands.item[mask], np.random.default_rng(seed)
    if not len(gaps):
        return Estimate.none("no item has three references", "items")
    drawn = np.empty(len(gaps), np.int64)
    for size in np.unique(gaps.lengths).tolist():
        mine = gaps.lengths == size
        drawn[mine] = rng.integers(size, size=mine.sum())
    estimator = "mean gap of one drawn reference an item"
    return of_clusters(gaps.values[gaps.offsets[:-1] + drawn], place, confidence, unit="items", estimator=estimator)

"""What scorers are blind to: on minimal pairs, how often does a scorer put the right text above the wrong one?"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from geneval import __version__
from geneval.data import MinimalPair, pairs_hash
from geneval.evaluation import FEW_ITEMS, prepared
from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, Scorer, Watch, ask_each, full, guarded

Floats = npt.NDArray[np.float64]
Outcome = Literal["tie", "wrong"]
Direction = Literal["higher", "lower"]

SCHEMA = "geneval.probe/1"

TIE = 1e-6
"""Scores that differ by no more than this share of the larger one are tied: so much, batches alone can make."""

LONGER = "longer text"
"""The control: a scorer to which more characters are better. What it finds, length gives away."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One scorer on the pairs of one class."""

    scorer: str
    class_: str
    rate: float | None
    """Share of pairs in which the valid text has the better score, a tie counting half, 0 to 1; None where no pair has
    two scores."""
    low: float | None
    """Of the Wilson interval around the rate."""
    high: float | None
    n: int
    """Pairs of which both texts have a score."""
    wins: int
    ties: int
    losses: int
    n_failed: int
    """Pairs of which the scorer could not score a text."""
    signature: str

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        return {name.removesuffix("_"): getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pair that a scorer does not get right."""

    scorer: str
    pair: MinimalPair
    valid: float
    """The valid text's score."""
    invalid: float
    outcome: Outcome

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        pair = self.pair
        return {
            "scorer": self.scorer,
            "class": pair.class_,
            "id": pair.id,
            "references": list(pair.references),
            "valid": pair.valid,
            "invalid": pair.invalid,
            "valid_score": self.valid,
            "invalid_score": self.invalid,
            "outcome": self.outcome,
        }


@dataclass(frozen=True, eq=False)
class Probe:
    """What the scorers made of the pairs.

    Attributes:
        scorers: labels, in the order given.
        classes: in the order of the pairs.
        pairs: those that were asked about.
        scores: for each scorer [pairs, 2]: the valid text's score and the invalid one's; NaN where there is none.
        directions: for each scorer which way is better.
        contrasts: one a scorer and class.
        controls: the same of `LONGER`, one a class.
        confidence: of the intervals.
        pairs_hash: sha256 of all pairs, those of other classes included.
        warnings: what a reader of the numbers must know.
        notes: what reading the pairs had to say.
    """

    scorers: tuple[str, ...]
    classes: tuple[str, ...]
    pairs: tuple[MinimalPair, ...]
    scores: Mapping[str, Floats]
    directions: Mapping[str, Direction]
    contrasts: tuple[Contrast, ...]
    controls: tuple[Contrast, ...]
    confidence: float
    pairs_hash: str
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Contrast]:
        """Over the contrasts."""
        return iter(self.contrasts)

    def contrast(self, scorer: str, class_: str) -> Contrast:
        """What one scorer made of one class.

        Raises:
            UsageError: there is no such contrast.
        """
        for row in (*self.contrasts, *self.controls):
            if (row.scorer, row.class_) == (scorer, class_):
                return row
        raise UsageError(
            f"no contrast of {scorer!r} on {class_!r}; the scorers are {', '.join(self.scorers)}, "
            f"the classes {', '.join(self.classes)}"
        )

    def wrong(self, scorer: str, class_: str, most: int | None = None) -> list[Verdict]:
        """The pairs that a scorer does not get right: the furthest apart first, ties last.

        Args:
            scorer: its label.
            class_: the class.
            most: no more than so many; all by default.
        """
        scores, sign = self.scores[scorer], _sign(self.directions[scorer])
        margins = sign * (scores[:, 0] - scores[:, 1])
        outcomes = _outcomes(scores, sign)
        missed = [i for i, pair in enumerate(self.pairs) if pair.class_ == class_ and outcomes[i] in (-1, 0)]
        missed.sort(key=lambda i: (outcomes[i] == 0, margins[i]))
        return [self._verdict(scorer, i, "wrong" if outcomes[i] < 0 else "tie") for i in missed[:most]]

    def to_dict(self, show: int = 0) -> dict[str, object]:
        """What `geneval probe --format json` prints, with the first `show` pairs that each scorer got wrong."""
        counts = Counter(pair.class_ for pair in self.pairs)
        return {
            "schema": SCHEMA,
            "pairs": {"sha256": self.pairs_hash, "n": len(self.pairs), "classes": {c: counts[c] for c in self.classes}},
            "confidence": self.confidence,
            "contrasts": [row.to_dict() for row in self.contrasts],
            "controls": [row.to_dict() for row in self.controls],
            "wrong": [v.to_dict() for s in self.scorers for c in self.classes for v in self.wrong(s, c, show)],
            "warnings": list(self.warnings),
        }

    def to_json(self, show: int = 0) -> str:
        """The same as text: no NaN, in the order declared."""
        return json.dumps(self.to_dict(show), indent=2, ensure_ascii=False, allow_nan=False)

    def svg(self) -> str:
        """The heat map as a picture (SVG): classes x scorers."""
        from geneval.heat_map import draw

        return draw(self)

    def _verdict(self, scorer: str, place: int, outcome: Outcome) -> Verdict:
        valid, invalid = self.scores[scorer][place].tolist()
        return Verdict(scorer, self.pairs[place], valid, invalid, outcome)


def probe_scorers(
    pairs: Sequence[MinimalPair],
    scorers: Sequence[Scorer | str],
    *,
    classes: Sequence[str] | None = None,
    confidence: float = 0.95,
    watch: Watch | None = None,
) -> Probe:
    """Asks every scorer about both texts of every pair.

    Scorers that learn from references learn from those of all pairs, whatever `classes` says.

    Args:
        pairs: as `geneval.data.read_pairs` or `geneval.data.probe_pairs` gives them.
        scorers: scorers or specs.
        classes: only pairs of these classes are asked about.
        confidence: of the intervals.
        watch: told about progress.

    Raises:
        InputError: there is no pair, or an id is there twice.
        UsageError: no scorer, one twice, no such class, or a confidence that is none.
        MissingDependencyError: what a scorer runs is not installed.
    """
    if not isinstance(confidence, float) or not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence!r} does not fit; allowed: between 0 and 1")
    if not pairs:
        raise InputError("there are no pairs; a probe needs one or more")
    chosen = _chosen(pairs, classes)
    given = prepared(scorers)
    for scorer in given:
        if scorer.fewest > 1:
            raise UsageError(
                f"{scorer.label} needs {scorer.fewest} outputs for an item or more; a probe asks about one text at a time"
            )
    ready = _fitted(given, pairs)
    corpus = Corpus(_sets(chosen), _outputs(chosen), watch=watch)
    answers = ask_each(ready, corpus, full(corpus), what="probing")
    digest = pairs_hash(pairs)
    learned = {scorer.label for scorer in given if scorer.needs_fit}
    probing = _Probing(chosen, confidence, digest, learned)
    contrasts = [row for answer in answers for row in probing.contrasts(answer.scorer, answer.segment.reshape(-1, 2))]
    return Probe(
        scorers=tuple(scorer.label for scorer in ready),
        classes=probing.classes,
        pairs=chosen,
        scores={answer.scorer.label: answer.segment.reshape(-1, 2) for answer in answers},
        directions={scorer.label: scorer.info.direction for scorer in ready},
        contrasts=tuple(contrasts),
        controls=tuple(probing.controls()),
        confidence=confidence,
        pairs_hash=digest,
        warnings=tuple(_warnings(contrasts, ready, corpus)),
    )


def wilson_interval(rate: float, n: int, confidence: float) -> tuple[float, float]:
    """The Wilson score interval of a share, within 0 to 1 (Wilson 1927).

    A pair counts 0, 1/2 or 1, and no number between 0 and 1 of mean p varies by more than p(1 - p): with ties the
    interval is, if anything, too wide.

    Args:
        rate: the share, 0 to 1.
        n: of how many.
        confidence: between 0 and 1.

    Examples:
        >>> low, high = wilson_interval(0.5, 30, 0.95)
        >>> round(low, 3), round(high, 3)
        (0.332, 0.668)
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True)
class _Probing:
    """Counts outcomes by class."""

    pairs: tuple[MinimalPair, ...]
    confidence: float
    digest: str
    learned: set[str]
    """Labels of the scorers that have learned from these pairs."""

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pair.class_ for pair in self.pairs))

    def contrasts(self, scorer: Scorer, scores: Floats) -> Iterator[Contrast]:
        """One a class."""
        fit = "fit:pairs|" if scorer.label in self.learned else ""
        outcomes = _outcomes(scores, _sign(scorer.info.direction))
        yield from self._counted(scorer.label, outcomes, f"{scorer.signature()}|{fit}")

    def controls(self) -> Iterator[Contrast]:
        """One a class."""
        lengths = np.asarray([[len(pair.valid), len(pair.invalid)] for pair in self.pairs], np.float64)
        yield from self._counted(LONGER, _outcomes(lengths, 1), "control:characters|")

    def _counted(self, label: str, outcomes: Floats, recipe: str) -> Iterator[Contrast]:
        interval = f"interval:{100 * self.confidence:.10g}%,wilson"
        signature = f"geneval:{__version__}|{recipe}pairs:{self.digest[:12]}|ties:half|{interval}"
        of = np.asarray([pair.class_ for pair in self.pairs])
        for class_ in self.classes:
            mine = outcomes[of == class_]
            wins, ties, losses = (int((mine == sign).sum()) for sign in (1, 0, -1))
            n = wins + ties + losses
            rate = (wins + ties / 2) / n if n else None
            low, high = (None, None) if rate is None else wilson_interval(rate, n, self.confidence)
            yield Contrast(label, class_, rate, low, high, n, wins, ties, losses, len(mine) - n, signature)


def _chosen(pairs: Sequence[MinimalPair], classes: Sequence[str] | None) -> tuple[MinimalPair, ...]:
    known = list(dict.fromkeys(pair.class_ for pair in pairs))
    if classes is None:
        return tuple(pairs)
    for class_ in classes:
        if class_ not in known:
            raise UsageError(f"no pair is of the class {class_!r}; the classes are {', '.join(known)}")
    chosen = tuple(pair for pair in pairs if pair.class_ in classes)
    if not chosen:
        raise UsageError(f"classes is empty; name some of {', '.join(known)}, or leave it out")
    return chosen


def _sets(pairs: Sequence[MinimalPair]) -> list[ReferenceSet]:
    return [ReferenceSet(pair.id, tuple(map(Reference, pair.references)), pair.source) for pair in pairs]


def _outputs(pairs: Sequence[MinimalPair]) -> Iterator[tuple[str, str, str, int]]:
    for pair in pairs:
        yield pair.id, "valid", pair.valid, 0
        yield pair.id, "invalid", pair.invalid, 0


def _fitted(scorers: Sequence[Scorer], pairs: Sequence[MinimalPair]) -> list[Scorer]:
    corpus = Corpus(_sets(pairs))
    out = []
    for scorer in scorers:
        with guarded(scorer):
            out.append(scorer.fit(corpus) if scorer.needs_fit else scorer)
    return out


def _sign(direction: Direction) -> int:
    return 1 if direction == "higher" else -1


def _outcomes(scores: Floats, sign: int) -> Floats:
    """1 where the valid text is better, 0 for a tie, -1 where the invalid one is, NaN where a score is missing."""
    valid, invalid = scores[:, 0], scores[:, 1]
    tied = np.abs(valid - invalid) <= TIE * np.maximum(np.abs(valid), np.abs(invalid))
    return np.where(tied, 0.0, np.sign(sign * (valid - invalid)))


def _warnings(contrasts: Sequence[Contrast], scorers: Sequence[Scorer], corpus: Corpus) -> Iterator[str]:
    failed: Counter[str] = Counter()
    for row in contrasts:
        failed[row.scorer] += row.n_failed
    for label, count in failed.items():
        if count:
            yield f"{label} could not score {count} of {len(corpus.ids)} pairs" + (
                "; its rates are over the others" if count < len(corpus.ids) else ""
            )
    few = list(dict.fromkeys(row.class_ for row in contrasts if 0 < row.n < FEW_ITEMS))
    if few:
        yield f"fewer than {FEW_ITEMS} pairs of {', '.join(few)} are scored: intervals from so few say little"
    for scorer in scorers:
        with guarded(scorer):
            notices = scorer.notices(corpus)
        for sentence, mask in notices.items():
            if mask.any():
                yield f"{sentence}: {int(mask.sum())} of {len(mask)} texts"

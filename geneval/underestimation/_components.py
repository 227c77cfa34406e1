"""Where the error of a matched-quality difference comes from: items, the references drawn for them, people's grades, raters.

The difference of system s is linear in scores: D_s = sum of w_sc m_c over outputs c, w known. So its variance is a sum over
items, parted by the method of moments: what another draw of references, or other grades of the same outputs, would change;
the rest is that systems differ from item to item (one output an item and system: what else differs there is in it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.data import Rating
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._known import Known
from geneval.underestimation._matched import Design
from geneval.underestimation._reference_halves import Halves

MANY_RATERS = 500
"""Beyond so many, each is taken for one of a crowd: their likings come out as noise of grades."""


@dataclass(frozen=True, slots=True)
class References:
    """What the draw of references adds.

    Attributes:
        variance: of D, mean over systems, at `references` an item.
        power: it falls as k to the minus this.
        references: an item, on average.
        assumed: whether `power` is that of a mean over references, 1, since halves of one reference tell none.
    """

    variance: float
    power: float
    references: float
    assumed: bool

    def at(self, more: float) -> float:
        """The variance with so many more references an item."""
        return float(self.variance * (self.references / (self.references + more)) ** self.power)


@dataclass(frozen=True, slots=True)
class Components:
    """Variance of a scorer's matched-quality differences, mean over systems.

    Attributes:
        total: as the intervals have it.
        references: None where no item has two.
        grades: noise of people's grades.
        raters: that a rater likes a system, which more items do not average out and intervals do not hold; None: cannot be told.
    """

    total: float
    references: References | None
    grades: float
    raters: float | None

    @property
    def scale(self) -> float:
        """Brings the parts, which are estimates, down to the whole where they come to more."""
        parts = self.grades + (self.references.variance if self.references else 0.0)
        return min(self.total / parts, 1.0) if parts else 1.0

    @property
    def items(self) -> float:
        """The rest; 0 where the parts, which are estimates, come to more than the whole."""
        return max(self.total - self.grades - (self.references.variance if self.references else 0.0), 0.0)


def components_of(known: Known, one: OfScorer, halves: Halves | None) -> Components | None:
    """Of one scorer; None where systems cannot be matched."""
    if one.matched is None:
        return None
    return Components(
        total=float(np.diag(one.matched.covariance).mean()),
        references=None if halves is None else _references(known, one, halves),
        grades=float(grade_noise(one.design, one.scores).mean()),
        raters=_raters(known, one),
    )


def _references(known: Known, one: OfScorer, halves: Halves) -> References:
    evidence, span = known.evidence, len(known.outputs.systems)
    key, cell = halves.item * span + halves.system, evidence.item * span + evidence.system
    mine = np.flatnonzero(np.isin(cell, key))
    scores = halves.scores[one.number][..., np.searchsorted(key, cell[mine])]
    variances = reference_noise(one.design.map[:, mine], evidence.item[mine], scores)
    return extrapolated(variances * halves.of_all / len(halves.items), halves.mean)


def reference_noise(weights: Floats, item: Ints, scores: Floats) -> Floats:
    """Variance of D that comes from drawing k references an item, mean over systems, [ks].

    Half the squared difference between disjoint parts of k references each is unbiased for it.

    Args:
        weights: [systems, cells], D is the sum of weights times scores.
        item: [cells].
        scores: [draws, 2, ks, cells] against two disjoint parts of k references.
    """
    number = np.unique(item, return_inverse=True)[1]
    apart = np.nan_to_num(scores[:, 0] - scores[:, 1]).reshape(-1, len(number))
    squares = [
        [(np.bincount(number, mine * row) ** 2).sum() / 2 for row in apart] for mine in np.asarray(weights, np.float64)
    ]
    return np.asarray(np.mean(squares, axis=0).reshape(len(scores), -1).mean(axis=0))


def extrapolated(variances: Floats, references: float) -> References:
    """From k of at most half to the whole: along the power law that fits, its power between 0 and 2."""
    most, power = len(variances), 1.0
    assumed = most < 2 or not (variances > 0).all()
    if not assumed:
        slope = np.polyfit(np.log(np.arange(1, most + 1)), np.log(variances), 1)[0]
        power = float(np.clip(-slope, 0.0, 2.0))
    return References(float(variances[-1] * (most / references) ** power), power, references, assumed)


def grade_noise(design: Design, scores: Floats) -> Floats:
    """Variance of D that other grades of the same outputs would make, [systems].

    Noise e in a grade moves D by w (what of it the fit takes for quality, times what quality is worth), and by e times what
    of the score the fit leaves over.
    """
    kinds = design.useful
    if not len(kinds):
        return np.zeros(len(design.present))
    noise, slopes = design.noise[:, kinds], design.quality_slopes(scores)
    first = len(design.present) - 1
    whole = np.linalg.inv(design.moments.sum(axis=0))
    weights = (design.contrasts @ whole)[:, first : first + len(kinds)]
    left = design.within(scores) - design.columns @ design.fitted(scores)[0]
    groups = len(np.unique(design.group))
    company = 1.0 - groups / len(scores)
    freedom = max(len(scores) - groups - design.columns.shape[1], 1)
    other = max(float((left**2).sum()) / freedom - float((noise @ slopes**2).mean()), 0.0)
    moved = design.map**2 @ (noise @ slopes**2)
    return np.asarray(moved + company * weights**2 @ (noise * (other + noise * slopes**2)).sum(axis=0))


def _raters(known: Known, one: OfScorer) -> float | None:
    """b^2 times the variance of a rater's liking of a system, over how many raters there are; summed over kinds of quality."""
    design, said = one.design, known.said
    if known.evidence.kind != "ratings" or said.of_ratings is None:
        return None
    slopes = design.quality_slopes(one.scores)
    total = 0.0
    for slope, kind in zip(slopes.tolist(), design.useful.tolist(), strict=True):
        name = known.evidence.names[kind]
        asked = (
            said.of_ratings.name if len(known.evidence.names) == 1 and name in {"grade", said.of_ratings.name} else name
        )
        found = likings(known, [row for row in said.ratings if row.criterion == asked])
        if found is None:
            return None
        total += slope**2 * found
    return total


def likings(known: Known, ratings: list[Rating]) -> float | None:
    """Variance that raters' likings of systems add to a system's mean grade less the mean of all; None: cannot be told."""
    items = {known.outputs.corpus.ids[i] for i in np.unique(known.evidence.item).tolist()}
    systems = {name: n for n, name in enumerate(known.outputs.systems)}
    rows = [row for row in ratings if row.id in items and row.system in systems]
    raters = {name: n for n, name in enumerate(sorted({row.annotator for row in rows if row.annotator is not None}))}
    if any(row.annotator is None for row in rows) or not 2 <= len(raters) <= MANY_RATERS:
        return None
    cells = {key: n for n, key in enumerate(dict.fromkeys((row.id, row.system) for row in rows))}
    cell = np.asarray([cells[row.id, row.system] for row in rows])
    rater = np.asarray([raters[row.annotator] for row in rows if row.annotator is not None])
    system = np.asarray([systems[row.system] for row in rows])
    found = liking(cell, rater, system, np.asarray([row.value for row in rows]))
    if found is None:
        return None
    shares = np.bincount(rater) / len(rater)
    present = len(np.unique(system))
    return max(found, 0.0) * float((shares**2).sum()) * (1 - 1 / present)


def liking(cell: Ints, rater: Ints, system: Ints, value: Floats) -> float | None:
    """Variance of rater x system effects, by moments that are unbiased however unbalanced the grades are.

    Grade = cell + rater + rater x system + noise. A grade less the mean of its cell holds the last three alone. Products of
    two such rests of different cells hold no noise: those by one rater of one system have the variance of rater and of
    rater x system, those of two systems that of rater. Both are sums of squares of sums. None where no two people graded
    cells in common of two systems.
    """
    counts = np.bincount(cell)
    rest = value - (np.bincount(cell, weights=value) / counts)[cell]
    many, names = int(rater.max()) + 1, np.unique(system)
    sums, centred, own = [], [], []
    for one in names.tolist():
        mine = np.flatnonzero(system == one)
        sums.append(np.bincount(rater[mine], rest[mine], many))
        centring, squares = _centring(cell[mine], rater[mine], many)
        centred.append(centring)
        own.append((float((rest[mine] ** 2).sum()), squares))
    same = sum(float(s @ s) - square for s, (square, _) in zip(sums, own, strict=True))
    of_same = sum(float((c * c).sum()) - trace for c, (_, trace) in zip(centred, own, strict=True))
    whole, all_c = np.sum(sums, axis=0), np.sum(centred, axis=0)
    other = float(whole @ whole) - sum(float(s @ s) for s in sums)
    of_other = float((all_c * all_c).sum()) - sum(float((c * c).sum()) for c in centred)
    if of_same < 1.0 or of_other < 1.0:
        return None
    return same / of_same - other / of_other


def _centring(cell: Ints, rater: Ints, many: int) -> tuple[Floats, float]:
    """Sum over cells of I - 11'/n among a cell's raters, [raters, raters], and the sum of the traces of their squares."""
    from scipy import sparse

    cells, place = np.unique(cell, return_inverse=True)
    counts = np.bincount(place)
    there = sparse.csr_matrix((1 / np.sqrt(counts[place]), (place, rater)), shape=(len(cells), many))
    out = np.diag(np.bincount(rater, minlength=many).astype(np.float64)) - (there.T @ there).toarray()
    return out, float((counts - 1).sum())

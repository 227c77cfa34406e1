"""Simulated worlds in which the truth is known: size, power and coverage of the report's tests and intervals.

    python benchmarks/worlds.py [--only PART] [--worlds 10000] [--coverage 1000] [--verdicts 200]

Prints a row a question; `docs/underestimation.md` holds what came out.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np

from geneval.data import Inputs, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._attribution import contrast_of
from geneval.underestimation._band import Band, Jagged
from geneval.underestimation._components import extrapolated, grade_noise, reference_noise
from geneval.underestimation._components import liking as liking_of
from geneval.underestimation._false_negatives import Sides
from geneval.underestimation._matched import Design
from geneval.underestimation._plan import ALPHAS
from geneval.underestimation._powered import folds_of, of_people, order_of, powered
from geneval.underestimation._slice_effects import effects, flips_of
from geneval.underestimation._slices import FALSE, Cut, Slice, halves_of_items, rows_of, tested_in_halves

ITEMS, SYSTEMS = 100, 4


@dataclass(frozen=True)
class World:
    """How scores and grades come about.

    Attributes:
        gap: what the first system gets less than others at equal quality, in standard deviations of the noise in scores.
        quality: how far apart systems are in true quality.
        reliability: of one grade; 1: no noise.
        raters: grades an output.
        length: how much longer outputs of better systems are, which the scorer rewards.
    """

    gap: float = 0.0
    quality: float = 0.0
    reliability: float = 1.0
    raters: int = 1
    length: float = 0.0


WORLDS = {
    "no underestimation": World(),
    "unequal quality without bias": World(quality=0.7),
    "unequal quality and length without bias": World(quality=0.7, length=0.5),
    "unreliable single raters, reliability known": World(quality=0.7, reliability=0.7),
    "three unreliable raters, reliability estimated": World(quality=0.7, reliability=0.6, raters=3),
}


def draw(world: World, rng: np.random.Generator, items: int = ITEMS) -> tuple[Design, np.ndarray]:
    """Quality, grades, lengths and scores of one world."""
    shape = (items, SYSTEMS)
    easy, better = rng.normal(size=(items, 1)), world.quality * np.linspace(-1, 1, SYSTEMS)
    true = better + 0.5 * easy + rng.normal(size=shape)
    length = world.length * better + rng.normal(size=shape)
    score = 0.5 * true + 0.3 * length - 0.1 * length**2 + easy + rng.standard_t(5, size=shape) / math.sqrt(5 / 3)
    score[:, 0] -= world.gap
    noise = true.var() * (1 / world.reliability - 1)
    grades = true[..., None] + rng.normal(size=(*shape, world.raters)) * math.sqrt(noise)
    known = noise / world.raters
    if world.raters > 1:
        known = float(grades.var(axis=2, ddof=1).mean()) / world.raters
    item, system = np.divmod(np.arange(items * SYSTEMS), SYSTEMS)
    flat = length.ravel()
    exact = np.stack([flat, flat**2], axis=1)
    grade = grades.mean(axis=2).reshape(-1, 1)
    names = tuple("abcd")
    return Design(names, item, item, system, grade, np.full_like(grade, known), exact), score.ravel()


def rejections(world: World, count: int, seed: int, alpha: float = 0.05) -> tuple[float, float]:
    """Share of worlds in which the first system's one-sided test "marked down" rejects, and in which the interval holds the truth."""
    from scipy import stats

    rng = np.random.default_rng(seed)
    truth = -world.gap * (1 - 1 / SYSTEMS)
    rejected = covered = 0
    for _ in range(count):
        design, score = draw(world, rng)
        found = design.differences(score)
        value, se = found.value[0], found.se[0]
        rejected += stats.t.cdf(value / se, found.clusters - 1) <= alpha
        covered += abs(value - truth) <= stats.t.ppf(0.975, found.clusters - 1) * se
    return rejected / count, covered / count


def classes(rng: np.random.Generator, items: int, shift: float = 0.0, *, references: int = 4, kinds: int = 10) -> Band:
    """Texts that are one of some meanings, scored by exact match; outputs keep to the first meaning with chance `shift`."""
    texts = rng.integers(kinds, size=(items, references + 1))
    texts[:, -1] = np.where(rng.random(items) < shift, 0, texts[:, -1])
    if shift < 0:
        texts[:, -1] = np.where(rng.random(items) < -shift, kinds, texts[:, -1])
    same = (texts[:, :, None] == texts[:, None, :]) & ~np.eye(references + 1, dtype=bool)
    others = same.sum(axis=2)[:, :, None] - same
    # Graded, so that ties do not decide: how many of the others agree, and a little noise of the item and its pair.
    table = others + rng.random((items, 1, 1)) + 0.01 * rng.random(others.shape)
    table[:, np.arange(references + 1), np.arange(references + 1)] = np.nan
    gaps = np.nanmean(table.transpose(0, 2, 1) - table, axis=2)
    rows = [gaps, table[:, -1, :-1], table[:, :-1, -1], np.zeros((items, 0))]
    return Band(np.arange(items), *(Jagged.of([one]) for one in rows))


def exchangeable(
    count: int, items: int, seed: int, permutations: int = 199
) -> tuple[float, float, dict[float, np.ndarray]]:
    """One-sided size of the permutation test, and the shares of outputs and of references below the band at each alpha."""
    rng = np.random.default_rng(seed)
    high = low = 0
    below: dict[float, list[tuple[float, float]]] = {alpha: [] for alpha in ALPHAS}
    for world in range(count):
        band = classes(rng, items)
        penalised, rewarded = band.permuted(permutations, world)
        high, low = high + (penalised <= 0.05), low + (rewarded <= 0.05)
        sides = Sides.of(band, "pooled")
        for alpha, found in below.items():
            found.append((float(sides.below(alpha).mean()), float(sides.pool.limits[alpha].below.mean())))
    return high / count, low / count, {alpha: np.asarray(found) for alpha, found in below.items()}


def permutation_power(count: int, items: int, seed: int, shift: float, permutations: int = 199) -> float:
    """How often outputs that keep to meanings of their own are told from references."""
    rng = np.random.default_rng(seed)
    return float(np.mean([classes(rng, items, -shift).permuted(permutations, w)[0] <= 0.05 for w in range(count)]))


def contrasts(
    count: int, seed: int, *, rate: float, apart: float = 0.0, items: int = 100
) -> tuple[float, float, float]:
    """Of the contrast of a cause's rate: two-sided size or power at .05, coverage, and how many outputs are penalised.

    Items have three valid outputs each. How often they have the cause differs between items, and so does how often they
    are penalised; within an item the one tells nothing of the other, but for `apart`, added to the rate of penalised ones.
    As many unpenalised outputs as penalised ones are drawn.
    """
    rng = np.random.default_rng(seed)
    rejected = covered = many = 0.0
    for _ in range(count):
        item = np.repeat(np.arange(items), 3)
        often = rng.beta(2 * rate, 2 * (1 - rate), items)[item]
        penalised = rng.random(len(item)) < rng.beta(1, 2, items)[item]
        flags = (rng.random(len(item)) < np.clip(often + apart * penalised, 0, 1)).astype(np.float64)
        others = rng.permutation(np.flatnonzero(~penalised))[: penalised.sum()]
        kept = np.concatenate([np.flatnonzero(penalised), others])
        found, p = contrast_of(flags[kept], penalised[kept], item[kept], 0.95)
        rejected += p is not None and p <= 0.05
        covered += found.low is not None and found.low <= apart <= found.high
        many += penalised.sum()
    return rejected / count, covered / count, many / count


SLICES = ("of outputs", "of few outputs", "of items", "of few items", "of a system")


def sliced(kind: str, design: Design, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Which outputs are in a slice, and what it is made of. Those of outputs have much to do with length and system."""
    cells, items = len(design.system), design.clusters
    if kind == "of outputs":
        return design.exact[:, 0] + 0.5 * design.system + rng.normal(size=cells) > 1.0, []
    if kind == "of few outputs":
        return np.isin(np.arange(cells), rng.choice(cells, 20, replace=False)), []
    if kind == "of a system":
        return design.system == 1, ["system"]
    share = 0.5 if kind == "of items" else 0.2
    chosen = rng.random(items) < share
    return chosen[design.cluster] & (design.system == 1), []


def slice_rejections(world: World, kind: str, count: int, seed: int, gap: float = 0.0) -> tuple[float, float]:
    """Two-sided size (or power) of the test of a slice at .05, and how often the interval holds the truth."""
    from scipy import stats

    rng = np.random.default_rng(seed)
    rejected = covered = 0
    for _ in range(count):
        design, score = draw(world, rng)
        member, made_of = sliced(kind, design, rng)
        score = score - gap * member
        flips = flips_of(ITEMS, 399, int(rng.integers(2**31)))
        found = effects(design, made_of, member[None], score[None], flips)
        rejected += found.p[0, 0] <= 0.05
        # Without the other systems' columns, a system is set against the mean of the others.
        covered += abs(found.value[0, 0] + gap) <= stats.t.ppf(0.975, found.freedom[0]) * found.se[0, 0]
    return rejected / count, covered / count


def discoveries(world: World, count: int, seed: int, *, gap: float, planted: int, items: int = 400) -> dict[str, float]:
    """Twelve slices a world, some of them planted: false and true discoveries in one half, and what both halves hold."""
    rng = np.random.default_rng(seed)
    rates: dict[str, list[float]] = {
        "false": [],
        "false_found": [],
        "any_false_found": [],
        "true": [],
        "true_found": [],
    }
    wrong: dict[str, list[float]] = {"raw": [], "shrunken": []}
    for _ in range(count):
        design, score = draw(world, rng, items)
        member = rng.random((12, len(score))) < 0.3
        score = score - gap * member[:planted].sum(axis=0)
        parts = [Slice("", str(n), None, "output", row, 0, 0) for n, row in enumerate(member)]
        cut = Cut(np.arange(len(score)), design, parts, [])
        flips = flips_of(items, 1999, int(rng.integers(2**31)))
        tested = list(tested_in_halves(cut, score[None], halves_of_items(design, int(rng.integers(2**31))), flips))
        rows = rows_of(tested, 0, 0.95)
        is_true = np.asarray([int(str(row["slice"])) < planted for row in rows])
        first = np.asarray([float(str(row["p_adjusted"])) <= FALSE for row in rows])
        found = np.asarray([bool(row["found"]) for row in rows])
        rates["false"].append((first & ~is_true).sum() / max(first.sum(), 1))
        rates["false_found"].append((found & ~is_true).sum() / max(found.sum(), 1))
        rates["any_false_found"].append(float((found & ~is_true).any()))
        if planted:
            rates["true"].append(first[is_true].mean())
            rates["true_found"].append(found[is_true].mean())
        for row, real in zip(rows, is_true, strict=True):
            truth = -gap * real
            wrong["raw"].append((row["difference"].value - truth) ** 2)  # type: ignore[attr-defined]
            wrong["shrunken"].append((float(str(row["shrunken"])) - truth) ** 2)
    errors = {f"error_{name}": float(np.sqrt(np.mean(squares))) for name, squares in wrong.items()}
    return {name: float(np.mean(found)) if found else math.nan for name, found in rates.items()} | errors


def components(count: int, seed: int, *, items: int = 200, references: int = 6, best: bool = False) -> dict[str, float]:
    """Variance of D over redrawn references, over redrawn grades, and over all; beside what one world alone tells."""
    rng = np.random.default_rng(seed)
    told: dict[str, list[float]] = {"references": [], "grades": [], "total": []}
    seen: dict[str, list[np.ndarray]] = {"references": [], "grades": [], "total": []}
    reduce = (lambda s: s.max(axis=-1)) if best else (lambda s: s.mean(axis=-1))
    item, system = np.divmod(np.arange(items * SYSTEMS), SYSTEMS)
    for _ in range(count):
        true = 0.5 * rng.normal(size=(items, SYSTEMS)) + 0.5 * np.linspace(-1, 1, SYSTEMS)
        own = 0.5 * true + 0.4 * rng.normal(size=(items, SYSTEMS)) + rng.normal(size=(items, 1))

        def scores(own: np.ndarray = own) -> np.ndarray:
            likes = rng.normal(size=(items, SYSTEMS, references)) + rng.normal(size=(items, 1, references))
            return own[..., None] + likes

        def grades(true: np.ndarray = true) -> Design:
            grade = (true + rng.normal(size=true.shape) * 0.5).reshape(-1, 1)
            return Design(
                tuple("abcd"), item, item, system, grade, np.full_like(grade, 0.25), np.zeros((len(grade), 0))
            )

        design, pairs = grades(), scores()
        whole = reduce(pairs).ravel()
        spread = design.differences(whole)
        ks, parts = references // 2, []
        for _ in range(10):
            order = rng.permutation(references)
            halves = [
                [reduce(pairs[..., order[h * ks : h * ks + k]]).ravel() for k in range(1, ks + 1)] for h in (0, 1)
            ]
            parts.append(halves)
        drawn = extrapolated(reference_noise(design.map, item, np.asarray(parts)), references)
        told["references"].append(drawn.variance)
        told["grades"].append(float(grade_noise(design, whole).mean()))
        told["total"].append(float(np.diag(spread.covariance).mean()))
        again = design.differences(reduce(scores()).ravel()).value
        seen["references"].append((again - spread.value) ** 2 / 2)
        seen["grades"].append((grades().differences(whole).value - spread.value) ** 2 / 2)
        seen["total"].append(spread.value**2)
    return {f"{name}_told": float(np.mean(rows)) for name, rows in told.items()} | {
        f"{name}_seen": float(np.mean(rows)) for name, rows in seen.items()
    }


def likings(count: int, seed: int, *, rater: float = 0.5, liking: float = 0.3) -> tuple[float, float]:
    """What is told of a planted variance of raters' likings of systems, mean and its standard error; grades unbalanced."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(count):
        mild, likes = rng.normal(size=12) * rater, rng.normal(size=(12, SYSTEMS)) * liking
        cell, system, who, value = [], [], [], []
        for number in range(400):
            people = rng.choice(12, rng.integers(1, 5), replace=False)
            own, true = number % SYSTEMS, rng.normal()
            cell += [number] * len(people)
            system += [own] * len(people)
            who += people.tolist()
            value += (true + mild[people] + likes[people, own] + 0.7 * rng.normal(size=len(people))).tolist()
        found.append(liking_of(np.asarray(cell), np.asarray(who), np.asarray(system), np.asarray(value)))
    known = np.asarray([one for one in found if one is not None])
    return float(known.mean()), float(known.std() / math.sqrt(len(known)))


def meanings(rng: np.random.Generator, items: int, kinds: int, references: int) -> tuple[Inputs, list[Rating]]:
    """A right and a wrong output an item; references say one of so many right meanings, the right output says one too.

    With k references the right output shares its meaning with one of them with the chance 1 - (1 - 1/kinds)^k.
    """
    right = [f"m{rng.integers(kinds)} a{n}" for n in range(items)]
    said = [[f"m{rng.integers(kinds)} r{n}x{j}" for j in range(references)] for n in range(items)]
    wrong = [f"no b{n}" for n in range(items)]
    ratings = [Rating(str(n + 1), name, grade) for n in range(items) for name, grade in (("good", 5.0), ("bad", 1.0))]
    return inputs_from_lists(predictions={"good": right, "bad": wrong}, references=said), ratings


def enough(count: int, items: int, kinds: int, seed: int) -> tuple[dict[str, int], np.ndarray]:
    """How often how many of six references are called enough, and mean agreement at k; wanted: 1 - (1 - 1/kinds)^k / 2."""
    rng, out, curves = np.random.default_rng(seed), {}, []
    for n in range(count):
        inputs, ratings = meanings(rng, items, kinds, 6)
        plan = ReportPlan(permutations=99, draws=100, resamples=200, seed=n)
        found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=plan)
        row = found.sections["help"]["references"][0]  # type: ignore[index]
        key = f"{row['enough']} enough" if row["enough"] else f"at least {row['at_least']}"
        out[key] = out.get(key, 0) + 1
        curves.append([point["agreement"].value for point in row["points"]])
    return out, np.mean(curves, axis=0)


WORDS = [f"w{n}" for n in range(12)]

TEXTS = {
    "no underestimation": {"dialect": 0.0, "consensus": 0.0},
    "penalised": {"dialect": 0.23, "consensus": 0.0},
    "others rewarded": {"dialect": 0.0, "consensus": 2.0},
    "penalised, and leaks hide it": {"dialect": 0.23, "consensus": 0.0, "leaked": 0.3},
}


def texts(
    rng: np.random.Generator, items: int, *, dialect: float, consensus: float, leaked: float = 0.0
) -> tuple[Inputs, list[Rating]]:
    """Outputs and references as texts, with grades.

    An item has twelve words that are true of it; a text says six of them. A wrong word costs a grade. `dialect`: the
    chance that the system "other" says a true word by a synonym that no reference uses. `consensus`: how much more than
    references the systems "plain" and "usual" keep to the words that references are likely to say. `leaked`: copies of
    "other".
    """
    predictions: dict[str, list[str]] = {"other": [], "plain": [], "usual": []}
    references, ratings = [], []
    likely = np.asarray([3.0] * 6 + [1.0] * 6)
    for item in range(items):
        mine = [f"{word}x{item}" for word in WORDS]
        own = [list(rng.choice(mine, 6, replace=False, p=likely / likely.sum())) for _ in range(4)]
        references.append([" ".join(text) for text in own])
        for name, said_by in predictions.items():
            law = likely if name == "other" else likely ** (1 + consensus)
            chosen = list(rng.choice(mine, 6, replace=False, p=law / law.sum()))
            wrong = rng.random(6) < rng.choice([0.05, 0.3])
            said = [f"wrong{rng.integers(10**6)}" if bad else word for word, bad in zip(chosen, wrong, strict=True)]
            if name == "other":
                said = [
                    f"{w}syn" if rng.random() < dialect and not bad else w for w, bad in zip(said, wrong, strict=True)
                ]
                if rng.random() < leaked:
                    said, wrong = own[0], np.zeros(6, bool)
            said_by.append(" ".join(said))
            ratings += [
                Rating(str(item + 1), name, 5.0 - int(wrong.sum()) + rng.normal() * 0.3, None, who)
                for who in ("r", "s")
            ]
    return inputs_from_lists(predictions=predictions, references=references), ratings


def verdicts(count: int, items: int, seed: int, **world: float) -> dict[str, int]:
    """How often each verdict on the system "other" comes out, from texts to report."""
    rng, out = np.random.default_rng(seed), {}
    for n in range(count):
        inputs, ratings = texts(rng, items, **world)
        plan = ReportPlan(valid={"": 4.5}, permutations=199, draws=100, resamples=100, seed=n)
        row = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=plan).of("other", "token_f1")
        key = f"{row.verdict} {row.direction or ''}".strip()
        out[key] = out.get(key, 0) + 1
    return out


@dataclass(frozen=True)
class Judged:
    """A world of many outputs, few of them judged: by how much people's grades and a scorer follow quality.

    Attributes:
        judged: items of 400 that are judged; each system's own where `apart`.
        apart: systems' judged items are drawn each for itself.
        follows: what a unit of quality is worth to the scorer; its noise has a standard deviation of 1.
        marked_down: what the first system gets less than others, in these units.
        better: how far apart systems are in quality.
    """

    judged: int = 100
    apart: bool = False
    follows: float = 1.0
    marked_down: float = 0.0
    better: float = 0.0


JUDGED = {
    "a good scorer": Judged(better=0.5),
    "a scorer that marks one system down": Judged(marked_down=2.0, better=0.5),
    "a scorer of nothing": Judged(follows=0.0),
    "each system's judged items its own, one marked down": Judged(marked_down=2.0, apart=True),
    "40 of 400 items judged, one marked down": Judged(judged=40, marked_down=2.0),
}


def judged_world(
    world: Judged, rng: np.random.Generator, items: int = 400
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grades (NaN where not judged) and scores, [items, systems], and each system's true mean grade."""
    shape = (items, SYSTEMS)
    truth = 3 + world.better * np.linspace(-1, 1, SYSTEMS)
    easy, own = rng.normal(size=(items, 1)), rng.gamma(2.0, size=shape) - 2
    quality = truth + 0.5 * easy + own
    score = world.follows * quality + easy + rng.normal(size=shape)
    score[:, 0] -= world.marked_down
    grade = quality + 0.5 * rng.normal(size=shape)
    kept = rng.permuted(np.arange(items) < world.judged)[:, None].repeat(SYSTEMS, axis=1)
    if world.apart:
        kept = rng.permuted(kept, axis=0)
    return np.where(kept, grade, np.nan), score, truth


def corrected(world: Judged, count: int, seed: int) -> tuple[float, float, float, float]:
    """Coverage of means and of a difference, share of worlds with any pair told apart, and mean gain."""
    from scipy import stats

    rng, held, between, apart, gain = np.random.default_rng(seed), 0.0, 0.0, 0, 0.0
    reach = stats.t.ppf(0.975, world.judged - 1)
    for number in range(count):
        grade, score, truth = judged_world(world, rng)
        found = powered(grade, score, folds_of(grade, number))
        spread, order = found.spread, order_of(found, 0.95, number, draws=1000)
        held += float((np.abs(spread.value - truth) <= reach * spread.se).mean())
        gap = spread.value[0] - spread.value[1] - (truth[0] - truth[1])
        between += abs(gap) <= reach * order.se[0, 1]
        apart += bool((order.p + np.eye(SYSTEMS) <= 0.05).any())
        gain += float(np.mean((of_people(grade).spread.se / spread.se) ** 2))
    return held / count, between / count, apart / count, gain / count


def main() -> None:
    """Prints all of it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("worlds", 10_000), ("coverage", 1_000), ("verdicts", 200)):
        asked.add_argument(f"--{name}", type=int, default=default)
    parts = {
        "matched": matched,
        "band": human_band,
        "causes": causes,
        "slices": by_slice,
        "help": what_helps,
        "verdicts": whole,
        "corrected": few_judged,
    }
    asked.add_argument("--only", choices=parts)
    given = asked.parse_args()
    for name, part in parts.items():
        if given.only in (None, name):
            part(given)


def matched(given: argparse.Namespace) -> None:
    """Tests and intervals of the matched-quality difference."""
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / given.worlds)
    print(f"one-sided tests at .05, {given.worlds} worlds: at most {most:.4f}")
    for name, world in WORLDS.items():
        size, covered = rejections(world, given.worlds, 1)
        print(f"  {name}: size {size:.4f}, coverage {covered:.4f}", flush=True)
    for gap in (0.25, 0.5):
        power, covered = rejections(World(gap=gap, quality=0.7, reliability=0.7), given.coverage, 2)
        print(f"  a gap of {gap} sd, single raters: power {power:.3f}, coverage {covered:.3f}", flush=True)


def human_band(given: argparse.Namespace) -> None:
    """The permutation test, and shares below the band."""
    high, low, _ = exchangeable(given.worlds, 40, 3)
    print(f"permutation test, exchangeable outputs: size {high:.4f} (penalised), {low:.4f} (rewarded)")
    many = max(given.worlds * 3 // 10, 2)
    below = exchangeable(many, 200, 3, permutations=99)[2]
    print(f"  shares below the band, {many} worlds of 200 items:")
    for alpha, found in below.items():
        apart = found[:, 0] - found[:, 1]
        se = apart.std() / math.sqrt(len(apart))
        print(
            f"  below the band's {alpha:g}: outputs {found[:, 0].mean():.4f}, references {found[:, 1].mean():.4f}, apart {apart.mean():+.4f} (se {se:.4f})"
        )
    power = permutation_power(given.coverage, 150, 4, 0.2)
    print(f"  power where a fifth of 150 outputs are in words of their own: {power:.3f}")


def few_judged(given: argparse.Namespace) -> None:
    """Corrected means, and the test of their order."""
    print(f"corrected means: coverage of means and of a difference in {given.coverage} worlds, any pair told apart")
    for name, world in JUDGED.items():
        means, between, apart, gain = corrected(world, given.coverage, 11)
        told = "" if world.better else f", told apart {apart:.4f}"
        print(f"  {name}: {means:.3f}, {between:.3f}{told}, worth {gain:.2f} times the judgements", flush=True)
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / given.worlds)
    print(f"  systems of equal quality, one marked down, told apart in {given.worlds} worlds (at most {most:.4f}):")
    for judged in (100, 40):
        print(
            f"    {judged} items judged: {corrected(Judged(judged, marked_down=2.0), given.worlds, 12)[2]:.4f}",
            flush=True,
        )


def causes(given: argparse.Namespace) -> None:
    """The contrast of rates of causes."""
    for rate in (0.05, 0.2, 0.5):
        size, covered, many = contrasts(given.worlds, 5, rate=rate)
        print(
            f"contrast of causes, rate {rate:g}, {many:.0f} penalised: size {size:.4f}, coverage {covered:.4f}",
            flush=True,
        )
    power, covered, _ = contrasts(given.coverage, 6, rate=0.2, apart=0.2)
    print(f"  penalised outputs have it .2 more often (of .2): power {power:.3f}")


def whole(given: argparse.Namespace) -> None:
    """Verdicts, from texts to report."""
    for name, world in TEXTS.items():
        print(f"verdicts, {name}: {verdicts(given.verdicts, 100, 7, **world)}", flush=True)


def by_slice(given: argparse.Namespace) -> None:
    """Tests and intervals of slices, and the search for them."""
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / given.worlds)
    hard = World(quality=0.7, length=0.5, reliability=0.7)
    print(f"two-sided tests of a slice at .05, {given.worlds} worlds: at most {most:.4f}")
    for kind in SLICES:
        size, covered = slice_rejections(hard, kind, given.worlds, 11)
        print(f"  {kind}: size {size:.4f}, coverage {covered:.4f}", flush=True)
    for kind, gap in (("of outputs", 0.5), ("of items", 0.5), ("of few outputs", 1.0)):
        power, covered = slice_rejections(hard, kind, given.coverage, 12, gap)
        print(f"  {kind}, a gap of {gap} sd: power {power:.3f}, coverage {covered:.3f}", flush=True)
    for planted in (0, 3):
        found = discoveries(hard, given.coverage, 13, gap=0.4, planted=planted)
        print(f"  twelve slices, {planted} planted: " + ", ".join(f"{k} {v:.4f}" for k, v in found.items()), flush=True)


def what_helps(given: argparse.Namespace) -> None:
    """Planted variance components, and how many references are enough."""
    for best in (False, True):
        found = components(given.coverage, 21, best=best)
        print(
            f"components, {'best' if best else 'mean'} of references: "
            + ", ".join(f"{k} {v:.6f}" for k, v in found.items())
        )
    mean, se = likings(given.coverage, 22)
    print(f"raters' likings: {mean:.4f} (se {se:.4f}), planted {0.3**2:.4f}", flush=True)
    for kinds in (1, 4):
        print(f"enough, {kinds} meanings: {enough(given.verdicts, 300, kinds, 23)}", flush=True)


if __name__ == "__main__":
    main()

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
from geneval.underestimation._false_negatives import Sides
from geneval.underestimation._matched import Design
from geneval.underestimation._plan import ALPHAS
from geneval.underestimation._powered import folds_of, of_people, order_of, powered

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
    parts = {"matched": matched, "band": human_band, "causes": causes, "verdicts": whole, "corrected": few_judged}
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


if __name__ == "__main__":
    main()

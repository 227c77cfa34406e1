"""Simulated worlds in which the truth is known: size, power and coverage of the report's tests and intervals.

    python benchmarks/worlds.py [--only matched|band|verdicts] [--worlds 10000] [--coverage 1000] [--verdicts 100]

Prints a row a question; `docs/underestimation.md` holds what came out.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np

from geneval.data import Inputs, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._band import Band, Jagged
from geneval.underestimation._false_negatives import Sides
from geneval.underestimation._matched import Design
from geneval.underestimation._plan import ALPHAS

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


WORDS = [f"w{n}" for n in range(12)]

TEXTS = {
    "no underestimation": {"dialect": 0.0, "consensus": 0.0},
    "penalised": {"dialect": 0.3, "consensus": 0.0},
    "others rewarded": {"dialect": 0.0, "consensus": 2.0},
    "penalised, and leaks hide it": {"dialect": 0.3, "consensus": 0.0, "leaked": 0.3},
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


def main() -> None:
    """Prints all of it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("worlds", 10_000), ("coverage", 1_000), ("verdicts", 100)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--only", choices=("matched", "band", "verdicts"))
    given = asked.parse_args()
    parts = {"matched": matched, "band": human_band, "verdicts": whole}
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


def whole(given: argparse.Namespace) -> None:
    """Verdicts, from texts to report."""
    for name, world in TEXTS.items():
        print(f"verdicts, {name}: {verdicts(given.verdicts, 100, 7, **world)}", flush=True)


if __name__ == "__main__":
    main()

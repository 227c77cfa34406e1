"""Does the gate keep its promise, and what does it admit?

Usage: python benchmarks/gate.py worlds [--runs 2000] [--only NAME] > worlds.jsonl
       python benchmarks/gate.py captions > captions.json
       python benchmarks/gate.py write worlds.jsonl captions.json

`worlds`: pools with known truth, in which verdicts of one item are alike (ICC 0, .3, .5) and the share of valid candidates
differs between what was judged and what is admitted. In each run a model learns on some items, a threshold is certified
on others, and true precision above it is computed. Counted is how often .90 was certified and is not true; the recall of
valid candidates is told beside it, for a gate that admits nothing is never wrong.

`captions`: the 11,005 graded captions of other images of shared/data/coco_eccv. Images are split by a hash into learning,
certifying and testing. Earlier forms of the gate were tried on these captions under other splits. `write` puts what both have found into docs/gate.md.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from geneval.data import Judgement
from geneval.gating import Pool, Settings, chosen_models, run_gate
from geneval_references import Reference, ReferenceSet
from geneval_references.gate import (
    Judged,
    Model,
    Shift,
    Table,
    certify,
    draw,
    features,
    fit,
    mean_by_item,
)

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
TARGET, ALPHA = 0.9, 0.05
NAMES, FAMILIES = ("near", "noise"), ("world", "world")
ICCS = (0.0, 0.3, 0.5)
KEPT = 0.3
"""Of the valid candidates, where a gate is carried over."""
MODELS = 50
"""Learned for each world; each certifies on as many pools."""


@dataclass(frozen=True)
class Candidates:
    """Candidates of a world: item, features, and the truth that nobody sees."""

    item: np.ndarray
    near: np.ndarray
    valid: np.ndarray

    def table(self, keep: np.ndarray | slice = slice(None)) -> Table:
        """Features of some candidates."""
        return Table(NAMES, FAMILIES, self.near[keep])


def chance_of(near: np.ndarray, base: float) -> np.ndarray:
    """Of being valid; `near` says something, the noise beside it nothing."""
    return norm.cdf(base + 1.5 * near[:, 0])


def pool(rng: np.random.Generator, items: int, icc: float, base: float) -> Candidates:
    """Items of 1 to 12 candidates. Two of one item are decided by the same number with probability `icc`."""
    counts = rng.choice([1, 2, 3, 4, 5, 6, 8, 12], size=items, p=[0.1, 0.2, 0.2, 0.15, 0.15, 0.1, 0.06, 0.04])
    item = np.repeat(np.arange(items), counts)
    near = rng.normal(size=(len(item), 2))
    alone, together = rng.random(len(item)), rng.random(items)[item]
    decided = np.where(rng.random(len(item)) < math.sqrt(icc), together, alone)
    return Candidates(item, near, decided < chance_of(near, base))


_FRESH = np.random.default_rng(1).normal(size=(200_000, 2))


@dataclass(frozen=True)
class Learned:
    """A model, and the truth above each of its scores."""

    model: Model
    scores: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    @classmethod
    def of(cls, rng: np.random.Generator, icc: float, learned: float, base: float, kept: float = 1.0) -> Learned:
        """Learn from 120 items, judged whole; the truth is of a world with another base, and a share of valid ones kept."""
        known = pool(rng, 120, icc, learned)
        model = fit(known.table(), known.valid, np.ones(len(known.item)), known.item)
        scores = model.scores(Table(NAMES, FAMILIES, _FRESH))
        order = np.argsort(-scores)
        chance = chance_of(_FRESH, base)[order]
        right, wrong = np.cumsum(kept * chance), np.cumsum(1 - chance)
        return cls(model, -scores[order], right / (right + wrong), right / right[-1])

    def outcome(self, threshold: float | None) -> Outcome:
        """What a threshold is worth."""
        if threshold is None:
            return Outcome(certified=False, broken=False, recall=0.0)
        at = max(int(np.searchsorted(self.scores, -threshold, side="right")) - 1, 0)
        return Outcome(certified=True, broken=bool(self.precision[at] < TARGET), recall=float(self.recall[at]))


@dataclass(frozen=True)
class Outcome:
    """One run: whether a precision was certified, whether it is not true, and the recall."""

    certified: bool
    broken: bool
    recall: float


def whole_items(rng: np.random.Generator, icc: float, base: float, known: Learned) -> Outcome:
    """All candidates of the items that certify are judged: verdicts in clusters."""
    model = known.model
    here = pool(rng, 700, icc, base)
    judged = Judged(np.arange(len(here.item)), here.valid, np.ones(len(here.item)))
    found = certify(model.scores(here.table()), here.item, judged, TARGET, alpha=ALPHA, reach=None)
    return known.outcome(found.best.threshold if found.best else None)


def drawn(rng: np.random.Generator, icc: float, base: float, known: Learned) -> Outcome:
    """600 candidates drawn as `geneval gate --next` draws them."""
    model = known.model
    here = pool(rng, 1500, icc, base)
    sample = draw(list(map(str, here.item)), list(map(str, range(len(here.item)))), 600, seed=int(rng.integers(2**31)))
    rows = np.asarray(sample.rows)
    judged = Judged(rows, here.valid[rows], 1 / np.asarray(sample.probability))
    found = certify(
        model.scores(here.table()),
        here.item,
        judged,
        TARGET,
        alpha=ALPHA,
        reach=lambda _: sample.reach,
        single=sample.limit == 1,
    )
    return known.outcome(found.best.threshold if found.best else None)


def unequal(rng: np.random.Generator, icc: float, base: float, known: Learned) -> Outcome:
    """Candidates drawn one by one with probabilities from .3 to .9, higher where they are near; all are logged."""
    model = known.model
    here = pool(rng, 1200, icc, base)
    probability = 0.3 + 0.6 * norm.cdf(here.near[:, 0])
    rows = np.flatnonzero(rng.random(len(here.item)) < probability)
    judged = Judged(rows, here.valid[rows], 1 / probability[rows])
    scores = model.scores(here.table())

    def reach(threshold: float) -> float:
        above = scores >= threshold
        return float(np.bincount(here.item[above], 1 / probability[above]).max())

    found = certify(scores, here.item, judged, TARGET, alpha=ALPHA, reach=reach)
    return known.outcome(found.best.threshold if found.best else None)


def carried_over(rng: np.random.Generator, icc: float, base: float, known: Learned) -> Outcome:
    """Certified on one pool, applied to another that has lost most of its valid candidates; void where that is seen."""
    model = known.model
    there, here = pool(rng, 700, icc, base), pool(rng, 1400, icc, base)
    left = ~here.valid | (rng.random(len(here.valid)) < KEPT)
    here = Candidates(here.item[left], here.near[left], here.valid[left])
    judged = Judged(np.arange(len(there.item)), there.valid, np.ones(len(there.item)))
    scores, others = model.scores(there.table()), model.scores(here.table())
    found = certify(scores, there.item, judged, TARGET, alpha=ALPHA, reach=None)
    means = [*mean_by_item(scores, there.item), *mean_by_item(others, here.item)]
    shift = Shift(0.5, 0.5, means[0], means[2], math.hypot(means[1], means[3]), None)
    return known.outcome(found.best.threshold if found.best and not shift.seen else None)


World = Callable[[np.random.Generator, float, float, Learned], Outcome]
WORLDS: dict[str, tuple[World, float, float]] = {
    "whole items judged": (whole_items, 0.0, 0.0),
    "whole items judged, fewer valid here": (whole_items, -0.5, 0.5),
    "drawn by --next": (drawn, 0.0, 0.0),
    "drawn by --next, fewer valid here": (drawn, -0.5, 0.5),
    "unequal probabilities": (unequal, 0.0, 0.0),
    "gate carried over to fewer valid": (carried_over, 0.5, 0.5),
}
"""Name: how it goes, and what shifts the share of valid ones here and where the model learned."""


def worlds(runs: int, only: str | None) -> None:
    """Print a JSON row for each world and ICC."""
    for name, (world, base, learned) in WORLDS.items():
        for icc in ICCS:
            if only and only != f"{name}/{icc:g}":
                continue
            begun = time.process_time()
            rng = np.random.default_rng([12345, list(WORLDS).index(name), int(100 * icc)])
            kept = KEPT if world is carried_over else 1.0
            models = [Learned.of(rng, icc, learned, base, kept) for _ in range(MODELS)]
            found = [world(rng, icc, base, models[run % MODELS]) for run in range(runs)]
            row = {
                "world": name,
                "icc": icc,
                "runs": runs,
                "certified": sum(one.certified for one in found),
                "broken": sum(one.broken for one in found),
                "recall": float(np.mean([one.recall for one in found])),
                "seconds": round(time.process_time() - begun, 1),
            }
            limit = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
            assert row["broken"] / runs <= limit, row
            print(json.dumps(row), flush=True)


def captions() -> None:
    """Make a gate on graded captions, and look once at the part that was kept aside."""
    known, judgements, kept = _graded()
    models, _ = chosen_models(None, None)
    made = run_gate(known, judgements, Settings(precision=TARGET), models=models)
    assert made.gate is not None
    test, verdicts = kept
    applied = run_gate(test, [], Settings(precision=TARGET), models=models, earlier=made.gate)
    here = Pool.of(test)
    valid = np.asarray([verdicts[q.item, q.text] for q in here.questions])
    scores = made.gate.model.scores(features(here.questions, models))
    admitted = scores >= made.gate.threshold if made.gate.threshold is not None else np.zeros(len(scores), bool)
    assert applied.refusal is not None or admitted.sum() == applied.counts["inferred"]
    order = np.argsort(-scores)
    precision = np.cumsum(valid[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= TARGET)
    from sklearn.metrics import roc_auc_score

    print(
        json.dumps(
            {
                "card": made.card(),
                "test": {
                    "candidates": len(scores),
                    "items": len(set(here.items.tolist())),
                    "valid": float(valid.mean()),
                    "refusal": applied.refusal,
                    "admitted": int(admitted.sum()),
                    "precision": float(valid[admitted].mean()) if admitted.any() else None,
                    "recall": float(valid[admitted].sum() / valid.sum()),
                    "auc": float(roc_auc_score(valid, scores)),
                    "recall_at_target": float(valid[order][: enough[-1] + 1].sum() / valid.sum())
                    if len(enough)
                    else 0.0,
                },
            }
        )
    )


def _graded() -> tuple[list[ReferenceSet], list[Judgement], tuple[list[ReferenceSet], dict[tuple[str, str], bool]]]:
    """Reference sets and verdicts of images to learn from and certify on; sets and truth of those to test on."""
    folder = Path(os.environ.get("GENEVAL_SHARED", "../shared")) / "data" / "coco_eccv"
    text: dict[int, str] = {}
    own: dict[int, list[str]] = {}
    with gzip.open(folder / "captions.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            text[row["cid"]] = row["text"]
            own.setdefault(row["iid"], []).append(row["text"])
    graded: dict[int, list[tuple[str, float]]] = {}
    with gzip.open(folder / "cxc_sits.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if row["sampling"] == "c2i_intrasim":
                graded.setdefault(row["iid"], []).append((text[row["cid"]], row["score"]))
    known, test, judgements, truth = [], [], [], {}
    for image, rows in graded.items():
        candidates = tuple(Reference(one, tier="unverified", origin="mined:coco") for one, _ in rows)
        item = ReferenceSet(str(image), tuple(map(Reference, own[image])) + candidates)
        if int(hashlib.sha256(f"test {image}".encode()).hexdigest(), 16) % 10 < 3:
            test.append(item)
            truth |= {(item.id, one): score >= 3 for one, score in rows}
        else:
            known.append(item)
            said = [(one, "valid" if score >= 3 else "invalid") for one, score in rows]
            judgements += [Judgement(item.id, one, verdict, "cxc", "CxC at 3") for one, verdict in said]
    return known, judgements, (test, truth)


def write(found: list[str]) -> None:
    """Put tables into the page."""
    rows, made = (Path(place).read_text(encoding="utf-8") for place in found)
    lines = [
        "| world | ICC | runs | certified | certified and not true | recall |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in map(json.loads, rows.splitlines()):
        broken = f"{row['broken']} ({row['broken'] / row['runs']:.1%})"
        lines.append(
            f"| {row['world']} | {row['icc']:g} | {row['runs']} | {row['certified']} | {broken} | {row['recall']:.2f} |"
        )
    _put("worlds", lines)
    found_here = json.loads(made)
    test, card = found_here["test"], found_here["card"]
    chosen = card["certificate"]["chosen"]
    lines = [
        "| | certifying part | testing part | baseline |",
        "| --- | ---: | ---: | ---: |",
        f"| graded captions | {card['split']['certified_on']} | {test['candidates']} | 11005 |",
        f"| images | {card['split']['certified_on_items']} | {test['items']} | 2472 |",
        f"| admitted | {chosen['judged']} | {test['admitted']} | |",
        f"| precision of the admitted | {chosen['precision']:.3f} | {test['precision']:.3f} | |",
        f"| lower bound at this threshold | {card['certificate']['low']:.3f} | | |",
        f"| recall of the admitted | {chosen['recall']:.3f} | {test['recall']:.3f} | |",
        f"| recall where precision is .90, no certificate | | {test['recall_at_target']:.3f} | .40 |",
        f"| AUC | | {test['auc']:.3f} | .855 |",
    ]
    _put("captions", lines)
    lines = ["| class | rejected | 95 % interval |", "| --- | ---: | ---: |"]
    for one in card["controls"]:
        lines.append(f"| {one['kind']} | {one['rejected']} of {one['n']} | {one['low']:.0%} to {one['high']:.0%} |")
    _put("controls", lines)


def _put(name: str, lines: list[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, after = text.partition(begin)[0], text.partition(end)[2]
    PAGE.write_text("\n".join([before + begin, *lines, end]) + after, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["worlds", "captions", "write"])
    parser.add_argument("found", nargs="*", help="what write puts into the page: worlds.jsonl captions.json")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", help="one world, as 'drawn by --next/0.3'")
    given = parser.parse_args()
    if given.what == "worlds":
        worlds(given.runs, given.only)
    elif given.what == "captions":
        captions()
    else:
        write(given.found)

"""How `geneval/blends/captions.toml` was fitted: `python benchmarks/fit_captions.py [-o FILE] [--svg FILE]`.

On the votes of AudioCaps-Eval (FENSE), which are not ours to pass on: GENEVAL_SHARED names the folder, `../shared` when not
set. A pair is an item of its own, since its references are: a person's caption is never scored against itself, and what
stands beside it is scored against the same others. Pairs of one clip stay together in cross-validation.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from geneval.blending import BlendFit, fit_blend
from geneval.blending._bootstrap import Items
from geneval.data import Inputs, Output, Preference, read_references
from geneval.evaluation import Settings, evaluate
from geneval.results import Result
from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, parse

TREE = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("GENEVAL_SHARED") or TREE.parent / "shared") / "data" / "fense_audiocaps"
PARTS = ("cosine", "cider", "rouge(kind='L')", "token_f1", "repetition(n=2)", "repetition(n=4)", "ending")
LENGTH = "length_ratio(log=True)"
PEOPLE, OTHER = "Human", "Human, of another clip"


def pairs() -> list[dict[str, Any]]:
    """The rows of the data."""
    with (DATA / "pairs.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def systems(pair: dict[str, Any]) -> tuple[str, str]:
    """Who wrote the two texts: `cos_sim_12` and the like are one system that retrieves captions."""
    if pair["category"] == "HC":
        return PEOPLE, f"{PEOPLE} (second)"
    first, second = ("retrieval" if s.startswith("cos_sim_") else s for s in (pair["a_system"], pair["b_system"]))
    if pair["category"] == "MM":
        return first, f"{second} (second)" if first == second else second
    return PEOPLE, OTHER if pair["category"] == "HI" else second


def inputs(rows: list[dict[str, Any]], sets: dict[str, ReferenceSet]) -> Inputs:
    """An item a pair."""
    items, outputs = [], []
    for row in rows:
        a, b = systems(row)
        id_ = f"{row['item']}#{row['pair']}"
        own = {row["a"]} if row["category"] != "MM" else set()
        known = [Reference(r.text, origin=_origin(row, r.text, a, b)) for r in sets[row["item"]].references]
        # In HC the text that plays b is a reference of a's, and the other way round.
        items.append(ReferenceSet(id_, tuple(r for r in known if row["category"] == "HC" or r.text not in own)))
        outputs += [Output(id_, a, row["a"]), Output(id_, b, row["b"])]
    return Inputs(tuple(items), tuple(outputs), tuple(dict.fromkeys(o.system for o in outputs)))


def _origin(row: dict[str, Any], text: str, a: str, b: str) -> str:
    if row["category"] != "HC":
        return "human"
    return f"output:{a}" if text == row["a"] else f"output:{b}" if text == row["b"] else "human"


def preferences(rows: list[dict[str, Any]]) -> list[Preference]:
    """Four votes a pair."""
    said = {1: "a", -1: "b", 0: "tie"}
    return [
        Preference(f"{row['item']}#{row['pair']}", *systems(row), winner=said[vote], annotator=f"vote {n}")
        for row in rows
        for n, vote in enumerate(row["votes"])
    ]


def scored(rows: list[dict[str, Any]], specs: tuple[str, ...]) -> Result:
    """All texts, by scorers that learned from the references of all clips, each clip once."""
    sets, _, _ = read_references([str(DATA / "items.jsonl")])
    corpus = Corpus(sets)
    states = [s.fit(corpus).state for s in map(parse, specs) if s.needs_fit]
    found = inputs(rows, {one.id: one for one in sets})
    return evaluate(found, specs, Settings(resamples=0), fitted=[s for s in states if s is not None])


def fit(specs: tuple[str, ...] = PARTS, **options: Any) -> tuple[BlendFit, list[dict[str, Any]]]:
    """The blend, and the rows it was fitted on."""
    rows = pairs()
    clips = {f"{row['item']}#{row['pair']}": row["item"] for row in rows}
    told = "AudioCaps-Eval (FENSE; Zhou et al. 2022): captions of 394 sounds, four votes a pair"
    run = scored(rows, (*specs, LENGTH))
    votes = preferences(rows)
    options = {"nuisance": [LENGTH], "groups": clips, "data": told} | options
    return fit_blend(run, preferences=votes, scorers=specs, **options), rows


def by_category(found: BlendFit, rows: list[dict[str, Any]], draws: int = 1000) -> dict[str, list[float]]:
    """Accuracy in percent on clips that were not trained on: the blend, its best part, the difference and its ends."""
    clips = {clip: n for n, clip in enumerate(dict.fromkeys(row["item"] for row in rows))}
    kind = {f"{row['item']}#{row['pair']}": (row["category"], clips[row["item"]]) for row in rows}
    items = Items.drawn(len(clips), draws, 0.95, 12345)
    held = [one for one in found.held if one.majority]
    group = np.asarray([kind[one.id][1] for one in held])
    sides = np.asarray([[(1 + np.sign(lead) * one.majority) / 2 for lead in (one.log_odds, one.best)] for one in held])
    out = {}
    for name in ("HC", "HI", "HM", "MM", "All"):
        mine = np.asarray([name in ("All", kind[one.id][0]) for one in held])
        gain = items.mean((sides[:, 0] - sides[:, 1])[mine], group[mine])
        both = sides[mine].mean(axis=0)
        out[name] = [100 * float(number) for number in (*both, gain.value, gain.low, gain.high)]
    return out


TITLE = "Captions: short descriptions of a scene or a sound, in English"
GOOD = [
    "ordering captions of one image, sound or clip by different systems, in English, with about four references or more",
    "comparing captioning systems by preference_rate, beside scores of other kinds",
]
NOT = [
    "captions of different items: a score means nothing without another one for the same item",
    "captions as long, detailed or styled as none in AudioCaps are; other languages; translations, summaries, dialogue",
    "telling a person's captions from a machine's, or ranking a new kind of system on its own: see docs/blends.md",
    "training or selecting systems against it: it rewards nearness to references and a tidy end, and can be gamed",
]


def main() -> None:
    """Fits, prints, and writes where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", type=Path)
    parser.add_argument("--part", action="append")
    options = parser.parse_args()
    found, rows = fit(tuple(options.part or PARTS))
    for row in (*found.parts, *found.nuisance):
        print(
            f"{row.scorer:24} {row.weight:7.3f} [{row.low}, {row.high}] {row.reason} scale {row.scale:.4f}",
            row.accuracy,
        )
    for one in found.predictors:
        print(f"{one.name:24}", *(f"{v.value:.4f}" for v in (one.accuracy, one.accuracy_ties, one.log_loss, one.brier)))
    print("gain", found.accuracy, found.log_loss, found.out_of_system)
    print("temperature", found.recipe.temperature, "ties", found.recipe.ties, found.calibration.error)
    for left in found.systems:
        print(left.system, left.blend, left.best, left.within.value, left.falls)
    kinds = by_category(found, rows)
    for name, numbers in kinds.items():
        print(f"{name:4}", *(f"{number:6.1f}" for number in numbers))
    print(Counter(row["category"] for row in rows), found.refusal, *found.warnings, sep="\n")
    if options.o:
        held = {name: [round(number, 1) for number in numbers] for name, numbers in kinds.items()}
        card = {"good_for": GOOD, "not_for": NOT}
        about = {"percent_right_by_category": {"columns": ["blend", "best part", "difference", "low", "high"]} | held}
        found.save(options.o, about={"title": TITLE, "script": "Latin"} | about | {"card": card})


if __name__ == "__main__":
    main()

"""Does an expansion help? `python benchmarks/expansion_evidence.py [--write] [--inferred FILE] [--resamples N]`.

Captions of other images that people graded (CxC) play outputs: valid from 3 on, invalid up to 1. Scored against the
image's own five captions, and against these with more: captions that people judged valid for the image (ECCV Caption),
and hard placebos, captions of images so near in topic that they were graded, but graded 1 or less; as many, and as
long. An expansion helps where valid and invalid outputs are better told apart.

Left out of every set: all captions of the image that the output was written for, and whatever is nearly the output.
On data that is not ours to pass on (GENEVAL_SHARED names the folder, `../shared` when not set). `--inferred` takes a file
of reference sets with references of the tier `inferred`. `--write` puts the tables into docs/expansion-evidence.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import roc_curve

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE / "benchmarks"))

from mining import Coco, rows, write  # noqa: E402

from geneval.data import read_references  # noqa: E402
from geneval.specs import parse  # noqa: E402
from geneval.tiers import effective_numbers  # noqa: E402
from geneval_references import Reference, ReferenceSet, fold  # noqa: E402
from geneval_scorers import Corpus, ask, ask_all  # noqa: E402

SCORERS = ("cider", "coco_bleu(n=4)", "coco_rouge_l", "cosine", "cosine(reduce='mean')")
VALID, INVALID, UNLIKE = 3.0, 1.0, 2.0
"""Grades: of valid outputs, of invalid ones, and below which an image shows something else."""
STRATA = ((3.0, 3.5), (3.5, 4.0), (4.0, 4.5), (4.5, 5.01))
NEAR = 90.0
"""Likeness (rapidfuzz ratio of folded texts) from which on a reference is nearly the output."""
TNR, MARGIN = 0.9, 0.02
"""Of invalid outputs so many are held off; AUCs that differ by less are taken for equal."""


@dataclass(frozen=True)
class Output:
    """A graded caption with the references of every condition."""

    image: int
    text: str
    grade: float
    sets: dict[str, list[str]]


def outputs(coco: Coco, inferred: dict[int, list[str]] | None) -> tuple[list[Output], str]:
    """Those that have something of every condition, and what was left out."""
    source = {cid: image for image, cids in coco.own.items() for cid in cids}
    unlike = unlike_images(coco, source)
    graded = [row for row in rows("cxc_sits.jsonl.gz") if row["sampling"] == "c2i_intrasim"]
    asked = [r for r in graded if r["iid"] in coco.eccv and (r["score"] >= VALID or r["score"] <= INVALID)]
    found = [one for row in asked if (one := _output(coco, row, source, unlike, inferred)) is not None]
    told = (
        f"{len(found)} outputs ({sum(o.grade >= VALID for o in found)} valid, {sum(o.grade <= INVALID for o in found)} "
        f"invalid) for {len({o.image for o in found})} images; {len(asked) - len(found)} more of {len(asked)} have no "
        "verified reference or no placebo once their own image is left out."
    )
    return found, told


def unlike_images(coco: Coco, source: dict[int, int]) -> dict[int, set[int]]:
    """For every image those near in topic whose captions were graded 1 or less for it, and none 2 or more, or positive."""
    low: dict[int, set[int]] = {}
    high: dict[int, set[int]] = {
        image: {source[cid] for cid in cids if source[cid] != image} for image, cids in coco.eccv.items()
    }
    pairs = [(r["iid"], source.get(r["cid"]), r["score"]) for r in rows("cxc_sits.jsonl.gz")]
    for row in rows("cxc_sts.jsonl.gz"):
        one, other = source.get(row["cid1"]), source.get(row["cid2"])
        pairs += [(one, other, row["score"]), (other, one, row["score"])]
    for image, other, score in pairs:
        if image is not None and other is not None and image != other:
            if score <= INVALID:
                low.setdefault(image, set()).add(other)
            elif score >= UNLIKE:
                high.setdefault(image, set()).add(other)
    return {image: others - high.get(image, set()) for image, others in low.items()}


def _output(
    coco: Coco, row: dict, source: dict[int, int], unlike: dict[int, set[int]], inferred: dict[int, list[str]] | None
) -> Output | None:
    image, text = row["iid"], coco.text.get(row["cid"])
    if text is None:
        return None
    written_for = source[row["cid"]]
    own = {fold(coco.text[cid]) for cid in coco.own[image]}
    left_out = {fold(coco.text[cid]) for cid in coco.own[written_for]}

    def kept(texts: Sequence[str], known: set[str]) -> list[str]:
        fresh = {fold(t): t for t in texts if fold(t) not in known | left_out}
        return [t for key, t in sorted(fresh.items()) if fuzz.ratio(key, fold(text)) < NEAR]

    original = kept([coco.text[cid] for cid in coco.own[image]], set())
    verified = kept([coco.text[cid] for cid in coco.eccv[image] - set(coco.own[image])], own)
    others = unlike.get(image, set()) - {written_for}
    placebo = kept([coco.text[cid] for other in others for cid in coco.own[other]], own)
    if not (original and verified and placebo):
        return None
    some, same = matched(verified, placebo)
    sets = {
        "original": original,
        "and verified": original + some,
        "and placebo": original + same,
        "and all verified": original + verified,
    }
    if inferred is not None:
        sets["and inferred"] = original + kept(inferred.get(image, []), own)
    return Output(image, text, row["score"], sets)


def matched(verified: list[str], placebo: list[str]) -> tuple[list[str], list[str]]:
    """As many of one as of the other, paired so that their lengths differ least."""
    words = [[len(t.split()) for t in texts] for texts in (verified, placebo)]
    one, other = linear_sum_assignment(np.abs(np.subtract.outer(words[0], words[1])))
    return [verified[i] for i in one], [placebo[i] for i in other]


# --- separation ---


def area(scores: np.ndarray, valid: np.ndarray) -> float:
    """How often a valid output is above an invalid one, ties half."""
    good, bad = np.sort(scores[valid]), np.sort(scores[~valid])
    below = np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")
    return float(below.sum() / (2 * len(good) * len(bad)))


def missed(scores: np.ndarray, valid: np.ndarray) -> float:
    """The share of valid outputs below the threshold that holds off `TNR` of the invalid ones; ties drawn by lot."""
    held, found, _ = roc_curve(valid, scores, drop_intermediate=False)
    return float(1 - np.interp(1 - TNR, held, found))


class Separation:
    """Scores of all outputs under all conditions, and their intervals: images drawn again, all conditions together."""

    def __init__(self, coco: Coco, found: list[Output], resamples: int) -> None:
        self.found = found
        self.corpus = Corpus([ReferenceSet(str(i), tuple(map(Reference, coco.captions(i)))) for i in coco.own])
        self.grade = np.asarray([one.grade for one in found])
        image = np.unique([one.image for one in found], return_inverse=True)[1]
        members = [np.flatnonzero(image == i) for i in range(image.max() + 1)]
        random = np.random.default_rng(12345)
        self.draws = [
            np.concatenate([members[i] for i in random.integers(len(members), size=len(members))])
            for _ in range(resamples)
        ]

    def scores(self, spec: str, condition: str) -> np.ndarray:
        """One number an output."""
        scorer = parse(spec)
        scorer = scorer.fit(self.corpus) if scorer.needs_fit else scorer
        asked = ask(self.corpus, [(str(one.image), one.text, one.sets[condition]) for one in self.found])
        return ask_all(scorer, self.corpus, asked).segment

    def table(self, conditions: Sequence[str]) -> str:
        """Two rows a scorer and condition would be many: one, with AUC, its difference, FNR and the strata."""
        heads = "".join(f" AUC, {low:g} to {min(high, 5):g} |" for low, high in STRATA)
        lines = [
            f"| scorer | references | AUC | less the original's | FNR at TNR {TNR:g} | less the original's |{heads}",
            "|---|---|--:|--:|--:|--:|" + "--:|" * len(STRATA),
        ]
        for spec in SCORERS:
            base: np.ndarray | None = None
            for condition in conditions:
                scores = self.scores(spec, condition)
                base = scores if base is None else base
                lines.append(self.row(spec, condition, scores, base))
                print(lines[-1], file=sys.stderr, flush=True)
        return "\n".join(lines)

    def row(self, spec: str, condition: str, scores: np.ndarray, base: np.ndarray) -> str:
        """One row of the table."""
        valid = self.grade >= VALID
        cells = []
        for measure in (area, missed):
            cells.append(f"{measure(scores, valid):.3f}")
            gap = measure(scores, valid) - measure(base, valid)
            drawn = [measure(scores[d], valid[d]) - measure(base[d], valid[d]) for d in self.draws]
            low, high = np.percentile(drawn, [2.5, 97.5])
            cells.append("" if scores is base else f"{gap:+.3f} [{low:+.3f}, {high:+.3f}]")
        for low, high in STRATA:
            some = (self.grade <= INVALID) | ((self.grade >= low) & (self.grade < high))
            cells.append(f"{area(scores[some], valid[some]):.3f}")
        return f"| {spec} | {condition} | " + " | ".join(cells) + " |"


def sizes(found: list[Output], conditions: Sequence[str]) -> str:
    """How many references that is, and what they amount to."""
    lines = ["| references | a set | words each | effective number |", "|---|--:|--:|--:|"]
    for condition in conditions:
        sets = [one.sets[condition] for one in found]
        words = np.mean([len(t.split()) for texts in sets for t in texts])
        worth = effective_numbers([ReferenceSet(str(n), tuple(map(Reference, t))) for n, t in enumerate(sets)])
        lines.append(f"| {condition} | {np.mean([len(t) for t in sets]):.1f} | {words:.1f} | {np.mean(worth):.1f} |")
    return "\n".join(lines)


def read_inferred(path: str) -> dict[int, list[str]]:
    """References of the tier by image."""
    sets, _, _ = read_references([path])
    return {int(item.id): [r.text for r in item.references if r.tier == "inferred"] for item in sets}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    parser.add_argument("--inferred", help="reference sets with references of the tier inferred, by image")
    parser.add_argument("--resamples", type=int, default=1000)
    given = parser.parse_args()
    coco = Coco()
    found, told = outputs(coco, read_inferred(given.inferred) if given.inferred else None)
    conditions = list(found[0].sets)
    body = f"{told}\n\n{sizes(found, conditions)}\n\n{Separation(coco, found, given.resamples).table(conditions)}"
    print(body)
    if given.write:
        write("separation", body)


if __name__ == "__main__":
    main()

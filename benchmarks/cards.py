"""Cards of the default scorers on the shared data: `python benchmarks/cards.py [--write] [--only NAME]...`.

A report on each data set that has outputs and people's words about them (GENEVAL_SHARED names the folder, `../shared`
when not set), by `geneval.defaults`, joined to a card a scorer. `--write` puts the cards into docs/cards.md and
docs/cards/cards.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geneval.cards import Cards, metric_cards
from geneval.cli._render_card import markdown_of
from geneval.data import Inputs, Output, Preference, Rating, inputs_from_lists, read_inputs, read_preferences
from geneval.defaults import default_scorers
from geneval.underestimation import ReportPlan, Underestimation, find_underestimation
from geneval_references import Reference, ReferenceSet, fold

TREE = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("GENEVAL_SHARED") or TREE.parent / "shared") / "data"
PAGE, CARDS = TREE / "docs" / "cards.md", TREE / "docs" / "cards" / "cards.json"
SEED = 12345

MQM = {"Major": 5.0, "Minor": 1.0}
"""Weights of the data's own README; minor faults of punctuation count .1, a non-translation 25."""

Made = tuple[Inputs, dict[str, Any]]
"""Inputs, and what else `find_underestimation` is given."""


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the data."""
    opened = gzip.open if name.endswith(".gz") else open
    with opened(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def thumb() -> Made:
    """Captions of four machines and one person, graded by one person each."""
    plan = ReportPlan(valid={"": 4.5})
    inputs = read_inputs([str(DATA / "thumb_mscoco" / "items.jsonl")])
    return inputs, {"criterion": "human_score", "plan": plan}


def people_and_machines() -> Made:
    """Pairs of a person's and a machine's caption of a sound, four votes each; a caption is not among its references."""
    return audiocaps("HM", lambda _: ("people", "machines"))


def machines() -> Made:
    """Pairs of two machines' captions; a retrieval baseline has a number in its name, which is left out."""
    return audiocaps(
        "MM", lambda pair: tuple(re.sub(r"^(cos_sim).*", r"\1", pair[side]) for side in ("a_system", "b_system"))
    )


def audiocaps(category: str, named: Callable[[dict[str, Any]], tuple[str, ...]]) -> Made:
    """Each pair is an item of its own."""
    references = {row["id"]: row["references"] for row in rows("fense_audiocaps/items.jsonl")}
    items, outputs, votes, winner = [], [], [], {1: "a", -1: "b", 0: "tie"}
    for number, pair in enumerate(p for p in rows("fense_audiocaps/pairs.jsonl") if p["category"] == category):
        systems, id_ = named(pair), str(number)
        if systems[0] == systems[1]:
            continue
        kept = [Reference(text) for text in references[pair["item"]] if fold(text) != fold(pair["a"])]
        items.append(ReferenceSet(id_, tuple(kept)))
        outputs += [Output(id_, systems[0], pair["a"]), Output(id_, systems[1], pair["b"])]
        votes += [Preference(id_, *systems, winner[vote], annotator=str(n)) for n, vote in enumerate(pair["votes"])]
    present = tuple(dict.fromkeys(output.system for output in outputs))
    return Inputs(tuple(items), tuple(outputs), present), {"preferences": votes}


def asset() -> Made:
    """Simplifications by 21 systems; one output an item is graded, by 15 people, for three criteria.

    A grade is of the first system that wrote that text. The 100 graded items alone.
    """
    inputs = read_inputs([str(DATA / "asset" / "items.jsonl.gz")], allow_missing=True)
    ratings = [
        Rating(str(row["id"]), system, grade, criterion, str(who))
        for row in rows("asset/items.jsonl.gz")
        for system in (row.get("rated_system") or ())[:1]
        for criterion, grades in row["ratings"].items()
        for who, grade in grades
    ]
    return only(inputs, {rating.id for rating in ratings}), {"ratings": ratings, "criterion": "simplicity"}


def asset_pairs() -> Made:
    """Simplifications of ASSET's writers against those of TurkCorpus, for how simple they are, by ten people.

    A simplification of ASSET's is not among its own references.
    """
    columns = {"a": "a_system", "b": "b_system", "output_a": "a", "output_b": "b"}
    votes, _, _ = read_preferences([str(DATA / "asset" / "pairs.jsonl")], columns=columns)
    sources = {str(row["id"]): row for row in rows("asset/items.jsonl.gz")}
    found: dict[tuple[str, str, str], list[Preference]] = defaultdict(list)
    for vote in votes:
        if {vote.a, vote.b} == {"asset", "turkcorpus"} and vote.id in sources:
            texts = {vote.a: vote.output_a or "", vote.b: vote.output_b or ""}
            found[vote.id, texts["asset"], texts["turkcorpus"]].append(vote)
    kept, predictions, sets, given = [], {"asset": [], "turkcorpus": []}, [], []
    for number, ((item, own, other), mine) in enumerate(found.items()):
        predictions["asset"].append(own)
        predictions["turkcorpus"].append(other)
        sets.append([r for r in sources[item]["references"] if fold(r) != fold(own)])
        given.append(sources[item]["source"])
        kept += [Preference(str(number), v.a, v.b, v.winner, v.annotator, v.criterion) for v in mine]
    ids = [str(number) for number in range(len(sets))]
    inputs = inputs_from_lists(predictions=predictions, references=sets, ids=ids, sources=given)
    return inputs, {"preferences": kept, "criterion": "simplicity"}


def talks() -> Made:
    """Translations of talks by 13 systems, by minus the weighted errors that one person marked; both references."""
    return read_inputs([str(DATA / "wmt21_ted_zhen" / "items.jsonl.gz")]), {"criterion": "mqm_avg", "ratings": mqm()}


def talks_with_ref_b() -> Made:
    """The same with the reference `refB` as a system, against `ref` alone."""
    data = rows("wmt21_ted_zhen/items.jsonl.gz")
    systems = {name: [row["outputs"][name] for row in data] for name in data[0]["outputs"]}
    predictions = systems | {"refB": [row["references"]["refB"] for row in data]}
    ids = [str(row["id"]) for row in data]
    sources = [row["source"] for row in data]
    given = inputs_from_lists(predictions=predictions, references=[["-"]] * len(data), ids=ids, sources=sources)
    sets = tuple(
        ReferenceSet(i, (Reference(row["references"]["ref"], origin="human:ref"),), row["source"])
        for i, row in zip(ids, data, strict=True)
    )
    inputs = Inputs(sets, given.outputs, given.systems)
    return inputs, {"criterion": "mqm_avg", "ratings": mqm(), "plan": ReportPlan(valid={"": -1.0})}


def mqm() -> list[Rating]:
    """Of systems and references, from the marked errors; for systems it is the data's own `mqm_avg`."""
    found = []
    for row in rows("wmt21_ted_zhen/items.jsonl.gz"):
        for name, said in row["ratings"].items():
            raters = {rater for rater, _, _ in said["errors"]}
            if raters:
                total = sum(weight(category, severity) for _, category, severity in said["errors"])
                found.append(Rating(str(row["id"]), name, -total / len(raters), "mqm_avg"))
    return found


def weight(category: str, severity: str) -> float:
    """Of one marked error."""
    if category.startswith("Non-translation"):
        return 25.0
    if severity == "Minor" and category.startswith("Fluency/Punctuation"):
        return 0.1
    return MQM.get(severity, 0.0)


def coco() -> Made:
    """Captions with grades of how well they fit the image: its own, another image's judged to fit, one drawn of the rest.

    The caption that is an output is no reference of its image. Of each kind one is drawn; images that have all three. Grades
    are means of several people's, five mostly, so their reliability is taken to be .95.
    """
    captions = {str(row["cid"]): row for row in rows("coco_eccv/captions.jsonl.gz")}
    grades = graded_captions()
    rng = np.random.default_rng(SEED)
    found = []
    for row in rows("coco_eccv/image_to_caption.jsonl"):
        image, own = str(row["iid"]), {str(cid) for cid in row["original"]}
        fitting = {str(cid) for cid in row["eccv"] or ()} - own
        mine = grades.get(image, {})
        kinds = {
            "own": sorted(own & mine.keys()),
            "elsewhere": sorted(fitting & mine.keys()),
            "other": sorted(mine.keys() - own - fitting),
        }
        # Without every kind for each image the systems would be compared on different images.
        if row["eccv"] and kinds["own"] and kinds["elsewhere"] and kinds["other"]:
            drawn = {name: str(rng.choice(ids)) for name, ids in kinds.items()}
            found.append((image, drawn, [captions[c]["text"] for c in sorted(own - {drawn["own"]}) if c in captions]))
    predictions = {
        name: [captions[drawn[name]]["text"] for _, drawn, _ in found] for name in ("own", "elsewhere", "other")
    }
    ratings = [
        Rating(image, name, grades[image][cid], "cxc") for image, drawn, _ in found for name, cid in drawn.items()
    ]
    inputs = inputs_from_lists(
        predictions=predictions, references=[refs for _, _, refs in found], ids=[image for image, _, _ in found]
    )
    return inputs, {"ratings": ratings, "plan": ReportPlan(valid={"": 4.5}, reliability=0.95)}


def graded_captions() -> dict[str, dict[str, float]]:
    """CxC's grade of each image's captions."""
    grades: dict[str, dict[str, float]] = defaultdict(dict)
    known = {str(row["cid"]) for row in rows("coco_eccv/captions.jsonl.gz")}
    for row in rows("coco_eccv/cxc_sits.jsonl.gz"):
        if str(row["cid"]) in known:
            grades[str(row["iid"])][str(row["cid"])] = float(row["score"])
    return grades


def only(inputs: Inputs, ids: set[str]) -> Inputs:
    """Some of the items."""
    items = tuple(item for item in inputs.items if item.id in ids)
    return Inputs(items, tuple(output for output in inputs.outputs if output.id in ids), inputs.systems)


MADE: Mapping[str, Callable[[], Made]] = {
    "thumb_mscoco": thumb,
    "fense_audiocaps (HM)": people_and_machines,
    "fense_audiocaps (MM)": machines,
    "asset": asset,
    "asset (pairs)": asset_pairs,
    "wmt21_ted_zhen": talks,
    "wmt21_ted_zhen (refB against ref)": talks_with_ref_b,
    "coco_eccv": coco,
}
"""By name; `evalica_llmfao` has votes and no texts, so nothing there can be scored."""


def report_on(name: str, scorers: list[str]) -> Underestimation:
    """One report."""
    inputs, options = MADE[name]()
    return find_underestimation(inputs, scorers=scorers, name=name, **options)


def main() -> None:
    """Makes the reports, prints what they say, and writes the cards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the cards into docs/")
    parser.add_argument("--only", action="append", choices=[*MADE], help="only this data set")
    given = parser.parse_args()
    scorers, left_out = default_scorers()
    if left_out:
        print(left_out, file=sys.stderr)
    reports = []
    for name in given.only or MADE:
        start = time.monotonic()
        reports.append(report_on(name, scorers))
        print(f"{name} ({time.monotonic() - start:.0f} s): {reports[-1].finding}", file=sys.stderr)
    cards = metric_cards(reports)
    if given.write:
        write(cards, reports)
    print(markdown_of(cards))


BEGIN, END = "<!-- begin: cards -->", "<!-- end: cards -->"


def write(cards: Cards, reports: list[Underestimation]) -> None:
    """Puts findings and cards between the marks of the page, and the JSON beside it."""
    findings = "\n".join(f"- **{report.name}**: {report.finding}" for report in reports)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}\n{findings}\n\n{markdown_of(cards)}\n{END}{after}"
    PAGE.write_text(text, encoding="utf-8")
    CARDS.parent.mkdir(exist_ok=True)
    CARDS.write_text(cards.to_json() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

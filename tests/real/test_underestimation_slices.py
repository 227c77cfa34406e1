"""Slices and what would help, on people's captions: what a plain regression and plain loops say, too."""

from __future__ import annotations

import json

import numpy as np
import pytest
import regex

from geneval.data import read_inputs
from geneval.underestimation import ReportPlan, find_underestimation

pytestmark = pytest.mark.real

SCORERS = ["bleu(lowercase=True)", "token_f1"]
MACHINES = ["Up-Down", "Unified-VLP", "VinVL-base", "VinVL-large"]


@pytest.fixture(scope="module")
def path(shared):
    return str(shared / "data" / "thumb_mscoco" / "items.jsonl")


@pytest.fixture(scope="module")
def thumb(path, tmp_path_factory):
    """With a column that the outputs' own words make: is there a number word?"""
    captions = read_inputs([path])
    numbers = regex.compile(r"\b(two|three|four|several|group)\b", regex.IGNORECASE)
    rows = [
        {"id": output.id, "system": output.system, "several": bool(numbers.search(output.text))}
        for output in captions.outputs
    ]
    columns = tmp_path_factory.mktemp("columns") / "columns.jsonl"
    columns.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    plan = ReportPlan(valid={"": 4.5}, components=("P", "R"), permutations=99, reliability=1.0)
    return find_underestimation(
        captions, criterion="human_score", scorers=SCORERS, plan=plan, slices=[str(columns), path]
    )


def rows_of(report, scorer, by):
    found = next(one for one in report.sections["slices"]["scorers"] if one["scorer"] == scorer)
    return {row["slice"]: row for row in found["slices"] if row["by"] == by}


@pytest.mark.parametrize("scorer", SCORERS)
def test_people_are_the_slice_that_is_marked_down(thumb, scorer):
    found = rows_of(thumb, scorer, "system")
    assert found["Human"]["found"] and found["Human"]["confirmed"].high < 0
    assert all(found[name]["found"] and found[name]["confirmed"].low > 0 for name in MACHINES[1:])


def test_captions_that_all_systems_share_are_marked_up(thumb):
    """Consensus is rewarded at equal quality, system and length; captions unlike the others' are not."""
    for scorer in SCORERS:
        rows = rows_of(thumb, scorer, "diversity")
        low, high = (min(rows, key=lambda name: float(name.split()[0])), max(rows, key=lambda n: float(n.split()[0])))
        assert rows[low]["difference"].low > 0 and rows[low]["confirmed"].low > 0 and rows[low]["found"]
        assert rows[high]["difference"].value < 0 and rows[high]["confirmed"].value < 0


def test_long_captions_are_marked_down_by_bleu(thumb):
    rows = rows_of(thumb, "bleu(lowercase=True)", "length")
    longest = rows[max(rows, key=lambda name: int(name.split()[0]))]
    assert longest["found"] and longest["confirmed"].high < 0
    assert {row["level"] for row in rows.values()} == {"output"}


def test_scorers_that_favour_nobody_find_nothing(thumb):
    for row in thumb.sections["slices"]["controls"]:
        assert row["found"] <= 1 and row["slices"] >= 100


def test_a_column_equals_a_regression_by_hand(thumb):
    """Both halves; a column for every item, system, grade, length, its square, and the slice."""
    known = thumb.known
    evidence, design = known.evidence, known.evidence.design
    text = [known.outputs.corpus.texts[t] for t in known.outputs.text[evidence.item, evidence.system]]
    slice_ = np.asarray([bool(regex.search(r"(?i)\b(two|three|four|several|group)\b", t)) for t in text], float)
    words = np.asarray([len(regex.findall(r"\w+", t)) for t in text], float)
    items = np.unique(design.cluster)
    first = np.isin(design.cluster, np.random.default_rng(known.plan.seed).permutation(items)[: len(items) // 2])
    row = rows_of(thumb, "token_f1", "several")["true"]
    for name, half in (("difference", first), ("confirmed", ~first)):
        own = np.unique(design.cluster[half])
        columns = [
            design.cluster[half][:, None] == own,
            design.system[half][:, None] == np.unique(design.system)[1:],
            design.quality[half],
            words[half, None],
            words[half, None] ** 2,
            slice_[half, None],
        ]
        slopes = np.linalg.lstsq(np.concatenate(columns, axis=1).astype(float), evidence.scores[1][half], rcond=None)[0]
        assert row[name].value == pytest.approx(slopes[-1], abs=1e-7)


def test_what_would_help_has_numbers(thumb):
    for row in thumb.sections["help"]["scorers"]:
        parts = {part["source"]: part for part in row["components"]}
        # Single grades, taken for perfect here: no noise in them, and nothing of raters.
        assert parts["grades"]["variance"] == 0 and parts["raters"]["variance"] is None
        assert parts["references"]["share"] > 0.2
        assert parts["items"]["variance"] + parts["references"]["variance"] > 0
        now = row["options"][0]["se_now"]
        assert all(option["se_then"] <= now for option in row["options"])
        assert f"{now:.3g}" in row["sentence"] and "would help most" in row["sentence"]


def test_more_references_do_not_bring_scorers_nearer_to_people(thumb):
    """On THumB agreement is near chance at one reference and at two; nothing is gained between them."""
    for row in thumb.sections["help"]["references"]:
        assert [point["k"] for point in row["points"]] == [1, 2] and row["enough"] == 1
        assert all(0.49 < point["agreement"].value < 0.57 for point in row["points"])

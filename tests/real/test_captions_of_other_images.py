"""ECCV Caption: captions of other images that people call valid, against an image's own, at equal CxC grade."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz import fuzz

from geneval.data import Inputs, Output, Rating
from geneval.settings import Settings
from geneval.underestimation import ReportPlan, find_underestimation
from geneval_references import Reference, ReferenceSet, fold

pytestmark = pytest.mark.real

SYSTEMS = ("own", "elsewhere", "random")
SCORERS = ["token_f1", "chrf", "cider"]
NEAR = 90.0


@pytest.fixture(scope="module")
def coco(shared):
    """The reader of benchmarks/mining.py."""
    path = Path(__file__).parents[2] / "benchmarks" / "mining.py"
    spec = importlib.util.spec_from_file_location("mining", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["mining"] = module
    spec.loader.exec_module(module)
    module.DATA = shared / "data" / "coco_eccv"
    return module


def inputs_of(mining):
    """A caption of the image's own, the best of those written for other images, and another of these; with CxC grades.

    References are the other own captions, and the tier `verified`: what people judged valid. Captions of the images that
    the candidates were written for are left out, and whatever is nearly a candidate.
    """
    data, rng = mining.Coco(), np.random.default_rng(1)
    source = {cid: image for image, cids in data.own.items() for cid in cids}
    graded = {}
    for row in mining.rows("cxc_sits.jsonl.gz"):
        if row["cid"] in data.text:
            graded.setdefault((row["iid"], row["sampling"]), []).append((row["score"], row["cid"]))
    items, outputs, ratings = [], [], []
    for image in sorted(data.eccv):
        own, other = graded.get((image, "c2i_original"), []), sorted(graded.get((image, "c2i_intrasim"), []))
        if not own or len(other) < 2:
            continue
        chosen = (own[rng.integers(len(own))], other[-1], other[rng.integers(len(other) - 1)])
        left_out = {image, *(source[cid] for _, cid in chosen)}
        texts = [fold(data.text[cid]) for _, cid in chosen]
        originals = [data.text[cid] for cid in data.own[image]]
        verified = [data.text[cid] for cid in sorted(data.eccv[image]) if source[cid] not in left_out]
        sets = [
            [t for t in row if all(fuzz.ratio(fold(t), text) < NEAR for text in texts)] for row in (originals, verified)
        ]
        if len(sets[0]) < 2:
            continue
        references = [*map(Reference, sets[0]), *(Reference(text, tier="verified") for text in sets[1])]
        items.append(ReferenceSet(str(image), tuple(references)))
        for name, (grade, cid) in zip(SYSTEMS, chosen, strict=True):
            outputs.append(Output(str(image), name, data.text[cid]))
            ratings.append(Rating(str(image), name, float(grade), "CxC"))
    return Inputs(tuple(items), tuple(outputs), SYSTEMS, tuple(ratings))


@pytest.fixture(scope="module")
def inputs(coco):
    return inputs_of(coco)


def reported(inputs, reliability):
    plan = ReportPlan(valid={"": 3, "CxC": 4.5}, reliability=reliability, permutations=99, draws=100, resamples=200)
    return find_underestimation(inputs, scorers=SCORERS, plan=plan, settings=Settings(tiers=("original",)))


@pytest.fixture(scope="module")
def report(inputs):
    """Against the image's own captions, with grades as they are."""
    return reported(inputs, 1.0)


def apart(rows):
    """`elsewhere` less `own`."""
    return rows["elsewhere"].value - rows["own"].value


def test_quality_differs_before_anything_else_does(report):
    """Own captions are graded 4.9, the best of other images 3.9: unmatched scores compare quality."""
    people = report.sections["ranking"]["people"]
    assert [row["system"] for row in people] == list(SYSTEMS)
    assert [round(row["value"], 1) for row in people] == [4.9, 3.9, 2.5]


@pytest.mark.parametrize("scorer", SCORERS)
def test_at_equal_grade_little_is_left(report, scorer):
    """Of what `own` scores above `elsewhere`, less than a third is left at equal grade and length; none among the best."""
    place = SCORERS.index(scorer)
    table = report.known.outputs.scores.table[place]
    raw = float((table[:, 1] - table[:, 0]).mean())
    given = apart({name: report.of(name, scorer).as_given for name in SYSTEMS})
    assert raw < 0 and abs(given) < abs(raw) / 3
    best = {
        name: next(c for c in report.of(name, scorer).checks if c["part"] == "CxC 4.5 or better") for name in SYSTEMS
    }
    assert best["own"]["n"] > 400
    assert best["elsewhere"]["difference"].low < 0.0 < best["elsewhere"]["difference"].high


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_slope_is_shown(report, scorer):
    """A point of grade is worth something to every scorer, and that explains what matching took away."""
    evidence, place = report.known.evidence, SCORERS.index(scorer)
    (slope,) = evidence.design.without_noise().quality_slopes(evidence.scores[place])
    grade = np.zeros(report.known.outputs.text.shape)
    grade[evidence.item, evidence.system] = evidence.grade
    table = report.known.outputs.scores.table[place]
    raw, gap = (float((rows[:, 1] - rows[:, 0]).mean()) for rows in (table, grade))
    given = apart({name: report.of(name, scorer).as_given for name in SYSTEMS})
    assert slope > 0 and raw - given == pytest.approx(slope * gap, abs=0.15 * abs(raw))


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("least", [3, 3.5, 4, 4.5])
def test_no_stratum_of_grades_tells_them_apart(report, scorer, least):
    """From every grade on; what is equally good scores alike."""
    evidence, place = report.known.evidence, SCORERS.index(scorer)
    cells = np.flatnonzero(evidence.grade >= least - 1e-9)
    design = evidence.design.without_noise().take(cells)
    found = design.differences(evidence.scores[place][cells])
    take = np.zeros(len(design.present))
    take[np.searchsorted(design.present, [0, 1])] = -1, 1
    se = float(np.sqrt(take @ found.covariance @ take))
    assert abs(take @ found.value) < 2 * se


def test_the_finding_hangs_on_the_assumed_reliability(inputs, report):
    """CxC publishes means over people and not their spread: none as they are, own captions marked down at .8."""
    assert report.finding.startswith("No evidence of underestimation")
    assert {row.verdict for row in report.findings} == {"no_evidence"}
    doubted = reported(inputs, 0.8)
    assert all(doubted.of("own", scorer).direction == "down" for scorer in SCORERS)
    assert any("assumed to be 0.8" in text for text in doubted.warnings)


def test_verified_references_are_tested_by_separation(report):
    """Three times as many references; valid outputs are told from invalid ones no worse, placebos lose."""
    found = report.sections["tiers"]
    assert found["separation"]["valid"] > 500 and found["separation"]["invalid"] > 300
    for row in found["scorers"]:
        before, after = row["tiers"]
        assert after["references"] > 3 * before["references"] and after["effective"] > 2.5 * before["effective"]
        assert not before["flips"] and not after["flips"]
        sets = {one["kind"]: one for one in row["separation"]}
        assert sets["expanded"]["verdict"] != "hurts"
        assert sets["placebo"]["auc"].value < sets["original"]["auc"].value < sets["expanded"]["auc"].value + 0.01

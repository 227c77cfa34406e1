"""The gate on graded captions of other images, without models: what it was made to see, people see too."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from geneval.data import Judgement
from geneval.gating import Pool, Settings, run_gate
from geneval_references import Reference, ReferenceSet
from geneval_references.gate import Models, features, learns

FOLDER = Path(os.environ.get("GENEVAL_SHARED", "../shared")) / "data" / "coco_eccv"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared data is not here")]


@pytest.fixture(scope="module")
def graded():
    """Captions of images, those of other images as candidates, and CxC's verdicts on these."""
    with gzip.open(FOLDER / "captions.jsonl.gz", "rt", encoding="utf-8") as file:
        captions = [json.loads(line) for line in file]
    with gzip.open(FOLDER / "cxc_sits.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["sampling"] == "c2i_intrasim"]
    text = {row["cid"]: row["text"] for row in captions}
    own: dict[int, list[str]] = {}
    for row in captions:
        own.setdefault(row["iid"], []).append(row["text"])
    candidates: dict[int, list[Reference]] = {}
    for row in rows:
        candidates.setdefault(row["iid"], []).append(
            Reference(text[row["cid"]], tier="unverified", origin="mined:coco")
        )
    sets = [ReferenceSet(str(i), (*map(Reference, own[i]), *found)) for i, found in candidates.items()]
    verdicts = {(str(row["iid"]), text[row["cid"]]): row["score"] >= 3 for row in rows}
    return rows, sets, verdicts


def test_graded_captions_are_those_of_the_readme(graded):
    """11,005 rows, 54 % of them 3 or more."""
    rows, _, _ = graded
    assert len(rows) == 11005
    assert np.mean([row["score"] >= 3 for row in rows]) == pytest.approx(0.54, abs=0.005)


def test_a_gate_without_models_is_better_than_chance_and_certifies_little(graded):
    """On images that it has not learned from; with MiniLM and USE it is benchmarks/gate.py."""
    _, sets, verdicts = graded
    judgements = [Judgement(i, t, "valid" if v else "invalid", "cxc", "3") for (i, t), v in verdicts.items()]
    found = run_gate(sets, judgements, Settings())
    pool = Pool.of(sets)
    held = np.asarray([not learns(item, 12345) for item in pool.items])
    valid = np.asarray([verdicts[q.item, q.text] for q in pool.questions])
    scores = found.gate.model.scores(features(pool.questions, Models({}, {})))
    assert roc_auc_score(valid[held], scores[held]) > 0.7
    assert found.counts["judged"] == len(pool.questions)
    best = found.certificate.best
    assert best is None or best.precision > 0.9

"""The audit and multiplicity of real data."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geneval.auditing import audit_inputs, cleaned_inputs, read_for_audit
from geneval.cli import app
from geneval_references import Reference, ReferenceSet, fold
from geneval_references.audit import audit

pytestmark = pytest.mark.real

# No test of the audit alarms on these sets but where it should; `truncated` are captions that end in a comma.
TESTS = {"leak", "shifted", "unrelated", "transposed", "outlier column", "language", "length limit", "script"}


def kinds(shared: Path, name: str) -> dict[str, tuple[str, int, int]]:
    """Subject, texts and items of each finding."""
    found = audit_inputs(read_for_audit([str(shared / "data" / name)]))
    return {finding.kind: (finding.subject, finding.count, finding.items) for finding in found.findings}


def test_thumb_has_one_leak(shared: Path) -> None:
    """39 of Human's 500 captions are references of theirs; the four machines are not named."""
    inputs = read_for_audit([str(shared / "data/thumb_mscoco/items.jsonl")])
    found = audit_inputs(inputs)
    (leak,) = found.faults
    assert (leak.kind, leak.subject, leak.count, leak.of, leak.baseline) == ("leak", "Human", 39, 500, 0)
    assert leak.p is not None and leak.p < 1e-10
    own = {item.id: {fold(r.text) for r in item.references} for item in inputs.items}
    assert all(fold(row.text) in own[row.id] for row in leak.rows)
    left, _ = cleaned_inputs(inputs, found)
    assert (len(left.items), len(left.outputs), len(left.ratings)) == (461, 2305, 461 * 30)


def test_asset_has_duplicates(shared: Path) -> None:
    """59 of 359 items have duplicate references; 15 have their source among them."""
    found = kinds(shared, "asset/items.jsonl.gz")
    assert found["duplicate"] == ("references", 86, 59)
    assert found["copy of source"][2] == 15
    assert not TESTS & found.keys()


def test_fense_has_duplicates(shared: Path) -> None:
    """31 of 394 items have duplicate references."""
    found = kinds(shared, "fense_audiocaps/items.jsonl")
    assert found["duplicate"] == ("references", 33, 31)
    assert not TESTS & found.keys()


def test_wmt_has_a_reference_that_stands_apart(shared: Path) -> None:
    """The bad reference `ref` stands apart from the outputs, `refB` does not."""
    found = kinds(shared, "wmt21_ted_zhen/items.jsonl.gz")
    assert found["outlier column"][:2] == ("reference 'ref'", 407)
    assert {"outlier column"} == TESTS & found.keys()


def test_coco_is_clean_but_for_repeats_and_open_ends(shared: Path) -> None:
    """25,000 captions: no test alarms; six captions repeat another one of their image."""
    texts: dict[str, list[str]] = {}
    with gzip.open(shared / "data/coco_eccv/captions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            texts.setdefault(str(row["iid"]), []).append(row["text"])
    found = audit([ReferenceSet(id_, tuple(map(Reference, given))) for id_, given in texts.items()])
    assert {f.kind: f.count for f in found.faults} == {"duplicate": 6, "truncated": 22}


@pytest.mark.skipif(importlib.util.find_spec("eccv_caption") is None, reason="needs eccv-caption: pip install it")
def test_multiplicity_of_eccv_caption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's positives give the published averages, in both directions and pooled."""
    spec = importlib.util.find_spec("eccv_caption")
    assert spec is not None and spec.origin is not None
    data = Path(spec.origin).parent / "data"
    monkeypatch.chdir(tmp_path)
    captions = _converted(data, "caption", "image", tmp_path)
    images = _converted(data, "image", "caption", tmp_path)
    caption, image, both = _described([captions]), _described([images]), _described([captions, images])
    assert (caption["positives"], caption["items"]) == (11_279, 1_332)
    assert (image["positives"], image["items"]) == (22_550, 1_261)
    assert round(caption["degree"]["mean"], 3) == 8.468 and round(image["degree"]["mean"], 3) == 17.883
    assert [(min(d), max(d)) for d in ([*map(int, r["degree"]["counts"])] for r in (caption, image))] == [
        (1, 19),
        (6, 48),
    ]
    # Nine original captions are not among the positives of their images, so that 7,628 of 7,637 originals are counted.
    assert (both["growth"]["all"], both["growth"]["original"]) == (33_829, 7_628)
    assert f"{both['growth']['factor']:.2f}" == f"{33_829 / 7_637:.2f}" == "4.43"


def _converted(data: Path, side: str, other: str, folder: Path) -> str:
    original, positives = (
        json.loads((data / f"{kind}_{side}_to_{other}.json").read_text("utf-8")) for kind in ("original", "eccv")
    )
    rows = [
        {
            "id": f"{side} {id_}",
            "references": [
                {"text": str(x)} if x in original[id_] else {"text": str(x), "tier": "verified", "origin": "mined:coco"}
                for x in found
            ],
        }
        for id_, found in positives.items()
    ]
    (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return f"{side}.jsonl"


def _described(files: list[str]) -> dict:  # type: ignore[type-arg]
    done = CliRunner().invoke(app, ["references", "describe", *files, "--multiplicity", "--format", "json"])
    assert done.exit_code == 0, done.output
    report: dict = json.loads(done.stdout)["multiplicity_report"]  # type: ignore[type-arg]
    return report

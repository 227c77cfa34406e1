"""What is written is read back equal, in every format."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval.data import read_references, write_references
from geneval_references import TIERS, InputError, Reference, ReferenceSet, UsageError, reference_hash

TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [
        "2021-01-01",
        "a\u2028b\x0bc\x85d\re\nf",
        "👩‍👩‍👧",
        "שלום\u200f",
        "a:b",
        '"a":"b"',
        "\ufeff",
        "NaN",
        "\x00",
        "null",
    ]
)
REFERENCES = st.builds(
    Reference,
    text=TEXT,
    tier=st.sampled_from(TIERS),
    origin=st.sampled_from(["human", "human:refB", "output:sys | A"]),
    parent=st.none() | TEXT,
    condition=st.none() | TEXT,
    votes=st.none() | st.dictionaries(st.sampled_from(["valid", "partly", "invalid"]), st.integers(0, 9)),
    confidence=st.none() | st.floats(0, 1),
    proposers=st.lists(TEXT, max_size=2).map(tuple),
    evidence=st.none()
    | st.dictionaries(TEXT, TEXT | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1), max_size=2),
)
SETS = st.lists(
    st.builds(
        ReferenceSet,
        id=TEXT.filter(bool),
        references=st.lists(REFERENCES, max_size=3).map(tuple),
        source=st.none() | TEXT,
        condition=st.none() | TEXT,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item.id,
).map(tuple)


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst", "r.parquet"])
@settings(max_examples=40, deadline=None)
@given(sets=SETS)
def test_files(name: str, sets: tuple[ReferenceSet, ...]) -> None:
    """Ids, texts, evidence, sources, conditions, order and empty sets survive."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_references(sets, path)
        again, notes, (file,) = read_references([str(path)])
        assert list(Path(folder).iterdir()) == [path]
    assert again == sets
    assert notes == ()
    assert (file.name, file.rows) == (name, len(sets))


EXAMPLE = (
    ReferenceSet("1", (Reference("a dog"), Reference("犬", tier="verified", origin="human:B", votes={"valid": 3}))),
    ReferenceSet("01", (), source="2021-01-01", condition="formal"),
)


def test_folder(tmp_path: Path) -> None:
    """The folder is read by geneval, and by `datasets.load_dataset` with the features of its card."""
    write_references(EXAMPLE, tmp_path / "refs")
    again, _, (file,) = read_references([str(tmp_path / "refs")])
    assert again == EXAMPLE
    assert (file.name, file.rows) == ("refs", 2)
    # In a process of its own: it puts its cache where HF_HOME says.
    code = f"""
import datasets
found = datasets.load_dataset({str(tmp_path / "refs")!r}, cache_dir={str(tmp_path / "cache")!r})
assert list(found) == ["references"], found
rows = found["references"]
assert rows.features["references"].feature["confidence"].dtype == "float64"
assert [row["id"] for row in rows] == ["1", "01"], rows[:]
assert [r["text"] for r in rows[0]["references"]] == ["a dog", "犬"]
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    card = (tmp_path / "refs" / "README.md").read_text(encoding="utf-8")
    assert "| verified | 1 |" in card
    assert "| human:B | 1 |" in card
    assert reference_hash(EXAMPLE) in card
    assert "Licence: not stated" in card


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.parquet", "refs"])
def test_never_overwrites(tmp_path: Path, name: str) -> None:
    """A second write to the same place is refused and changes nothing."""
    write_references(EXAMPLE, tmp_path / name)
    before = [(p.name, p.stat().st_mtime_ns) for p in sorted(tmp_path.rglob("*"))]
    with pytest.raises(UsageError, match="already there; geneval overwrites nothing"):
        write_references(EXAMPLE[:1], tmp_path / name)
    assert [(p.name, p.stat().st_mtime_ns) for p in sorted(tmp_path.rglob("*"))] == before


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.zst", "r.parquet", "refs"])
def test_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    """When writing fails half way, neither the file nor a part of it is there."""
    broken = (EXAMPLE[0], ReferenceSet("2", (Reference("a", parent=object()),)))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="object"):
        write_references(broken, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["r.csv", "r.txt", "r.parquet.gz"])
def test_unknown_suffix(tmp_path: Path, name: str) -> None:
    """Other suffixes are refused with those that can be written."""
    with pytest.raises(UsageError, match=r"use .jsonl"):
        write_references(EXAMPLE, tmp_path / name)


def test_no_folder(tmp_path: Path) -> None:
    """The folder to write into has to be there."""
    with pytest.raises(InputError, match="make it first"):
        write_references(EXAMPLE, tmp_path / "nowhere" / "r.jsonl")


def test_same_bytes(tmp_path: Path) -> None:
    """The same sets give the same bytes, gzip included, and the permissions of an ordinary file."""
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_references(EXAMPLE, tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert b'"references":["a dog",{"text"' in gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())
    (tmp_path / "c").write_text("")
    assert (tmp_path / "a.jsonl.gz").stat().st_mode == (tmp_path / "c").stat().st_mode

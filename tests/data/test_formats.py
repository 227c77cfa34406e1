"""The same data, in every shape and format it may come in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from geneval.data import Inputs, inputs_from_lists, read_inputs, read_references
from geneval_references import Reference, ReferenceSet, UsageError

WIDE = [
    {"id": "01", "source": "x", "references": ["a dog", "le chien"], "outputs": {"A": "a cat", "B": "a\u2028dog"}},
    {"id": "2021-01-01", "source": "y", "references": ["one"], "outputs": {"A": "12345678901234567890123", "B": ""}},
]
LONG = [
    {"id": r["id"], "source": r["source"], "system": s, "output": r["outputs"][s], "references": r["references"]}
    for s in "AB"
    for r in WIDE
]


def lines(rows: list[dict[str, object]]) -> bytes:
    """JSON lines, with CRLF and no escapes."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\r\n" for row in rows)


def csv_long(delimiter: str) -> bytes:
    """A table with list columns."""
    head = ["id", "source", "system", "output", "references.0", "references.1"]
    rows = [[r["id"], r["source"], r["system"], r["output"], *r["references"], ""][:6] for r in LONG]
    return "\r\n".join(delimiter.join(f'"{cell}"' for cell in cells) for cells in [head, *rows]).encode()


def csv_wide() -> bytes:
    """A table with a column a system."""
    head = "id,source,outputs.A,outputs.B,references.0,references.1"
    rows = [",".join([r["id"], r["source"], *r["outputs"].values(), *r["references"]]) for r in WIDE]
    return "\n".join([head, rows[0], rows[1] + ","]).encode()


def parquet(rows: list[dict[str, object]]) -> bytes:
    """A Parquet file, types as Arrow sees them."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


FILES = {
    "wide.jsonl": lines(WIDE),
    "bom.jsonl": b"\xef\xbb\xbf" + lines(WIDE),
    "no-newline.jsonl": lines(WIDE).rstrip(),
    "wide.jsonl.gz": gzip.compress(lines(WIDE)),
    "frames.jsonl.gz": gzip.compress(lines(WIDE[:1])) + gzip.compress(lines(WIDE[1:])),
    "wide.jsonl.zst": zstandard.compress(lines(WIDE)),
    "frames.jsonl.zst": zstandard.compress(lines(WIDE[:1])) + zstandard.compress(lines(WIDE[1:])),
    "long.jsonl": lines(LONG),
    "long.csv": csv_long(","),
    "long.tsv": csv_long("\t"),
    "long.csv.gz": gzip.compress(b"\xef\xbb\xbf" + csv_long(",")),
    "wide.csv": csv_wide(),
    "wide.parquet": parquet(WIDE),
    "long.parquet": parquet(LONG),
}


def facts(found: Inputs) -> tuple[object, ...]:
    """What was read, whatever the order of rows."""
    return found.items, set(found.outputs), found.systems


EXPECTED = inputs_from_lists(
    predictions={s: [r["outputs"][s] for r in WIDE] for s in "AB"},
    references=[r["references"] for r in WIDE],
    sources=[r["source"] for r in WIDE],
    ids=[r["id"] for r in WIDE],
)


@pytest.mark.parametrize("name", FILES)
def test_same_data(tmp_path: Path, name: str) -> None:
    """Every format gives the same items and outputs, ids and texts as written."""
    (tmp_path / name).write_bytes(FILES[name])
    found = read_inputs([str(tmp_path / name)])
    assert facts(found) == facts(EXPECTED)
    assert [(f.name, f.sha256) for f in found.files] == [(name, hashlib.sha256(FILES[name]).hexdigest())]
    marked = name in {"bom.jsonl", "long.csv.gz"}
    assert found.notes == ((f"{name}: a byte order mark at the start was left out",) if marked else ())


def test_one_file_a_system(tmp_path: Path) -> None:
    """NAME=FILE, or the file's stem, names the system; references come in a file of their own."""
    for name, system in (("out.v1.jsonl.gz", "A"), ("B.jsonl", "B")):
        data = lines([{"id": r["id"], "output": r["outputs"][system]} for r in WIDE])
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (tmp_path / "r.jsonl").write_bytes(lines([{k: r[k] for k in ("id", "source", "references")} for r in WIDE]))
    references = [str(tmp_path / "r.jsonl")]
    found = read_inputs([f"A={tmp_path}/out.v1.jsonl.gz", f"{tmp_path}/B.jsonl"], references=references)
    assert facts(found) == facts(EXPECTED)
    assert [f.rows for f in found.files] == [2, 2, 2]
    assert read_inputs([f"{tmp_path}/out.v1.jsonl.gz"], references=references).systems == ("out.v1",)


def test_identical_references_twice(tmp_path: Path) -> None:
    """References may stand in both places when they are the same."""
    (tmp_path / "a.jsonl").write_bytes(lines(WIDE))
    found = read_inputs([str(tmp_path / "a.jsonl")], references=[str(tmp_path / "a.jsonl")])
    assert facts(found) == facts(EXPECTED)


def test_stdin() -> None:
    """`-` is JSON lines from stdin; importing the readers loads no heavy library."""
    code = """
import sys
from geneval.data import read_inputs
heavy = {"datasets", "pyarrow", "pandas", "torch"} & set(sys.modules)
found = read_inputs(["-"])
print(found.systems, found.files[0].name, found.files[0].sha256, heavy)
"""
    run = subprocess.run([sys.executable, "-c", code], input=lines(WIDE), capture_output=True, check=True)
    assert run.stdout.decode().strip() == f"('A', 'B') - {hashlib.sha256(lines(WIDE)).hexdigest()} set()"


def test_text(tmp_path: Path) -> None:
    """sacrebleu's files: one output a line, one file a reference, blank for none; only \\n ends a line."""
    (tmp_path / "sys.txt").write_bytes(b"a\xe2\x80\xa8b\x0bc\rd\r\n\n3\n")
    (tmp_path / "r1").write_bytes(b"one\ntwo\nthree\n")
    (tmp_path / "r2").write_bytes(b"uno\n \ntre")
    paths = [str(tmp_path / "r1"), f"B={tmp_path / 'r2'}"]
    found = read_inputs([str(tmp_path / "sys.txt")], references=paths, format="text")
    assert [o.text for o in found.outputs] == ["a\u2028b\x0bc\rd", "", "3"]
    assert [[r.text for r in item.references] for item in found.items] == [["one", "uno"], ["two"], ["three", "tre"]]
    assert [item.id for item in found.items] == ["1", "2", "3"]
    assert found.items[0].references[1].origin == "human:B"
    assert found.systems == ("sys",)
    assert read_references(paths, format="text")[0] == found.items


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("one", (Reference("one"),)),
        (["one", {"text": "two", "tier": "verified"}], (Reference("one"), Reference("two", tier="verified"))),
        (
            {"refA": "one", "refB": "two"},
            (Reference("one", origin="human:refA"), Reference("two", origin="human:refB")),
        ),
        ({"A": ["x", "y"]}, (Reference("x", origin="human:A"), Reference("y", origin="human:A"))),
        ({"A": {"text": "x", "votes": {"valid": 2}}}, (Reference("x", origin="human:A", votes={"valid": 2}),)),
        ([{"text": "x", "origin": None, "parent": None}], (Reference("x"),)),
        ([], ()),
        (None, ()),
    ],
)
def test_references_field(tmp_path: Path, field: object, expected: tuple[Reference, ...]) -> None:
    """A text, a list of texts and objects, or named texts."""
    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "1", "references": field}), encoding="utf-8")
    (item,), _, _ = read_references([str(tmp_path / "r.jsonl")])
    assert item == ReferenceSet("1", expected)


def test_parquet_named_references(tmp_path: Path) -> None:
    """Arrow's nulls in objects mean "not there": references and systems may differ from row to row."""
    rows = [
        {"id": 1, "references": {"A": "x", "B": "y"}, "outputs": {"S": ["p", "q"], "T": None}},
        {"id": 2, "references": {"A": "z"}, "outputs": {"S": ["p"], "T": ["r"]}},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = read_inputs([str(tmp_path / "a.parquet")], allow_missing=True)
    assert [len(item.references) for item in found.items] == [2, 1]
    assert [(o.id, o.system, o.sample, o.text) for o in found.outputs] == [
        ("1", "S", 0, "p"),
        ("1", "S", 1, "q"),
        ("2", "S", 0, "p"),
        ("2", "T", 0, "r"),
    ]
    assert found.missing_outputs == (("T", "1"),)


def test_csv_rows_repeat(tmp_path: Path) -> None:
    """In a table of references an item may take a row for each reference."""
    (tmp_path / "r.csv").write_text("id,reference\n1,a\n2,b\n1,\n1,c\n", encoding="utf-8")
    sets, notes, _ = read_references([str(tmp_path / "r.csv")])
    assert [(s.id, [r.text for r in s.references]) for s in sets] == [("1", ["a", "c"]), ("2", ["b"])]
    assert notes == ("using column 'reference' as references",)


def test_long_field(tmp_path: Path) -> None:
    """A CSV cell may be longer than Python's limit, which stays as it was."""
    (tmp_path / "r.csv").write_text("id,reference\n1," + "a" * 200_000, encoding="utf-8")
    assert len(read_references([str(tmp_path / "r.csv")])[0][0].references[0].text) == 200_000


def test_ids_across_files(tmp_path: Path) -> None:
    """1 in one file is "1" in another, and that is said."""
    (tmp_path / "a.jsonl").write_bytes(lines([{"id": 1, "output": "x", "references": ["r"]}]))
    (tmp_path / "b.jsonl").write_bytes(lines([{"id": "1", "output": "x"}, {"id": "2", "output": "x"}]))
    (tmp_path / "r.jsonl").write_bytes(lines([{"id": "1", "references": ["r"]}, {"id": 2, "references": ["r"]}][:1]))
    found = read_inputs([str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")], allow_missing=True)
    assert [item.id for item in found.items] == ["1", "2"]
    assert any("1 and '1' were joined" in note for note in found.notes)


def test_numpy() -> None:
    """Arrays of texts and of ids are lists as well; what comes out is plain Python."""
    found = inputs_from_lists(
        predictions=np.array(["a", "b"]),  # type: ignore[arg-type]
        references=np.array([["x", "y"], ["z", "w"]]),  # type: ignore[arg-type]
        ids=np.array([7, 8]),  # type: ignore[arg-type]
    )
    assert [(o.id, type(o.text), o.text) for o in found.outputs] == [("7", str, "a"), ("8", str, "b")]
    assert [[r.text for r in item.references] for item in found.items] == [["x", "y"], ["z", "w"]]


BIG_ID = 12345678901234567890123


def save_jsonl(folder: Path) -> None:
    """A folder of JSON lines with a card, splits named as `datasets` names them."""
    folder.mkdir()
    row = {"id": BIG_ID, "reference": "2021-01-01", "output": "x"}
    (folder / "test.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (folder / "train.jsonl").write_text(json.dumps(row | {"id": 2}) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: test.jsonl\n"
        "  - split: train\n    path: train.jsonl\n---\n",
        encoding="utf-8",
    )


def test_folder_of_files(tmp_path: Path) -> None:
    """A folder is laid out by `datasets` and read by geneval: long numbers and dates stay as written."""
    save_jsonl(tmp_path / "d")
    found = read_inputs([f"S={tmp_path / 'd'}?split=test"])
    assert found.items == (ReferenceSet(str(BIG_ID), (Reference("2021-01-01"),)),)
    assert found.systems == ("S",)
    assert found.files[0].name == "d"
    with pytest.raises(UsageError, match=r"say which split; there are test, train"):
        read_inputs([str(tmp_path / "d")])
    with pytest.raises(UsageError, match=r"no split 'dev'; there are test, train"):
        read_inputs([f"{tmp_path / 'd'}?split=dev"])


def test_folders_of_other_files(tmp_path: Path) -> None:
    """Tables in a folder go through geneval's readers, other files through those of `datasets`."""
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "train.csv").write_text("id,reference\n01,2021-01-01\n", encoding="utf-8")
    assert read_references([str(tmp_path / "csv")])[0] == (ReferenceSet("01", (Reference("2021-01-01"),)),)
    (tmp_path / "txt").mkdir()
    (tmp_path / "txt" / "train.txt").write_text("a dog\n", encoding="utf-8")
    columns = {"id": "text", "references": "text"}
    sets, _, _ = read_references([str(tmp_path / "txt")], columns=columns)
    assert sets == (ReferenceSet("a dog", (Reference("a dog"),)),)
    with pytest.raises(UsageError, match="nowhere"):
        read_references([f"{tmp_path / 'csv'}?config=nowhere"])


def test_reference_sets_as_lists() -> None:
    """Reference sets keep their ids, sources and evidence; references may be objects already."""
    sets = (ReferenceSet("x", (Reference("a", tier="verified"),), source="s", condition="c"), ReferenceSet("y"))
    found = inputs_from_lists(predictions=["p", "q"], references=sets, sources=[None, "t"], allow_missing=True)
    assert found.items == (sets[0], ReferenceSet("y", (), "t"))
    assert found.systems == ("system",)
    objects = inputs_from_lists(predictions=["p"], references=[[Reference("a", tier="verified")]])  # type: ignore[list-item]
    assert objects.items[0].references == sets[0].references


def test_saved_to_disk(tmp_path: Path) -> None:
    """`save_to_disk` folders of a data set, or of several splits."""
    import datasets

    datasets.disable_progress_bars()
    data = datasets.Dataset.from_list(WIDE)
    data.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"test": data, "train": data.select([0])}).save_to_disk(str(tmp_path / "two"))
    assert facts(read_inputs([str(tmp_path / "one")])) == facts(EXPECTED)
    assert facts(read_inputs([f"{tmp_path / 'two'}?split=test"])) == facts(EXPECTED)
    with pytest.raises(UsageError, match=r"say which split; there are test, train"):
        read_inputs([str(tmp_path / "two")])
    with pytest.raises(UsageError, match="without splits"):
        read_inputs([f"{tmp_path / 'one'}?split=test"])


def test_hub_cache(tmp_path: Path) -> None:
    """Offline, a Hub name is read from what `hf download` left in the cache."""
    repo = tmp_path / "hub" / "datasets--owner--name"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("0" * 40)
    (repo / "snapshots").mkdir()
    save_jsonl(repo / "snapshots" / ("0" * 40))
    code = """
from geneval.data import read_inputs
for name in ("hf://owner/name", "hf://datasets/owner/name"):
    found = read_inputs(["S=" + name + "?split=test"])
    print(found.items[0].id, found.files[0].name)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.splitlines() == [
        f"{BIG_ID} hf://owner/name?split=test",
        f"{BIG_ID} hf://datasets/owner/name?split=test",
    ], run.stderr

"""One bad file an error: each is refused with file, line, id, column, what came and what is due."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard

from geneval.data import (
    inputs_from_lists,
    read_inputs,
    read_judgements,
    read_preferences,
    read_ratings,
    read_references,
)
from geneval_references import InputError, MissingDependencyError, ReferenceSet, UsageError

GOOD = b'{"id":"1","system":"A","output":"a dog","references":["a dog"]}\n'
BIG = b"".join(GOOD.replace(b'"1"', b'"%d"' % n) for n in range(3000))


def row(**fields: object) -> bytes:
    """One line of a file of outputs, right but for the given fields."""
    return json.dumps({"id": "1", "system": "A", "output": "a dog", "references": ["a dog"]} | fields).encode() + b"\n"


# (file, bytes, parts of the message)
BAD_FILES: list[tuple[str, bytes, Sequence[str]]] = [
    ("a.jsonl", b"", ["a.jsonl: 0 items"]),
    ("a.jsonl", b"\n \n", ["a.jsonl: 0 items"]),
    ("a.jsonl", GOOD + b'{"id":"2"\n', ["a.jsonl:2: no JSON: the line ends within a value"]),
    ("a.jsonl", GOOD + b'["2"]\n', ["a.jsonl:2: got a list; each line holds one JSON object"]),
    ("a.jsonl", GOOD + b'{"id":"2","output":"\xff"}\n', ["a.jsonl:2: the byte 0xff at offset 84 is not UTF-8"]),
    ("a.jsonl", row(output="\ud800!"), ["a.jsonl:1: an escape such as \\ud800 stands alone"]),
    ("a.jsonl", b'{"id":"1","output":NaN}\n', ["a.jsonl:1: NaN and Infinity are no JSON; write null"]),
    ("a.jsonl", b'{"id":"1","id":"2","output":"a"}\n', ["a.jsonl:1: column 'id': the key is there twice"]),
    ("a.jsonl", b'{"id":"1","a" : "x:y","a":"\\u003a\\u003a"}\n', ["column 'a': the key is there twice"]),
    ("a.jsonl", b'{"id":"1","ratings":{"A":1,"A":2},"output":"a"}\n', ["column 'A': the key is there twice"]),
    ("a.jsonl", b"[" * 100_000 + b"\n", ["a.jsonl:1: "]),
    ("a.jsonl", b'{"id":"1","meta":' + b"[" * 980 + b"]" * 980 + b"}\n", ["a.jsonl:1: the JSON is nested too deeply"]),
    ("a.jsonl", row(output=None), ["a.jsonl:1: id '1', column 'output': got null; a text is due (write \"\""]),
    ("a.jsonl", row(output=3), ["column 'output': got the number 3; a text is due"]),
    ("a.jsonl", row(output=["a", None]), ["column 'output[1]': got null"]),
    ("a.jsonl", row(output=[]), ["column 'output': got an empty list"]),
    ("a.jsonl", row(id=1.0), ["id 1.0, column 'id': got the number 1.0; a text or a whole number is due"]),
    ("a.jsonl", row(id=True), ["column 'id': got the truth value True"]),
    ("a.jsonl", row(id=""), ["column 'id': got an empty text"]),
    ("a.jsonl", row(id=None), ["column 'id': got null"]),
    ("a.jsonl", b'{"output":"a"}\n', ["a.jsonl:1: column 'id': no such column (or item, item_id", "--column id=NAME"]),
    ("a.jsonl", b'{"id":"1","text":"a"}\n', ["column 'output': no such column", "the row has id, text"]),
    ("a.jsonl", row(system=None, sample=-1), ["column 'sample': got the number -1; a whole number from 0 on"]),
    ("a.jsonl", row(system=2.5), ["column 'system': got the number 2.5"]),
    ("a.jsonl", GOOD * 2, ["a.jsonl:2: id '1', column 'id': system 'A' already has sample 0", "at a.jsonl:1"]),
    ("a.jsonl", row(id=1) + row(system="B"), ["a.jsonl:2: id '1'", "a text here and a number at a.jsonl:1"]),
    ("a.jsonl", row() + row(system="B", references=["x"]), ["column 'references': differs", "at a.jsonl:1"]),
    ("a.jsonl", row(source="x") + row(system="B", source="y"), ["column 'source': differs", "at a.jsonl:1"]),
    ("a.jsonl", row(source=7), ["column 'source': got the number 7; a text is due"]),
    ("a.jsonl", row(references=3), ["column 'references': got the number 3; a list of texts is due"]),
    ("a.jsonl", row(references=["a", None]), ["column 'references[1]': got null; a text, or an object with a text"]),
    ("a.jsonl", row(references={"refA": None}), ["column 'references.refA': got null"]),
    ("a.jsonl", row(references={"text": "a", "tier": "original"}), ["got one reference object; write a list of them"]),
    ("a.jsonl", row(references=[{"text": "a", "teir": "x"}]), ["no field 'teir'; did you mean 'tier'?"]),
    ("a.jsonl", row(references=[{"text": "a", "tier": "gold"}]), ["references[0]", "no tier 'gold'; the tiers are"]),
    ("a.jsonl", row(references=[{"tier": "original"}]), ["references[0]", "a reference object has no 'text'"]),
    ("a.jsonl", row(references=[{"text": None}]), ["references[0].text", "got null; a text is due"]),
    ("a.jsonl", row(references=[{"text": "a", "confidence": 2}]), ["[0, 1], got 2"]),
    ("a.jsonl", row(references=[{"text": "a", "confidence": "x"}]), ["confidence", "a number in [0, 1] is due"]),
    ("a.jsonl", row(references=[{"text": "a", "votes": {"valid": -1}}]), ["votes are an object of counts"]),
    ("a.jsonl", row(references=[{"text": "a", "votes": ["x"]}]), ["votes are an object of counts"]),
    ("a.jsonl", row(ratings=3), ["column 'ratings': got the number 3; an object"]),
    ("a.jsonl", row(outputs={"A": "a"}), ["both 'output' and 'outputs' are there"]),
    ("a.jsonl", b'{"id":"1","outputs":["a"]}\n', ["column 'outputs': got a list; an object"]),
    ("a.jsonl", b'{"id":"1","outputs":{"A":null}}\n', ["column 'outputs.A': got null; a text is due"]),
    ("a.jsonl", b'{"id":"1","outputs":{"A":"x"},"references":[]}\n', ["1 of 1 items have no references: '1'"]),
    ("a.jsonl", b'{"id":"1","outputs":{},"references":["x"]}\n', ["0 outputs"]),
    (
        "a.jsonl",
        b'{"id":"1","response":"a","completion":"b"}\n',
        ["could each be 'output'", "--column output=response"],
    ),
    (
        "a.jsonl.gz",
        gzip.compress(GOOD + row(id="2"))[:-12],
        ["a.jsonl.gz:", "breaks off or is damaged after this line"],
    ),
    ("a.jsonl.gz", GOOD, ["a.jsonl.gz:0: the compressed file breaks off or is damaged"]),
    ("a.jsonl.zst", zstandard.compress(BIG)[:-5], ["a.jsonl.zst:", "breaks off or is damaged after this line"]),
    ("a.jsonl.zst", GOOD, ["a.jsonl.zst:0: the compressed file breaks off or is damaged"]),
    ("a.parquet", GOOD, ["a.parquet: no Parquet file, or a damaged one"]),
    ("a.csv", b"", ["a.csv: 0 items"]),
    ("a.csv", b"id,output,references.0\n1,a\n", ["a.csv:2: 2 cells, but the header has 3"]),
    ("a.csv", b"id,output\n1,\xff\n", ["a.csv:2: the byte 0xff at offset 12 is not UTF-8"]),
    ("a.csv", b'id,output\n1,"a\n', ["no CSV: unexpected end of data"]),
    ("a.csv", b"id,id,output\n1,1,a\n", ["a.csv:1: the column 'id' is there twice"]),
    ("a.csv", b"id,output,references\n1,a,\"['x', 'y']\"\n", ["looks like a list put into one cell"]),
    ("a.csv", b"id,output,references,references.0\n1,a,b,c\n", ["keep one form"]),
    ("a.csv", b"id,output,references.0,ratings.A\n1,a,b,good\n", ["column 'ratings.A': got the text 'good'"]),
    ("a.csv", b"id,output,references.0,ratings.A\n1,a,b,inf\n", ["column 'ratings.A': got inf; a finite number"]),
    ("a.csv", b"id,output,references.0,sample\n1,a,b,x\n", ["column 'sample': got the text 'x'"]),
]


@pytest.mark.parametrize(("name", "data", "parts"), BAD_FILES, ids=[parts[0][:50] for *_, parts in BAD_FILES])
def test_bad_outputs(tmp_path: Path, name: str, data: bytes, parts: Sequence[str]) -> None:
    """Every problem of a file of outputs is an InputError that says where it is and what to do."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as error:
        read_inputs([str(tmp_path / name)])
    assert all(part in str(error.value) for part in parts), str(error.value)
    assert str(tmp_path) not in str(error.value)


BAD_REFERENCES: list[tuple[str, bytes, str]] = [
    ("r.jsonl", b'{"id":"1","references":["a"]}\n' * 2, "r.jsonl:2: id '1', column 'id': this item is already at r.js"),
    (
        "r.jsonl",
        b'{"id":"1","references":["a"]}\n{"id":1,"references":["a"]}\n',
        "a number here and a text at r.jsonl:1",
    ),
    ("r.jsonl", b'{"id":"1","refs":["a"],"targets":["b"]}\n', "columns 'refs', 'targets' could each be 'references'"),
    ("r.jsonl", b'{"id":"1"}\n', "column 'references': no such column (or ref, refs, reference, target, targets)"),
    ("r.csv", b"id,references.0\n1,a\n1,b\n", "this item is already at r.csv:2"),
    ("r.csv", b"id,source,reference\n1,x,a\n1,y,b\n", "column 'source': differs from the same item at r.csv:2"),
]


@pytest.mark.parametrize(("name", "data", "message"), BAD_REFERENCES)
def test_bad_references(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    """Files of references are checked in the same way."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as error:
        read_references([str(tmp_path / name)])
    assert message in str(error.value)


PREFERENCE = {"id": "1", "a": "A", "b": "B", "winner": "a"}
JUDGEMENT = {"id": "1", "text": "x", "verdict": "valid", "annotator": "p", "guideline": "g"}
BAD_PEOPLE = [
    (
        read_preferences,
        PREFERENCE | {"winner": "A"},
        "p.jsonl:1: id '1', column 'winner': got the text 'A'; one of a, b",
    ),
    (read_preferences, PREFERENCE | {"winner": "both bad"}, "did you mean 'both_bad'?"),
    (read_preferences, PREFERENCE | {"winner": None}, "got null; one of a, b, tie, both_bad, skip is due"),
    (read_preferences, PREFERENCE | {"winner": "left"}, "got the text 'left'"),
    (read_preferences, PREFERENCE | {"shown_left": "A"}, "column 'shown_left': got the text 'A'; one of a, b"),
    (read_preferences, PREFERENCE | {"output_a": 1}, "column 'output_a': got the number 1"),
    (read_preferences, PREFERENCE | {"a_system": "A"}, "--column a=a_system --column output_a=a"),
    (
        read_judgements,
        JUDGEMENT | {"verdict": "vaild"},
        "one of valid, partly, invalid, skip is due; did you mean 'valid'",
    ),
    (
        read_judgements,
        {"id": "1", "text": "x", "verdict": "valid"},
        "column 'annotator': no such column (or worker, judge)",
    ),
    (read_ratings, {"id": "1", "system": "A", "value": "4"}, "column 'value': got the text '4'; a number is due"),
    (read_ratings, {"id": "1", "system": "A", "value": True}, "got the truth value True; a number is due"),
    (read_ratings, {"id": "1", "ratings": [1]}, "column 'ratings': got a list"),
]


@pytest.mark.parametrize(("read", "fields", "message"), BAD_PEOPLE)
def test_bad_people(tmp_path: Path, read: type, fields: dict[str, object], message: str) -> None:
    """Labels that do not exist are refused, never guessed."""
    (tmp_path / "p.jsonl").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read([str(tmp_path / "p.jsonl")])
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("cell", "message"), [("good", "got the text 'good'; a number"), ("nan", "got nan; a finite number is due")]
)
def test_bad_cells(tmp_path: Path, cell: str, message: str) -> None:
    """A cell of a table is a number or an error, never NaN."""
    (tmp_path / "r.csv").write_text(f"id,system,value\n1,A,{cell}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_ratings([str(tmp_path / "r.csv")])
    assert f"r.csv:2: id '1', column 'value': {message}" in str(error.value)


def test_sources_differ(tmp_path: Path) -> None:
    """Files of outputs and of references agree on an item's source."""
    (tmp_path / "a.jsonl").write_bytes(b'{"id":"1","output":"x","source":"s"}\n')
    (tmp_path / "r.jsonl").write_bytes(b'{"id":"1","references":["x"],"source":"t"}\n')
    with pytest.raises(
        InputError, match=r"a.jsonl:1: id '1', column 'source': differs from the same item at r.jsonl:1"
    ):
        read_inputs([str(tmp_path / "a.jsonl")], references=[str(tmp_path / "r.jsonl")])


def test_references_differ(tmp_path: Path) -> None:
    """References that stand in both places are the same ones."""
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    (tmp_path / "r.jsonl").write_bytes(b'{"id":"1","references":["a cat"]}\n')
    with pytest.raises(
        InputError, match=r"a.jsonl:1: id '1', column 'references': differs .* r.jsonl:1; give them once"
    ):
        read_inputs([str(tmp_path / "a.jsonl")], references=[str(tmp_path / "r.jsonl")])


def test_first_five(tmp_path: Path) -> None:
    """Five problems are shown, all are counted."""
    (tmp_path / "a.jsonl").write_bytes(b"".join(row(id=str(n), output=None) for n in range(9)))
    with pytest.raises(InputError) as error:
        read_inputs([str(tmp_path / "a.jsonl")])
    lines = str(error.value).splitlines()
    assert [line.split(":")[1] for line in lines[:5]] == list("12345")
    assert lines[5:] == ["... and 4 more (9 problems)"]


USAGE = [
    (["a.jsonl"], {"columns": {"outptu": "x"}}, "no column 'outptu' to set; did you mean 'output'?"),
    (["a.jsonl"], {"columns": {"output": "outptu"}}, "output=outptu: no column 'outptu'; did you mean 'output'?"),
    (["a.jsonl"], {"format": "yaml"}, "no format 'yaml'; the formats are jsonl, json, parquet, csv, tsv, text"),
    (["a.txt"], {}, "is read with format text"),
    (["a.yaml"], {}, "the suffix '.yaml' does not tell the format"),
    (["-", "-"], {}, "stdin"),
    (["=a.jsonl"], {}, "is no NAME=FILE"),
    ([], {}, "no file of outputs"),
    ("a.jsonl", {}, "got one string, a list of files is due"),
    (["b/a.jsonl", "a.jsonl"], {}, "two files name a system 'a'"),
    (["hf://o/n?spilt=x"], {}, "no option 'spilt'; the options are split=... and config=..."),
]


@pytest.mark.parametrize(("outputs", "options", "message"), USAGE)
def test_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outputs: list[str], options: dict[str, object], message: str
) -> None:
    """Options that do not exist or do not fit are UsageErrors, with the nearest name."""
    monkeypatch.chdir(tmp_path)
    Path("b").mkdir()
    line = b'{"id":"1","output":"x","references":["a"]}\n'
    for name in ("a.jsonl", "a.txt", "a.json"):
        Path(name).write_bytes(line)
    Path("b/a.jsonl").write_bytes(line.replace(b'"1"', b'"2"'))
    Path("other.jsonl").write_bytes(b'{"id":"1","references":["b"]}\n')
    with pytest.raises(UsageError) as error:
        read_inputs(outputs, **options)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_missing_sides(tmp_path: Path) -> None:
    """Ids on one side only are listed, or kept and counted where that is allowed."""
    (tmp_path / "a.jsonl").write_bytes(b"".join(b'{"id":"%d","output":"x"}\n' % n for n in range(8)))
    (tmp_path / "r.jsonl").write_bytes(b'{"id":"0","references":["a"]}\n{"id":"9","references":["a"]}\n')
    files = [str(tmp_path / "a.jsonl")], [str(tmp_path / "r.jsonl")]
    with pytest.raises(InputError) as error:
        read_inputs(files[0], references=files[1])
    assert "7 of 9 items have no references: '1', '2', '3', '4', '5', ... (7 in all)" in str(error.value)
    assert "system 'a' has no output for 1 of 9 items: '9'" in str(error.value)
    found = read_inputs(files[0], references=files[1], allow_missing=True)
    assert found.missing_outputs == (("a", "9"),)
    assert [item.id for item in found.items] == ["0", "9", "1", "2", "3", "4", "5", "6", "7"]
    assert any("7 items have no references" in note for note in found.notes)


LISTS = [
    ({"predictions": "a dog", "references": [["a"]]}, "predictions is the text 'a dog'; a list"),
    ({"predictions": ["a"], "references": "a dog"}, "references is the text 'a dog'; a list"),
    ({"predictions": ["a", "b"], "references": [["a"]]}, "number of predictions (2) and references (1)"),
    ({"predictions": ["a"], "references": [["a", "b"], ["b"]]}, "predictions ends before entry 1"),
    ({"predictions": ["a", "b", "c"], "references": [["a", "b", "c"], ["d", "e", "f"]]}, "looks transposed"),
    ({"predictions": ["a", None], "references": [["a"], ["b"]]}, "predictions[1] (id '2'): got null"),
    ({"predictions": ["a", float("nan")], "references": [["a"], ["b"]]}, "got the number nan; a list of texts"),
    ({"predictions": ["a", 3], "references": [["a"], ["b"]]}, "predictions[1] (id '2'): got the number 3"),
    ({"predictions": [b"a"], "references": [["a"]]}, "got bytes b'a'"),
    ({"predictions": ["\ud800"], "references": [["a"]]}, "lone surrogate"),
    ({"predictions": ["a"], "references": [["a", None]]}, "references[0]: got null; a text is due"),
    ({"predictions": ["a"], "references": [None]}, "1 of 1 items have no references: '1'"),
    ({"predictions": ["a"], "references": [[]]}, "1 of 1 items have no references"),
    ({"predictions": [[]], "references": [["a"]]}, "0 outputs"),
    ({"predictions": {}, "references": [["a"]]}, "predictions is an empty dict"),
    ({"predictions": {"A": ["a"], "B": []}, "references": [["a"]]}, "predictions['B'] (0) and references (1)"),
    ({"predictions": [], "references": []}, "0 items"),
    ({"predictions": ["a"], "references": [["a"]], "ids": ["1", "2"]}, "number of ids (2) and references (1)"),
    ({"predictions": ["a"], "references": [["a"]], "sources": "x"}, "sources is the text 'x'"),
    ({"predictions": ["a", "b"], "references": ["a", "b"], "ids": [1, "1"]}, "ids[1]: the id '1' is already that"),
    ({"predictions": ["a"], "references": ["a"], "ids": [1.5]}, "references[0]: got the number 1.5"),
    ({"predictions": ["a"], "references": [ReferenceSet("7")], "ids": ["1"]}, "the reference set's id is '7'"),
]


@pytest.mark.parametrize(("arguments", "message"), LISTS)
def test_lists(arguments: dict[str, object], message: str) -> None:
    """What Python hands in is checked as files are."""
    with pytest.raises(InputError) as error:
        inputs_from_lists(**arguments)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_text_counts(tmp_path: Path) -> None:
    """Text files whose numbers of lines differ are refused with all counts."""
    for name, lines in (("a", "x\ny\n"), ("r1", "x\ny\n"), ("r2", "x\n")):
        (tmp_path / name).write_text(lines, encoding="utf-8")
    paths = [str(tmp_path / name) for name in ("a", "r1", "r2")]
    with pytest.raises(InputError, match="r1 has 2, r2 has 1"):
        read_inputs(paths[:1], references=paths[1:], format="text")
    with pytest.raises(InputError, match=r"no references: '2'"):
        read_inputs(paths[:1], references=paths[2:], format="text")


def test_two_names(tmp_path: Path) -> None:
    """NAME=FILE is for files that do not name their systems."""
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    (tmp_path / "w.jsonl").write_bytes(b'{"id":"1","outputs":{"A":"x"},"references":["x"]}\n')
    with pytest.raises(InputError, match=r"names its system, 'A', and so does B=FILE"):
        read_inputs([f"B={tmp_path / 'a.jsonl'}"])
    with pytest.raises(InputError, match=r"names its systems, and so does B=FILE"):
        read_inputs([f"B={tmp_path / 'w.jsonl'}"])


def test_same_file_name(tmp_path: Path) -> None:
    """Two files with one name are told apart by their paths, as given."""
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "out.jsonl").write_bytes(row(system=None, output=1 if folder == "b" else "x"))
    with pytest.raises(InputError, match=r"b/out.jsonl:1: id '1'"):
        read_inputs([f"{folder}={tmp_path / folder / 'out.jsonl'}" for folder in "ab"])


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without data is an InputError."""
    with pytest.raises(InputError, match="no data set here"):
        read_inputs([str(tmp_path)])


def test_no_file() -> None:
    """A file that is not there is an InputError."""
    with pytest.raises(InputError, match=r"nowhere/a.jsonl: no such file"):
        read_inputs(["nowhere/a.jsonl"])


def test_hub_offline() -> None:
    """A data set that is not in the cache names the command that fetches it."""
    with pytest.raises(MissingDependencyError, match="hf download --repo-type dataset nobody/nothing"):
        read_inputs(["hf://nobody/nothing?split=test"])

"""Every fault of what Python hands in, and texts that look odd and must be scored right, through every door."""

from __future__ import annotations

import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fault_cases import CALLS, GOOD, RIGHT, SEPARATORS

import geneval
from geneval.data import inputs_from_lists, read_inputs
from geneval_references import InputError


@pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
def test_score_refuses(call):
    with pytest.raises(InputError) as error:
        geneval.score(predictions=call.predictions, references=call.references, scorers="exact", **call.others)
    assert call.words in str(error.value)


@pytest.mark.parametrize("call", RIGHT, ids=[call.name for call in RIGHT])
def test_texts_that_look_odd_are_scored_right(call):
    result = geneval.score(predictions=call.predictions, references=call.references, scorers="bleu", resamples=0)
    assert result.scores[0].score == pytest.approx(float(call.words))


def as_jsonl(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_csv(rows):
    cells = ['"' + '","'.join((r["id"], r["output"], r["references"][0])) + '"' for r in rows]
    return "\n".join(["id,output,references.0", *cells]).encode()


def as_parquet(rows):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


DOORS = {"jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet}
# The item behind the odd one is a wrong answer: a reader that shifts texts would make it a right one, or both wrong.
ODD = [(door, name) for door in DOORS for name in SEPARATORS]


@pytest.mark.parametrize(("door", "name"), ODD, ids=[f"{name}, {door}" for door, name in ODD])
def test_no_reader_ends_a_text_where_it_goes_on(tmp_path, command, door, name):
    text = f"one{SEPARATORS[name]}two"
    rows = [{"id": "1", "output": text, "references": [text]}, {"id": "2", "output": "two", "references": ["one"]}]
    rows.append({"id": "3", "output": "x y", "references": ["x y"]})
    path = tmp_path / f"o.{door}"
    path.write_bytes(DOORS[door](rows))
    found = read_inputs([str(path)])
    assert [output.text for output in found.outputs] == [row["output"] for row in rows]
    assert [item.references[0].text for item in found.items] == [row["references"][0] for row in rows]
    code, stdout, _ = command("score", path, "-s", "exact", "-s", "coco_bleu(n=1)", "--format", "json")
    exact, coco = json.loads(stdout)["scores"]
    assert (code, exact["score"], exact["n"]) == (0, 2 / 3, 3)
    assert coco["score"] == pytest.approx(4 / 5 if SEPARATORS[name] != " ||| " else 7 / 8, abs=1e-3)


@pytest.mark.parametrize("name", [name for name in SEPARATORS if name not in {"LF", "CR LF"}])
def test_only_a_line_feed_ends_a_line_of_text(tmp_path, command, name):
    lines = f"one{SEPARATORS[name]}two\ntwo\nx y\n"
    (tmp_path / "o").write_text(lines, encoding="utf-8", newline="")
    (tmp_path / "r").write_text(lines.replace("\ntwo\n", "\none\n"), encoding="utf-8", newline="")
    code, stdout, _ = command("score", "o", "-r", "r", "-s", "exact", "--format", "text", "--format", "json")
    assert code == 0 and json.loads(stdout)["scores"][0]["score"] == 2 / 3


@pytest.mark.java
@pytest.mark.parametrize("name", SEPARATORS)
def test_no_text_is_shifted_on_its_way_through_java(name):
    text = f"one{SEPARATORS[name]}two"
    asked = {"predictions": [text, "two", "x y"], "references": [[text], ["one"], ["x y"]], "resamples": 0}
    java = geneval.score(**asked, scorers="coco_bleu(n=1, tokenizer='ptb-java')")
    python = geneval.score(**asked, scorers="coco_bleu(n=1)")
    assert java.to_pandas().score.tolist() == python.to_pandas().score.tolist()
    assert java.scores[0].score == python.scores[0].score and java.to_pandas().score[1] < 1e-6


ENDS = [("BOM", b"\xef\xbb\xbf", b"\n"), ("CR LF", b"", b"\r\n"), ("BOM and CR LF", b"\xef\xbb\xbf", b"\r\n")]
ENDS += [("no last line feed", b"", b"")]
FORMS = {
    "jsonl": (b'{"id":"1","output":"a b c d","references":["a b c d"]}', None),
    "csv": (b"id,output,references.0\n1,a b c d,a b c d", None),
    "tsv": (b"id\toutput\treferences.0\n1\ta b c d\ta b c d", None),
    "text": (b"a b c d", "text"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("begin", "end"), [row[1:] for row in ENDS], ids=[name for name, *_ in ENDS])
def test_marks_and_line_ends_of_a_file_are_no_part_of_its_texts(tmp_path, command, form, begin, end):
    body, text = FORMS[form]
    written = begin + body.replace(b"\n", end or b"\n") + end
    (tmp_path / f"o.{form}").write_bytes(written)
    (tmp_path / f"r.{form}").write_bytes(written)
    extra = ["-r", f"r.{form}", "--format", "text"] if text else []
    code, stdout, stderr = command("score", f"o.{form}", *extra, "-s", "bleu(tokenizer='none')", "--format", "json")
    assert code == 0 and json.loads(stdout)["scores"][0]["score"] == pytest.approx(100)
    assert ("byte order mark" in stderr) == bool(begin)


# name | ids as JSON | ids as they must be
IDS = [
    ("dates", ['"2020-01-02"', '"20200103"'], ["2020-01-02", "20200103"]),
    ("digits", ['"1"', '"01"', '"1.0"', '"1e0"'], ["1", "01", "1.0", "1e0"]),
    ("a number of 23 digits", ["12345678901234567890123"], ["12345678901234567890123"]),
    ("paths", ['"../../etc/passwd"', '"/"', '"..\\\\x"'], ["../../etc/passwd", "/", "..\\x"]),
    ("control characters", ['"a\\nb"', '"\\u0000"', '"\\u001b[2J"'], ["a\nb", "\0", "\x1b[2J"]),
    ("marks of direction", ['"\\u202eabc"'], ["\u202eabc"]),
    ("words for nothing", ['"null"', '"nan"', '"NaN"', '"None"', '" "'], ["null", "nan", "NaN", "None", " "]),
    ("composed and not", ['"\u00e9"', '"e\u0301"'], ["\u00e9", "e\u0301"]),
]


@pytest.mark.parametrize(("written", "ids"), [row[1:] for row in IDS], ids=[name for name, *_ in IDS])
def test_ids_stay_as_they_are_written(tmp_path, command, written, ids):
    rows = "".join(f'{{"id":{id_},"output":"{n}","references":["{n}"]}}\n' for n, id_ in enumerate(written))
    (tmp_path / "o.jsonl").write_text(rows, encoding="utf-8")
    assert [item.id for item in read_inputs([str(tmp_path / "o.jsonl")]).items] == ids
    code, stdout, stderr = command("score", "o.jsonl", "-s", "exact", "-o", "run", "--format", "table")
    assert code == 0
    assert not set(stdout + stderr) & {"\x1b", "\0", "\u202e"}
    assert geneval.Result.open(tmp_path / "run").to_pandas().id.tolist() == ids
    # An id never becomes a path.
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        ["o.jsonl", "run", "results.json", "segments.parquet", "manifest.json"]
    )


@pytest.mark.parametrize("door", ["csv", "parquet"])
def test_tables_keep_ids_and_texts_too(tmp_path, door):
    rows = [{"id": id_, "output": "2020-01-02", "references": ["1.50"]} for id_ in ("01", "1", "2020-01-02", "1e5")]
    (tmp_path / f"o.{door}").write_bytes(DOORS[door](rows))
    found = read_inputs([str(tmp_path / f"o.{door}")])
    assert [item.id for item in found.items] == ["01", "1", "2020-01-02", "1e5"]
    assert {output.text for output in found.outputs} == {"2020-01-02"} and found.items[0].references[0].text == "1.50"


# An output without a word: the worst score of the scorer, or what the tool of record gives.
EMPTY = [
    ("bleu", 0.0),
    ("chrf", 0.0),
    ("ter", 100.0),
    ("rouge(kind='L')", 0.0),
    ("rouge(kind='2')", 0.0),
    ("rouge(kind='Lsum')", 0.0),
    ("token_f1", 0.0),
    ("exact", 0.0),
    ("coco_bleu(n=4)", 0.0),
    ("coco_rouge_l", 0.0),
    ("cider(tokenizer='unicode')", 0.0),
]


@pytest.mark.parametrize("text", ["", "  ", "\u2028\t"], ids=["empty", "spaces", "separators"])
@pytest.mark.parametrize(("spec", "worst"), EMPTY, ids=[spec for spec, _ in EMPTY])
def test_an_empty_output_has_the_worst_score_and_is_counted(spec, worst, text):
    asked = {"predictions": [text, "a b c d"], "references": [["e f g h"], ["a b c d"]]}
    result = geneval.score(**asked, scorers=spec, resamples=0)
    frame = result.to_pandas()
    assert frame.score[0] == pytest.approx(worst, abs=1e-6) and result.columns["flag"] == ["empty_output", None]
    assert (result.scores[0].n, result.scores[0].n_flagged, result.scores[0].n_failed) == (2, 1, 0)


def test_lists_may_be_made_of_anything_that_holds_texts():
    numpy = pytest.importorskip("numpy")
    found = inputs_from_lists(predictions=numpy.array(["a", "b"]), references=(("a",), ["b", "c"]))
    assert [len(item.references) for item in found.items] == [1, 2]
    assert all(type(output.text) is str for output in found.outputs)


def test_what_other_files_say_of_a_reference_is_no_file_name(tmp_path, command):
    rows = [{"id": "1", "outputs": {"../../evil\n": "a", "[link=http://x]y[/link]": "b"}, "references": ["a"]}]
    (tmp_path / "o.jsonl").write_bytes(as_jsonl(rows))
    for form in ("table", "markdown", "latex", "csv"):
        code, stdout, stderr = command("score", "o.jsonl", "-s", "exact", "--format", form)
        assert code == 0 and "[link=http://x]y[/link]" in stdout
        assert not [line for line in stderr.splitlines() if line.startswith("'s 1 outputs")]
    assert [path.name for path in tmp_path.parent.glob("*evil*")] == []


STEERING = "\x1b]52;c;x\x07\x9b31m\u202e\u2066[red]\x7f\U000e0041"


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "latex"])
def test_no_name_steers_a_terminal(tmp_path, command, form):
    rows = [{"id": STEERING, "outputs": {STEERING: "a", f"={STEERING}": "b"}, "references": ["a"]}]
    rows += [{"id": "2", "outputs": {STEERING: "a"}, "references": ["a"]}]
    (tmp_path / "o.jsonl").write_bytes(as_jsonl(rows))
    for arguments in (
        ["score", "o.jsonl", "-s", "exact", "--allow-missing", "--format", form],
        ["score", "o.jsonl", "-s", "exact"],
        ["validate", "o.jsonl", "--format", form if form == "json" else "table"],
        ["references", "describe", "o.jsonl", "--format", form if form == "json" else "table"],
    ):
        _, stdout, stderr = command(*arguments)
        assert not set(stdout + stderr) & (set(STEERING) - set("]52;c;x31m[red]"))
    _, stdout, _ = command("score", "o.jsonl", "-s", "exact", "--allow-missing", "-q", "--format", "json")
    assert json.loads(stdout)["scores"][0]["system"] == STEERING  # JSON says it all the same


@pytest.mark.skipif(not hasattr(os, "fsencode") or os.name == "nt", reason="file names are texts here")
def test_a_file_name_that_is_no_text_is_shown_with_escapes(tmp_path, command):
    (tmp_path / os.fsdecode(b"\xff.jsonl")).write_bytes(GOOD.replace(b'"system":"A",', b""))
    code, stdout, _ = command("score", os.fsdecode(b"\xff.jsonl"), "-s", "exact", "-q", "--format", "json", "-o", "run")
    assert code == 0 and json.loads(stdout)["scores"][0]["system"] == "\\udcff"
    assert geneval.Result.open(tmp_path / "run").files[0].name == "\\udcff.jsonl"
    code, _, stderr = command("score", os.fsdecode(b"\xfe.jsonl"), "-s", "exact")
    assert code == 3 and "\\udcfe.jsonl: no such file" in stderr

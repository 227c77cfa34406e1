"""Preferences in the shapes of other tools, and JSON arrays."""

from __future__ import annotations

import gzip
import json

import pytest

from geneval.data import Preference, preferences_of, ratings_of, read_inputs, read_preferences
from geneval_references import InputError, UsageError

ARENA = {"question_id": "q1", "model_a": "A", "model_b": "B", "winner": "tie (bothbad)", "judge": "arena_user_7"}
ALPACA = {
    "instruction": "Name a colour.",
    "output_1": "Red.",
    "generator_1": "gpt",
    "output_2": "Blue, for example.",
    "generator_2": "llama",
    "annotator": "judge_1",
    "preference": 1,
}
TRL = {
    "prompt": "Hi",
    "chosen": "Hello!",
    "rejected": "No.",
    "chosen_model": "A",
    "rejected_model": "B",
}


def array(path, rows):
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return [str(path)]


def lines(path, *rows):
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return [str(path)]


def test_arena(tmp_path):
    """A question is an item, a judge an annotator; what was said is left aside, in a note."""
    rows = [ARENA | {"winner": w, "language": "English"} for w in ("model_a", "model_b", "tie", "tie (bothbad)")]
    found, notes, _ = read_preferences(array(tmp_path / "battles.json", rows))
    assert [row.winner for row in found] == ["a", "b", "tie", "both_bad"]
    assert found[0] == Preference("q1", "A", "B", "a", "arena_user_7")
    assert "using column 'judge' as annotator" in notes
    assert notes[-1] == "columns left aside: language"


@pytest.mark.parametrize(
    ("value", "winner"), [(1, "a"), (2, "b"), (1.5, "tie"), (0, "tie"), (1.0, "a"), (2.0, "b"), (0.0, "tie")]
)
def test_alpaca_eval(tmp_path, value, winner):
    """The instruction is the item; outputs are kept."""
    found, notes, _ = read_preferences(array(tmp_path / "annotations.json", [ALPACA | {"preference": value}]))
    text = ("Red.", "Blue, for example.")
    assert found == (Preference("Name a colour.", "gpt", "llama", winner, "judge_1", None, None, *text),)
    assert "using column 'instruction' as id" in notes


def test_alpaca_eval_as_a_table(tmp_path):
    """Numbers of a CSV file are texts, and mean the same."""
    (tmp_path / "p.csv").write_text("instruction,generator_1,generator_2,preference\ni,A,B,1.5\nj,A,B,2\n", "utf-8")
    assert [row.winner for row in read_preferences([str(tmp_path / "p.csv")])[0]] == ["tie", "b"]


def test_trl(tmp_path):
    """The chosen text won; messages count by their contents; without a prompt each row is an item of its own."""
    spelled = {name.replace("_", "-"): value for name, value in TRL.items()}
    talk = {
        "prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
        "chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}],
        "rejected": [{"role": "assistant", "content": "No."}],
    }
    found, _, _ = read_preferences(lines(tmp_path / "p.jsonl", TRL, spelled, TRL | talk))
    assert {row.winner for row in found} == {"a"}
    assert {(row.a, row.b, row.output_a, row.output_b) for row in found} == {("A", "B", "Hello!", "No.")}
    assert [row.id for row in found] == ["Hi", "Hi", "Be kind.\nHi"]
    implicit = {name: value for name, value in TRL.items() if name != "prompt"}
    found, notes, _ = read_preferences(lines(tmp_path / "q.jsonl", implicit, implicit))
    assert [row.id for row in found] == ["q.jsonl:1", "q.jsonl:2"]
    assert "no id: 2 rows are items of their own" in notes
    named = {"prompt": "Hi", "chosen": "x", "rejected": "y", "good": "A", "bad": "B"}
    found, _, _ = read_preferences(lines(tmp_path / "r.jsonl", named), columns={"a": "good", "b": "bad"})
    assert found == (Preference("Hi", "A", "B", "a", output_a="x", output_b="y"),)


def test_evalica(tmp_path):
    """left, right, winner; each row is an item of its own."""
    (tmp_path / "food.csv").write_text(
        "left,right,winner\nPizza,Sushi,left\nTaco,Pizza,tie\nTaco,Sushi,right\n", "utf-8"
    )
    found, notes, _ = read_preferences([str(tmp_path / "food.csv")])
    assert [(row.id, row.winner) for row in found] == [("food.csv:2", "a"), ("food.csv:3", "tie"), ("food.csv:4", "b")]
    assert notes[-1] == "no id: 3 rows are items of their own"


PLAIN = {"a": "A", "b": "B", "winner": "a"}
BAD = [
    ([ARENA | {"winner": "A"}], "got the text 'A'; one of a, b, tie, both_bad, skip is due"),
    ([ARENA | {"winner": "A"}], "(the columns model_a, model_b may be named, too)"),
    ([ARENA | {"winner": "left"}], "got the text 'left'; one of a, b"),
    ([ARENA | {"winner": 1}], "got the number 1; one of a, b"),
    ([ARENA | {"model_a": None}], "column 'a': got null; a text or a whole number is due"),
    ([ALPACA | {"preference": 1.37}], "got the number 1.37; 1 (the first), 2 (the second), 1.5 or 0 (a tie) is due"),
    ([ALPACA | {"preference": 1.37}], "a weighted preference is a probability, and no choice that was made"),
    ([ALPACA | {"preference": -1}], "got the number -1; 1 (the first)"),
    (
        [ALPACA | {"preference": None}],
        "got null; 1 (the first), 2 (the second), 1.5 or 0 (a tie) is due; leave out rows",
    ),
    ([ALPACA | {"preference": "a"}], "got the text 'a'; a number is due"),
    ([{"id": 1, "a": "A", "b": "B", "preference": 1}], "got the number 1; one of a, b, tie"),
    ([{name: TRL[name] for name in ("prompt", "chosen", "rejected")}], "not which systems wrote the two"),
    ([{name: TRL[name] for name in ("prompt", "chosen", "rejected")}], "--column a=NAME (of the chosen)"),
    ([TRL | {"chosen": [{"role": "assistant"}]}], "messages {role, content} with texts"),
    ([{"id": "1", "a": "A", "b": "B", "chosen": "b", "rejected": "a"}], "column 'winner': no such column"),
    ([{"id": "1", "model_a": "A", "model_b": "B", "chosen": "x", "rejected": "y"}], "column 'winner': no such column"),
    ([TRL | {"chosen": []}], "messages {role, content} with texts"),
    ([{"id": "1", "ratings": {"A": 1}}], "`geneval rank --from-ratings` makes choices of them"),
    ([{"id": "1", "system": "A", "value": 1}], "the rows hold grades, not choices"),
    ([{"id": "1", **PLAIN}, PLAIN], "p.json:2: column 'id': no such column"),
    ([PLAIN, {"id": "1", **PLAIN}], "p.json:2: id '1', column 'id': this row has an id, those before it have none"),
]


@pytest.mark.parametrize(("rows", "message"), BAD)
def test_what_is_refused(tmp_path, rows, message):
    """No label, system or item is guessed."""
    with pytest.raises(InputError) as error:
        read_preferences(array(tmp_path / "p.json", rows))
    assert message in str(error.value)


def test_a_row_without_an_id_has_its_own_faults_only(tmp_path):
    """That it has no id is none."""
    (tmp_path / "food.csv").write_text("left,right,winner\nPizza,Sushi,pizza\n", "utf-8")
    with pytest.raises(InputError) as error:
        read_preferences([str(tmp_path / "food.csv")])
    assert str(error.value) == (
        "food.csv:2: id 'food.csv:2', column 'winner': got the text 'pizza'; one of a, b, tie, both_bad, skip is due "
        "(the columns left, right may be named, too)"
    )


def test_covariates(tmp_path):
    """Columns that are asked for are kept as numbers, and are not left aside."""
    row = {"id": "1", **PLAIN, "markdown": 2, "other": "x"}
    found, notes, _ = read_preferences(lines(tmp_path / "p.jsonl", row), covariates=["markdown"])
    assert (found[0].covariates, notes) == ((2.0,), ("columns left aside: other",))
    for bad, message in ((None, "got null; a number is due"), ("2", "got the text '2'; a number is due")):
        with pytest.raises(InputError, match=message):
            preferences_of([row | {"markdown": bad}], covariates=["markdown"])
    with pytest.raises(InputError, match="column 'lenght': no such column; the row has id, a, b, winner, markdown"):
        preferences_of([row], covariates=["lenght"])
    (tmp_path / "p.csv").write_text("left,right,winner,markdown\nA,B,left,-1.5\n", "utf-8")
    assert read_preferences([str(tmp_path / "p.csv")], covariates=["markdown"])[0][0].covariates == (-1.5,)


def test_rows_in_memory():
    """Checked as files are."""
    found, notes = preferences_of([ARENA], columns={"id": "judge"})
    assert (found[0].id, found[0].winner) == ("arena_user_7", "both_bad")
    assert notes == (
        "using column 'model_a' as a",
        "using column 'model_b' as b",
        "columns left aside: question_id",
    )
    assert ratings_of([{"id": 1, "system": "A", "value": 2}])[0][0].value == 2.0
    with pytest.raises(InputError, match="rows:2: got the text 'x'; each row is a mapping"):
        preferences_of([ARENA, "x"])
    with pytest.raises(InputError, match="rows: 0 items; there are no rows"):
        preferences_of([])
    with pytest.raises(UsageError, match="no column 'judges'"):
        preferences_of([ARENA], columns={"annotator": "judges"})


GOOD = {"id": 1, "output": "x", "references": ["a"]}
ARRAYS = [
    (b"[1,", "a.json: no JSON array: Input data was truncated; one array of objects is due"),
    (b'[{"id": NaN}]', "a.json: NaN and Infinity are no JSON"),
    (
        b'[{"id":1,"output":"x"},\n\n 3]',
        "a.json:2: got the number 3; each line holds one JSON object, {...}; in a .json file",
    ),
    (b'[{"id":1,"id":2}]', "a.json:1: column 'id': the key is there twice"),
    (b'\n\n[{"id":1,\n\n"output":"\xff"}]', "a.json: the byte 0xff at offset 23 is not UTF-8"),
    (b"[]", "a.json: 0 items; the file holds no rows"),
    (b"  \n", "a.json: 0 items; the file holds no rows"),
    (b"[" * 200_000, "a.json: the JSON is nested too deeply"),
]


@pytest.mark.parametrize(("data", "message"), ARRAYS)
def test_damaged_arrays(tmp_path, data, message):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(InputError) as error:
        read_inputs([str(tmp_path / "a.json")])
    assert message in str(error.value)


@pytest.mark.parametrize("form", ["json", None])
def test_arrays_and_lines_are_the_same(tmp_path, form):
    """A .json file holds an array over any lines, or JSON lines; ids and texts are as written."""
    rows = [GOOD, GOOD | {"id": 12345678901234567890123, "output": "2020-01-01\u2028"}]
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf\n" + json.dumps(rows, indent=2).encode())
    (tmp_path / "b.json").write_text("\n".join(map(json.dumps, rows)) + "\r\n", encoding="utf-8")
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(json.dumps(rows, ensure_ascii=False).encode()))
    kinds = [read_inputs([f"s={tmp_path / name}"], format=form).outputs for name in ("a.json", "b.json", "c.json.gz")]
    assert kinds[0] == kinds[1] == kinds[2]
    assert (kinds[0][1].id, kinds[0][1].text) == ("12345678901234567890123", "2020-01-01\u2028")

"""Names of columns: aliases, the user's own, and what is left aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geneval.data import Output, read_inputs, read_ratings

BASE = {"id": "1", "output": "x", "references": ["r"]}


def read(folder: Path, row: dict[str, object], **options: object) -> tuple[Output, tuple[str, ...], str | None]:
    """The one output of a file `f.jsonl` with this row, the notes, and the source."""
    (folder / "f.jsonl").write_text(json.dumps(row), encoding="utf-8")
    found = read_inputs([str(folder / "f.jsonl")], **options)  # type: ignore[arg-type]
    return found.outputs[0], found.notes, found.items[0].source


@pytest.mark.parametrize(
    ("alias", "column"),
    [
        *((alias, "id") for alias in ("item", "item_id", "example_id", "image_id", "iid", "doc_id", "question_id")),
        *((alias, "output") for alias in ("mt", "hyp", "hypothesis", "prediction", "response", "completion")),
        *((alias, "output") for alias in ("predictions", "generated_text", "candidate")),
        *((alias, "references") for alias in ("ref", "reference", "target", "targets")),
        *((alias, "source") for alias in ("src", "input", "prompt", "question")),
        *((alias, "system") for alias in ("model", "generator")),
    ],
)
def test_alias(tmp_path: Path, alias: str, column: str) -> None:
    """Other tools' names are taken, and said."""
    row = BASE | {"source": "s", "system": "A"}
    row[alias] = row.pop(column)
    output, notes, source = read(tmp_path, row)
    assert (output, source) == (Output("1", "A", "x"), "s")
    assert notes == (f"using column {alias!r} as {column}",)


def test_own_name_wins(tmp_path: Path) -> None:
    """A column that has geneval's own name is used; its aliases, and all others, are left aside in one note."""
    output, notes, _ = read(tmp_path, BASE | {"response": "y", "item_id": "7", "meta": {}})
    assert output == Output("1", "f", "x")
    assert notes == ("columns left aside: response, item_id, meta",)


def test_given(tmp_path: Path) -> None:
    """`columns` overrides names and aliases."""
    row = BASE | {"response": "y", "completion": "z", "b": "w"}
    assert read(tmp_path, row, columns={"output": "b"})[0].text == "w"
    del row["output"]
    assert read(tmp_path, row, columns={"output": "completion"})[0].text == "z"


def test_sample_and_condition(tmp_path: Path) -> None:
    """Samples are numbered by the data, or by their place in a list; condition and source belong to the item."""
    rows = [BASE | {"sample": n, "output": str(n), "condition": "formal"} for n in (1, 0)]
    (tmp_path / "f.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = read_inputs([str(tmp_path / "f.jsonl")])
    assert [(o.sample, o.text) for o in found.outputs] == [(1, "1"), (0, "0")]
    assert found.items[0].condition == "formal"
    assert read(tmp_path, BASE | {"output": ["x", "y"]})[0] == Output("1", "f", "x", 0)


def test_ratings_of_references(tmp_path: Path) -> None:
    """Ratings of named references are kept apart; other names, nulls and lists are left aside and counted."""
    row = {
        "id": "1",
        "references": {"refA": "r"},
        "outputs": {"A": "x"},
        "ratings": {"A": {"mqm": -1, "errors": []}, "refA": 3.5, "B": 2, "C": None},
    }
    (tmp_path / "f.jsonl").write_text(json.dumps(row), encoding="utf-8")
    found = read_inputs([str(tmp_path / "f.jsonl")])
    assert [(r.system, r.criterion, r.value) for r in found.ratings] == [("A", "mqm", -1.0)]
    assert [(r.system, r.value) for r in found.reference_ratings] == [("refA", 3.5)]
    assert found.notes == (
        "ratings: 'errors' left aside (1 lists)",
        "ratings: 'C' is null in 1 places",
        "1 ratings are of references, not of systems, and kept apart: 'refA'",
        "1 ratings left aside, for no system is called so: 'B'",
    )
    assert [r.value for r in read_ratings([str(tmp_path / "f.jsonl")])[0]] == [-1.0, 3.5, 2.0]

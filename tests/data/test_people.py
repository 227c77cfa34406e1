"""Preferences, ratings, judgements, and the demo data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from geneval.data import (
    Judgement,
    Preference,
    Rating,
    demo_inputs,
    read_judgements,
    read_preferences,
    read_ratings,
)
from geneval_references import fold


def write(path: Path, *rows: dict[str, object]) -> list[str]:
    """A JSON lines file."""
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return [str(path)]


def test_preferences(tmp_path: Path) -> None:
    """All fields; numbers as ids and annotators; labels of other tools by their columns."""
    full = {"id": 1, "a": "A", "b": "B", "winner": "both_bad", "annotator": 7, "criterion": "c", "shown_left": "b"}
    paths = write(tmp_path / "p.jsonl", full | {"output_a": "x", "output_b": "y"}, full | {"winner": "skip"})
    found, notes, (file,) = read_preferences(paths)
    assert found[0] == Preference("1", "A", "B", "both_bad", "7", "c", "b", "x", "y")
    assert (found[1].winner, notes, file.rows) == ("skip", (), 2)
    arena = {"item": "1", "model_a": "A", "model_b": "B"}
    winners = ("model_a", "model_b", "tie", "tie (bothbad)", "a")
    found, notes, _ = read_preferences(write(tmp_path / "q.jsonl", *(arena | {"winner": w} for w in winners)))
    assert [p.winner for p in found] == ["a", "b", "tie", "both_bad", "a"]
    assert notes == ("using column 'item' as id", "using column 'model_a' as a", "using column 'model_b' as b")
    (tmp_path / "r.csv").write_text("id,left,right,winner\n1,Pizza,Sushi,left\n1,Pizza,Sushi,right\n", "utf-8")
    assert [p.winner for p in read_preferences([str(tmp_path / "r.csv")])[0]] == ["a", "b"]


def test_ratings(tmp_path: Path) -> None:
    """Long rows, wide rows, and cells of a table."""
    long = {"id": "1", "system": "A", "value": 4, "worker": "w", "aspect": "fluency"}
    found, notes, _ = read_ratings(write(tmp_path / "r.jsonl", long))
    assert found == (Rating("1", "A", 4.0, "fluency", "w"),)
    assert notes == ("using column 'worker' as annotator", "using column 'aspect' as criterion")
    (tmp_path / "r.csv").write_text("id,system,value\n1,A,4.5\n", "utf-8")
    assert read_ratings([str(tmp_path / "r.csv")])[0] == (Rating("1", "A", 4.5),)
    (tmp_path / "w.csv").write_text("id,ratings.A,ratings.B\n1,4.5,\n", "utf-8")
    assert read_ratings([str(tmp_path / "w.csv")])[0] == (Rating("1", "A", 4.5),)


def test_judgements(tmp_path: Path) -> None:
    """All fields are needed."""
    row = {"id": "1", "text": "", "verdict": "partly", "annotator": "p", "guideline": "v1"}
    assert read_judgements(write(tmp_path / "j.jsonl", row))[0] == (Judgement("1", "", "partly", "p", "v1"),)


def test_demo() -> None:
    """300 images, three systems, four references each, and a grade for every output."""
    demo = demo_inputs()
    assert (len(demo.items), demo.systems, demo.notes) == (300, ("own", "echo", "stray"), ())
    assert Counter(len(item.references) for item in demo.items) == {4: 300}
    assert Counter(o.system for o in demo.outputs) == dict.fromkeys(demo.systems, 300)
    references = {item.id: {fold(r.text) for r in item.references} for item in demo.items}
    texts = {(o.id, o.system): fold(o.text) for o in demo.outputs}
    for item in demo.items:
        own = references[item.id] | {texts[item.id, "own"]}
        assert not own & {texts[item.id, "echo"], texts[item.id, "stray"]}
    grades = {(r.id, r.system): r.value for r in demo.ratings}
    means = {s: sum(value for (_, of), value in grades.items() if of == s) / 300 for s in demo.systems}
    assert len(grades) == 900 and means["own"] > means["echo"] > means["stray"]

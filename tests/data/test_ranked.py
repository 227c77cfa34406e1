"""Readers of ranked lists, positives, descriptions and labels: what is taken, what is refused, and in which words."""

from __future__ import annotations

import io
import json
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from geneval.data import (
    read_descriptions,
    read_parents,
    read_positives,
    read_predictions,
    read_ranked,
    read_valid_labels,
)
from geneval_references import GenevalError, InputError, UsageError


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file of that name: text as it is, rows as JSON lines."""
    monkeypatch.chdir(tmp_path)

    def put(name, content):
        text = content if isinstance(content, str) else "".join(json.dumps(row) + "\n" for row in content)
        Path(name).write_text(text, encoding="utf-8")
        return name

    return put


def test_rows_of_lists(write):
    """Ids are texts as written; rows name systems, or the file does."""
    a = write("a.jsonl", [{"id": 1, "ranked": [2, "x"]}, {"id": "2", "ranked": []}])
    b = write("b.jsonl", [{"id": 1, "system": "B", "ranking": ["x"]}, {"id": 1, "system": "C", "ranking": ["y"]}])
    found = read_ranked([f"A={a}", b])
    assert found.lists == {"A": {"1": ["2", "x"], "2": []}, "B": {"1": ["x"]}, "C": {"1": ["y"]}}
    assert found.notes == ["using column 'ranking' as ranked"]
    assert [(file.name, file.rows) for file in found.files] == [("a.jsonl", 2), ("b.jsonl", 2)]


def test_runs_are_ordered_by_score(write):
    """Higher first, of equal ones by rank; where ranks say otherwise, a note does."""
    run = write("r.run", "q Q0 a 2 0.5 T\nq Q0 b 1 0.5 T\nq Q0 c 3 0.9 T\np Q0 a 1 1 T\n\n")
    found = read_ranked([run])
    assert found.lists == {"T": {"q": ["c", "b", "a"], "p": ["a"]}}
    assert found.notes == [
        "r.run: in 1 lists ranks and scores say different things; scores order them, as in trec_eval"
    ]
    assert read_ranked([f"N={run}"]).lists.keys() == {"N"}


def test_matrices_come_with_ids(write, tmp_path):
    """One id a line, for rows and columns; the matrix stays on disk."""
    np.save(tmp_path / "m.npy", np.eye(2, 3, dtype=np.float32))
    queries, items = write("q.txt", "q1\nq2\n"), write("i.txt", "a\nb\nc\n")
    found = read_ranked(["M=m.npy"], query_ids=queries, item_ids=items)
    assert found.matrices["M"].queries == ("q1", "q2")
    assert found.matrices["M"].items == ("a", "b", "c")
    assert isinstance(found.matrices["M"].values, np.memmap)
    with pytest.raises(UsageError, match=r"m.npy is a matrix without ids; name them, one a line: --item-ids FILE"):
        read_ranked(["m.npy"], query_ids=queries)
    short = write("s.txt", "a\na\n\n")
    with pytest.raises(InputError) as told:
        read_ranked(["m.npy"], query_ids=queries, item_ids=short)
    assert "s.txt:2: the id 'a' is already on line 1" in str(told.value)
    assert "s.txt:3: the line is empty; one id a line is due" in str(told.value)
    assert "shape" not in str(told.value)
    with pytest.raises(
        InputError, match=r"the matrix has the shape \(2, 3\); 2 ids of queries and 2 of items are given"
    ):
        read_ranked(["m.npy"], query_ids=queries, item_ids=write("two.txt", "a\nb\n"))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", [{"id": 1, "ranked": ["x", "y", "x"]}], "a.jsonl:1: id 1, column 'ranked': item 'x' is in the list twice, at place 1 and place 3"),
        ("a.jsonl", [{"id": 1, "ranked": "x"}], "column 'ranked': got the text 'x'; a list of ids is due, best first"),
        ("a.jsonl", [{"id": 1, "ranked": [1.5]}], "column 'ranked[0]': got the number 1.5"),
        ("a.jsonl", [{"id": 1}], "column 'ranked': no such column (or ranking, retrieved, results)"),
        ("a.jsonl", [{"id": 1, "ranked": []}] * 2, "a.jsonl:2: id 1, column 'id': system 'a' already has a list for this query, at a.jsonl:1"),
        ("a.jsonl", "", "a.jsonl: 0 items; the file holds no rows"),
        ("a.run", "q Q0 a 1 1 T\nq Q0 a 2 0 T\n", "a.run:2: id 'q', column 'ranked': item 'a' is in the list twice, at a.run:1 and a.run:2"),
        ("a.run", "q 0 a 1\n", "a.run:1: 4 columns; 6 are due: query Q0 item rank score tag"),
        ("a.run", "q Q0 a 1 nan T\n", "a.run:1: id 'q', column 'score': got the text 'nan'; a finite number is due"),
        ("a.run", "q Q0 a one 1 T\n", "column 'rank': got the text 'one'; a number is due"),
        ("a.run", "q Q0 a 1 1 T\nq Q0 b 2 1 U\n", "the lines have several tags (T, U); one file holds one system's run"),
        ("a.npy", "no matrix", "a.npy: no matrix of numbers as numpy.save writes it"),
        ("a.npy", "\x93NUMPY\x01\x00", "a.npy: no matrix of numbers as numpy.save writes it"),
        ("missing.jsonl", None, "missing.jsonl: no such file"),
        ("missing.run", None, "missing.run: no such file"),
    ],
)  # fmt: skip
def test_lists_that_are_refused(write, name, content, told):
    """File, line, id, column, what came, what is due."""
    if content is not None:
        write(name, content)
    ids = write("ids.txt", "q\n") if name.endswith(".npy") else None
    with pytest.raises(InputError) as error:
        read_ranked([name], query_ids=ids, item_ids=ids)
    assert told in str(error.value)


def known(found):
    return {query: sorted((j.item, j.grade, j.tier) for j in row) for query, row in found.known.items()}


def test_rows_of_positives(write):
    """Lists, objects with evidence, lists named by tiers, what was judged wrong, and what was in the pool."""
    rows = [
        {"id": 1, "positives": ["a", {"item": "b", "tier": "verified", "grade": 2, "votes": {"valid": 3}}]},
        {"id": 2, "original": ["a"], "verified": ["b", "a"], "inferred": None, "negatives": ["c"], "pool": ["d"]},
        {"id": 3, "positives": [], "left_out": ["e"]},
    ]
    found = read_positives([write("p.jsonl", rows)])
    assert known(found)["1"] == [("a", 1.0, "original"), ("b", 2.0, "verified")]
    assert found.known["1"][1].votes == {"valid": 3}
    right = [one for one in found.known["2"] if one.grade]
    assert {(one.item, one.tier) for one in right} == {("a", "original"), ("b", "verified")}
    assert {one.item: one.grade for one in found.known["2"] if not one.grade} == {"c": 0.0, "d": None}
    assert found.known["3"] == []
    assert found.left_out["3"] == ["e"]


def test_qrels_and_tiers_of_files(write):
    """TREC grades: above 0 right, 0 wrong, below 0 not judged; of several files the strongest word counts."""
    first = write("a.qrels", "q 0 a 2\nq 0 b 0\nq 0 c -1\nq 0 d 1\n")
    second = write("b.json", json.dumps({"q": ["b", "a"], "r": [7]}))
    found = read_positives([first, f"verified={second}"])
    assert {one.item: (one.grade, one.tier) for one in found.known["q"]} == {
        "a": (2.0, "original"),
        "b": (1.0, "verified"),
        "c": (None, "original"),
        "d": (1.0, "original"),
    }
    assert [(one.item, one.tier) for one in found.known["r"]] == [("7", "verified")]
    strict = read_positives([first], grade_from=2)
    assert {one.item: one.grade for one in strict.known["q"]} == {"a": 2.0, "b": 0.0, "c": None, "d": 0.0}


CXC = "caption,image,agg_score,sampling_method\nc1,i1,4.5,c2i\nc1,i2,2.9,c2i\nc2,i1,3.0,c2i\n"


def test_tables_of_cxc(write):
    """The first column is the query unless told; a grade says from where on an item is right."""
    table = write("sits.csv", CXC)
    found = read_positives([f"verified={table}"], grade_from=3)
    assert {q: {j.item: j.grade for j in row} for q, row in found.known.items()} == {
        "c1": {"i1": 4.5, "i2": 0.0},
        "c2": {"i1": 3.0},
    }
    assert any("caption is the query, image the item" in note for note in found.notes)
    turned = read_positives([table], grade_from=3, columns={"id": "image", "item": "caption"})
    assert {q: {j.item: j.grade for j in row} for q, row in turned.known.items()} == {
        "i1": {"c1": 4.5, "c2": 3.0},
        "i2": {"c1": 0.0},
    }
    with pytest.raises(UsageError, match="say from which on an item is right: --grade-from 3"):
        read_positives([table])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("p.jsonl", [{"id": 1}], "p.jsonl:1: id 1, column 'positives': no such column"),
        ("p.jsonl", [{"id": 1, "positives": "a"}], "column 'positives': got the text 'a'; a list of items is due"),
        ("p.jsonl", [{"id": 1, "positives": [None]}], "column 'positives[0]': got null"),
        ("p.jsonl", [{"id": 1, "positives": [{"item": "a", "tear": "x"}]}], "a positive has no field 'tear'; its fields are item, grade, tier, votes"),
        ("p.jsonl", [{"id": 1, "positives": [{"item": "a", "tier": "gold"}]}], "got the text 'gold'; one of original, verified"),
        ("p.jsonl", [{"id": 1, "positives": [{"item": "a", "grade": 0}]}], "got the grade 0; a positive has more than 0: others go into 'negatives'"),
        ("p.jsonl", [{"id": 1, "positives": [{"item": "a", "votes": 3}]}], "votes are an object of counts"),
        ("p.jsonl", [{"id": 1, "positives": ["a"], "negatives": ["a"]}], "item 'a' has the grade 1 at p.jsonl:1 and 0 here; keep one"),
        ("p.csv", "id,item,grade\nq,a,1\nq,a,0\n", "p.csv:3: id 'q', column 'item': item 'a' has the grade 1 at p.csv:2 and 0 here"),
        ("p.csv", "id,item,grade\nq,a,high\n", "p.csv:2: id 'q', column 'grade': got the text 'high'; a number is due"),
        ("p.qrels", "q 0 a\n", "p.qrels:1: 3 columns; 4 are due: query iteration item grade"),
        ("p.qrels", "q 0 a yes\n", "column 'grade': got the text 'yes'; a number is due"),
        ("p.json", '{"q": [1.5]}', "p.json: id 'q', column 'q': got the number 1.5"),
        ("p.json", '{"q": 1}', "p.json:1: column 'id': no such column"),
        ("none.json", None, "none.json: no such file"),
    ],
)  # fmt: skip
def test_positives_that_are_refused(write, name, content, told):
    """File, line, id, column, what came, what is due."""
    if content is not None:
        write(name, content)
    with pytest.raises(InputError) as error:
        read_positives([name])
    assert told in str(error.value)


def test_files_that_contradict_each_other(write):
    yes, no = write("yes.qrels", "q 0 b 1\n"), write("no.qrels", "q 0 b 0\n")
    with pytest.raises(InputError, match=r"has the grade 1 at .* and 0 here; keep one, or say whose word is stronger"):
        read_positives([yes, no])
    found = read_positives([yes, f"verified={no}"])
    assert found.known["q"][0].grade == 1
    assert "1 items are right in one file and wrong in another of another tier: they count as right" in found.notes
    assert len(read_positives([yes, yes]).known["q"]) == 1


def test_a_name_before_a_file_of_positives_is_a_tier(write):
    """Others are refused, with those there are."""
    with pytest.raises(UsageError, match="no tier 'gold'; the tiers are original, verified"):
        read_positives([f"gold={write('p.jsonl', [{'id': 1, 'positives': []}])}"])


def test_descriptions_labels_and_parents(write):
    """Texts, labels alone or by name; right labels, predicted ones, and what they are a kind of."""
    about, _, _ = read_descriptions(
        [write("d.jsonl", [{"id": 1, "text": "a cat", "labels": ["x"]}, {"id": 2, "labels": {"nouns": ["cat"]}}])]
    )
    assert (about["1"].text, about["1"].parts) == ("a cat", {"labels": frozenset("x")})
    assert (about["2"].text, about["2"].parts) == (None, {"nouns": frozenset({"cat"})})
    valid, _, _ = read_valid_labels(
        [write("v.jsonl", [{"id": 1, "labels": ["a", 2], "original": "a"}, {"id": 2, "labels": []}])]
    )
    assert (valid["1"].valid, valid["1"].original) == (frozenset({"a", "2"}), "a")
    assert (valid["2"].valid, valid["2"].original) == (frozenset(), None)
    predicted, _, _ = read_predictions([write("A.csv", "id,label\n1,a\n2,\n")])
    assert predicted == {"A": {"1": "a", "2": None}}
    parents, _, _ = read_parents([write("t.csv", "label,parent\nRussian Blue,Cat\n")])
    assert parents == {"Russian Blue": "Cat"}


@pytest.mark.parametrize(
    ("read", "content", "told"),
    [
        (read_descriptions, [{"id": 1, "labels": 3}], "column 'labels': got the number 3; a list of labels is due"),
        (
            read_descriptions,
            [{"id": 1}, {"id": 1}],
            "x.jsonl:2: id 1, column 'id': this id is already there, at x.jsonl:1",
        ),
        (read_valid_labels, [{"id": 1}], "column 'labels': no such column"),
        (read_predictions, [{"id": 1, "label": "a"}] * 2, "system 'x' already has a label for this item, at x.jsonl:1"),
        (read_parents, [{"label": "a"}], "column 'parent': no such column"),
    ],
)
def test_descriptions_that_are_refused(write, read, content, told):
    """File, line, id, column, what came, what is due."""
    with pytest.raises(InputError) as error:
        read([write("x.jsonl", content)])
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"q1\nq\xff\n", "q.txt:2"), (b"q1\nq1\n", "the id 'q1' is already on line 1"), (b"", "0 ids; one a line is due")],
)
def test_ids_that_are_refused(tmp_path, content, told):
    """Ids of a matrix are text, each once; nothing else is said about a matrix whose ids are wrong."""
    np.save(tmp_path / "m.npy", np.zeros((2, 2)))
    (tmp_path / "q.txt").write_bytes(content)
    (tmp_path / "i.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_ranked([str(tmp_path / "m.npy")], query_ids=str(tmp_path / "q.txt"), item_ids=str(tmp_path / "i.txt"))
    assert told in str(caught.value)
    assert "shape" not in str(caught.value)


def test_what_numpy_did_not_write_is_refused(tmp_path):
    """Without advice to load it unsafely."""
    (tmp_path / "m.npy").write_bytes(b"xx")
    (tmp_path / "i.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no matrix of numbers as numpy\.save writes it$"):
        read_ranked([str(tmp_path / "m.npy")], query_ids=str(tmp_path / "i.txt"), item_ids=str(tmp_path / "i.txt"))


def _matrix():
    held = io.BytesIO()
    np.save(held, np.eye(2))
    return held.getvalue()


SEEDS = [
    ("a.jsonl", b'{"id":1,"ranked":["a","b"]}\n{"id":"2","system":"B","ranked":["b"]}\n', read_ranked),
    ("a.run", b"q Q0 a 1 2.0 T\nq Q0 b 2 1.0 T\np Q0 a 1 1 T\n", read_ranked),
    ("a.npy", _matrix(), lambda paths: read_ranked(paths, query_ids="ids.txt", item_ids="ids.txt")),
    (
        "p.jsonl",
        b'{"id":1,"positives":["a",{"item":"b","grade":2,"votes":{"valid":3}}],"pool":["d"]}\n',
        read_positives,
    ),
    ("p.json", b'{"1":[2,"a"],"x":[]}', read_positives),
    ("p.qrels", b"q 0 a 1\nq 0 b 0\nq 0 c -1\n", read_positives),
    ("p.csv", b"caption,image,agg_score\nc1,i1,4.5\nc1,i2,2.9\n", lambda paths: read_positives(paths, grade_from=3)),
    ("d.jsonl", b'{"id":1,"text":"x","labels":["a"]}\n{"id":2,"labels":{"verbs":["a"]}}\n', read_descriptions),
    ("v.jsonl", b'{"id":1,"labels":["a",2],"original":"a"}\n{"id":2,"labels":[]}\n', read_valid_labels),
    ("l.csv", b"id,label\n1,a\n2,\n", read_predictions),
    ("t.csv", b"label,parent\na,b\n", read_parents),
]
PIECES = [
    b"null",
    b"1.5",
    b"[]",
    b"{}",
    b'"',
    b"\xff",
    b"\n",
    b"NaN",
    b"-1",
    b"1e400",
    b"\\ud800",
    b",",
    b":",
    b" ",
    b"\x00",
    b"[[1]]",
]


@pytest.mark.parametrize(("name", "content", "read"), SEEDS, ids=[name for name, _, _ in SEEDS])
def test_mutated_files_are_data_or_an_error(write, name, content, read):
    """Whatever bytes a file holds, a reader gives data or an error of geneval's own."""
    write("ids.txt", "a\nb\n")
    rng = random.Random(7)
    for _ in range(60):
        data = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(data) + 1)
            data[place : place + rng.randint(0, 5)] = rng.choice([*PIECES, b"", bytes(data[place : place + 9])])
        Path(name).write_bytes(data)
        with suppress(GenevalError):
            read([name])

"""Files and scorers that change under a run: what was finished counts only where it is of just this content."""

import hashlib
import json
import os
import sys

import pytest

from geneval import blocks
from geneval.data import read_inputs
from geneval.data._problems import Problems
from geneval.data._sources import open_sources
from geneval.evaluation import Settings, evaluate
from geneval.parts import InFolder
from geneval.resume import begin, plan
from geneval_references import UsageError
from geneval_scorers import FitState, pair_scorer, parse

ROWS = [{"id": str(i), "system": "s", "output": f"a b {i}", "references": [f"a c {i}", "b"]} for i in range(9)]


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 20)


def test_blocks_of_other_texts_are_scored_again_and_those_beyond_the_end_are_dropped(tmp_path):
    first = read_inputs([str(written(tmp_path / "first.jsonl", ROWS))])
    other = [row | {"output": "b"} if row["id"] == "4" else row for row in ROWS[:6]]
    second = read_inputs([str(written(tmp_path / "second.jsonl", other))])
    evaluate(first, ["token_f1", "cider(tokenizer='none')"], keep=InFolder(tmp_path / "work"))
    before = InFolder(tmp_path / "work").count
    found = evaluate(second, ["token_f1"], keep=InFolder(tmp_path / "work"))
    alone = evaluate(second, ["token_f1"])
    assert found.to_json() == alone.to_json() and found.to_arrow().equals(alone.to_arrow())
    assert 0 < InFolder(tmp_path / "work").count < before


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.zst", "rows.parquet", "rows.csv"])
def test_the_hash_is_of_what_was_read_whatever_has_its_name_by_then(tmp_path, name):
    import gzip

    import pyarrow as pa
    import pyarrow.parquet as pq
    import zstandard

    rows = [{"id": str(i), "system": "s", "output": f"a b {i}"} for i in range(5000)]
    plain = "".join(json.dumps(row) + "\n" for row in rows).encode()
    contents = {
        "rows.jsonl": plain,
        "rows.jsonl.gz": gzip.compress(plain),
        "rows.jsonl.zst": zstandard.compress(plain),
        "rows.csv": b"id,system,output\n" + b"".join(f"{i},s,a b\n".encode() for i in range(5000)),
    }
    path, other = tmp_path / name, tmp_path / "other"
    if name == "rows.parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_bytes(contents[name])
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    other.write_bytes(b"something else\n")
    (source,) = open_sources([str(path)], None, Problems())
    read = source.rows()
    next(read)
    os.replace(other, path)  # noqa: PTH105 - as an editor does it
    assert sum(1 for _ in read) == 4999 and source.file is not None and source.file.sha256 == expected


def planned(tmp_path, scorers=("token_f1",), states=()):
    inputs = read_inputs([str(written(tmp_path / "rows.jsonl", ROWS))])
    return plan(inputs, {}, [parse(s) if isinstance(s, str) else s for s in scorers], Settings(), states)


def test_a_plan_knows_every_state_that_was_handed_in(tmp_path):
    one, two, three = (FitState("cider", {"documents": n}, {}) for n in (1, 2, 3))
    plans = [planned(tmp_path, states=states) for states in ([one, two], [three, two], [two, one])]
    assert plans[0] != plans[1] and plans[0] != plans[2]


def test_a_plan_knows_the_source_of_what_is_not_geneval_s(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def half(text, reference):\n    return 0.5\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import mine

    scorer = pair_scorer(mine.half)
    before = planned(tmp_path, [scorer])
    (tmp_path / "mine.py").write_text("def half(text, reference):\n    return 0.6\n", encoding="utf-8")
    assert planned(tmp_path, [scorer])["code"] != before["code"] and planned(tmp_path)["code"] == {}
    del sys.modules["mine"]


def test_another_plan_is_in_the_way_only_where_something_was_finished(tmp_path):
    work = tmp_path / "run.partial" / "work"
    work.parent.mkdir()
    begin(work, planned(tmp_path))
    parts = begin(work, planned(tmp_path, ["exact"])).parts
    evaluate(read_inputs([str(tmp_path / "rows.jsonl")]), ["exact"], keep=parts)
    with pytest.raises(UsageError, match="differs from this one"):
        begin(work, planned(tmp_path))
    assert InFolder(work).count

"""Data in blocks: how many there are, and whether texts are held, changes no number."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

import geneval.blocks
import geneval.data._streams
import geneval.evaluation
from geneval.answering import questions
from geneval.blocks import blocks
from geneval.data import demo_inputs, inputs_from_lists, read_inputs, stream_inputs
from geneval.data._model import Inputs
from geneval.evaluation import Settings, asking, evaluate
from geneval_references import InputError, Reference, ReferenceSet

pytestmark = pytest.mark.once

SCORERS = ["bleu", "chrf", "rouge(kind='L')", "cider(tokenizer='unicode')", "ter", "token_f1", "ending", "perplexity"]
ITEM, SEVEN, ALL = 1, 1_900, 10**9
"""Characters of a block: one item, about seven, all."""


@pytest.fixture(scope="module")
def rows():
    """Items with several systems and samples, empty outputs, copies, tiers and few references, in no order of ids."""
    inputs, rng = demo_inputs(), random.Random(12345)
    by_item = {item.id: {} for item in inputs.items}
    for output in inputs.outputs:
        by_item[output.id][output.system] = output.text
    found = []
    for number, item in enumerate(inputs.items[:60]):
        references = [{"text": r.text, "tier": rng.choice(["original", "verified"])} for r in item.references]
        outputs = dict(by_item[item.id])
        outputs["own"] = rng.choice([outputs["own"], "", references[0]["text"], [outputs["own"], "a cat", "a dog"]])
        kept = references[: rng.choice([1, 2, 4])]
        found.append({"id": f"{rng.randrange(10**6)}-{number}", "outputs": outputs, "references": kept})
    return found


@pytest.fixture
def file(rows, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def cut(monkeypatch):
    """Sets how many characters make a block, and whether files are streamed and small data is kept."""

    def apply(size: int, *, stream: bool = False, keep: bool = False) -> None:
        monkeypatch.setattr(geneval.blocks, "BLOCK", size)
        monkeypatch.setattr(geneval.evaluation, "KEEP", 10**9 if keep else 0)
        monkeypatch.setattr(geneval.data._streams, "LARGE", 0 if stream else 10**12)

    return apply


SETTINGS = [
    Settings(resamples=40),
    Settings(resamples=40, band=True, k=(1, 2)),
    Settings(resamples=40, band=True, copies="drop", tiers=("original",)),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["plain", "k", "band"])
@pytest.mark.parametrize(
    ("size", "stream", "keep"), [(ITEM, False, False), (SEVEN, False, True), (SEVEN, True, False), (ALL, True, False)]
)
def test_the_number_of_blocks_changes_no_byte(file, tmp_path, cut, settings, size, stream, keep):
    cut(ALL)
    whole = evaluate(read_inputs([str(file)]), SCORERS, settings).save(tmp_path / "whole")
    cut(size, stream=stream, keep=keep)
    inputs = stream_inputs([str(file)])
    assert inputs.in_memory is not stream
    assert len(list(blocks(inputs.each()))) == {ITEM: 60, ALL: 1}.get(size, pytest.approx(8, abs=4))
    parts = evaluate(inputs, SCORERS, settings).save(tmp_path / "parts")
    names = sorted(path.relative_to(whole) for path in whole.rglob("*.*") if path.name != "manifest.json")
    assert len(names) == 5  # three scorers learn
    for name in names:
        assert (parts / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_block_is_made_of_whole_items_and_of_one_at_least(cut):
    cut(10)
    inputs = inputs_from_lists(predictions=["a", "b" * 50, "c", "d"], references=["abcd", "e", "fghi", "jk"])
    found = list(blocks(inputs.each()))
    assert [(b.number, b.first, len(b.items), b.characters) for b in found] == [(0, 0, 2, 56), (1, 2, 2, 8)]
    cut(1)
    assert [len(block.items) for block in blocks(inputs.each())] == [1, 1, 1, 1]


@pytest.mark.parametrize("size", [ITEM, ALL])
def test_what_is_said_once_of_all_is_said_once_of_blocks(cut, size):
    """Filters that fit only in one block, references that do not count, systems that are not in every block."""
    cut(size)
    sets = [
        ReferenceSet("b", (Reference("x y"), Reference(""), Reference("p", "unverified"))),
        ReferenceSet("a", (Reference("x", "verified"), Reference("z", origin="human:two"))),
    ]
    inputs = inputs_from_lists(predictions={"s": [[], "x"], "t": ["x y", "z"]}, references=sets, allow_missing=True)
    result = evaluate(inputs, ["exact"], Settings(resamples=0, origins=("human", "typo")))
    assert [score.system for score in result] == ["s", "t"]
    assert {"no reference is of origin 'typo'", "only 2 items are scored: intervals from fewer than 30 say little"} <= {
        *result.warnings
    }
    assert any(w.startswith("1 empty references do not count") for w in result.warnings)
    assert any(w.startswith("1 unverified references do not count") for w in result.warnings)
    assert any(w.startswith("s has no output for 1 of 2 items") for w in result.warnings)
    assert "refs:1-2" in result.scores[0].signature and result.scores[0].tiers == {"original": 2, "verified": 1}


def test_answers_of_all_blocks_name_their_items_and_systems(file, cut):
    cut(SEVEN)
    inputs = read_inputs([str(file)])
    settings = Settings(k=(1, 2), resamples=0)
    with asking(inputs, ["bleu", "token_f1"], settings) as (scoring, ready):
        answers = [scoring.joined.answers(question) for question in questions(ready, settings)]
    assert [(a.scorer.name, a.k) for a in answers] == [("bleu", 1), ("bleu", 2), ("token_f1", 1), ("token_f1", 2)]
    joined, asked = scoring.joined, scoring.joined.asked("outputs")
    for number, output in enumerate(inputs.outputs):
        assert (joined.ids[asked.item[number]], joined.systems[asked.system[number]]) == (output.id, output.system)
    assert sorted(joined.ids, key=lambda id_: joined.units[joined.ids.index(id_)]) == sorted(joined.ids)
    own = np.flatnonzero(asked.system == joined.systems.index("stray"))
    result = evaluate(inputs, ["bleu", "token_f1"], Settings(k=(1, 2), resamples=0))
    assert [a.corpus(own) for a in answers] == [result.score("stray", a.scorer.label, a.k).score for a in answers]
    assert scoring.joined.signature(answers[0].scorer, 1).startswith(result.scores[0].signature)


def test_inputs_that_contradict_themselves_are_refused():
    item = ReferenceSet("1", (Reference("a"),))
    from geneval.data import Output

    for items, outputs, said in (
        ((item, item), (Output("1", "s", "a"),), "two items have one id"),
        ((item,), (Output("2", "s", "a"),), "an output for '2', which is no item"),
    ):
        with pytest.raises(InputError, match=said):
            evaluate(Inputs(items=items, outputs=outputs, systems=("s",)), ["exact"])


# Streams.


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def long(rows, system):
    """One row an output."""
    for row in rows:
        entry = row["outputs"][system]
        for sample, text in enumerate(entry if isinstance(entry, list) else [entry]):
            yield {"id": row["id"], "response": text, "sample": sample}


def pieces(rows):
    return [{"id": row["id"], "references": row["references"]} for row in rows]


def same(specs, references, cut, *, streamed=True, **options):
    """Reads both ways; what they say and score must agree."""
    cut(SEVEN)
    known = read_inputs(specs, references=references, **options)
    cut(SEVEN, stream=True)
    inputs = stream_inputs(specs, references=references, **options)
    assert inputs.in_memory is not streamed
    assert (inputs.notes, inputs.files, inputs.systems, inputs.count) == (
        *(known.notes, known.files, known.systems),
        len(known.items),
    )
    one, other = (evaluate(i, ["bleu", "cider(tokenizer='none')"], Settings(resamples=5)) for i in (known, inputs))
    assert one.to_json() == other.to_json() and one.to_arrow().equals(other.to_arrow())


def test_files_of_systems_beside_one_of_references_are_streamed(rows, tmp_path, cut):
    own, wrong = write(tmp_path / "own.jsonl", long(rows, "own")), write(tmp_path / "w.jsonl", long(rows, "stray"))
    references = write(tmp_path / "r.jsonl", pieces(rows))
    same([f"A={own}", wrong], [references], cut)


def test_compressed_and_parquet_files_are_streamed(rows, tmp_path, cut):
    import gzip

    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    same([str(packed)], [], cut)
    table = [{"id": r["id"], "output": "x", "references": [t["text"] for t in r["references"]]} for r in rows]
    pq.write_table(pa.Table.from_pylist(table), tmp_path / "rows.parquet")
    same([str(tmp_path / "rows.parquet")], [], cut)


def test_rows_that_are_not_in_order_are_read_into_memory(rows, tmp_path, cut):
    references = write(tmp_path / "r.jsonl", pieces(rows))
    backwards = write(tmp_path / "own.jsonl", long(rows[::-1], "own"))
    same([backwards], [references], cut, streamed=False)
    scattered = [*long(rows[:40], "stray"), *long(rows[40:], "stray")]
    scattered[3], scattered[50] = scattered[50], scattered[3]
    same([write(tmp_path / "s.jsonl", scattered)], [references], cut, streamed=False)
    few = write(tmp_path / "few.jsonl", long(rows[:-1], "own"))
    same([few], [references], cut, streamed=False, allow_missing=True)


@pytest.mark.parametrize("spoil", ["twice", "broken", "bare", "late key"])
def test_what_is_wrong_with_a_large_file_is_told_as_of_a_small_one(rows, tmp_path, cut, spoil):
    lines = [json.dumps(row) for row in rows]
    lines[50] = {
        "twice": lines[2],
        "broken": lines[50][:-3],
        "bare": json.dumps(rows[50] | {"references": []}),
        "late key": json.dumps(rows[50] | {"outputs": {"own": 3}}),
    }[spoil]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = []
    for stream in (False, True):
        cut(SEVEN, stream=stream)
        with pytest.raises(InputError) as error:
            stream_inputs([str(path)])
        said.append(str(error.value))
    assert said[0] == said[1]


def test_a_file_that_changes_while_it_is_scored_is_an_error(file, rows, cut):
    cut(SEVEN, stream=True)
    inputs = stream_inputs([str(file)])
    write(file, [rows[0] | {"outputs": {**rows[0]["outputs"], "stray": "something else"}}, *rows[1:]])
    with pytest.raises(InputError, match=r"rows.jsonl: changed while it was scored"):
        evaluate(inputs, ["exact"])
    write(file, rows[:-1])
    with pytest.raises(InputError, match=r"rows.jsonl: changed while it was scored"):
        evaluate(inputs, ["exact"])

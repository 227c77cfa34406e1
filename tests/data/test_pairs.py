"""Minimal pairs: reading them, and the ones that ship with geneval."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import pytest

from geneval.data import MinimalPair, pairs_hash, probe_pairs, read_pairs
from geneval_references import InputError, fold

ROW = {"id": 1, "class": "negation", "references": ["It rains."], "valid": "Rain falls.", "invalid": "It is dry."}
DATA = files("geneval") / "probe_data"
PAGE = Path(__file__).parents[2] / "docs" / "probe.md"


def write(path: Path, *rows: Mapping[str, object]) -> list[str]:
    """A JSON lines file."""
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return [str(path)]


def test_pairs(tmp_path: Path) -> None:
    """All fields; one reference may stand alone; other names and other columns are noted."""
    found, notes, (file,) = read_pairs(write(tmp_path / "p.jsonl", ROW | {"source": "s"}))
    assert found == (MinimalPair("1", "negation", ("It rains.",), "Rain falls.", "It is dry.", "s"),)
    assert (notes, file.rows) == ((), 1)
    other = {"id": "a", "class": "x", "ref": "r", "good": "v", "invalid": "", "domain": "news"}
    found, notes, _ = read_pairs(write(tmp_path / "q.jsonl", other), columns={"valid": "good"})
    assert found == (MinimalPair("a", "x", ("r",), "v", ""),)
    assert notes == ("using column 'ref' as references", "columns left aside: domain")
    (tmp_path / "t.csv").write_text("id,class,references.0,references.1,valid,invalid\n1,x,r,s,v,i\n", "utf-8")
    assert read_pairs([str(tmp_path / "t.csv")])[0] == (MinimalPair("1", "x", ("r", "s"), "v", "i"),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"references": []}, "the pair '1' has no reference"),
        ({"references": None}, "column 'references': got null; a list of texts is due"),
        ({"references": ["r", {"text": "s"}]}, r"column 'references\[1\]': got an object; a text is due"),
        ({"valid": "It is dry."}, "the pair '1' has one text twice"),
        ({"invalid": None}, "column 'invalid': got null; a text is due"),
        ({"class": ""}, "column 'class': got an empty text"),
        ({"id": 1.5}, "column 'id': got the number 1.5"),
        ({"source": 7}, "column 'source': got the number 7"),
    ],
)
def test_what_is_no_pair_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    """The message names file, line and column."""
    with pytest.raises(InputError, match=f"p.jsonl:2: id {change.get('id', 2)}.*{said}".replace("'1' has", "'2' has")):
        read_pairs(write(tmp_path / "p.jsonl", ROW, ROW | {"id": 2} | change))


def test_an_id_names_one_pair(tmp_path: Path) -> None:
    """Over all files."""
    one, two = write(tmp_path / "p.jsonl", ROW), write(tmp_path / "q.jsonl", ROW)
    with pytest.raises(InputError, match=r"q.jsonl:1: id 1, column 'id': this pair is already at p.jsonl:1"):
        read_pairs([*one, *two])


def test_the_hash_is_of_the_content() -> None:
    """It changes with any text, and with nothing else."""
    pair = MinimalPair("1", "x", ("r",), "v", "i")
    assert pairs_hash([pair]) == pairs_hash([MinimalPair("1", "x", ("r",), "v", "i")])
    assert pairs_hash([pair]) != pairs_hash([MinimalPair("1", "x", ("r",), "v", "I")])


def test_shipped_classes_have_thirty_pairs() -> None:
    """13 classes, 30 pairs or more in each, from one to three references."""
    pairs = probe_pairs()
    counts = Counter(pair.class_ for pair in pairs)
    assert len(counts) == 13 and min(counts.values()) >= 30
    assert {len(pair.references) for pair in pairs} <= {1, 2, 3}
    assert all(pair.id.rsplit("-", 1)[0] == re.sub("[ /]", "-", pair.class_) for pair in pairs)


def test_shipped_texts_are_there_once() -> None:
    """No text stands in two places, and neither text of a pair equals a reference of it."""
    texts = [text for pair in probe_pairs() for text in (*pair.references, pair.valid, pair.invalid)]
    assert [text for text, count in Counter(map(fold, texts)).items() if count > 1] == []


def agreement(readings: Sequence[Mapping[str, list[str]]]) -> tuple[float, float]:
    """The share of texts with one label, and Cohen's kappa."""
    both = [pair for row in readings for pair in zip(row["first"], row["second"], strict=True)]
    same = sum(a == b for a, b in both) / len(both)
    one, two = (sum(pair[i] == "valid" for pair in both) / len(both) for i in (0, 1))
    chance = one * two + (1 - one) * (1 - two)
    return same, (same - chance) / (1 - chance)


def readings() -> list[dict[str, list[str]]]:
    """What was read twice."""
    return [json.loads(line) for line in (DATA / "readings.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_pairs_are_those_on_which_two_readings_agree() -> None:
    """Every text of a shipped pair was read twice under its label; no pair with a disagreement is there."""
    read = {str(row["id"]): row for row in readings()}
    for pair in probe_pairs():
        row = read[pair.id]
        assert sorted(row["references"]) == sorted(pair.references)
        assert dict(zip(row["texts"], row["first"], strict=True)) == {pair.valid: "valid", pair.invalid: "invalid"}
        assert row["first"] == row["second"]


def test_the_page_tells_the_agreement_and_the_rule() -> None:
    """Both are recomputed, and read, from the data."""
    page = PAGE.read_text(encoding="utf-8")
    same, kappa = agreement(readings())
    assert f"{100 * same:.1f} % of {2 * len(readings())} texts" in page
    assert f"Cohen's kappa {kappa:.3f}" in page
    rule = (DATA / "RULE.md").read_text(encoding="utf-8")
    assert rule.partition("\n\n")[2].strip() in page

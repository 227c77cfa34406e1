"""Scores by tier: what a column is over, what it stands on, and that only the tiers change."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.settings import Settings
from geneval.tiers import effective_numbers, read_columns, strength
from geneval_references import Reference, ReferenceSet, UsageError

ROWS = [
    {
        "id": "1",
        "references": [
            "a cat sat on the mat",
            {"text": "the cat sits on a rug", "tier": "verified"},
            {"text": "a cat sitting there", "tier": "unverified"},
        ],
        "outputs": {"A": "a cat on a mat", "B": "a cat sits on a rug"},
    },
    {
        "id": "2",
        "references": ["a dog ran", "dogs ran away", {"text": "a hound raced off", "tier": "verified"}],
        "outputs": {"A": "a dog ran", "B": "the dog raced off"},
    },
    {"id": "3", "references": ["it rains", "rain falls"], "outputs": {"A": "rain", "B": "it rains"}},
]


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["score", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_a_column_is_what_its_tiers_alone_give(rows) -> None:
    """Every column has the numbers of a run with --tier, document frequencies included."""
    printed = json.loads(run(rows, "--tiers", "original,verified,original+verified", "-s", "cider", "-q").stdout)
    assert [column["name"] for column in printed["columns"]] == ["original", "verified", "original+verified"]
    for column in printed["columns"]:
        chosen = [part for tier in column["tiers"] for part in ("--tier", tier)]
        alone = json.loads(run(rows, *chosen, "-s", "cider", "-q").stdout)["scores"]
        found = [row for row in printed["scores"] if row["column"] == column["name"]]
        assert [{**row, "column": column["name"]} for row in alone] == found


def test_unequal_columns_are_told(rows) -> None:
    """Unequal numbers of references and other items are warned of; at k the numbers of references are no matter."""
    done = run(rows, "--tiers", "original,verified", "-s", "token_f1", "--format", "table")
    assert "[original] 3 items, 1.67 references an item" in done.stderr
    assert "unequal numbers of references" in done.stderr and "over different items" in done.stderr
    assert "token_f1 [verified]" in done.stdout
    assert "unequal numbers" not in run(rows, "--tiers", "original,verified", "-s", "token_f1", "-k", "1").stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--tiers", "original,verfied"], "no tier 'verfied'"),
        (["--tiers", "original,original"], "each column once"),
        (["--tiers", "original,"], "no tier ''"),
        (["--tiers", "original", "--tier", "verified"], "leave --tier out"),
        (["--tiers", "original", "-o", "run"], "--tier TIER -o DIR"),
    ],
)
def test_what_no_column_can_be_is_refused(rows, given, said) -> None:
    """Slips of the hand end with 2 and say what is allowed."""
    done = CliRunner().invoke(app, ["score", str(rows), "-s", "token_f1", *given])
    assert isinstance(done.exception, UsageError) or done.exit_code == 2
    assert said in done.output + str(done.exception)


def test_unverified_candidates_change_no_other_column(rows, tmp_path) -> None:
    """Without the unverified references every column has the same numbers."""
    bare = tmp_path / "bare.jsonl"
    kept = [
        {**row, "references": [r for r in row["references"] if isinstance(r, str) or r["tier"] != "unverified"]}
        for row in ROWS
    ]
    bare.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    asked = ("--tiers", "original,original+verified", "-s", "cider", "-s", "bleu", "-q")
    first, second = (json.loads(run(path, *asked).stdout) for path in (rows, bare))
    assert first == second


def test_effective_numbers() -> None:
    """Equal references count once, references with nothing in common each for itself, and what lies between, between."""
    sets = [
        ReferenceSet("same", tuple(Reference("a cat sat there") for _ in range(4))),
        ReferenceSet("apart", (Reference("one two three four"), Reference("five six seven eight"))),
        ReferenceSet("alike", (Reference("one two three four"), Reference("one two three five"))),
        ReferenceSet("single", (Reference("one"),)),
    ]
    same, apart, alike, single = effective_numbers(sets)
    assert (same, apart, single) == pytest.approx((1, 2, 1))
    assert 1.2 < alike < 1.9
    found = strength([*sets, ReferenceSet("none")], Settings())
    assert (found.items, found.mean) == (4, 9 / 4)
    assert found.effective == pytest.approx((4 + alike) / 4)
    assert strength([], Settings()).effective is None


def test_columns_are_read_in_the_order_of_evidence() -> None:
    """Order and spaces within a column do not matter, the order of columns does."""
    assert read_columns("verified + original,original") == (("original", "verified"), ("original",))

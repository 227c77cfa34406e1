"""`geneval rank` as a user meets it: exit codes, stdout, stderr."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.cli._render_ranking import as_options

VOTES = "A>B A>B A<B B>C B<C B=C A>C A=C A<C A>B B>C C>B " * 6


def rows_of(text, **columns):
    outcome = {">": "a", "<": "b", "=": "tie", "!": "both_bad"}
    return [
        {"id": str(n), "a": word[0], "b": word[2], "winner": outcome[word[1]], **columns}
        for n, word in enumerate(text.split())
    ]


FILES = {
    "votes": [
        row | {"shown_left": "ab"[n % 2], "output_a": "x" * (n % 4), "output_b": "y"}
        for n, row in enumerate(rows_of(VOTES))
    ],
    "people": [row | {"annotator": "pqr"[n % 3]} for n, row in enumerate(rows_of(VOTES))],
    "sweep": rows_of("A>B A>B B>C C>B"),
    "groups": rows_of("A>B B>A C>D D>C"),
    "ties": rows_of("A=B B=A A!B"),
    "single": rows_of("A>B"),
    "one_item": [row | {"id": "1"} for row in rows_of("A>B B>A A>B")],
    "one_annotator": rows_of("A>B B>A A>B", annotator="p"),
    "self": rows_of("A>A"),
    "unknown": [{"id": "1", "a": "A", "b": "B", "winner": "A"}],
    "empty": [],
    "skips": [{"id": "1", "a": "A", "b": "B", "winner": "skip"}],
    "formula": rows_of("=>B =>B =<B"),
    "graded": [
        {
            "id": str(n),
            "outputs": {"A": "x"},
            "ratings": {"A": {"form": n % 3, "faults": n % 2}, "B": {"form": 1, "faults": 1}},
        }
        for n in range(8)
    ],
    "criteria": rows_of("A>B B>A A>B", criterion="form") + rows_of("A>B B>A B>A", criterion="content"),
}


@pytest.fixture
def rank(tmp_path, monkeypatch):
    """Runs the command in a folder with a few files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for name, rows in FILES.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, ["rank", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


def test_json_is_the_default(rank):
    """Off a terminal; with notes and warnings on stderr."""
    done = rank("votes.jsonl")
    found = json.loads(done.stdout)
    assert found["schema"] == "geneval.rank/1"
    assert {row["system"] for row in found["worths"]} == {"A", "B", "C"}
    assert done.stderr == ""


def test_table(rank):
    """Worths, a plot, wins, and what the numbers mean."""
    told = rank("votes.jsonl", "--format", "table", "--order", "--length", "--next", 2, "--power", "0.4").stdout
    assert "72 comparisons, 3 systems, 72 items (95% CI)" in told
    assert "won / lost / tied" in told
    assert told.count("o---") + told.count("-o") > 2
    assert "Wins of the row over the column (ties)" in told
    assert "Shown on the left: " in told
    assert "length: " in told
    assert "The system on the left won " in told
    assert "To judge next, what tells most first" in told
    assert "find a difference of 0.4 between any two systems" in " ".join(told.split())
    assert "bradley_terry(ties='davidson', order=True, covariates=('length',), raters=False)|prior:none" in told


def test_csv(rank):
    """A row a system; no cell is a formula."""
    found = list(csv.DictReader(io.StringIO(rank("formula.jsonl", "--format", "csv").stdout)))
    assert [row["system"] for row in found] == ["'=", "B"]
    assert float(found[0]["log_worth"]) == pytest.approx(math.log(2) / 2)
    assert [row["identified"] for row in found] == ["True", "True"]


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_other_forms(rank, form):
    assert "log-worth" in rank("votes.jsonl", "--format", form).stdout


def test_from_ratings(rank):
    """Grades in files of outputs; the direction is the user's."""
    found = [
        json.loads(rank("graded.jsonl", "--from-ratings", "--criterion", name, "-q").stdout)["worths"]
        for name in ("form", "faults:lower", "faults")
    ]
    wins = [{row["system"]: row["wins"] for row in rows} for rows in found]
    assert wins == [{"A": 2, "B": 3}, {"A": 4, "B": 0}, {"A": 0, "B": 4}]
    done = rank("graded.jsonl", "--from-ratings", code=2)
    assert "the ratings are of several criteria: form (16), faults (16); pick with --criterion NAME" in done.stderr
    done = rank("graded.jsonl", code=3)
    assert "graded.jsonl:1: id '0': the rows hold grades, not choices; `geneval rank --from-ratings`" in done.stderr
    assert "(8 problems)" in done.stderr


def test_criteria(rank):
    """Each has a ranking; `--criterion` takes some."""
    told = rank("criteria.jsonl", "--format", "table").stdout
    assert "form: 3 comparisons" in told
    assert "content: 3 comparisons" in told
    found = json.loads(rank("criteria.jsonl", "--criterion", "content").stdout)
    assert {row["criterion"] for row in found["worths"]} == {"content"}


def test_raters(rank):
    """A table of annotators, the least reliable first."""
    told = rank("people.jsonl", "--raters", "--prior", "gaussian", "--format", "table").stdout
    assert "reliability (95% CI)" in told
    done = rank("people.jsonl", "--raters", code=2)
    assert "error: --raters needs --prior gaussian" in done.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sweep", "A: no worth: it won all 2 of its comparisons: its worth has no upper bound"),
        ("sweep", "--prior firth or --prior gaussian gives shrunken worths"),
        ("groups", "A, B: no worth: its group (A, B) is linked with no other"),
        ("ties", "no system has a worth: the parameter of ties has no finite estimate (all comparisons are ties)"),
        ("single", "there is one choice"),
        ("single", "B: no worth: it lost all 1 of its comparisons"),
        ("one_item", "all choices are about one item ('1'): nothing is known of others"),
        ("one_annotator", "all choices are one annotator's ('p')"),
    ],
)
def test_what_is_not_known_is_named(rank, name, told):
    """On stderr; in the table there is no number."""
    done = rank(f"{name}.jsonl", "--format", "table")
    assert told in done.stderr
    for row in json.loads(rank(f"{name}.jsonl", "-q").stdout)["worths"]:
        assert (row["worth"] is None) == (not row["identified"]) == (row["reason"] is not None)


def test_a_prior_makes_worths_finite_and_says_so(rank):
    done = rank("sweep.jsonl", "--prior", "firth")
    assert all(row["identified"] for row in json.loads(done.stdout)["worths"])
    assert "worths are shrunken by the prior (firth)" in done.stderr


BAD = [
    (["self.jsonl"], 3, "1 of 1 choices are between a system and itself, the first for item '0' ('A')"),
    (["unknown.jsonl"], 3, "unknown.jsonl:1: id '1', column 'winner': got the text 'A'; one of a, b, tie, both_bad"),
    (["empty.jsonl"], 3, "empty.jsonl: 0 items; the file holds no rows"),
    (["skips.jsonl"], 3, "all 1 comparisons are skips"),
    (["missing.jsonl"], 3, "missing.jsonl: no such file"),
    (["votes.jsonl", "--cluster", "annotator"], 3, "the comparisons have no annotator"),
    (["one_item.jsonl", "--cluster", "item"], 3, "Take another cluster, or --cluster none"),
    (["sweep.jsonl", "--baseline", "A"], 2, "'A' has no worth to measure others by: it won all 2"),
    (["votes.jsonl", "--baseline", "Z"], 2, "there is no system 'Z'; there are: A, B, C"),
    (["votes.jsonl", "--criterion", "x"], 2, "no preferences are of criterion 'x'"),
    (["votes.jsonl", "--covariate", "x"], 3, "column 'x': no such column"),
    (["people.jsonl", "--length"], 3, "lacks output_a or output_b"),
    (["people.jsonl", "--order"], 3, "an order effect needs shown_left"),
    (["votes.jsonl", "--tie-margin", "1"], 2, "a margin for ties is about ratings (--from-ratings"),
    (["votes.jsonl", "--prior", "gaussian", "--interval", "sandwich"], 2, "have --interval profile or --interval none"),
    (["votes.jsonl", "--sigma", "1"], 2, "it is the width of --prior gaussian"),
    (["votes.jsonl", "--confidence", "95"], 2, "give a number between 0 and 1"),
    (["votes.jsonl", "--format", "text"], 2, "--format text is about plain texts"),
    (["votes.jsonl", "--svg", "votes.jsonl"], 2, "votes.jsonl is there already; results are never overwritten"),
    (["votes.jsonl", "--svg", "no/folder.svg"], 2, "there is no folder no"),
    (["votes.jsonl", "--column", "a=left"], 2, "a=left: no column 'left'"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD)
def test_what_is_refused(rank, arguments, code, message):
    """In one line, with its exit code, and nothing on stdout."""
    done = rank(*arguments, code=code)
    assert message in done.stderr
    assert done.stdout == ""


def test_svg(rank, tmp_path):
    """Written once."""
    done = rank("votes.jsonl", "--svg", "worths.svg", "--baseline", "A")
    assert "written: worths.svg" in done.stderr
    assert "0 is A" in (tmp_path / "worths.svg").read_text("utf-8")


def test_names_steer_no_terminal(rank, tmp_path):
    """Control characters are shown as escapes."""
    rows = [row | {"b": "\x1b[31mred\u202e"} for row in rows_of("A>B A<B A>B")]
    (tmp_path / "evil.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for form in ("table", "json", "csv", "markdown", "latex"):
        told = rank("evil.jsonl", "--format", form).output
        assert "\x1b" not in told
        assert "\u202e" not in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("prior='firth' or 'gaussian' gives", "--prior firth or --prior gaussian gives"),
        ("interval='information' with cluster=None", "--interval information with --cluster none"),
        ("raters=True needs prior='gaussian':", "--raters needs --prior gaussian:"),
        ("settle it (next_pairs), or", "settle it (--next 10), or"),
    ],
)
def test_arguments_are_told_as_options(text, shown):
    assert as_options(text) == shown

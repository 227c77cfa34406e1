"""What the terminal shows of a report, whatever names and width it has."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.cli._render_report import lines_of
from geneval.data import Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval_scorers import FunctionScorer

WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits", "runs", "here"]
PLAN = ReportPlan(permutations=99, draws=100, resamples=100)


def share(text, reference):
    """Words in common."""
    return len(set(text.split()) & set(reference.split())) / len(set(reference.split()))


def drawn(names, items=40):
    """Outputs of systems, the last of which says something else, and grades that say nothing of it."""
    rng = np.random.default_rng(3)
    own = [" ".join(rng.choice(WORDS, 6, replace=False)) for _ in range(items)]
    outputs = {name: [" ".join(rng.permutation(text.split())[:5]) for text in own] for name in names}
    outputs[names[-1]] = [" ".join(rng.choice(WORDS, 5)) for _ in own]
    return outputs, [[text, f"{text} now"] for text in own], rng.integers(1, 6, (len(names), items))


def made(names, scorers=("f1",)):
    """A report on such systems."""
    outputs, references, grades = drawn(names)
    ratings = [
        Rating(str(n + 1), name, float(g)) for name, row in zip(names, grades, strict=True) for n, g in enumerate(row)
    ]
    inputs = inputs_from_lists(predictions=outputs, references=references)
    return find_underestimation(
        inputs, ratings=ratings, scorers=[FunctionScorer(share, name) for name in scorers], plan=PLAN
    )


@pytest.mark.parametrize("columns", [60, 80, 110])
def test_lines_are_no_wider_than_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = [
        line for text in lines_of(made(["plain", "vivid"], ("f1", "a_scorer_with_a_name"))) for line in text.split("\n")
    ]
    assert columns - 15 < max(map(len, lines)) <= columns


def test_a_long_name_is_cut_so_that_it_can_be_told_from_others_and_the_summary_says_so():
    names = [f"organisation/{'a-model-with-a-name-' * 9}{n}" for n in range(12)]
    text = "\n".join(lines_of(made(names)))
    assert names[0] not in text and text.count("\n") < 70
    rows = {line.split("│")[0].strip() for line in text.split("\n") if "│" in line}
    assert len({row for row in rows if row.startswith("organisation")}) == 12
    assert "names in full" in text and "6 more, " in text


def test_names_that_would_look_alike_when_cut_stay_whole():
    names = [f"{'a' * 30}{n}{'b' * 30}" for n in range(3)]
    text = "".join("\n".join(lines_of(made(names))).split())
    assert all(name in text for name in names)


def test_a_name_with_control_characters_stays_on_its_line():
    """Else one could write lines of its own into the table, or move its columns."""
    text = "\n".join(lines_of(made(["plain", "vi\x1b[31mvid\nverdict │ no"])))
    assert "vi\\x1b[31mvid\\nverdict │ no" in text
    assert not any(line.startswith("verdict │ no") for line in text.split("\n"))


def test_of_many_scorers_a_few_have_lines_of_their_own():
    many = lines_of(made(["plain", "vivid"], [f"scorer{n}" for n in range(7)]))
    assert sum(line.startswith("by scorer") for line in many) == 3
    assert "of 4 more scorers" in many[-1]
    assert all(f"scorer{n}" in "\n".join(many) for n in range(7))


@pytest.fixture
def rated(tmp_path, monkeypatch):
    """A file of outputs that people graded; here."""
    outputs, references, grades = drawn(["plain", "vivid"])
    rows = [
        {
            "id": n,
            "references": own,
            "outputs": {name: texts[n] for name, texts in outputs.items()},
            "ratings": {"plain": int(grades[0, n]), "vivid": int(grades[1, n])},
        }
        for n, own in enumerate(references)
    ]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rated.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path


def run(*given):
    return CliRunner().invoke(app, ["report", "rated.jsonl", "-s", "token_f1", "--format", "table", *given])


# options, exit code, what is said
REFUSED = [
    (["--valid", "inf"], 2, "allowed: a finite grade"),
    (["--judge", "verdicts"], 3, "verdicts: no such file"),
    (["--name", " "], 2, "a data set is called by a letter at least"),
    (["--component", "taste"], 2, "there are: grades without a name only"),
]


@pytest.mark.usefixtures("rated")
@pytest.mark.parametrize(("given", "code", "said"), REFUSED)
def test_what_means_nothing_is_refused(given, code, said):
    done = run(*given)
    assert (done.exit_code, said in " ".join(done.output.split())) == (code, True), done.output


@pytest.mark.usefixtures("rated")
def test_a_grade_that_no_output_reaches_is_warned_of():
    done = run("--valid", "99")
    assert done.exit_code == 0
    assert "of 80 rated outputs none is valid (mean grade at or above 99, --valid)" in " ".join(done.stderr.split())


@pytest.mark.usefixtures("rated")
def test_what_was_written_is_named_and_a_report_is_no_run():
    done = run("-o", "out")
    assert "written: out (underestimation.json, report.html, metrics.json)" in done.stderr
    again = CliRunner().invoke(app, ["report", "out"])
    assert again.exit_code == 2 and "out is a report; name the run or the files of outputs" in again.output


def test_help_names_the_forms_that_a_report_has():
    told = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "120"}).output
    assert "[table|json|text]" in told and "latex" not in told


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path):
    """A limit on the size of files stands for a full disk: the kernel refuses to write on."""
    resource = pytest.importorskip("resource")
    import signal

    from geneval_references import GenevalError

    report = replace(made(["plain", "vivid"]), known=None)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        with pytest.raises(GenevalError, match=r"writing .*out failed: .*nothing that was there before has changed"):
            report.save(tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert not list(tmp_path.iterdir())

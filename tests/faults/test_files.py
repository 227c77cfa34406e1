"""Every fault of a file, through every door: the reader, `geneval validate` and `geneval score`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from fault_cases import FILES, PEOPLE, Case

from geneval.data import read_inputs, validate
from geneval_references import InputError

NAMES = [case.name for case in FILES]


def lay(folder, case: Case) -> None:
    for name, data in case.files.items():
        (folder / name).write_bytes(data)


def options(case: Case) -> list[str]:
    references = [word for name in case.references for word in ("-r", name)]
    return [*case.outputs, *references, *(["--format", case.form] if case.form else [])]


@pytest.mark.parametrize("case", FILES, ids=NAMES)
def test_the_reader_refuses(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, case)
    with pytest.raises(InputError) as error:
        read_inputs(case.outputs, references=case.references, format=case.form)
    assert case.where in str(error.value) and case.remedy in str(error.value)


@pytest.mark.parametrize("case", FILES, ids=NAMES)
def test_score_refuses_and_prints_no_number(tmp_path, command, case):
    lay(tmp_path, case)
    code, stdout, stderr = command("score", *options(case), "-s", "exact")
    assert (code, stdout) == (3, "")
    assert case.where in stderr and case.remedy in stderr


@pytest.mark.parametrize("case", FILES, ids=NAMES)
def test_validate_says_where(tmp_path, command, case):
    lay(tmp_path, case)
    code, stdout, _ = command("validate", *options(case), "--format", "table")
    where, remedy = case.validate or (case.where, case.remedy)
    assert code == 3
    assert any(where in line and remedy in line for line in stdout.splitlines()), stdout
    code, stdout, _ = command("validate", *options(case), "--format", "json")
    found = json.loads(stdout)
    assert code == 3 and found["n_problems"] == len(found["problems"]) > 0 and not found["ok"]
    files = {problem["file"] for problem in found["problems"]}
    assert files <= {*case.files, None}


@pytest.mark.parametrize(("kind", "row", "words"), [row[1:] for row in PEOPLE], ids=[name for name, *_ in PEOPLE])
def test_validate_reads_what_people_said(tmp_path, command, kind, row, words):
    (tmp_path / "p.jsonl").write_text(json.dumps(row), encoding="utf-8")
    code, stdout, _ = command("validate", "p.jsonl", "--kind", kind, "--format", "table")
    assert code == 3 and "p.jsonl:1: id 1, " in stdout and words in stdout


def test_validate_lists_every_problem_of_every_row_and_file(tmp_path, command):
    bad = {"id": "1", "source": 4, "output": None, "references": ["a", None, 3], "sample": -1, "ratings": 5}
    rows = [json.dumps(bad), *(json.dumps({"id": str(n), "output": n, "references": ["x"]}) for n in range(2, 12))]
    (tmp_path / "o.jsonl").write_text("\n".join(rows), encoding="utf-8")
    code, stdout, _ = command("validate", "o.jsonl", "nowhere.jsonl", "--format", "json")
    found = json.loads(stdout)
    told = [(problem["line"], problem["column"]) for problem in found["problems"]]
    columns = ["source", "references[1]", "references[2]", "output", "sample", "ratings"]
    assert code == 3 and found["schema"] == "geneval.validate/1"
    assert told == [*((1, column) for column in columns), *((n, "output") for n in range(2, 12)), (None, None)]
    assert (found["problems"][-1]["file"], found["problems"][-1]["message"]) == ("nowhere.jsonl", "no such file")
    # Scoring refuses the same, shows the first few, and gives the same count.
    code, stdout, stderr = command("score", "o.jsonl", "nowhere.jsonl", "-s", "exact")
    assert (code, stdout) == (3, "") and "... and 12 more (17 problems)" in stderr


def test_every_item_that_lacks_something_is_listed(tmp_path, command):
    (tmp_path / "o.jsonl").write_text("".join(f'{{"id":"{n}","output":"x"}}\n' for n in range(20)), "utf-8")
    (tmp_path / "r.jsonl").write_text("".join(f'{{"id":"{n}","references":["x"]}}\n' for n in range(10, 30)), "utf-8")
    code, stdout, _ = command("validate", "o.jsonl", "-r", "r.jsonl", "--format", "json")
    found = json.loads(stdout)
    assert code == 3 and len(found["problems"]) == 20
    assert {(p["file"], p["line"]) for p in found["problems"]} == {
        *(("o.jsonl", n) for n in range(1, 11)),
        *(("r.jsonl", n) for n in range(11, 21)),
    }
    code, stdout, _ = command("validate", "o.jsonl", "-r", "r.jsonl", "--format", "table", "--allow-missing")
    assert code == 0 and stdout == "ok: 30 items, 1 systems, 20 outputs, 0-1 references an item, 2 notes\n"


def test_a_row_that_cannot_be_used_is_not_missed_as_well(tmp_path, command):
    (tmp_path / "o.jsonl").write_text('{"id":"1","output":null}\n{"id":"2","output":"x"}\n', encoding="utf-8")
    (tmp_path / "r.jsonl").write_text('{"id":"1","references":["x"]}\n{"id":"2","references":[7]}\n', "utf-8")
    _, stdout, _ = command("validate", "o.jsonl", "-r", "r.jsonl", "--format", "json")
    assert [(p["file"], p["line"]) for p in json.loads(stdout)["problems"]] == [("o.jsonl", 1), ("r.jsonl", 2)]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_what_is_right_is_summed_up_in_a_line(tmp_path, command, form):
    from fault_cases import parquet

    columns = {"id": ["1", "2"], "output": ["a", ""], "references": [["a", "b"], ["c"]]}
    if form == "parquet":
        (tmp_path / "o.parquet").write_bytes(parquet(columns))
    elif form == "csv":
        (tmp_path / "o.csv").write_text("id,output,references.0,references.1\n1,a,a,b\n2,,c,\n", encoding="utf-8")
    else:
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, stdout, stderr = command("validate", f"o.{form}", "--format", "table")
    assert (code, stdout, stderr) == (0, "ok: 2 items, 1 systems, 2 outputs, 1-2 references an item\n", "")


def test_references_alone_are_checked_too(tmp_path, command):
    (tmp_path / "r.jsonl").write_text('{"id":"1","references":["x"]}\n{"id":"2","references":[""]}\n', "utf-8")
    code, stdout, _ = command("validate", "r.jsonl", "--kind", "references", "--format", "table")
    assert code == 3 and stdout.startswith("r.jsonl:2: id '2': this item has no references; add one, or allow it")
    code, stdout, _ = command("validate", "r.jsonl", "--kind", "references", "--format", "table", "--allow-missing")
    assert (code, stdout) == (0, "ok: 2 items, 0-1 references an item\n")


@pytest.mark.parametrize("form", ["rows", "files"])
def test_votes_in_another_order_are_the_same_votes(tmp_path, command, form):
    one, other = ({"text": "x", "votes": votes} for votes in ({"valid": 2, "partly": 1}, {"partly": 1, "valid": 2}))
    rows = [{"id": "1", "output": "x", "system": system, "references": [one]} for system in "ab"]
    if form == "rows":
        rows[1]["references"] = [other]
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "1", "references": [other]}), encoding="utf-8")
    files = ["o.jsonl", *(["-r", "r.jsonl"] if form == "files" else [])]
    assert command("validate", *files, "--format", "table")[0] == command("score", *files, "-s", "exact")[0] == 0
    other["votes"]["valid"] = 3
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "1", "references": [other]}), encoding="utf-8")
    code, stdout, _ = command("validate", *files, "--format", "table")
    assert code == 3 and "differs from the same item" in stdout


@pytest.mark.parametrize("allow", [[], ["--allow-missing"]])
@pytest.mark.parametrize("form", ["rows", "files"])
def test_references_of_which_none_counts_are_a_problem(tmp_path, command, form, allow):
    references = [{"text": "x", "tier": "unverified"}]
    (tmp_path / "r.jsonl").write_text(json.dumps({"id": "1", "references": references}), encoding="utf-8")
    row = {"id": "1", "output": "x", **({"references": references} if form == "rows" else {})}
    (tmp_path / "o.jsonl").write_text(json.dumps(row), encoding="utf-8")
    files = ["o.jsonl", *(["-r", "r.jsonl"] if form == "files" else []), *allow]
    code, stdout, _ = command("validate", *files, "--format", "table")
    told = (
        "no reference that counts is left; there are (tier, origin): unverified, human: 1. Unverified ones count only"
    )
    assert code == 3 and stdout.startswith(told)
    code, _, stderr = command("score", *files, "-s", "exact")
    assert code == 3 and told in stderr


def test_without_any_reference_nothing_can_be_scored(tmp_path, command):
    (tmp_path / "o.jsonl").write_text('{"id":"1","output":"x"}', encoding="utf-8")
    for words in (["validate", "--format", "table"], ["score", "-s", "exact"]):
        code, stdout, stderr = command(*words, "o.jsonl", "--allow-missing")
        assert code == 3 and "no reference that counts is left; there are (tier, origin): none" in stdout + stderr


def test_validate_notes_what_score_notes(tmp_path, command):
    rows = [
        {"id": "1", "outputs": {"a": "x"}, "references": [{"text": "x", "origin": "human:Ann"}]},
        {"id": "2", "outputs": {"a": "x", "b": "y"}, "ratings": {"a": 1, "Ann": {"good": 2, "long": 3}, "nobody": 1}},
    ]
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, stdout, stderr = command("validate", "o.jsonl", "--allow-missing", "--format", "json")
    notes = [f"note: {note}" for note in json.loads(stdout)["notes"]]
    assert (code, notes) == (0, stderr.splitlines())
    assert notes == [
        "note: 2 ratings are of references, not of systems, and kept apart: 'Ann'",
        "note: 1 ratings left aside, for no system is called so: 'nobody'",
        "note: 1 items have no references: '2'",
        "note: 1 outputs are missing",
    ]
    scored = command("score", "o.jsonl", "--allow-missing", "-s", "exact", "--fail-on-error", "1")[2].splitlines()
    assert [line for line in scored if line.startswith("note: ")] == notes


@pytest.mark.parametrize("broken", ["nope.jsonl", "r.jsonl.gz"])
def test_items_of_a_reference_file_that_cannot_be_read_are_not_missed(tmp_path, command, broken):
    (tmp_path / "r.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "o.jsonl").write_text('{"id":"1","output":"x"}\n{"id":"2","output":"x"}\n', encoding="utf-8")
    code, stdout, _ = command("validate", "o.jsonl", "-r", broken, "--format", "json")
    assert (code, [problem["file"] for problem in json.loads(stdout)["problems"]]) == (3, [broken])


@pytest.mark.parametrize(
    ("more", "words"),
    [(["b/o.jsonl"], "two files name a system 'o'"), (["--column", "output=zzz"], "no column 'zzz'")],
    ids=["named alike", "no column"],
)
def test_json_that_was_begun_is_ended_where_checking_stops(tmp_path, command, more, words):
    (tmp_path / "b").mkdir()
    rows = '{"id":"1","output":"x","source":7,"references":["x"]}\n{"id":"2","output":"x","references":["x"]}\n'
    for name in ("o.jsonl", "b/o.jsonl"):
        (tmp_path / name).write_text(rows, encoding="utf-8")
    code, stdout, stderr = command("validate", "o.jsonl", *more, "--format", "json")
    found = json.loads(stdout)
    assert code == 2 and stderr == f"error: {found['error']}\n" and words in found["error"]
    assert found["ok"] is False and found["problems"] and found["schema"] == "geneval.validate/1"


def test_validate_reads_standard_input(command):
    code, stdout, _ = command("validate", "-", "--format", "table", stdin='{"id":"1","output":3,"references":["x"]}\n')
    assert code == 3 and stdout.startswith("-:1: id '1', column 'output': got the number 3")


def test_no_text_is_kept(tmp_path):
    """Ten times the text costs next to no memory: what is kept of a row is its id and where it stood."""
    import tracemalloc

    def peak(size: int) -> int:
        path = tmp_path / f"{size}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for n in range(2000):
                file.write(json.dumps({"id": str(n), "output": "x" * size, "references": ["y" * size] * 5}) + "\n")
        tracemalloc.start()
        found = validate([str(path)])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.problems == 0 and found.references == (5, 5)
        return most

    small, large = peak(100), peak(2000)
    assert large - small < 1_000_000  # the file is 20 MB larger


@pytest.mark.skipif(shutil.which("script") is None, reason="needs `script`, which gives a command a terminal")
def test_problems_go_to_stdout_with_a_bar_on_the_terminal(tmp_path):
    """The bar is on stderr; what is found meanwhile must not follow it there."""
    rows = [json.dumps({"id": n, "output": "x", "references": ["x"] if n % 5000 else [7]}) for n in range(1, 25_001)]
    (tmp_path / "o.jsonl").write_text("\n".join(rows), encoding="utf-8")
    command = f"{sys.executable} -m geneval validate o.jsonl --format table > found.txt"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], cwd=tmp_path, capture_output=True, check=False)
    found = (tmp_path / "found.txt").read_text(encoding="utf-8").splitlines()
    assert done.returncode == 3 and len(found) == 6 and found[-1].startswith("5 problems in 25000 items")
    assert b"reading o.jsonl" in done.stdout and b"got the number 7" not in done.stdout

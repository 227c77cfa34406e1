"""`geneval references audit` and `describe --multiplicity` as a user meets them."""

from __future__ import annotations

import json
from xml.dom import minidom

import pytest
from typer.testing import CliRunner

import geneval
from geneval.cli import app

ROWS = [
    {
        "id": str(n),
        "references": [f"the dog number {n} runs", f"a dog with the number {n}"],
        "outputs": {"x": f"dog {n}"},
    }
    for n in range(40)
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `geneval references ...` in a folder with a clean file and one with a duplicate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "150")
    twice = [*ROWS, {"id": "twice", "references": ["Same text", "same  text"], "outputs": {"x": "other"}}]
    for name, rows in (("clean", ROWS), ("twice", twice)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, ["references", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


def test_findings_go_to_stdout_as_json(run):
    done = run("audit", "twice.jsonl")
    printed = json.loads(done.stdout)
    assert (printed["schema"], printed["items"], printed["systems"]) == ("geneval.audit/1", 41, ["x"])
    (finding,) = printed["findings"]
    assert (finding["kind"], finding["level"], finding["count"], finding["items"]) == ("duplicate", "fault", 1, 1)
    assert finding["rows"][0]["id"] == "twice" and finding["rows"][0]["reference"] == 2
    assert printed["similarity"].startswith("token_f1(")


def expanded(tmp_path, tier):
    """The clean file with what two systems wrote, equal, and each once more, in a tier."""
    rows = [dict(row, references=list(row["references"])) for row in ROWS]
    for origin, text in (("output:s", "A hound"), ("output:t", "a hound"), ("human:late", "a hound")):
        rows[3]["references"].append({"text": text, "tier": tier, "origin": origin})
    (tmp_path / "grown.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_candidates_are_looked_at_where_they_are_asked_for(run, tmp_path):
    """What counts in no score is left aside, and counted; a tier names it."""
    expanded(tmp_path, "unverified")
    rows = (tmp_path / "grown.jsonl").read_text("utf-8").splitlines()
    late = {"id": "late", "references": ["a cat", {"text": "a CAT", "tier": "unverified", "origin": "mined:x"}]}
    (tmp_path / "grown.jsonl").write_text("\n".join([*rows, json.dumps(late | {"outputs": {"x": "b"}})]), "utf-8")
    printed = json.loads(run("audit", "grown.jsonl").stdout)
    assert (printed["findings"], printed["references"], printed["aside"]) == ([], 81, 4)
    assert "left aside: 4 references" in run("audit", "grown.jsonl", "--format", "table").stdout
    asked = json.loads(run("audit", "grown.jsonl", "--tier", "original", "--tier", "unverified").stdout)
    assert [(f["kind"], f["count"], f["rows"][0]["reference"]) for f in asked["findings"]] == [("duplicate", 1, 2)]
    assert asked["aside"] == 0
    assert (
        "nothing to audit; 85 are of other tiers than preferred"
        in run("audit", "grown.jsonl", "--tier", "preferred", code=3).stderr
    )
    run("audit", "grown.jsonl", "--tier", "gold", code=2)


def test_equal_outputs_of_two_systems_are_no_duplicates(run, tmp_path):
    """When one system is scored the other's stays, and so does what a person wrote."""
    expanded(tmp_path, "verified")
    assert json.loads(run("audit", "grown.jsonl").stdout)["findings"] == []


def test_strict_exits_with_5_unless_the_kind_is_ignored(run):
    assert "--strict: faults were found (duplicate)" in run("audit", "twice.jsonl", "--strict", code=5).stderr
    run("audit", "twice.jsonl", "--strict", "--ignore", "duplicate")
    run("audit", "clean.jsonl", "--strict")


def test_the_table_tells_what_to_do(run):
    shown = run("audit", "twice.jsonl", "--format", "table", "--show", "1").stdout
    assert "twice, reference 2: 'same  text'" in shown
    assert "To do: count each once" in shown
    assert "1 fault and 0 notes in 41 items" in shown
    assert "not looked for:" in shown
    assert "0 faults and 0 notes" in run("audit", "clean.jsonl", "--format", "table").stdout


def test_outputs_may_lie_in_files_of_their_own(run, tmp_path):
    (tmp_path / "r.jsonl").write_text(
        "".join(json.dumps({"id": r["id"], "references": r["references"]}) + "\n" for r in ROWS), encoding="utf-8"
    )
    leaked = [{"id": r["id"], "output": r["references"][0]} for r in ROWS]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in leaked), encoding="utf-8")
    printed = json.loads(run("audit", "r.jsonl", "--outputs", "A=a.jsonl").stdout)
    assert [(f["kind"], f["subject"], f["count"]) for f in printed["findings"]] == [("leak", "A", 40)]
    assert {row["system"] for row in printed["findings"][0]["rows"]} == {"A"}
    assert json.loads(run("audit", "r.jsonl").stdout)["systems"] == []


def test_plain_text_files_are_columns(run, tmp_path):
    for place in (0, 1):
        lines = [row["references"][place] for row in ROWS]
        (tmp_path / f"r{place}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert json.loads(run("audit", "r0.txt", "r1.txt", "--text").stdout)["items"] == 40


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["audit", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["audit", "clean.jsonl", "--ignore", "leaks"], 2, "the kinds are leak"),
        (["audit", "clean.jsonl", "--with", "nothing"], 2, "nothing"),
        (["audit", "clean.jsonl", "--alpha", "0"], 2, "alpha"),
        (["audit", "clean.jsonl", "--format", "csv"], 2, "table or json"),
        (["audit", "clean.jsonl", "--show", "-1"], 2, "--show"),
        (["audit", "clean.jsonl", "--outputs", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["audit", "clean.jsonl", "--column", "references=refs"], 2, "refs"),
        (["describe", "clean.jsonl", "--svg", "x.svg"], 2, "add --multiplicity"),
        (["describe", "clean.jsonl", "--multiplicity", "--with", "token_f1"], 2, "threshold"),
        (["describe", "clean.jsonl", "--multiplicity", "--with", "token_f1", "--same", "nan"], 2, "finite number"),
        (["describe", "clean.jsonl", "--multiplicity", "--with", "token_f1", "--same", "5"], 2, "from 0 to 1"),
        (["describe", "clean.jsonl", "--multiplicity", "--svg", "clean.jsonl"], 2, "there already"),
    ],
)
def test_refusals(run, arguments, code, told):
    assert told in run(*arguments, code=code).stderr


def test_texts_cannot_steer_the_terminal(run, tmp_path):
    row = {"id": "\x1b[31m1", "references": ["a\x1b]52;c;x\x07", "A\x1b]52;c;x\x07", "[bold]b"]}
    (tmp_path / "bad.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    for form in ("table", "json"):
        shown = run("audit", "bad.jsonl", "--format", form).stdout
        assert "\x1b" not in shown and "\x07" not in shown


def test_multiplicity_is_printed_and_drawn(run, tmp_path):
    shown = run("describe", "twice.jsonl", "--multiplicity", "--format", "table", "--svg", "d.svg").stdout
    assert "2 ████████████████████████████████████████ 40" in shown
    assert "Good-Turing" in shown and "hidden positives" in shown
    drawn = minidom.parseString((tmp_path / "d.svg").read_text(encoding="utf-8"))  # noqa: S318 - our own
    assert len(drawn.getElementsByTagName("rect")) == 3
    report = json.loads(run("describe", "twice.jsonl", "--multiplicity").stdout)["multiplicity_report"]
    assert report["positives"] == 81 and report["degree"]["counts"] == {"1": 1, "2": 40}
    same = ["--with", "token_f1", "--same", "0.5"]
    found = json.loads(run("describe", "clean.jsonl", "--multiplicity", *same).stdout)["multiplicity_report"]
    assert found["classes"]["same"].endswith(">= 0.5") and found["classes"]["once"] == 0


def test_python_gives_the_same(run):
    printed = json.loads(run("audit", "twice.jsonl", "-q").stdout)
    from geneval.auditing import cleaned_inputs, read_for_audit

    inputs = read_for_audit(["twice.jsonl"])
    found = geneval.audit(
        references=[[r.text for r in item.references] for item in inputs.items],
        predictions={"x": [output.text for output in inputs.outputs]},
        ids=[item.id for item in inputs.items],
    )
    assert [f.to_dict() for f in found.findings] == printed["findings"]
    left, told = cleaned_inputs(inputs, found)
    assert [len(item.references) for item in left.items][-1] == 1
    assert told in left.notes and len(left.outputs) == 41


def test_a_plain_function_tells_how_alike_texts_are():
    def same(text: str, reference: str) -> float:
        return float(text == reference)

    assert geneval.audit(references=[["a", "b"]], scorer=same).findings == ()

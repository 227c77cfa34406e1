"""Plug-ins that cannot be loaded: each is listed with what is wrong, and none is in anybody's way."""

from __future__ import annotations

import json

import pytest

GOOD = '''
def shared(text, reference):
    """Words in common, over all words."""
    mine, theirs = set(text.split()), set(reference.split())
    return len(mine & theirs) / max(len(mine | theirs), 1)
'''

HEAD = """
from dataclasses import dataclass
from geneval_scorers import Info, PairScorer, scorer
INFO = Info("x", (0, 1), "higher", "pair", True, "1", "x")
"""

# name: (entry point, source of its module, what is said)
BROKEN = {
    "absent": ("zoo_absent:X", None, "importing it raised ModuleNotFoundError: No module named 'zoo_absent'"),
    "needs": (
        "zoo_needs:X",
        "import nothing_of_the_kind",
        "ModuleNotFoundError: No module named 'nothing_of_the_kind'",
    ),
    "syntax": ("zoo_syntax:X", "def (:", "importing it raised SyntaxError"),
    "leaves": ("zoo_leaves:X", "import sys\nprint('noise')\nsys.exit(0)", "importing it raised SystemExit: 0"),
    "odd": (
        "zoo_odd:X",
        "class Odd(BaseException): pass\nraise Odd('two\\nlines')",
        "importing it raised Odd: two lines",
    ),
    "attribute": ("zoo_attribute:X", "", "AttributeError: module 'zoo_attribute' has no attribute 'X'"),
    "number": ("zoo_number:X", "X = 3", "neither a subclass of geneval_scorers.Scorer nor a function"),
    "arity": ("zoo_arity:x", "def x(text): return 1.0", "cannot be called with (text, reference)"),
    "stranger": ("zoo_stranger:X", "class X: pass", "zoo_stranger:X is no subclass of geneval_scorers.Scorer"),
    "undressed": (
        "zoo_undressed:X",
        f"{HEAD}\nclass X(PairScorer):\n    info = INFO",
        "is no dataclass; write @dataclass(frozen=True, repr=False)",
    ),
    "undeclared": (
        "zoo_undeclared:X",
        f"{HEAD}\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer): pass",
        "does not declare what its numbers are",
    ),
    "hints": (
        "zoo_hints:X",
        f"{HEAD}\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer):\n    info = INFO\n    a: 'Nothing' = 1",
        "NameError: name 'Nothing' is not defined",
    ),
    "misnamed": (
        "zoo_misnamed:X",
        f"{HEAD}\n@scorer('other')\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer):\n    info = INFO",
        "calls itself 'other', its entry point 'misnamed'; the two must agree",
    ),
    "grabs": (
        "zoo_grabs:X",
        f"{HEAD}\n@scorer('chrf')\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer):\n    info = INFO",
        "UsageError: there is a scorer named 'chrf' already: Chrf",
    ),
    "endless": (
        "zoo_endless:X",
        (
            f"{HEAD}\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer):\n"
            "    info = Info('x', (0, 'inf'), 'higher', 'pair', True, '1', 'x')"
        ),
        "zoo_endless:X declares what does not fit: Info(summary='x', scale=(0, 'inf')",
    ),
    "sideways": (
        "zoo_sideways:X",
        (
            f"{HEAD}\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer):\n"
            "    info = Info('x', (0, 1), 'sideways', 'pair', True, '1', 'x')"
        ),
        "declares what does not fit",
    ),
    "objects": (
        "zoo_objects:X",
        f"{HEAD}\n@dataclass(frozen=True, repr=False)\nclass X(PairScorer):\n    info = INFO\n    a: object = object",
        "the default of a is <class 'object'>; options are texts, numbers",
    ),
    "bleu": ("zoo_good:shared", None, "geneval has a scorer 'bleu' already (Bleu); it stays, and zoo 1.0"),
    "no-name": ("zoo_good:shared", None, "'no-name' is no name for a scorer"),
    "malformed": ("no module at all", None, "importing it raised ModuleNotFoundError"),
    "empty": ("", None, "importing it raised ValueError: Empty module name"),
}


@pytest.fixture(scope="session")
def zoo(distribute, tmp_path_factory):
    """All of them, three that are broken in their metadata, two that want one name, and a good one."""
    site = tmp_path_factory.mktemp("zoo")
    modules = {value[0].partition(":")[0]: value[1] for value in BROKEN.values() if value[1] is not None}
    distribute(site, "zoo", {name: value[0] for name, value in BROKEN.items()}, modules | {"zoo_good": GOOD})
    distribute(site, "good-one", {"shared": "zoo_good:shared"})
    distribute(site, "rival-a", {"contested": "zoo_good:shared"}, version="1.5")
    distribute(site, "rival-b", {"contested": "zoo_good:shared"}, version="2.5")
    (distribute(site, "garbled", {}) / "entry_points.txt").write_text("[geneval.scorers]\nno equals sign\n")
    (distribute(site, "binary", {}) / "entry_points.txt").write_bytes(b"[geneval.scorers]\nx = \xff\xfe:y\n")
    (distribute(site, "anonymous", {"nobodys": "zoo_absent:X"}) / "METADATA").unlink()
    return site


@pytest.fixture(scope="session")
def listed(zoo, run):
    """What `geneval scorers` says of them."""
    done = run(zoo, zoo, "scorers")
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plug_in_is_listed_with_its_error(listed, name):
    [row] = [row for row in listed[0]["broken_plugins"] if row["name"] == name]
    assert (row["distribution"], row["version"]) == ("zoo", "1.0")
    assert BROKEN[name][2] in row["error"]


def test_two_plug_ins_that_want_one_name_are_both_refused_by_name(listed):
    rows = [row for row in listed[0]["broken_plugins"] if row["name"] == "contested"]
    assert [row["distribution"] for row in rows] == ["rival-a", "rival-b"]
    for row in rows:
        assert "rival-a 1.5 (zoo_good:shared), rival-b 2.5 (zoo_good:shared)" in row["error"]
    assert "contested" not in [row["name"] for row in listed[0]["scorers"]]


def test_broken_metadata_is_listed_or_left_alone(listed):
    rows = {row["distribution"]: row for row in listed[0]["broken_plugins"]}
    assert "its entry_points.txt cannot be read" in rows["garbled"]["error"]
    assert "No module named 'zoo_absent'" in rows["anonymous"]["error"]
    assert "binary" not in rows


def test_everything_else_is_there_as_ever(listed):
    from geneval_scorers import scorers

    rows = {row["name"]: row for row in listed[0]["scorers"]}
    ours = {name for name, cls in scorers().items() if cls.__module__.startswith("geneval_scorers.")}
    assert ours | {"shared"} <= rows.keys()
    assert rows["bleu"]["plugin"] is None and rows["bleu"]["source"].startswith("Papineni")
    assert rows["shared"]["plugin"] == "good-one 1.0"
    assert listed[1].splitlines() == ["noise"]  # what a plug-in prints while it is imported spoils no results


def test_the_table_says_what_is_broken_beside_it(zoo, geneval):
    done = geneval(zoo, "scorers", "--format", "table")
    assert "broken plug-in: leaves, of zoo 1.0: importing it raised SystemExit: 0" in done.stderr
    assert "of the plug-in good-one 1.0: shared" in done.stdout and "leaves" not in done.stdout


@pytest.fixture
def items(tmp_path):
    (tmp_path / "items.jsonl").write_text('{"id": "1", "output": "a b", "references": ["a b c", "a"]}\n')
    return "items.jsonl"


def test_other_scorers_work_beside_broken_ones(zoo, geneval, items):
    done = json.loads(geneval(zoo, "score", items, "-s", "bleu", "-s", "shared(reduce='mean')", "-q").stdout)
    rows = {row["scorer"]: row for row in done["scores"]}
    assert rows["shared(reduce='mean')"]["score"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert "|plugin:good-one-1.0|" in rows["shared(reduce='mean')"]["signature"]
    assert "plugin:" not in rows["bleu"]["signature"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("leaves", 6, "the scorer 'leaves' of the plug-in zoo 1.0 cannot be used: importing it raised SystemExit: 0."),
        ("needs", 6, "pip uninstall zoo"),
        ("contested", 6, "2 plug-ins offer a scorer 'contested', and none of them is used: rival-a 1.5"),
        ("shard", 2, "did you mean shared?"),
        ("shared(reduces='mean')", 2, "shared has no option 'reduces'; allowed: reduce; did you mean reduce?"),
    ],
)
def test_asking_for_one_that_cannot_be_used_says_why(zoo, geneval, items, name, code, said):
    done = geneval(zoo, "score", items, "-s", name, code=code)
    assert said in done.stderr and done.stdout == ""
    if code == 6:
        assert "error: the scorer" in geneval(zoo, "scorers", name, code=code).stderr


MARK = "from pathlib import Path\nPath('{name}.imported').touch()\n"


def test_a_plug_in_is_imported_when_it_is_named_or_listed_and_not_before(distribute, geneval, tmp_path, items):
    site = tmp_path / "site"
    modules = {f"lazy_{name}": MARK.format(name=name) + GOOD for name in ("one", "two")}
    distribute(site, "lazy", {"one": "lazy_one:shared", "two": "lazy_two:shared", "bleu": "lazy_one:shared"}, modules)

    def imported():
        return {path.stem for path in tmp_path.glob("*.imported")}

    geneval(site, "--help")
    geneval(site, "score", items, "-s", "bleu", "-q")
    geneval(site, "score", items, "-q")
    geneval(site, "score", items, "-s", "nothing", code=2)
    geneval(site, "scorers", "bleu")
    assert imported() == set()
    geneval(site, "score", items, "-s", "two", "-q")
    assert imported() == {"two"}
    geneval(site, "scorers")
    assert imported() == {"one", "two"}

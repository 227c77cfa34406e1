"""Plug-ins that load and then misbehave: an error that names them and what they gave, never a number."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType

import pytest

import geneval
from geneval.testing import check_scorer
from geneval_references import ScorerError

SOURCE = '''
import sys
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from geneval_scorers import Info, PairScorer, Scorer, Statistics, scorer

INFO = Info("always one half", (0, 1), "higher", "pool", True, "0.5", "a test")


@dataclass(frozen=True, repr=False)
class Half(Scorer):
    """One half."""
    info: ClassVar[Info] = INFO
    wide: bool = False

    def statistics(self, corpus, queries):
        return Statistics(np.full((len(queries), 1), 0.5))


def made(name, method, what):
    """A scorer that is wrong in one method."""
    cls = type(name, (Half,), {method: what, "__module__": __name__, "name": name})
    return dataclass(frozen=True, repr=False)(cls)


def leave(code=0):
    sys.exit(code)


def explode():
    return 1 / 0


def rows(make):
    return lambda self, corpus, queries: Statistics(make(len(queries)))


zero = made("zero", "statistics", lambda self, corpus, queries: explode())
quits = made("quits", "statistics", lambda self, corpus, queries: leave())
short = made("short", "statistics", rows(lambda n: np.zeros((n - 1, 1))))
long = made("long", "statistics", rows(lambda n: np.zeros((n + 1, 1))))
flat = made("flat", "statistics", rows(np.zeros))
objects = made("objects", "statistics", rows(lambda n: np.asarray([["0.5"]] * n, object)))
words = made("words", "statistics", rows(lambda n: np.asarray([["0.5"]] * n)))
lists = made("lists", "statistics", rows(lambda n: [[0.5]] * n))
nothing = made("nothing", "statistics", lambda self, corpus, queries: None)
bare = made("bare", "statistics", lambda self, corpus, queries: np.full((len(queries), 1), 0.5))
infinite = made("infinite", "statistics", rows(lambda n: np.full((n, 1), np.inf)))
complex_ = made("complex_", "statistics", rows(lambda n: np.full((n, 1), 1j)))
outside = made("outside", "statistics", rows(lambda n: np.full((n, 1), 50.0)))
winner = made("winner", "statistics", lambda self, corpus, queries: Statistics(
    np.zeros((len(queries), 1)), np.full(len(queries), 7)))
winners = made("winners", "statistics", lambda self, corpus, queries: Statistics(
    np.zeros((len(queries), 1)), [0] * len(queries)))
one_segment = made("one_segment", "segment", lambda self, rows: rows.mean())
two_segments = made("two_segments", "segment", lambda self, rows: np.zeros(2 * len(rows)))
sum_inf = made("sum_inf", "aggregate", lambda self, rows, weights=None: float("inf"))
sum_text = made("sum_text", "aggregate", lambda self, rows, weights=None: "0.5")
sum_shape = made("sum_shape", "finish", lambda self, sums, weight: np.asarray(sums[..., 0].ravel()[0] / 2))
unprepared = made("unprepared", "prepare", lambda self: __import__("nothing_of_the_kind"))
unready = made("unready", "prepare", lambda self: leave())
recipe = made("recipe", "recipe", lambda self: explode())
notices = made("notices", "notices", lambda self, corpus: explode())
nan_row = made("nan_row", "segment", lambda self, rows: np.nan_to_num(rows[:, 0]))
nan_row.statistics = rows(lambda n: np.where(np.arange(n)[:, None] == 0, np.nan, 0.5))


@dataclass(frozen=True, repr=False)
class Unfit(Half):
    @property
    def needs_fit(self):
        return True

    def learner(self):
        explode()


@dataclass(frozen=True, repr=False)
class MorePairs(PairScorer):
    """More rows than pairs would silently be cut."""
    info: ClassVar[Info] = INFO

    def pair_rows(self, corpus, texts, references):
        return np.full((len(texts) + 1, 1), 0.5)


def text(text, reference):
    return "0.5"


def none(text, reference):
    return None


def huge(text, reference):
    return 10**400


def raises(text, reference):
    raise AssertionError


def nan(text, reference):
    return float("nan")
'''

BAD = {
    "zero": "failed with ZeroDivisionError: division by zero (bad_scorers.py, line 32)",
    "quits": "failed with SystemExit: 0",
    "short": "answered 2 questions with an array of shape (1, 1)",
    "long": "answered 2 questions with an array of shape (3, 1)",
    "flat": "answered 2 questions with an array of shape (2,)",
    "objects": "with an array of object",
    "words": "with an array of <U3",
    "lists": "answered questions with a list",
    "nothing": "answered with None; `statistics` gives a Statistics",
    "bare": "answered with an array of float64; `statistics` gives a Statistics",
    "infinite": "answered questions with an infinite number (the first at place 0)",
    "complex_": "with an array of complex128",
    "outside": "scored 50.0, outside of the range 0..1 that it declares",
    "winner": "named winners of shape (2,) that are not all places",
    "winners": "named winners with a list",
    "one_segment": "answered rows with a float64",
    "two_segments": "made scores of shape (4,) of 2 rows",
    "sum_inf": "returned inf; a scorer gives a finite number, or NaN",
    "sum_text": "returned '0.5'; a scorer gives a finite number, or NaN",
    "sum_shape": "`finish` made scores of shape () of sums of shape (1000,)",
    "unprepared": "failed with ModuleNotFoundError: No module named 'nothing_of_the_kind'",
    "unready": "failed with SystemExit: 0",
    "recipe": "failed with ZeroDivisionError",
    "notices": "failed with ZeroDivisionError",
    "unfit": "failed with ZeroDivisionError",
    "more_pairs": "answered 3 pairs with an array of shape (4, 1)",
    "text": "returned '0.5'; a scorer gives a finite number, or NaN",
    "none": "returned None; a scorer gives a finite number, or NaN",
    "huge": "returned 1000000000",
    "raises": "failed with AssertionError",
}
CLASSES = {"unfit": "Unfit", "more_pairs": "MorePairs"}
TEXTS = {"predictions": ["a b", "c"], "references": [["a b", "a"], ["d"]]}


@pytest.fixture(scope="module")
def site(distribute, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    names = [*BAD, "half", "nan", "nan_row"]
    entry_points = {name: f"bad_scorers:{CLASSES.get(name, name)}" for name in names} | {"half": "bad_scorers:Half"}
    distribute(folder, "bad-scorers", entry_points, {"bad_scorers": SOURCE}, version="0.3")
    return folder


@pytest.fixture
def installed(site, monkeypatch):
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_score_is_an_error_that_names_the_plug_in(name):
    with pytest.raises(ScorerError) as caught:
        geneval.score(**TEXTS, scorers=name)
    assert str(caught.value).startswith(f"{name} (plug-in bad-scorers 0.3) ")
    assert BAD[name] in str(caught.value)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["infinite", "short", "outside", "more_pairs", "raises", "objects"])
def test_nor_is_it_one_in_expected_scores_and_in_the_band(name):
    for how in ({"k": 1}, {"k": 2, "allow_missing": True}):
        with pytest.raises(ScorerError, match=rf"^{name} \(plug-in"):
            geneval.score(**TEXTS, scorers=name, **how)


@pytest.mark.usefixtures("installed")
def test_nan_means_not_scored():
    result = geneval.score(**TEXTS, scorers=["nan", "nan_row", "half"])
    rows = {row.scorer: row for row in result.scores}
    assert (rows["nan"].score, rows["nan"].n, rows["nan"].n_failed) == (None, 0, 2)
    assert (rows["nan_row"].score, rows["nan_row"].n, rows["nan_row"].n_failed) == (0.5, 1, 1)
    assert (rows["half"].score, rows["half"].n_failed) == (0.5, 0)


@pytest.mark.usefixtures("installed")
def test_the_signature_tells_the_distribution_however_the_scorer_came_about():
    parsed = geneval.parse("half(wide=True)")
    assert parsed.signature() == "half(wide=True)|plugin:bad-scorers-0.3"
    module = sys.modules["bad_scorers"]
    assert module.Half().signature() == "half(wide=False)|plugin:bad-scorers-0.3"
    assert geneval.parse("nan").signature() == "nan(reduce='best')|plugin:bad-scorers-0.3"
    assert geneval.pair_scorer(module.nan).signature().endswith("|code:user|plugin:bad-scorers-0.3")
    assert geneval.pair_scorer(lambda *_: 1.0, name="mine").signature().endswith("|code:user")


@pytest.mark.usefixtures("installed")
def test_a_function_of_a_plug_in_is_a_scorer_like_any_other():
    nan = geneval.parse("nan(reduce='mean')")
    assert repr(nan) == "nan(reduce='mean')" and nan == geneval.parse(repr(nan)) and hash(nan)
    assert pickle.loads(pickle.dumps(nan)) == nan  # noqa: S301 - what was pickled the moment before
    assert geneval.scorers()["nan"].info.direction == "higher"
    check_scorer("half")


@pytest.mark.usefixtures("installed")
def test_plugins_lists_them():
    found = {plugin.name: plugin for plugin in geneval.plugins()}
    assert found["half"].scorer is geneval.scorers()["half"] and found["half"].error == ""
    assert (found["half"].distribution, found["half"].version) == ("bad-scorers", "0.3")


def test_a_scorer_registered_by_the_user_keeps_its_name(distribute, tmp_path, monkeypatch):
    from geneval_scorers import _registry

    monkeypatch.setattr(_registry, "_SCORERS", dict(_registry._SCORERS))
    distribute(tmp_path, "late", {"mine": "late_mine:mine"}, {"late_mine": "def mine(a, b): return 1.0"})
    monkeypatch.syspath_prepend(tmp_path)
    assert geneval.parse("mine").signature().endswith("plugin:late-1.0")
    own = type(geneval.parse("exact"))
    geneval.scorer("mine")(type("Mine", (own,), {"__module__": "notebook"}))
    assert geneval.parse("mine").signature() == "mine(ignore_case=False, reduce='best')"
    [plugin] = [plugin for plugin in geneval.plugins() if plugin.name == "mine"]
    assert plugin.error.startswith("notebook has registered a scorer 'mine' already")


def test_a_plug_in_that_the_user_has_imported_is_the_same_scorer(distribute, tmp_path, monkeypatch):
    from geneval_scorers import _registry

    monkeypatch.setattr(_registry, "_SCORERS", dict(_registry._SCORERS))
    source = (
        "from geneval_scorers import scorer, Exact\nfrom dataclasses import dataclass\n"
        "@scorer('twin')\n@dataclass(frozen=True, repr=False)\nclass Twin(Exact): pass\n"
    )
    distribute(tmp_path, "twins", {"twin": "twins_module:Twin"}, {"twins_module": source})
    monkeypatch.syspath_prepend(tmp_path)
    import importlib

    module: ModuleType = importlib.import_module("twins_module")
    [plugin] = [plugin for plugin in geneval.plugins() if plugin.name == "twin"]
    assert plugin.scorer is module.Twin is type(geneval.parse("twin")) and not plugin.error
    assert geneval.parse("twin").signature().endswith("|plugin:twins-1.0")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("zero", 1, "error: zero (plug-in bad-scorers 0.3) failed with ZeroDivisionError"),
        ("quits", 1, "error: quits (plug-in bad-scorers 0.3) failed with SystemExit: 0"),
        ("infinite", 1, "error: infinite (plug-in bad-scorers 0.3) answered questions with an infinite number"),
        ("short", 1, "answered 1 questions with an array of shape (0, 1)"),
        ("unready", 1, "failed with SystemExit: 0"),
    ],
)
def test_the_command_line_says_it_in_one_line(site, geneval, tmp_path, name, code, said):
    (tmp_path / "items.jsonl").write_text('{"id": "1", "output": "a b", "references": ["a b c", "a"]}\n')
    done = geneval(site, "score", "items.jsonl", "-s", name, "-o", "run", code=code)
    assert said in done.stderr and done.stdout == "" and not (tmp_path / "run").exists()
    done = geneval(site, "score", "items.jsonl", "-s", "nan", code=4)
    assert "could score none" in done.stderr

"""METEOR through the real jar, judged by the jar's own scores where pycocoevalcap's line protocol holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geneval
from geneval.data import demo_inputs
from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, ask_all, expected_at, full, parse
from geneval_scorers.java import _session, meteor
from geneval_scorers.tokenizers import get_tokenizer

pytestmark = pytest.mark.java

WORDS = [
    "a",
    "the",
    "cat",
    "cats",
    "kitten",
    "sat",
    "sits",
    "on",
    "in",
    "mat",
    "mat.",
    "Mat's",
    "(hi)",
    "3.5",
    "1,000",
    "&quot;",
    "don't",
    "--",
    "été",
    "É",
    "你好",
    "مرحبا",
    "🙂",
    "U.S.",
    "x-y",
    ",",
    ".",
    "!",
    "...",
    "|",
    "||",
    "|||",
    "‘a’",
    "“b”",
    "it's",
]


class Judge:
    """pycocoevalcap's METEOR, and what its process says to lines of ours."""

    def __init__(self) -> None:
        from pycocoevalcap.meteor.meteor import Meteor

        self.meteor = Meteor()
        self.pipes = self.meteor.meteor_p

    def scores(self, items):
        """The score of the corpus, and of each (output, references)."""
        references = {i: list(row) for i, (_, row) in enumerate(items)}
        return self.meteor.compute_score(references, {i: [text] for i, (text, _) in enumerate(items)})

    def evaluated(self, counts):
        """The scores of each row of counts, then that of all together."""
        rows = [" ".join(f"{n}.0" for n in row) for row in counts]
        self.pipes.stdin.write((" ||| ".join(["EVAL", *rows]) + "\n").encode())
        self.pipes.stdin.flush()
        return [float(self.pipes.stdout.readline()) for _ in range(len(rows) + 1)]

    def end(self):
        self.pipes.kill()
        self.pipes.communicate()


@pytest.fixture(scope="module")
def judge():
    found = Judge()
    yield found
    found.end()


def corpus_of(items):
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    return Corpus(sets, [(str(i), "s", text, 0) for i, (text, _) in enumerate(items)])


def answers(items, spec="meteor"):
    corpus = corpus_of(items)
    return ask_all(parse(spec), corpus, full(corpus))


def test_segments_and_corpus_are_those_of_the_jar_however_many_references(judge, generated):
    found = answers(generated, "meteor(tokenizer='none')")
    # The protocol of the judge cannot hold `|||`, and the jar parts it into bars, as it does everything of its kind.
    told = [(held(text), [held(reference) for reference in row]) for text, row in generated]
    corpus, segments = judge.scores(told)
    assert np.abs(found.segment - segments).max() < 1e-12
    assert abs(found.corpus() - corpus) < 1e-12


@pytest.fixture(scope="module")
def generated():
    """2,000 seeded items with 1 to 6 references: scripts, punctuation, entities, bars, empty texts, equal texts."""
    rng = np.random.default_rng(20261122)

    def text(most):
        return " ".join(rng.choice(WORDS, rng.integers(0, most + 1)))

    items = []
    for _ in range(2000):
        references = [text(12) for _ in range(rng.integers(1, 7))]
        items.append((text(10) if rng.random() < 0.8 else str(rng.choice(references)), references))
    return items


def held(text):
    return " ".join(text.replace("|||", "| | |").split())


def test_with_ptb_tokens_it_is_what_pycocoevalcap_makes_of_captions(judge):
    demo = demo_inputs()
    references = {item.id: [reference.text for reference in item.references] for item in demo.items}
    items = [(output.text, references[output.id]) for output in demo.outputs]
    tokens = get_tokenizer("ptb")
    corpus, segments = judge.scores([(tokens([text])[0], tokens(row)) for text, row in items])
    found = answers(items)
    assert np.abs(found.segment - segments).max() < 1e-12 and abs(found.corpus() - corpus) < 1e-12
    assert 0.1 < corpus < 0.9


@st.composite
def counted(draw):
    """Counts as the jar could give them: no more is matched than there is."""
    sides = []
    for _ in range(2):
        matches = draw(st.lists(st.integers(0, 3), min_size=8, max_size=8))
        content, function = sum(matches[0::2]), sum(matches[1::2])
        more = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
        sides.append((content + function + sum(more), function + more[1], matches, content + function))
    (length, words, mine, matched), (other, others, theirs, hit) = sides
    kinds = [n for i in range(0, 8, 2) for n in (mine[i], theirs[i], mine[i + 1], theirs[i + 1])]
    chunks = draw(st.integers(min(1, matched), max(matched, 1)))
    return [length, other, words, others, *kinds, chunks, matched, hit]


@settings(max_examples=150, deadline=None)
@given(counts=st.lists(counted(), min_size=1, max_size=6))
def test_the_formula_is_the_jars_for_whatever_counts(judge, counts):
    *single, together = judge.evaluated(counts)
    rows = meteor.additive(np.asarray(counts))
    scorer = parse("meteor")
    assert np.abs(scorer.segment(rows) - single).max() < 1e-12
    assert abs(scorer.aggregate(rows) - together) < 1e-12


SEPARATORS = [
    "\n",
    "\r",
    "\r\n",
    "\v",
    "\f",
    "\x1c",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\0",
    "\t",
    " ||| ",
    "|||",
    "||||||",
]


@pytest.mark.parametrize("tokenizer", ["ptb", "none"])
def test_no_separator_in_a_text_shifts_or_changes_a_score(tokenizer):
    items = [(f"one{mark}two {i}", [f"one{mark}two {i}", "else"]) for i, mark in enumerate(SEPARATORS)]
    spec = f"meteor(tokenizer='{tokenizer}')"
    found = answers(items, spec)
    assert found.segment.tolist() == [1.0] * len(SEPARATORS) and found.winner.tolist() == [0] * len(SEPARATORS)
    others = [(text, ["two ||| cats\nsat"]) for text, _ in items]
    alone = [answers([item], spec).segment[0] for item in others[::4]]
    assert answers(others, spec).segment.tolist()[::4] == alone


# (output, references, score): worked by hand from the rules of Denkowski and Lavie 2014, but for the last row.
ROWS = [
    ("the cat", ["the cat"], 1.0),
    ("", ["the cat"], 0.0),
    ("the cat", [""], 0.0),
    ("", [""], 0.0),
    ("dog", ["the cat"], 0.0),
    ("\ud800", ["the cat"], 0.0),
    # Content words weigh .75, function words .25, a stem .6: one of each, in one chunk that is all there is.
    ("the cats sat", ["the cat sat"], (0.75 * 1.6 + 0.25) / (0.75 * 2 + 0.25)),
    # Two chunks of two words.
    ("dogs cats", ["cats dogs"], 1 - 0.6 * (2 / 2) ** 0.2),
    ("kids walk", ["children walk"], (1 + 0.8) / 2),
    # One inexact match alone is none to the jar's search.
    ("kids", ["children"], 0.0),
]


def test_small_texts_score_what_the_rules_say():
    found = answers([(text, references) for text, references, _ in ROWS]).segment
    assert np.abs(found - [score for *_, score in ROWS]).max() < 1e-12


def test_a_text_beyond_the_limit_gets_no_score_and_the_others_theirs():
    found = answers([("a cat " * 2000, ["a cat"]), ("a cat", ["a cat"])])
    assert found.reason == ("too_long", "") and found.segment[1] == 1.0


def test_each_pair_of_different_texts_is_asked_about_once(monkeypatch):
    asked = []
    monkeypatch.setattr(
        meteor,
        "ask_lines",
        lambda command, lines, **rest: asked.append(list(lines)) or _session.ask_lines(command, lines, **rest),
    )
    sets = [ReferenceSet(str(i), tuple(map(Reference, ["a cat", "A cat.", "two dogs"]))) for i in range(3)]
    corpus = Corpus(sets, [(str(i), s, text, 0) for i in range(3) for s, text in (("x", "a cat"), ("y", "A dog !"))])
    scorer = parse("meteor")
    ask_all(scorer, corpus, full(corpus))
    for k in (1, 2):
        expected_at(scorer, corpus, full(corpus), k)
    pairs = [line for lines in asked for line in lines[:-1]]  # the last one is ours, to see that all are answered
    assert sorted(pairs) == [
        b"SCORE ||| %b ||| %b" % (r, t) for r in (b"a cat", b"two dogs") for t in (b"a cat", b"a dog")
    ]


def test_one_jvm_serves_all_systems_blocks_and_calls(monkeypatch):
    monkeypatch.setattr("geneval.blocks.BLOCK", 200)
    predictions = {f"s{i}": [f"a cat sat on mat {j}" for j in range(40)] for i in range(3)}
    references = [[f"the cat sat on the mat {j}", "a dog"] for j in range(40)]
    before = processes()
    one = geneval.score(predictions=predictions, references=references, scorers="meteor")
    two = geneval.score(predictions=predictions, references=references, scorers="meteor")
    assert [row.score for row in one.scores] == [row.score for row in two.scores]
    after = processes()
    assert len(after) == 1 and (not before or before == after)


def processes():
    return [session.process.pid for session in _session._running.values()]


BEGIN = """
import json, sys, time
from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, ask_all, full, parse
from geneval_scorers.java import _session
items = json.loads(sys.argv[1])
sets = [ReferenceSet(str(i), tuple(map(Reference, row))) for i, (_, row) in enumerate(items)]
corpus = Corpus(sets, [(str(i), "s", text, 0) for i, (text, _) in enumerate(items)])
segment = ask_all(parse("meteor(tokenizer='none')"), corpus, full(corpus)).segment.tolist()
print(json.dumps([segment, [s.process.pid for s in _session._running.values()]]), flush=True)
sys.stdin.read()
"""
ITEMS = [["I SIT in the U.S. — İI’m 3,5 ||| été", ["i sit in the U.S. - I'm 3.5 ete", "été"]], ["a\ncat", ["A CAT"]]]


@pytest.fixture
def elsewhere(tmp_path):
    """The jar in a read-only folder of an awkward name, as a package that comes first."""
    folder = tmp_path / "a 100% odd #folder é" / "pycocoevalcap"
    packaged = Path(find_spec("pycocoevalcap").submodule_search_locations[0])
    shutil.copytree(packaged / "meteor", folder / "meteor")
    (folder / "__init__.py").touch()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="ends processes as POSIX does")
def test_a_foreign_machine_gives_the_same_numbers_and_a_killed_run_leaves_no_jvm(tmp_path, elsewhere):
    """A Turkish JVM, an ASCII locale, decimal commas, spaces in paths, nothing beside the jar that could be written to."""
    files = {path: path.stat().st_mtime_ns for path in elsewhere.rglob("*")}
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(elsewhere.parent), *sys.path]),
        "JAVA_TOOL_OPTIONS": "-Duser.language=tr -Duser.country=TR -Dfile.encoding=ISO-8859-9",
        "LC_ALL": "C",
        "LC_NUMERIC": "de_DE.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", BEGIN, json.dumps(ITEMS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=tmp_path) as caller:
        segment, pids = json.loads(caller.stdout.readline())
        assert str(elsewhere) in Path(f"/proc/{pids[0]}/cmdline").read_text() if Path("/proc").is_dir() else True
        caller.send_signal(signal.SIGKILL)
    assert segment == answers(ITEMS, "meteor(tokenizer='none')").segment.tolist()
    assert {path: path.stat().st_mtime_ns for path in elsewhere.rglob("*")} == files
    assert len(pids) == 1 and gone(pids[0])


def gone(pid):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if not state.stdout.strip() or state.stdout.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def test_the_signature_names_the_versions():
    assert parse("meteor").signature() == "meteor(tokenizer='ptb')|tok:ptb-1|meteor:1.5|pycocoevalcap:1.2"

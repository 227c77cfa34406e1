"""Whatever bytes a file holds, a reader gives data or an error of geneval's own, soon, and never another exception.

A few hundred inputs a format by default; `GENEVAL_FUZZ_SECONDS=600` (`tox -e fuzz`) goes on for so long, with seeds
that it prints, and needs no more than two seconds for any input.
"""

from __future__ import annotations

import faulthandler
import gzip
import io
import itertools
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from geneval.data import (
    Problem,
    read_inputs,
    read_judgements,
    read_pairs,
    read_preferences,
    read_ratings,
    read_references,
    validate,
)
from geneval_references import GenevalError

SECONDS = float(os.environ.get("GENEVAL_FUZZ_SECONDS", "0"))
"""How long to go on in all."""
SLOW = 2.0
"""Seconds that no input may take."""

READERS: dict[str, Callable[[list[str], str | None], object]] = {
    "outputs": lambda paths, form: read_inputs(paths, format=form, allow_missing=True),
    "references": lambda paths, form: read_references(paths, format=form),
    "preferences": lambda paths, form: read_preferences(paths, format=form),
    "ratings": lambda paths, form: read_ratings(paths, format=form),
    "judgements": lambda paths, form: read_judgements(paths, format=form),
    "pairs": lambda paths, form: read_pairs(paths, format=form),
}
NAMES = [
    "a.jsonl",
    "a.json",
    "a.csv",
    "a.tsv",
    "a.jsonl.gz",
    "a.jsonl.zst",
    "a.csv.gz",
    "a.tsv.zst",
    "a.parquet",
    "a.txt",
]

# Good files to begin with, one a kind; mutations of them get deeper into a reader than any random bytes.
ROWS = {
    "outputs": [
        {"id": "1", "system": "A", "output": "a dog", "references": ["x", {"text": "y", "tier": "verified"}]},
        {"id": 2, "outputs": {"A": "é", "B": ["b", "c"]}, "references": {"refA": "z"}, "ratings": {"A": {"P": 1.5}}},
    ],
    "references": [{"id": "1", "references": ["a", {"text": "b", "votes": {"valid": 3}, "confidence": 0.5}]}],
    "preferences": [{"id": "1", "a": "A", "b": "B", "winner": "tie", "annotator": "p", "shown_left": "a"}],
    "ratings": [{"id": "1", "system": "A", "value": 3, "criterion": "P"}, {"id": "2", "ratings": {"A": 1}}],
    "judgements": [{"id": "1", "text": "x", "verdict": "valid", "annotator": "p", "guideline": "g"}],
    "pairs": [{"id": "1", "class": "x", "references": ["a", "b"], "valid": "c", "invalid": "d", "source": "e"}],
}
CSV = {
    "outputs": 'id,system,output,references.0,references.1,ratings.A\n1,A,a dog,x,,2\n2,A,"b, c",y,z,3\n',
    "references": "id,reference\n1,a\n1,b\n2,c\n",
    "preferences": "id,a,b,winner\n1,A,B,tie\n",
    "ratings": "id,system,value\n1,A,2.5\n",
    "judgements": "id,text,verdict,annotator,guideline\n1,x,valid,p,g\n",
    "pairs": 'id,class,references.0,references.1,valid,invalid\n1,x,a,"b, c",d,e\n',
}
TOKENS = [b'"', b",", b"\n", b"\r", b"\t", b"{", b"}", b"[", b"]", b":", b"null", b"NaN", b"1e999", b"-1", b"\\ud800"]
TOKENS += [b"\xef\xbb\xbf", b"\xff", b"\0", b"\\u0000", "\u2028".encode(), b'"id"', b"references", b"winner", b"'"]
TOKENS += [b"[" * 2000, b"9" * 5000, b"a" * 70_000, b'{"text":', b'"tier"', b"=", b'""', b"true", b"1.5", b"x.0"]


def parquet(kind: str) -> bytes:
    """A Parquet file of good rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    first = ROWS[kind][0]
    plain = {"references": [{"text": "x", "tier": "verified"}]} if "references" in first else {}
    pq.write_table(pa.Table.from_pylist([first | plain]), out)
    return out.getvalue()


def good(kind: str, name: str) -> bytes:
    """A good file of this kind and format, not compressed."""
    if ".parquet" in name:
        return parquet(kind)
    if ".csv" in name or ".tsv" in name:
        return CSV[kind].replace(",", "\t" if ".tsv" in name else ",").encode()
    if ".txt" in name:
        return "a dog\né\n\n".encode()
    if name.endswith(".json"):
        return json.dumps(ROWS[kind], ensure_ascii=False).encode()
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS[kind]).encode()


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """A good file with pieces cut out, put in, or doubled."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.sampled_from([0, 1, 2, 8, 64])))
        piece = draw(st.sampled_from(TOKENS) | st.binary(max_size=6) | st.just(data[at:until] * 2))
        data = data[:at] + piece + data[until:]
    return data


@st.composite
def packed(draw: st.DrawFn, name: str, data: bytes) -> bytes:
    """Compressed as the name says, whole, cut, hurt, or not at all."""
    if not name.endswith((".gz", ".zst")):
        return data
    small = gzip.compress(data, 1) if name.endswith(".gz") else zstandard.compress(data)
    how = draw(st.sampled_from(["whole", "whole", "cut", "hurt", "twice", "bare"]))
    if how == "bare":
        return data
    at = draw(st.integers(0, len(small)))
    hurt = small[:at] + draw(st.binary(min_size=1, max_size=3)) + small[at + 1 :]
    return {"whole": small, "cut": small[:at], "hurt": hurt, "twice": small + small}[how]


@contextmanager
def soon() -> Iterator[None]:
    """Ends what hangs, with a traceback, and refuses what is slow."""

    def late(*_: object) -> None:
        raise AssertionError(f"an input took more than {SLOW:g} s")

    can = hasattr(signal, "SIGALRM")
    if can:
        before = signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, SLOW)
    faulthandler.dump_traceback_later(10 * SLOW, exit=True)  # for what no signal reaches
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        if can:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def check(kind: str, name: str, data: bytes) -> None:
    """Reads and validates a file: data or an error of geneval's own, and both of the same mind."""
    form = "text" if name == "a.txt" else None
    with tempfile.TemporaryDirectory() as folder, soon():
        path = str(Path(folder, name))
        Path(path).write_bytes(data)
        refused = True
        with suppress(GenevalError):
            READERS[kind]([path], form)
            refused = False
        problems: list[Problem] = []
        with suppress(GenevalError):
            validate([path], kind=kind, format=form, allow_missing=True, told=problems.append)  # type: ignore[arg-type]
            # Without references outputs can be read, but not scored.
            problems = [problem for problem in problems if "no reference that counts" not in problem.message]
            assert not problems or refused, (problems, data)
            assert problems or not refused or kind == "outputs", data


def go_on(run: Callable[[], None], share: float) -> None:
    """Runs once, or with one seed after the other until its share of the time is over."""
    end = time.monotonic() + SECONDS * share
    for number in itertools.count(12345):
        seed(number)(run)()
        if time.monotonic() > end:
            break


WAYS = list(itertools.product(READERS, NAMES))
LIMITS = settings(
    max_examples=25 if not SECONDS else 100,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("kind", "name"), WAYS, ids=[f"{kind}, {name}" for kind, name in WAYS])
def test_mutations_of_good_files(kind: str, name: str) -> None:
    """Good files with pieces cut out, put in, doubled; compressed files cut and hurt."""
    whole = good(kind, name)

    @LIMITS
    @given(data=mutated(whole).flatmap(lambda data: packed(name, data)))
    def run(data: bytes) -> None:
        check(kind, name, data)

    go_on(run, 0.8 / len(WAYS))


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes(name: str) -> None:
    """Random bytes, and pieces of files."""

    @LIMITS
    @given(data=st.lists(st.sampled_from(TOKENS) | st.binary(max_size=12), max_size=8).map(b"".join))
    def run(data: bytes) -> None:
        check("outputs", name, data)
        check("references", name, data)

    go_on(run, 0.1 / len(NAMES))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "tier", "A", "votes"]), inner),
    max_leaves=6,
)
COLUMNS = ["id", "output", "outputs", "references", "ratings", "system", "sample", "source", "condition", "ref"]
COLUMNS += ["a", "b", "winner", "value", "text", "verdict", "annotator", "shown_left", "left", "a_system"]
COLUMNS += ["class", "valid", "invalid"]


@pytest.mark.parametrize("kind", READERS)
def test_random_rows(kind: str) -> None:
    """Random JSON under the names of real columns."""

    @settings(LIMITS, max_examples=100 if not SECONDS else 300)
    @given(rows=st.lists(st.dictionaries(st.sampled_from(COLUMNS), JSON), max_size=3))
    def run(rows: list[dict[str, object]]) -> None:
        check(kind, "a.jsonl", "\n".join(map(json.dumps, rows)).encode())

    go_on(run, 0.1 / len(READERS))

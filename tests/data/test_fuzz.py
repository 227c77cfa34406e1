"""Whatever bytes a file holds, a reader gives data or an InputError, never another exception."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval.data import read_inputs, read_references
from geneval_references import InputError, UsageError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "tier", "A"]), inner),
    max_leaves=6,
)
ROWS = st.dictionaries(
    st.sampled_from(["id", "output", "outputs", "references", "ratings", "system", "sample", "source", "ref"]),
    JSON,
)
SNIPPETS = [b'{"id":"1","output":"', b'","references":["x"]}', b"\n", b"id,output,references.0\n", b'"', b",", b"\xef"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.jsonl.gz", "a.jsonl.zst", "a.parquet", "a.txt"])
@settings(max_examples=60, deadline=None)
@given(data=st.lists(st.sampled_from(SNIPPETS) | st.binary(max_size=12), max_size=8).map(b"".join))
def test_bytes(name: str, data: bytes) -> None:
    """Random bytes, and pieces of good files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(gzip.compress(data) if name.endswith("gz") and len(data) % 2 else data)
        form = "text" if name == "a.txt" else None
        with suppress(InputError):
            read_inputs([str(path)], format=form, allow_missing=True)
        with suppress(InputError):
            read_references([str(path)], format=form)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(ROWS, max_size=3))
def test_rows(rows: list[dict[str, object]]) -> None:
    """Random JSON under the names of real columns."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        with suppress(InputError, UsageError):
            read_inputs([str(path)], allow_missing=True)
        with suppress(InputError):
            read_references([str(path)])

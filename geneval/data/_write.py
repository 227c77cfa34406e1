"""Writing reference sets: JSON lines, Parquet, or a folder that `datasets` loads."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from geneval.data._bytes import suffix
from geneval.run_directory import writing
from geneval_references import InputError, Reference, ReferenceSet, UsageError, counting, describe, reference_hash

_BATCH = 4096


def write_references(sets: Sequence[ReferenceSet], path: str | os.PathLike[str]) -> None:
    """Write reference sets, so that `read_references` gives them back equal.

    Nothing is overwritten. A file or folder is built beside its place and renamed when it is whole.

    Args:
        sets: one an item.
        path: `.jsonl` (`.gz`, `.zst`), `.parquet`, or a folder (no suffix): Parquet with a card, which
            `datasets.load_dataset` loads.

    Raises:
        UsageError: the suffix is none of these, or the place is taken.
        InputError: its folder does not exist.
        GenevalError: it cannot be written, for example because the disk is full.
    """
    target = Path(path)
    if target.exists():
        raise UsageError(f"{target}: is already there; geneval overwrites nothing, choose another name")
    if not target.parent.is_dir():
        raise InputError(f"{target}: the folder {str(target.parent)!r} does not exist; make it first")
    with writing(target):
        _write(sets, target)


def _write(sets: Sequence[ReferenceSet], target: Path) -> None:
    kind = suffix(target.name)
    if kind in {".jsonl", ".ndjson"}:
        with _whole(target) as temporary:
            _write_jsonl(sets, temporary)
    elif kind == ".parquet" and target.suffix.lower() == ".parquet":
        with _whole(target) as temporary:
            _write_parquet(sets, temporary)
    elif not target.suffix:
        _write_folder(sets, target)
    else:
        raise UsageError(
            f"{target}: the suffix {target.suffix!r} tells no format; use .jsonl (.gz, .zst), .parquet, or a name "
            "without suffix for a folder"
        )


def _write_jsonl(sets: Sequence[ReferenceSet], path: Path) -> None:
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as raw, _compressing(raw, path.suffix.lower()) as file:
        for item in sets:
            file.write(encode(_row(item)) + b"\n")


@contextmanager
def _compressing(raw: BinaryIO, kind: str) -> Iterator[Any]:
    """The file to write to, compressed as its suffix says; closed, so that the compressed stream is whole."""
    if kind == ".gz":
        # No name and no time stamp: the same sets give the same bytes.
        with gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
            yield file
    elif kind == ".zst":
        import zstandard

        with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as file:
            yield file
    else:
        yield raw


def _row(item: ReferenceSet) -> dict[str, Any]:
    row: dict[str, Any] = {"id": item.id}
    if item.source is not None:
        row["source"] = item.source
    if item.condition is not None:
        row["condition"] = item.condition
    row["references"] = [_entry(reference) for reference in item.references]
    return row


def _entry(reference: Reference) -> str | dict[str, Any]:
    """The text alone, where the reference is an ordinary one; else an object of what is not ordinary."""
    fields = _fields(reference)
    ordinary = _fields(Reference(reference.text))
    told = {name: value for name, value in fields.items() if name == "text" or value != ordinary[name]}
    return reference.text if len(told) == 1 else told


def _fields(reference: Reference) -> dict[str, Any]:
    return {
        "text": reference.text,
        "tier": reference.tier,
        "origin": reference.origin,
        "parent": reference.parent,
        "condition": reference.condition,
        "votes": None if reference.votes is None else dict(reference.votes),
        "confidence": None if reference.confidence is None else float(reference.confidence),
        "proposers": list(reference.proposers),
        "evidence": None if reference.evidence is None else dict(reference.evidence),
    }


def _write_parquet(sets: Sequence[ReferenceSet], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    votes = pa.list_(pa.struct({"verdict": pa.string(), "count": pa.int64()}))
    texts = {name: pa.string() for name in ("text", "tier", "origin", "parent", "condition")}
    more = {"proposers": pa.list_(pa.string()), "evidence": pa.string()}
    reference = pa.struct({**texts, "votes": votes, "confidence": pa.float64(), **more})
    strings = [(name, pa.string()) for name in ("id", "source", "condition")]
    schema = pa.schema([*strings, ("references", pa.list_(reference))])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        rows = map(_parquet_row, sets)
        while batch := list(islice(rows, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _parquet_row(item: ReferenceSet) -> dict[str, Any]:
    entries = [_fields(reference) for reference in item.references]
    for entry in entries:
        # `datasets` has no maps, and an object with open keys would get every key of the column.
        if entry["votes"] is not None:
            entry["votes"] = [{"verdict": name, "count": count} for name, count in entry["votes"].items()]
        if entry["evidence"] is not None:
            entry["evidence"] = msgspec.json.encode(entry["evidence"]).decode()
    return {"id": item.id, "source": item.source, "condition": item.condition, "references": entries}


def _write_folder(sets: Sequence[ReferenceSet], target: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        temporary.chmod(0o777 & ~_umask())
        _write_parquet(sets, temporary / "references.parquet")
        (temporary / "README.md").write_text(_card(sets), encoding="utf-8", newline="\n")
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _card(sets: Sequence[ReferenceSet]) -> str:
    found = describe(sets)
    return f"""---
configs:
- config_name: default
  data_files:
  - split: references
    path: references.parquet
dataset_info:
  features:
  - name: id
    dtype: string
  - name: source
    dtype: string
  - name: condition
    dtype: string
  - name: references
    list:
    - name: text
      dtype: string
    - name: tier
      dtype: string
    - name: origin
      dtype: string
    - name: parent
      dtype: string
    - name: condition
      dtype: string
    - name: votes
      list:
      - name: verdict
        dtype: string
      - name: count
        dtype: int64
    - name: confidence
      dtype: float64
    - name: proposers
      list: string
    - name: evidence
      dtype: string
---
# Reference sets

{found.items} items, {found.references} references; {found.items_without_references} items have none.
Hash of the references that count in scores: `{reference_hash(counting(sets))}`.

| tier | references |
|---|---|
{_table(found.tiers)}

| origin | references |
|---|---|
{_table(found.origins)}

Licence: not stated. Whoever publishes this folder states the licences of the texts here.
"""


def _table(counts: Mapping[str, int]) -> str:
    return "\n".join(f"| {name.replace('|', chr(92) + '|')} | {count} |" for name, count in counts.items())


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A file beside the target, which becomes the target once it is whole and on disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

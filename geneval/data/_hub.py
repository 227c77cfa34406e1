"""Data sets of the `datasets` library: saved folders, folders of files, and names on the Hub.

Files are found by `datasets` (their cards name configs and splits) and read by geneval's own readers: the JSON and CSV
readers of `datasets` guess types, and so alter long numbers and texts that look like dates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs

import msgspec

from geneval.data._bytes import Lines, suffix
from geneval.data._columns import Row
from geneval.data._jsonl import json_rows, jsonl_rows
from geneval.data._problems import Problems
from geneval.data._tables import ParquetRows, arrow_rows, csv_rows
from geneval_references import InputError, MissingDependencyError, UsageError

_PREFIXES = ("hf://datasets/", "hf://")


def is_dataset(spec: str) -> bool:
    """Whether a spec names a data set of the Hub or a folder, not a file."""
    try:
        return spec.startswith("hf://") or Path(spec.partition("?")[0]).is_dir()
    except OSError:  # a name that is too long
        return False


class HubRows:
    """The rows of one split, streamed; iterate, then ask for `sha256`."""

    def __init__(self, spec: str, problems: Problems) -> None:
        address, _, query = spec.partition("?")
        options = parse_qs(query, keep_blank_values=True)
        if unknown := set(options) - {"split", "config"}:
            raise UsageError(f"{spec}: no option {min(unknown)!r}; the options are split=... and config=...")
        prefix = next((p for p in _PREFIXES if address.startswith(p)), None)
        self._on_hub = prefix is not None
        self._address = address.removeprefix(prefix or "").rstrip("/")
        self._split = options.get("split", [None])[0]
        self._config = options.get("config", [None])[0]
        self._spec = spec
        self._problems = problems
        self._hash = hashlib.sha256()
        self.name = self._spec if self._on_hub else Path(self._address).resolve().name
        self.notes: list[str] = []

    @property
    def sha256(self) -> str:
        """Of the rows read so far, as JSON."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        encode = msgspec.json.Encoder(enc_hook=str).encode
        for number, row in self._rows():
            self._hash.update(encode(row))
            yield number, row

    def _rows(self) -> Iterator[tuple[int, Row]]:
        folder = Path(self._address)
        saved = (folder / "state.json", folder / "dataset_dict.json")
        if not self._on_hub and any(file.is_file() for file in saved):
            return self._saved_rows()
        return self._file_rows(*self._find_files())

    def _saved_rows(self) -> Iterator[tuple[int, Row]]:
        """What `Dataset.save_to_disk` wrote; its Arrow files carry their Features."""
        import datasets

        found = datasets.load_from_disk(self._address)
        if isinstance(found, datasets.DatasetDict):
            found = found[self._choose_split(list(found))]
        elif self._split is not None:
            raise UsageError(f"{self._spec}: the folder holds one data set without splits; leave out split=")
        yield from arrow_rows(found.with_format("arrow").iter(batch_size=1024))

    def _file_rows(self, builder: Any, files: list[str]) -> Iterator[tuple[int, Row]]:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        total = 0
        for file in files:
            kind = suffix(file)
            if kind not in {".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet"}:
                yield from self._streamed_rows(builder)
                return
            filesystem, path = url_to_fs(file)
            with filesystem.open(path, "rb") as raw:
                for _, row in self._rows_of(kind, Path(file).name, raw):
                    total += 1
                    yield total, row

    def _rows_of(self, kind: str, name: str, raw: BinaryIO) -> Iterator[tuple[int, Row]]:
        if kind == ".parquet":
            return iter(ParquetRows(name, raw))
        lines = Lines(name, name, self._problems, raw)
        if kind in {".csv", ".tsv"}:
            return csv_rows(lines, name, "\t" if kind == ".tsv" else ",", self._problems)
        return (json_rows if kind == ".json" else jsonl_rows)(lines, name, self._problems)

    def _streamed_rows(self, builder: Any) -> Iterator[tuple[int, Row]]:
        """Other kinds of files, by `datasets`' own readers."""
        stream = builder.as_streaming_dataset(split=self._choose_split(list(builder.config.data_files or ())))
        for number, row in enumerate(stream, 1):
            yield number, dict(row)

    def _find_files(self) -> tuple[Any, list[str]]:
        """The builder, and the files of the chosen split."""
        import datasets

        try:
            builder = datasets.load_dataset_builder(self._address, self._config)
        except ValueError as error:
            # An unknown or an ambiguous config; `datasets` lists them.
            raise UsageError(f"{self._spec}: {error}") from error
        except OSError as error:
            if not self._on_hub:
                raise InputError(f"{self._spec}: no data set here: {error}") from error
            builder = self._downloaded(error)
        splits = builder.config.data_files or {}
        return builder, list(splits[self._choose_split(list(splits))])

    def _downloaded(self, error: OSError) -> Any:
        """The data set as `hf download` left it; the Hub cannot be reached, or has no such data set."""
        import datasets
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            folder = snapshot_download(self._address, repo_type="dataset", local_files_only=True)
            return datasets.load_dataset_builder(folder, self._config)
        except (LocalEntryNotFoundError, OSError, ValueError):
            raise MissingDependencyError(
                f"{self._spec}: the data set is not in the cache and could not be fetched ({error}). "
                f"Where the Hub can be reached: hf download --repo-type dataset {self._address}"
            ) from error

    def _choose_split(self, splits: list[str]) -> str:
        names = [str(split) for split in splits]
        if self._split is None and len(names) == 1:
            return names[0]
        if self._split in names:
            return str(self._split)
        what = "say which split" if self._split is None else f"no split {self._split!r}"
        raise UsageError(
            f"{self._spec}: {what}; there are {', '.join(names)}: {self._spec.partition('?')[0]}?split=NAME"
        )

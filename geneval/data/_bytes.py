"""Files as lines of bytes: plain, gzip or zstandard, hashed, split at line feeds and nowhere else."""

from __future__ import annotations

import gzip
import hashlib
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from geneval.data._problems import Problems
from geneval_references import InputError

_COMPRESSED = {".gz", ".zst"}
_BOM = b"\xef\xbb\xbf"


def suffix(name: str) -> str:
    """The last suffix before a compression: `.jsonl` of `a.b.jsonl.gz`."""
    path = Path(name)
    return (Path(path.stem).suffix if path.suffix in _COMPRESSED else path.suffix).lower()


def stem(name: str) -> str:
    """The file's name without its suffix and compression: `a.b` of `dir/a.b.jsonl.gz`."""
    path = Path(name)
    return Path(path.stem).stem if path.suffix in _COMPRESSED else path.stem


def check_exists(path: str) -> None:
    """Refuse what is no readable file.

    Raises:
        InputError: there is no such file.
    """
    try:
        found = Path(path).is_file()
    except OSError as error:  # a name that is too long
        raise InputError(f"{path}: no such file ({error.strerror})") from error
    if not found:
        raise InputError(f"{path}: no such file")


def file_hash(path: str) -> str:
    """The SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_bytes(path: str, raw: BinaryIO | None = None) -> BinaryIO:
    """Open a file for reading; gzip is taken off, zstandard is not."""
    if Path(path).suffix.lower() == ".gz":
        return gzip.open(raw or path, "rb")  # type: ignore[return-value]
    return raw or Path(path).open("rb")


def read_whole(path: str, name: str, raw: BinaryIO | None = None) -> bytes:
    """All bytes of a file, decompressed.

    Raises:
        InputError: a compressed file breaks off or is damaged.
    """
    problems = Problems()
    lines = Lines(path, name, problems, raw)
    data = b"".join(lines.split())
    problems.check()
    return data.removeprefix(_BOM)


class Lines:
    """The lines of one file, without their line ends, numbered from 1.

    A truncated or damaged compressed file is a problem that names the last whole line.
    """

    def __init__(self, path: str, name: str, problems: Problems, raw: BinaryIO | None = None) -> None:
        self.notes: list[str] = []
        self.start = 0
        """Offset of the current line in the decompressed bytes."""
        self._path = path
        self._name = name
        self._problems = problems
        self._raw = raw
        self._stdin_hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of the bytes as they lie on disk; of what was read, for stdin."""
        return self._stdin_hash.hexdigest() if self._path == "-" else file_hash(self._path)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        for number, line in enumerate(self.split(), 1):
            text = line
            if number == 1 and line.startswith(_BOM):
                self.notes.append(f"{self._name}: a byte order mark at the start was left out")
                text = line[len(_BOM) :]
            yield number, text.removesuffix(b"\n").removesuffix(b"\r")
            self.start += len(line)

    def split(self) -> Iterator[bytes]:
        """The lines with their line ends, as far as the file is whole."""
        number = 0
        try:
            for line in self._raw_lines():
                number += 1
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._problems.add(
                f"{self._name}:{number}: the compressed file breaks off or is damaged after this line ({error}); "
                "get a whole copy of it"
            )

    def _raw_lines(self) -> Iterator[bytes]:
        if self._path == "-":
            for line in sys.stdin.buffer:
                self._stdin_hash.update(line)
                yield line
            return
        with open_bytes(self._path, self._raw) as file:
            if Path(self._path).suffix.lower() == ".zst":
                yield from _lines_of(_unzstd(file))
            else:
                yield from file


def _lines_of(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    """Decompressed chunks. zstandard's own reader takes a file that breaks off for a whole one."""
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    while data := file.read(1 << 17):
        while data:
            begun = True
            try:
                yield frame.decompress(data)
            except zstandard.ZstdError as error:
                raise EOFError(str(error)) from error
            data = frame.unused_data
            if frame.eof:
                frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    if begun:
        raise EOFError("the last frame is not whole")


def utf8_fault(data: bytes, start: int = 0) -> str | None:
    """Where bytes stop being UTF-8, counted from the start of the file; `None` if they do not."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return (
            f"the byte 0x{data[error.start]:02x} at offset {start + error.start} is not UTF-8; "
            "convert the file to UTF-8"
        )
    return None

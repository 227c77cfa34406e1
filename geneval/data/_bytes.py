"""Files as lines of bytes: plain, gzip or zstandard, hashed, split at line feeds and nowhere else."""

from __future__ import annotations

import gzip
import hashlib
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from geneval.data._problems import Fault, Place, Problems

_COMPRESSED = {".gz", ".zst"}
_BOM = b"\xef\xbb\xbf"
_STEP, _ZSTD_STEP = 1 << 18, 1 << 10

BOMB_FROM = 64 * 1024 * 1024
"""From so many decompressed bytes on, a file is looked at for its ratio."""
BOMB_RATIO = 200
"""Decompressed bytes for each byte of the file that are more than any texts give."""


def suffix(name: str) -> str:
    """The last suffix before a compression: `.jsonl` of `a.b.jsonl.gz`."""
    path = Path(name)
    return (Path(path.stem).suffix if path.suffix in _COMPRESSED else path.suffix).lower()


@cache  # asked for every row that does not name its system
def stem(name: str) -> str:
    """The file's name without its suffix and compression: `a.b` of `dir/a.b.jsonl.gz`."""
    path = Path(name)
    return Path(path.stem).stem if path.suffix in _COMPRESSED else path.stem


def check_exists(path: str) -> None:
    """Refuse what is no readable file.

    Raises:
        Fault: there is no such file, or it cannot be read.
    """
    try:
        found = Path(path).is_file()
        if found:
            Path(path).open("rb").close()
    except PermissionError as error:
        raise Fault(f"cannot be read ({error.strerror}); see who may read it") from error
    except OSError as error:  # a name that is too long
        raise Fault(f"no such file ({error.strerror})") from error
    if not found:
        raise Fault("no such file")


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
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of the bytes that were read, as they lie on disk; asked when all were."""
        return self._hash.hexdigest()

    @property
    def read(self) -> int:
        """Bytes of the file that were read."""
        return self.start if self._file is None else self._file.tell()

    @property
    def size(self) -> int:
        """Bytes of the file; what was read where that is not known."""
        return self.read if self._path == "-" or self._raw else Path(self._path).stat().st_size

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        for number, line in self.whole():
            yield number, line.removesuffix(b"\n").removesuffix(b"\r")

    def whole(self) -> Iterator[tuple[int, bytes]]:
        """The lines with their line ends and numbers, as far as the file is whole."""
        number = 0
        try:
            for line in self._raw_lines():
                number += 1
                text = line
                if number == 1 and line.startswith(_BOM):
                    self.notes.append(f"{self._name}: a byte order mark at the start was left out")
                    text = line[len(_BOM) :]
                    self.start = len(_BOM)
                yield number, text
                self.start += len(text)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            message = f"the compressed file breaks off or is damaged after this line ({error}); get a whole copy of it"
            self._problems.add(message, Place(self._name, number))
        except _Bomb as bomb:
            self._problems.add(str(bomb), Place(self._name, number))

    def _raw_lines(self) -> Iterator[bytes]:
        if self._path == "-":
            for line in sys.stdin.buffer:
                self._hash.update(line)
                yield line
            return
        kind = Path(self._path).suffix.lower()
        with self._raw or Path(self._path).open("rb") as file:
            self._file = file
            if kind in _COMPRESSED:
                noted = cast("BinaryIO", _Noted(file, self._hash))
                chunks = _gunzip(noted) if kind == ".gz" else _unzstd(noted)
                yield from _lines_of(_bounded(chunks, file))
            else:
                for line in file:
                    self._hash.update(line)
                    yield line


class _Noted:
    """A file that notes the hash of what is read of it."""

    def __init__(self, file: BinaryIO, digest: hashlib._Hash) -> None:
        self._file, self._digest = file, digest

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data


class _Bomb(Exception):  # noqa: N818 - it never leaves this module
    """A compressed file that holds far more than texts can."""


def _bounded(chunks: Iterator[bytes], file: BinaryIO) -> Iterator[bytes]:
    """The chunks, as long as they are not out of all proportion to what was read of the file."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > BOMB_FROM and size > BOMB_RATIO * file.tell():
            raise _Bomb(
                f"the compressed file holds more than {BOMB_RATIO} times its size after this line, as no texts do; "
                "decompress it yourself if you trust it, and name the result"
            )
        yield chunk


def _lines_of(chunks: Iterator[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        parts.append(first)
        for piece in more:
            yield b"".join(parts) + b"\n"
            parts = [piece]
    if rest := b"".join(parts):
        yield rest


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as opened:
        while chunk := opened.read1(_STEP):
            yield chunk


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    """Decompressed chunks. zstandard's own reader takes a file that breaks off for a whole one."""
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    # A few bytes can stand for a block of 128 KiB, so what is handed over at a time is little.
    while data := file.read(_ZSTD_STEP):
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

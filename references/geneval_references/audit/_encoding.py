"""Texts whose bytes were read by the wrong rules, and characters that were lost.

UTF-8 that was read as another encoding (`cafÃ©`) can be read back: written in that encoding, the damaged characters are
valid UTF-8. Texts that people wrote are not, but for rare chance: UTF-8's marks of beginning and continuation would have
to stand in order. For Western encodings a single such sequence will do, if it begins as damaged Western text does; for
others, whose letters are themselves such marks, all letters beyond ASCII must fit and give three characters or more.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from geneval_references.audit._model import Finding
from geneval_references.audit._table import Table

_SINGLE = ("cp1252", "cp1250", "mac_roman", "cp437", "cp850")
"""Encodings of which one damaged character is told from text."""
_WHOLE = ("cp1251", "koi8_r", "gbk", "shift_jis", "big5", "cp949")
"""Encodings whose letters are themselves marks of UTF-8."""


def _bytes_of(codec: str) -> dict[int, int]:
    """The characters of an encoding beyond ASCII, with their bytes; bytes that it leaves open are controls."""
    table = {byte: byte for byte in range(0x80, 0x100)} if codec == "cp1252" else {}
    for byte in range(0x80, 0x100):
        character = bytes([byte]).decode(codec, "replace")
        table[byte if character == "\ufffd" else ord(character)] = byte
    return table


def _run_of(codec: str) -> regex.Pattern[str]:
    return regex.compile("[" + "".join(regex.escape(chr(c)) for c in sorted(_BYTES[codec])) + "]{2,}")


_BYTES = {codec: _bytes_of(codec) for codec in _SINGLE}
_RUNS = {codec: _run_of(codec) for codec in _SINGLE}
_LOST = regex.compile(r"\ufffd|\p{L}\?\p{Ll}+(?!\S*[=/&])|\?{3,}\p{L}|(?![\t\n\r\x80-\x9f])\p{Cc}")
# What a single one may look like is narrow, for people do write "\u00e9\u00a0\u00bb" (French quotation marks) and "\u00c4\u201c".
_SEQUENCE = regex.compile(
    rb"(?:[\xc4-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}){2,}"
    rb"|[\xc2\xc3](?!\xaa)[\x80-\xbf]|[\xc4\xc5](?![\x85\x91-\x97\x99\xa0\xab\xae\xb0\xbb])[\x80-\xbf]"
    rb"|\xe2[\x80-\x9f][\x80-\xbf]|\xf0\x9f[\x80-\xbf]{2}"
)


def encoding(table: Table) -> Iterator[Finding]:
    """Findings of kinds `mojibake` and `lost characters`: plain facts."""
    repaired = {text: repair(table.texts[text]) for text in table.distinct}
    lost = [text for text, found in repaired.items() if found is None and is_lossy(table.texts[text])]
    read = [n for n, text in enumerate(table.text.tolist()) if repaired[text] is not None]
    if read:
        notes = [f"read rightly: {repaired[table.text[n]]}" for n in read]
        yield Finding(
            kind="mojibake",
            level="fault",
            subject="references",
            message=f"{len(read)} references hold UTF-8 that was read as another encoding",
            advice="read the file as UTF-8; each row shows its text as it was meant. No scorer takes the two for the same",
            rows=tuple(table.row(n, note) for n, note in zip(read, notes, strict=True)),
            count=len(read),
            of=len(table.item),
        )
    missing = set(lost)
    gone = [n for n, text in enumerate(table.text.tolist()) if text in missing]
    if gone:
        yield Finding(
            kind="lost characters",
            level="fault",
            subject="references",
            message=f"{len(gone)} references hold characters that stand for lost ones (U+FFFD, ? inside words, controls)",
            advice="get the texts from where they came from: what was lost cannot be read back",
            rows=tuple(table.row(n) for n in gone),
            count=len(gone),
            of=len(table.item),
        )


def is_lossy(text: str) -> bool:
    r"""Whether a text has marks of characters that were lost.

    >>> is_lossy("caf\ufffd"), is_lossy("na?ve"), is_lossy("Really? Yes.")
    (True, True, False)
    """
    return ("?" in text or not text.isascii() or not text.isprintable()) and _LOST.search(text) is not None


def repair(text: str) -> str | None:
    r"""The text as it was meant, where it is UTF-8 that was read as another encoding; else None.

    >>> repair("caf\u00c3\u00a9"), repair("caf\u00e9")
    ('café', None)
    """
    if text.isascii():
        return None
    for codec in _SINGLE:
        meant = _in_runs(text, codec)
        if meant != text:
            return _whole(text, codec) or meant
    high = sum(not c.isascii() for c in text)
    for codec in _WHOLE:
        try:
            meant = text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        if 3 <= sum(not c.isascii() for c in meant) < high:
            return meant
    return None


def _whole(text: str, codec: str) -> str | None:
    """All of it read back, where all of it was damaged."""
    try:
        return bytes(_BYTES[codec].get(ord(c), ord(c)) for c in text).decode("utf-8")
    except ValueError:  # a character that the encoding does not have, or bytes that are no UTF-8
        return None


def _in_runs(text: str, codec: str) -> str:
    bytes_of = _BYTES[codec]

    def read_back(found: regex.Match[str]) -> str:
        run: str = found.group()
        out, at = [], 0
        for match in _SEQUENCE.finditer(bytes(bytes_of[ord(c)] for c in run)):
            if match.group()[-1:] == b"\xbb" and not text[found.start() + match.end() :][:1].isalpha():
                continue  # a word in capitals, and the quotation mark behind it
            try:
                meant = match.group().decode("utf-8")
            except UnicodeDecodeError:
                continue
            out += [run[at : match.start()], meant]
            at = match.end()
        return "".join([*out, run[at:]])

    meant: str = _RUNS[codec].sub(read_back, text)
    return meant

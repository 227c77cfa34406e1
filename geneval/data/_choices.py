"""Preferences as other tools write them: Arena's battles, alpaca_eval's annotations, TRL's chosen and rejected texts.

Who won is said by a label of geneval's, by the column of the winner (`model_a`), by a number (alpaca_eval), or by
which text is the chosen one (TRL). Whatever else stands there is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from geneval.data._columns import ALIASES, Row
from geneval.data._fields import identifier, label, number, optional_text, required
from geneval.data._model import WINNERS, Side, Winner
from geneval.data._problems import Fault, shown
from geneval.data._sources import Source

_BOTH_BAD = {"tie (bothbad)": "both_bad"}
_CALLED = {"a": ("left", "model_a", "system_a"), "b": ("right", "model_b", "system_b")}
"""The winner may be called by its column: {"left": ..., "right": ..., "winner": "left"}."""

_NUMBERED = ("generator_1", "generator_2")
_NUMBERS: dict[float, Winner] = {1.0: "a", 2.0: "b", 1.5: "tie", 0.0: "tie"}
"""What alpaca_eval's `preference` means."""

_TEXTS = ("chosen", "rejected")
_BY_SIDE = {"a", "b", *ALIASES["a"], *ALIASES["b"]} - {f"{text}{mark}model" for text in _TEXTS for mark in "_-"}
"""Columns that name systems by their sides: beside them nothing says that the first is the chosen one."""


class OwnItems:
    """Gives rows an item of their own, where a file's rows have no id.

    Attributes:
        count: how many rows got one.
    """

    def __init__(self) -> None:
        self.count = 0

    def named(self, rows: Iterable[tuple[int, Row, Row]], source: Source) -> Iterator[tuple[int, Row, Row]]:
        """(number, row as it is, row under geneval's names), this with an id; what has one after rows without does not count."""
        bare = None
        for line, raw, row in rows:
            bare = "id" not in row if bare is None else bare
            if bare and "id" in row:
                told = "this row has an id, those before it have none; give one to all rows or to none"
                source.problems.add_fault(source.where(line), Fault(told, "id"), row["id"])
            elif bare:
                self.count += 1
                yield line, raw, row | {"id": str(source.where(line))}
            else:
                yield line, raw, row

    def notes(self) -> list[str]:
        """What to say of them."""
        return [f"no id: {self.count} rows are items of their own"] if self.count else []


def item(row: Row, raw: Row) -> str:
    """The item: an id, or the text that the systems answered, which TRL may write as messages."""
    value = required(row, "id", raw)
    if type(value) is list:
        value = "\n".join(_contents(value, "id"))
    return identifier(value, "id")


def system(row: Row, raw: Row, side: Side) -> str:
    """The system's name."""
    _check_kind(row, raw)
    return identifier(required(row, side, raw), side)


def _check_kind(row: Row, raw: Row) -> None:
    """Refuses what is no choice between systems, in words of its own."""
    if "a" in row or "b" in row:
        return
    if all(name in raw for name in _TEXTS):
        raise Fault(
            "the rows tell which text was chosen, not which systems wrote the two, and there is nothing to rank "
            "without; name the columns that tell: --column a=NAME (of the chosen) --column b=NAME (of the rejected)"
        )
    if "ratings" in raw or ("system" in raw and "value" in raw):
        raise Fault("the rows hold grades, not choices; `geneval rank --from-ratings` makes choices of them")


def winner(row: Row, raw: Row, source: Source) -> Winner:
    """Who won."""
    _check_kind(row, raw)
    if "winner" not in row and all(name in raw for name in _TEXTS) and not _BY_SIDE & raw.keys():
        return "a"
    value = required(row, "winner", raw)
    if "winner" not in raw and all(name in raw for name in _NUMBERED):
        return _numbered(value, untyped=source.untyped)
    if type(value) is str and value not in WINNERS:
        for side, columns in _CALLED.items():
            if value in columns and raw.get(value) == row.get(side):
                return cast(Winner, side)
        value = _BOTH_BAD.get(value, value)
    called = [name for side, columns in _CALLED.items() for name in columns if name in raw and side in row]
    try:
        return cast(Winner, label(value, "winner", WINNERS))
    except Fault as fault:
        if called:
            fault.message += f" (the columns {', '.join(called)} may be named, too)"
            fault.args = (fault.message,)
        raise


def output(value: object, column: str) -> str | None:
    """A text or null; of messages the last one's."""
    if type(value) is list:
        return _contents(value, column)[-1]
    return optional_text(value, column)


def _numbered(value: object, *, untyped: bool) -> Winner:
    due = "1 (the first), 2 (the second), 1.5 or 0 (a tie) is due"
    if value is None or value == "":
        raise Fault(f"got {shown(value)}; {due}; leave out rows without a preference", "winner")
    found = number(value, "winner", untyped=untyped)
    if found not in _NUMBERS:
        raise Fault(
            f"got the number {found:g}; {due}: a weighted preference is a probability, and no choice that was made",
            "winner",
        )
    return _NUMBERS[found]


def _contents(messages: list[Any], column: str) -> list[str]:
    """The texts of a list of messages, {"role", "content"}; at least one."""
    found = [message.get("content") if type(message) is dict else None for message in messages]
    if not found or not all(type(content) is str for content in found):
        raise Fault("got a list; a text is due, or messages {role, content} with texts", column)
    return cast("list[str]", found)

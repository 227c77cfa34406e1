"""What is known about which items answer which queries: JSON lines, TREC judgements, eccv-caption's files, CxC's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from geneval.data._bytes import Lines, suffix
from geneval.data._columns import ColumnNames, Row
from geneval.data._evidence import votes_of
from geneval.data._fields import identifier, number, required, tried
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Place, Problems, shown
from geneval.data._sources import Source, check_path, open_sources
from geneval.data._trec import is_trec, real, trec_rows
from geneval_references import TIERS, InputError, Tier, UsageError
from geneval_scorers.ranking import Judged

QRELS = ("query", "iteration", "item", "grade")
_FIELDS = ("item", "grade", "tier", "votes")
_LISTS = ("negatives", "pool", "left_out")
_CXC = "agg_score"


@dataclass(slots=True)
class Positives:
    """What files of positives say.

    Attributes:
        known: query -> what is known of its items.
        left_out: query -> items that are not in its gallery.
        grade_from: grades from here on were taken for right; None: those above 0.
        notes: for the user.
        files: that were read.
    """

    known: dict[str, list[Judged]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    grade_from: float | None = None
    notes: list[str] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)


def read_positives(
    paths: Sequence[str], *, grade_from: float | None = None, columns: Mapping[str, str] | None = None
) -> Positives:
    """Read positives of queries, with tier, grade and votes, and what was judged to be none.

    Rows are `{"id", "positives": [item or {"item", "grade", "tier", "votes"}], "negatives", "pool", "left_out": [items]}`,
    with lists under the names of tiers beside or in place of `positives`; or one pair each, `{"id", "item", "grade",
    "tier", "votes"}`. TREC judgements end in .qrels, .qrel, .trec or .txt: grades above 0 are right, 0 is wrong, below 0 it was in the pool
    and not judged. eccv-caption's .json holds one object, {query: [items]}. Tables of CxC have a column agg_score; their
    first column is the query unless `columns` says otherwise. Of an item that several files name the strongest tier counts.

    Args:
        paths: `FILE` or `TIER=FILE`, the tier of what says none itself; `original` without.
        grade_from: grades from here on are right, lower ones are wrong; by default those above 0 are right.
        columns: which column to use, `{"verified": "eccv"}`.

    Raises:
        InputError: the data is malformed, or says of an item that it is right and that it is wrong.
        UsageError: a column, a tier or a format does not exist; CxC's grades without `grade_from`.
    """
    problems = Problems()
    reader = _Reader(ColumnNames(columns, ("positives",)), grade_from, problems)
    for source in open_sources(paths, "jsonl", problems):
        if source.label is not None and source.label not in TIERS:
            raise UsageError(f"{source.label}=FILE: no tier {source.label!r}; the tiers are {', '.join(TIERS)}")
        reader.read(source)
    return reader.done()


class _Reader:
    """Gathers what files say: of each query and item the strongest word."""

    def __init__(self, names: ColumnNames, grade_from: float | None, problems: Problems) -> None:
        self._names, self._from, self._problems = names, grade_from, problems
        self._found = Positives(grade_from=grade_from)
        self._known: dict[str, dict[str, tuple[Judged, Place, str]]] = {}
        self._opposed = 0

    def done(self) -> Positives:
        self._names.check()
        self._problems.check()
        self._found.known = {query: [one for one, _, _ in row.values()] for query, row in self._known.items()}
        self._found.notes += self._names.notes()
        if self._opposed:
            self._found.notes.append(
                f"{self._opposed} items are right in one file and wrong in another of another tier: they count as right"
            )
        return self._found

    def read(self, source: Source) -> None:
        if is_trec(source):
            self._read_trec(source)
        elif suffix(source.path) == ".json" and (entries := self._object(source)) is not None:
            self._read_object(source, entries)
        else:
            source.form = open_sources([source.path], None, self._problems)[0].form
            self._read_rows(source)
        self._found.notes += source.notes
        self._found.files += [source.file] if source.file else []

    def _read_trec(self, source: Source) -> None:
        for line, row in trec_rows(source, QRELS, self._problems):
            where = source.where(line)
            try:
                grade = real(row["grade"], "grade")
                self._add(row["query"], self._judged(row["item"], None if grade < 0 else grade, source), where)
            except (Fault, InputError) as error:
                self._problems.add_faults(where, error, (), row["query"])

    def _object(self, source: Source) -> dict[str, Any] | None:
        """The one object of eccv-caption's files; None where it is something else, which is read as rows."""
        try:
            check_path(source)
        except Fault as fault:
            self._problems.add_fault(source.shown, fault)
            return {}
        lines = Lines(source.path, source.shown, Problems())
        data = b"".join(line for _, line in lines.whole())
        try:
            value = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if type(value) is not dict or not all(type(entry) is list for entry in value.values()) or "id" in value:
            return None
        source.file = InputFile(source.name, lines.sha256, len(value))
        return value

    def _read_object(self, source: Source, entries: Mapping[str, list[Any]]) -> None:
        for place, (query, items) in enumerate(entries.items(), 1):
            try:
                self._known.setdefault(identifier(query, "id"), {})
                for item in dict.fromkeys(identifier(item, query) for item in items):
                    self._add(query, self._judged(item, 1.0, source), Place(source.shown, place))
            except (Fault, InputError) as error:
                self._problems.add_fault(source.shown, error if isinstance(error, Fault) else Fault(str(error)), query)

    def _read_rows(self, source: Source) -> None:
        for line, raw, renamed in self._names.renamed("positives", source):
            where = source.where(line)
            row = self._cxc(renamed, raw, source) if _CXC in raw else renamed
            try:
                query = identifier(required(row, "id", raw), "id")
                for one in self._of_row(row, raw, source):
                    self._add(query, one, where)
                self._known.setdefault(query, {})
                left_out = _ids(row.get("left_out"), "left_out")
                self._found.left_out.setdefault(query, []).extend(left_out)
            except (Fault, InputError) as error:
                self._problems.add_faults(where, error, self._faults(row, raw, source), row.get("id"))

    def _cxc(self, row: Row, raw: Row, source: Source) -> Row:
        """A row of CxC: the first two columns are the query and the item."""
        if self._from is None:
            raise UsageError(
                f"{source.shown} holds CxC's grades, 0 to 5; say from which on an item is right: --grade-from 3 (its own for "
                "captions; 2.5 for two images)"
            )
        query, item = list(raw)[:2]
        note = (
            f"{source.shown}: {query} is the query, {item} the item; --column id={item} --column item={query} turns it"
        )
        if "id" not in row and "item" not in row and note not in self._found.notes:
            self._found.notes.append(note)
        return {"id": raw[query], "item": raw[item]} | row

    def _of_row(self, row: Row, raw: Row, source: Source) -> Iterator[Judged]:
        if "item" in row:
            yield self._pair(row, source)
            return
        lists = [name for name in ("positives", "negatives", "pool", *TIERS) if name in row]
        if not lists:
            required(row, "positives", raw)
        for name in lists:
            tier = name if name in TIERS else None
            for place, entry in enumerate(_entries(row[name], name)):
                if name in {"negatives", "pool"}:
                    grade = 0.0 if name == "negatives" else None
                    yield Judged(identifier(entry, f"{name}[{place}]"), grade)
                else:
                    yield self._entry(entry, f"{name}[{place}]", tier, source)

    def _pair(self, row: Row, source: Source) -> Judged:
        given = row.get("grade")
        grade = 1.0 if given is None else number(given, "grade", untyped=source.untyped)
        votes = None if row.get("votes") is None else votes_of(row["votes"], "votes")
        item = identifier(row["item"], "item")
        return self._judged(item, None if grade < 0 else grade, source, row.get("tier") or None, votes)

    def _entry(self, entry: object, column: str, tier: Tier | None, source: Source) -> Judged:
        if type(entry) is not dict:
            return self._judged(identifier(entry, column), 1.0, source, tier)
        for name in entry:
            if name not in _FIELDS:
                raise Fault(f"a positive has no field {name!r}; its fields are {', '.join(_FIELDS)}", column)
        if "item" not in entry:
            raise Fault("a positive without 'item', its id", column)
        grade = 1.0 if entry.get("grade") is None else number(entry["grade"], f"{column}.grade", untyped=False)
        if not grade > 0:
            raise Fault(f"got the grade {grade:g}; a positive has more than 0: others go into 'negatives'", column)
        votes = None if entry.get("votes") is None else votes_of(entry["votes"], f"{column}.votes")
        return self._judged(identifier(entry["item"], f"{column}.item"), grade, source, entry.get("tier", tier), votes)

    def _judged(
        self,
        item: str,
        grade: float | None,
        source: Source,
        tier: object = None,
        votes: Mapping[str, int] | None = None,
    ) -> Judged:
        tier = tier or source.label or "original"
        if tier not in TIERS:
            raise Fault(f"got {shown(tier)}; one of {', '.join(TIERS)} is due", "tier")
        if grade is not None and self._from is not None and grade < self._from:
            grade = 0.0
        return Judged(item, grade, tier, votes)

    def _add(self, query: str, one: Judged, where: Place) -> None:
        """Takes in one word; of several about an item the strongest stays."""
        row = self._known.setdefault(query, {})
        before = row.get(one.item)
        if before is not None and before[0].grade != one.grade:
            opposed = None not in (before[0].grade, one.grade) and bool(before[0].grade) != bool(one.grade)
            if before[2] == where.file or (opposed and before[0].tier == one.tier):
                told = f"item {one.item!r} has the grade {_grade(before[0])} at {before[1]} and {_grade(one)} here; keep one"
                if before[2] != where.file:
                    told += ", or say whose word is stronger: TIER=FILE"
                raise Fault(told, "item")
            self._opposed += opposed
        if before is None or _strength(one) > _strength(before[0]):
            row[one.item] = (one, where, where.file)

    def _faults(self, row: Row, raw: Row, source: Source) -> Iterator[Fault]:
        """What is wrong with the fields of a row, each looked at by itself."""
        yield from tried(lambda: identifier(required(row, "id", raw), "id"))
        for name in _LISTS:
            yield from tried(partial(_ids, row.get(name), name))
        for name in ("positives", *TIERS):
            tier = name if name in TIERS else None
            for place, entry in enumerate(row[name] if type(row.get(name)) is list else ()):
                yield from tried(partial(self._entry, entry, f"{name}[{place}]", tier, source))


def _strength(one: Judged) -> tuple[int, int, float]:
    """Right before wrong before not judged; then the tier; then the grade."""
    kind = 0 if one.grade is None else 2 if one.grade else 1
    return kind, -TIERS.index(one.tier) if kind == 2 else 0, one.grade or 0.0


def _grade(one: Judged) -> str:
    return "none (in the pool, not judged)" if one.grade is None else f"{one.grade:g}"


def _entries(value: object, column: str) -> list[Any]:
    if value is None:
        return []
    if type(value) is not list:
        raise Fault(f"got {shown(value)}; a list of items is due, or null where nobody looked", column)
    return value


def _ids(value: object, column: str) -> list[str]:
    return [identifier(entry, f"{column}[{place}]") for place, entry in enumerate(_entries(value, column))]

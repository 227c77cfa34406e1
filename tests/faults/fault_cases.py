"""The table of faults: what is wrong, where it must be told, and what the reader is told to do.

The tests run each row through every door; `benchmarks/silent_wrong_numbers.py` runs the rows that apply through
other tools.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

GOOD = b'{"id":"1","system":"A","output":"a dog","references":["a dog"]}\n'
MANY = b"".join(GOOD.replace(b'"1"', b'"%d"' % n) for n in range(3000))
ZEROS = GOOD + b"0" * (80 << 20)


def row(**fields: object) -> bytes:
    """One line of a file of outputs, right but for the given fields."""
    return json.dumps({"id": "1", "system": "A", "output": "a dog", "references": ["a dog"]} | fields).encode() + b"\n"


def parquet(columns: Mapping[str, Any]) -> bytes:
    """A Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out)
    return out.getvalue()


class Case(NamedTuple):
    """A row: the message holds `where` and `remedy`."""

    name: str
    files: Mapping[str, bytes]
    """The first is the outputs; those that begin with `r` are references."""
    where: str
    remedy: str
    form: str | None = None
    validate: tuple[str, str] | None = None
    """`where` and `remedy` of `geneval validate`, which names every row, where they are others."""

    @property
    def outputs(self) -> list[str]:
        """Names of the files of outputs."""
        return [name for name in self.files if not name.startswith("r")]

    @property
    def references(self) -> list[str]:
        """Names of the files of references."""
        return [name for name in self.files if name.startswith("r")]


def one(data: bytes) -> dict[str, bytes]:
    """A file of outputs alone."""
    return {"o.jsonl": data}


def two(outputs: bytes, references: bytes) -> dict[str, bytes]:
    """A file of outputs and one of references."""
    return {"o.jsonl": outputs, "r.jsonl": references}


TWO_OUTPUTS = b'{"id":"1","output":"a"}\n{"id":"2","output":"b"}\n'
TWO_REFERENCES = b'{"id":"1","references":["a"]}\n{"id":"2","references":["b"]}\n'
UTF16 = '{"id":"1","output":"a"}\n'.encode("utf-16")
CSV = b"id,system,output,references.0\n"

# name | files | location | remedy
FILES = [
    # --- files as a whole
    Case("empty file", one(b""), "o.jsonl", "0 items; the file holds no rows"),
    Case("blank lines only", one(b"\n  \n\n"), "o.jsonl", "0 items; the file holds no rows"),
    Case("empty CSV", {"o.csv": b""}, "o.csv", "0 items; the file holds no rows"),
    Case("CSV with a header only", {"o.csv": CSV}, "o.csv", "0 items; the file holds no rows"),
    Case("empty text", {"o": b"", "r": b"a\n"}, "o", "0 items; the file holds no rows", "text"),
    Case("empty Parquet", {"o.parquet": parquet({"id": [], "output": []})}, "o.parquet", "the file holds no rows"),
    Case("empty references", two(TWO_OUTPUTS, b""), "r.jsonl", "0 items; the file holds no rows"),
    Case("no Parquet", {"o.parquet": GOOD}, "o.parquet", "no Parquet file, or a damaged one"),
    Case("cut Parquet", {"o.parquet": parquet({"id": ["1"]})[:-9]}, "o.parquet", "no Parquet file, or a damaged one"),
    # --- compressed files
    Case("cut gzip", {"o.jsonl.gz": gzip.compress(MANY)[:-12]}, "o.jsonl.gz:", "get a whole copy of it"),
    Case("no gzip", {"o.jsonl.gz": GOOD}, "o.jsonl.gz:0", "get a whole copy of it"),
    Case("gzip and rubbish", {"o.jsonl.gz": gzip.compress(GOOD) + b"xx"}, "o.jsonl.gz:1", "get a whole copy of it"),
    Case("cut zstandard", {"o.jsonl.zst": zstandard.compress(MANY)[:-5]}, "o.jsonl.zst:", "get a whole copy of it"),
    Case("no zstandard", {"o.jsonl.zst": GOOD}, "o.jsonl.zst:0", "get a whole copy of it"),
    Case("cut CSV in gzip", {"o.csv.gz": gzip.compress(CSV + b"1,A,a,b\n")[:-9]}, "o.csv.gz:", "get a whole copy"),
    Case("bomb, gzip", {"o.jsonl.gz": gzip.compress(ZEROS, 9)}, "o.jsonl.gz:1", "200 times its size"),
    Case("bomb, zstandard", {"o.jsonl.zst": zstandard.compress(ZEROS)}, "o.jsonl.zst:1", "decompress it yourself"),
    Case("bomb, CSV", {"o.csv.gz": gzip.compress(CSV + b"0" * (80 << 20), 9)}, "o.csv.gz:1", "200 times its size"),
    # --- bytes and JSON
    Case("not UTF-8", one(GOOD + b'{"id":"2","output":"\xff"}\n'), "o.jsonl:2: the byte 0xff at offset 84", "to UTF-8"),
    Case("UTF-16", one(UTF16), "o.jsonl:1: the byte 0xff at offset 0", "convert the file to UTF-8"),
    Case("not UTF-8, CSV", {"o.csv": CSV + b"1,A,\xe9,b\n"}, "o.csv:2: the byte 0xe9 at offset 34", "to UTF-8"),
    Case("not UTF-8, text", {"o": b"a\n\xfc\n", "r": b"a\nb\n"}, "o:2: the byte 0xfc at offset 2", "to UTF-8", "text"),
    Case("line cut within", one(GOOD + b'{"id":"2"\n'), "o.jsonl:2", "each line holds one whole object"),
    Case("no object", one(GOOD + b'["2"]\n'), "o.jsonl:2: got a list", "each line holds one JSON object"),
    Case("one array for all", one(b"[" + GOOD.strip() + b"]"), "o.jsonl:1", "each line holds one JSON object"),
    Case("nested deeply", one(b"[" * 100_000), "o.jsonl:1", ""),
    Case("NaN literal", one(b'{"id":"1","output":NaN}\n'), "o.jsonl:1", "NaN and Infinity are no JSON; write null"),
    Case("Infinity literal", one(b'{"id":"1","ratings":{"A":-Infinity}}\n'), "o.jsonl:1", "write null"),
    Case("number too large", one(row(ratings={"A": 1}).replace(b"1}}", b"1e999}}")), "o.jsonl:1", "finite"),
    Case("key twice", one(b'{"id":"1","output":"a","output":"b"}\n'), "o.jsonl:1: column 'output'", "twice; keep one"),
    Case("key twice within", one(b'{"id":"1","outputs":{"A":"a","A":"b"}}\n'), "column 'A'", "twice; keep one"),
    Case("lone surrogate, output", one(row(output="\ud800")), "o.jsonl:1", "write both halves"),
    Case("lone surrogate, id", one(row(id="\udfff")), "o.jsonl:1", "write both halves"),
    Case("lone surrogate, reference", one(row(references=["a", "\ud83d"])), "o.jsonl:1", "write both halves"),
    # --- values
    Case("output null", one(row(output=None)), "o.jsonl:1: id '1', column 'output': got null", 'write "" for an empty'),
    Case("output a number", one(row(output=3)), "id '1', column 'output': got the number 3", "a text is due"),
    Case("output a truth value", one(row(output=True)), "column 'output': got the truth value True", "a text is due"),
    Case("null in a list", one(row(output=["a", None])), "column 'output[1]': got null", "a text is due"),
    Case("no outputs in a list", one(row(output=[])), "column 'output': got an empty list", "leave the system out"),
    Case("outputs a list", one(b'{"id":"1","outputs":["a"]}\n'), "column 'outputs': got a list", "object"),
    Case(
        "NaN in Parquet",
        {"o.parquet": parquet({"id": ["1"], "output": [float("nan")]})},
        "o.parquet:1: id '1', column 'output': got the number nan",
        "a text is due",
    ),
    Case("id null", one(row(id=None)), "o.jsonl:1: column 'id': got null", "a text or a whole number is due"),
    Case("id empty", one(row(id="")), "column 'id': got an empty text", "a name is due"),
    Case("id a fraction", one(row(id=1.5)), "id 1.5, column 'id': got the number 1.5", "whole number is due"),
    Case(
        "ids that pandas made fractions",
        {"o.parquet": parquet({"id": [1.0, 2.0], "output": ["a", "b"]})},
        "o.parquet:1: id 1.0, column 'id': got the number 1.0",
        "floats change as they are printed",
    ),
    Case("no id", one(b'{"output":"a"}\n'), "o.jsonl:1: column 'id': no such column", "--column id=NAME"),
    Case("no output", one(b'{"id":"1","text":"a"}\n'), "o.jsonl:1", "--column output=NAME"),
    Case("two candidates", one(b'{"id":"1","response":"a","completion":"b"}\n'), "o.jsonl:1", "--column output="),
    Case("sample below 0", one(row(sample=-1)), "column 'sample': got the number -1", "a whole number from 0 on"),
    Case("rating a text", {"o.csv": b"id,output,ratings.A\n1,a,good\n"}, "o.csv:2: column 'ratings.A'", "a number is"),
    # --- references
    Case("references a number", one(row(references=3)), "column 'references': got the number 3", "a list of texts"),
    Case("null in references", one(row(references=["a", None])), "column 'references[1]': got null", "a text"),
    Case("NaN in references", one(row(references=["a", 1.5])), "column 'references[1]': got the number 1.5", "a text"),
    Case("list in references", one(row(references=[["a"]])), "column 'references[0]': got a list", "a text"),
    Case("one reference object", one(row(references={"text": "a"})), "column 'references'", "write a list of them"),
    Case("unknown field", one(row(references=[{"text": "a", "teir": "x"}])), "references[0]", "did you mean 'tier'?"),
    Case("unknown tier", one(row(references=[{"text": "a", "tier": "gold"}])), "references[0]", "the tiers are"),
    *(
        Case(
            name,
            one(GOOD + row(id="2", references=value)),
            "1 of 2 items have no references: '2'",
            "--allow-missing",
            validate=("o.jsonl:2: id '2'", "--allow-missing"),
        )
        for name, value in (
            ("references null", None),
            ("references empty", []),
            ("references blank", [" ", ""]),
        )
    ),
    # --- what belongs together
    Case("id twice", one(GOOD * 2), "o.jsonl:2: id '1', column 'id': system 'A' already has", "at o.jsonl:1; number"),
    Case(
        "id twice in references",
        two(TWO_OUTPUTS, TWO_REFERENCES * 2),
        "r.jsonl:3: id '1', column 'id': this item is already at r.jsonl:1",
        "give each item one row",
    ),
    Case("1 beside '1'", one(row(id=1) + row(system="B")), "o.jsonl:2: id '1', column 'id'", "write all ids of a file"),
    Case(
        "id without output",
        two(TWO_OUTPUTS, TWO_REFERENCES + b'{"id":"3","references":["c"]}\n'),
        "system 'o' has no output for 1 of 3 items: '3'",
        "--allow-missing",
        validate=("r.jsonl:3: id '3': system 'o' has no output", "--allow-missing"),
    ),
    Case(
        "id without references",
        two(TWO_OUTPUTS + b'{"id":"9","output":"c"}\n', TWO_REFERENCES),
        "1 of 3 items have no references: '9'",
        "--allow-missing",
        validate=("o.jsonl:3: id '9': this item has no references", "--allow-missing"),
    ),
    Case(
        "no id in common",
        two(TWO_OUTPUTS, TWO_REFERENCES.replace(b'"1"', b'"01"').replace(b'"2"', b'"02"')),
        "system 'o' has no output for 2 of 4 items: '01', '02'",
        "do the ids of both sides agree?",
        validate=("r.jsonl:1: id '01': system 'o' has no output", "--allow-missing"),
    ),
    Case(
        "one system short",
        one(row() + row(system="B") + row(id="2")),
        "system 'B' has no output for 1 of 2 items: '2'",
        "--allow-missing",
        validate=("o.jsonl:3: id '2': system 'B' has no output", "--allow-missing"),
    ),
    Case("references differ", one(row() + row(system="B", references=["x"])), "o.jsonl:2: id '1'", "make the rows"),
    Case("sources differ", one(row(source="x") + row(system="B", source="y")), "column 'source': differs", "agree"),
    Case(
        "references given twice",
        two(GOOD, b'{"id":"1","references":["x"]}\n'),
        "o.jsonl:1: id '1', column 'references': differs from the same item at r.jsonl:1",
        "give them once",
    ),
    Case(
        "text files of unequal length",
        {"o": b"a\nb\n", "r1": b"a\nb\n", "r2": b"a\n"},
        "r1 has 2, r2 has 1",
        "line n belongs to item n",
        "text",
    ),
    Case(
        "fewer outputs than references, text",
        {"o": b"a\n", "r": b"a\nb\n"},
        "system 'o' has no output for 1 of 2 items: '2'",
        "--allow-missing",
        "text",
        ("r:2: id '2': system 'o' has no output", "--allow-missing"),
    ),
    Case(
        "more outputs than references, text",
        {"o": b"a\nb\nc\n", "r": b"a\nb\n"},
        "1 of 3 items have no references: '3'",
        "--allow-missing",
        "text",
        ("o:3: id '3': this item has no references", "--allow-missing"),
    ),
    # --- tables
    Case("CSV cells", {"o.csv": CSV + b"1,A,a\n"}, "o.csv:2: 3 cells, but the header has 4", "quote texts"),
    Case("CSV comma in a text", {"o.csv": CSV + b"1,A,a, dog,b\n"}, "o.csv:2: 5 cells", "quote texts"),
    Case("CSV quote left open", {"o.csv": CSV + b'1,A,"a,b\n'}, "o.csv:", "quote texts"),
    Case(
        "CSV column twice", {"o.csv": b"id,id,output\n1,1,a\n"}, "o.csv:1: the column 'id' is there twice", "keep one"
    ),
    Case("list in a cell", {"o.csv": b"id,output,references\n1,a,\"['x']\"\n"}, "o.csv:2", "give it columns"),
]

# What people said, for `geneval validate --kind`: name | kind | row | location and words
PEOPLE = [
    (
        "winner by name",
        "preferences",
        {"id": 1, "a": "A", "b": "B", "winner": "A"},
        "column 'winner': got the text 'A'",
    ),
    ("winner null", "preferences", {"id": 1, "a": "A", "b": "B", "winner": None}, "one of a, b, tie, both_bad, skip"),
    ("no b", "preferences", {"id": 1, "a": "A", "winner": "a"}, "column 'b': no such column"),
    ("a NULL system", "preferences", {"id": 1, "a": None, "b": "B", "winner": "a"}, "column 'a': got null"),
    ("rating in words", "ratings", {"id": 1, "system": "A", "value": "good"}, "column 'value': got the text 'good'"),
    ("rating true", "ratings", {"id": 1, "system": "A", "value": True}, "column 'value': got the truth value True"),
    ("ratings a list", "ratings", {"id": 1, "ratings": [1]}, "column 'ratings': got a list"),
    ("verdict misspelt", "judgements", {"id": 1, "text": "x", "verdict": "vaild"}, "did you mean 'valid'?"),
    ("nobody judged", "judgements", {"id": 1, "text": "x", "verdict": "valid", "annotator": None}, "got null"),
    ("text a number", "judgements", {"id": 1, "text": 7, "verdict": "valid"}, "column 'text': got the number 7"),
]

NAN = float("nan")


class Call(NamedTuple):
    """A row of arguments to `geneval.score`: refused with these words."""

    name: str
    predictions: Any
    references: Any
    words: str
    others: Mapping[str, Any] = {}
    rivals: bool = True
    """Whether other tools can be handed the same."""
    shape: bool = False
    """Whether the fault is in the shape of the lists; a tool that takes a dict by item cannot be handed that."""


# name | predictions | references | words of the InputError
CALLS = [
    Call("fewer references", ["a b c d", "x"], [["a b c d"]], "number of predictions (2) and references (1)"),
    Call("fewer predictions", ["a b c d"], [["a b c d"], ["x"]], "predictions ends before entry 1"),
    Call(
        "transposed references",
        ["a b c d", "e f g h", "i j k l"],
        [["a b c d", "e f g h", "i j k l"], ["a b c x", "e f g x", "i j k x"]],
        "looks transposed",
        shape=True,
    ),
    Call(
        "predictions one text",
        "a dog runs here",
        [["a dog runs here"]] * 15,
        "a list with one entry an item is due",
        shape=True,
    ),
    Call("references one text", ["a"], "a", "a list with one entry an item is due", shape=True),
    Call("prediction None", ["a b c d", None], [["a b c d"], ["b"]], "predictions[1] (id '2'): got null"),
    Call("prediction NaN", ["a b c d", NAN], [["a b c d"], ["b"]], "predictions[1] (id '2'): got the number nan"),
    Call("prediction a number", ["a b c d", 3], [["a b c d"], ["b"]], "predictions[1] (id '2'): got the number 3"),
    Call("prediction bytes", [b"a b c d"], [["a b c d"]], "got bytes b'a b c d'"),
    Call("prediction a surrogate", ["a b c \ud800"], [["a b c \ud800"]], "lone surrogate"),
    Call("reference None", ["a b c d"], [[None]], "references[0]: got null"),
    Call("reference NaN", ["a b c d"], [["a b c d", NAN]], "references[0]: got the number nan"),
    Call("reference bytes", ["a b c d"], [[b"a b c d"]], "references[0]: got bytes"),
    Call("reference a surrogate", ["a"], [["\udc00"]], "references[0]: the text holds a lone surrogate"),
    Call("no references for an item", ["a b c d", "x"], [["a b c d"], []], "1 of 2 items have no references: '2'"),
    Call("references all empty", ["a b c d", "x"], [["a b c d"], [""]], "1 of 2 items have no references: '2'"),
    Call("references None", ["a b c d", "x"], [["a b c d"], None], "1 of 2 items have no references: '2'"),
    Call("nothing", [], [], "0 items"),
    Call("references a set", ["a"], {"a"}, "a list with one entry an item is due", shape=True),
    Call("references of sets", ["a"], [{"x": None}], "references[0]: got null", shape=True),
    Call(
        "ids twice", ["a", "b"], ["a", "b"], "the id '7' is already that of item 0", {"ids": ["7", "7"]}, rivals=False
    ),
    Call("ids 1 and '1'", ["a", "b"], ["a", "b"], "the id '1' is already", {"ids": [1, "1"]}, rivals=False),
    Call("ids a fraction", ["a"], ["a"], "got the number 1.5", {"ids": [1.5]}, rivals=False),
    Call("an id NaN", ["a"], ["a"], "got the number nan", {"ids": [NAN]}, rivals=False),
    Call("ids too few", ["a", "b"], ["a", "b"], "number of ids (1) and references (2)", {"ids": ["1"]}, rivals=False),
    Call("no system's outputs", {}, [["a"]], "predictions is an empty dict", rivals=False),
    Call("one system short", {"A": ["a"], "B": []}, [["a"]], "predictions['B'] (0) and references (1)", rivals=False),
    Call("a system without a name", {"": ["a"]}, [["a"]], "is no name of a system", rivals=False),
]

SEPARATORS = {
    "CR": "\r",
    "CR LF": "\r\n",
    "VT": "\v",
    "FF": "\f",
    "FS": "\x1c",
    "GS": "\x1d",
    "RS": "\x1e",
    "NEL": "\x85",
    "LS": "\u2028",
    "PS": "\u2029",
    "LF": "\n",
    "METEOR's bars": " ||| ",
}
"""What ends a line, or a field, somewhere else."""

# Text that is right and looks odd: name | predictions | references | BLEU that is right
RIGHT = [
    *(
        Call(f"{name} in a text", [f"a b{mark}c d", "e f g h"], [["a b c d"], ["e f g h"]], "100")
        for name, mark in SEPARATORS.items()
        if mark.isspace()  # to a tokeniser it is a space, wherever it stands
    ),
    Call("METEOR's bars in a text", ["a b ||| c d", "e f g h"], [["a b ||| c d"], ["e f g h"]], "100"),
    Call("ragged references", ["a b c d", "e f g h"], [["x", "a b c d"], ["e f g h"]], "100"),
    Call("one reference is empty", ["a b c d"], [["", "a b c d"]], "100"),
    Call("references as texts", ["a b c d", "e f g h"], ["a b c d", "e f g h"], "100", rivals=False),
]

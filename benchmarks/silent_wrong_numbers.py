"""Who gives a wrong number without a word? `python benchmarks/silent_wrong_numbers.py`.

Hands the faults of `tests/faults/fault_cases.py` to geneval, sacrebleu and pycocoevalcap, as far as they apply: calls
in Python to all three, files of plain text to the command lines of geneval and sacrebleu. Prints a table a tool and
the rate of numbers that are silently wrong; ends with 1 where geneval gives one. `--write` puts the tables into
docs/faults.md.

A tool is silently wrong where it gives a number for input that has none (texts that are missing or no texts, lists of
unequal length, a list that is transposed, bytes that are no text), or a number that is not the right one.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE / "tests" / "faults"))

from fault_cases import CALLS, FILES, RIGHT, Call  # noqa: E402 - the table is beside the tests

import geneval  # noqa: E402 - after the path is set

PAGE = TREE / "docs" / "faults.md"
BEGIN, END = "<!-- begin: silent wrong numbers -->\n", "<!-- end: silent wrong numbers -->"


class Verdict(NamedTuple):
    """What a tool did with one case."""

    case: str
    told: str
    wrong: bool


def asked(tool: Callable[[Any, Any], float], call: Call, right: float | None) -> Verdict:
    """What a tool makes of a call: an error, the right number, or a wrong one."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            number = tool(call.predictions, call.references)
    except Exception as error:  # noqa: BLE001 - any refusal is one
        told = f"refused: {type(error).__name__}: {' '.join(str(error).split())}"[:90]
        return Verdict(call.name, told, wrong=False)
    if right is not None:
        fine = math.isclose(number, right, rel_tol=1e-6)
        return Verdict(call.name, f"{number:.2f}" + ("" if fine else f", right is {right:.2f}"), wrong=not fine)
    if math.isnan(number):
        return Verdict(call.name, "nan", wrong=False)
    return Verdict(call.name, f"{number:.2f}", wrong=True)


def by_geneval(predictions: Any, references: Any) -> float:
    """Corpus BLEU."""
    result = geneval.score(predictions=predictions, references=references, scorers="bleu", resamples=0)
    return float(result.scores[0].score)  # type: ignore[arg-type]


def by_geneval_coco(predictions: Any, references: Any) -> float:
    """COCO BLEU-1 through Stanford's own tokeniser, in percent."""
    spec = "coco_bleu(n=1, tokenizer='ptb-java')"
    result = geneval.score(predictions=predictions, references=references, scorers=spec, resamples=0)
    return 100 * float(result.scores[0].score)  # type: ignore[arg-type]


def by_sacrebleu(predictions: Any, references: Any) -> float:
    """Corpus BLEU; the references are turned to sacrebleu's shape, unless to leave them as they are is the fault."""
    import sacrebleu

    if [len(entry) for entry in references if isinstance(entry, list)] == [len(predictions)] * len(references):
        given = [list(entry) for entry in zip(*references, strict=True)]  # item by item, as other tools take them
    else:
        given = streams(references)
    return float(sacrebleu.corpus_bleu(predictions, given).score)


def streams(references: Any) -> Any:
    """Item by item to one list a reference; what is no list of lists stays as it is."""
    if not isinstance(references, list) or not all(isinstance(entry, list) for entry in references):
        return references
    most = max(map(len, references), default=0)
    return [[entry[n] if n < len(entry) else None for entry in references] for n in range(most)]


def by_pycocoevalcap(predictions: Any, references: Any) -> float:
    """BLEU-1 after its tokeniser, in percent; items are called 0, 1, ... as in its README."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    tokenizer = PTBTokenizer()
    gts = tokenizer.tokenize({n: [{"caption": text} for text in entry] for n, entry in enumerate(references)})
    res = tokenizer.tokenize({n: [{"caption": text}] for n, text in enumerate(predictions)})
    return 100 * float(Bleu(4).compute_score(gts, res, verbose=0)[0][0])


def api(tool: Callable[[Any, Any], float], *, shapes: bool = True) -> list[Verdict]:
    """All calls that can be handed to the tool."""
    bad = [asked(tool, call, None) for call in CALLS if call.rivals and (shapes or not call.shape)]
    return bad + [asked(tool, call, float(call.words)) for call in RIGHT if call.rivals]


TEXTS = {
    **{case.name: (dict(case.files), None) for case in FILES if case.form == "text"},
    "BOM and CR LF": ({"o": b"\xef\xbb\xbfa b c d\r\n", "r": b"a b c d\n"}, 100.0),
    "CR LF on one side": ({"o": b"a b c d.\r\n", "r": b"a b c d.\n"}, 100.0),
    "BOM on one side, gzip cut": ({"o.gz": b"\x1f\x8b\x08\x00", "r": b"a b c d\n"}, None),
    "NEL in a text": ({"o": "a b\x85c d\nx y z w\n".encode(), "r": "a b\x85c d\nx y z w\n".encode()}, 100.0),
    "LS in a text": ({"o": "a b\u2028c d\nx y z w\n".encode(), "r": "a b\u2028c d\nx y z w\n".encode()}, 100.0),
    "VT and FF in a text": ({"o": b"a b\vc\fd\nx y z w\n", "r": b"a b\vc\fd\nx y z w\n"}, 100.0),
    "CR in a text": ({"o": b"a b\rc d\nx y z w\n", "r": b"a b\rc d\nx y z w\n"}, 100.0),
    "no such file": ({"r": b"a b c d\n"}, None),
    "blank references": ({"o": b"a b c d\ne f g h\n", "r": b"a b c d\n\n"}, None),
}
"""Files of plain text: what they hold, and the BLEU that is right, where there is one."""


def command(name: str, arguments: list[str]) -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """A command line, run in a folder."""

    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", name, *arguments]
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603

    return run


def lines(tool: str) -> list[Verdict]:
    """All files of text, through a command line."""
    out = []
    for case, (files, right) in TEXTS.items():
        with tempfile.TemporaryDirectory() as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            outputs = next((name for name in files if name.startswith("o")), "o")
            references = [name for name in files if name.startswith("r")]
            if tool == "geneval":
                given = [word for name in references for word in ("-r", name)]
                ask = ["score", outputs, *given, "-s", "bleu(tokenizer='none')", "--resamples", "0", "-q"]
                done = command("geneval", [*ask, "--format", "text", "--format", "csv"])(Path(folder))
            else:
                ask = [*references, "-i", outputs, "-b", "-w", "4", "-tok", "none"]
                done = command("sacrebleu", ask)(Path(folder))
        out.append(_printed(case, done, right))
    return out


def _printed(case: str, done: subprocess.CompletedProcess[str], right: float | None) -> Verdict:
    if done.returncode:
        trace = " with a traceback" if "Traceback" in done.stderr else ""
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return Verdict(case, f"refused{trace}: {last[0 if not trace else -1] if last else ''}"[:90], wrong=False)
    text = done.stdout.strip()
    number = float(text.splitlines()[-1].split(",")[3] if "," in text else text)
    fine = right is not None and math.isclose(number, right, rel_tol=1e-3)
    return Verdict(case, f"{number:.2f}" + ("" if fine or right is None else f", right is {right:.2f}"), wrong=not fine)


def tools() -> dict[str, list[Verdict]]:
    """Every tool that is here, with what it did."""
    out = {"geneval, Python": api(by_geneval), "sacrebleu, Python": api(by_sacrebleu)}
    try:
        version("pycocoevalcap")
        java = shutil.which("java")
    except ModuleNotFoundError:
        java = None
    if java:
        out["geneval, COCO BLEU-1 with ptb-java"] = api(by_geneval_coco, shapes=False)
        out["pycocoevalcap, BLEU-1"] = api(by_pycocoevalcap, shapes=False)
    out["geneval, command line"] = lines("geneval")
    out["sacrebleu, command line"] = lines("sacrebleu")
    return out


def report(found: dict[str, list[Verdict]]) -> str:
    """A line a tool, and a table of what each did."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("sacrebleu", "pycocoevalcap") if _there(name))
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, geneval {geneval.__version__}, {versions}, Python {platform.python_version()}."
    )
    rows = [head, "", "| tool | cases | silently wrong | rate |", "| --- | ---: | ---: | ---: |"]
    for tool, verdicts in found.items():
        wrong = sum(verdict.wrong for verdict in verdicts)
        rows.append(f"| {tool} | {len(verdicts)} | {wrong} | {wrong / len(verdicts):.0%} |")
    for what in ("Python", "COCO", "command line"):
        mine = {
            tool: verdicts for tool, verdicts in found.items() if what in tool or (what == "COCO" and "BLEU-1" in tool)
        }
        if mine:
            rows += ["", *_table(mine)]
    return "\n".join(rows) + "\n"


def _table(found: dict[str, list[Verdict]]) -> list[str]:
    rows = ["| case | " + " | ".join(found) + " |", "| --- |" + " --- |" * len(found)]
    for verdicts in zip(*found.values(), strict=True):
        cells = [("**wrong:** " if v.wrong else "") + _shown(v.told) for v in verdicts]
        rows.append(f"| {verdicts[0].case} | " + " | ".join(cells) + " |")
    return rows


def _shown(told: str) -> str:
    return told.partition(":")[0] if told.startswith("refused") else told


def _there(name: str) -> bool:
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False


def main() -> int:
    """Prints the tables; gives 1 where geneval was silently wrong."""
    logging.disable()
    found = tools()
    text = report(found)
    print(text)
    for tool, verdicts in found.items():
        for verdict in verdicts:
            print(f"{tool}: {verdict.case}: {'WRONG ' if verdict.wrong else ''}{verdict.told}", file=sys.stderr)
    if "--write" in sys.argv:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], encoding="utf-8")
    return int(any(v.wrong for tool, verdicts in found.items() if tool.startswith("geneval") for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())

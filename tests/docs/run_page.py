"""Runs the examples of one Markdown page, in order, in the current folder: `python run_page.py PAGE`.

- ```python blocks share one namespace; those with a `>>>` prompt are doctested.
- ```console blocks that begin with `$ geneval` run in bash. Output that follows a command must appear in what the
  command wrote; white space is one space, and `...` stands for anything.
- A comment right before a block steers it: `<!-- exit: 3 -->` is the exit code its last command must have,
  `<!-- skip: reason -->` leaves it out, `<!-- file: NAME -->` writes it (of any language) to a file.

Prints what was skipped; stops at the first example that fails, with its line and exit code 1.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

BLOCK = re.compile(
    r"(?:^[ ]*<!--[ ]*(?P<word>exit|skip|file):[ ]*(?P<value>.*?)[ ]*-->[ ]*\n\s*)?"
    r"^[ ]*(?P<ticks>`{3,})(?P<language>\w*)[^\n]*\n(?P<body>.*?)^[ ]*(?P=ticks)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (?P<line>.*(?:\n> .*|(?<=\\)\n.*)*)\n?(?P<output>(?:(?!\$ ).*\n?)*)", re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class ExampleError(Exception):
    """An example does not do what the page says."""


class Block(NamedTuple):
    """A fenced block, with the word and value of the comment before it."""

    line: int
    language: str
    body: str
    word: str | None
    value: str


def blocks(text: str) -> Iterator[Block]:
    """Find the fenced blocks of a page."""
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("body")) + 1
        yield Block(line, match["language"], textwrap.dedent(match["body"]), match["word"], match["value"] or "")


def run_python(block: Block, page: Path, module: ModuleType) -> None:
    """Run a block in the page's module, so that tracebacks name the page's lines."""
    if not re.search(r"^\s*>>> ", block.body, re.MULTILINE):
        code = compile("\n" * (block.line - 1) + block.body, str(page), "exec")
        exec(code, module.__dict__)  # noqa: S102  running the page's examples is what this file is for
        return
    test = doctest.DocTestParser().get_doctest(block.body, module.__dict__, page.name, str(page), block.line - 1)
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    module.__dict__.update(test.globs)
    if result.failed:
        raise ExampleError("".join(report))


def appears(expected: str, actual: str) -> bool:
    """Tell whether the expected words follow each other in the actual ones, `...` standing for any words."""
    pattern = ".*?".join(re.escape(" ".join(part.split())) for part in expected.split("..."))
    return re.search(pattern, " ".join(actual.split())) is not None


def run_console(block: Block) -> None:
    """Run each command of a block as a reader would type it."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # Pages show tables 120 wide; readline, which pytest loads, would tell its children of another width.
    environment = {"HF_HUB_OFFLINE": "1"} | os.environ | {"PATH": path, "COLUMNS": "120"}
    commands = list(COMMAND.finditer(block.body))
    for number, command in enumerate(commands, start=1):
        line = re.sub(r"\n> ", "\n", command["line"])
        run = subprocess.run(
            ["bash", "-c", line], capture_output=True, encoding="utf-8", env=environment, check=False, timeout=600
        )
        wanted = int(block.value) if block.word == "exit" and number == len(commands) else 0
        wrote = f"$ {line}\nexit {run.returncode}\n{run.stdout}{run.stderr}"
        if run.returncode != wanted:
            raise ExampleError(f"exit {run.returncode} instead of {wanted}:\n{wrote}")
        orders = (run.stdout + run.stderr, run.stderr + run.stdout)  # a page shows a terminal, where the two mix
        if not any(appears(command["output"], actual) for actual in orders):
            raise ExampleError(f"this output is not there:\n{command['output']}\nin what was written:\n{wrote}")


def run_page(page: Path) -> None:
    """Run the examples of a page."""
    # A module of its own, registered, so that classes defined on the page find their names.
    module = sys.modules["__main__"] = ModuleType("__main__")
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.word == "skip":
            print(f"skipped {page.name}:{block.line}: {block.value}")  # noqa: T201
            continue
        if block.word == "file":
            Path(block.value).write_text(block.body, encoding="utf-8")
        try:
            if block.language == "python":
                run_python(block, page, module)
            elif block.language == "console" and block.body.startswith("$ geneval"):
                run_console(block)
        except BaseException as error:  # noqa: BLE001  an example may also exit
            told = str(error) if isinstance(error, ExampleError) else traceback.format_exc()
            sys.exit(f"{page.name}:{block.line}: {told}")


if __name__ == "__main__":
    run_page(Path(sys.argv[1]).resolve())

"""The tree keeps its layout: arrows point one way, and nothing unsafe or heavy slips in."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]
PACKAGES = {
    "geneval": TREE / "geneval",
    "geneval_references": TREE / "references" / "geneval_references",
    "geneval_scorers": TREE / "scorers" / "geneval_scorers",
}
MODULES = sorted(path for folder in PACKAGES.values() for path in folder.rglob("*.py"))

# references <- scorers <- geneval
AGAINST_THE_ARROW = {
    "geneval_references": {"geneval", "geneval_scorers"},
    "geneval_scorers": {"geneval"},
}
# Reading a file must never run code that the file brings.
UNSAFE_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
# The kit pickles a scorer in memory and reads that back, to see that it can be sent to another process; it reads no file.
PICKLES_IN_MEMORY = {"scorers/geneval_scorers/conformance/_recipe.py": ["pickle"]}
UNSAFE_CALLS = {"eval", "exec", "yaml.load", "yaml.full_load", "yaml.unsafe_load"}
UNSAFE_SWITCHES = {"allow_pickle", "trust_remote_code"}
# They take seconds to load: the command line starts without them.
HEAVY = {"datasets", "pandas", "pyarrow", "scipy", "sentence_transformers", "sklearn", "torch", "transformers"}
COMMAND_LINE = "geneval.cli" if importlib.util.find_spec("geneval.cli") else "geneval"

MACHINE_PATH = re.compile(r"(?<![\w.~<>-])/(?:root|work|(?:home|Users)/\w[\w.-]*)/|\b[A-Z]:\\+Users\\")
TEXT = {"", ".cff", ".css", ".csv", ".html", ".ini", ".js", ".json", ".jsonl", ".md", ".py", ".sh", ".toml", ".tsv"}
TEXT |= {".txt", ".yaml", ".yml"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level name of each absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def unsafe(tree: ast.AST) -> Iterator[str]:
    """Yield each import, call and switch that could run what a file brings."""
    yield from UNSAFE_MODULES.intersection(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) in UNSAFE_CALLS:
                yield ast.unparse(node)
            for switch in node.keywords:
                off = isinstance(switch.value, ast.Constant) and switch.value.value is False
                if switch.arg in UNSAFE_SWITCHES and not off:
                    yield ast.unparse(switch)


def written_by_hand() -> Iterator[Path]:
    """Yield the text files of the project, without environments, caches and builds."""
    folders = ["benchmarks", "docs", "examples", "geneval", "references", "scorers", "tests", ".ci"]
    for folder in folders:
        yield from (path for path in (TREE / folder).rglob("*") if path.is_file() and path.suffix in TEXT)
    yield from (path for path in TREE.iterdir() if path.is_file() and path.suffix in TEXT and path.name != ".git")


def name(path: Path) -> str:
    return path.relative_to(TREE).as_posix()


@pytest.mark.parametrize("package", AGAINST_THE_ARROW)
def test_arrows_point_one_way(package: str) -> None:
    """references <- scorers <- geneval: no module imports against the arrow."""
    forbidden = AGAINST_THE_ARROW[package]
    against = {
        name(path): found
        for path in PACKAGES[package].rglob("*.py")
        if (found := forbidden.intersection(imported(ast.parse(path.read_bytes()))))
    }
    assert against == {}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_run_nothing_that_a_file_brings(path: Path) -> None:
    """No pickle, eval, exec, remote code or unsafe YAML."""
    assert list(unsafe(ast.parse(path.read_bytes()))) == PICKLES_IN_MEMORY.get(name(path), [])


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "yaml.load(text)",
        "np.load(path, allow_pickle=True)",
        "load(name, trust_remote_code=flag)",
    ],
)
def test_unsafe_code_is_noticed(code: str) -> None:
    """The check above sees what it is there for."""
    assert list(unsafe(ast.parse(code)))


@pytest.mark.parametrize("code", ["model.eval()", "load(name, trust_remote_code=False)", "yaml.safe_load(text)"])
def test_safe_code_passes(code: str) -> None:
    """The check above objects to nothing else."""
    assert not list(unsafe(ast.parse(code)))


def test_no_module_is_called_utils() -> None:
    """A module has one subject, and its name says which."""
    assert [name(path) for path in MODULES if path.stem in {"common", "helpers", "misc", "util", "utils"}] == []


def test_no_path_of_a_machine() -> None:
    """Nothing in the tree names a folder of the machine it was written on."""
    lines = {
        f"{name(path)}:{number}": line.strip()
        for path in written_by_hand()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    }
    assert lines == {}


def test_command_line_starts_light() -> None:
    """Importing the command line loads none of the heavy libraries."""
    code = f"import {COMMAND_LINE}, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert HEAVY.intersection(run.stdout.split()) == set()

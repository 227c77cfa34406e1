"""What the pages and docstrings show is what happens."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("run_page.py")
PAGES = ["README.md", "CONTRIBUTING.md", "scorers/README.md", "references/README.md"]
PAGES += sorted(path.relative_to(TREE).as_posix() for path in TREE.glob("docs/**/*.md"))


def modules() -> Iterator[str]:
    """Yield the names of all installed modules of the three packages."""
    for package in ("geneval", "geneval_references", "geneval_scorers"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            for path in sorted(Path(folder).rglob("*.py")):
                parts = path.relative_to(folder).with_suffix("").parts
                if parts[-1] != "__main__":
                    yield ".".join((package, *parts)).removesuffix(".__init__")


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_pages(page: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """The examples of a page run in an empty folder, each page in a process of its own."""
    command = [sys.executable, str(RUNNER), str(TREE / page)]
    env = os.environ | {"GENEVAL_CACHE": f"{tmp_path}-vectors"}  # beside the folder, which is to be empty
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=900, env=env
    )
    assert run.returncode == 0, run.stderr
    for line in run.stdout.splitlines():
        if line.startswith("skipped "):
            with subtests.test(page):
                pytest.skip(line.removeprefix("skipped "))


@pytest.mark.parametrize("module", list(modules()))
def test_examples_of_docstrings(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples in the docstrings of a module give what they show."""
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(importlib.import_module(module), optionflags=flags).failed == 0

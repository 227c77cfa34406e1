"""The scripts in examples/ run as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
PROTOCOL = TREE / "examples" / "fense_protocol.py"  # it takes data
EXAMPLES = sorted(set((TREE / "examples").glob("*.py")) - {PROTOCOL})


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_and_says_something(script, tmp_path):
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_protocol_of_the_page_is_that_of_the_example(tmp_path):
    """The page writes its data; the example, run on them, gives the page's numbers by the page's lines."""
    page = (TREE / "docs" / "protocols.md").read_text(encoding="utf-8")
    source = PROTOCOL.read_text(encoding="utf-8")
    assert source[source.index("def known(") : source.index("def main(")].strip() in page
    runner = [sys.executable, str(Path(__file__).with_name("run_page.py")), str(TREE / "docs" / "protocols.md")]
    subprocess.run(runner, cwd=tmp_path, check=True, timeout=120)
    command = [sys.executable, "-W", "error", str(PROTOCOL), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert len(rows) == 4
    assert rows[0] in page and rows[3] in page

"""What pages and pictures hold that a program made is what it makes now."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

from geneval import Settings, evaluate
from geneval.cli._demo import SCORERS
from geneval.cli._render import cell
from geneval.data import demo_inputs

TREE = Path(__file__).parents[2]


def test_the_lists_of_scorers_are_up_to_date() -> None:
    """`python tests/docs/generated.py` would change nothing."""
    command = [sys.executable, str(TREE / "tests/docs/generated.py"), "--check"]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_picture_in_the_readme_shows_the_demo() -> None:
    """Each score and interval of the scorers that need no torch is in the picture."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", (TREE / "docs/images/demo.svg").read_text(encoding="utf-8"))
    drawn = [unescape(text) for text in texts]
    for score in evaluate(demo_inputs(), SCORERS, Settings()):
        number, interval = cell(score).split(" ", 1)
        assert number in drawn
        assert interval in drawn

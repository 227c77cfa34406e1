"""What pages and pictures hold that a command made is what the command makes now."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from geneval import Settings, evaluate, scorers
from geneval.cli._demo import SCORERS
from geneval.cli._render import cell
from geneval.data import demo_inputs

TREE = Path(__file__).parents[2]
def between(page: str, marker: str) -> str:
    found = re.search(rf"<!-- begin: {marker} -->\n(.*?)<!-- end: {marker} -->", page, re.DOTALL)
    assert found, f"no <!-- begin: {marker} --> ... <!-- end: {marker} -->"
    return found[1].strip()


def test_the_list_of_scorers_is_up_to_date() -> None:
    """`geneval scorers --format markdown` prints what stands between the markers of docs/scorers.md."""
    command = [sys.executable, "-m", "geneval", "scorers", "--format", "markdown"]
    printed = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=120).stdout
    # An option without a default has no value to print.
    printed = re.sub(r"<dataclasses\._MISSING_TYPE object at \w+>", "...", printed)
    page = (TREE / "docs/scorers.md").read_text(encoding="utf-8")
    assert between(page, "geneval scorers --format markdown") == printed.strip()


@pytest.mark.parametrize("name", scorers())
def test_the_catalogue_names_every_scorer_and_its_file(name: str) -> None:
    """scorers/README.md links each registered scorer to the file it is in."""
    file = scorers()[name].__module__.replace(".", "/") + ".py"
    assert f"| [`{name}`]({file}) |" in (TREE / "scorers/README.md").read_text(encoding="utf-8")


def test_the_picture_in_the_readme_shows_the_demo() -> None:
    """Each score and interval of the scorers that need no torch is in the picture."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", (TREE / "docs/images/demo.svg").read_text(encoding="utf-8"))
    drawn = [unescape(text) for text in texts]
    for score in evaluate(demo_inputs(), SCORERS, Settings()):
        number, interval = cell(score).split(" ", 1)
        assert number in drawn
        assert interval in drawn

"""What pages and pictures hold that a program made is what it makes now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from geneval import Settings, evaluate
from geneval.data import demo_inputs

TREE = Path(__file__).parents[2]


def test_the_lists_of_scorers_are_up_to_date() -> None:
    """`python tests/docs/generated.py` would change nothing."""
    command = [sys.executable, str(TREE / "tests/docs/generated.py"), "--check"]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_table_in_the_readme_is_of_the_demo() -> None:
    """People's mean grade, BLEU and ROUGE-L of each system."""
    inputs = demo_inputs()
    result = evaluate(inputs, ["bleu(lowercase=True)", "rouge(kind='L')"], Settings())
    page = (TREE / "README.md").read_text(encoding="utf-8").replace("*", "")
    for system in inputs.systems:
        grades = [row.value for row in inputs.ratings if row.system == system]
        scores = [result.score(system, scorer).score for scorer in ("bleu(lowercase=True)", "rouge(kind='L')")]
        told = f"| {sum(grades) / len(grades):.2f} | {scores[0]:.1f} | {scores[1]:.3f} |".replace("| 0.", "| .")
        assert re.search(rf"^\| `{system}` .*{re.escape(told)}$", page, re.MULTILINE), told

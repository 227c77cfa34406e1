"""Whenever an expansion is killed, the same command goes on from there, and comes to the same end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("killed.py")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with kill -9"),
]


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    words = [f"word{n}" for n in range(50)]
    rows = [{"id": str(n), "references": [" ".join(rng.choice(words, 6)) for _ in range(2)]} for n in range(20)]
    file = tmp_path_factory.mktemp("killed") / "references.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def run(references: Path, output: Path, moment: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(references), str(output), moment]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def undisturbed(references: Path) -> tuple[bytes, bytes, int]:
    output = references.with_name("undisturbed.jsonl")
    done = run(references, output)
    assert done.returncode == 0, done.stderr
    places, added = map(int, done.stdout.split())
    assert added > 50
    return output.read_bytes(), Path(f"{output}.recipe.json").read_bytes(), places


def test_killed_anywhere_it_comes_to_the_same_end(
    references: Path, undisturbed: tuple[bytes, bytes, int], tmp_path: Path
) -> None:
    """Killed again and again, at random places and at the most delicate ones, and then left alone."""
    output, recipe = tmp_path / "undisturbed.jsonl", tmp_path / "undisturbed.jsonl.recipe.json"
    rng, places = np.random.default_rng(2), undisturbed[2]
    moments = [*map(str, sorted(rng.integers(1, places // 2, 4))), "behind keeping", "before writing"]
    for moment in moments:
        assert run(references, output, moment).returncode == -signal.SIGKILL
        assert not output.exists()
    done = run(references, output)
    assert done.returncode == 0, done.stderr
    assert (output.read_bytes(), recipe.read_bytes()) == undisturbed[:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [output.name, recipe.name]


@pytest.mark.parametrize("moment", ["behind writing", "before finishing"])
def test_killed_at_the_very_end_nothing_is_done_again(
    moment: str, references: Path, undisturbed: tuple[bytes, bytes, int], tmp_path: Path
) -> None:
    """The output is whole; the next command only clears away, and says that the place is taken."""
    output, recipe = tmp_path / "undisturbed.jsonl", tmp_path / "undisturbed.jsonl.recipe.json"
    assert run(references, output, moment).returncode == -signal.SIGKILL
    again = run(references, output)
    assert "already there" in again.stderr
    assert (output.read_bytes(), recipe.read_bytes()) == undisturbed[:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [output.name, recipe.name]


def test_what_was_proposed_is_found_by_what_it_was_proposed_for(
    references: Path, undisturbed: tuple[bytes, bytes, int], tmp_path: Path
) -> None:
    """Other items in front, or items in another order, change nothing of what was proposed for the rest."""
    rows = references.read_text().splitlines(keepends=True)
    moved = tmp_path / "references.jsonl"
    moved.write_text('{"id": "new", "references": ["one two three four"]}\n' + "".join(rows[::-1]))
    output = tmp_path / "undisturbed.jsonl"
    assert run(references, output, "before writing").returncode == -signal.SIGKILL
    done = run(moved, output)
    assert done.returncode == 0, done.stderr
    # Nothing is proposed anew but for the item in front: once by each of the two expanders.
    grown = {json.loads(line)["id"]: line for line in output.read_text().splitlines()}
    assert grown.pop("new")
    assert list(grown.values())[::-1] == undisturbed[0].decode().splitlines()

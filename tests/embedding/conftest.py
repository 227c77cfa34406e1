"""Tiny models, built once; a test that spoils one takes a copy. Vectors are kept nowhere but in the test's folder."""

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


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where vectors are kept."""
    folder = tmp_path / "vectors"
    monkeypatch.setenv("GENEVAL_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a BERT of 2 layers with seeded random weights."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    pytest.importorskip("sentence_transformers")
    folder = tmp_path_factory.mktemp("tiny")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdeimnot"),
    ]
    (folder / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(12345)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(words), max_position_embeddings=32, **size)
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    return folder


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """Give a copy of the tiny model that a test may spoil."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))

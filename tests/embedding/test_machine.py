"""Devices, precisions, and what the command says of them."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from geneval_references import MissingDependencyError, UsageError
from geneval_scorers.embedding import Machine, VectorStore, load_encoder, machine, using
from geneval_scorers.embedding._machine import choose_device

TEXTS = [" ".join(words) for words in zip("abcdefghij", "klmnopqrst", "uvwxyzabcd", strict=True)]
ROWS = [
    {"id": str(n), "system": s, "output": f"{s} {n}", "references": ["a", f"b {n}"]} for n in range(5) for s in "xy"
]


@pytest.fixture
def command(tmp_path: Path):
    """Runs the command on five items and two systems, in a process of its own."""
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))

    def run(*arguments: object, code: int = 0, **variables: str) -> tuple[str, str]:
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | variables
        done = subprocess.run(
            [sys.executable, "-m", "geneval", "score", "o.jsonl", "--format", "json", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=env,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr

    return run


def scores(printed: str) -> list[float]:
    return [row["score"] for row in json.loads(printed)["scores"]]


# --- choices ---


def test_the_environment_chooses_where_nobody_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENEVAL_DEVICE", "cpu")
    monkeypatch.setenv("GENEVAL_PRECISION", "bfloat16")
    assert machine() == Machine("cpu", "bfloat16", tmp_path / "vectors")
    with using(Machine("cuda:1")):
        assert machine() == Machine("cuda:1", "float32", None)
    monkeypatch.setenv("GENEVAL_CACHE", "off")
    assert machine().cache is None


def test_vectors_are_kept_where_users_keep_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("GENEVAL_CACHE")
    assert machine().cache == Path(platformdirs.user_cache_dir("geneval", appauthor=False))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GENEVAL_DEVICE", "gpu", "device 'gpu' does not fit; allowed: cpu, cuda, cuda:N, mps"),
        ("GENEVAL_PRECISION", "int8", "precision 'int8' does not fit; allowed: float32, bfloat16, float16"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=said):
        machine()


def without_cuda() -> bool:
    return bool(importlib.util.find_spec("torch")) and not __import__("torch").cuda.is_available()


def test_a_device_that_is_not_there_is_missing() -> None:
    pytest.importorskip("torch")
    if not without_cuda():
        pytest.skip("this machine has CUDA")
    assert choose_device(None) in {"cpu", "mps"}
    with pytest.raises(MissingDependencyError, match=r"device 'cuda:3' was asked for .* there is .*cpu\. Ask for"):
        choose_device("cuda:3")


def test_the_command_tells_that_a_device_is_missing_and_scores_nothing(command, tiny_model: Path) -> None:
    if not without_cuda():
        pytest.skip("this machine has CUDA")
    printed, said = command("-s", f"cosine(model='path:{tiny_model}')", "--device", "cuda", code=6)
    assert printed == "" and "error: device 'cuda' was asked for (--device, GENEVAL_DEVICE)" in said
    assert "does not fit" in command("-s", "bleu", "--device", "gpu", code=2)[1]


def test_the_device_is_said_once(command, tiny_model: Path) -> None:
    model = f"'path:{tiny_model}'"
    both = ("-s", f"cosine(model={model})", "-s", f"cosine(model={model}, reduce='mean')")
    _, first = command(*both, "--device", "cpu")
    assert first.count("runs on cpu, in float32") == 1
    _, second = command(*both)
    assert "runs on" not in second  # nothing had to run
    assert "runs on" not in command(*both, "--quiet", "--no-cache")[1]


# --- the cache, from the command ---


def test_a_run_from_the_cache_gives_the_same_numbers_and_loads_no_model(command, tiny_model: Path, cache: Path) -> None:
    spec = ("-s", f"cosine(model='path:{tiny_model}')", "-k", "1", "-k", "2", "--band", "-o")
    first, _ = command(*spec, "first")
    with VectorStore(cache).opened() as store:
        assert store.count == len({row["output"] for row in ROWS} | {r for row in ROWS for r in row["references"]})
    # Python writes each import to stderr.
    second, imports = command(*spec, "second", PYTHONPROFILEIMPORTTIME="1")
    assert json.loads(first) == json.loads(second)
    assert "torch" not in imports


def test_without_the_cache_nothing_is_kept(command, tiny_model: Path, cache: Path) -> None:
    spec = ("-s", f"cosine(model='path:{tiny_model}')")
    kept = scores(command(*spec)[0])
    VectorStore(cache).clear()
    assert scores(command(*spec, "--no-cache")[0]) == pytest.approx(kept, abs=1e-6)
    assert scores(command(*spec, GENEVAL_CACHE="off")[0]) == pytest.approx(kept, abs=1e-6)
    with VectorStore(cache).opened() as store:
        assert store.count == 0


def test_a_cache_that_cannot_be_written_costs_a_warning(command, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    printed, said = command("-s", f"cosine(model='path:{tiny_model}')", GENEVAL_CACHE=str(tmp_path / "file"))
    assert len(scores(printed)) == 2
    assert said.count("warning: vectors are not kept") == 1


# --- half precision ---


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_is_in_the_signature_and_nearly_the_same(tiny_model: Path, precision: str) -> None:
    exact = load_encoder(f"path:{tiny_model}")
    with using(Machine("cpu", precision)):
        half = load_encoder(f"path:{tiny_model}")
    assert half.signature == f"{exact.signature}|precision:{precision}"
    assert half.identity != exact.identity
    difference = np.abs(half.encode(TEXTS) - exact.encode(TEXTS)).max()
    assert 0 < difference < 0.02


@pytest.fixture
def overflowing(model: Path) -> Path:
    """A model some of whose numbers float16 cannot hold."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    name = next(name for name in weights if name.endswith("layer.1.output.LayerNorm.weight"))
    weights[name] = weights[name] * np.float32(28_000)
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    return model


def test_what_overflows_in_half_precision_is_made_in_float32(
    overflowing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exact = load_encoder(f"path:{overflowing}").encode(TEXTS)
    with using(Machine("cpu", "float16")):
        half = load_encoder(f"path:{overflowing}", batch_size=4)
    with caplog.at_level(logging.WARNING):
        vectors = half.encode(TEXTS)
    assert np.isfinite(vectors).all()
    again = np.abs(vectors - exact).max(axis=1) < 1e-6
    assert again.any() and not again.all()  # some texts overflow, others do not
    assert np.abs(vectors - exact).max() < 0.02
    assert sum("out of the range of float16; they are made in float32" in message for message in caplog.messages) == 1


def test_the_command_takes_a_precision(command, tiny_model: Path) -> None:
    spec = ("-s", f"cosine(model='path:{tiny_model}')")
    exact, half = (json.loads(command(*spec, *more)[0])["scores"] for more in ((), ("--precision", "bfloat16")))
    assert "|precision:bfloat16|" in half[0]["signature"] and "precision" not in exact[0]["signature"]
    assert half[0]["score"] != exact[0]["score"] == pytest.approx(half[0]["score"], abs=0.02)


# --- what is missing ---


def test_a_model_that_is_not_here_ends_with_6_within_ten_seconds_and_the_command_to_run(
    command, tmp_path: Path
) -> None:
    pytest.importorskip("sentence_transformers")
    began = time.monotonic()
    spec = ("-s", "cosine(model='hf:org/name@abc123')", "--offline")
    printed, said = command(*spec, code=6, HF_HOME=str(tmp_path), HF_HUB_OFFLINE="0")
    assert time.monotonic() - began < 10
    assert printed == "" and said.rstrip().endswith("hf download org/name --revision abc123")


def test_a_model_that_wants_its_own_code_is_refused_and_its_code_not_imported(command, model: Path) -> None:
    flag = model / "ran"
    (model / "own.py").write_text(f"open({str(flag)!r}, 'w')\nclass Own: pass\n")
    content = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(content | {"auto_map": {"AutoModel": "own.Own"}}))
    printed, said = command("-s", f"cosine(model='path:{model}')", code=2)
    assert printed == "" and "which geneval never runs" in said and not flag.exists()


def test_corrupt_weights_are_an_error_and_no_number(command, model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    printed, said = command("-s", f"cosine(model='path:{model}')", code=1)
    assert printed == "" and "are its files damaged?" in said

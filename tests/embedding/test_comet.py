"""COMET: what happens where it is missing; and a tiny random model, where GENEVAL_COMET_PYTHON names a Python that has it."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from geneval_references import GenevalError, InputError, MissingDependencyError, Reference, ReferenceSet, UsageError
from geneval_scorers import Comet, Corpus, ask_all, band, expected_at, full, parse
from geneval_scorers.embedding import _comet

ITEMS = [
    ("le chat", "the cat", ["a cat sat", "a cat"]),
    ("chien", "", ["dog"]),
    ("x", "a dog ran", ["x " * 40, "it ran"]),
]


def corpus_of(items=ITEMS):
    sets = [ReferenceSet(str(i), tuple(map(Reference, r)), source=source) for i, (source, _, r) in enumerate(items)]
    return Corpus(sets, [(str(i), "s", text, 0) for i, (_, text, _) in enumerate(items)])


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    _comet.find_comet.cache_clear()
    _comet.comet_python.cache_clear()
    _comet.comet_process.cache_clear()


def empty_model(folder, readme=""):
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "model.ckpt").write_bytes(b"")
    (folder / "hparams.yaml").write_text("class_identifier: regression_metric\n")
    (folder / "README.md").write_text(readme)
    return folder


# --- where it is missing ---


def test_without_the_package_it_ends_with_code_6_and_says_how_to_get_it(tmp_path):
    (tmp_path / "o.jsonl").write_text('{"id": "1", "source": "x", "references": ["a"], "outputs": {"s": "b"}}\n')
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    env.pop("GENEVAL_COMET_PYTHON", None)
    command = [sys.executable, "-m", "geneval", "score", "o.jsonl", "-s", "comet"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 6 and "Traceback" not in done.stderr
    said = " ".join(done.stderr.split())
    assert "pip install unbabel-comet==2.2.7" in said and "export GENEVAL_COMET_PYTHON=" in said


def test_a_python_that_is_not_there_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("GENEVAL_COMET_PYTHON", str(tmp_path / "none"))
    with pytest.raises(MissingDependencyError, match="none does not have it"):
        Comet().prepare()


def stub(folder, body):
    """A program named as the Python: it has the package, and does `body` as the model's process."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nif [ "$2" = "-c" ]; then echo 2.2.7; exit 0; fi\n{body}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo broken >&2; exit 3", "ended with exit code 3; it said: broken"),
        ("echo '{\"needs_source\": true}'; read line; exit 4", "ended with exit code 4; it said: nothing"),
        ("echo '{\"needs_source\": true}'; exec 1>&-; sleep 0.2; kill -9 $$", "ended with exit code -9"),
    ],
)
def test_a_process_that_dies_is_an_error(monkeypatch, tmp_path, body, said):
    monkeypatch.setenv("GENEVAL_COMET_PYTHON", stub(tmp_path, body))
    corpus = corpus_of()
    with pytest.raises(GenevalError, match=said):
        ask_all(Comet(model=f"path:{empty_model(tmp_path / 'model')}"), corpus, full(corpus))


def test_a_model_that_is_not_here_is_missing_and_says_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("GENEVAL_COMET_PYTHON", stub(tmp_path, "exit 1"))
    with pytest.raises(MissingDependencyError, match="hf download Unbabel/XCOMET-XL --revision abc"):
        Comet(model="hf:Unbabel/XCOMET-XL@abc").prepare()
    with pytest.raises(MissingDependencyError, match="there is no folder"):
        Comet(model="path:no-such-folder").prepare()


@pytest.mark.parametrize(
    ("model", "said"), [("wmt22", "unknown model"), ("pkg:comet", "unknown model"), ("path:", "unk")]
)
def test_a_name_of_no_known_form_is_refused(model, said):
    with pytest.raises(UsageError, match=said):
        _comet.find_comet(model)


def test_a_folder_without_a_checkpoint_is_no_model(tmp_path):
    (tmp_path / "hparams.yaml").write_text("")
    with pytest.raises(UsageError, match=r"holds no COMET model: it has no checkpoints/model\.ckpt"):
        _comet.find_comet(f"path:{tmp_path}")


@pytest.mark.parametrize(
    ("page", "licence"),
    [
        ("---\nlanguage: en\nlicense: cc-by-nc-sa-4.0\n---\n# X", "cc-by-nc-sa-4.0"),
        ("---\nlicense: 'apache-2.0'\n---\n", "apache-2.0"),
        ("# X\n", "unknown"),
        ("---\nlanguage: en\n---\nlicense: mit\n", "unknown"),
    ],
)
def test_the_licence_is_read_from_the_models_page_said_and_signed(monkeypatch, tmp_path, caplog, page, licence):
    monkeypatch.setenv("GENEVAL_COMET_PYTHON", stub(tmp_path, "exit 1"))
    scorer = Comet(model=f"path:{empty_model(tmp_path / 'model', page)}")
    with caplog.at_level(logging.INFO, "geneval_scorers"):
        scorer.prepare()
    assert f"comet(model='path:model') is model, whose licence is {licence}" in caplog.text
    assert f"|licence:{licence}|tools:unbabel-comet-2.2.7" in scorer.signature()


def test_its_spec_reads_back():
    assert parse("comet(reduce='mean')") == Comet(reduce="mean")


# --- where it is there ---


@pytest.fixture(scope="module")
def tiny_comet(tmp_path_factory):
    python = os.environ.get("GENEVAL_COMET_PYTHON")
    if not python:
        pytest.skip("needs unbabel-comet: GENEVAL_COMET_PYTHON names a Python that has it")
    folder = tmp_path_factory.mktemp("comet") / "tiny"
    command = [python, "-I", str(Path(__file__).with_name("tiny_comet.py")), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


JUDGE = """
import json, sys
from comet import load_from_checkpoint
model = load_from_checkpoint(sys.argv[1] + "/checkpoints/model.ckpt", local_files_only=True)
samples = json.loads(sys.argv[2])
found = [model.predict([one], batch_size=1, gpus=0, progress_bar=False)["scores"][0] for one in samples]
print("FOUND", json.dumps(found))
"""


def judged(folder, samples):
    import json

    command = [os.environ["GENEVAL_COMET_PYTHON"], "-I", "-c", JUDGE, str(folder), json.dumps(samples)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    return json.loads(said.partition("FOUND ")[2])


def test_scores_are_those_of_the_package_one_at_a_time(tiny_comet):
    corpus = corpus_of()
    samples = [{"src": s, "mt": t, "ref": r} for s, t, references in ITEMS for r in references]
    each = judged(tiny_comet, samples)
    scorer = Comet(model=f"path:{tiny_comet}")
    queries = full(corpus)
    assert ask_all(scorer, corpus, queries).segment == pytest.approx([max(each[:2]), each[2], max(each[3:])], abs=1e-6)
    mean = Comet(model=scorer.model, reduce="mean")
    assert ask_all(mean, corpus, queries, chunk=1).segment == pytest.approx(
        [np.mean(each[:2]), each[2], np.mean(each[3:])], abs=1e-6
    )
    assert expected_at(scorer, corpus, queries, 1).segment == pytest.approx(
        ask_all(mean, corpus, queries).segment, abs=1e-6
    )
    (cut,) = scorer.notices(corpus).values()
    assert [text for text, shortened in zip(corpus.texts, cut, strict=True) if shortened] == ["x " * 40, "a dog ran"]
    assert ask_all(scorer, corpus, band(corpus)).scored.sum() == 4


def test_an_item_without_a_source_is_refused(tiny_comet):
    corpus = corpus_of([("x", "a", ["b"]), (None, "a", ["b"])])
    with pytest.raises(InputError, match="reads the source of every item, and 1 have none, such as '1'"):
        ask_all(Comet(model=f"path:{tiny_comet}"), corpus, full(corpus))


SPOIL = {
    "code": """
class Own:
    def __reduce__(self):
        import os
        return os.mkdir, (sys.argv[1] + "/ran",)
stored["own"] = Own()
""",
    "weights": 'del stored["state_dict"]["estimator.ff.0.weight"]',
}
SPOILER = """
import sys, torch
path = sys.argv[1] + "/checkpoints/model.ckpt"
stored = torch.load(path, weights_only=True)
{body}
torch.save(stored, path)
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("code", "asks for code of its own .*mkdir.*, which geneval never runs"),
        ("weights", "lacks 1 of its weights, such as estimator.ff.0.weight"),
        ("class_identifier: referenceless_regression_metric", "reads no references"),
        ("class_identifier: unified_metric\ninput_segments: [mt, src]", "reads no references"),
        ("class_identifier: !!python/object/apply:os.mkdir ['ran']", "its files are damaged"),
        ("truncated", "its files are damaged"),
    ],
)
def test_what_cannot_be_trusted_or_used_is_refused(tiny_comet, tmp_path, change, said):
    folder = Path(shutil.copytree(tiny_comet, tmp_path / "spoilt"))
    checkpoint = folder / "checkpoints" / "model.ckpt"
    if change in SPOIL:
        command = [os.environ["GENEVAL_COMET_PYTHON"], "-I", "-c", SPOILER.format(body=SPOIL[change]), str(folder)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    elif change == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-2000])
    else:
        (folder / "hparams.yaml").write_text(change + "\n")
    corpus = corpus_of()
    with pytest.raises(UsageError, match=said):
        ask_all(Comet(model=f"path:{folder}"), corpus, full(corpus))
    assert not (folder / "ran").exists() and not Path("ran").exists()


def test_a_vocabulary_that_is_not_here_is_missing(tiny_comet, tmp_path):
    """The encoder's configuration and vocabulary come from another model of the Hub."""
    folder = Path(shutil.copytree(tiny_comet, tmp_path / "moved"))
    (moved := tiny_comet / "encoder").rename(tiny_comet / "away")
    try:
        corpus = corpus_of()
        with pytest.raises(MissingDependencyError, match=f"hf download {moved}"):
            ask_all(Comet(model=f"path:{folder}"), corpus, full(corpus))
    finally:
        (tiny_comet / "away").rename(moved)


ASK_AND_WAIT = """
import sys, time
sys.path[:0] = {path!r}
from geneval_scorers.embedding._comet import CometProcess, find_comet
process = CometProcess(find_comet("path:" + sys.argv[1]))
print(process._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_one_that_started_it(tiny_comet, how, unmeasured):
    command = [sys.executable, "-c", ASK_AND_WAIT.format(path=sys.path), str(tiny_comet)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=unmeasured
    ) as parent:
        child = int(parent.stdout.readline())
        parent.send_signal(how)
        parent.wait(timeout=30)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not Path(f"/proc/{child}").exists()

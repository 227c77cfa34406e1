"""Machines that differ: locales, encodings, hash seeds, Java that is absent, wrong, dying or hanging, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROWS = [
    {"id": "1", "references": ["TITLE I ı İ i", "ein Maß"], "outputs": {"Ünï": "title i ı i̇ i", "b": "EIN MASS"}},
    {"id": "2", "references": ["1,5 Äpfel", "ŒUVRE"], "outputs": {"Ünï": "1.5 äpfel", "b": "œuvre 你好 🙂"}},
]
SCORERS = ["bleu(lowercase=True)", "chrf", "rouge(kind='L')", "coco_bleu(n=2)", "exact(ignore_case=True)", "ter"]
ASK = ["score", "o.jsonl", *(word for spec in SCORERS for word in ("-s", spec)), "--format", "json", "-k", "1"]


@pytest.fixture
def numbers(tmp_path, process):
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), "utf-8")

    def run(env):
        code, stdout, _ = process(*ASK, env=env)
        assert code == 0
        return stdout

    return run


@pytest.fixture(scope="session")
def locales(tmp_path_factory):
    """A folder with the locales of Turkey (dotless i) and Germany (decimal comma)."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None:
        pytest.skip("needs localedef to make the locales tr_TR and de_DE")
    for name in ("tr_TR", "de_DE"):
        made = subprocess.run(
            ["localedef", "-c", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")],
            capture_output=True,
            text=True,
            check=False,
        )
        if not (folder / f"{name}.UTF-8" / "LC_CTYPE").exists():
            pytest.skip(f"localedef cannot make {name}: {made.stderr.strip()[:100]}")
    return folder


MACHINES = [
    ("C, ASCII", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ("Latin 1 in and out", {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}),
    ("hash seed 1", {"PYTHONHASHSEED": "1"}),
    ("hash seed 2", {"PYTHONHASHSEED": "2"}),
    ("New Zealand", {"TZ": "Pacific/Auckland"}),
    ("one thread", {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}),
]


@pytest.fixture
def usual(numbers):
    return numbers({"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"})


@pytest.mark.parametrize("env", [env for _, env in MACHINES], ids=[name for name, _ in MACHINES])
def test_every_machine_prints_the_same_bytes(numbers, usual, env):
    assert numbers(env) == usual
    assert "title i" not in usual and "Ünï" in usual


@pytest.mark.parametrize("name", ["tr_TR.UTF-8", "de_DE.UTF-8"])
def test_a_language_changes_no_byte(numbers, usual, locales, name):
    # Python takes a locale over only when it is asked to; sitecustomize asks, as a program around ours would.
    (locales / "sitecustomize.py").write_text("import locale\nlocale.setlocale(locale.LC_ALL, '')\n", encoding="utf-8")
    path = os.pathsep.join([str(locales), os.environ.get("PYTHONPATH", "")])
    env = {"LOCPATH": str(locales), "LC_ALL": name, "LANG": name, "PYTHONPATH": path}
    seen = subprocess.run(
        [sys.executable, "-c", "import locale; print(locale.setlocale(locale.LC_ALL), locale.localeconv())"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert name in seen and ("'decimal_point': ','" in seen)
    assert numbers(env) == usual


# --- Java: name | what `java` is | seconds it may take | words of the error
JAVAS = [
    ("not a Java", "#!/bin/sh\nexec cat\n", "60", "something else than their tokens"),
    ("says nothing", "#!/bin/sh\ncat > /dev/null\n", "60", "something else than their tokens"),
    (
        "dies",
        "#!/bin/sh\nhead -c 1 > /dev/null; echo 'out of memory' >&2; exit 3\n",
        "60",
        "exit code 3; it said: out of",
    ),
    ("is killed", "#!/bin/sh\nkill -9 $$\n", "60", "ended with exit code -9"),
    ("hangs", "#!/bin/sh\nsleep 1000 & echo $! > child; wait\n", "1", "did not finish in 1 s and was stopped"),
    ("never ends to talk", "#!/bin/sh\nexec yes\n", "60", "which cannot be right; it was stopped"),
    ("cannot be started", "\x7fELF rubbish", "60", "could not be started"),
]


@pytest.fixture
def captions(tmp_path):
    pytest.importorskip("pycocoevalcap", reason="needs pycocoevalcap: pip install '.[coco]'")
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return lambda spec: ["score", "o.jsonl", "-s", spec, "-q", "-o", "run"]


# METEOR asks line by line: what else can go wrong there, and the words for it.
METEORS = [
    ("not a Java", "#!/bin/sh\nexec cat\n", "60", "something else than their counts, beginning 'SCORE ||| "),
    (
        "dies midway",
        "#!/bin/sh\nhead -n 1; echo 'out of memory' >&2; exit 3\n",
        "60",
        "after 1 of 9 answers; it said: out",
    ),
    ("is killed", "#!/bin/sh\nkill -9 $$\n", "60", "ended with exit code -9, after 0 of 9 answers"),
    ("hangs", "#!/bin/sh\nsleep 1000 & echo $! > child; wait\n", "1", "said nothing for 1 s and was stopped"),
    ("hangs midway", "#!/bin/sh\nhead -n 1; sleep 1000 & echo $! > child; wait\n", "1", "after 1 of 9 answers"),
    ("answers others", f"#!/bin/sh\nyes '{'1 ' * 23}' | head -n 9\n", "60", "something else than their counts"),
    ("answers words", "#!/bin/sh\nyes 'no numbers' | head -n 9\n", "60", "beginning 'no numbers'"),
    ("never ends to talk", "#!/bin/sh\nexec cat /dev/zero\n", "60", "wrote what are no answers"),
    ("cannot be started", "\x7fELF rubbish", "60", "could not be started"),
]
MISBEHAVING = [("coco_bleu(n=2, tokenizer='ptb-java')", *row[1:]) for row in JAVAS]
MISBEHAVING += [("meteor(tokenizer='rouge')", *row[1:]) for row in METEORS]
MISBEHAVING += [
    ("meteor(tokenizer='none')", row[1], row[2], row[3].replace("their tokens", "these texts")) for row in JAVAS
]
NAMES = [f"ptb {name}" for name, *_ in JAVAS] + [f"meteor {name}" for name, *_ in METEORS]
NAMES += [f"normalizer {name}" for name, *_ in JAVAS]


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize(("spec", "script", "seconds", "words"), MISBEHAVING, ids=NAMES)
def test_a_java_that_does_not_do_its_work_is_told_and_ended(tmp_path, process, captions, spec, script, seconds, words):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(script, encoding="latin-1")
    java.chmod(0o755)
    path = os.pathsep.join([str(java.parent), "/usr/bin", "/bin"])
    start = time.monotonic()
    env = {"PATH": path, "JAVA_HOME": "", "GENEVAL_JAVA_TIMEOUT": seconds}
    code, stdout, stderr = process(*captions(spec), env=env)
    assert (code, stdout) == (6, "") and words in stderr and stderr.count("\n") == 1
    assert time.monotonic() - start < 45 and not (tmp_path / "run").exists()
    if (tmp_path / "child").exists():
        child = int((tmp_path / "child").read_text(encoding="utf-8"))
        assert not alive(child)  # what it started has ended with it


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


@pytest.mark.parametrize("spec", ["coco_bleu(n=2, tokenizer='ptb-java')", "meteor"])
def test_no_java_is_told_with_what_installs_it(tmp_path, process, captions, spec):
    (tmp_path / "bin").mkdir()
    code, stdout, stderr = process(*captions(spec), env={"PATH": str(tmp_path / "bin"), "JAVA_HOME": ""})
    assert (code, stdout) == (6, "") and "needs Java 8 or newer" in stderr and "apt-get install" in stderr
    assert not (tmp_path / "run").exists()


# --- no network
def isolated() -> bool:
    """Whether a process may be started that has no network at all, not even the machine's own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not isolated(), reason="needs unshare, and leave to use it")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (ASK, 0),
        (["demo"], 0),
        (["validate", "o.jsonl"], 0),
        (["score", "hf://nobody/nothing?split=test", "-s", "exact"], 6),
        (["score", "o.jsonl", "-s", "cosine(model='hf:nobody/nothing@main')"], 6),
        pytest.param(
            ["score", "o.jsonl", "-s", "coco_bleu(n=2, tokenizer='ptb-java')"], 0, marks=pytest.mark.java, id="java"
        ),
    ],
)
def test_nothing_needs_a_network(tmp_path, arguments, code):
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "geneval", *arguments],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code == 6:
        assert "hf download" in done.stderr or "pip install" in done.stderr

"""A Java program that misbehaves: each stub named `java` does one thing wrong, and none outlives its call."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from geneval_references import MissingDependencyError, UsageError
from geneval_scorers.java import JavaError
from geneval_scorers.java._process import find_java, java_timeout, run_java
from geneval_scorers.java.ptb import PTBTokenizer
from geneval_scorers.tokenizers import get_tokenizer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stubs are shell scripts")

StubJava = Callable[[str], Path]


@pytest.fixture
def stub_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubJava:
    """Put a shell script named `java` first on PATH."""

    def write(script: str) -> Path:
        java = tmp_path / "bin" / "java"
        java.parent.mkdir()
        java.write_text(f"#!/bin/sh\n{script}\n")
        java.chmod(0o755)
        monkeypatch.setenv("PATH", f"{java.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delenv("JAVA_HOME", raising=False)
        return java

    return write


def ptb() -> PTBTokenizer:
    """Return the tokeniser on whatever Java is first, with a jar that no stub reads."""
    return PTBTokenizer(java=find_java("ptb-java"), jar="none.jar", signature="ptb:test")


def gone(pid: int) -> bool:
    """Say whether a process that was killed a moment ago has ended; one that init has yet to reap counts."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state.strip() or state.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo hello; cat > /dev/null", "something else than their tokens, beginning 'hello'"),
        ("cat", "something else than their tokens, beginning 'A cat'"),
        ("exit 0", "something else"),
        ("head -c 3; kill -9 $$", "exit code -9"),
        ("echo 'Could not find or load main class' >&2; exit 1", "exit code 1; it said: Could not find or load"),
        ("yes", "wrote more than"),
        ("yes >&2 & cat > /dev/null; sleep 0.3; kill $!; exit 3", "exit code 3; it said: y y y"),
    ],
)
def test_a_java_that_answers_something_else_is_an_error_that_says_so(
    stub_java: StubJava, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    stub_java(script)
    monkeypatch.setenv("GENEVAL_JAVA_TIMEOUT", "20")
    with pytest.raises(JavaError) as caught:
        ptb()(["A cat"] * 50)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [
        "echo $$ > {pids}; sleep 300",
        "sleep 300 & echo $! > {pids}; wait",
        "sleep 300 & echo $! > {pids}; exit 0",  # the child keeps the pipe open after its parent is gone
        "trap '' TERM INT; echo $$ > {pids}; cat > /dev/null; sleep 300",
    ],
)
def test_a_java_that_hangs_is_stopped_in_time_with_all_it_started(
    stub_java: StubJava, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    pids = tmp_path / "pids"
    stub_java(script.format(pids=pids))
    monkeypatch.setenv("GENEVAL_JAVA_TIMEOUT", "0.5")
    began = time.monotonic()
    with pytest.raises(JavaError, match=r"did not finish in 0\.5 s and was stopped \(GENEVAL_JAVA_TIMEOUT"):
        ptb()(["A cat"])
    assert time.monotonic() - began < 2.5
    assert all(gone(int(pid)) for pid in pids.read_text().split())


INTERRUPTED = """
from geneval_scorers.java._process import run_java
run_java(["sh", "-c", "echo $$ > '{pids}'; sleep 300"], b"", what="x", timeout=100, max_output=10)
"""


def test_an_interrupted_call_leaves_no_process(tmp_path: Path, unmeasured: dict[str, str]) -> None:
    pids = tmp_path / "pids"
    script = INTERRUPTED.format(pids=pids)
    env = unmeasured | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, env=env) as caller:
        deadline = time.monotonic() + 60
        while not (pids.exists() and pids.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.05)
        caller.send_signal(signal.SIGINT)
        assert caller.wait(timeout=60) != 0
    assert gone(int(pids.read_text()))


def test_a_process_that_never_reads_does_not_block_the_caller() -> None:
    assert run_java(["sh", "-c", "echo done"], b"x" * 10_000_000, what="x", timeout=20, max_output=100) == b"done\n"


def test_a_program_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JavaError, match="x could not be started"):
        run_java([str(tmp_path / "java")], b"", what="x", timeout=5, max_output=10)


def test_java_home_comes_before_path(stub_java: StubJava, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = stub_java("exit 0")
    at_home = tmp_path / "home" / "bin" / "java"
    at_home.parent.mkdir(parents=True)
    at_home.write_bytes(on_path.read_bytes())
    at_home.chmod(0o755)
    assert find_java("ptb-java") == str(on_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    assert find_java("ptb-java") == str(on_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert find_java("ptb-java") == str(at_home)


def test_a_missing_java_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(MissingDependencyError, match=r"ptb-java needs Java 8 or newer.*default-jre-headless"):
        find_java("ptb-java")


def test_a_missing_pycocoevalcap_names_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hollow = tmp_path / "pycocoevalcap"  # as after an uninstall that left the folder behind
    hollow.mkdir()
    (hollow / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pycocoevalcap", raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'geneval-text\[coco\]'"):
        get_tokenizer("ptb-java")


@pytest.mark.parametrize("typed", ["soon", "0", "-1", "nan", "inf"])
def test_a_time_out_that_is_no_positive_number_is_refused(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setenv("GENEVAL_JAVA_TIMEOUT", typed)
    with pytest.raises(UsageError, match=f"GENEVAL_JAVA_TIMEOUT is '{typed}'"):
        java_timeout(1.0)


def test_the_time_out_is_the_default_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENEVAL_JAVA_TIMEOUT", raising=False)
    assert java_timeout(7.0) == 7.0
    monkeypatch.setenv("GENEVAL_JAVA_TIMEOUT", "2.5")
    assert java_timeout(7.0) == 2.5

"""Programs that answer line by line, and programs that do not: shell scripts in the place of Java."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from geneval_scorers.java import JavaError
from geneval_scorers.java._session import ask_lines, end_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")

ECHO = "while read -r line; do case $line in hang) sleep 300;; esac; echo $$ $line; done"
TEN = [b"%d" % i for i in range(10)]


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    end_all()


def ask(script, lines, silence=20.0):
    return ask_lines(["sh", "-c", script], lines, what="x", silence=silence)


def gone(pid):
    """Say whether a process has ended, or does so within seconds; one that init has yet to reap counts."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state.strip() or state.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def test_each_line_has_its_answer_and_one_process_answers_them_all():
    first, second = ask(ECHO, [b"a", b"b c"]), ask(ECHO, [b"d"])
    pid = first[0].split()[0]
    assert first == [pid + b" a", pid + b" b c"] and second == [pid + b" d"]
    end_all()
    assert gone(int(pid)) and ask(ECHO, [b"e"])[0].split()[0] != pid


def test_no_pipe_blocks_another_however_much_is_asked():
    lines = [b"%d %s" % (i, b"x" * 200) for i in range(50_000)]
    assert ask("cat", lines) == lines
    assert ask("yes >&2 & exec cat", lines[:10]) == lines[:10]


def test_threads_get_their_own_answers():
    with ThreadPoolExecutor(8) as pool:
        asked = [[b"%d.%d" % (i, j) for j in range(50)] for i in range(40)]
        assert list(pool.map(lambda lines: ask("cat", lines), asked)) == asked


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("head -n 3; echo 'out of memory' >&2; exit 3", "ended with exit code 3, after 3 of 10 answers; it said: out of memory"),
        ("head -n 3; kill -9 $$", "ended with exit code -9, after 3 of 10 answers"),
        ("exit 0", "ended with exit code 0, after 0 of 10 answers"),
        ("exec >&-; cat > /dev/null; sleep 300", "closed its output, after 0 of 10 answers"),
        ("printf '%s\\n11' \"$(seq 10)\"; sleep 300", "answers with more than a line a line"),
        ("cat /dev/zero", "wrote what are no answers, after 0 of 10 answers"),
    ],
)  # fmt: skip
def test_a_program_that_does_not_answer_line_by_line_is_an_error_that_tells_what_it_said(script, said):
    with pytest.raises(JavaError) as caught:
        ask(script, TEN)
    assert str(caught.value).startswith(f"x {said}")


def test_a_stack_trace_is_told_without_its_frames():
    frames = "".join(f"\\tat org.example.Class.method{i}(Unknown Source)\\n" for i in range(20))
    with pytest.raises(JavaError, match=r"it said: java.lang.OutOfMemoryError: Java heap space$"):
        ask(f"printf 'java.lang.OutOfMemoryError: Java heap space\\n{frames}' >&2; exit 1", TEN)


@pytest.mark.parametrize("script", ["echo $$ > {pids}; sleep 300", "head -n 3; sleep 300 & echo $! > {pids}; wait"])
def test_silence_ends_the_whole_group_in_time(tmp_path, script):
    began = time.monotonic()
    with pytest.raises(JavaError, match=r"x said nothing for 0\.5 s and was stopped \(GENEVAL_JAVA_TIMEOUT sets"):
        ask(script.format(pids=tmp_path / "pids"), TEN, silence=0.5)
    assert time.monotonic() - began < 2.5
    assert gone(int((tmp_path / "pids").read_text()))


def test_a_slow_program_that_is_not_silent_is_waited_for():
    assert len(ask("while read -r line; do sleep 0.2; echo $line; done", TEN, silence=1.0)) == 10


def test_a_program_that_answers_what_it_never_read_is_an_error():
    with pytest.raises(JavaError, match="x does not read all it is told, after 3 of 3 answers"):
        ask("seq 3; sleep 300", [b"x" * 1_000_000] * 3)


def test_a_program_that_ends_between_two_questions_is_not_started_again_in_silence():
    assert ask("head -n 10; exit 4", TEN) == TEN
    with pytest.raises(JavaError, match="x ended with exit code 4, after 0 of 1 answers"):
        ask("head -n 10; exit 4", [b"more"])


def test_a_program_that_cannot_be_started_is_an_error(tmp_path):
    with pytest.raises(JavaError, match="x could not be started"):
        ask_lines([str(tmp_path / "java")], TEN, what="x", silence=5)


BEGIN = f"""
import os, signal, sys, time
from geneval_scorers.java._session import ask_lines
def ask(line=b"a"): return int(ask_lines(["sh", "-c", {ECHO!r}], [line], what="x", silence=20)[0].split()[0])
print(ask(), flush=True)
"""


@pytest.mark.parametrize(
    ("then", "signal_"),
    [
        ("", None),
        ("raise RuntimeError", None),
        ("time.sleep(300)", signal.SIGINT),
        ("time.sleep(300)", signal.SIGTERM),
        ("time.sleep(300)", signal.SIGKILL),
        ("ask(b'hang')", signal.SIGINT),
    ],
)
def test_no_program_outlives_the_process_that_started_it(then, signal_, unmeasured):
    env = unmeasured | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", BEGIN + then]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as caller:
        pid = int(caller.stdout.readline())
        if signal_:
            time.sleep(0.3)
            caller.send_signal(signal_)
        caller.wait(timeout=60)
    assert gone(pid)


FORK = """
child = os.fork()
if child == 0:
    print(ask(), flush=True)
    sys.exit()
os.waitpid(child, 0)
print(ask(), flush=True)
"""


def test_a_fork_starts_its_own_program_and_leaves_that_of_its_parent_alone():
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + FORK], capture_output=True, text=True, env=env, timeout=60, check=True
    )
    before, child, after = done.stdout.split()
    assert before == after != child
    assert gone(int(before)) and gone(int(child))

"""Run directories on machines that fail: disks that are full, processes that are killed, folders nobody may write to."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from fault_cases import GOOD, MANY

import geneval
from geneval.results import Result
from geneval_references import GenevalError, UsageError

OLD = {"results.json": b"old", "thesis.txt": b"precious"}


@pytest.fixture
def result():
    predictions = {system: [f"a dog number {n} {system}" for n in range(50)] for system in ("A", "B")}
    references = [[f"a dog number {n}", "a cat"] for n in range(50)]
    return geneval.score(predictions=predictions, references=references, scorers="cider(tokenizer='none')", resamples=0)


@pytest.fixture
def old(tmp_path):
    """Results of earlier, which nothing may touch."""
    folder = tmp_path / "old"
    folder.mkdir()
    for name, data in OLD.items():
        (folder / name).write_bytes(data)
    yield folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == OLD


def sizes(folder):
    return sorted(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Full:
    """No file grows beyond `limit` bytes, as on a disk that is full."""

    def __init__(self, limit):
        self.limit = limit

    def __enter__(self):
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, self.before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


@pytest.mark.usefixtures("old")
def test_a_disk_that_is_full_at_any_write_leaves_everything_as_it_was(result, tmp_path):
    whole = result.save(tmp_path / "whole")
    before = {path.name for path in tmp_path.iterdir()}
    tried = sorted({0, 1, 10, *(limit for size in sizes(whole) for limit in (size // 2, size - 1))})
    assert len(tried) > 8
    for limit in [limit for limit in tried if limit < max(sizes(whole))]:
        with Full(limit), pytest.raises(GenevalError, match=r"File too large"):
            result.save(tmp_path / "run")
        assert {path.name for path in tmp_path.iterdir()} == before
    with Full(max(sizes(whole))):
        assert Result.open(result.save(tmp_path / "run")).scores == result.scores


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("name", ["sets.jsonl", "sets.jsonl.gz", "sets.jsonl.zst", "sets.parquet", "sets.csv", "sets"])
def test_a_disk_that_is_full_gets_no_half_reference_sets(tmp_path, command, name):
    (tmp_path / "o.jsonl").write_bytes(MANY)
    before = {path.name for path in tmp_path.iterdir()}
    for limit in (0, 100):
        with Full(limit):
            code, stdout, stderr = command("references", "export", "o.jsonl", "-o", name)
        assert (code, stdout) == (1, "") and f"error: writing {name} failed: [Errno 27]" in stderr
        assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - a device
@pytest.mark.parametrize("arguments", [["score", "o.jsonl", "-s", "exact", "-q"], ["validate", "o.jsonl"], ["scorers"]])
def test_results_that_cannot_be_printed_are_an_error(tmp_path, arguments):
    (tmp_path / "o.jsonl").write_bytes(GOOD)
    command = f"{sys.executable} -m geneval {' '.join(arguments)} > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr and "Traceback" not in done.stderr and done.stderr.count("\n") == 1


@pytest.fixture
def waiting(tmp_path):
    """A run that holds its folder and waits for its input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "geneval", "score", "-", "-s", "exact", "-o", "run", "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "run.partial" / ".geneval-holder").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    yield process
    process.kill()
    process.communicate()


def test_a_killed_run_leaves_old_results_and_stands_in_nobodys_way(tmp_path, waiting, old, command):
    waiting.send_signal(signal.SIGKILL)
    assert waiting.wait(timeout=60) == -signal.SIGKILL
    assert not (tmp_path / "run").exists() and old.exists()
    (tmp_path / "o.jsonl").write_bytes(GOOD)
    assert command("score", "o.jsonl", "-s", "exact", "-o", "run", "-q")[0] == 0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "manifest.json",
        "results.json",
        "segments.parquet",
    ]
    assert not (tmp_path / "run.partial").exists()


def test_the_second_of_two_runs_is_told_who_is_writing(tmp_path, waiting, command):
    (tmp_path / "o.jsonl").write_bytes(GOOD)
    code, stdout, stderr = command("score", "o.jsonl", "-s", "exact", "-o", "run", "-q")
    assert (code, stdout) == (1, "") and f"another run is writing run now (process {waiting.pid} on " in stderr
    stdout, stderr = waiting.communicate(GOOD, timeout=60)
    assert waiting.returncode == 0 and b'"score": 1.0' in stdout
    assert Result.open(tmp_path / "run").scores[0].score == 1.0


def test_an_interrupted_check_exits_with_130(tmp_path, unmeasured):
    process = subprocess.Popen(
        [sys.executable, "-m", "geneval", "validate", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
        env=unmeasured,
    )
    process.stdin.write(b"not JSON\n" * 20_000)  # more than pipes and buffers hold: it reads, and waits for more
    process.stdin.flush()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and stderr.endswith(b"interrupted\n") and b"Traceback" not in stderr


# name | place | words: each is told before anything is read, let alone scored
PLACES = [
    ("a folder nobody may write to", "/proc/geneval-run", "cannot be written to"),
    ("below a file", "o.jsonl/run", "cannot be written to"),
    ("there already", "taken", "never overwritten"),
    ("a file of that name", "o.jsonl", "never overwritten"),
    ("a link that leads nowhere", "link", "never overwritten"),
    ("a name too long", "x" * 300, "cannot be written to"),
]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, where even root may not write")
@pytest.mark.parametrize(("place", "words"), [row[1:] for row in PLACES], ids=[name for name, *_ in PLACES])
def test_a_place_that_cannot_be_written_to_is_told_first(tmp_path, command, place, words):
    (tmp_path / "o.jsonl").write_bytes(b"not even JSON")
    (tmp_path / "taken").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    code, stdout, stderr = command("score", "o.jsonl", "-s", "exact", "-o", place)
    assert (code, stdout) == (2, "") and words in stderr and "JSON" not in stderr
    with pytest.raises(UsageError, match=words):
        geneval.score(predictions=["a"], references=["a"], scorers="exact").save(place)


def test_folders_above_are_made(tmp_path, command):
    (tmp_path / "o.jsonl").write_bytes(GOOD)
    assert command("score", "o.jsonl", "-s", "exact", "-o", "a/b/run", "-q")[0] == 0
    assert Result.open(tmp_path / "a" / "b" / "run").scores[0].score == 1.0

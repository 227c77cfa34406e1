"""Runs that are killed, interrupted or out of disk, and the same command given again."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys

import pytest

from geneval.data import demo_inputs

pytestmark = pytest.mark.once

SCORERS = ["-s", "bleu", "-s", "rouge(kind='L')", "-s", "cider(tokenizer='unicode')", "--resamples", "20", "--band"]

# The command with blocks of about six items. Its own hand is on the switch: what is to happen happens at the n-th time
# that something is about to be safe on disk, when the file is written but has not got its name.
COMMAND = """
import os, signal, sys
import geneval.blocks, geneval.data._streams
geneval.blocks.BLOCK = 1500
geneval.data._streams.LARGE = 0 if os.environ.get("STREAM") else 10**12
real, count, left = os.fsync, int(os.environ.get("AT", "0")), []
def fsync(handle):
    left.append(handle)
    if len(left) == count:
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
    real(handle)
os.fsync = fsync
from geneval.cli import main
try:
    main()
finally:
    print("saved", len(left), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    inputs = demo_inputs()
    by_item = {item.id: {} for item in inputs.items}
    for output in inputs.outputs:
        by_item[output.id][output.system] = output.text
    rows = [
        {"id": item.id, "outputs": by_item[item.id], "references": [r.text for r in item.references], "about": "x"}
        for item in inputs.items[:40]
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def score(folder, data, *options, code=0, at=0, signal=9, limit=None, stream=False):
    # Where files are limited, coverage could not write what it measured, and would say so; an interrupt can lock it up.
    spared = limit is not None or signal == 2
    environment = {k: v for k, v in os.environ.items() if not (spared and k.startswith("COVERAGE_PROCESS"))}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "score", str(data), *SCORERS, "-o", "run", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment | {"AT": str(at), "SIGNAL": str(int(signal)), "STREAM": "1" if stream else ""},
        preexec_fn=None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def content(run):
    """Every file's bytes; the manifest without its date."""
    found = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    manifest = json.loads(found.pop("manifest.json"))
    assert manifest.pop("created")
    return found | {"manifest": manifest}


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The content of an uninterrupted run, and how often it made something safe."""
    folder = tmp_path_factory.mktemp("whole")
    done = score(folder, data)
    assert [path.name for path in folder.iterdir()] == ["run"]
    return content(folder / "run"), int(done.stderr.split("saved ")[1])


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_run_goes_on_to_the_same_bytes(seed, data, whole, tmp_path):
    """kill -9 again and again, at points that the seed chooses, until the command gets through."""
    rng, stream = random.Random(seed), bool(seed % 2)
    expected, times = whole
    for last in (times, 3):
        score(tmp_path, data, at=rng.randint(1, last), code=-9, stream=stream)
        assert not (tmp_path / "run").exists()
    done = score(tmp_path, data, stream=stream)
    assert content(tmp_path / "run") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert int(done.stderr.split("saved ")[1]) <= times


def test_finished_blocks_are_not_done_again(data, whole, tmp_path):
    score(tmp_path, data, at=6, code=-9)
    work = tmp_path / "run.partial" / "work"
    before = {path: path.stat().st_mtime_ns for path in work.glob("*.npz")}
    begun = json.loads((work / "plan.json").read_text("utf-8"))["created"]
    assert len(before) >= 3 and list(work.glob("*.tmp"))
    done = score(tmp_path, data, at=12, signal=2, code=130)
    assert f"going on from run.partial, where {len(before)} blocks are done" in done.stderr
    assert "interrupted\nrun.partial keeps what is done: the same command goes on from there" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    score(tmp_path, data)
    assert content(tmp_path / "run") == whole[0]
    assert json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))["created"] == begun


def test_a_block_that_is_not_whole_is_done_again(data, whole, tmp_path):
    score(tmp_path, data, at=7, code=-9)
    work = tmp_path / "run.partial" / "work"
    first, second, *_ = sorted(work.glob("*.npz"))
    first.write_bytes(first.read_bytes()[:-100])
    spoilt = bytearray(second.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    second.write_bytes(spoilt)
    score(tmp_path, data)
    assert content(tmp_path / "run") == whole[0]


@pytest.mark.parametrize("finished", [False, True])
def test_a_disk_that_is_full_costs_no_finished_work(finished, data, whole, tmp_path):
    """A limit on the size of files stands for the disk; it is hit by the first thing that is to be kept."""
    if finished:
        score(tmp_path, data, at=6, code=-9)
    kept = sorted((tmp_path / "run.partial" / "work").glob("*.npz"))
    done = score(tmp_path, data, limit=4_000, code=1)
    assert "error: writing run.partial/work/" in done.stderr and "failed: [Errno 27] File too large" in done.stderr
    assert ("keeps what is done" in done.stderr) is (tmp_path / "run.partial").exists()
    assert sorted((tmp_path / "run.partial" / "work").glob("*.npz")) == kept
    score(tmp_path, data)
    assert content(tmp_path / "run") == whole[0]


def test_a_disk_that_is_full_at_the_very_end_costs_nothing_but_the_end(data, whole, tmp_path):
    score(tmp_path, data, at=12, code=-9)  # the plan, what was learned and nine blocks are safe
    done = score(tmp_path, data, limit=6_000, code=1)
    assert "error: writing run failed: [Errno 27] File too large" in done.stderr
    assert json.loads(done.stdout)["scores"] and "keeps what is done" in done.stderr
    assert "going on from run.partial, where 9 blocks are done" in score(tmp_path, data).stderr
    assert content(tmp_path / "run") == whole[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-s", "chrf"], 'scorers, chrf: not there, now "chrf('),
        (["--seed", "7"], "settings, seed: 12345, now 7"),
        (["-k", "2"], "settings, k: [], now [2]"),
        (["--column", "source=about"], 'reading, columns: {}, now {"source": "about"}'),
    ],
)
def test_another_command_is_told_what_differs(options, said, data, whole, tmp_path):
    score(tmp_path, data, at=5, code=-9)
    kept = sorted((tmp_path / "run.partial" / "work").glob("*.npz"))
    done = score(tmp_path, data, *options, code=2)
    assert "run.partial holds an interrupted run that differs from this one:" in done.stderr and said in done.stderr
    assert "--fresh to start again" in done.stderr
    assert sorted((tmp_path / "run.partial" / "work").glob("*.npz")) == kept
    score(tmp_path, data)
    assert content(tmp_path / "run") == whole[0]


def test_other_inputs_are_told_and_fresh_starts_again(data, tmp_path):
    copy = tmp_path / "rows.jsonl"
    copy.write_bytes(data.read_bytes())
    score(tmp_path, copy, at=5, code=-9)
    lines = data.read_text("utf-8").splitlines()
    copy.write_text("\n".join(lines[1:]) + "\n", encoding="utf-8")
    done = score(tmp_path, copy, code=2)
    assert "inputs, 1 rows.jsonl: " in done.stderr
    done = score(tmp_path, copy, "--fresh")
    assert "going on" not in done.stderr
    (tmp_path / "again").mkdir()
    score(tmp_path / "again", copy)
    assert content(tmp_path / "run") == content(tmp_path / "again" / "run")


def test_other_versions_are_told(data, tmp_path):
    score(tmp_path, data, at=5, code=-9)
    place = tmp_path / "run.partial" / "work" / "plan.json"
    found = json.loads(place.read_text("utf-8"))
    found["plan"]["versions"]["numpy"] = "1.0"
    place.write_text(json.dumps(found), encoding="utf-8")
    assert 'versions, numpy: "1.0", now ' in score(tmp_path, data, code=2).stderr


def test_a_run_that_finished_nothing_leaves_nothing(data, tmp_path):
    score(tmp_path, data, "--tier", "verified", code=3)
    assert list(tmp_path.iterdir()) == []
    score(tmp_path, data, at=1, signal=2, code=130)
    assert list(tmp_path.iterdir()) == []


def test_blocks_without_a_plan_are_not_used(data, whole, tmp_path):
    score(tmp_path, data, "-k", "1", at=6, code=-9)
    (tmp_path / "run.partial" / "work" / "plan.json").write_text("{", encoding="utf-8")
    assert "going on" not in score(tmp_path, data).stderr
    assert content(tmp_path / "run") == whole[0]

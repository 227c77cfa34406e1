"""`geneval cache`, and what the command shows of it."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.cli._cache import size
from geneval.cli._talk import Progressing
from geneval_scorers.embedding import VectorStore
from geneval_scorers.embedding._store import Entry, key_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where vectors are kept."""
    monkeypatch.setenv("GENEVAL_CACHE", str(tmp_path / "vectors"))
    return tmp_path / "vectors"


@pytest.fixture
def store(folder):
    """Three vectors of one model and one of another."""
    store = VectorStore(folder)
    with store.opened() as cache:
        for model, texts in (("first", "abc"), ("second", "d")):
            vectors = {key_of(model, t.encode()): Entry(np.ones(4, "<f4").tobytes(), cut=False) for t in texts}
            cache.write(model, f"{model}@0", "norm:l2", vectors)
    return store


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["cache", *arguments], prog_name="geneval")
    assert done.exit_code == code, done.output
    return done


def printed(*arguments, code=0):
    found = json.loads(run(*arguments, code=code).stdout)
    assert found.pop("schema") == "geneval.cache/1"
    return found


def age(store, days):
    with sqlite3.connect(store.file) as database:
        database.execute("UPDATE vectors SET added = added - ? WHERE model = 1", [days * 86400])
    database.close()


def test_info_tells_models_and_sizes(store, folder):
    assert printed("info") == {
        "folder": str(folder),
        "vectors": 4,
        "bytes": store.size,
        "models": [
            {"model": "first@0", "vectors": 3, "bytes": 48},
            {"model": "second@0", "vectors": 1, "bytes": 16},
        ],
    }
    assert "  3 vectors (48 B) of first@0\n" in run("info", "--format", "table").stdout


@pytest.mark.usefixtures("store")
def test_the_index_of_phrases_is_told_and_cleared(folder):
    for name in ("phrases-1.sqlite3", "phrases-2.partial", "phrases-1.lock"):
        (folder / name).write_bytes(b"x" * 10)
    assert printed("info")["phrase_bytes"] == 20
    assert "an index of phrases for `geneval expand` (20 B)" in run("info", "--format", "table").stdout
    assert printed("clear")["deleted"] == 4
    assert [path.name for path in folder.glob("phrases*")] == ["phrases-1.lock"]


def test_info_makes_no_folder(folder):
    assert printed("info") == {"folder": str(folder), "vectors": 0, "bytes": 0, "models": []}
    assert not folder.exists()


def test_info_tells_where_it_is_off(monkeypatch):
    monkeypatch.setenv("GENEVAL_CACHE", "off")
    assert printed("info")["folder"] is None
    for command in (("prune", "--max-size", "1MB"), ("clear",), ("verify",)):
        assert "the cache is off (GENEVAL_CACHE=off)" in run(*command, code=2).stderr


def test_prune_by_age_and_size(store):
    age(store, 40)
    assert printed("prune", "--older-than", "8w")["deleted"] == 0
    found = printed("prune", "--older-than", "30d")
    assert found == {"deleted": 3, "vectors": 1, "bytes": store.size}
    assert printed("prune", "--max-size", "1 GB")["vectors"] == 1
    assert printed("prune", "--max-size", "1B")["vectors"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "needs --older-than AGE, --max-size SIZE, or both; `clear` deletes all"),
        (
            ("--older-than", "30"),
            "--older-than 30 does not fit; allowed: a number and one of s, m, h, d, w, such as 30d",
        ),
        (("--max-size", "2 apples"), "one of B, kB, MB, GB, TB, such as 30GB"),
        (("--max-size", "-1MB"), "--max-size -1MB does not fit"),
    ],
)
@pytest.mark.usefixtures("store")
def test_an_amount_that_is_none_is_refused(arguments, said):
    assert said in run("prune", *arguments, code=2).stderr


@pytest.mark.usefixtures("store")
def test_clear_deletes_all():
    assert printed("clear")["deleted"] == 4
    assert printed("info")["vectors"] == printed("clear")["deleted"] == 0


def test_verify_ends_with_1_where_something_was_damaged_and_with_0_after(store):
    with sqlite3.connect(store.file) as database:
        database.execute("UPDATE vectors SET vector = zeroblob(16) WHERE id = 2")
    database.close()
    assert printed("verify", code=1) == {"vectors": 3, "damaged": 1}
    assert printed("verify") == {"vectors": 3, "damaged": 0}


@pytest.mark.parametrize("command", [("info",), ("verify",), ("prune", "--max-size", "1GB")])
def test_a_file_that_is_no_store_is_named_with_the_remedy(folder, command):
    folder.mkdir()
    (folder / "vectors.sqlite3").write_bytes(b"no database" * 100)
    said = run(*command, code=1).stderr
    assert "vectors.sqlite3 cannot be used: file is not a database; `geneval cache clear` empties it" in said
    run("clear")
    assert printed("verify") == {"vectors": 0, "damaged": 0}


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_536_000, "1.54 MB"), (2 * 10**12, "2 TB")]
)
def test_sizes_are_for_people(count, shown):
    assert size(count) == shown


# --- progress ---


def test_progress_tells_share_and_rate(monkeypatch, capsys):
    clock = iter([0.0, 40.0, 40.0, 40.0, 80.0, 80.0, 80.0])
    monkeypatch.setattr("geneval.cli._talk.time.monotonic", lambda: next(clock))
    progress = Progressing()
    progress("encoding, 40% from the cache", 400, 1000)
    progress("encoding, 40% from the cache", 800, 1000)
    assert capsys.readouterr().err == (
        "encoding, 40% from the cache: 400 of 1000\nencoding, 40% from the cache: 800 of 1000, 10/s\n"
    )


@pytest.mark.parametrize("command", ["info", "verify", "clear"])
def test_a_file_in_the_place_of_the_folder_is_an_error(command, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENEVAL_CACHE", str(tmp_path / "file"))
    done = CliRunner().invoke(app, ["cache", command])
    assert done.exit_code == 2 and "is a file; set it to a folder, or to `off`" in done.stderr

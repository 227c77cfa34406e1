"""The store of vectors: many processes, killed processes, damage, and folders that cannot be written to."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from geneval_references import GenevalError
from geneval_scorers.embedding import VectorStore
from geneval_scorers.embedding._kept import KeptEncoder, _say_once
from geneval_scorers.embedding._store import Entry, key_of

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from writing import OWN, SHARED, Known, texts_of

WRITING = Path(__file__).with_name("writing.py")
ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals")


def entry(text: str) -> dict[bytes, Entry]:
    return {key_of("known", text.encode()): Entry(Known().encode([text])[0].tobytes(), cut=False)}


def fill(folder: Path, texts: list[str], *, added: float | None = None) -> VectorStore:
    store = VectorStore(folder)
    with store.opened() as cache:
        for text in texts:
            cache.write("known", "known@0", "norm:none", entry(text))
    if added is not None:
        change(store, "UPDATE vectors SET added = ?", added)
    return store


def change(store: VectorStore, statement: str, *values: object) -> None:
    with sqlite3.connect(store.file) as database:
        database.execute(statement, values)
    database.close()


def run(*arguments: object) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(WRITING), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def test_eight_processes_lose_and_tear_nothing(tmp_path: Path) -> None:
    writers = [run("together", tmp_path, number) for number in range(8)]
    assert [(writer.communicate(timeout=300), writer.returncode) for writer in writers] == [(("", ""), 0)] * 8
    with VectorStore(tmp_path).opened() as store:
        assert store.verify() == (SHARED + 8 * OWN, 0)
        for number in range(8):
            texts = texts_of(number)
            found = store.read([key_of("known", text.encode()) for text in texts])
            assert [found[key_of("known", t.encode())].vector for t in texts] == [
                row.tobytes() for row in Known().encode(texts)
            ]


@ON_POSIX
def test_fifty_kills_at_random_moments_leave_a_store_with_all_that_was_kept(tmp_path: Path) -> None:
    writer = run("killed", tmp_path)
    said, complaint = writer.communicate(timeout=300)
    assert writer.returncode == 0, complaint
    assert said.startswith("50 kills, ")


# --- an encoder over it ---


def test_only_new_texts_are_encoded_and_equal_ones_once(tmp_path: Path) -> None:
    first, second = Known(), Known()
    KeptEncoder(first, tmp_path).encode(["a", "bb", "a"])
    known: list[int] = []
    heard: list[int] = []
    found = KeptEncoder(second, tmp_path).encoded(["bb", "ccc", "a", "\ud800"], heard.append, known.append)
    assert sorted(first.asked) == ["a", "bb"] and sorted(second.asked) == ["?", "ccc"]
    assert (known, heard) == ([2], [2])
    assert np.array_equal(found.vectors[:3], Known().encode(["bb", "ccc", "a"]))
    assert found.cut.tolist() == [True, False, False, False]


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geneval_scorers.embedding._kept._AT_ONCE", 10)
    texts = [f"text {number:02}" for number in range(40)]

    class Interrupted(Known):
        def encode(self, texts, *, progress=None):
            if len(self.asked) == 30:
                raise KeyboardInterrupt
            return super().encode(texts, progress=progress)

    with pytest.raises(KeyboardInterrupt):
        KeptEncoder(Interrupted(), tmp_path).encode(texts)
    again = Known()
    assert np.array_equal(KeptEncoder(again, tmp_path).encode(texts), Known().encode(texts))
    assert len(again.asked) == 10


def test_a_model_that_was_seen_need_not_be_loaded_again(tmp_path: Path) -> None:
    class Unloaded(Known):
        @property
        def setup(self):
            raise AssertionError("it was loaded")

    KeptEncoder(Known(), tmp_path).encode(["a"])
    encoder = KeptEncoder(Unloaded(), tmp_path)
    assert encoder.signature == "known@0|norm:none"
    assert len(encoder.encode(["a"])) == 1


def test_other_weights_settings_or_versions_are_other_vectors(tmp_path: Path) -> None:
    class Other(Known):
        identity = "other"

    KeptEncoder(Known(), tmp_path).encode(["a"])
    other = Other()
    KeptEncoder(other, tmp_path).encode(["a"])
    assert other.asked == ["a"]


def test_without_an_identity_or_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    class Nameless(Known):
        identity = None

    for model, folder in ((Nameless(), tmp_path), (Known(), None)):
        known: list[int] = []
        for _ in range(2):
            KeptEncoder(model, folder).encoded(["a"], known=known.append)
        assert model.asked == ["a", "a"] and known == []
    assert list(tmp_path.iterdir()) == []


# --- damage ---

DAMAGES = [
    "UPDATE vectors SET vector = zeroblob(256) WHERE id = 1",
    "UPDATE vectors SET vector = SUBSTR(vector, 1, 100) WHERE id = 1",
    "UPDATE vectors SET cut = 1 - cut WHERE id = 1",
    "UPDATE vectors SET sum = sum + 1 WHERE id = 1",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_vector_is_noticed_and_made_again(tmp_path: Path, damage: str) -> None:
    store = fill(tmp_path, ["a", "b", "c"])
    change(store, damage)
    model = Known()
    encoder = KeptEncoder(model, tmp_path)
    assert np.array_equal(encoder.encode(["a", "b", "c"]), Known().encode(["a", "b", "c"]))
    assert model.asked == ["a"]
    with store.opened() as cache:
        assert cache.verify() == (3, 0)


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_finds_and_deletes_what_is_damaged(tmp_path: Path, damage: str) -> None:
    store = fill(tmp_path, ["a", "b", "c"])
    change(store, damage)
    with store.opened() as cache:
        assert [cache.verify(), cache.verify()] == [(2, 1), (2, 0)]


def test_what_a_model_said_of_itself_is_asked_again_where_it_is_damaged(tmp_path: Path) -> None:
    store = fill(tmp_path, ["a"])
    change(store, "UPDATE models SET setup = 'max_tokens:1'")
    assert KeptEncoder(Known(), tmp_path).signature == "known@0|norm:none"


# --- where it cannot be used ---


def no_store(folder: Path) -> None:
    (folder / "vectors.sqlite3").write_bytes(b"no database" * 1000)


def torn(folder: Path) -> None:
    store = fill(folder, [f"text {n}" for n in range(300)])
    whole = store.file.read_bytes()
    store.file.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])


def of_another_version(folder: Path) -> None:
    change(fill(folder, ["a"]), "PRAGMA user_version = 99")


def a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("")


CANNOT = [
    (no_store, "file is not a database", "`geneval cache clear` removes it"),
    (torn, "malformed", "`geneval cache clear` removes it"),
    (of_another_version, "of another version of geneval (99, not 1)", "`geneval cache clear` removes it"),
    (a_file, "File exists", "GENEVAL_CACHE names another folder, or is `off`"),
]


@pytest.mark.parametrize(("spoil", "why", "remedy"), CANNOT)
def test_a_store_that_cannot_be_used_is_done_without_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil, why: str, remedy: str
) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    spoil(folder)
    _say_once.cache_clear()
    texts = [f"text {n}" for n in range(300)]
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            encoder = KeptEncoder(Known(), folder)
            assert np.array_equal(encoder.encode(texts), Known().encode(texts))
            assert encoder.signature == "known@0|norm:none"
    assert len(caplog.messages) == 1
    assert why in caplog.text and remedy in caplog.text


@pytest.mark.parametrize("spoil", [no_store, torn, of_another_version])
def test_clear_makes_a_store_that_cannot_be_used_usable(tmp_path: Path, spoil) -> None:
    spoil(tmp_path)
    VectorStore(tmp_path).clear()
    fill(tmp_path, ["a"])
    with VectorStore(tmp_path).opened() as cache:
        assert cache.verify() == (1, 0)


def test_clear_says_where_it_cannot(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    a_file(folder)
    with pytest.raises(GenevalError, match="cannot be cleared"):
        VectorStore(folder).clear()


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from writing import Known
from geneval_scorers.embedding._kept import KeptEncoder
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import numpy as np
texts = [f"text {{n}}" for n in range(3000)]
assert np.array_equal(KeptEncoder(Known(), Path({cache!r})).encode(texts), Known().encode(texts))
"""


@ON_POSIX
def test_a_full_disk_costs_the_cache_and_no_numbers(tmp_path: Path) -> None:
    code = FULL.format(folder=str(WRITING.parent), cache=str(tmp_path))
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("vectors are not kept") == 1
    with VectorStore(tmp_path).opened() as cache:
        assert cache.verify()[1] == 0


# --- keeping house ---


def test_prune_deletes_by_age_and_then_the_oldest_until_it_fits(tmp_path: Path) -> None:
    now = time.time()
    fill(tmp_path, [f"old {n}" for n in range(20)], added=now - 100 * 86400)
    store = fill(tmp_path, [f"new {n}" for n in range(2000)])
    with store.opened() as cache:
        assert cache.prune(before=now - 50 * 86400) == 20
        assert (cache.count, cache.prune(before=now - 50 * 86400)) == (2000, 0)
        limit = cache.bytes * 6 // 10
        gone = cache.prune(most=limit)
        assert cache.bytes <= limit and 700 < gone < 1100 and cache.count == 2000 - gone
        newer = sum(len(cache.read([key_of("known", f"new {n}".encode())])) for n in range(2000))
        assert newer == cache.count
        assert cache.verify() == (2000 - gone, 0)
        assert cache.prune(most=1) == 2000 - gone
    assert store.size < 50_000


def test_prune_takes_the_oldest_first(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(1000)]
    store = fill(tmp_path, texts)
    change(store, "UPDATE vectors SET added = 1000 - id")
    with store.opened() as cache:
        cache.prune(most=cache.bytes // 2)
        left = [n for n, text in enumerate(texts) if cache.read([key_of("known", text.encode())])]
    assert left == list(range(len(left))) and 0 < len(left) < 600


def test_held_tells_each_model(tmp_path: Path) -> None:
    store = fill(tmp_path, ["a", "b"])
    with store.opened() as cache:
        (held,) = cache.held()
    assert (held.name, held.vectors, held.bytes) == ("known@0", 2, 2 * 64 * 4)

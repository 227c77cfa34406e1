"""Processes that write to one store, for `test_store.py`: `writing.py together FOLDER NUMBER` or `writing.py killed FOLDER`."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from geneval_scorers.embedding._kept import KeptEncoder
from geneval_scorers.embedding._store import Entry, VectorStore, key_of

SHARED, OWN, KILLS, BATCH, MOST = 5_000, 5_000, 50, 20, 500


class Known:
    """An encoder whose vectors anybody can work out: bytes of a hash of the text."""

    name, identity, setup, signature = "known@0", "known", "norm:none", "known@0|norm:none"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts, *, progress=None):
        self.asked += texts
        if progress is not None:
            progress(len(texts))
        if not texts:
            return np.zeros((0, 64), np.float32)
        return np.stack([np.frombuffer(hashlib.shake_128(t.encode()).digest(128), "<u2").astype("<f4") for t in texts])

    def cut(self, texts):
        return np.asarray([len(text) % 2 == 0 for text in texts], bool)


def texts_of(number: int) -> list[str]:
    """Half of them everybody's, half this process's."""
    return [f"shared {n}" for n in range(SHARED)] + [f"text {n} of {number}" for n in range(OWN)]


def together(folder: Path, number: int) -> None:
    """Encodes 10,000 texts, in an order of its own, and checks what came back."""
    texts = texts_of(number)
    random.Random(number).shuffle(texts)
    found = KeptEncoder(Known(), folder).encoded(texts)
    assert np.array_equal(found.vectors, Known().encode(texts))
    assert np.array_equal(found.cut, Known().cut(texts))


def entries(batch: int) -> dict[bytes, Entry]:
    texts = [f"text {batch * BATCH + n}" for n in range(BATCH)]
    vectors, cut = Known().encode(texts), Known().cut(texts)
    return {
        key_of("known", t.encode()): Entry(v.tobytes(), bool(c)) for t, v, c in zip(texts, vectors, cut, strict=True)
    }


def write_until_killed(folder: Path, first: int, told: int) -> None:
    with VectorStore(folder).opened() as store:
        for batch in range(first, first + MOST):
            store.write("known", "known@0", "norm:none", entries(batch))
            os.write(told, batch.to_bytes(4, "big"))
        signal.pause()


def killed(folder: Path) -> None:
    """Kills a writer 50 times; what it has said to be kept is there, whole, and nothing else in part."""
    rng, kept = random.Random(12345), 0
    for round_ in range(KILLS):
        # Every other time a new store, so that its making is interrupted as well.
        new, place = round_ % 2 == 0, folder / (f"new{round_}" if round_ % 2 == 0 else "same")
        heard, told = os.pipe()
        child = os.fork()
        if not child:
            os.close(heard)
            write_until_killed(place, 0 if new else kept, told)
        os.close(told)
        time.sleep(rng.uniform(0, 0.03) if new else rng.uniform(0.01, 0.3))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(heard, "rb") as pipe:
            acknowledged = len(pipe.read()) // 4
        first = 0 if new else kept
        with VectorStore(place).opened() as store:
            whole, damaged = store.verify()
            assert damaged == 0 and whole % BATCH == 0, (whole, damaged)
            # The last one may have been kept, and not have come to say so.
            assert whole // BATCH - first in {acknowledged, acknowledged + 1}, (whole, first, acknowledged)
            for batch in range(first, first + acknowledged):
                wanted = entries(batch)
                assert store.read(list(wanted)) == wanted
        if not new:
            kept = whole // BATCH
    print(f"{KILLS} kills, {kept * BATCH} entries")  # noqa: T201


if __name__ == "__main__":
    together(Path(sys.argv[2]), int(sys.argv[3])) if sys.argv[1] == "together" else killed(Path(sys.argv[2]))

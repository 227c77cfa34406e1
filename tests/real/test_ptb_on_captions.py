"""PTB tokens on real texts: `ptb-java` judged by pycocoevalcap, `ptb` judged by `ptb-java`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from geneval_scorers.tokenizers import get_tokenizer

pytestmark = [pytest.mark.real, pytest.mark.java]


def rows(file: Path) -> list[dict]:
    if file.suffix == ".gz":
        return [json.loads(line) for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def thumb(data: Path) -> Iterator[str]:
    for row in rows(data / "thumb_mscoco" / "items.jsonl"):
        yield from (*row["references"], *row["outputs"].values())


def audiocaps(data: Path) -> Iterator[str]:
    for row in rows(data / "fense_audiocaps" / "items.jsonl"):
        yield from row["references"]
    for row in rows(data / "fense_audiocaps" / "pairs.jsonl"):
        yield from (row["a"], row["b"])


def coco(data: Path) -> Iterator[str]:
    for row in rows(data / "coco_eccv" / "captions.jsonl.gz"):
        yield row["text"]


def asset(data: Path) -> Iterator[str]:
    for row in rows(data / "asset" / "items.jsonl.gz"):
        yield from (row["source"], *row["references"], *row["turkcorpus_references"], *row["outputs"].values())


def ted(data: Path) -> Iterator[str]:
    for row in rows(data / "wmt21_ted_zhen" / "items.jsonl.gz"):
        yield from (*row["references"].values(), *row["outputs"].values())


def test_the_judge_gives_captions_the_tokens_of_pycocoevalcap(shared: Path) -> None:
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    texts = list(thumb(shared / "data"))
    judged = PTBTokenizer().tokenize({at: [{"caption": text}] for at, text in enumerate(texts)})
    assert len(texts) == 4500
    assert get_tokenizer("ptb-java")(texts) == [judged[at][0] for at in range(len(texts))]


# Measured: every text of all five. What is asserted is what is promised.
@pytest.mark.parametrize(
    ("texts_of", "count", "share"),
    [
        (thumb, 4_500, 0.999),
        (audiocaps, 5_312, 0.999),
        (coco, 25_000, 1.0),
        (asset, 14_360, 0.99),
        (ted, 7_935, 0.99),
    ],
)
def test_the_tokens_are_the_judges(shared: Path, texts_of, count: int, share: float) -> None:
    texts = list(texts_of(shared / "data"))
    ours, judged = get_tokenizer("ptb")(texts), get_tokenizer("ptb-java")(texts)
    differing = [text for text, mine, theirs in zip(texts, ours, judged, strict=True) if mine != theirs]
    assert len(texts) == count
    assert 1 - len(differing) / count >= share, differing[:10]

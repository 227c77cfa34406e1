"""PTB tokens of the captions in THumB, judged by pycocoevalcap."""

import json
from pathlib import Path

import pytest

from geneval_scorers.tokenizers import get_tokenizer


@pytest.mark.real
@pytest.mark.java
def test_captions_get_the_tokens_of_pycocoevalcap(shared: Path) -> None:
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    rows = [json.loads(line) for line in (shared / "data/thumb_mscoco/items.jsonl").read_text("utf-8").splitlines()]
    texts = [text for row in rows for text in (*row["references"], *row["outputs"].values())]
    judged = PTBTokenizer().tokenize({at: [{"caption": text}] for at, text in enumerate(texts)})
    assert len(texts) == 4500
    assert get_tokenizer("ptb")(texts) == [judged[at][0] for at in range(len(texts))]

"""sacrebleu's tokenisers, judged by sacrebleu."""

import subprocess
import sys
from pathlib import Path

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import MissingDependencyError
from geneval_scorers.tokenizers import get_tokenizer

FREE = ["char", "13a", "intl", "zh"]

# Every character that a rule of 13a or intl treats in its own way, beside what the tokenisers themselves insert.
CRUMBS = [".", ",", "-", "'", "&", "&amp;", "&lt;", "<skipped>", "-\n", "\n", "\r", "\t", "\u2028", "\x1c", "\x85"]
CRUMBS += [
    "1",
    "٣",
    "½",
    "Ⅷ",
    "\U00010107",
    "a",
    "é",
    "我",
    "$",
    "€",
    "+",
    "…",
    "\u2013",
    "!",
    "\xa0",
    " ",
    "😀",
    "\x00",
]
TEXTS = st.lists(st.one_of(st.lists(st.sampled_from(CRUMBS)).map("".join), st.text()), max_size=8)


@pytest.mark.parametrize("name", FREE)
@settings(deadline=None)
@given(texts=TEXTS)
def test_tokens_equal_sacrebleus_for_any_batch(name: str, texts: list[str]) -> None:
    judge = sacrebleu.BLEU(tokenize=name)
    assert get_tokenizer(name)(texts) == [judge._preprocess_segment(text) for text in texts]


# Worked out from mteval-v13a by hand; the judge above agrees.
@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("13a", "Hello, world.", "Hello , world ."),
        ("13a", "1,000.5 costs $3-4.", "1,000.5 costs $ 3 - 4 ."),
        ("13a", "<skipped>&quot;Q&quot;-\nA\nB", '" Q " A B'),
        ("13a", "..a", ". . a"),
        ("13a", "don't  stop ", "don't stop"),
        ("intl", "«Oui», dit-il…", "« Oui » , dit - il …"),
        ("intl", "3.5 €", "3.5 €"),
        ("zh", "我爱NLP。", "我 爱 NLP 。"),
        ("char", "ab c", "a b   c"),
        ("none", " as  it is \n", " as  it is \n"),
    ],
)
def test_tokens_of_one_text(name: str, text: str, tokens: str) -> None:
    assert get_tokenizer(name)([text]) == [tokens]


@pytest.mark.parametrize("name", ["13a", "intl"])
def test_more_texts_than_one_chunk_keep_their_order(name: str) -> None:
    assert get_tokenizer(name)([f"{i}." for i in range(9000)]) == [
        sacrebleu.BLEU(tokenize=name)._preprocess_segment(f"{i}.") for i in range(9000)
    ]


@pytest.mark.parametrize("name", ["none", *FREE, "unicode", "rouge", "ptb"])
def test_no_texts_give_no_tokens(name: str) -> None:
    assert get_tokenizer(name)([]) == []


@pytest.mark.parametrize(
    ("name", "module", "command"),
    [
        ("ja-mecab", "MeCab", "pip install 'sacrebleu[ja]'"),
        ("ko-mecab", "mecab_ko", "pip install 'sacrebleu[ko]'"),
        ("spm", "sentencepiece", "pip install sentencepiece"),
        ("flores101", "sentencepiece", "pip install sentencepiece"),
        ("flores200", "sentencepiece", "pip install sentencepiece"),
        ("spBLEU-1K", "sentencepiece", "pip install sentencepiece"),
    ],
)
def test_a_missing_package_names_the_command_that_installs_it(name: str, module: str, command: str) -> None:
    try:
        __import__(module)
    except ImportError:
        with pytest.raises(MissingDependencyError) as caught:
            get_tokenizer(name)
        assert command in str(caught.value)
        assert name in str(caught.value)
    else:
        pytest.skip(f"{module} is installed")


FETCH = """
import socket, sys
def refuse(*_, **__): raise SystemExit("a connection was tried")
socket.socket.connect = refuse
from geneval_references import MissingDependencyError
from geneval_scorers.tokenizers import get_tokenizer
try:
    get_tokenizer("flores200")
except MissingDependencyError as error:
    print(error)
"""


def test_a_missing_sentencepiece_model_is_never_fetched_and_says_where_it_goes(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FETCH],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "SACREBLEU": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
    )
    assert str(tmp_path / "models" / "flores200sacrebleuspm") in ran.stdout
    assert "TokenizerSPM('flores200')" in ran.stdout
    assert not list(tmp_path.rglob("*spm"))

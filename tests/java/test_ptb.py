"""PTB tokens through the real jar, judged by pycocoevalcap where its line protocol holds."""

import random
import sys
from pathlib import Path

import pytest

from geneval_scorers.tokenizers import get_tokenizer

pytestmark = pytest.mark.java


def judged(texts: list[str]) -> list[str]:
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    tokens = PTBTokenizer().tokenize({at: [{"caption": text}] for at, text in enumerate(texts)})
    return [tokens[at][0] for at in range(len(texts))]


# What the jar of pycocoevalcap 1.2 gives, written down; the judge is asked as well.
TABLE = [
    ("A man rides an elephant.", "a man rides an elephant"),
    ("a man's dog doesn't can't", "a man 's dog does n't ca n't"),
    ('He said "hi".', "he said hi"),
    ("``x'' 'y'", "x y"),
    ("a|||b ||| c", "a | | | b | | | c"),
    ("Hello 🙂 world", "hello world"),
    ("1,000.50 and 2:30 and 3-4", "1,000.50 and 2:30 and 3-4"),
    ("see http://a.b/c?d=e&f=g now", "see http://a.b/c?d=e&f=g now"),
    ("me@x.org @user #tag", "me@x.org @user #tag"),
    ("(a) [b] {c}", "-lrb- a -rrb- -lsb- b -rsb- -lcb- c -rcb-"),
    ("(555) 123-4567", "-lrb-555-rrb-\xa0123-4567"),
    ("1 1/2 cups", "1\xa01/2 cups"),
    ("well... yes -- no; a: b!?", "well yes no a b !?"),
    ("&amp; &lt;b&gt;", "& < b >"),
    ('<a href="x y">b</a>', '<a\xa0href="x\xa0y"> b </a>'),
    ("naïve café ÉTÉ", "naïve café été"),
    ("I IN TITLE", "i in title"),
    ("你好 世界", "你好 世界"),
    ("مرحبا بالعالم", "مرحبا بالعالم"),
    ("in the U.S.A. today", "in the u.s.a. today"),
    ("x\xa0y", "x y"),
    ("$5 and 5€", "$ 5 and 5 $"),
]


def test_the_table_holds_for_us_and_for_pycocoevalcap() -> None:
    texts, expected = [text for text, _ in TABLE], [tokens for _, tokens in TABLE]
    assert get_tokenizer("ptb-java")(texts) == expected
    assert judged(texts) == expected


SEPARATORS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\u2029", "\0", "\x08"]


def test_no_separator_shifts_a_text() -> None:
    texts = [f"{at} one{separator}two {at}" for at, separator in enumerate(SEPARATORS)]
    assert get_tokenizer("ptb-java")(texts) == [f"{at} one two {at}" for at in range(len(SEPARATORS))]


def test_empty_texts_and_texts_of_emoji_keep_their_places() -> None:
    texts = ["", "a", " \n\u2028", "🙂", "b", "...", "\ud800", "c"]
    tokens = get_tokenizer("ptb-java")(texts)
    assert [tokens[at] for at in (0, 1, 2, 3, 4, 5, 7)] == ["", "a", "", "", "b", "", "c"]


@pytest.mark.parametrize("texts", [[], [""], ["\n", " "]])
def test_nothing_to_tokenize_needs_no_java(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ptb = get_tokenizer("ptb-java")
    monkeypatch.setattr("geneval_scorers.java.ptb.run_java", None)
    assert ptb(texts) == [""] * len(texts)


CRUMBS = [
    *SEPARATORS,
    "<",
    ">",
    "<a",
    "<!--",
    "-->",
    "href=",
    '"',
    "'",
    "``",
    "(",
    ")",
    "|",
    "|||",
    "1",
    "555",
    "-",
    "/",
]
CRUMBS += [
    "fig.",
    "U.S.",
    "Jr.",
    "etc.",
    "A.",
    "http://",
    "$",
    "&",
    "🙂",
    "é",
    "你",
    "\xa0",
    "\u200b",
    "\xad",
    " ",
    "The",
]


def test_tokens_of_a_text_depend_on_no_other_text() -> None:
    """Ten thousand texts of separators and openings of long tokens, in two orders: each keeps its tokens."""
    rng = random.Random(12345)
    texts = ["".join(rng.choices(CRUMBS, k=rng.randint(1, 8))) for _ in range(10_000)]
    shuffled = rng.sample(texts, k=len(texts))
    tokens = dict(zip(texts, get_tokenizer("ptb-java")(texts), strict=True))
    assert get_tokenizer("ptb-java")(shuffled) == [tokens[text] for text in shuffled]


def test_a_number_on_the_next_line_takes_no_period_away() -> None:
    # pycocoevalcap gives "see fig" here, because Stanford's tokeniser looks beyond the end of the line.
    assert get_tokenizer("ptb-java")(["see fig.", "5 cats"]) == [*get_tokenizer("ptb-java")(["see fig."]), "5 cats"]


def test_a_turkish_machine_gives_the_same_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Duser.language=tr -Duser.country=TR -Dfile.encoding=ISO-8859-9")
    monkeypatch.setenv("LC_ALL", "C")
    assert get_tokenizer("ptb-java")(["TITLE \u0130I \u0131 é 你"]) == ["title i\u0307i \u0131 é 你"]


def test_the_signature_names_the_version_of_the_jar() -> None:
    assert get_tokenizer("ptb-java").signature == "ptb:pycocoevalcap-1.2"


def test_nothing_is_written_beside_the_jar_and_nothing_of_pycocoevalcap_is_imported() -> None:
    loaded = {name for name in sys.modules if name.startswith("pycocoevalcap")}
    ptb = get_tokenizer("ptb-java")
    folder = Path(ptb.jar).parent  # type: ignore[attr-defined]
    before = folder.stat().st_mtime_ns
    assert ptb(["a cat"]) == ["a cat"]
    assert folder.stat().st_mtime_ns == before
    assert {name for name in sys.modules if name.startswith("pycocoevalcap")} == loaded

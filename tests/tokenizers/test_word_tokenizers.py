"""The tokenisers that count words: `unicode` and `rouge`."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_scorers.tokenizers import _words, get_tokenizer

PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="_") | st.just("\n"))


@settings(deadline=None)
@given(PLAIN)
def test_unicode_on_plain_english_is_words_and_punctuation(text: str) -> None:
    assert get_tokenizer("unicode")([text])[0].split() == re.findall(r"[a-z0-9']+|[^\w\s]", text.lower())


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x7F)))
def test_unicode_gives_ascii_the_same_tokens_on_its_short_way(text: str) -> None:
    assert _words._unicode_ascii(text) == _words._unicode(text)


# Expected by the rules in the docstring of UnicodeTokenizer; the graphemes are those of UAX #29.
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A man's dog!", ["a", "man's", "dog", "!"]),
        ("don\u2019t_stop 3.5", ["don\u2019t_stop", "3", ".", "5"]),
        ("मैं हिन्दी बोलता हूँ।", ["मैं", "हिन्दी", "बोलता", "हूँ", "।"]),
        ("اَلسَّلَامُ عَلَيْكُمْ،", ["اَلسَّلَامُ", "عَلَيْكُمْ", "،"]),
        ("می\u200cروم", ["می\u200cروم"]),
        ("क\u094d\u200dष", ["क\u094d\u200dष"]),
        ("我爱ラーメン2024年。", ["我", "爱", "ラ", "ー", "メ", "ン", "2024", "年", "。"]),
        ("𠮷野家へ", ["𠮷", "野", "家", "へ"]),
        ("한국어 말", ["한국어", "말"]),
        ("สวัสดี ๑๒", ["ส", "วั", "ส", "ดี", "๑๒"]),
        ("ကျွန်တော်", ["ကျွ", "န်", "တော်"]),
        ("👩\u200d🚀👍🏽🇩🇪❤\ufe0f", ["👩\u200d🚀", "👍🏽", "🇩🇪", "❤\ufe0f"]),
        ("\ufeffco\xadop \u200fab\u200f", ["coop", "ab"]),
        ("a\u200bb\xa0c\u3000d\x1ce", ["a", "b", "c", "d", "e"]),
        ("\u0600 12", ["\u0600", "12"]),
        ("e\u0301tude É", ["e\u0301tude", "é"]),
        ("\u200d \u200c", []),
        ("", []),
    ],
)
def test_unicode_tokens_of_every_script(text: str, tokens: list[str]) -> None:
    assert get_tokenizer("unicode")([text]) == [" ".join(tokens)]


def test_no_character_puts_a_space_into_a_token_of_unicode() -> None:
    everything = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    texts = [f"a{character} {character}b" for character in everything]
    tokens = [token for text in texts for token in _words._TOKEN.findall(text)]
    assert [token for token in tokens if token.split() != [token]] == []


def test_unicode_drops_no_character_that_can_be_seen() -> None:
    everything = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    dropped = {unicodedata.category(c) for c in everything if not _words._unicode(c)}
    assert dropped <= {"Cc", "Cf", "Zl", "Zp", "Zs"}


@settings(deadline=None)
@given(st.text())
def test_unicode_tokens_are_stable_when_tokenised_again(text: str) -> None:
    (once,) = get_tokenizer("unicode")([text])
    assert once == " ".join(once.split())


def test_unicode_takes_time_linear_in_the_text() -> None:
    assert get_tokenizer("unicode")(["é" + "\u0301\u200d" * 200_000]) == ["é" + "\u0301\u200d" * 200_000]


@settings(deadline=None)
@given(st.text() | PLAIN)
def test_rouge_tokens_equal_rouge_scores(text: str) -> None:
    judge = pytest.importorskip("rouge_score.tokenizers").DefaultTokenizer()
    assert get_tokenizer("rouge")([text]) == [" ".join(judge.tokenize(text))]

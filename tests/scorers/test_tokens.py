"""Words as numbers: `str.split` is the judge."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geneval_scorers import _numbering
from geneval_scorers._numbering import ascending, each_once, numbered
from geneval_scorers.ngram._tokens import intern_characters, intern_words
from geneval_scorers.ngram.cider import _found

WORDS = st.text(alphabet="ab\0\x1c \t\r\x85\xa0\u2028\u3000é中𝒳\n", max_size=12)
LONG = st.sampled_from(["eightbyt", "eightbyte", "eightbytes", "éééé", "éééée", "a" * 40, "中中中", "中中"])


def spelled(tokens, i):
    words = tokens.spell()
    return [words[number].decode() for number in tokens.ids.row(i)]


@given(st.lists(st.one_of(WORDS, st.lists(st.one_of(WORDS, LONG), max_size=4).map(" ".join)), max_size=8))
@example(["a", "a\0", "a\0\0 b"])
@example([""])
@example(["", " ", "\xa0"])
def test_words_are_what_split_gives_and_equal_ones_share_a_number(texts):
    tokens = intern_words(texts)
    assert [spelled(tokens, i) for i in range(len(texts))] == [text.split() for text in texts]
    assert tokens.bound == len({word for text in texts for word in text.split()})


@given(st.lists(WORDS, max_size=8), st.booleans())
def test_characters_are_the_code_points_without_white_space_where_it_does_not_count(texts, whitespace):
    tokens = intern_characters(texts, whitespace=whitespace)
    kept = [text if whitespace else "".join(text.split()) for text in texts]
    assert ["".join(spelled(tokens, i)) for i in range(len(texts))] == kept


@pytest.mark.parametrize("few", [False, True])
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=300), st.integers(1, 50))
def test_equal_keys_and_only_they_share_a_number(few, values, spread):
    keys = np.asarray([*values, *(value % spread for value in values)], np.int64)
    numbers, count = numbered(keys, few=few)
    assert len(set(zip(keys.tolist(), numbers.tolist(), strict=True))) == len(set(keys.tolist())) == count
    assert set(numbers.tolist()) == set(range(count))
    assert sorted(numbers[each_once(numbers, count)].tolist()) == list(range(count))


def test_keys_that_fall_together_in_every_round_get_numbers_too(monkeypatch):
    monkeypatch.setattr(_numbering, "_ODD", (0, 0))
    keys = np.tile(np.arange(100) * 7919, 5)
    numbers, count = numbered(keys)
    assert count == 100 and all(len(set(numbers[keys == key].tolist())) == 1 for key in set(keys.tolist()))


@given(st.lists(st.integers(0, 2**64 - 1), max_size=200), st.integers(0, 3))
def test_ascending_sorts(values, shift):
    hashes = np.asarray(values, np.uint64) >> np.uint64(16 * shift)
    assert hashes[ascending(hashes)].tolist() == sorted(hashes.tolist())


@given(st.sets(st.integers(0, 60), max_size=40), st.lists(st.integers(0, 60), max_size=40))
def test_known_hashes_are_found_whether_many_or_few_are_known(known, wanted):
    table, asked = np.asarray(sorted(known), np.uint64), np.asarray(wanted, np.uint64)
    places = _found(table, asked).tolist()
    assert places == [sorted(known).index(number) if number in known else -1 for number in wanted]

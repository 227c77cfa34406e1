"""Mining a pool of texts: proposers, exact search in blocks, pooling, matching by labels."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import InputError, UsageError, fold
from geneval_references.mining import PROPOSERS, Pool, by_labels, encoded, pooled, proposer, set_labels
from geneval_references.mining import _pool as pooling

WORDS = ("a", "cat", "dog", "sat", "ran", "on", "the", "mat", "red", "big")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
pools = st.lists(texts, min_size=3, max_size=12)
sets = st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=4)
few = settings(max_examples=25, deadline=None)


class Letters:
    """An encoder that counts letters: real vectors, no model."""

    def encode(self, texts: list[str]) -> np.ndarray:
        rows = np.asarray([[text.count(c) + 1e-3 for c in "abcdegmnorst"] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    words = fold(text).split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def cosine(a: dict, b: dict) -> float:
    norms = math.sqrt(sum(x * x for x in a.values()) * sum(x * x for x in b.values()))
    return sum(x * b.get(key, 0.0) for key, x in a.items()) / norms if norms else 0.0


def slow_cosines(pool: list[str], texts: list[str], place: int, orders: range, idf) -> float:
    """Mean over orders and references of the cosine of tf-idf vectors, written out."""
    total = 0.0
    for n in orders:
        found = Counter(gram for text in pool for gram in grams(text, n))
        known = Counter(gram for text in pool for gram in set(grams(text, n)))
        weigh = lambda text, n=n, known=known: {  # noqa: E731 - a slow judge
            gram: count * idf(len(pool), known[gram]) for gram, count in grams(text, n).items() if gram in known
        }
        assert set(found) == set(known)
        total += sum(cosine(weigh(pool[place]), weigh(text)) for text in texts) / len(texts)
    return total / len(orders)


def slow_bm25(pool: list[str], texts: list[str], place: int) -> float:
    length = [len(text.split()) for text in pool]
    mean, document = sum(length) / len(pool), grams(pool[place], 1)
    total = 0.0
    for text in texts:
        for gram, asked in grams(text, 1).items():
            df = sum(gram in grams(other, 1) for other in pool)
            if df:
                idf = math.log(1 + (len(pool) - df + 0.5) / (df + 0.5))
                tf = document[gram]
                total += asked * idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length[place] / mean))
    return total / len(texts)


SLOW = {
    "tfidf": lambda pool, texts, at: slow_cosines(
        pool, texts, at, range(1, 2), lambda n, df: math.log((1 + n) / (1 + df)) + 1
    ),
    "cider": lambda pool, texts, at: slow_cosines(pool, texts, at, range(1, 5), lambda n, df: math.log(n / df)),
    "bm25": slow_bm25,
}


@pytest.mark.parametrize("name", SLOW)
@few
@given(pools, st.lists(texts, min_size=1, max_size=3))
def test_scores_are_those_of_the_formula(name: str, pool: list[str], references: list[str]) -> None:
    """Every word proposer gives the number that its formula, written out, gives."""
    pool = list(dict.fromkeys(pool))
    index = proposer(name).index(pool)
    expected = [SLOW[name](pool, references, place) for place in range(len(pool))]
    assert index.scores([references])[0] == pytest.approx(expected, abs=1e-5)
    assert index.exact(references, np.arange(len(pool))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", [*PROPOSERS, "letters"])
@few
@given(pools, sets, st.integers(1, 4))
def test_search_finds_what_looking_at_every_text_finds(
    name: str, pool: list[str], asked: list[list[str]], top: int
) -> None:
    """Search in blocks finds the best texts of the whole pool, and never a reference's own text."""
    chosen = encoded("letters", Letters()) if name == "letters" else proposer(name)
    ready = Pool(pool, [chosen])
    index = chosen.index(ready.texts)
    for references, found in zip(asked, ready.propose(asked, top), strict=True):
        scores = index.exact(references, np.arange(len(ready.texts)))
        own = {fold(text) for text in references}
        rows = [(-round(s, 9), i) for i, s in enumerate(scores) if fold(ready.texts[i]) not in own and round(s, 9) > 0]
        assert [(place, -score) for place, score in found[0][1]] == [(i, s) for s, i in sorted(rows)[:top]]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item gets the same candidates whatever other items are asked about with it."""
    random = np.random.default_rng(5)
    pool = [" ".join(random.choice(WORDS, 5)) for _ in range(200)]
    asked = [[" ".join(random.choice(WORDS, 5)) for _ in range(3)] for _ in range(9)]
    ready = Pool(pool, [proposer("bm25"), proposer("cider"), encoded("letters", Letters())])
    whole = list(pooled(ready, asked, top=4))
    monkeypatch.setattr(pooling, "CELLS", 2 * len(ready.texts))
    assert list(pooled(ready, asked, top=4)) == whole
    assert [next(iter(pooled(ready, [one], top=4))) for one in asked] == whole


def test_pooled_keeps_who_proposed_what() -> None:
    """The first of every proposer comes before the second of any, with ranks, up to the limit."""
    ready = Pool(["red cat", "red dog", "big red cat ran", "the mat"], [proposer("tfidf"), proposer("characters")])
    (found,) = pooled(ready, [["a red cat"]], top=3, limit=2)
    assert [one.text for one in found] == ["red cat", "big red cat ran"]
    assert [(name, rank) for name, rank, _ in found[0].by] == [("tfidf", 1), ("characters", 1)]
    (short,) = pooled(ready, [["a red cat"]], top=1)
    assert len(short) == 1


def test_own_and_equal_texts_are_not_proposed() -> None:
    """Equal texts count once, and a reference's own text is no candidate for its item."""
    ready = Pool(["A cat", "a  CAT", "a dog", " "], [proposer("tfidf")])
    assert ready.texts == ("A cat", "a dog")
    assert [[one.text for one in found] for found in pooled(ready, [["a cat"], ["a"], [" "], []])] == [
        ["a dog"],
        ["A cat", "a dog"],
        [],
        [],
    ]


def test_what_cannot_be_mined_is_refused() -> None:
    """An empty pool, no proposer, one of them twice, an unknown one, no candidates wanted."""
    with pytest.raises(InputError, match="holds no text"):
        Pool([" "], [proposer("bm25")])
    for chosen in ([], [proposer("bm25"), proposer("bm25")]):
        with pytest.raises(UsageError, match="each once"):
            Pool(["a"], chosen)
    with pytest.raises(UsageError, match="tfidf, bm25, cider, characters"):
        proposer("magic")
    with pytest.raises(UsageError, match="1 or more"):
        list(Pool(["a"], [proposer("bm25")]).propose([["a"]], 0))


@pytest.mark.parametrize("name", PROPOSERS)
def test_a_pool_of_signs_proposes_nothing(name: str) -> None:
    """Texts without a word share none; nothing is proposed, and nothing breaks."""
    ready = Pool(["?!", "..."], [proposer(name)])
    assert [len(found) for found in pooled(ready, [["a cat"]])] == [0]


@few
@given(st.lists(st.sets(st.sampled_from("abcde"), max_size=4), min_size=1, max_size=9), st.integers(0, 2))
def test_labels_match_within_zeta(labels: list[set[str]], zeta: int) -> None:
    """Two items match where at most zeta labels belong to one of them alone; one without labels matches none."""
    expected = [
        sorted(
            (len(mine ^ theirs), other)
            for other, theirs in enumerate(labels)
            if mine and theirs and len(mine ^ theirs) <= zeta
        )
        for mine in labels
    ]
    assert [[(d, place) for place, d in found] for found in by_labels(labels, labels, zeta)] == expected


def test_labels_of_a_set_are_those_of_half_its_references() -> None:
    """A label that one reference of four has is not the item's."""
    assert set_labels([{"cat", "mat"}, {"cat"}, {"mat", "red"}, {"cat"}]) == {"cat", "mat"}
    assert set_labels([]) == frozenset()
    with pytest.raises(UsageError, match="0 or more"):
        list(by_labels([{"a"}], [{"a"}], -1))
    assert list(by_labels([{"a", "new"}, {"new"}], [{"a"}, {"b"}], 1)) == [[(0, 1)], []]

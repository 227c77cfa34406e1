"""What others have published of their data comes out of ours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from published import JOURNALS, TEAMS, baseball, citations, counted, pudding, springall

from geneval_scorers.preference import BradleyTerry


def column(result, systems, field="log_worth", baseline=None):
    rows = result.worths if baseline is None else result.relative_to(baseline)
    found = {row.system: getattr(row, field) for row in rows}
    return [found[name] for name in systems]


def close(found, expected, digits):
    assert found == pytest.approx(expected, abs=0.51 * 10**-digits)


# Turner and Firth 2012 (Journal of Statistical Software 48(9)), and recomputed to more digits.
def test_citations():
    result = BradleyTerry().fit(citations())
    close(column(result, JOURNALS, baseline="Biometrika"), [0, -2.9490725, -0.4795698, 0.2689541], 7)
    close(column(result, JOURNALS, "error", "Biometrika"), [0, 0.1025453, 0.0605887, 0.0708300], 7)
    close(column(result, JOURNALS, "worth"), [0.3355668, 0.0175798, 0.2077325, 0.4391210], 7)
    close(column(result, JOURNALS, baseline="JASA"), [0.4795698, -2.4695027, 0, 0.7485238], 7)
    fit = result.goodness
    close([fit.deviance, fit.null_deviance], [4.293384, 1925.2329], 4)
    assert (fit.freedom, fit.null_freedom) == (3, 6)
    assert fit.p_value == pytest.approx(0.2315, abs=1e-3)


def test_citations_under_firth():
    result = BradleyTerry(prior="firth").fit(citations())
    close(column(result, JOURNALS, baseline="Biometrika"), [0, -2.9443818, -0.4790753, 0.2685310], 7)


# Agresti 1990, section 10.6; the tests of BradleyTerry2 print .68 1.11 1.25 1.29 1.44 1.58 with errors of .3.
def test_baseball_without_home_effect():
    result = BradleyTerry().fit(baseball())
    expected = [0, 1.1076977, 0.6838528, 1.4364084, 1.5813559, 1.2476178, 1.2944851]
    close(column(result, TEAMS, baseline="Baltimore"), expected, 7)
    close(column(result, TEAMS[1:], "error", "Baltimore"), [0.334, 0.332, 0.340, 0.343, 0.336, 0.337], 3)
    fit = result.goodness
    close([fit.deviance, fit.null_deviance, fit.log_likelihood], [44.05346, 78.01547, -172.24818], 5)
    assert fit.freedom == 36


def test_baseball_with_home_effect():
    result = BradleyTerry(order=True).fit(baseball())
    close([result.order.value, (result.order.high - result.order.low) / 2 / 1.9599640], [0.3022607, 0.1309437], 7)
    close([math.exp(result.order.value)], [1.35291], 5)
    close(sorted(column(result, TEAMS, "worth")), [0.044, 0.088, 0.137, 0.157, 0.164, 0.190, 0.220], 3)
    close([result.goodness.deviance], [38.64285], 5)
    close([BradleyTerry().fit(baseball()).goodness.deviance - result.goodness.deviance], [5.4106], 4)


# Davidson 1970; the vignette of PlackettLuce gives the first line after 7 iterations, the others are converged.
def test_pudding_under_davidson():
    result = BradleyTerry().fit(pudding())
    worths = column(result, "123456", "worth")
    published = [0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855]
    assert worths == pytest.approx(published, abs=3e-5)
    close(worths, [0.1388034, 0.1730015, 0.1617474, 0.1653730, 0.1586854, 0.2023893], 7)
    close([result.ties.value], [0.7468230], 7)
    close(column(result, "23456", baseline="1"), [0.2202419, 0.1529777, 0.1751449, 0.1338652, 0.3771349], 7)
    close(column(result, "23456", "error", "1"), [0.187, 0.194, 0.188, 0.193, 0.192], 3)
    close([result.goodness.log_likelihood], [-809.70951], 5)
    # nu of equal brands .7440147, log-likelihood -811.74973, likelihood ratio 4.08043 on 5 degrees of freedom
    close([result.goodness.null_deviance - result.goodness.deviance], [4.08043], 4)
    assert result.goodness.null_freedom - result.goodness.freedom == 5


def test_pudding_under_rao_and_kupper():
    result = BradleyTerry(ties="rao-kupper").fit(pudding())
    close(column(result, "123456", "worth"), [0.1443990, 0.1717944, 0.1628174, 0.1660782, 0.1603805, 0.1945306], 7)
    close([result.ties.value], [1.7484573], 7)
    close([result.goodness.log_likelihood], [-809.69713], 5)


def test_pudding_with_ties_as_half_wins():
    result = BradleyTerry(ties="half").fit(pudding())
    close(column(result, "123456", "worth"), [0.1460747, 0.1714732, 0.1632792, 0.1659354, 0.1610232, 0.1922143], 7)
    assert result.ties is None


def test_half_wins_make_the_information_too_careful_on_pudding():
    """Ties lower the variance; what the information says of half wins is 14 to 20 % too large."""
    honest, naive = (
        BradleyTerry(ties="half", interval=interval).fit(pudding()) for interval in ("sandwich", "information")
    )
    ratio = np.divide(column(naive, "23456", "error", "1"), column(honest, "23456", "error", "1"))
    assert (ratio > 1.13).all()
    assert (ratio < 1.21).all()
    assert "sandwich" in BradleyTerry(ties="half").fit(pudding()).signature


# Springall 1973 under Rao and Kupper: theta and log-likelihood to four and five digits.
def test_springall():
    result = BradleyTerry(ties="rao-kupper").fit(springall())
    close([result.ties.value], [2.0079], 4)
    close([result.goodness.log_likelihood], [-730.00436], 5)
    expected = [-1.6740726, -2.4259510, -0.3188687, -1.3877578, -2.1281736, 0.9631035, -0.0094628, -0.4740245]
    close(column(result, "23456789", baseline="1"), expected, 6)


# Wikipedia, "Bradley-Terry model": geometric mean 1, .640 1.043 .660 2.270; to more digits by two algorithms.
def test_wikipedia():
    rows = [("A", "B", 2, 3), ("A", "D", 1, 4), ("B", "C", 5, 3), ("C", "D", 1, 3)]
    votes = counted([(a, b, w, n) for a, b, *both in rows for w, n in zip("ab", both, strict=True)], list("ABCD"))
    found = np.exp(column(BradleyTerry().fit(votes), "ABCD"))
    close(found.tolist(), [0.6398348, 1.0433144, 0.6598102, 2.2703766], 7)


# The documentation of choix: a circle, and a circle with one more win.
@pytest.mark.parametrize(
    ("wins", "expected"),
    [("01 12 20", [0, 0, 0]), ("01 12 20 01", [0.419617624, -0.419617624, 0])],
)
def test_circles_of_choix(wins, expected):
    votes = counted([(*pair, "a", 1) for pair in wins.split()], list("012"))
    close(column(BradleyTerry(interval="none").fit(votes), "012"), expected, 8)


# choix, tests/test_opt.py: 8 items, a penalty of .5 |x|^2, that is sigma = 1.
def test_gaussian_prior_of_choix():
    pairs = [
        "73",
        "20",
        "52",
        "42",
        "21",
        "45",
        "63",
        "54",
        "70",
        "23",
        "40",
        "04",
        "65",
        "32",
        "34",
        "34",
        "52",
        "73",
        "76",
        "65",
    ]
    votes = counted([(*pair, "a", 1) for pair in pairs], list("01234567"))
    result = BradleyTerry(prior="gaussian", sigma=1, interval="none").fit(votes)
    expected = [-0.51974039, -0.46280878, -0.31376862, -0.06854694, -0.3185146, -0.00346107, 0.63032783, 1.05651257]
    found = column(result, "01234567")
    assert found == pytest.approx(expected, abs=1e-6)

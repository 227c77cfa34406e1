"""From what people said to tiers: votes, raters who differ, choices against originals."""

from __future__ import annotations

import numpy as np
import pytest

from geneval_references import UsageError
from geneval_references.gate import Vote, compare, decide, implied_precision, mean_by_item, share_here


def votes(*verdicts):
    return [Vote(0, f"rater {n}", verdict) for n, verdict in enumerate(verdicts)]


# Verdicts of different people on one candidate, its label, and whether it is verified.
VOTES = [
    (["valid"], "valid", False),
    (["valid", "valid"], "valid", True),
    (["valid", "partly"], "partly", False),
    (["partly", "partly"], "partly", False),
    (["valid", "invalid"], "invalid", False),
    (["valid", "skip"], "valid", False),
    (["skip"], None, False),
    (["valid", "valid", "valid"], "valid", True),
    (["invalid", "invalid", "valid"], "invalid", False),
]


@pytest.mark.parametrize(("verdicts", "label", "verified"), VOTES)
def test_votes_make_a_label(verdicts, label, verified):
    found = decide(votes(*verdicts))[0]
    assert (found.label, found.verified) == (label, verified)
    assert sum(found.votes.values()) == len([v for v in verdicts if v != "skip"])
    assert found.rule


@pytest.mark.parametrize("candidates", [1, 5, 200])
def test_two_of_three_verify_nothing(candidates):
    """Whatever the model makes of raters who always split the same way: one in three says no."""
    said = [
        Vote(n, f"rater {r}", "valid" if r != dissenter else "invalid")
        for n in range(candidates)
        for r in range(3)
        for dissenter in [n % 3 if candidates < 200 else 2]
    ]
    found = decide(said)
    assert max(one.posterior["valid"] for one in found.values()) >= 0.9
    assert not any(one.verified for one in found.values())


def test_three_of_four_may_verify():
    said = [Vote(n, f"rater {r}", "invalid" if r == 3 and n % 2 else "valid") for n in range(40) for r in range(4)]
    found = decide(said)
    assert found[1].votes == {"valid": 3, "invalid": 1} and found[1].verified


def test_one_vote_verifies_where_one_is_asked_for():
    assert decide(votes("valid"), least=1)[0].verified


def test_raters_who_contradict_everybody_are_heard_less():
    """Where three careful people and one who answers at random judge 200 candidates, posteriors follow the careful."""
    rng = np.random.default_rng(1)
    truth = rng.random(200) < 0.5
    said = []
    for candidate, right in enumerate(truth):
        for rater in ("ana", "ben", "cleo"):
            seen = right if rng.random() < 0.9 else not right
            said.append(Vote(candidate, rater, "valid" if seen else "invalid"))
        said.append(Vote(candidate, "dice", "valid" if rng.random() < 0.5 else "invalid"))
    found = decide(said)
    posterior = np.asarray([found[n].posterior["valid"] for n in range(200)])
    majority = np.asarray([found[n].votes.get("valid", 0) / 4 for n in range(200)])
    assert ((posterior > 0.5) == truth).mean() > 0.95
    assert ((posterior > 0.5) == truth).mean() >= ((majority > 0.5) == truth).mean()
    verified = np.asarray([found[n].verified for n in range(200)])
    assert truth[verified].mean() > 0.9 and verified.sum() > 60


def test_two_verdicts_of_one_person_are_refused():
    with pytest.raises(UsageError, match="keep one verdict a person"):
        decide([Vote(0, "ana", "valid"), Vote(0, "ana", "invalid")])


def test_choices_show_that_a_candidate_is_not_worse():
    """30 people, 24 of whom prefer the candidate: by Clopper and Pearson more than half do."""
    found = compare([(str(n), float(n < 24)) for n in range(30)], margin=0.1)
    assert found.preferred
    assert found.low == pytest.approx(0.6434, abs=2e-3)  # scipy: beta.ppf(.05, 24, 7)


def test_few_choices_show_nothing():
    assert not compare([("ana", 1.0), ("ben", 1.0)], margin=0.1).preferred


def test_choices_of_one_person_are_one_trial():
    assert not compare([("ana", 1.0)] * 100, margin=0.1).preferred


def test_ties_count_half():
    found = compare([(str(n), 0.5) for n in range(50)], margin=0.1)
    assert (found.value, found.ties) == (0.5, 50)


def test_a_margin_of_a_half_is_refused():
    with pytest.raises(UsageError, match=r"0 to below 0\.5"):
        compare([("ana", 1.0)], margin=0.5)


def test_precision_changes_with_the_share_of_valid_ones():
    """.9 where 54 % are valid is about .55 where 14 % are."""
    assert implied_precision(0.9, 0.54, 0.14) == pytest.approx(0.555, abs=0.01)
    assert implied_precision(0.9, 0.54, 0.54) == pytest.approx(0.9)


def test_the_share_of_another_pool_is_found():
    """Scores calibrated at one half, on a pool of which 15 % are valid."""
    rng = np.random.default_rng(2)
    valid = rng.random(20_000) < 0.15
    evidence = rng.normal(np.where(valid, 1, -1), 1)
    scores = 1 / (1 + np.exp(-2 * evidence))
    assert share_here(scores, 0.5) == pytest.approx(0.15, abs=0.01)


def test_the_error_of_a_mean_counts_items():
    item = np.repeat(np.arange(50), 4)
    values = np.repeat(np.random.default_rng(0).random(50), 4)
    mean, error = mean_by_item(values, item)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values[::4].std(ddof=1) / 50**0.5)

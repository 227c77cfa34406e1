"""Whether traits carry what similarity to references does not: pairs of captions that people judged (FENSE's AudioCaps-Eval).

docs/scorers.md shows these figures. They were measured here: fit on the references of the 394 clips, protocol of
examples/fense_protocol.py, pairs without a majority left out.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from geneval.data import read_references
from geneval_scorers import Corpus, parse

pytestmark = [pytest.mark.real, pytest.mark.neural]

EXAMPLE = Path(__file__).parents[2] / "examples" / "fense_protocol.py"
SIMILARITY = ["cosine", "cider", "coco_rouge_l", "token_f1"]
TRAITS = ["repetition(n=2)", "repetition(n=4)", "length_ratio", "ending", "fluency", "fluency(order=1)"]

# Of the pairs that the trait tells apart, in percent how often people side with the value named here, and on how many.
ALONE = {
    "repetition(n=2)": ("lower", 45.5, 268),
    "repetition(n=4)": ("lower", 60.5, 38),
    "length_ratio": ("higher", 60.2, 1357),
    "ending": ("higher", 59.7, 1463),
    "fluency": ("lower", 60.0, 1481),
    "fluency(order=1)": ("lower", 66.3, 1481),
}
# Accuracy on all pairs of a logistic regression on differences: in-sample, and cross-fitted by clip.
TOGETHER = {
    (): (81.9, 81.7),
    ("repetition(n=2)",): (82.0, 81.6),
    ("length_ratio",): (83.1, 82.7),
    ("ending",): (86.0, 85.6),
    ("fluency",): (81.6, 81.3),
    ("repetition(n=2)", "length_ratio", "ending"): (87.2, 86.7),
    ("repetition(n=2)", "length_ratio", "ending", "fluency(order=1)"): (87.9, 87.4),
}


class FittedHere:
    """A scorer that has learned from the references of all clips, and does not learn anew from each call's."""

    def __init__(self, spec, corpus):
        self.fitted = parse(spec).fit(corpus)

    def fit(self, _):
        return self.fitted


@pytest.fixture(scope="module")
def pairs(shared):
    with (shared / "data" / "fense_audiocaps" / "pairs.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def differences(shared, pairs):
    """For each scorer a - b of every pair."""
    spec = importlib.util.spec_from_file_location("fense_protocol", EXAMPLE)
    protocol = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(protocol)
    sets, _, _ = read_references([str(shared / "data" / "fense_audiocaps" / "items.jsonl")])
    references = {item.id: [reference.text for reference in item.references] for item in sets}
    corpus = Corpus(sets, extra=[pair[side] for pair in pairs for side in "ab"])
    found = {}
    for name in (*SIMILARITY, *TRAITS):
        scorer = FittedHere(name, corpus) if name in TRAITS else parse(name)
        found[name] = np.zeros(len(pairs))
        for kinds in (["HC", "HI", "HM"], ["MM"]):
            rows = [i for i, pair in enumerate(pairs) if pair["category"] in kinds]
            a, b = (protocol.one_call(scorer, corpus, [pairs[i] for i in rows], side, references) for side in "ab")
            found[name][rows] = a - b
    return found


@pytest.fixture(scope="module")
def votes(pairs):
    return np.asarray([pair["vote_sum"] for pair in pairs])


@pytest.mark.parametrize("name", TRAITS)
def test_how_often_people_side_with_a_trait_alone(differences, votes, name):
    wanted, right, count = ALONE[name]
    told = (votes != 0) & (differences[name] != 0)
    sided = (differences[name] * votes > 0) == (wanted == "higher")
    assert (round(100 * float(sided[told].mean()), 1), int(told.sum())) == (right, count)


@pytest.mark.parametrize("traits", TOGETHER)
def test_what_traits_add_to_similarity(differences, pairs, votes, traits):
    from sklearn.linear_model import LogisticRegression

    columns = np.column_stack([differences[name] / differences[name].std() for name in (*SIMILARITY, *traits)])
    judged = votes != 0
    clips = {clip: place for place, clip in enumerate(dict.fromkeys(pair["item"] for pair in pairs))}
    fold = np.asarray([clips[pair["item"]] % 5 for pair in pairs])

    def leaning(train):
        """Fitted on both orders of each pair, so that neither side is preferred."""
        both = np.concatenate([columns[train], -columns[train]])
        wins = np.concatenate([votes[train] > 0, votes[train] < 0])
        return LogisticRegression(fit_intercept=False, C=1e6, max_iter=1000).fit(both, wins).decision_function(columns)

    within, across = leaning(judged), np.zeros(len(pairs))
    for part in range(5):
        across[fold == part] = leaning(judged & (fold != part))[fold == part]
    found = [100 * float((lean * votes > 0)[judged].mean()) for lean in (within, across)]
    assert found == pytest.approx(TOGETHER[traits], abs=0.06)

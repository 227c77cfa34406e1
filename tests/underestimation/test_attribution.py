"""Why valid outputs are penalised: planted causes are found, shares add up, and nothing is found where nothing is."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geneval.cli._render_report import lines_of
from geneval.data import Inputs, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._attribution import CAUSES, contrast_of
from geneval.underestimation._shapley import shapley
from geneval_references import Reference, ReferenceSet

PLAN = ReportPlan(valid={"": 4}, permutations=99, draws=100, resamples=100)
NOUNS = [
    "cat",
    "dog",
    "bird",
    "horse",
    "table",
    "lamp",
    "river",
    "stone",
    "ladder",
    "basket",
    "candle",
    "bottle",
    "hammer",
    "garden",
    "window",
    "bridge",
    "tower",
    "boat",
]
ITEMS = 80


def said(rng, nouns, others):
    """A text of most of six nouns, some of them exchanged for others."""
    kept = [noun for noun in nouns if rng.random() < 0.9]
    mine = [rng.choice(others) if rng.random() < 0.15 else noun for noun in kept]
    joints = ["and a", "with the", "near a", "by the", "under a", "and the"]
    return " ".join(f"{joint} {noun}" for joint, noun in zip(joints, mine, strict=False)).removeprefix("and ")


def planted(change, seed=0, share=0.6):
    """Two systems under one law; the outputs of "other" are changed in part. All are valid, whatever else their grades."""
    rng = np.random.default_rng(seed)
    predictions, references, ratings = {"plain": [], "other": []}, [], []
    for n in range(ITEMS):
        drawn = rng.choice(NOUNS, 12, replace=False).tolist()
        nouns, others = drawn[:6], drawn[6:]
        references.append([said(rng, nouns, others) for _ in range(4)])
        predictions["plain"].append(said(rng, nouns, others))
        text = said(rng, nouns, others)
        predictions["other"].append(change(text, nouns) if rng.random() < share else text)
        ratings += [Rating(str(n + 1), name, 4 + rng.random(), None, who) for name in predictions for who in "ab"]
    return predictions, references, ratings


def attributed(change, scorer="token_f1", **options):
    predictions, references, ratings = planted(change, **options)
    inputs = inputs_from_lists(predictions=predictions, references=references)
    return find_underestimation(inputs, ratings=ratings, scorers=[scorer], plan=PLAN)


def row_of(report):
    return report.sections["attribution"]["scorers"][0]


def cause(row, name):
    return next(one for one in row["causes"] if one["cause"] == name)


def without_four(text, nouns):
    parts = re.findall(r"(?:and |with |near |by |under )?(?:a|the) \w+", text)
    return " ".join(part for part in parts if part.split()[-1] not in nouns[:4])


CHANGES = {
    "omission": without_four,
    "unsupported_addition": lambda text, _: f"{text} trumpet violin castle mirror pencil",
    "lexical": lambda text, nouns: " ".join(f"{w}s" if w in nouns[:5] else w for w in text.split()),
    "length_format": lambda text, _: f"{text} and of the {text}",
}


@pytest.mark.parametrize("scorer", ["token_f1", "rouge(kind='L')"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_planted_cause_is_the_main_one(name, scorer):
    row = row_of(attributed(CHANGES[name], scorer))
    assert row["penalised"] >= 20 and cause(row, name)["found"]
    assert cause(row, name)["contrast"].value > 0.25
    changed = Counter(one["cause"] for one in row["outputs"] if one["system"] == "other")
    assert changed.most_common(1)[0][0] == name
    share = {one["cause"]: one["share"].value for one in row["causes"] if one["share"].value is not None}
    assert max(share, key=share.get) == name


def test_what_another_valid_output_says_is_supported():
    """ "other" says two things that no reference has, and "third", valid too, says them as well."""
    predictions, references, ratings = planted(CHANGES["unsupported_addition"])
    predictions["third"] = [f"{text} trumpet violin" for text in predictions["plain"]]
    ratings += [Rating(str(n + 1), "third", 4.5, None, who) for n in range(ITEMS) for who in "ab"]
    inputs = inputs_from_lists(predictions=predictions, references=references)
    row = row_of(find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN))
    added = [u for one in row["outputs"] if one["system"] == "other" for u in one["units"]["added"]]
    assert all(u["supported"] for u in added if u["text"] in {"trumpet", "violin"}) and added


def test_contradictions_are_sent_back():
    """Three becomes seven: the outputs are not valid, and leave the other causes alone."""
    predictions, references, ratings = planted(lambda text, _: f"{text} seven")
    counted = [[f"{text} among three houses" for text in row] for row in references]
    predictions["plain"] = [f"{text} among three houses" for text in predictions["plain"]]
    predictions["other"] = [
        f"{text.removesuffix(' seven')} among {'seven' if 'seven' in text else 'three'} houses"
        for text in predictions["other"]
    ]
    inputs = inputs_from_lists(predictions=predictions, references=counted)
    row = row_of(find_underestimation(inputs, ratings=ratings, scorers=["chrf"], plan=PLAN))
    wrong = [one for one in row["outputs"] if one["sent_back"]]
    assert {u["kind"] for one in wrong for u in one["units"]["distorted"]} == {"number"}
    assert all((u["ours"], u["theirs"]) == ("seven", "three") for one in wrong for u in one["units"]["distorted"])
    assert all(one["cause"] == "distortion" for one in wrong) and row["sent_back"]["n_penalised"] == len(wrong) > 0
    assert cause(row, "distortion")["share"].value is None and "sent back" in cause(row, "distortion")["share"].reason


def test_nobody_valid_says_what_to_give():
    predictions, references, ratings = planted(CHANGES["omission"])
    inputs = inputs_from_lists(predictions=predictions, references=references)
    found = find_underestimation(
        inputs, ratings=ratings, scorers=["token_f1"], plan=ReportPlan(permutations=99, draws=100)
    )
    assert "--valid" in found.sections["attribution"]["reason"]
    assert any("--valid" in line for line in lines_of(found))


def test_single_references_have_no_band_to_lie_below():
    predictions, references, ratings = planted(CHANGES["omission"])
    inputs = inputs_from_lists(predictions=predictions, references=[row[0] for row in references])
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN)
    assert "two references" in row_of(found)["reason"] and any("two references" in line for line in lines_of(found))


def test_a_score_that_half_of_the_band_have_cuts_nothing_off():
    row = row_of(attributed(CHANGES["omission"], "exact"))
    assert "just one score" in row["reason"]


def test_copies_of_references_are_not_penalised_and_nothing_fails():
    predictions, references, ratings = planted(lambda text, _: text, share=0)
    for texts in predictions.values():
        texts[:] = [row[0] for row in references]
    inputs = inputs_from_lists(predictions=predictions, references=references)
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN)
    row = row_of(found)
    assert row.get("reason") or (row["penalised"] == 0 and not row["outputs"])
    assert not any(one["found"] for one in row.get("causes", ())) and found.to_json() and lines_of(found)


def test_all_of_it_is_json_and_one_line_on_the_screen():
    found = attributed(CHANGES["unsupported_addition"])
    read = json.loads(found.to_json(), parse_constant=pytest.fail)["attribution"]
    row = read["scorers"][0]
    assert [one["cause"] for one in row["causes"]] == list(CAUSES)
    assert {
        "id",
        "system",
        "score",
        "band_low",
        "band_median",
        "band_high",
        "grade",
        "valid_by",
        "cause",
        "gains",
        "units",
    } <= set(row["outputs"][0])
    gaps = [one["score"] - one["band_low"] for one in row["outputs"]]
    assert gaps == sorted(gaps) and gaps[-1] < 0 and row["outputs"][0]["valid_by"] == "rated"
    assert all(4 <= one["grade"] <= 5 for one in row["outputs"])
    assert any("unsupported addition (" in line for line in lines_of(found))


def test_shares_add_up_to_the_whole_and_repairs_to_what_they_gain():
    row = row_of(attributed(CHANGES["unsupported_addition"]))
    assert sum(one["share"].value for one in row["causes"] if one["share"].value is not None) == pytest.approx(1)
    gains = [
        one["repair"].value for one in row["causes"] if one["cause"] != "distortion" and one["repair"].value is not None
    ]
    assert sum(gains) == pytest.approx(row["repaired"].value)


def test_extractor_is_measured_on_known_labels():
    found = attributed(CHANGES["omission"]).sections["attribution"]["extractor"]
    rows = {row["sample"]: row for row in found["rows"]}
    assert rows["minimal pairs: number"]["recall"].n == 36 and rows["minimal pairs: number"]["false_alarms"].n == 468
    for sample in ("captions: a word left out", "captions: a word put in", "captions: negation"):
        assert rows[sample]["recall"].value > 0.85 and rows[sample]["precision"].low > 0.9


class Subsets:
    """Follows where all words are the premise's; contradicts where one says "never"."""

    name = signature = "subsets"

    def entails(self, premises, hypotheses):
        out = np.zeros((len(premises), 3))
        for row, (premise, hypothesis) in enumerate(zip(premises, hypotheses, strict=True)):
            against = "never" in hypothesis.split() and "never" not in premise.split()
            follows = not against and "trumpet" in hypothesis
            out[row, 2 if against else 0 if follows else 1] = 1.0
        return out


def test_a_model_of_inference_decides_what_is_supported_and_what_contradicts():
    def change(text, nouns):
        return f"{text} {'never' if nouns[0] < 'h' else 'trumpet violin'}"

    predictions, references, ratings = planted(change)
    inputs = inputs_from_lists(predictions=predictions, references=references)
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN, entailment=Subsets())
    assert found.sections["attribution"]["entailment"] == "subsets"
    rows = row_of(found)["outputs"]
    added = [u for one in rows for u in one["units"]["added"] if u["text"] in {"trumpet", "violin"}]
    assert added and all(u["supported"] for u in added)
    against = [one for one in rows if any(u["kind"] == "entailment" for u in one["units"]["distorted"])]
    assert against and all(one["sent_back"] for one in against)


def test_references_of_another_condition_and_poor_ones_are_faults():
    """Two of an item's four references answer another condition, one is rated low: both are told, and cost the score."""
    predictions, references, ratings = planted(lambda text, _: f"{text} of late", share=1.0)
    items, outputs = [], inputs_from_lists(predictions=predictions, references=references).outputs
    graded = []
    for n, texts in enumerate(references):
        poor = Reference("nothing to see", origin="human:poor")
        other = Reference("all about money", condition="headline")
        mine = (*(Reference(text, condition="caption") for text in texts[:3]), *([other] if n % 2 else []), poor)
        items.append(ReferenceSet(str(n + 1), mine, None, "caption"))
        graded.append(Rating(str(n + 1), "poor", 1.0))
    inputs = Inputs(tuple(items), outputs, ("plain", "other"), tuple(ratings), tuple(graded))
    row = row_of(find_underestimation(inputs, scorers=["token_f1(reduce='mean')"], plan=PLAN))
    assert cause(row, "reference_defect")["penalised"].value == 1.0
    told = [one["gains"] for one in row["outputs"]]
    assert all(gains["reference_defect"] > 0 for gains in told)
    assert any("condition" in gains for gains in told)
    assert all(gains["condition"] > 0 for gains in told if "condition" in gains)


def slow_shapley(values):
    """The mean over all orders of joining."""
    players = len(values).bit_length() - 1
    out = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        inside = 0
        for player in order:
            out[player] += values[inside | 1 << player] - values[inside]
            inside |= 1 << player
    return out / len(orders)


@settings(max_examples=30)
@given(st.integers(1, 4).flatmap(lambda n: arrays(float, 1 << n, elements=st.floats(-10, 10, width=32))))
def test_shapley_values_are_means_over_orders_and_add_up(values):
    found = shapley(values)
    assert found == pytest.approx(slow_shapley(values), abs=1e-9)
    assert found.sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


@settings(max_examples=20)
@given(arrays(float, 8, elements=st.floats(-10, 10, width=32)))
def test_equal_players_get_equal_shares_and_idle_ones_none(values):
    twins = [values[(i & 4) | (1 if i & 3 in {1, 2} else i & 3)] for i in range(8)]
    found = shapley(np.asarray(twins))
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert shapley(np.asarray([values[i & 3] for i in range(8)]))[2] == pytest.approx(0, abs=1e-9)


def test_few_outputs_are_not_contrasted():
    flags, penalised = np.ones(12), np.arange(12) < 9
    found, p = contrast_of(flags, penalised, np.arange(12), 0.95)
    assert p is None and "10 of each" in found.reason


def test_a_contrast_counts_items_once():
    """The same output four times an item tells no more than once."""
    rng = np.random.default_rng(0)
    penalised, flags = np.arange(80) < 40, (rng.random(80) < np.where(np.arange(80) < 40, 0.7, 0.4)).astype(float)
    once, p = contrast_of(flags, penalised, np.arange(80), 0.95)
    again, p_again = contrast_of(np.repeat(flags, 4), np.repeat(penalised, 4), np.repeat(np.arange(80), 4), 0.95)
    assert (again.value, again.low, again.high) == pytest.approx((once.value, once.low, once.high))
    assert p_again == pytest.approx(p) and p < 0.05

"""`geneval.agree`: what counts, what is left out, what is refused."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import geneval
from geneval.agreement import Plan, picture
from geneval.data import Preference, Rating, inputs_from_lists
from geneval_references import InputError, ItemsFailedError, UsageError

pytestmark = pytest.mark.once

WORDS = ["a", "the", "cat", "dog", "red", "big", "small", "house", "tree", "runs", "sits", "on", "in", "of", "park"]
SYSTEMS = {"good": 0.8, "fair": 0.5, "poor": 0.2}
QUICK = {"resamples": 50, "permutations": 60}


@pytest.fixture(scope="module")
def texts():
    """Outputs that share more or fewer words with the first of four references, and grades that know it."""
    rng = np.random.default_rng(7)
    references = [[" ".join(rng.choice(WORDS, 6)) for _ in range(4)] for _ in range(40)]
    outputs = {
        name: [" ".join(w if rng.random() < p else rng.choice(WORDS) for w in refs[0].split()) for refs in references]
        for name, p in SYSTEMS.items()
    }
    return references, outputs, rng.integers(-1, 2, (40, 3))


@pytest.fixture(scope="module")
def run(texts):
    references, outputs, _ = texts
    scorers = ["token_f1", "chrf", "ter", "exact"]
    return geneval.score(predictions=outputs, references=references, scorers=scorers, resamples=0)


@pytest.fixture(scope="module")
def ratings(texts):
    _, _, noise = texts
    base = {"good": 4, "fair": 3, "poor": 2}
    return [
        Rating(str(i + 1), name, base[name] + int(noise[i, n]), annotator=rater)
        for i, (n, name), rater in product(range(40), enumerate(base), "xy")
    ]


@pytest.fixture(scope="module")
def preferences(texts):
    _, _, noise = texts
    choices = {-1: ("a", "b", "tie"), 0: ("a", "a", "both_bad"), 1: ("a", "a", "a")}
    return [
        Preference(str(i + 1), "good", other, choices[int(noise[i, n])][vote], annotator=f"r{vote}")
        for i, (n, other), vote in product(range(40), enumerate(("fair", "poor")), range(3))
    ]


def rows_of(found):
    return {(r.level, r.scorer, r.statistic, r.grouping, r.without): r for r in found.rows}


def test_every_statistic_is_there_with_interval_and_baselines(run, ratings):
    found = geneval.agree(run, ratings=ratings, **QUICK)
    names = {(row.level, row.grouping): set() for row in found}
    for row in found:
        names[row.level, row.grouping].add(row.statistic)
    of_outputs = {"pearson", "spearman", "kendall_b", "kendall_c", "acc_eq", "tau_eq"}
    assert {names["segment", grouping] == of_outputs for grouping in ("none", "item", "system")} == {True}
    assert names["system", "none"] == {
        "pearson",
        "spearman",
        "kendall_b",
        "pairwise_accuracy",
        "pairwise_accuracy_significant",
        "soft_pairwise_accuracy",
    }
    assert names["corpus", "none"] == {"pearson", "spearman", "kendall_b", "pairwise_accuracy"}
    for row in found:
        assert row.baseline.random is not None
        if row.level != "corpus" and row.value is not None and row.scorer != "exact":
            assert row.low <= row.value <= row.high, row
    constant = found.row("chrf", "acc_eq", "item").baseline.constant
    assert found.row("chrf", "pearson").baseline.constant is None and 0 < constant < 0.5


def test_lower_is_turned_around(run, ratings):
    found = geneval.agree(run, ratings=ratings, resamples=0, tests=())
    assert found.row("ter", "pearson").value > 0.2
    assert any("turned around" in warning and "ter" in warning for warning in found.warnings)
    assert "|turned" in found.row("ter", "pearson").signature
    errors = [replace(r, value=-r.value, criterion="errors") for r in ratings]
    again = geneval.agree(run, ratings=errors, criterion="errors:lower", resamples=0, tests=())
    for key, row in rows_of(found).items():
        assert rows_of(again)[key].value == pytest.approx(row.value, nan_ok=True) or row.value is None


def test_grades_of_an_output_are_averaged(run, ratings):
    mean = {}
    for r in ratings:
        mean.setdefault((r.id, r.system), []).append(r.value)
    averaged = [Rating(*key, float(np.mean(values))) for key, values in mean.items()]
    one, other = (geneval.agree(run, ratings=rows, resamples=0, tests=()) for rows in (ratings, averaged))
    assert [row.value for row in one] == [row.value for row in other]


def test_same_seed_same_numbers_and_json_without_nan(run, ratings, preferences):
    options = {"ratings": ratings, "preferences": preferences, "scorers": ["chrf", "ter"], **QUICK}
    one, other = (geneval.agree(run, **options) for _ in range(2))
    assert one.to_json() == other.to_json()
    printed = json.loads(one.to_json())
    assert printed["schema"] == "geneval.agree/1"
    contract = {"scorer", "criterion", "statistic", "grouping", "value", "low", "high", "n", "baseline"}
    assert all(contract <= set(row) for row in printed["agreement"])
    assert geneval.agree(run, **options | {"seed": 5}).to_json() != one.to_json()


def test_order_of_rows_makes_no_difference(run, ratings):
    one, other = (
        geneval.agree(run, ratings=rows, scorers="chrf", groupings="item", **QUICK) for rows in (ratings, ratings[::-1])
    )
    assert [row.value for row in one] == pytest.approx([row.value for row in other])


def test_without_a_system_is_as_if_it_had_not_been_rated(run, ratings):
    found = rows_of(geneval.agree(run, ratings=ratings, without="good", resamples=0, tests=()))
    fewer = geneval.agree(run, ratings=[r for r in ratings if r.system != "good"], resamples=0, tests=())
    for row in fewer:
        if row.level != "corpus":
            mine = found[row.level, row.scorer, row.statistic, row.grouping, ("good",)]
            assert (mine.value, mine.n) == (row.value, row.n), row
    assert found["segment", "chrf", "pearson", "none", ()].n == 120


def test_failed_outputs_are_left_out_for_all_scorers(texts, ratings):
    references, outputs, _ = texts

    def moody(text: str, reference: str) -> float:
        return float("nan") if text == outputs["good"][0] else float(len(text) - len(reference))

    both = geneval.score(predictions=outputs, references=references, scorers=["chrf", moody], resamples=0)
    found = geneval.agree(both, ratings=ratings, resamples=0, tests=())
    assert {row.n for row in found if row.level == "segment"} == {119}
    assert any("has no score for 1 of 120 rated outputs" in warning for warning in found.warnings)
    assert any("over the 39 of 40 items" in warning for warning in found.warnings)
    assert not [row for row in found if row.level == "corpus"]

    def silent(text: str, reference: str) -> float:
        return float("nan") * len(text + reference)

    one = geneval.score(predictions=outputs, references=references, scorers=[silent], resamples=0)
    with pytest.raises(ItemsFailedError, match="has no score for any of the 120 rated outputs"):
        geneval.agree(one, ratings=ratings)


def test_tests_between_scorers_are_corrected(run, ratings):
    found = geneval.agree(run, ratings=ratings, scorers=["token_f1", "chrf", "exact"], resamples=0, permutations=199)
    methods = {(d.level, d.statistic, d.grouping, d.method) for d in found.differences}
    assert ("segment", "acc_eq", "item", "perm-both") in methods and (
        "system",
        "pearson",
        "none",
        "williams",
    ) in methods
    for d in found.differences:
        where = {"level": d.level, "statistic": d.statistic, "grouping": d.grouping}
        values = [found.row(name, **where).value for name in (d.first, d.second)]
        assert d.difference == (None if None in values else values[0] - values[1])
        if d.p is not None:
            assert 1 / 200 <= d.p <= d.p_adjusted <= 1 or d.method == "williams"


def test_a_scorer_is_told_from_noise(texts, ratings):
    references, outputs, _ = texts

    def noise(text: str, reference: str) -> float:
        return float((len(text) * 7 + len(reference) * 3) % 11)

    both = geneval.score(predictions=outputs, references=references, scorers=["token_f1", noise], resamples=0)
    found = geneval.agree(both, ratings=ratings, resamples=0, permutations=199)
    clear = {(d.statistic, d.grouping, d.method): d for d in found.differences if d.level == "segment"}
    assert {d.significant for d in clear.values()} == {True} and len(clear) == 4
    assert {d.difference > 0 for d in clear.values()} == {True}


@pytest.mark.parametrize("permute", ["both", "inputs", "systems"])
def test_a_scorer_does_not_differ_from_itself(texts, ratings, permute):
    """Two names for one scorer: every permutation gives the same, and none counts as evidence."""
    references, outputs, _ = texts
    names = ["token_f1", "token_f1(tokenizer='13a')"]
    twice = geneval.score(predictions=outputs, references=references, scorers=names, resamples=0)
    found = geneval.agree(
        twice, ratings=ratings, permute=permute, resamples=0, permutations=50, tests=("pearson/none",)
    )
    first = found.differences[0]
    assert (first.difference, first.p, first.method) == (0.0, 1.0, f"perm-{permute}")


def test_preferences_with_the_raters_own_ceiling(run, preferences):
    found = geneval.agree(run, preferences=preferences, **QUICK)
    row = found.row("token_f1", "accuracy", "pair", level="preference")
    # Votes: -1 (a, b, tie) is no majority; 0 (a, a, tie) and 1 (a, a, a) are for a. Ties have no say.
    ones = sum(1 for p in preferences if p.annotator == "r2" and p.winner == "a")
    twos = sum(1 for p in preferences if p.annotator == "r2" and p.winner == "both_bad")
    threes = 80 - ones - twos
    assert row.ceiling.n == 3 * ones + 2 * twos and row.ceiling.value == 1.0
    # Of (a, b, tie) each choice meets one other that is against it.
    assert row.ceiling.n_blind == 3 * ones + 2 * twos + 2 * threes
    assert row.ceiling.blind == pytest.approx(row.ceiling.n / row.ceiling.n_blind)
    assert row.baseline.constant == 0.5 and row.n == 80
    strict = found.row("exact", "accuracy_strict", "pair", level="preference")
    half = found.row("exact", "accuracy", "pair", level="preference")
    assert strict.baseline.constant == 0 and strict.value < half.value


def test_which_side_stood_first_makes_no_difference(run, preferences):
    turn = {"a": "b", "b": "a"}
    turned = [
        replace(p, a=p.b, b=p.a, winner=turn.get(p.winner, p.winner)) if n % 2 else p for n, p in enumerate(preferences)
    ]
    one, other = (geneval.agree(run, preferences=rows, resamples=0, tests=()) for rows in (preferences, turned))
    assert [(r.value, r.ceiling) for r in one] == [(r.value, r.ceiling) for r in other]


def test_skipped_choices_do_not_count(run, preferences):
    more = [*preferences, replace(preferences[0], winner="skip")]
    one, other = (geneval.agree(run, preferences=rows, resamples=0, tests=()) for rows in (preferences, more))
    assert [row.value for row in one] == [row.value for row in other]
    assert any("1 preferences were skipped" in warning for warning in other.warnings)


@pytest.mark.parametrize("resample", ["items", "systems", "both"])
def test_what_is_drawn_again(run, ratings, preferences, resample):
    found = geneval.agree(
        run, ratings=ratings, preferences=preferences, scorers=["chrf"], resample=resample, resamples=40, tests=()
    )
    assert found.row("chrf", "pearson").low is not None
    assert f"bootstrap-{resample}:40" in found.row("chrf", "pearson").signature
    assert any("only 3 systems" in warning for warning in found.warnings) == (resample != "items")


def test_drawing_systems_too_makes_intervals_wider(run, ratings):
    width = {}
    for resample in ("items", "both"):
        found = geneval.agree(run, ratings=ratings, scorers="chrf", resample=resample, resamples=200, tests=())
        row = found.row("chrf", "pearson")
        width[resample] = row.high - row.low
    assert width["both"] > width["items"]


def test_curves_of_a_run_cannot_tell_how_many_references_are_enough(texts, ratings):
    references, outputs, _ = texts
    at = geneval.score(predictions=outputs, references=references, scorers=["chrf"], k=[1, 2, 4], resamples=0)
    found = geneval.agree(at, ratings=ratings, tests=(), resamples=30)
    curve = next(c for c in found.curves if (c.statistic, c.grouping) == ("pearson", "none"))
    assert [p.k for p in curve.points] == [1, 2, 4] and curve.scores == "expected"
    assert (curve.stops_at, curve.at_least, curve.reason) == (None, None, "expected_scores")
    assert [p.value for p in curve.points] == [found.row("chrf", "pearson", k=k).value for k in (1, 2, 4)]


@pytest.fixture(scope="module")
def drawn(texts, ratings, preferences):
    references, outputs, _ = texts
    inputs = inputs_from_lists(predictions=outputs, references=references)
    settings = geneval.Settings(k=(1, 4))
    found = geneval.agree(
        inputs,
        ratings=ratings,
        preferences=preferences,
        scorers=["token_f1", "cider", "ter"],
        settings=settings,
        tests=(),
        without=("poor",),
        resamples=40,
    )
    return found, [curve for curve in found.curves if curve.scores == "drawn"]


def test_drawn_references_end_where_all_of_them_are_used(drawn):
    """Against all four references a drawn set is the whole set."""
    found, curves = drawn
    assert {(c.level, c.statistic, c.without) for c in curves} == {
        (level, statistic, without)
        for level, statistic in (("segment", "pearson"), ("segment", "acc_eq"), ("preference", "accuracy"))
        for without in ((), ("poor",))
    }
    for curve in curves:
        assert [p.k for p in curve.points] == [1, 2, 3, 4]
        row = found.row(curve.scorer, curve.statistic, curve.grouping, level=curve.level, k=4, without=curve.without)
        assert curve.points[-1].value == pytest.approx(row.value)
        assert [p.gain is None for p in curve.points] == [False, False, True, True]
        assert (curve.stops_at is None) == (curve.at_least == 4)


def test_the_gain_is_of_disjoint_halves(texts, ratings):
    """Where every item repeats two references, none but two are distinct: k=1 alone can be judged."""
    references, outputs, _ = texts
    inputs = inputs_from_lists(predictions=outputs, references=[[r[0], r[1], r[0], r[1]] for r in references])
    found = geneval.agree(
        inputs, ratings=ratings, scorers="token_f1", settings=geneval.Settings(k=(1, 2)), tests=(), resamples=30
    )
    curve = next(c for c in found.curves if c.scores == "drawn" and c.statistic == "pearson")
    assert [p.k for p in curve.points] == [1, 2] and curve.points[0].gain is not None


def test_one_reference_cannot_be_judged(texts, ratings):
    references, outputs, _ = texts
    inputs = inputs_from_lists(predictions=outputs, references=[r[:1] for r in references])
    with pytest.raises(ItemsFailedError, match="no score for any"):
        geneval.agree(inputs, ratings=ratings, scorers="token_f1", settings=geneval.Settings(k=(1, 2)))


def test_a_scorer_that_needs_no_more_references_stops(texts, ratings):
    """The length of an output is the same whatever it is compared with: no reference adds anything."""
    references, outputs, _ = texts

    def shared(text: str, reference: str) -> float:
        del reference
        return float(len(set(text.split())))

    inputs = inputs_from_lists(predictions=outputs, references=references)
    found = geneval.agree(
        inputs,
        ratings=ratings,
        scorers=[geneval.pair_scorer(shared)],
        settings=geneval.Settings(k=(1, 2)),
        tests=(),
        resamples=30,
    )
    curve = next(c for c in found.curves if c.scores == "drawn" and c.statistic == "pearson")
    assert (curve.stops_at, curve.at_least, curve.reason) == (1, None, None)
    assert {p.gain for p in curve.points[:2]} == {0.0}


def test_the_picture_is_svg_with_words_for_those_who_do_not_see_it(drawn):
    found, curves = drawn
    tree = ET.fromstring(picture(found))  # noqa: S314 - made here
    space = "{http://www.w3.org/2000/svg}"
    assert tree.find(f"{space}title").text and "pearson of token_f1: " in tree.find(f"{space}desc").text
    assert len(tree.findall(f"{space}polyline")) == len(curves)
    named = replace(found, curves=tuple(replace(c, scorer="<b>&\x1b") for c in found.curves))
    assert "<b>" not in picture(named) and "\x1b" not in picture(named)
    with pytest.raises(UsageError, match="several numbers of references"):
        picture(replace(found, curves=()))


def test_rows_of_a_data_set_are_ratings(run, ratings):
    import datasets

    rows = [{"id": one.id, "system": one.system, "value": one.value} for one in ratings]
    plain = [replace(one, criterion=None, annotator=None) for one in ratings]
    few = {"resamples": 0, "permutations": 20}
    expected = geneval.agree(run, ratings=plain, **few)
    for given in (rows, datasets.Dataset.from_list(rows)):
        assert geneval.agree(run, ratings=given, **few) == expected


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda r: [replace(x, value=3.0) for x in r], InputError, "have the same grade (3)"),
        (lambda r: r[:2], InputError, "1 rated outputs (of 2 ratings) are too few"),
        (lambda r: [replace(x, system="Q") for x in r], InputError, "they are of systems 'Q'"),
        (lambda r: [replace(x, criterion=c) for x in r for c in "AB"], UsageError, "pick with --criterion NAME"),
        (lambda r: r[:0], InputError, "there are 0 ratings"),
        (lambda r: [len(r)], InputError, "each row is a mapping, {column: value}"),
    ],
)
def test_ratings_that_are_refused(run, ratings, change, error, said):
    with pytest.raises(error, match=re.escape(said)):
        geneval.agree(run, ratings=change(ratings))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: [replace(x, winner="tie") for x in p], "people call every pair a tie"),
        (lambda p: [replace(x, b=x.a) for x in p], "between a system and itself"),
        (lambda p: [replace(x, a="Q") for x in p], "none of the 240 preferences is about an output of this run"),
        (lambda p: [replace(x, winner="skip") for x in p], "0 preferences"),
    ],
)
def test_preferences_that_are_refused(run, preferences, change, said):
    with pytest.raises(InputError, match=re.escape(said)):
        geneval.agree(run, preferences=change(preferences))


def test_a_text_that_is_not_the_systems_is_refused(texts, preferences):
    references, outputs, _ = texts
    inputs = inputs_from_lists(predictions=outputs, references=references)
    shown = [replace(preferences[0], output_a="something else")]
    with pytest.raises(InputError, match="shows another text for 'good'"):
        geneval.agree(inputs, preferences=shown, scorers="token_f1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "nothing to agree with: give --ratings or --preferences"),
        ({"ratings": "R", "without": "nobody"}, "no system is named 'nobody'"),
        ({"ratings": "R", "without": ("good", "fair", "poor")}, "0 rated outputs"),
        ({"ratings": "R", "scorers": "bleu"}, "the run has no scorer 'bleu'; it has: token_f1, chrf, ter, exact"),
        ({"ratings": "R", "criterion": "foo"}, "there are: without a name (240)"),
        ({"ratings": "R", "settings": "S"}, "settings are for inputs"),
        ({"ratings": "R", "grouping": "item"}, "agree has no option 'grouping'"),
        ({"ratings": "R", "groupings": "items"}, "allowed: none, item, system"),
        ({"ratings": "R", "groupings": ()}, "groupings is empty"),
        ({"ratings": "R", "permute": "all"}, "allowed: both, inputs, systems"),
        ({"ratings": "R", "resample": "all"}, "allowed: items, systems, both"),
        ({"ratings": "R", "resamples": -1}, "whole number"),
        ({"ratings": "R", "permutations": 0}, "whole number"),
        ({"ratings": "R", "confidence": 1.0}, "between 0 and 1"),
        ({"ratings": "R", "rise": 0}, "above 0"),
        ({"ratings": "R", "gap": -1}, "above 0"),
        ({"ratings": "R", "tests": "bla"}, "test 'bla' does not fit"),
        ({"ratings": "R", "tests": "system:bla"}, "test 'system:bla' does not fit"),
    ],
)
def test_options_that_are_refused(run, ratings, options, said):
    given = {
        name: ratings if value == "R" else geneval.Settings() if value == "S" else value
        for name, value in options.items()
    }
    with pytest.raises(UsageError, match=re.escape(said)):
        geneval.agree(run, **given)


def test_systems_that_the_run_lacks_are_named(run, ratings, preferences):
    strange = [replace(ratings[0], system="Q"), replace(ratings[0], id="999")]
    found = geneval.agree(run, ratings=[*ratings, *strange], preferences=preferences, resamples=0, tests=())
    told = "\n".join(found.warnings)
    assert "1 ratings are of systems that the run does not have and do not count: 'Q' (1)" in told
    assert "ratings of 1 items that the run does not have do not count: '999'" in told


def test_one_item_one_rater_one_system(run, ratings):
    one_item = [r for r in ratings if r.id == "1" and r.annotator == "x"]
    told = "\n".join(geneval.agree(run, ratings=one_item, **QUICK).warnings)
    assert "about one item" in told and "all ratings are one person's ('x')" in told
    one_system = geneval.agree(run, ratings=[r for r in ratings if r.system == "good"], **QUICK)
    assert "two systems or more" in "\n".join(one_system.warnings)
    assert "no item has two rated outputs" in "\n".join(one_system.warnings)
    assert one_system.row("chrf", "pearson", "item").value is None


def test_several_outputs_of_a_system_count_by_their_mean(texts, ratings):
    references, outputs, _ = texts
    single = geneval.score(predictions=outputs, references=references, scorers=["token_f1"], resamples=0)
    doubled = {name: [[text, text] for text in given] for name, given in outputs.items()}
    several = geneval.score(predictions=doubled, references=references, scorers=["token_f1"], resamples=0)
    one, other = (geneval.agree(r, ratings=ratings, resamples=0, tests=()) for r in (single, several))
    assert [r.value for r in one if r.level != "corpus"] == pytest.approx(
        [r.value for r in other if r.level != "corpus"], nan_ok=True
    )
    assert any("count by their mean score" in warning for warning in other.warnings)


def test_a_row_that_is_not_there(run, ratings):
    found = geneval.agree(run, ratings=ratings, resamples=0, tests=(), gap=2)
    assert found.row("chrf", "tau_like", "item").value is not None
    with pytest.raises(UsageError, match="no row with"):
        found.row("chrf", "tau_like", "none")
    with pytest.raises(UsageError, match="a row has no field 'kk'"):
        found.row("chrf", "pearson", kk=2)


def test_the_plan_names_its_tests() -> None:
    assert {tested.level for tested in Plan().tested} == {"segment", "system", "preference"}


def test_an_annotator_has_one_voice_on_a_pair(run, preferences):
    """Their repeated choices make no majority and no ceiling; those of several outputs are not repeated."""
    more = [*preferences, *(p for p in preferences if p.annotator == "r0")]
    one, other = (geneval.agree(run, preferences=rows, resamples=0, tests=()) for rows in (preferences, more))
    assert [(r.value, r.ceiling) for r in one] == [(r.value, r.ceiling) for r in other]
    assert any("80 of 320 preferences are by an annotator who judged" in text for text in other.warnings)
    alone = [replace(p, annotator="r0") for p in preferences]
    assert geneval.agree(run, preferences=alone, resamples=0, tests=()).rows[0].ceiling.value is None
    unnamed = [replace(p, annotator=None) for p in preferences]
    shown = [replace(p, output_a=f"x{n}", output_b="y") for n, p in enumerate(alone)]
    for rows in (unnamed, shown):
        found = geneval.agree(run, preferences=rows, resamples=0, tests=())
        assert [(r.value, r.ceiling) for r in found] == [(r.value, r.ceiling) for r in one]


def test_rows_as_a_data_set(run, ratings, preferences):
    """One a row of the printed CSV, numbers as numbers."""
    datasets = pytest.importorskip("datasets")
    found = geneval.agree(run, ratings=ratings, preferences=preferences, resamples=0, tests=())
    table = found.to_dataset()
    assert isinstance(table, datasets.Dataset) and len(table) == len(found.rows)
    assert table["value"][:] == [row.value for row in found]
    assert table["raters"][:] == [row.ceiling.value if row.ceiling else None for row in found]
    assert table["constant"][:] == [row.baseline.constant for row in found]

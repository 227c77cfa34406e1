"""`geneval.fit_blend`: what it finds again, what it says of it, and what it refuses."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

import geneval
from geneval.blending._bootstrap import Items
from geneval.blending._calibration import calibration_of
from geneval.blending._picture import picture
from geneval.data import Preference
from geneval_references import GateError, InputError, ItemsFailedError, UsageError
from geneval_scorers.preference.features import Duels

pytestmark = pytest.mark.once


def test_it_finds_the_weights_that_votes_were_drawn_from(found):
    """6 for F1 and -5 for repetition, in their own units; chrF, which nobody asked, gets little or nothing."""
    f1, chrf, repetition = found.parts
    low, high = (end / f1.scale for end in (f1.low, f1.high))
    assert low < 6 < high
    assert repetition.low / repetition.scale < 5 < repetition.high / repetition.scale
    assert chrf.weight < 0.2 * f1.weight
    assert found.recipe.temperature == pytest.approx(1, abs=0.1) and found.recipe.ties == pytest.approx(0.4, abs=0.1)


def test_baselines_stand_in_order(found):
    names = ["blend", "best part", "equal weights", "length alone", "random", "token_f1", "chrf", "repetition(n=1)"]
    assert [row.name for row in found.predictors] == names
    blend, best, random = (found.predictor(name) for name in ("blend", "best part", "random"))
    assert blend.accuracy.value > best.accuracy.value > random.accuracy.value == 0.5
    assert blend.log_loss.value < best.log_loss.value < random.log_loss.value
    assert blend.brier.value < random.brier.value == pytest.approx(0.25)
    assert found.accuracy.low > 0 > found.log_loss.high


def test_a_blend_that_beats_its_best_part_ships(found, tmp_path):
    assert found.refusal == "" and found.out_of_system.low > 0 and len(found.systems) == 4
    place = found.save(tmp_path / "blend.toml", about={"title": 'of "texts" \\ lines\n and \x7f'})
    scorer = geneval.parse(f"blend(path={str(place)!r})")
    assert scorer.content == found.recipe
    with pytest.raises(UsageError, match="there already"):
        found.save(place)


def test_the_file_scores_as_its_parts_are_weighed(found, tmp_path):
    place = found.save(tmp_path / "blend.toml")
    references, outputs = [["a cat sat on the mat", "the cat"]], {"x": ["a cat a cat"], "y": ["the dog sat"]}
    got = geneval.score(
        predictions=outputs, references=references, scorers=[f"blend(path={str(place)!r})"], resamples=0
    )
    alone = geneval.score(
        predictions=outputs, references=references, scorers=[row.scorer for row in found.parts], resamples=0
    )
    for system in outputs:
        parts = [alone.score(system, row.scorer) for row in found.parts]
        signs = [1 if part.direction == "higher" else -1 for part in parts]
        terms = [s * row.weight / row.scale * p.score for s, row, p in zip(signs, found.parts, parts, strict=True)]
        mine = next(score for score in got if score.system == system)
        assert mine.score == pytest.approx(sum(terms) / found.recipe.temperature)
        assert str(tmp_path) not in mine.signature and found.recipe.hash[:12] in mine.signature
        assert mine.scorer == f"blend(path='blend.toml#{found.recipe.hash[:12]}')"


def test_items_of_a_fold_are_not_trained_on(run, people):
    """Turning round all votes of one group leaves its own predictions as they are."""
    options = {"scorers": ["token_f1", "chrf"], "resamples": 0}
    groups = {str(i + 1): f"group {i % 6}" for i in range(120)}
    plain = geneval.fit_blend(run, preferences=people, groups=groups, **options)
    mine = {item for item, group in groups.items() if group == "group 0"}
    swap = {"a": "b", "b": "a", "tie": "tie"}
    turned = [replace(row, winner=swap[row.winner]) if row.id in mine else row for row in people]
    other = geneval.fit_blend(run, preferences=turned, groups=groups, **options)

    def ordered(fit):
        return [np.sign(one.log_odds) for one in fit.held if one.id in mine]

    assert ordered(plain) == ordered(other)


def test_groups_are_counted_as_items(run, people):
    groups = {str(i + 1): f"group {i % 6}" for i in range(120)}
    fit = geneval.fit_blend(run, preferences=people, groups=groups, resamples=50, scorers=["token_f1", "chrf"])
    assert fit.trained_on["items"] == 6 and any("only 6 items" in warning for warning in fit.warnings)
    with pytest.raises(InputError, match="groups has no entry"):
        geneval.fit_blend(run, preferences=people, groups={"1": "x"})


def test_it_is_the_same_however_rows_are_ordered_and_sides_are_named(run, people):
    swap = {"a": "b", "b": "a", "tie": "tie"}
    turned = [replace(row, a=row.b, b=row.a, winner=swap[row.winner]) for row in people[::-1]]
    options = {"scorers": ["token_f1", "repetition(n=1)"], "resamples": 0}
    one, other = (geneval.fit_blend(run, preferences=rows, **options) for rows in (people, turned))
    for mine, theirs in zip(one.parts, other.parts, strict=True):
        assert mine.weight == pytest.approx(theirs.weight, abs=1e-5)


def test_a_scorer_of_what_people_dislike_gets_no_weight_and_no_interval(run, people):
    swap = {"a": "b", "b": "a", "tie": "tie"}
    against = [replace(row, winner=swap[row.winner]) for row in people]
    with pytest.raises(InputError, match="predicts anything"):
        geneval.fit_blend(run, preferences=against, scorers="token_f1", resamples=0)
    fit = geneval.fit_blend(run, preferences=people, scorers=["token_f1", "chrf"], resamples=200)
    chrf = fit.parts[1]
    assert chrf.reason in {"at_zero", "reaches_zero"} and chrf.low is None


def test_one_part_does_not_beat_itself(run, people, tmp_path):
    fit = geneval.fit_blend(run, preferences=people, scorers="token_f1", resamples=100)
    assert fit.accuracy.value == 0 and "does not beat its best part" in fit.refusal
    with pytest.raises(GateError, match="nothing is written"):
        fit.save(tmp_path / "blend.toml")
    assert not list(tmp_path.iterdir())
    fit.save(tmp_path / "blend.toml", force=True)
    assert "refusal = " in (tmp_path / "blend.toml").read_text("utf-8")


def test_two_systems_cannot_be_left_out(run, people):
    fit = geneval.fit_blend(run, preferences=[r for r in people if {r.a, r.b} == {"best", "poor"}], resamples=100)
    assert fit.systems == () and fit.out_of_system is None and "no system can be left out" in fit.refusal


def test_a_system_that_people_see_otherwise_is_told(run, people):
    """`poor` is liked for what makes others disliked: what is learned on these is wrong for it."""
    turned = [replace(r, winner={"a": "b", "b": "a"}.get(r.winner, r.winner)) if r.b == "poor" else r for r in people]
    fit = geneval.fit_blend(run, preferences=turned, scorers=["token_f1", "repetition(n=1)"], resamples=200)
    falls = {row.system for row in fit.systems if row.falls}
    assert "poor" in falls and any("fitted without poor" in warning for warning in fit.warnings)


def test_each_item_can_count_the_same(run, people):
    more = people + [row for row in people if row.id == "1"] * 20
    votes, items = (
        geneval.fit_blend(run, preferences=more, scorers=["token_f1", "chrf"], weigh_by=by, resamples=0)
        for by in ("votes", "items")
    )
    plain = geneval.fit_blend(run, preferences=people, scorers=["token_f1", "chrf"], weigh_by="items", resamples=0)
    assert items.parts[0].weight == pytest.approx(plain.parts[0].weight, rel=0.02)
    assert votes.parts[0].weight != pytest.approx(items.parts[0].weight, rel=0.02)


def test_calibration_error_by_hand():
    """Two probabilities: .6, which came true in 3 of 10, and .9, which came true in 9 of 10."""
    leads = np.log(np.asarray([0.6 / 0.4, 0.1 / 0.9]))
    duels = Duels(np.zeros((2, 0)), np.asarray([3.0, 1.0]), np.asarray([7.0, 9.0]), np.zeros(2))
    found = calibration_of(leads, duels, np.asarray([0, 1]), Items.drawn(2, 50, 0.95, 1))
    assert found.error.value == pytest.approx(0.5 * 0.3)
    assert [(b.predicted, b.observed, b.votes) for b in found.bins] == [
        pytest.approx((0.6, 0.3, 10)),
        pytest.approx((0.9, 0.9, 10)),
    ]


def test_printed_json_holds_what_was_found(found):
    told = json.loads(found.to_json())
    assert told["schema"] == "geneval.blend-fit/1" and told["refusal"] is None
    assert [row["scorer"] for row in told["parts"]] == ["token_f1", "chrf", "repetition(n=1)"]
    assert told["nuisance"][0]["scorer"] == "length_ratio(log=True)" and told["trained_on"]["data"] == "made up"


def test_the_picture_is_svg_that_says_what_it_shows(found):
    drawn = ET.fromstring(picture(found))  # noqa: S314 - our own
    assert drawn.tag.endswith("svg") and "observed" in drawn.find("{*}desc").text


def one(winner="a", **changed):
    return replace(Preference("1", "best", "poor", winner), **changed)


@pytest.mark.parametrize(
    ("rows", "options", "error", "told"),
    [
        ([], {}, InputError, "0 preferences"),
        ([one(a="nobody"), one(b="none")], {}, InputError, "none of the 2 preferences"),
        ([one()], {}, InputError, "one item"),
        ([one("tie"), one("tie", id="2")], {}, InputError, "every pair a tie"),
        ([one("skip"), one("skip", id="2")], {}, InputError, "0 preferences|none of the"),
        ([one(b="best")], {}, InputError, "between a system and itself"),
        ([one(), one(id="2", criterion="x")], {}, UsageError, "several criteria"),
        ([one()], {"scorers": "cosine"}, UsageError, "no scorer 'cosine'"),
        ([one()], {"scorers": "length_ratio(log=True)"}, UsageError, "no good direction"),
        ([one()], {"scorers": "chrf", "nuisance": "chrf"}, UsageError, "one of the two"),
        ([one()], {"nuisance": "chrfs"}, UsageError, "no scorer 'chrfs'"),
        ([one(), one(id="2")], {"l2": -1}, UsageError, "l2=-1"),
        ([one()], {"weigh_by": "pairs"}, UsageError, "votes, items"),
        ([one()], {"resamples": -1}, UsageError, "resamples=-1"),
        ([one()], {"confidence": 95}, UsageError, "confidence=95"),
    ],
)
def test_what_does_not_fit_is_told(run, rows, options, error, told):
    with pytest.raises(error, match=told):
        geneval.fit_blend(run, preferences=rows, **options)


def test_a_scorer_that_is_the_same_everywhere_is_named():
    outputs = {"x": ["a b", "c d", "e"], "y": ["a", "c", "e f"], "z": ["b", "d", "f"]}
    run = geneval.score(
        predictions=outputs, references=["q", "r", "s"], scorers=["token_f1", "repetition(n=1)"], resamples=0
    )
    rows = [Preference(str(i), "x", "y", "a") for i in (1, 2, 3)]
    with pytest.raises(InputError, match="token_f1 gives both outputs the same score in all 3 pairs"):
        geneval.fit_blend(run, preferences=rows)


def test_pairs_without_a_score_are_left_out_for_all_scorers_and_counted(run, people):
    """chrF gets no score for some outputs; a scorer without any is an error."""

    def lame(run, ids):
        table = run.to_arrow().to_pylist()
        for row in table:
            if row["scorer"] == "chrf" and (ids is None or row["id"] in ids):
                row["score"] = None
        import pyarrow as pa

        from geneval.segments import schema

        class Rows:
            def tables(self):
                yield pa.Table.from_pylist(table, schema=schema())

        return replace(run, segments=Rows())

    fit = geneval.fit_blend(lame(run, {"1", "2"}), preferences=people, scorers=["token_f1", "chrf"], resamples=0)
    assert fit.trained_on["items"] == 118 and any("chrf has no score for 8 of" in text for text in fit.warnings)
    with pytest.raises(ItemsFailedError, match="chrf has no score for any"):
        geneval.fit_blend(lame(run, None), preferences=people, scorers=["token_f1", "chrf"], resamples=0)


def test_a_plain_function_cannot_be_in_a_blend_file():
    def words(text, reference):
        return float(len(text.split()) - len(reference) * 0)

    outputs = {"x": ["a b", "c d"], "y": ["a", "c"]}
    run = geneval.score(predictions=outputs, references=["a", "c"], scorers=[words], resamples=0)
    rows = [Preference("1", "x", "y", "a"), Preference("2", "x", "y", "b")]
    with pytest.raises(UsageError, match="words is in the run, and cannot be built here"):
        geneval.fit_blend(run, preferences=rows)

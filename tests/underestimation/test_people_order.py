"""People's order by Bradley-Terry, contradictions of pairs of systems, and validity by references."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.data import Preference, Rating, inputs_from_lists
from geneval.settings import Settings
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._worths import worths_of
from geneval_references import Reference, ReferenceSet
from geneval_scorers.preference import BradleyTerry, Comparisons

PLAN = ReportPlan(permutations=99, draws=100, resamples=100)
NAMES = ("one", "two", "three")


def world(items=40, seed=0):
    rng = np.random.default_rng(seed)
    words = [f"w{n}" for n in range(20)]
    predictions = {name: [" ".join(rng.choice(words, 6, replace=False)) for _ in range(items)] for name in NAMES}
    references = [[" ".join(rng.choice(words, 6, replace=False)) for _ in range(2)] for _ in range(items)]
    return inputs_from_lists(predictions=predictions, references=references), rng


def votes(rng, items=40, people=("x", "y")):
    better = {"one": 1.0, "two": 0.4, "three": 0.0}
    found = []
    for n in range(items):
        for a, b in (("one", "two"), ("two", "three"), ("one", "three")):
            for who in people:
                gap = better[a] - better[b] + rng.logistic()
                found.append(Preference(str(n + 1), a, b, "tie" if abs(gap) < 0.3 else "a" if gap > 0 else "b", who))
    return found


@pytest.fixture(scope="module")
def chosen():
    inputs, rng = world()
    return find_underestimation(inputs, preferences=votes(rng), scorers=["token_f1", "chrf"], plan=PLAN)


def test_preferences_rank_systems_by_worths(chosen):
    """In the order of the project's own fit of the same choices."""
    ranking = chosen.sections["ranking"]
    fitted = BradleyTerry(ties="half").fit(Comparisons.of_choices(chosen.known.said.preferences))
    assert {row["system"]: row["value"] for row in ranking["people"]} == pytest.approx(
        {row.system: row.log_worth for row in fitted.worths}, abs=1e-6
    )
    assert "Bradley-Terry" in ranking["by"][0] and ranking["bradley_terry"]["comparisons"] == 240
    assert all(row["rank_low"] for row in ranking["bradley_terry"]["worths"])
    assert "cluster:item,40" in ranking["bradley_terry"]["signature"]


def test_scores_beside_preferences_are_means_over_what_was_compared(chosen):
    row = chosen.sections["ranking"]["scorers"][0]
    table = chosen.known.outputs.scores.table[0]
    for place, name in enumerate(chosen.known.outputs.systems):
        value = next(one["value"] for one in row["systems"] if one["system"] == name)
        assert value == pytest.approx(table[:, place].mean())


def test_a_newton_step_is_near_a_new_fit(chosen):
    """With every item counted anew, and spread as the sandwich says."""
    worths = worths_of(chosen.known)
    ids = chosen.known.outputs.corpus.ids
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=400).astype(float)
    drawn = worths.drawn(times, ids)
    choices = chosen.known.said.preferences
    count = dict(zip(ids, times[0], strict=True))
    again = BradleyTerry(ties="half", interval="none").fit(
        Comparisons.of_choices(choices, weight=[count[row.id] for row in choices])
    )
    expected = [again.worth(name).log_worth for name in worths.identified]
    assert drawn[0] == pytest.approx(expected, abs=0.05)
    errors = [worths.ranking.worth(name).error for name in worths.identified]
    assert drawn.std(axis=0) == pytest.approx(errors, rel=0.15)


def test_choices_without_an_order_are_said():
    inputs, _ = world()
    always = [Preference(str(n + 1), "one", "two", "a", "x") for n in range(40)]
    found = find_underestimation(inputs, preferences=always, scorers=["token_f1"], plan=PLAN).sections["ranking"]
    assert "no two systems" in found["reason"]
    assert all(row["reason"] for row in found["bradley_terry"]["worths"])


def test_ratings_are_turned_to_choices_of_each_person():
    inputs, rng = world()
    ratings = [
        Rating(str(n + 1), name, int(rng.integers(1, 6)), None, who)
        for n in range(40)
        for name in NAMES
        for who in "xy"
    ]
    report = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN)
    fitted = report.sections["ranking"]["bradley_terry"]
    assert (fitted["comparisons"], fitted["items"]) == (240, 40)


def test_contradictions_equal_counting(chosen):
    """Of each ordered pair of systems; a tie is half against."""
    known = chosen.known
    said = {}
    for row in known.said.preferences:
        said.setdefault((row.id, row.a, row.b), []).append({"a": 1, "b": -1}.get(row.winner, 0))
    places = {name: place for place, name in enumerate(known.outputs.systems)}
    items = {name: place for place, name in enumerate(known.outputs.corpus.ids)}
    for number, scorer in enumerate(chosen.sections["pairs"]["scorers"]):
        rows = {(row["preferred"], row["other"]): row for row in scorer["pairs"]}
        assert set(rows) == set(permutations(NAMES, 2))
        for (winner, loser), row in rows.items():
            wrong = []
            for (item, a, b), cast in said.items():
                best = {1: (a, b), -1: (b, a)}.get(int(np.sign(sum(cast))))
                if best == (winner, loser):
                    scores = [known.outputs.scores.table[number][items[item], places[name]] for name in best]
                    wrong.append(0.5 if scores[0] == scores[1] else float(scores[0] < scores[1]))
            assert (row["contradiction"].value, row["contradiction"].n) == (pytest.approx(np.mean(wrong)), len(wrong))
            assert 0 <= row["contradiction"].low <= row["contradiction"].high <= 1
    assert chosen.sections["pairs"]["ceiling"].value == known.evidence.ceiling.value


def test_pairs_that_all_say_the_same_have_the_interval_of_their_number():
    predictions = {"one": ["a b"] * 6, "two": ["c d"] * 6}
    inputs = inputs_from_lists(predictions=predictions, references=[["a b", "a"]] * 6)
    ratings = [Rating(str(n + 1), name, value + n % 2) for n in range(6) for name, value in (("one", 1), ("two", 4))]
    pairs = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN).sections["pairs"]
    (row,) = pairs["scorers"][0]["pairs"]
    assert row["contradiction"].value == 1 and row["contradiction"].low == pytest.approx(0.025 ** (1 / 6))
    assert row["worse_than_chance"]


def test_outputs_equal_to_references_are_valid_by_their_tier():
    """Inferred does not speak for the system that it was made from; verified does, whoever wrote it."""
    inputs, rng = world()
    texts = {(o.id, o.system): o.text for o in inputs.outputs}

    def more(id_):
        added = {
            "1": Reference(texts["1", "one"].upper(), tier="inferred", origin="mined:pool"),
            "2": Reference(texts["2", "one"], tier="inferred", origin="output:one"),
            "3": Reference(texts["3", "two"], tier="verified", origin="output:two"),
            "4": Reference(texts["4", "two"], tier="unverified"),
        }
        return (added[id_],) if id_ in added else ()

    items = tuple(ReferenceSet(i.id, (*i.references, *more(i.id))) for i in inputs.items)
    ratings = [Rating(str(n + 1), name, float(rng.integers(1, 6))) for n in range(40) for name in NAMES]
    found = find_underestimation(replace(inputs, items=items), ratings=ratings, scorers=["token_f1"], plan=PLAN)
    rows = {(row["evidence"], row["system"]): row["valid"] for row in found.validity}
    assert (rows["inferred", "one"], rows["inferred", "two"], rows["inferred", "three"]) == (1, 0, 0)
    assert (rows["verified", "one"], rows["verified", "two"]) == (0, 1)
    assert found.of("one", "token_f1").gap_valid["inferred"].value is None, "it is scored against itself"
    originals = Settings(tiers=("original",))
    without = find_underestimation(
        replace(inputs, items=items), ratings=ratings, scorers=["token_f1"], plan=PLAN, settings=originals
    )
    assert without.of("one", "token_f1").gap_valid["inferred"].n == 1


def test_the_screen_shows_what_is_against_people(tmp_path):
    rows = [
        {"id": str(n), "references": ["a b c", "a b"], "outputs": {"one": f"a b {'c' * (n % 3)}", "two": "a b c d" if n % 5 == 0 else "x y"},
         "ratings": {"one": 1 + (n % 7 == 0) * 3, "two": 3 + n % 2}} for n in range(60)
    ]  # fmt: skip
    for row in rows[40:]:
        del row["ratings"]
    path = tmp_path / "rated.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = CliRunner().invoke(app, ["report", str(path), "-s", "token_f1", "--format", "table"])
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "Corrected: 80 of 120 outputs are judged" in said
    assert "token_f1 contradicts people in" in said

"""`geneval.rank`: systems ranked by what people preferred."""

from __future__ import annotations

import json
import math
from xml.etree import ElementTree as ET

import pytest

import geneval
from geneval.data import Preference, Rating, read_preferences
from geneval.worth_plot import places, worth_plot
from geneval_references import InputError, UsageError
from geneval_scorers.preference import Comparisons


def votes(text, **columns):
    """Rows from `A>B A=B B<C`, one item each."""
    outcome = {">": "a", "<": "b", "=": "tie", "!": "both_bad"}
    return [
        {"id": str(n), "a": word[0], "b": word[2], "winner": outcome[word[1]], **columns}
        for n, word in enumerate(text.split())
    ]


ARENA = votes("A>B A>B A<B B>C B<C B=C A>C A=C A<C A>B B>C C>B " * 6)


def test_it_is_what_bradley_terry_fits():
    """The same numbers as the model itself gives."""
    mine = [Preference(row["id"], row["a"], row["b"], row["winner"]) for row in ARENA]
    fitted = geneval.BradleyTerry().fit(mine)
    for given in (mine, ARENA, iter(ARENA)):
        found = geneval.rank(given).criterion()
        assert found.worths == fitted.worths
        assert found.ranking.signature == fitted.signature
    assert isinstance(found.ranking, geneval.Ranking)


def test_two_systems_in_closed_form():
    """log(wins / losses), between the systems and from the baseline."""
    found = geneval.rank(votes("A>B " * 6 + "A<B " * 2), baseline="B").criterion()
    assert found.worth("A").log_worth == pytest.approx(math.log(3))
    assert (found.worth("B").log_worth, found.worth("B").low, found.baseline) == (0.0, 0.0, "B")
    assert found.worth("A").worth == pytest.approx(0.75)
    assert found.worth("A").error == pytest.approx(math.sqrt(1 / 6 + 1 / 2))


def test_matrices_follow_the_worths():
    """Wins and ties are in the order of the rows; both_bad is a tie."""
    found = geneval.rank(votes("B>A B>A A>B A=B A!B")).criterion()
    assert found.systems == ("B", "A")
    assert found.wins == ((0, 2), (1, 0))
    assert found.tied == ((0, 2), (2, 0))
    assert found.worth("A").both_bad == 1
    with pytest.raises(UsageError, match="no system is named 'C'; there are: B, A"):
        found.worth("C")


def test_criteria_are_ranked_apart():
    """One fit each, in the order of the rows; some of them on request; warnings say of which they are."""
    rows = votes("A>B A<B A>B", criterion="form") + votes("B>A B>A", criterion="content")
    found = geneval.rank(rows)
    assert [one.criterion for one in found] == ["form", "content"]
    assert found.criterion("form").worths[0].system == "A"
    assert not found.criterion("content").worths[0].identified
    assert found.warnings[0].startswith("content: B: no worth: it won all 2")
    assert [one.criterion for one in geneval.rank(rows, criterion="form")] == ["form"]
    with pytest.raises(UsageError, match="no criterion None; there are: 'form', 'content'"):
        found.criterion()
    with pytest.raises(UsageError, match="no preferences are of criterion 'style'; there are: form"):
        geneval.rank(rows, criterion="style")
    with pytest.raises(UsageError, match="criterion 'form:lower': a choice says what is better itself"):
        geneval.rank(rows, criterion="form:lower")
    with pytest.raises(UsageError, match="criterion 'content': 'A' has no worth to measure others by"):
        geneval.rank(rows, baseline="A")


def test_ratings():
    """Rows, ratings or files; the direction is said; one criterion is picked where there are several."""
    ratings = [Rating(str(n), system, value) for n in range(9) for system, value in (("A", n % 3), ("B", 1.0))]
    found = geneval.rank(ratings=ratings, ties="half").criterion()
    assert found.wins[found.systems.index("A")][found.systems.index("B")] == 3
    assert found.tied[0][1] == 3
    rows = [{"id": str(n), "ratings": {"A": {"x": 2, "y": n}, "B": {"x": 1, "y": 1}}} for n in range(4)]
    with pytest.raises(UsageError, match=r"the ratings are of several criteria: x .*pick with --criterion"):
        geneval.rank(ratings=rows)
    higher, lower = (geneval.rank(ratings=rows, criterion=f"y{way}").criterion("y") for way in ("", ":lower"))
    assert (higher.worth("A").wins, higher.worth("A").losses, higher.worth("A").ties) == (2, 1, 1)
    assert (lower.worth("A").wins, lower.worth("A").losses, lower.worth("A").ties) == (1, 2, 1)
    margin = geneval.rank(ratings=rows, criterion="x", tie_margin=1).criterion("x")
    assert margin.tied[0][1] == 4


def test_ratings_that_make_no_choice():
    """Nobody graded two systems for an item."""
    rows = [Rating("1", "A", 1.0, "x", "p"), Rating("1", "B", 1.0, "x", "q")]
    with pytest.raises(InputError, match="the 2 ratings of criterion 'x' make no choice: nobody graded two systems"):
        geneval.rank(ratings=rows)


def test_choices_of_one_item_depend_on_each_other():
    """It is said where intervals do not know."""
    rows = [Rating(str(n), s, float((n * k) % 5)) for n in range(1, 40) for s, k in (("A", 1), ("B", 2), ("C", 3))]
    assert "cluster:item" in geneval.rank(ratings=rows).criterion().ranking.signature
    assert not any("depend on each other" in told for told in geneval.rank(ratings=rows).warnings)
    assert any("depend on each other" in told for told in geneval.rank(ratings=rows, cluster=None).warnings)


def test_length():
    """The covariate of style control: (a - b) / (a + b + 1) in characters."""
    texts = [("long text", "b"), ("a", "long text"), ("aa", "bb"), ("xyz", "a")]
    rows = [row | {"output_a": x, "output_b": y} for n, row in enumerate(ARENA) for x, y in [texts[n % 4]]]
    found = geneval.rank(rows, length=True).criterion()
    longer = [(len(row["output_a"]) - len(row["output_b"])) for row in rows]
    total = [(len(row["output_a"]) + len(row["output_b"]) + 1) for row in rows]
    columns = {name: [row[name] for row in rows] for name in ("a", "b", "winner")}
    model = Comparisons.of(**columns, covariates={"length": [x / y for x, y in zip(longer, total, strict=True)]})
    fitted = geneval.BradleyTerry(covariates=("length",)).fit(model)
    assert found.ranking.covariates[0].value == pytest.approx(fitted.covariates[0].value)
    with pytest.raises(InputError, match="the preference for item '0' between 'A' and 'B' lacks output_a"):
        geneval.rank(ARENA, length=True)


def test_covariate_columns_turn_with_the_sides():
    """Swapping a and b and the sign changes nothing."""
    rows = [row | {"lists": (n * 7) % 5 - 2} for n, row in enumerate(ARENA)]
    turned = [
        row
        | {"a": row["b"], "b": row["a"], "lists": -row["lists"]}
        | {"winner": {"a": "b", "b": "a"}.get(row["winner"], row["winner"])}
        for row in rows
    ]
    first, second = (geneval.rank(given, covariates="lists").criterion() for given in (rows, turned))
    assert first.ranking.covariates[0].value == pytest.approx(second.ranking.covariates[0].value, abs=1e-9)
    for row in first.worths:
        assert row.log_worth == pytest.approx(second.worth(row.system).log_worth, abs=1e-9)
    kept = [Preference("1", "A", "B", "a")]
    with pytest.raises(UsageError, match=r"has 0 of them; read them with read_preferences\(covariates=...\)"):
        geneval.rank(kept, covariates="lists")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (votes("A>B A<B A>B", annotator="p"), "all choices are one annotator's ('p')"),
        ([row | {"id": "1"} for row in votes("A>B A<B A>B")], "all choices are about one item ('1')"),
        (votes("A>B"), "there is one choice"),
        (votes("A=B A=B B=A"), "all 3 comparisons are ties: nothing tells the systems apart"),
        (votes("A>B A>B B>C C>B"), "A: no worth: it won all 2 of its comparisons"),
        (votes("A>B B>A B>C C>B D<A"), "D: no worth: it lost all 1 of its comparisons"),
        (votes("A>B B>A C>D D>C"), "is linked with no other"),
        ([ARENA[0] | {"shown_left": "a"}, *ARENA[1:]], "71 of 72 choices do not tell what was shown on the left"),
    ],
)
def test_what_is_warned_of(rows, told):
    """It is named, and no number stands for it."""
    result = geneval.rank(rows)
    assert any(told in warning for warning in result.warnings), result.warnings
    assert all(row.worth is None for one in result for row in one.worths if not row.identified)
    json.loads(result.to_json())


BAD = [
    ([], {}, "0 items; there are no rows"),
    (votes("A>A B>A"), {}, "1 of 2 choices are between a system and itself, the first for item '0' ('A')"),
    ([{"a": "A", "b": "B", "winner": "A"}], {}, "got the text 'A'; one of a, b, tie, both_bad, skip is due"),
    ([votes("A>B")[0] | {"winner": "skip"}], {}, "all 1 comparisons are skips or have weight 0"),
    (ARENA, {"order": True}, "needs shown_left"),
    (ARENA, {"cluster": "annotator"}, "the comparisons have no annotator"),
    (ARENA, {"covariates": ["tokens"]}, "column 'tokens': no such column"),
    (ARENA, {"tie_margin": 1.0}, "a margin for ties is about ratings"),
    (ARENA, {"baseline": "Z"}, "there is no system 'Z'; there are: A, B, C"),
    (ARENA, {"next_pairs": -1}, "next_pairs=-1"),
    (ARENA, {"difference": 0.0}, "difference is 0.0"),
    (ARENA, {"ratings": []}, "give preferences, or ratings: one of the two"),
    (None, {}, "give preferences, or ratings: one of the two"),
    (None, {"ratings": [Rating("1", "A", 1.0)], "length": True}, "choices made of ratings have none"),
    (ARENA, {"ties": "drop"}, "ties='drop'; allowed: 'davidson'"),
]


@pytest.mark.parametrize(("rows", "options", "message"), BAD)
def test_what_is_refused(rows, options, message):
    """Each says what came and what is due."""
    with pytest.raises((InputError, UsageError)) as error:
        geneval.rank(rows, **options)
    assert message in str(error.value)


def test_agreement_where_all_say_the_same():
    """There is no alpha, and a reason why."""
    same = [{"id": str(n), "a": "A", "b": "B", "winner": "tie", "annotator": p} for n in range(3) for p in "pq"]
    found = geneval.rank(same, prior="firth")
    assert found.criterion().agreement.alpha is None
    assert "said the same" in found.criterion().agreement.reason
    json.loads(found.to_json())
    mixed = [row | {"winner": "a" if int(row["id"]) % 2 else "b"} for row in same]
    assert geneval.rank(mixed, cluster=None).criterion().agreement.alpha == 1.0


def test_json():
    """The shape that is promised, without NaN; worths of what is identified add up to 1."""
    result = geneval.rank(votes("A>B A<B A>B B>C B=C", annotator="p"), next_pairs=2, difference=0.5)
    found = json.loads(result.to_json())
    assert found["schema"] == "geneval.rank/1"
    assert list(found) == ["schema", "worths", "ties", "criteria", "confidence", "seed", "warnings"]
    names = {"criterion", "system", "worth", "log_worth", "low", "high", "rank_low", "rank_high", "identified"}
    assert all(names <= set(row) for row in found["worths"])
    assert sum(row["worth"] for row in found["worths"] if row["identified"]) == pytest.approx(1)
    (one,) = found["criteria"]
    assert found["ties"][0]["name"] == "nu"
    assert (one["comparisons"], one["items"], one["annotators"]) == (5, 5, 1)
    assert one["systems"] == [row["system"] for row in found["worths"]]
    assert len(one["next"]) == 2
    assert one["power"]["difference"] == 0.5
    assert one["raters"][0]["name"] == "p"
    assert one["signature"].startswith("bradley_terry(ties='davidson'")
    assert found == json.loads(
        geneval.rank(votes("A>B A<B A>B B>C B=C", annotator="p"), next_pairs=2, difference=0.5).to_json()
    )


def test_data_sets_in_and_out():
    """A `datasets.Dataset` as rows, and the worths as one."""
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_list([row | {"annotator": None} for row in ARENA])
    result = geneval.rank(rows)
    assert result.criterion().worths == geneval.rank(ARENA).criterion().worths
    given = result.to_dataset()
    assert given["system"][:] == list(result.criterion().systems)
    assert given.features["rank_low"].dtype == "int64"
    assert given["criterion"][:] == [None] * 3


def test_files(tmp_path):
    """One path or several, with columns of other names."""
    for name in ("a", "b"):
        rows = [{"id": row["id"], "good": row["a"], "b": row["b"], "winner": row["winner"]} for row in ARENA]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    one = geneval.rank(tmp_path / "a.jsonl", columns={"a": "good"})
    two = geneval.rank([str(tmp_path / "a.jsonl"), tmp_path / "b.jsonl"], columns={"a": "good"})
    assert (one.criterion().ranking.comparisons, two.criterion().ranking.comparisons) == (72, 144)
    assert read_preferences([str(tmp_path / "a.jsonl")], columns={"a": "good"})[0][0].a == "A"


def test_picture():
    """An SVG with a line a system, names that are no markup, and all of it in words."""
    rows = [row | {"a": row["a"].replace("A", "<b>&"), "b": row["b"].replace("A", "<b>&")} for row in ARENA]
    result = geneval.rank([*rows, {"id": "z", "a": "never lost", "b": "C", "winner": "a"}])
    drawn = ET.fromstring(worth_plot(result))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawn.iter(f"{space}text")]
    assert {"<b>&", "B", "C", "never lost", "no worth"} <= set(texts)
    assert len(list(drawn.iter(f"{space}circle"))) == 3
    told = drawn.find(f"{space}desc").text
    assert "never lost: no worth (it won all 1 of its comparisons: its worth has no upper bound)" in told
    assert drawn.get("role") == "img"


def test_systems_of_equal_worth_share_a_place():
    """In the table, the plot and the picture; the next place is as far down as there are systems above it."""
    rows = votes("A>B B>A A>C C>A A>C A>C B>C C>B B>C B>C", annotator="p")
    one = geneval.rank(rows, interval="none").criterion()
    assert [row.system for row in one.worths] == ["A", "B", "C"] and places(one.worths) == [1, 1, 3]
    assert places(geneval.rank(rows, interval="none", baseline="B").criterion().worths) == [1, 1, 3]
    left = geneval.rank(votes("A>B A>C B>C C>B")).criterion()
    assert [left.worths[n].system for n in (0, 1)] == ["B", "C"] and places(left.worths)[:2] == [1, 1]


def test_choices_that_repeat_their_annotators_own_are_told():
    """Of the same item and the same outputs; others and unnamed people may say the same."""
    rows = votes("A>B B>A A>B", annotator="p")
    told = [
        geneval.rank(given, cluster=None).warnings
        for given in ([*rows, *rows], [*rows, *(r | {"annotator": "q"} for r in rows)], [*votes("A>B B>A")] * 2)
    ]
    assert [any("3 choices repeat what their annotator was asked" in text for text in one) for one in told] == [
        True,
        False,
        False,
    ]

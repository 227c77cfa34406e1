"""Metrics of ranked lists: golden vectors, properties, and the judges trec_eval and eccv-caption."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geneval_references import InputError, UsageError
from geneval_scorers.ranking import Judged, Judgements, Names, Placed, RankedLists, parse_metric, parse_metrics
from geneval_scorers.ranking._metrics import METRICS

EVERY = [
    *(
        "recall(k=1)",
        "recall(k=5)",
        "recall(k=10)",
        "ir_recall(k=1)",
        "ir_recall(k=5)",
        "r_precision",
        "map_at_r",
        "map",
    ),
    *("mrr", "ndcg(k=1)", "ndcg(k=5)", "ndcg(k=10)", "bpref", "judged(k=5)", "inf_ap"),
]


def placed(lists: dict[str, list[str]], known: dict[str, list[Judged]]) -> Placed:
    """Where judged items stand; nothing is a query's own."""
    names = Names()
    judgements = Judgements.of(known, items=names, keep_self=True)
    return RankedLists.of("A", lists, names).placed(judgements)


def pattern(hits: set[int], positives: int, length: int | None = None) -> Placed:
    """One list in which the places `hits` are right; further positives are listed nowhere."""
    items = [f"i{place}" for place in range(1, (length or max(positives, 10)) + 1)]
    right = [f"i{place}" for place in sorted(hits)]
    more = [f"other{n}" for n in range(positives - len(right))]
    return placed({"q": items}, {"q": [Judged(item) for item in right + more]})


def value(spec: str, where: Placed) -> float:
    return float(parse_metric(spec).values(where)[0])


# Musgrave, Belongie and Lim 2020, "A Metric Learning Reality Check", their toy example with R = 10.
@pytest.mark.parametrize(
    ("hits", "r_precision", "map_at_r"),
    [({1}, 0.10, 0.10), ({1, 10}, 0.20, 0.12), ({1, 2}, 0.20, 0.20), (set(range(1, 11)), 1.0, 1.0)],
)
def test_toy_lists_score_what_was_published(hits: set[int], r_precision: float, map_at_r: float) -> None:
    """R@1 is 1 for all four; R-Precision and mAP@R tell them apart."""
    where = pattern(hits, 10)
    assert value("recall(k=1)", where) == 1.0
    assert value("r_precision", where) == pytest.approx(r_precision, abs=1e-12)
    assert value("map_at_r", where) == pytest.approx(map_at_r, abs=1e-12)


# Five patterns of ECCV Caption's human study (Chun et al. 2022) for R = 8, worked out by hand from the definitions:
# only the first wrong; only the first right; the first five wrong; only the fifth right; all wrong.
PATTERNS = [set(range(2, 9)), {1}, {6, 7, 8}, {5}, set[int]()]
WORTHS = [70.85, 13.15, 10.66, 4.89, 0.44]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("map_at_r", [0.6603, 0.1250, 0.1034, 0.0250, 0]),
        ("r_precision", [0.875, 0.125, 0.375, 0.125, 0]),
        ("recall(k=1)", [0, 1, 0, 0, 0]),
        ("recall(k=5)", [1, 1, 0, 1, 0]),
    ],
)
def test_patterns_of_the_human_study(spec: str, expected: list[float]) -> None:
    """With R = 8 the patterns get the stated values to four digits."""
    assert [value(spec, pattern(hits, 8)) for hits in PATTERNS] == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("spec", "pearson", "spearman", "tau_b"),
    [
        ("map_at_r", 0.999, 1, 1),
        ("r_precision", 0.949, 0.821, 0.738),
        ("recall(k=5)", 0.457, 0.577, 0.516),
        ("recall(k=1)", -0.133, 0.354, 0.316),
    ],
)
def test_correlations_with_the_published_worths(spec: str, pearson: float, spearman: float, tau_b: float) -> None:
    """mAP@R goes with what people preferred, R@1 does not."""
    values = [value(spec, pattern(hits, 8)) for hits in PATTERNS]
    found = [test(values, WORTHS).statistic for test in (stats.pearsonr, stats.spearmanr, stats.kendalltau)]
    assert found == pytest.approx([pearson, spearman, tau_b], abs=5e-4)


def test_ndcg_of_wray() -> None:
    """Grades [1, .5, 0] in the order (2, 1, 3): DCG 1.1309298, ideal 1.3154649, nDCG .8597187 (formula by hand)."""
    known = {"q": [Judged("a", 1.0), Judged("b", 0.5), Judged("c", 0)]}
    found = value("ndcg(k=3)", placed({"q": ["b", "a", "c"]}, known))
    assert (0.5 + 1 / math.log2(3)) / (1 + 0.5 / math.log2(3)) == pytest.approx(0.8597187, abs=1e-7)
    assert found == pytest.approx(0.8597187, abs=1e-7)


def test_short_lists_have_misses_at_their_end() -> None:
    """A list of two right items of five scores 2/5; nothing is divided by the length of the list."""
    where = pattern({1, 2}, 5, length=2)
    assert value("r_precision", where) == pytest.approx(0.4)
    assert value("map_at_r", where) == pytest.approx(0.4)
    assert value("recall(k=10)", where) == 1.0
    empty = placed({"q": []}, {"q": [Judged("a")]})
    assert [value(spec, empty) for spec in EVERY] == [0.0] * len(EVERY)


def test_duplicates_in_a_list_are_an_error() -> None:
    """The message names system, query, item and both places."""
    with pytest.raises(InputError, match="'A', query 'q': item 'x' stands at places 1 and 3"):
        RankedLists.of("A", {"q": ["x", "y", "x"]}, Names())


def test_queries_without_positives_have_no_number() -> None:
    """They are NaN under every metric, whatever is listed."""
    where = placed({"q": ["a", "b"], "p": ["a"]}, {"q": [Judged("a", 0)], "p": [Judged("a")]})
    for spec in EVERY:
        assert math.isnan(value(spec, where))
        assert not math.isnan(parse_metric(spec).values(where)[1])


def test_a_querys_own_text_is_no_part_of_its_gallery() -> None:
    """It is taken out of the list and of the positives, unless it is to stay."""
    names = Names()
    known = {"q": [Judged("q"), Judged("a")]}
    lists = RankedLists.of("A", {"q": ["q", "a", "b"]}, names)
    without = lists.placed(Judgements.of(known, items=names))
    assert (without.positives.tolist(), without.rank.tolist(), without.length.tolist()) == ([1], [1], [2])
    kept = lists.placed(Judgements.of(known, items=names, keep_self=True))
    assert (kept.positives.tolist(), sorted(kept.rank.tolist()), kept.length.tolist()) == ([2], [1, 2], [3])


def test_tiers_choose_positives() -> None:
    """Positives of other tiers are as if nobody had judged them; unverified ones count only where named."""
    known = {"q": [Judged("a"), Judged("b", 1, "verified"), Judged("c", 1, "unverified"), Judged("d", 0)]}
    judgements = Judgements.of(known)
    assert judgements.tiers() == {"original": 1, "verified": 1, "unverified": 1}
    assert judgements.counting().positives.tolist() == [2]
    assert judgements.counting(["original"]).positives.tolist() == [1]
    assert judgements.counting(["unverified"]).positives.tolist() == [1]
    assert len(judgements.counting(["original"]).judged.values) == 2
    with pytest.raises(UsageError, match="no tier 'gold'"):
        judgements.counting(["gold"])


def test_the_hash_of_judgements_is_that_of_their_content() -> None:
    """Neither the order of queries and items nor what had a number before changes it; a grade or a tier does."""
    known = {"q": [Judged("a"), Judged("b", 2)], "p": [Judged("b", None)]}
    turned = {"p": [Judged("b", None)], "q": [Judged("b", 2), Judged("a")]}
    first = Judgements.of(known).hash
    assert Judgements.of(turned, items=Names(["z", "b"])).hash == first
    assert Judgements.of(known | {"q": [Judged("a"), Judged("b", 1)]}).hash != first
    assert Judgements.of(known | {"q": [Judged("a", 1, "verified"), Judged("b", 2)]}).hash != first


@pytest.mark.parametrize("spec", EVERY)
def test_specs_are_read_back(spec: str) -> None:
    """`parse(repr(m)) == m`, and the spelling is the one that was typed."""
    metric = parse_metric(spec)
    assert repr(metric) == metric.label == spec
    assert parse_metric(repr(metric)) == metric
    assert metric.signature() == spec


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("recal(k=1)", "no metric 'recal'; did you mean recall?"),
        ("recall", r"recall needs k \(a whole number\); write recall\(k=...\)"),
        ("recall(k=0)", "recall: k=0 does not fit"),
        ("recall(k=True)", "recall: k=True does not fit"),
        ("recall(5)", r"options are given by name, for example recall\(option=5\)"),
        ("map_at_r(k=1)", "map_at_r has no option 'k'"),
        ("r@5", "is not a metric spec"),
    ],
)
def test_wrong_specs_are_told(spec: str, told: str) -> None:
    """What came, what is allowed."""
    with pytest.raises(UsageError, match=told):
        parse_metric(spec)


def test_a_metric_is_asked_for_once() -> None:
    """Two spellings of one metric are one."""
    with pytest.raises(UsageError, match="asked for twice"):
        parse_metrics(["recall(k=1)", "recall(k = 1)"])


def naive(spec: str, ranked: list[str], known: list[Judged]) -> float:  # noqa: PLR0911 - one a metric
    """The slow, obvious version: formulas as they are written down, one list at a time."""
    grades = {one.item: one.grade for one in known}
    right = [one for one in known if one.grade]
    r = len(right)
    if not r:
        return math.nan
    rel = [bool(grades.get(item)) for item in ranked] + [False] * (r + 20)
    metric = parse_metric(spec)
    k = getattr(metric, "k", 0)
    precision = [sum(rel[: i + 1]) / (i + 1) for i in range(len(rel))]
    match metric.name:
        case "recall":
            return float(any(rel[:k]))
        case "ir_recall":
            return sum(rel[:k]) / r
        case "r_precision":
            return sum(rel[:r]) / r
        case "map_at_r":
            return sum(precision[i] for i in range(r) if rel[i]) / r
        case "map":
            return sum(precision[i] for i in range(len(rel)) if rel[i]) / r
        case "mrr":
            return max((1 / (i + 1) for i in range(len(rel)) if rel[i]), default=0.0)
        case "ndcg":
            gains = [(grades.get(item) or 0.0) for item in ranked[:k]]
            ideal = sorted((one.grade or 0.0 for one in right), reverse=True)[:k]
            dcg = [sum(g / math.log2(i + 2) for i, g in enumerate(side)) for side in (gains, ideal)]
            return dcg[0] / dcg[1]
        case "judged":
            return sum(grades.get(item) is not None for item in ranked[:k]) / max(len(ranked[:k]), 1)
    raise AssertionError(metric.name)


ITEMS = [f"i{n}" for n in range(12)]
GRADES = st.sampled_from([None, 0, 0, 1, 1, 2, 0.5])


@st.composite
def queries(draw: st.DrawFn) -> tuple[list[str], list[Judged]]:
    ranked = draw(st.permutations(ITEMS))[: draw(st.integers(0, 12))]
    known = draw(st.dictionaries(st.sampled_from([*ITEMS, "elsewhere"]), GRADES, max_size=8))
    return list(ranked), [Judged(item, grade) for item, grade in known.items()]


@settings(deadline=None, max_examples=40)
@given(st.lists(queries(), min_size=1, max_size=6))
def test_many_lists_at_once_score_as_each_alone(found: list[tuple[list[str], list[Judged]]]) -> None:
    """The vectorised metrics equal the formulas."""
    where = placed(
        {f"q{n}": ranked for n, (ranked, _) in enumerate(found)}, {f"q{n}": known for n, (_, known) in enumerate(found)}
    )
    for spec in EVERY:
        if parse_metric(spec).name in {"bpref", "inf_ap"}:
            continue  # trec_eval judges these
        expected = [naive(spec, ranked, known) for ranked, known in found]
        assert parse_metric(spec).values(where) == pytest.approx(expected, abs=1e-12, nan_ok=True), spec


@settings(deadline=None, max_examples=40)
@given(queries())
def test_ranges_and_order_of_metrics(found: tuple[list[str], list[Judged]]) -> None:
    """0 <= mAP@R <= R-Precision <= 1; with one positive both are R@1; all metrics lie in [0, 1]."""
    where = placed({"q": found[0]}, {"q": found[1]})
    if not where.positives[0]:
        return
    for spec in EVERY:
        assert -1e-12 <= value(spec, where) <= 1 + 1e-4  # inferred AP is above 1 by its epsilons at most
    assert value("map_at_r", where) <= value("r_precision", where) + 1e-12
    if where.positives[0] == 1:
        assert value("map_at_r", where) == value("r_precision", where) == value("recall(k=1)", where)


@settings(deadline=None, max_examples=40)
@given(queries(), st.integers(0, 10))
def test_a_hit_that_moves_up_costs_nothing(found: tuple[list[str], list[Judged]], place: int) -> None:
    """Swapping a hit with the miss above it never lowers mAP@R."""
    ranked, known = found
    right = {one.item for one in known if one.grade}
    if place + 1 >= len(ranked) or ranked[place] in right or ranked[place + 1] not in right:
        return
    swapped = [*ranked[:place], ranked[place + 1], ranked[place], *ranked[place + 2 :]]
    before, after = (value("map_at_r", placed({"q": lists}, {"q": known})) for lists in (ranked, swapped))
    assert after >= before - 1e-12


TREC = {
    "ndcg(k=5)": "ndcg_cut_5",
    "ndcg(k=10)": "ndcg_cut_10",
    "mrr": "recip_rank",
    "map": "map",
    "bpref": "bpref",
    "inf_ap": "infAP",
    "r_precision": "Rprec",
    "ir_recall(k=5)": "recall_5",
    "ir_recall(k=10)": "recall_10",
    "recall(k=5)": "success_5",
}


def test_trec_eval_says_the_same() -> None:
    """trec_eval, through pytrec_eval, on 300 random queries: graded, judged wrong, in the pool and not judged."""
    judge = pytest.importorskip("pytrec_eval", reason="the judge of nDCG, MRR, MAP, bpref is not installed")
    rng = np.random.default_rng(7)
    lists, known, qrel, run = {}, {}, {}, {}
    for n in range(300):
        ids = [f"d{i}" for i in rng.permutation(40)]
        ranked = ids[: rng.integers(1, 40)]
        judged = rng.permutation(ids)[: rng.integers(2, 25)].tolist()
        grades = rng.choice([-1, 0, 0, 1, 1, 2, 3], size=len(judged)).tolist()
        grades[0] = 1
        lists[f"q{n}"] = ranked
        known[f"q{n}"] = [Judged(item, None if g < 0 else g) for item, g in zip(judged, grades, strict=True)]
        qrel[f"q{n}"] = dict(zip(judged, grades, strict=True))
        run[f"q{n}"] = {item: float(100 - place) for place, item in enumerate(ranked)}
    where = placed(lists, known)
    asked = {"ndcg_cut", "recip_rank", "map", "bpref", "infAP", "Rprec", "recall", "success"}
    told = judge.RelevanceEvaluator(qrel, asked).evaluate(run)
    for spec, name in TREC.items():
        expected = [told[query][name] for query in lists]
        assert parse_metric(spec).values(where) == pytest.approx(expected, abs=1e-9), spec


@pytest.fixture(scope="module")
def eccv_judge() -> object:
    if find_spec("eccv_caption") is None:
        pytest.skip("the judge of mAP@R is not installed: eccv-caption")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would like tqdm and ujson
        from eccv_caption import Metrics
    return Metrics()


def _orders(
    kind: str, gallery: list[int], gold: dict[int, list[int]], rng: np.random.Generator
) -> dict[int, list[int]]:
    """Rankings over all items, cut where no judge looks any more: random, or made so that there is much to find."""
    out = {}
    for query, right in gold.items():
        drawn = rng.choice(len(gallery), size=80, replace=False)
        items = [gallery[i] for i in drawn]
        if kind == "constructed":
            keep = [item for item in right if rng.random() < 0.6]
            items = list(dict.fromkeys([*items[: rng.integers(4)], *keep, *items]))
            head = items[:60]
            rng.shuffle(head)
            items = head + items[60:]
        out[query] = items
    return out


@pytest.mark.parametrize("direction", ["i2t", "t2i"])
@pytest.mark.parametrize("gold", ["coco_gts", "cxc_gts", "eccv_gts"])
@pytest.mark.parametrize("kind", ["random", "constructed"])
def test_eccv_caption_says_the_same(eccv_judge: object, kind: str, gold: str, direction: str) -> None:
    """Its own functions, over all its ids, to 1e-9."""
    from eccv_caption import _metrics as judge

    truth: dict[int, list[int]] = getattr(eccv_judge, gold)[direction]
    # All queries of ECCV Caption; of the others, which have 25,000, every fifth. Items are drawn from all ids.
    truth = truth if gold == "eccv_gts" else dict(list(truth.items())[::5])
    everything = eccv_judge.coco_gts[direction]  # type: ignore[attr-defined]
    gallery = sorted({item for right in everything.values() for item in right})
    rng = np.random.default_rng(3)
    ranked = _orders(kind, gallery, truth, rng)
    where = placed(
        {str(query): list(map(str, items)) for query, items in ranked.items()},
        {str(query): [Judged(str(item)) for item in set(right)] for query, right in truth.items()},
    )
    means = {spec: float(parse_metric(spec).values(where).mean()) for spec in EVERY[:8]}
    for k in (1, 5, 10):
        assert means[f"recall(k={k})"] == pytest.approx(judge.compute_r_at_k(ranked, truth, k), abs=1e-9)
    assert means["r_precision"] == pytest.approx(judge.compute_rprecision(ranked, truth), abs=1e-9)
    told = judge.compute_eccv_metrics(ranked, truth)
    assert means["map_at_r"] == pytest.approx(told["eccv_map_at_r"], abs=1e-9)
    assert means["r_precision"] == pytest.approx(told["eccv_rprecision"], abs=1e-9)
    assert means["recall(k=1)"] == pytest.approx(told["eccv_r1"], abs=1e-9)


@pytest.mark.usefixtures("eccv_judge")
def test_where_eccv_caption_goes_wrong() -> None:
    """Duplicates raise its R-Precision, short lists are divided by their own length, and stop its mAP@R."""
    from eccv_caption import _metrics as judge

    assert judge.rprecision([1, 1, 1, 9], {1, 2, 3, 4}) == 0.5  # one right item of four
    assert judge.rprecision([1], {1, 2, 3, 4}) == 1.0
    assert value("r_precision", pattern({1}, 4, length=1)) == 0.25
    with pytest.raises(IndexError):
        judge.compute_eccv_metrics({1: [1]}, {1: [1, 2]})


@pytest.mark.usefixtures("eccv_judge")
def test_eccv_ids_are_all_there() -> None:
    """The numbers of positives that ECCV Caption published (11,279 and 22,550) are in the package."""
    folder = files("eccv_caption") / "data"
    counts = {
        name: sum(map(len, json.loads((folder / f"eccv_{name}.json").read_text()).values()))
        for name in ("caption_to_image", "image_to_caption")
    }
    assert counts == {"caption_to_image": 11_279, "image_to_caption": 22_550}


def test_all_metrics_are_listed_once() -> None:
    """The table of names holds what the specs here ask for."""
    assert {parse_metric(spec).name for spec in EVERY} <= set(METRICS)

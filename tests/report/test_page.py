"""The page as text: what it holds, and that nothing in it can do anything; a browser judges the rest."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneval.report import _page, page_of
from geneval.report._evidence import Evidence, Island
from geneval.report._headline import headline
from geneval.report._island import island, size_of
from geneval.report._scatter import cells_of
from geneval.report._slope import slope
from geneval.report._who import heat, pairs
from geneval.report._words import chance, interval, listed, number, visible


class Read(HTMLParser):
    """Tags with their attributes, and the text of scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.inside, self.blocks = [], None, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = (tag, dict(attrs)) if tag in {"script", "style"} else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.blocks.append((*self.inside, data))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def data(self, name):
        return json.loads(next(text for _, attributes, text in self.blocks if attributes.get("id") == name))


@pytest.fixture(scope="module")
def full(cases, report):
    return page_of(cases.with_sections(report))


@pytest.fixture(scope="module")
def evil(hostile):
    return page_of(hostile[0])


@pytest.mark.parametrize("name", ["full", "evil"])
def test_only_its_own_script_and_style_are_allowed(name, request):
    """The policy names the hashes of the very script and style, and allows nothing else."""
    read = Read(request.getfixturevalue(name))
    policy = next(
        found["content"] for found in read.all("meta") if found.get("http-equiv") == "Content-Security-Policy"
    )
    hashes = {
        f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for tag, attributes, text in read.blocks
        if attributes.get("type") != "application/json"
    }
    assert len(hashes) == 2 and hashes < set(policy.split("; "))
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


@pytest.mark.parametrize("name", ["full", "evil"])
def test_no_attribute_runs_styles_or_loads(name, request):
    read = Read(request.getfixturevalue(name))
    for tag, attributes in read.tags:
        assert not [key for key in attributes if key.startswith("on") or key in {"style", "src", "srcset", "action"}], (
            tag
        )
        assert attributes.get("href", "#").startswith("#")
    assert {tag for tag, _ in read.tags}.isdisjoint(
        {"iframe", "img", "base", "form", "object", "embed", "template", "link"}
    )
    assert len(read.all("script")) == 3 and len(read.all("style")) == 1


def test_its_script_writes_text_only():
    script = _page._asset("script.js")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\(\"on|\.style\b",
        script,
    )


@given(
    st.recursive(
        st.text() | st.integers() | st.none() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_data_come_back_and_cannot_end_their_element(value):
    text = island(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")
    assert size_of(value) == len(text.encode()) + 1


@given(st.text())
def test_what_steers_a_reader_is_named(text):
    found = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", found)
    assert visible(found) == found


@pytest.mark.parametrize("name", ["full", "evil"])
def test_every_chart_is_xml_with_a_name_and_a_description(name, request):
    charts = re.findall(r"<svg.*?</svg>", request.getfixturevalue(name), re.DOTALL)
    assert len(charts) > 8
    for chart in charts:
        found = ET.fromstring(chart)  # noqa: S314 - our own picture
        assert (
            found.get("role") == "img"
            and found[0].tag == "title"
            and found[0].text
            and found[1].tag == "desc"
            and found[1].text
        )
        assert {node.tag for node in found.iter()} <= {
            "svg",
            "title",
            "desc",
            "line",
            "circle",
            "rect",
            "text",
            "polyline",
        }


def test_every_figure_has_how_it_was_computed_and_rows(full):
    """Signatures stand with the figures that are about scorers."""
    keys = set(re.findall(r'<figure id="f-([a-z]+)"', full))
    data = Read(full).data("figures-data")
    wanted = {
        "ranking",
        "audit",
        "differences",
        "scorers",
        "systems",
        "pairs",
        "attribution",
        "references",
        "help",
        "tiers",
    }
    wanted |= {
        "worths",
        "extractor",
        "rated",
        "ratings",
        "slices",
        "corrected",
        "evidence",
        "controls",
        "validity",
        "people",
        "plan",
    }
    assert keys == wanted and set(data) == wanted - {"evidence"}
    for figure in re.findall(r"<figure id=.*?</figure>", full, re.DOTALL):
        assert "How computed" in figure and "Download rows" in figure
        assert "token_f1(" in figure or re.match(r'<figure id="f-(audit|validity|people|worths)"', figure)
    assert all(len(row) == len(found["columns"]) for found in data.values() for row in found["rows"])


def test_numbers_of_the_page_are_those_of_the_report(full, report):
    rows = Read(full).data("figures-data")["differences"]
    found = {(row[0], row[1]): row[2] for row in rows["rows"]}
    assert rows["columns"][:3] == ["scorer", "system", "matched_difference.value"]
    assert found == {(row.scorer, row.system): row.matched_difference.value for row in report.findings}
    assert report.finding in full.replace("&lt;", "<").replace("&#39;", "'")


@pytest.mark.parametrize("name", ["attribution", "slices", "help", "corrected", "tiers", "pairs", "references"])
def test_what_is_not_there_is_told_with_its_reason(name, cases, report):
    made = cases.with_sections(report)
    page = page_of(replace(made, sections={**made.sections, name: {"reason": f"no {name} for lack of data"}}))
    assert f"Not shown: no {name} for lack of data." in page


def test_sections_that_no_one_made_leave_no_trace(report):
    page = page_of(replace(report, sections={"ranking": report.sections["ranking"]}))
    assert 'id="why"' not in page and 'id="where"' not in page and 'id="evidence"' in page


def test_without_its_outputs_a_report_has_a_page_without_a_list(report):
    page = page_of(replace(report, known=None))
    assert page.count("Not shown: the report was made without its outputs.") == 2


def test_choices_have_differences_in_place_of_rankings(cases):
    found = cases.by_preferences()
    page = page_of(replace(found, sections={"ranking": {"reason": "nobody ranked systems"}}))
    assert (
        "Shown in place of rankings: nobody ranked systems." in page
        and "people chose between outputs, and gave no grades" in page
    )
    assert "No output is known to be valid" in page


def test_raw_stands_beside_cleaned_where_something_is_left_out(report):
    page = page_of(replace(report, raw=report.findings))
    assert "The data as given, and cleaned" in page and "The data as given, and cleaned" not in page_of(report)


def slow_limits(item, theirs, parts=10):
    """The score that a quarter of the references of the other parts' items lie below, half of ties: item by item."""
    out = {}
    count = min(parts, len(item))
    for part in range(count):
        pool = sorted((s, 1 / len(theirs[n])) for n in range(len(item)) if n % count != part for s in theirs[n])
        whole = sum(weight for _, weight in pool)
        best = min(
            sorted({s for s, _ in pool}),
            key=lambda at: abs(
                sum(w for s, w in pool if s < at) / whole + sum(w for s, w in pool if s == at) / whole / 2 - 0.25
            ),
        )
        out.update({n: best for n in range(len(item)) if n % count == part})
    return out


def test_the_list_holds_what_a_slow_computation_finds(cases):
    found = cases.report(items=25, scorers=[cases.function()], seed=3)
    known = found.known
    listed_ = {(known.outputs.corpus.ids[i], known.outputs.systems[s]) for i, s in Evidence(known, {}).cells}
    corpus, wanted = known.outputs.corpus, set()
    valid = {(row.id, row.system) for row in known.said.ratings if row.value >= 3.5}
    valid |= {(row.id, name) for row in known.said.judgements for name in ["vivid"]}
    for place, system in enumerate(known.outputs.systems):
        own, theirs = [], []
        for n in known.items:
            output, references = (
                corpus.texts[known.outputs.text[n, place]],
                [corpus.texts[t] for t in corpus.references.row(n)],
            )
            rest = [[r for k, r in enumerate(references) if k != j] for j in range(len(references))]
            own.append([max(cases.overlap(output, r) for r in others) for others in rest])
            theirs.append([max(cases.overlap(references[j], r) for r in others) for j, others in enumerate(rest)])
        limits = slow_limits(list(known.items), theirs)
        for n, item in enumerate(known.items):
            below = np.mean([(s < limits[n] - 1e-9) + 0.5 * (abs(s - limits[n]) < 1e-9) for s in own[n]])
            if below > 0.5 and (corpus.ids[item], system) in valid:
                wanted.add((corpus.ids[item], system))
    assert listed_ == wanted and len(wanted) > 10


def test_texts_and_references_are_stored_once(report):
    found = Island(Evidence(report.known, {}), 10**9).to_dict()
    assert len(set(found["texts"])) == len(found["texts"])
    assert len({one["id"] for one in found["items"]}) == len(found["items"])
    assert max(row["i"] for row in found["rows"]) == len(found["items"]) - 1


def test_votes_and_grades_go_with_an_output(report):
    found = Island(Evidence(report.known, {}), 10**9).to_dict()
    judged = [row for row in found["rows"] if "j" in row]
    assert judged and all(row["j"] == {"valid": 2} for row in judged)
    grades = {(row.id, row.system): row.value for row in report.known.said.ratings}
    for row in found["rows"]:
        key = found["items"][row["i"]]["id"], found["systems"][row["s"]]
        assert row["g"] == [[0, grades[key], 1]]
    assert all(one["r"][-1][3] == 0 and one["r"][0][3] == 1 for one in found["items"])


def test_a_page_stays_within_its_size_and_says_what_it_holds(cases, monkeypatch):
    """2,000 outputs, and a label of which each character takes six bytes: as large as it may be, and no larger."""
    label = "<&>" * 20
    found = cases.report(items=400, references=5, systems=("a", "b", "c", "d", "e"), scorers=[cases.function(label)])
    whole, total = page_of(found), len(Evidence(found.known, {}).cells)
    assert len(Read(whole).data("evidence-data")["rows"]) == total
    limit = len(whole.encode()) - 60_000
    monkeypatch.setattr(_page, "LARGEST", limit)
    page = page_of(found)
    shown = len(Read(page).data("evidence-data")["rows"])
    assert limit - 50_000 < len(page.encode()) <= limit
    assert 0 < shown < total and f"{shown:,} of {total:,} are in this page" in page


def test_cells_of_grades_and_scores_lose_nothing():
    rng = np.random.default_rng(0)
    grade, score = rng.normal(size=500), rng.normal(size=500)
    grade[:7], score[5:11] = np.nan, np.nan
    marked = rng.random(500) < 0.2
    found = cells_of(grade, score, marked)
    there = ~np.isnan(grade) & ~np.isnan(score)
    assert (found.outputs.sum(), found.penalised.sum()) == (there.sum(), (marked & there).sum())
    assert cells_of(np.full(3, np.nan), np.zeros(3), np.zeros(3, bool)) is None


# value, sign: as shown
NUMBERS = [
    (None, False, "–"), (0.0, True, "0.000"), (-0.0004, True, "0.000"), (0.1234, True, "+0.123"), (-0.08749, True, "−0.087"),
    (12.345, False, "12.3"), (-12.6, True, "−12.6"), (4.0, False, "4"), (12345.6, False, "1.23e+04"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "sign", "wanted"), NUMBERS)
def test_numbers_are_short_and_signed_where_asked(value, sign, wanted):
    assert number(value, sign=sign) == wanted


def test_other_words():
    assert [chance(p) for p in (None, 0.0001, 0.05, 1.0)] == ["–", "< .001", ".050", "1"]
    assert (
        interval({"low": -0.1, "high": 0.2}, sign=True) == "[−0.100, +0.200]"
        and interval({"low": None, "high": 1}) == ""
    )
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def data(directions, order=None, verdict="relative_misranking", clear=True):
    """What a headline is made from: by scorer the direction of systems a, b and c; people put a first."""
    systems = [
        {"scorer": name, "system": system, "direction": way}
        for name, ways in directions.items()
        for system, way in zip("abc", ways, strict=True)
    ]
    found = {"scorers": [{"scorer": name, "verdict": verdict} for name in directions], "systems": systems}
    if order:
        flips = [{"people_prefer": "a", "scorer_prefers": order[0], "clear": clear}]
        rows = [{"scorer": name, "systems": [{"system": s} for s in order], "flips": flips} for name in directions]
        found["ranking"] = {"people": [{"system": s} for s in "abc"], "scorers": rows}
    return found


DOWN, UP, NOT = ("down", None, None), (None, None, "up"), (None, None, None)
HEADLINES = [
    (data({"f1": DOWN, "bleu": DOWN, "chrf": DOWN}, "bca"), "All 3 scorers mark a down at equal human quality. People rank it first, all scorers last."),
    (data({"f1": DOWN}, "bac"), "f1 marks a down at equal human quality. People rank it first, f1 2nd of 3."),
    (data({"f1": DOWN}, "bac", clear=False), "f1 marks a down at equal human quality."),
    (data({"f1": DOWN, "bleu": NOT}), "f1 marks a down at equal human quality."),
    (data({"f1": DOWN, "bleu": DOWN, "chrf": NOT}, "abc"), "2 of 3 scorers mark a down at equal human quality."),
    (data({"f1": UP, "bleu": UP}), "Both scorers mark c up at equal human quality."),
    (data({"f1": ("down", "down", None)}), "f1 marks a and b down at equal human quality."),
    (data({"f1": DOWN, "bleu": (None, "down", None)}), "f1 marks a down at equal human quality."),
    (data({"f1": ("down", "down", None), "bleu": ("down", None, None), "chrf": (None, "down", None)}), "2 of 3 scorers mark a down at equal human quality."),
    (data({"f1": NOT}, verdict="not_enough_evidence"), "Not enough evidence that any scorer marks a system down or up."),
    (data({"f1": NOT}, verdict="no_evidence"), "No system is marked down or up: at equal human quality, all get the same scores, within the margin."),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "wanted"), HEADLINES)
def test_the_headline_says_who_is_marked_down(given_, wanted):
    assert headline(given_) == wanted


def crowd(n=25, ways=None):
    """Systems with long names that differ at their ends, by people and by a scorer, each better than the next."""
    names = [f"organisation/a-model-with-a-long-name-{place}" for place in range(n)]
    rows = [
        {"system": name, "value": -float(place), "low": -place - 3.0, "high": -place + 3.0}
        for place, name in enumerate(names)
    ]
    return slope(rows, {"scorer": "f1", "systems": rows}, ways or {names[0]: "down", names[-1]: "up"})


def test_in_a_crowd_of_systems_nothing_hides_the_labels():
    """Whiskers stay between the labels of both sides, and only marked systems have them."""
    found = crowd()
    labels = {float(x) for x in re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="label', found)}
    whiskers = re.findall(r'<line x1="([\d.]+)"[^>]*class="whisker (\w+)"', found)
    assert {way for _, way in whiskers} == {"down", "up"} and len(whiskers) == 4
    assert all(min(labels) < float(x) < max(labels) for x, _ in whiskers)
    few = re.findall(r'<line x1="([\d.]+)"[^>]*class="whisker', crowd(12))
    assert len(few) == 24 and all(min(abs(float(x) - label) for label in labels) >= 6 for x in few)


def test_long_names_are_told_apart_by_their_ends_and_fit():
    texts = re.findall(r'class="label[^>]*>([^<]*)<', crowd())
    assert len(texts) == len(set(texts)) == 50
    assert all(len(text) <= 20 for text in texts)


def test_many_systems_stand_below_each_other_the_furthest_down_first():
    """Beside each other most would be out of sight, the one that matters, too."""
    systems = [
        {
            "scorer": name, "system": f"s{n}", "standardised": value, "direction": "down" if value < -1 else None,
            "matched_difference": {"value": value, "low": value - 1, "high": value + 1, "n": 9, "reason": None},
            "p_adjusted": 0.5, "verdict": "no_evidence",
        }
        for name in ("f1", "chrf")
        for n, value in enumerate([0.1] * 7 + [-1.5])
    ]  # fmt: skip
    given_ = {"systems": systems, "scorers": [{"scorer": "f1", "signature": ""}, {"scorer": "chrf", "signature": ""}]}
    table = heat(given_ | {"controls": []}).table
    assert list(table.head) == ["system", "f1", "chrf"] and len(table.rows) == 8
    assert table.rows[0] == ["s7", "▼ −1.5", "▼ −1.5"] and table.looks[0, 1] == "h-m4"


def test_of_many_pairs_the_worst_are_drawn_and_the_figure_says_so():
    rows = [{"preferred": f"s{n}", "other": "t", "contradiction": {"value": n / 99, "n": 5}} for n in range(60)]
    given_ = {"pairs": {"scorers": [{"scorer": "f1", "pairs": rows}]}, "scorers": [{"signature": "f1"}]}
    found = pairs(given_)
    assert "24 of 60 pairs with the highest shares" in found.lead and len(found.rows) == 60
    assert "s59 preferred to t" in found.charts[0] and "s35 preferred" not in found.charts[0]


def test_saving_writes_the_page_beside_the_numbers(report, tmp_path):
    folder = report.save(tmp_path / "out")
    assert {path.name for path in folder.iterdir()} >= {"report.html", "underestimation.json"}
    assert (folder / "report.html").read_text(encoding="utf-8") == page_of(report)

"""The page in a browser: it opens from a file, works by keyboard, can be read by all, and no text in it does anything."""

from __future__ import annotations

import csv
import io
import json

import pytest

from geneval.report._words import visible

pytestmark = pytest.mark.browser

COUNT = "document.querySelectorAll('#evidence-table tbody tr:not(.details)').length"

# Luminance and contrast: WCAG 2.2, "relative luminance" and "contrast ratio"; 4.5 for text, 3 where it is large.
CONTRAST = """() => {
  const parsed = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = parsed(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.getClientRects().length || node.closest("script, title, desc, noscript")) continue;
    const style = getComputedStyle(node);
    if (style.visibility === "hidden") continue;
    seen += 1;
    const drawn = node instanceof SVGElement;
    const [one, other] = [light(parsed(drawn ? style.fill : style.color)), light(behind(node))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push([node.tagName, node.className.baseVal ?? node.className, walker.currentNode.textContent.trim().slice(0, 40), ratio.toFixed(2)]);
  }
  return { seen, poor };
}"""

# What HTML and WCAG ask of structure: names, captions, scopes, order of headings, ids once.
FAULTS = """() => {
  const faults = [];
  const all = (what) => [...document.querySelectorAll(what)];
  for (const svg of all("svg[role=img]")) if (!svg.querySelector(":scope > title")?.textContent || !svg.querySelector(":scope > desc")?.textContent) faults.push("svg");
  for (const svg of all("svg:not([role=img])")) if (svg.getAttribute("aria-hidden") !== "true") faults.push("bare svg");
  for (const table of all("table")) if (!table.caption?.textContent) faults.push("caption");
  for (const head of all("th")) if (!head.scope) faults.push("scope");
  for (const field of all("input, select")) if (!field.labels.length) faults.push("label");
  for (const button of all("button")) if (!button.textContent.trim()) faults.push("button");
  let level = 1;
  for (const head of all("h1, h2, h3, h4, h5, h6")) {
    const own = Number(head.tagName[1]);
    if (own > level + 2) faults.push(`${head.tagName} after H${level}`);
    level = own;
  }
  const ids = all("[id]").map((node) => node.id);
  faults.push(...ids.filter((id, n) => ids.indexOf(id) !== n));
  for (const link of all("a[href^='#']")) if (!document.getElementById(link.getAttribute("href").slice(1))) faults.push(link.href);
  return faults;
}"""


def rows(page):
    return page.locator("#evidence-table tbody tr:not(.details)")


def everything(page):
    """Opens all that can be opened."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate("document.querySelectorAll('.list .open[aria-expanded=false]').forEach((one) => one.click())")


@pytest.mark.parametrize("name", ["plain", "choices", "hostile"])
def test_it_opens_from_a_file_and_asks_for_nothing_else(look, pages, name):
    page = look(name)
    assert page.locator("h1").inner_text() and page.evaluate(COUNT) > 0
    assert look.seen["requests"] == [(pages.folder / f"{name}.html").as_uri()]


@pytest.mark.parametrize("name", ["plain", "hostile"])
@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_is_wider_than_the_window(look, name, width):
    page = look(name, width)
    everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(look, scheme, width):
    page = look(width=width, color_scheme=scheme)
    everything(page)
    found = page.evaluate(CONTRAST)
    assert found["poor"] == [] and found["seen"] > 500


def test_light_and_dark_differ(look):
    paper = "getComputedStyle(document.body).backgroundColor"
    assert look(color_scheme="light").evaluate(paper) != look(color_scheme="dark").evaluate(paper)


@pytest.mark.parametrize("name", ["plain", "choices", "hostile"])
def test_its_structure_can_be_read_aloud(look, name):
    page = look(name)
    everything(page)
    assert page.evaluate(FAULTS) == []


def test_search_keeps_what_holds_all_words(look):
    page = look()
    before = page.evaluate(COUNT)
    wanted = rows(page).first.locator(".out").inner_text()
    page.locator("#evidence-search").fill(f"{wanted.upper()} vivid")
    assert 1 <= page.evaluate(COUNT) < before
    assert wanted in page.locator("#evidence-table .out").all_inner_texts()
    page.locator("#evidence-search").fill("no text has these words")
    assert page.evaluate(COUNT) == 0
    assert page.locator("#evidence-found").inner_text().startswith("0 of ")
    page.locator("#evidence-search").fill("")
    assert page.evaluate(COUNT) == before


def test_filters_keep_their_system(look):
    page = look()
    page.get_by_label("System", exact=True).select_option(label="vivid")
    assert set(page.locator("#evidence-table tbody td:nth-child(2)").all_inner_texts()) == {"vivid"}


def tab_to(page, where):
    """Presses Tab until the wanted element has the focus."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({json.dumps(where)})"):
            return
    raise AssertionError(f"Tab never reaches {where}")


def test_the_list_works_by_keyboard_alone(look):
    page = look()
    tab_to(page, "#evidence-search")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.type("vivid")
    assert page.evaluate(COUNT) > 1
    tab_to(page, "#evidence-table th:nth-child(4) button")
    page.keyboard.press("Enter")
    grades = [float(text) for text in page.locator("#evidence-table tbody td:nth-child(4)").all_inner_texts()]
    assert grades == sorted(grades)
    assert page.locator("#evidence-table th:nth-child(4)").get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    grades = [float(text) for text in page.locator("#evidence-table tbody td:nth-child(4)").all_inner_texts()]
    assert grades == sorted(grades, reverse=True)
    tab_to(page, ".list .open")
    page.keyboard.press("Enter")
    assert page.locator(".details").count() == 1
    page.keyboard.press("Enter")
    assert page.locator(".details").count() == 0


def test_the_first_tab_skips_to_the_finding(look):
    page = look()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#finding")


def test_tables_sort(look):
    page = look()
    head = page.locator("#f-differences th", has_text="vivid")
    head.locator("button").click()
    texts = page.locator("#f-differences tbody td:last-child bdi").all_inner_texts()
    found = [float(text.replace("▼ ", "").replace("−", "-")) for text in texts]
    assert found == sorted(found) and head.get_attribute("aria-sort") == "ascending"


def test_details_tell_what_is_known_of_an_output(look):
    page = look()
    rows(page).first.locator(".open").click()
    told = page.locator(".details").first.inner_text()
    for part in (
        "Source",
        "original",
        "inferred",
        "paraphrase:model@1",
        "does not count",
        "votes: valid 2, partly 1",
        "limit",
        "Valid by",
    ):
        assert part in told
    assert page.locator(".details mark").count() > 0


def test_units_are_told(look):
    page = look()
    page.get_by_label("Cause", exact=True).select_option(index=1)
    rows(page).first.locator(".open").click()
    told = page.locator(".details").first.inner_text()
    assert "omitted: a cat" in told and "two dogs (supported)" in told and "“three” for “two” (number)" in told


def test_marked_words_are_those_that_output_and_reference_share(look):
    page = look()
    row = rows(page).first
    words = set(row.locator(".out").inner_text().lower().split())
    nearest = set(row.locator(".near").inner_text().lower().split())
    assert set(row.locator(".out mark").all_inner_texts()) == words & nearest


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_every_figure_gives_its_rows(look, name):
    page = look(name, accept_downloads=True)
    data = json.loads(page.locator("#figures-data").text_content())
    wanted = {key: len(found["rows"]) for key, found in data.items()}
    wanted["evidence"] = len(json.loads(page.locator("#evidence-data").text_content())["rows"])
    keys = page.locator(".load").evaluate_all("(all) => all.map((one) => one.dataset.figure)")
    assert sorted(keys) == sorted(wanted) and all(wanted.values())
    for number, key in enumerate(keys):
        if number % 4 == 3:
            page.reload()  # Chromium drops each eleventh download of a page
        place = page.locator(f".load[data-figure={key}]")
        with page.expect_download() as csv_file:
            place.locator("[data-as=csv]").click()
        with page.expect_download() as json_file:
            place.locator("[data-as=json]").click()
        assert csv_file.value.suggested_filename == f"{key}.csv"
        table = list(csv.reader(io.StringIO(csv_file.value.path().read_bytes().decode(), newline="")))
        objects = json.loads(json_file.value.path().read_bytes().decode())
        assert (len(table) - 1, len(objects)) == (wanted[key], wanted[key])
        assert all(len(row) == len(table[0]) for row in table)
        for cell in (cell for row in table for cell in row):
            assert cell[:1] not in {"=", "+", "@"} and (cell[:1] != "-" or isinstance(float(cell), float))


def test_no_text_does_anything(look, pages):
    """More than 500 strings that attack, in outputs, ids, systems, references, sources, origins, scorers: all are shown as text."""
    assert sum(map(len, pages.texts.values())) >= 500
    page = look("hostile")
    everything(page)
    assert page.locator("script").count() == 3
    forms = "iframe, img, base, form, object, embed, template, link, meta[http-equiv=refresh], textarea, animate, style:not(head style)"
    assert page.locator(forms).count() == 0
    evil = "[...document.querySelectorAll('*')].flatMap((n) => [...n.attributes]).filter((a) => a.name.startsWith('on') || a.name === 'style' || /^\\s*javascript:/i.test(a.value)).length"
    assert page.evaluate(evil) == 0
    shown = page.evaluate(
        "document.body.innerText + [...document.querySelectorAll('svg text, svg title, svg desc')].map((n) => n.textContent).join('\\n')"
    )
    plain = " ".join(shown.split())
    evidence = json.loads(page.locator("#evidence-data").text_content())
    for row in evidence["rows"][:50]:
        item = evidence["items"][row["i"]]
        for text in (
            evidence["texts"][row["t"]],
            item["id"],
            evidence["systems"][row["s"]],
            *(evidence["texts"][one[0]] for one in item["r"]),
        ):
            assert " ".join(visible(text).split()) in plain
    for text in (*pages.texts["system"], *pages.texts["scorer"], *pages.texts["section"]):
        assert " ".join(visible(text).split()) in plain
    for way in ("\u202e", "\u2066", "\x1b", "\x07", "\u2028"):
        assert way not in page.evaluate(
            "document.body.textContent.replace(document.getElementById('evidence-data').textContent, '').replace(document.getElementById('figures-data').textContent, '')"
        )


def test_hostile_text_can_be_searched(look):
    page = look("hostile")
    page.locator("#evidence-search").fill("<script>alert(")
    assert page.evaluate(COUNT) > 0


def test_the_policy_is_in_force(browser, pages):
    """What a text would have to do to harm is refused by the browser as well: no code from text, no inline script or style, no network."""
    page = browser.new_page()
    page.goto((pages.folder / "plain.html").as_uri())
    tried = """async () => {
      const out = {};
      const refused = (name, act) => { try { act(); out[name] = "done"; } catch (error) { out[name] = error.name; } };
      // What the debugger calls itself may use eval; what a timer calls may not.
      await new Promise((done) => setTimeout(() => { refused("eval", () => eval("window.harmed = 1")); done(); }));
      refused("html", () => { document.body.innerHTML = "<b>x</b>"; });
      refused("script", () => { const s = document.createElement("script"); s.textContent = "window.harmed = 2"; document.body.append(s); });
      const mark = document.querySelector("h1"); mark.setAttribute("style", "color: rgb(1, 2, 3)");
      out.style = getComputedStyle(mark).color;
      out.fetch = await fetch("http://x.invalid/").then(() => "done", (error) => error.name);
      out.harmed = window.harmed ?? null;
      return out;
    }"""
    found = page.evaluate(tried)
    page.close()
    assert (
        found["harmed"] is None
        and found["eval"] != "done"
        and found["html"] == "TypeError"
        and found["script"] == "TypeError"
    )
    assert found["style"] != "rgb(1, 2, 3)" and found["fetch"] == "TypeError"


def test_without_scripts_the_first_outputs_are_there(look):
    page = look(java_script_enabled=False)
    assert page.locator(".row").count() == 20
    assert page.locator("noscript").is_visible() and not page.locator("#evidence-tools").is_visible()
    assert not page.locator(".load").first.is_visible()


def test_it_prints_with_details_and_without_controls(look):
    page = look()
    page.emulate_media(media="print")
    for hidden in ("nav", "#evidence-tools", ".pages"):
        assert not page.locator(hidden).first.is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".details").count() == min(20, page.evaluate(COUNT))
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".details").count() == 0
    assert page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"


OUTSIDE = """[...document.querySelectorAll('#f-ranking svg')].filter((svg) => svg.getClientRects().length).flatMap((svg) =>
  [...svg.querySelectorAll('.label')].map((label) => [svg.getBoundingClientRect(), label.getBoundingClientRect(), label.textContent]))
  .filter(([svg, label]) => label.left < svg.left - 1 || label.right > svg.right + 1).map((found) => found[2])"""


@pytest.mark.parametrize("width", [390, 1280])
def test_many_systems_with_long_names_can_be_read(look, width):
    """Labels of the slopes stay in the chart, and the heat map is no wider than its place on a screen."""
    page = look("crowd", width)
    assert page.locator("#f-ranking .label").count() >= 28 and page.evaluate(OUTSIDE) == []
    if width == 1280:
        assert (
            page.evaluate(
                "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('#f-differences .scroll'))"
            )
            == 0
        )


def test_an_output_that_all_scorers_penalise_says_so_once(look):
    page = look("crowd")
    rows = page.locator("#evidence-table tbody tr .chips").all_inner_texts()
    assert "all 4 with a band" in rows and all(len(text.split("\n")) <= 3 for text in rows)

"""The system's chromium, and pages that are watched while they are looked at."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

BESIDE = Path(__file__).parents[1]
sys.path[:0] = [str(BESIDE / "report")]  # tests are no package: the cases are found by their name


@pytest.fixture(scope="session")
def browser(browser_path):
    from playwright.sync_api import sync_playwright

    # Root cannot have Chromium's sandbox; containers run as root.
    options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=browser_path, args=options, timeout=0)
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Pages by name: `plain`, with every section; `hostile`, whose every text attacks; `choices`, from preferences;
    `crowd`, of many systems with long names and four scorers."""
    import report_cases as cases

    from geneval.report import page_of

    folder = tmp_path_factory.mktemp("pages")
    attacking, texts = cases.hostile()
    reports = {"plain": cases.with_sections(cases.report()), "hostile": attacking, "choices": cases.by_preferences()}
    crowd = [f"organisation/a-model-with-a-long-name-{n}" for n in range(14)]
    reports["crowd"] = cases.report(40, 3, crowd, ("token_f1", "chrf", "bleu", "rouge(kind='L')"))
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(page_of(report), encoding="utf-8")
    return SimpleNamespace(folder=folder, texts=texts, reports=reports)


@pytest.fixture
def look(browser, pages):
    """Opens a page; whatever it asks for, complains of or pops up while it is looked at fails the test."""
    seen: dict[str, list[str]] = {"requests": [], "messages": [], "dialogs": []}
    contexts = []

    def dismiss(dialog):
        seen["dialogs"].append(dialog.message)
        dialog.dismiss()

    def opened(name="plain", width=1400, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(120_000)  # a loaded machine is slow, not wrong
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen["requests"].append(request.url))
        page.on("console", lambda message: seen["messages"].append(message.text))
        page.on("pageerror", lambda error: seen["messages"].append(str(error)))
        page.on("dialog", dismiss)
        page.on("popup", lambda popup: seen["dialogs"].append(popup.url))
        page.goto((pages.folder / f"{name}.html").as_uri())
        return page

    opened.seen = seen
    yield opened
    for context in contexts:
        context.close()
    foreign = [url for url in seen["requests"] if not url.startswith((pages.folder.as_uri(), "blob:"))]
    assert (foreign, seen["messages"], seen["dialogs"]) == ([], [], [])

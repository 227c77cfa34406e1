"""Draws docs/images/report.png: the top of the page that `geneval report` makes for the data that ship with geneval.

    python benchmarks/draw_report.py [report.html]

Needs the group `browser`, pillow and a chromium. With a page's path, that page is drawn.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from geneval.data import demo_inputs
from geneval.report import page_of
from geneval.underestimation import ReportPlan, find_underestimation

TARGET = Path(__file__).parents[1] / "docs" / "images" / "report.png"
SCORERS = ["bleu(lowercase=True)", "chrf", "rouge(kind='L')"]
WIDTH, MOST = 1200, 200_000


def demo_page() -> str:
    """The page of the demo's three systems, judged by their graded captions; from 4 of 5 on a caption is valid."""
    return page_of(find_underestimation(demo_inputs(), scorers=SCORERS, plan=ReportPlan(valid={"": 4})))


def draw(page: Path, target: Path) -> None:
    """Saves what stands above the second part of the page, in 256 colours at most."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(found for name in names if (found := shutil.which(name)))
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=options)
        view = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light", device_scale_factor=1.5)
        view.goto(page.as_uri())
        bottom = view.evaluate("document.querySelector('#f-ranking .below').getBoundingClientRect().top")
        view.screenshot(path=target, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom})
        browser.close()
    Image.open(target).convert("RGB").quantize(64).save(target, optimize=True)


def main() -> None:
    """Draws, and says how large it is."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        given = sys.argv[1:]
        page.write_text(Path(given[0]).read_text(encoding="utf-8") if given else demo_page(), encoding="utf-8")
        draw(page, TARGET)
    size = TARGET.stat().st_size
    assert size < MOST, f"{size} bytes are too many"
    print(f"written: {TARGET.name}, {size} bytes")


if __name__ == "__main__":
    main()

"""Draws pictures of report pages: docs/images/report.png, the top of what `geneval demo` makes, and figures of THumB's.

    python benchmarks/draw_report.py DEMO.html [THUMB.html]

DEMO.html is the page in the folder `geneval-demo-report`; THUMB.html the one of docs/tutorial.md. Needs the group `browser`,
pillow and a chromium.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH, MOST = 1200, 200_000
FIGURES = {"f-ranking": "thumb-systems", "f-differences": "thumb-differences", "f-attribution": "thumb-causes"}


def draw(page: Path, figures: dict[str, str]) -> None:
    """Saves figures of a page; without any, what stands above its first figure's notes, as the README's picture."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(found for name in names if (found := shutil.which(name)))
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=options)
        view = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light", device_scale_factor=1.5)
        view.goto(page.resolve().as_uri())
        for figure, name in figures.items():
            view.locator(f"#{figure}").screenshot(path=IMAGES / f"{name}.png")
            smaller(IMAGES / f"{name}.png")
        if not figures:
            bottom = view.evaluate("document.querySelector('#f-ranking .below').getBoundingClientRect().top")
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": bottom}
            view.screenshot(path=IMAGES / "report.png", full_page=True, clip=clip)
            smaller(IMAGES / "report.png")
        browser.close()


def smaller(picture: Path) -> None:
    """In 64 colours."""
    from PIL import Image

    Image.open(picture).convert("RGB").quantize(64).save(picture, optimize=True)
    size = picture.stat().st_size
    assert size < MOST, f"{size} bytes are too many"
    print(f"written: {picture.name}, {size} bytes")


if __name__ == "__main__":
    for given, wanted in zip(map(Path, sys.argv[1:]), ({}, FIGURES), strict=False):
        draw(given, wanted)

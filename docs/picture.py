"""Take the READMEs' pictures: the page about the reference results, in a Chromium without a screen.

Run it with ``make picture``; it needs Debian's ``chromium`` or another one on the PATH.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from harness.report import document

ROOT = Path(__file__).parents[1]
PICTURES = {"en": ROOT / "docs" / "report.png", "zh": ROOT / "docs" / "report.zh-CN.png"}
FLAGS = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars")
LARGEST = 300_000  # bytes; a README is read over slow lines, too


def main() -> None:
    """Write the page, open it, and keep what is to be seen first."""
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        sys.exit("There is no chromium on the PATH; on Debian: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=[*FLAGS])
        for lang, picture in PICTURES.items():
            path = Path(folder) / f"{lang}.html"
            document.write(path, [ROOT / "results" / "reference"], lang)
            page = started.new_page(viewport={"width": 1360, "height": 1000}, color_scheme="light")
            page.goto(path.as_uri())
            # The claim that the releases with another map disagree about, and its evidence.
            claim = page.locator("[data-section=s-global-delete] [data-claim=growth-filled]")
            claim.locator("td").nth(22).click()
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=picture)
            if picture.stat().st_size > LARGEST:
                sys.exit(f"{picture} has more than {LARGEST} bytes")
        started.close()


if __name__ == "__main__":
    main()

"""Take the picture of a report's page that the README shows: ``tox run -e conformance,picture``.

Needs Chromium or Chrome. The picture is of the top of the page, in light colours.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(page_file: str, picture: str) -> None:
    """Write the picture.

    Args:
        page_file: a `parity.html`.
        picture: the PNG file to write.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit(f"screenshot: expected one of {', '.join(BROWSERS)} on the PATH, found none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        page.goto(Path(page_file).resolve().as_uri())
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

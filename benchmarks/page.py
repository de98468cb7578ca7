"""Print what the page of a report costs: to write, in size, and until a browser answers on it.

Wall-clock figures for people; no test depends on them. Run it on an idle machine: ``tox run -e bench``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from conformance.cases import CASES
from conformance.judging.verdict import Status, Verdict
from conformance.report.page import render_page
from conformance.report.record import Report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def report(count: int) -> Report:
    """Return a report of as many verdicts: of up to 300 cases, with 20 observables and lanes each.

    Args:
        count: how many verdicts.
    """
    names = [name for name, case in CASES.items() if not case.space.plain][:300]
    verdicts = []
    for index in range(count):
        case, rest = names[index % len(names)], index // len(names)
        sample = f"{case}:seed=1,draw={rest // 20},class=small,regime=normal,N=2,F=3"
        lane, observable = ("float64", "float32")[rest % 2], f"grad.weight_{rest // 2 % 10}"
        status, headroom = (Status.FAIL, 0.5) if index % 10 == 0 else (Status.PASS, 2.0 + index % 97)
        numbers = {"headroom": headroom, "tolerance": 1e-6, "expected": 1.0, "got": 1.0 + 1e-6 / headroom}
        found = Verdict(case, sample, "backward", lane, observable, status, 6, reason="wrong", **numbers)
        verdicts.append(found)
    return Report(1, "mytorch", "torch", tuple(verdicts))


def seconds_in_browser(path: Path) -> tuple[float, float] | None:
    """Return the seconds until a page is drawn, and until its filter has answered; None without a browser.

    Args:
        path: the page.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri())
        drawn = time.perf_counter() - start
        page.locator("#filter").fill("relu")
        page.locator(".map tbody th a:visible").first.click()
        page.locator("details[open]").wait_for()
        answered = time.perf_counter() - start
        browser.close()
    return drawn, answered


def main() -> None:
    """Print one line per number of verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("verdicts", type=int, nargs="*", default=[10, 100_000], help="how many verdicts")
    options = parser.parse_args()
    # matplotlib is imported when the first page is written.
    start = time.perf_counter()
    render_page(report(1))
    print(f"first page, imports included: {time.perf_counter() - start:.1f} s")
    for count in options.verdicts:
        made = report(count)
        start = time.perf_counter()
        text = render_page(made)
        written = time.perf_counter() - start
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "parity.html"
            path.write_text(text, encoding="utf-8")
            found = seconds_in_browser(path)
        told = "no browser found" if found is None else "drawn in {:.1f} s, usable in {:.1f} s".format(*found)
        print(f"{count:,} verdicts: written in {written:.1f} s, {len(text.encode()) / 1e6:.2f} MB, {told}")


if __name__ == "__main__":
    main()

"""The page in a real browser: Debian's chromium, or another that is installed, driven by Playwright."""

from __future__ import annotations

import shutil
from math import inf

import pytest
from playwright.sync_api import sync_playwright

from conformance.cases import CASES
from conformance.judging.verdict import Status, Verdict
from conformance.report.baseline import Baseline
from conformance.report.page import render_page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason=f"no browser: none of {', '.join(NAMES)} is installed (apt-get install chromium)"
)

WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page from disk, without network, and note what it says and asks for."""
    contexts, noted = [], []

    def opened(text, fragment="", viewport=WIDE, **options):
        path = tmp_path / f"parity{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport=viewport, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noted.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: noted.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: request.url.partition("#")[0] == path.as_uri() or noted.append(request.url),
        )
        page.goto(path.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert noted == []


@pytest.fixture
def text(every_status, make):
    return render_page(every_status, Baseline.of(make.report(make.verdict("add", headroom=3.0))))


def cases(page):
    """Return the cases that the map shows, in its order."""
    return page.locator(".map tbody tr:visible th").all_inner_texts()


def test_a_page_with_every_status_says_nothing_and_asks_for_nothing(visit, text):
    assert visit(text).locator("h1").inner_text() == "mytorch does not compute add, log as torch 2.13.0 does"


def test_nothing_that_others_wrote_runs(visit, hostile):
    page = visit(render_page(hostile, Baseline.of(hostile)))
    assert page.evaluate("window.hacked") is None
    page.locator(".map tbody th a").first.click()
    page.locator(".plot a").first.hover()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "400 px"])
@pytest.mark.parametrize("report", ["every_status", "hostile", "recurrent"])
def test_nothing_is_wider_than_the_window(visit, viewport, report, request):
    page = visit(render_page(request.getfixturevalue(report)), viewport=viewport)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_on_a_narrow_window_each_check_still_has_its_column(visit, text):
    page = visit(text, viewport=NARROW)
    headings = page.locator(".map thead th:visible").all_inner_texts()
    assert headings == ["case", "forward", "backward", "training", "use", "errors"]
    boxes = [cell.bounding_box() for cell in page.locator("[id='map/case/mul'] td:visible").all()]
    assert all(box["width"] > 30 and box["x"] + box["width"] <= 400 for box in boxes)


def test_it_is_dark_where_the_reader_wants_it_dark(visit, text):
    colours = []
    for scheme in ("light", "dark"):
        page = visit(text, color_scheme=scheme)
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        # The drawing takes the page's ink.
        ink = page.evaluate("getComputedStyle(document.body).color")
        assert page.evaluate("getComputedStyle(document.querySelector('.plot text')).fill") == ink
    assert colours == ["rgb(255, 255, 255)", "rgb(16, 21, 27)"]


def test_a_heading_sorts_and_the_third_press_restores_the_order(visit, text):
    page = visit(text)
    drawn = cases(page)
    heading = page.locator(".map thead th", has_text="forward")
    heading.locator("button").click()
    assert cases(page)[:4] == ["mul", "div", "cat", "sub"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    # What was not judged comes last in one order, and first in the other.
    assert set(cases(page)[:3]) == {"exp", "log", "nn.LSTM"}
    heading.locator("button").press("Enter")
    assert cases(page) == drawn
    page.locator(".map thead th", has_text="case").locator("button").click()
    assert cases(page) == sorted(drawn, key=str.lower)


def test_the_filter_narrows_map_and_drawers(visit, text):
    page = visit(text)
    # The key that finds it in many other pages, too.
    page.keyboard.press("/")
    page.keyboard.type("nn")
    assert cases(page) == ["nn.Linear", "nn.LSTM"]
    assert page.locator(".drawer:visible .name").all_inner_texts() == ["nn.Linear", "nn.LSTM"]
    assert page.locator("#count").inner_text() == "2 of 10 cases"
    page.keyboard.press("Escape")
    assert len(cases(page)) == 10


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("failing", ["mul", "div", "cat", "nn.Linear"]),
        ("drifting", ["sub"]),
        ("excused", ["exp"]),
        ("skipped", ["log"]),
    ],
)
def test_the_cases_of_one_outcome_can_be_shown(visit, text, shown, expected):
    page = visit(text)
    page.locator("#status").select_option(label=shown)
    assert cases(page) == expected


def test_a_failure_is_opened_from_where_it_is_first_seen(visit, text):
    page = visit(text)
    row = page.locator("[id='case/mul/float32/output']")
    assert not row.is_visible()
    # Also where the filter has left its drawer out.
    page.locator("#filter").fill("nn")
    page.locator("#first .finding").first.locator("h4 a").last.click()
    row.wait_for()
    assert page.locator("[id='case/mul']").get_attribute("open") is not None


def test_a_link_to_a_row_opens_its_drawer(visit, text):
    page = visit(text, "#case/nn.LSTM/float32/sum%2Fgrad.weight_ih_l0")
    row = page.locator("tr:target")
    row.wait_for()
    assert row.locator("th").inner_text() == "sum/grad.weight_ih_l0"
    assert page.locator("details[open]").count() == 1


def test_a_row_can_be_linked_to(visit, text):
    page = visit(text, "#case/mul")
    page.locator("[id='case/mul/float32/output'] th a").click()
    assert page.evaluate("location.hash") == "#case/mul/float32/output"


def test_the_drawer_of_a_recurrent_failure_shows_its_errors_by_steps_and_gates(visit, recurrent):
    page = visit(render_page(recurrent), viewport=NARROW)
    tables = page.locator(".heat")
    assert tables.count() == 2
    assert not tables.first.is_visible()
    page.locator("#first .finding h4 a[href='#case/nn.LSTM/float32/output']").first.click()
    bias = tables.last.locator("tbody tr").last.locator("th, td")
    name, *cells = bias.all_inner_texts()
    assert (name.split("\n"), cells) == (
        ["grad.bias_ih_l0", "only gate f (of i, f, g, o)"],
        ["1", "3e+04", "0.2", "0"],
    )
    within, beyond = (bias.nth(k).evaluate("cell => getComputedStyle(cell).backgroundColor") for k in (1, 2))
    assert within != beyond
    # The names stay where they are while the steps scroll by.
    name = tables.first.locator("tbody th").first
    before = name.bounding_box()
    tables.first.locator("td").last.scroll_into_view_if_needed()
    assert tables.first.evaluate("table => table.parentElement.scrollLeft") > 0
    assert abs(name.bounding_box()["x"] - before["x"]) < 5


def test_a_dot_leads_to_its_row_and_says_which_it_is(visit, text):
    page = visit(text)
    dot = page.locator(".plot a[href='#case/sub/float32/output']")
    dot.hover()
    assert page.locator("#dot").inner_text() == "sub · output · float32 · headroom 1.2"
    dot.click()
    page.locator("[id='case/sub/float32/output']").wait_for()


def test_a_command_is_copied(visit, text):
    page = visit(text)
    finding = page.locator("#first .finding").first
    finding.locator(".copy").click()
    finding.locator(".copy", has_text="Copied").wait_for()
    page.locator("#filter").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#filter").input_value() == (
        "conformance replay mul:seed=1,draw=0,class=small,regime=normal,N=1,F=1 --implementation mytorch"
    )


def test_the_keyboard_reaches_all_but_the_dots(visit, text):
    page = visit(text)
    places = [".plot a", ".finding .copy", ".sort", "#filter", "summary", "#provenance .copy"]
    where = f"{places}.find(each => document.activeElement.matches(each))"
    reached = []
    while "#provenance .copy" not in reached:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(where))
        assert len(reached) < 300
    assert page.locator(".plot a").count() == 10
    assert set(places) - set(reached) == {".plot a"}


def test_without_scripts_all_of_it_can_be_read(visit, text):
    page = visit(text, java_script_enabled=False)
    page.locator("[id='case/mul'] summary").click()
    page.locator("[id='case/mul/float32/output']").wait_for()
    assert cases(page)[0] == "add"


def many(count):
    """Return verdicts as a large run has them: 20 rows per case, and as many samples as it takes."""
    names = [name for name, case in CASES.items() if not case.space.plain][:300]
    found = []
    for index in range(count):
        case, rest = names[index % len(names)], index // len(names)
        status = Status.FAIL if index % 10 == 0 else Status.PASS
        lane, observable = ("float64", "float32")[rest % 2], f"grad.weight_{rest // 2 % 10}"
        headroom = 0.5 if status is Status.FAIL else inf if index % 3 == 0 else 2.0 + index % 97
        sample = f"{case}:seed=1,draw={rest // 20},class=small,regime=normal,N=2,F=3"
        numbers = {"tolerance": 1e-6, "expected": 1.0, "got": 1.5, "elements": 6, "worst_index": [1, 2]}
        reason = "1 of 6 elements differ by more than rounding explains" if status is Status.FAIL else None
        found.append(
            Verdict(
                case,
                sample,
                "backward",
                lane,
                observable,
                status,
                headroom=headroom,
                reason=reason,
                shape_class="small",
                regime="normal",
                **numbers,
            )
        )
    return found


# How many elements and bytes a page may have, by its number of verdicts: with these it is ready in a second,
# which benchmarks/page.py measures.
LIMITS = {10: (1_500, 100_000), 100_000: (120_000, 4_000_000)}


@pytest.mark.parametrize("count", list(LIMITS))
def test_a_page_of_few_and_of_many_verdicts_is_small_enough_to_use(visit, make, count):
    written = render_page(make.report(*many(count)))
    page = visit(written)
    elements, size = LIMITS[count]
    assert page.evaluate("document.getElementsByTagName('*').length") <= elements
    assert len(written.encode()) <= size
    page.locator("#filter").fill("relu")
    page.locator(".map tbody th a:visible").first.click()
    page.locator("details[open] .observed tr").first.wait_for()

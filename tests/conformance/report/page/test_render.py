"""The page as text: whole, escaped, the same each time, and small enough."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib as mpl
import pytest

from conformance.report.baseline import Baseline
from conformance.report.page import render_page
from conformance.report.record import Report, constants_in_force
from conformance.report.scope import Scope

SECTIONS = ["changes", "first", "plot", "map", "cases", "suite", "coverage", "provenance"]


class Elements(HTMLParser):
    """The elements of a page, as pairs of tag and attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.ids = [attributes["id"] for _, attributes in self.found if "id" in attributes]

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture
def page(every_status, make):
    baseline = Baseline.of(make.report(make.verdict("add", headroom=3.0)))
    return render_page(every_status, baseline)


def test_the_sections_come_in_their_order(page):
    found = [attributes["id"] for tag, attributes in Elements(page).found if tag == "section"]
    assert found == SECTIONS


def test_there_is_no_section_without_anything_in_it(make):
    others = {**constants_in_force(), "sha256": "of others"}
    only = make.report(
        make.verdict(lane=None, check="errors", observable="rank", elements=0), constants=others
    )
    found = [attributes["id"] for tag, attributes in Elements(render_page(only)).found if tag == "section"]
    # No baseline, no numbers to plot, and a suite that was measured with other constants.
    assert found == ["first", "map", "cases", "coverage", "provenance"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "<p>Nothing changed since the baseline (mytorch, seed 1, torch 2.13.0+cpu).</p>"),
        ({"seed": 2}, "<p>Nothing is compared: seed: the baseline is of 1, and the report of 2.</p>"),
        (
            {"verdicts": ()},
            "torch 2.13.0+cpu, 2 lost and 0 gained.</p>",
        ),
        (
            {"scope": Scope(named=("sub",))},
            " Only the cases that this run was asked for are compared",
        ),
    ],
    ids=["nothing", "another seed", "all", "named"],
)
def test_what_changed_is_said_in_a_sentence(make, change, told):
    before = make.report(make.verdict("sub", headroom=3.0))
    also = make.verdict("add", headroom=3.0) if "scope" in change else None
    baseline = Baseline.of(replace(before, verdicts=(*before.verdicts, *filter(None, [also]))))
    text = render_page(replace(before, **change), baseline)
    assert told in text[text.index('<section id="changes">') : text.index('<section id="first">')]


def test_every_link_leads_to_one_row(page):
    found = Elements(page)
    links = [attributes["href"] for tag, attributes in found.found if tag == "a"]
    assert len(links) > 50
    assert {link for link in links if link[0] != "#" or found.ids.count(link[1:]) != 1} == set()


def test_ids_are_unique(page):
    ids = Elements(page).ids
    assert sorted(set(ids)) == sorted(ids)


def test_what_others_wrote_is_text_and_nothing_else(hostile):
    text = render_page(hostile, Baseline.of(hostile))
    harmless = re.sub(r"<script>.*</script>\n</body>", "", text, flags=re.DOTALL)
    assert harmless != text
    found = Elements(harmless)
    tags = {tag for tag, _ in found.found}
    assert "details" in tags
    assert not tags & {"script", "img"}
    assert [
        attributes for _, attributes in found.found if any(name.startswith("on") for name in attributes)
    ] == []
    # Each hostile name is there, as what it is.
    assert text.count("&lt;script&gt;window.hacked = 1&lt;/script&gt;") > 20


def test_the_page_allows_its_own_script_and_nothing_else(page):
    policy = next(
        a["content"] for t, a in Elements(page).found if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    assert re.findall(r"script-src [^;]*", policy)[0].startswith("script-src 'sha256-")
    assert page.count("<script>") == 1


def test_the_page_names_no_address_to_load_from(page):
    loading = [a for _, a in Elements(page).found for name in ("src", "srcset", "data") if name in a]
    assert loading == []
    assert "url(" not in page.replace("url(#", "")
    assert "@import" not in page


def test_the_same_report_gives_the_same_bytes(every_status):
    once = render_page(every_status)
    assert render_page(every_status) == once
    again = Report.from_json(every_status.to_json())
    assert render_page(again) == once


def test_the_settings_of_matplotlib_change_nothing(every_status):
    once = render_page(every_status)
    with mpl.rc_context({"axes.labelsize": 30, "axes.edgecolor": "red", "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        assert render_page(every_status) == once
        assert dict(mpl.rcParams) == before


def test_colours_are_those_of_the_page(page):
    drawing = page[page.index("<svg") : page.index("</svg>")]
    assert "var(--fail)" in drawing
    assert "var(--drift)" in drawing
    assert re.findall(r"#[0-9a-f]{6}\b", drawing) == []


def test_drawing_says_nothing_where_nothing_can_be_kept(tmp_path):
    # matplotlib warns where it finds no folder for its caches, and while it makes them.
    code = (
        "from conformance.report.page.strip import Dot, draw\n"
        "assert draw([Dot('loss', 'float32', 2.0, 'case/x')], 1.4).startswith('<svg')"
    )
    (tmp_path / "file").touch()
    nowhere = {"HOME": str(tmp_path / "file"), "MPLCONFIGDIR": str(tmp_path / "file" / "none")}
    done = subprocess.run(  # noqa: S603 - the code is this file's own
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_without_numbers_imports_no_plotting_library():
    code = (
        "import sys; from conformance.report.page import render_page\n"
        "from conformance.report.record import Report\n"
        "assert 'Nothing of' in render_page(Report(1, 'mytorch', 'torch', ()))\n"
        "assert not {'matplotlib', 'PIL'} & sys.modules.keys()"
    )
    done = subprocess.run(  # noqa: S603 - the code is this file's own
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr

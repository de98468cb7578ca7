"""Progress: a bar with rate, time left and what is wrong on a terminal, and a few plain lines elsewhere."""

from __future__ import annotations

import io
import re
from itertools import count

import pytest
from rich.console import Console

from conformance.judging.verdict import Status, Verdict
from conformance.running.progress import Progress

FAILED, PASSED = (
    Verdict("add", "add:0", "forward", "float32", "output", status, reason="why")
    for status in (Status.FAIL, Status.PASS)
)
LONG = "nn.functional.scaled_dot_product_attention@batch-permutation"


def told(pieces, verbosity=0, **console):
    """Return what is written when pieces of work, of a case and its verdicts, are done at equal times."""
    clock = count(step=0.3)
    shown = Console(file=io.StringIO(), get_time=lambda: next(clock), legacy_windows=False, **console)
    with Progress(verbosity, shown) as progress:
        for done, (case, verdicts) in enumerate(pieces, start=1):
            progress(case, done, len(pieces), verdicts)
            progress._bar.refresh()
    return shown.file.getvalue()


def terminal(width, **environment):
    return {"force_terminal": True, "width": width, "_environ": {"TERM": "xterm", **environment}}


def frames(text):
    """Return what stands on the line at each time."""
    return [
        frame.strip("\r\n")
        for frame in re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", text).split("\r")
        if frame.strip()
    ]


def test_without_a_terminal_a_tenth_of_the_work_is_a_line():
    pieces = [("add", [PASSED])] * 50 + [("sub", [FAILED, FAILED])] * 50
    lines = told(pieces).splitlines()
    assert len(lines) == 10
    assert [line.split(",")[0] for line in lines[3:6]] == ["40/100 add", "50/100 add", "60/100 sub"]
    assert [line.rpartition(", ")[2] for line in lines[5:]] == [
        *("20 wrong", "40 wrong", "60 wrong", "80 wrong", "100 wrong")
    ]
    assert "/s, " in lines[5]
    assert " s left, " in lines[5]
    assert "\x1b" not in "".join(lines)


def test_a_dumb_terminal_gets_the_same_plain_lines():
    pieces = [("add", [PASSED])] * 20
    assert told(pieces, **terminal(80, TERM="dumb")).count("\n") == 10


@pytest.mark.parametrize("width", [80, 40, 20])
def test_a_terminal_shows_rate_time_left_and_what_is_wrong_in_one_line(width):
    shown = frames(told([(LONG, [PASSED])] * 3 + [(LONG, [FAILED])] * 3, **terminal(width, NO_COLOR="1")))
    assert max(map(len, shown)) <= width
    assert "1 wrong" not in "".join(shown[:3])
    if width >= 40:
        assert any(
            "4/6" in frame and "/s " in frame and "0:0" in frame and "1 wrong" in frame for frame in shown
        )
    # What tells one case from another is the end of its name.
    assert ("@batch-permutation" in "".join(shown)) is (width == 80)
    assert "…" not in "".join(shown) or width != 40


def test_the_end_of_the_work_leaves_nothing_on_the_terminal():
    assert told([("add", [])] * 2, **terminal(80)).endswith("\x1b[1A\x1b[2K")


def test_quiet_is_quiet():
    pieces = [("add", [FAILED])] * 20
    assert told(pieces, -1) == told(pieces, -1, **terminal(80)) == ""


@pytest.mark.parametrize("console", [{}, terminal(80)], ids=["a file", "a terminal"])
def test_verbose_is_a_line_per_case_when_it_is_done(console):
    pieces = [("add", [PASSED]), ("add", [PASSED, FAILED]), ("sub", [PASSED]), ("mul", [])]
    lines = [frame.strip() for frame in frames(told(pieces, 1, **console))]
    lines = [line for frame in lines for line in frame.splitlines()]
    found = [line for line in lines if line.startswith(("add: ", "sub: ")) or line == "mul"]
    assert found == ["add: 2 PASS, 1 FAIL", "sub: 1 PASS", "mul"]
    assert console or lines == found


def test_without_colours_there_are_none():
    pieces = [("add", [FAILED])] * 3
    assert "\x1b[31m" in told(pieces, **terminal(80), color_system="standard")
    assert "\x1b[31m" not in told(pieces, **terminal(80, NO_COLOR="1"))


def test_a_case_is_no_markup():
    text = told([("[red]add[/]", [])], 1)
    assert "[red]add[/]" in text


@pytest.mark.parametrize("apart", [0.0, 1e-4, 0.03])
def test_no_rate_is_shown_of_what_comes_at_once(apart):
    """As from several processes, or from the journal of a run that is resumed."""
    now, text = [5.0], io.StringIO()
    with Progress(console=Console(file=text, width=80, get_time=lambda: now[0])) as progress:
        for done in range(1, 101):
            now[0] += 2.0 if done > 30 else apart
            progress("add", done, 100)
    lines = text.getvalue().splitlines()
    assert lines[:3] == [f"{done}/100 add" for done in (10, 20, 30)]
    assert lines[3:5] == ["40/100 add, 0.5/s, 120 s left", "50/100 add, 0.5/s, 100 s left"]


def test_a_rate_is_of_a_second_at_least():
    now, text = [0.0], io.StringIO()
    with Progress(console=Console(file=text, width=80, get_time=lambda: now[0])) as progress:
        for done in range(1, 21):
            now[0] += 1 / 8
            progress("add", done, 20)
    lines = text.getvalue().splitlines()
    assert [line.partition("/s")[0].partition(", ")[2] for line in lines] == 8 * [""] + 2 * ["8.0"]


def test_work_that_begins_anew_has_a_rate_of_its_own():
    now, text = [0.0], io.StringIO()
    with Progress(console=Console(file=text, width=80, get_time=lambda: now[0])) as progress:
        for seconds in (0.1, 10.0):
            for done in range(1, 101):
                now[0] += seconds
                progress("add", done, 100)
            progress._tenths = 0
    assert [line.split(", ")[1] for line in text.getvalue().splitlines()[3::10]] == ["10.0/s", "0.1/s"]


def test_the_rate_is_that_of_the_whole_run():
    # One piece of work takes as long as the thirty before it.
    now, text = [0.0], io.StringIO()
    with Progress(console=Console(file=text, width=80, get_time=lambda: now[0])) as progress:
        for done in range(1, 33):
            now[0] += 30.0 if done == 31 else 1.0
            progress("add", done, 40)
    quick, slow = text.getvalue().splitlines()[-2:]
    assert quick == "28/40 add, 1.0/s, 12 s left"
    assert slow.startswith("32/40 add, 0.5/s")

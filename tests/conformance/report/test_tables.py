"""Tables and failures as text: narrow terminals, and texts of a subject among ours."""

from __future__ import annotations

import io
import re
import shlex
import sys

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report.tables import explain, render

ROWS: list[dict[str, object]] = [
    {"case": f"nn.Case{n}", "passed": "7 of 9", "not passed": "", "worst": [0, n], "words": 9 * "some words "}
    for n in range(3)
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def width(monkeypatch):
    """Let the output go to a terminal of some width, or into a pipe."""

    def set_to(columns):
        monkeypatch.setenv("COLUMNS", str(columns or 80))
        monkeypatch.setattr(sys, "stdout", Terminal() if columns else io.StringIO())

    return set_to


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_on_a_narrow_terminal_each_row_is_a_paragraph(width, columns):
    width(columns)
    lines = render(ROWS, "terminal").splitlines()
    assert max(map(len, lines)) <= columns
    assert [line for line in lines if not line.startswith("  ")] == ["nn.Case0", "nn.Case1", "nn.Case2"]
    text = " ".join(" ".join(lines).split())
    assert "nn.Case1 passed: 7 of 9 · worst: [0, 1] · words: some words" in text
    assert "not passed" not in text


@pytest.mark.parametrize("columns", [None, 200])
def test_elsewhere_it_is_a_table(width, columns):
    width(columns)
    head, rule, *rows = render(ROWS, "terminal").splitlines()
    assert head.split()[:2] == ["case", "passed"]
    assert set(rule) == {"-", " "}
    assert len(rows) == 3


def test_a_line_break_in_a_cell_does_not_break_the_row_of_a_file():
    lines = render([{"case": "a|b", "reason": "one\ntwo"}], "markdown").splitlines()
    assert lines[2:] == ["| a\\|b | one two |"]


def test_of_a_subject_without_a_name_no_command_is_given_that_cannot_work():
    verdict = Verdict("tanh", "tanh:x", "forward", "float64", "output", Status.FAIL, reason="on purpose")
    named, given = (explain(verdict, "mine", given_as=each).splitlines()[-1] for each in ("", "an object"))
    command = "  replay     conformance replay tanh:x --implementation"
    assert named == f"{command} mine"
    assert given == f"{command} MODULE:ATTRIBUTE (it was given as an object)"


def test_the_message_of_a_subject_cannot_look_like_a_line_of_ours():
    reason = "ValueError\n```\nSHOWN: mine against torch\n\x1b[1A"
    verdict = Verdict("tanh", "tanh:", "forward", "float64", "out\nput", Status.ERROR, reason=reason)
    text = explain(verdict, "mine\n\x1b[2J", run=[verdict])
    assert "\x1b" not in text
    starts = [line[:9] for line in text.splitlines()]
    assert starts == ["ERROR tan", "  sample ", "  reason "] + 3 * [9 * " "] + ["  replay "]
    assert r"--implementation 'mine\n\x1b[2J'" in text


def _heads(text):
    """Return the headers of a table, the parts of a broken one together."""
    lines = text.splitlines()
    rule = next(number for number, line in enumerate(lines) if line.startswith("---"))
    edges = [match.span() for match in re.finditer("-+", lines[rule])]
    return [" ".join(line[a:b].strip() for line in lines[:rule]).strip() for a, b in edges]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (200, ["case", "passed", "not passed", "worst", "words"]),
        (45, ["case", "passed", "not passed", "worst"]),
        (30, ["case", "passed", "not passed"]),
        (None, ["case", "passed", "not passed", "worst"]),
    ],
)
def test_a_table_that_is_too_wide_loses_the_columns_that_can_be_spared(width, columns, expected):
    width(columns)
    text = render(ROWS, "terminal", spare=("words", "worst"))
    assert _heads(text) == expected
    assert columns is None or max(map(len, text.splitlines())) <= columns


def test_headers_are_broken_before_a_column_is_left_out(width):
    rows: list[dict[str, object]] = [{"case": "add", "numbers compared": 7, "headroom float64": 2.5}]
    width(30)
    text = render(rows, "terminal", spare=("headroom float64",))
    assert _heads(text) == ["case", "numbers compared", "headroom float64"]
    assert len(text.splitlines()) == 4


def test_without_columns_to_spare_it_is_a_table_of_paragraphs(width):
    width(12)
    lines = render([{"case": 30 * "x", "passed": 30 * "y"}], "terminal", spare=("passed",)).splitlines()
    assert max(map(len, lines)) <= 12


def test_a_long_name_is_broken_after_its_dots_and_an_address_is_not(width):
    width(200)
    rows: list[dict[str, object]] = [
        {"case": "nn.functional.cross_entropy@draws", "why": "see https://example.org/a.b.c there"}
    ]
    text = render(rows, "terminal", {"case": 15, "why": 10})
    cells = [(line[:15].strip(), line[15:].strip()) for line in text.splitlines()[2:]]
    assert [name for name, _ in cells if name] == ["nn.functional.", "cross_entropy@", "draws"]
    assert [why for _, why in cells if why] == ["see", "https://example.org/a.b.c", "there"]


def test_the_command_is_one_line_that_a_shell_reads_as_it_is_meant():
    verdict = Verdict("tanh", "tanh:a b;$(c)", "forward", "float64", "output", Status.FAIL, reason="x")
    line = explain(verdict, "my file.py:mine").splitlines()[-1]
    assert shlex.split(line)[1:] == [
        *("conformance", "replay", "tanh:a b;$(c)", "--implementation", "my file.py:mine")
    ]

"""Texts of others as they may be shown: no control characters, cut, and the same when made safe again."""

from __future__ import annotations

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.text import LIMIT, one_line, safe_message, safe_name

# What a text is shown as.
SHOWN = {
    "plain": ("grad.weight_ih", "grad.weight_ih"),
    "letters of any language": ("größe · 大きさ", "größe · 大きさ"),
    "a backslash": (r"C:\x1b", r"C:\x1b"),
    "an escape sequence": ("\x1b[31mred", r"\x1b[31mred"),
    "a carriage return": ("right\rwrong", r"right\rwrong"),
    "a bell, a tabulator": ("\a\t", r"\x07\t"),
    "C1": ("\x9b31m", r"\x9b31m"),
    "right to left": ("\u202egnp", r"\u202egnp"),
    "a line separator": ("a\u2028b", r"a\u2028b"),
    "half of a pair": ("\ud800", r"\ud800"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.values(), ids=SHOWN)
@pytest.mark.parametrize("safe", [safe_message, safe_name])
def test_control_characters_become_escapes(safe, text, shown):
    assert safe(text) == shown
    assert safe(shown) == shown


def test_line_breaks_stay_in_a_message_only():
    assert safe_message("a\nb\x1b") == "a\nb\\x1b"
    assert safe_name("a\nb") == r"a\nb"
    assert one_line("a\nb\r\nc\x1b") == r"a b c\x1b"


@pytest.mark.parametrize("letter", ["x", "\n", "\x1b", "\U000e0001"])
@pytest.mark.parametrize("safe", [safe_message, safe_name, one_line])
def test_a_long_text_keeps_its_ends_and_says_how_much_is_cut(safe, letter):
    shown = safe("begin" + 10_000 * letter + "end.")
    assert len(shown) <= LIMIT
    assert shown.startswith("begin")
    assert shown.endswith("end.")
    assert safe(shown) == shown
    if safe is safe_message and letter == "x":
        assert "x[8,209 characters cut]x" in shown


def test_words_before_a_cut_text_do_not_cut_it_again():
    cut = safe_message("x" * 10_000)
    assert safe_message(f"not repeatable: failed 3 of 10; {cut}").endswith(cut)


def test_a_verdict_and_a_report_hold_safe_texts_only():
    verdict = Verdict(
        "tanh", "tanh:", "forward", "float64", "\x1b[2J\n", Status.ERROR, reason="\ud800" + "x" * 10_000_000
    )
    assert verdict.observable == r"\x1b[2J\n"
    assert str(verdict.reason).startswith(r"\ud800xxx")
    assert len(str(verdict.reason)) < LIMIT
    report = Report(1, "mine\x1b[31m", "torch", (verdict,), timing={"began": "\x1b[31m", "seconds": 1.5})
    assert report.implementation == r"mine\x1b[31m"
    assert report.to_json().isascii()
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    "change",
    [
        {"case": None},
        {"sample": 1},
        {"lane": 64},
        {"observable": ["output"]},
        {"elements": 1.5},
        {"elements": True},
        {"headroom": []},
        {"headroom": "large"},
        {"worst_index": "0"},
        {"worst_index": [0.5]},
        {"repeatable": 1},
        {"reason": {}},
        {"status": "pass"},
        {"status": []},
        {"more": 1},
    ],
    ids=str,
)
def test_a_verdict_with_a_value_of_another_type_is_refused(change):
    good = Verdict("tanh", "tanh:", "forward", "float64", "output", Status.PASS, headroom=float("inf"))
    assert Verdict.from_json(good.to_json()) == good
    with pytest.raises((TypeError, ValueError)):
        Verdict.from_json(good.to_json() | change)

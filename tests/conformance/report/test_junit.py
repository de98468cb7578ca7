"""JUnit XML: a failing test whenever a run shows nothing, texts that XML can hold, and a small file."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report.junit import junit
from conformance.report.record import Report
from conformance.report.scope import Scope
from conformance.subjects.declarations import Declarations, Excuse


def verdict(status=Status.PASS, case="add", draw=0, check="forward", lane="float32", **fields):
    values = {"elements": 4, "shape_class": "small", "regime": "normal"}
    values |= {} if status is Status.PASS else {"reason": "because"}
    return Verdict(case, f"{case}:{draw}", check, lane, "output", status, **values | fields)


def report(*verdicts, **fields):
    return Report(1, "mine", "torch", verdicts, timing={"began": "now", "seconds": 2.5}, **fields)


def read(found):
    return ET.fromstring(junit(found))  # noqa: S314 - our own text


EXCUSE = Excuse(case="add", observable="output", reason="why", link="https://example.org")
SHOWN_OR_NOT = {
    "all is well": report(verdict()),
    "a failure": report(verdict(), verdict(Status.FAIL)),
    "an error": report(verdict(), verdict(Status.ERROR)),
    "an empty verdict": report(verdict(), verdict(Status.EMPTY, elements=0)),
    "a skip beside a pass": report(verdict(), verdict(Status.SKIP, elements=0)),
    "skips alone": report(verdict(Status.SKIP, elements=0)),
    "excused beside a pass": report(verdict(), verdict(Status.EXCUSED)),
    "excused alone": report(verdict(Status.EXCUSED)),
    "mistrusted beside a pass": report(verdict(), verdict(Status.MISTRUSTED)),
    "mistrusted alone": report(verdict(Status.MISTRUSTED)),
    "mistrusted beside a pass of another case": report(verdict(), verdict(Status.MISTRUSTED, "sub")),
    "mistrusted beside a pass without numbers": report(verdict(elements=0), verdict(Status.MISTRUSTED)),
    "an excuse that is not needed": report(verdict(), declarations=Declarations((EXCUSE,))),
    "a class judged too seldom": report(verdict(), minimums={"small": 2}),
    "a named case that is not seen": report(verdict(), scope=Scope(named=("add", "sub"))),
    "a run that ended early": replace(
        report(verdict()), timing={"began": "now", "seconds": 2.5, "stopped": "INTERRUPTED"}
    ),
    "no verdicts": report(),
}


@pytest.mark.parametrize("found", SHOWN_OR_NOT.values(), ids=SHOWN_OR_NOT)
def test_a_test_fails_if_and_only_if_the_run_shows_nothing(found):
    suites = read(found)
    wrong = len(suites.findall(".//failure")) + len(suites.findall(".//error"))
    assert bool(wrong) == bool(found.exit_code)
    for each in (suites, suites[0]):
        assert int(each.get("failures")) + int(each.get("errors")) == wrong
        assert int(each.get("tests")) == len(suites.findall(".//testcase"))
        assert float(each.get("time")) == 2.5
    assert int(suites[0].get("skipped")) == len(suites.findall(".//skipped"))


def test_a_test_is_a_check_of_a_case_in_a_lane():
    found = report(
        verdict(),
        verdict(draw=1),
        verdict(lane="float64"),
        verdict(check="backward"),
        verdict(check="errors", lane=None, elements=0),
        verdict(check="use", use="twice"),
        verdict(case="sub"),
    )
    tests = [(test.get("classname"), test.get("name")) for test in read(found).iter("testcase")]
    assert [each for each in tests if each[0] != "run"] == [
        ("add", "forward[float32]"),
        ("add", "forward[float64]"),
        ("add", "backward[float32]"),
        ("add", "errors"),
        ("add", "use[float32]"),
        ("sub", "forward[float32]"),
    ]


def test_a_failure_holds_the_commands_that_replay_its_samples():
    wrong = [verdict(Status.FAIL, draw=draw) for draw in range(5)]
    found = report(verdict(draw=9), *wrong, shrunk={"add:1": "add:small"})
    (failure,) = read(found).findall(".//failure")
    assert failure.get("message") == "5 FAIL of 6 verdicts: because"
    commands = [line.split()[3] for line in failure.text.splitlines() if line.startswith("  replay ")]
    assert commands == ["add:0", "add:small", "add:2"]
    assert "\n2 more are in parity.json\n" in failure.text


def test_an_error_among_failures_is_an_error():
    (error,) = read(report(verdict(Status.FAIL), verdict(Status.ERROR, reason="died"))).findall(".//error")
    assert error.attrib == {"message": "1 FAIL, 1 ERROR of 2 verdicts: died", "type": "ERROR"}


def test_what_xml_cannot_hold_is_escaped():
    hostile = "\x00\x1b[31m\ud800\ufffe\uffff]]><b>&\"'"
    found = report(
        replace(verdict(Status.ERROR, reason=hostile, case=hostile), observable=hostile),
        verdict(Status.SKIP, check="backward", elements=0, reason=hostile),
        environment={hostile: hostile},
        scope=Scope(named=(hostile,)),
    )
    found = replace(found, implementation=hostile, reference=hostile)
    text = junit(found)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert r"\x00\x1b[31m\ud800\ufffe\uffff]]><b>&" in read(found).find(".//error").get("message")


def test_a_run_in_which_all_is_wrong_makes_a_small_file_in_time():
    many = [
        verdict(Status.FAIL, f"case{case}", draw, check, lane, reason=900 * "x")
        for case in range(325)
        for check in ("forward", "backward")
        for lane in ("float64", "float32")
        for draw in range(50)
    ]
    assert len(many) == 65_000
    assert len(junit(report(*many))) < 6_000_000

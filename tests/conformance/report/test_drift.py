"""A verdict near its tolerance is reported before it fails, by the command and in the report."""

from __future__ import annotations

from dataclasses import replace

from conformance.judging.verdict import Status, Verdict
from conformance.report import record
from conformance.report.drift import drifting, nearest, warnings
from conformance.report.markdown import markdown
from conformance.report.record import Report, constants_in_force


def report(*headrooms, status=Status.PASS):
    return Report(
        1,
        "mytorch",
        "torch",
        tuple(
            Verdict("add", f"add:{k}", "forward", "float32", "output", status, elements=4, headroom=headroom)
            for k, headroom in enumerate(headrooms)
        ),
        constants=constants_in_force() | {"warn": 2.0},
    )


def test_the_nearest_comes_first_and_those_far_from_it_are_left_out():
    assert [v.headroom for v in drifting(report(5.0, 1.5, None, 1.01, 2.0))] == [1.01, 1.5]


def test_a_failure_is_not_drift():
    assert drifting(report(0.5, status=Status.FAIL)) == []


def test_the_nearest_observables_are_listed_however_far_they_are():
    near = report(9.0, 5.0, 7.0)
    assert [v.headroom for v in nearest(near)] == [5.0]
    assert "## Nearest to the tolerance" in markdown(near)
    assert "| add | output |  | float32 | 5 |" in markdown(near)


def test_each_case_is_among_the_nearest_once_by_its_nearest_observable():
    found = report(9.0, 5.0)
    far, near = found.verdicts
    found = replace(found, verdicts=(far, near, replace(near, observable="twice/output", use="twice"), far))
    other = replace(found, verdicts=(*found.verdicts, replace(far, case="mul")))
    assert [(v.case, v.observable) for v in nearest(other)] == [("add", "output"), ("mul", "output")]


def test_a_failure_is_not_among_the_nearest():
    assert nearest(report(0.5, status=Status.FAIL)) == []


def test_random_draws_come_near_their_critical_value_by_chance():
    found = report(1.5)
    drawn = replace(found, verdicts=tuple(replace(v, case="nn.init.normal_") for v in found.verdicts))
    assert (len(drifting(found)), drifting(drawn), nearest(drawn)) == (1, [], [])


def test_a_use_is_named():
    found = report(1.25)
    used = replace(found, verdicts=tuple(replace(v, use="no-grad", check="use") for v in found.verdicts))
    assert warnings(used)[0].startswith("add · use no-grad · output · float32 passes")
    assert "| add | output | no-grad | float32 | 1.25 |" in markdown(used)


def test_a_warning_names_the_observable_and_the_sample():
    assert warnings(report(9.0, 1.25)) == [
        "add · output · float32 passes, but nearer to its tolerance than 2: headroom 1.25 in add:1"
    ]


def test_many_are_counted():
    lines = warnings(report(*[1.5] * 13))
    assert len(lines) == 11
    assert lines[-1] == "and 3 more"


def test_the_report_shows_it_and_still_passes():
    near = report(1.25)
    assert "## Drift" in markdown(near)
    assert "headroom 1.25 in add:0" in markdown(near)
    assert near.exit_code == 0
    assert "## Drift" not in markdown(report(3.0))


def test_a_warning_headroom_of_1_warns_of_nothing():
    near = report(1.001)
    assert len(warnings(near)) == 1
    assert warnings(replace(near, constants=near.constants | {"warn": 1.0})) == []


def test_the_command_says_it(tmp_path, capsys, monkeypatch):
    from conformance.cli.main import main

    c = replace(record.constants(), warn=50.0)
    monkeypatch.setattr(record, "constants", lambda: c)
    assert main(["run", "sigmoid", "--samples", "2", "--jobs", "1", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "DRIFT sigmoid · output · " in said
    assert "headroom" in said

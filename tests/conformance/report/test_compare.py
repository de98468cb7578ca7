"""Two runs beside each other: what moved, and what could explain it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.arithmetic.constants import constants
from conformance.judging.verdict import Status, Verdict
from conformance.report.baseline import Baseline
from conformance.report.compare import Comparison, differences
from conformance.report.record import Report

FACTOR = constants().headroom_factor


def run(*headrooms, status=Status.PASS, case="add", seed=1, **environment):
    """A run of one case, with one sample per headroom."""
    verdicts = tuple(
        Verdict(
            case,
            f"{case}:{k}",
            "forward",
            "float32",
            "output",
            status,
            elements=4,
            headroom=headroom,
            shape_class="small",
            regime="normal",
        )
        for k, headroom in enumerate(headrooms)
    )
    return Report(seed, "mytorch", "torch", verdicts, environment=environment)


def compared(one, other):
    return Comparison(Baseline.of(one), Baseline.of(other))


def moved(one, other):
    return [(c.kind, c.where[0], c.before, c.after, c.why) for c in compared(one, other).moved]


def test_of_the_same_run_nothing_moved():
    assert moved(run(8.0), run(8.0)) == []
    assert compared(run(8.0), run(8.0)).text() == "nothing moved by more than rounding may; cases in both: 1"


def test_a_headroom_moved_in_either_direction_if_by_more_than_the_factor():
    near = 8.0 / FACTOR
    assert moved(run(8.0), run(near * 1.01)) == moved(run(near * 1.01), run(8.0)) == []
    told = f"to its tolerance by {1.01 * FACTOR:.2g} times, more than {FACTOR:g}"
    far, close = "8", f"{near / 1.01:.3g}"
    assert moved(run(8.0), run(near / 1.01)) == [("headroom", "add", far, close, f"nearer {told}")]
    assert moved(run(near / 1.01), run(8.0)) == [("headroom", "add", close, far, f"farther {told}")]


def test_a_status_that_changed_moved_in_either_direction():
    failed = run(8.0, status=Status.FAIL)
    assert moved(run(8.0), failed) == [("verdicts", "add", "1 PASS", "1 FAIL", "worse")]
    assert moved(failed, run(8.0)) == [("verdicts", "add", "1 FAIL", "1 PASS", "better")]


def test_a_case_in_one_only_moved():
    both = replace(run(8.0), verdicts=(*run(8.0).verdicts, *run(8.0, case="mul").verdicts))
    assert moved(both, run(8.0)) == [("case", "mul", "4 numbers", "", "gone")]
    assert moved(run(8.0), both) == [("case", "mul", "", "4 numbers", "new")]


def test_a_constant_that_changed_is_told_once():
    other = replace(run(8.0), constants=run(8.0).constants | {"replicates": 32})
    assert moved(run(8.0), other) == [("constant", "constants", "64", "32", "another")]


def test_of_two_seeds_the_number_of_samples_is_not_compared():
    assert moved(run(8.0, 8.0, 8.0), run(8.0, seed=2)) == []
    assert moved(run(8.0, 8.0, 8.0), run(8.0)) != []


@pytest.mark.parametrize("status", [Status.EXCUSED, Status.SKIP, Status.EMPTY, Status.FAIL, Status.ERROR])
def test_of_two_seeds_verdicts_that_do_not_pass_are_compared(status):
    one, other = run(8.0, 8.0), run(8.0, seed=2, status=status)
    assert [each[4] for each in moved(one, other) if each[0] == "verdicts"] == ["worse"]
    assert [each[4] for each in moved(other, one) if each[0] == "verdicts"] == ["better"]


def test_of_two_seeds_it_is_not_compared_in_which_samples_little_is_seen():
    assert moved(run(8.0, 8.0), run(8.0, seed=2, status=Status.MISTRUSTED)) == []
    assert moved(run(8.0, 8.0), run(8.0, status=Status.MISTRUSTED)) != []


def test_of_two_seeds_headrooms_are_compared_where_both_have_one():
    assert [each[0] for each in moved(run(8.0), run(7.0 / FACTOR, seed=2))] == ["headroom"]
    assert moved(run(8.0), run(None, seed=2)) == []
    assert moved(run(8.0), run(None)) != []


def test_what_differs_between_the_runs_is_shown_whether_something_moved_or_not():
    one, other = run(8.0, torch="2.13.0", cpu="A", threads=1), run(8.0, seed=2, torch="2.14.0", threads=1)
    assert compared(one, other).differences == [
        {"differs": "seed", "before": 1, "after": 2},
        {"differs": "torch", "before": "2.13.0", "after": "2.14.0"},
        {"differs": "cpu", "before": "A", "after": "not recorded"},
    ]
    assert "The runs differ in:" in compared(one, other).text()
    assert "What could explain it:" in compared(one, run(2.0 / FACTOR, seed=2)).text()


def test_what_nothing_recorded_explains_is_called_so():
    assert "nothing recorded explains it" in compared(run(8.0), run(2.0 / FACTOR)).text()


def test_an_entry_of_one_environment_only_differs():
    assert differences({}, {"new": 1}) == [{"differs": "new", "before": "not recorded", "after": 1}]

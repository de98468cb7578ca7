"""A run that requires bits: which subjects it fails, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import conformance
from conformance import UsageError
from conformance.judging.relations import RELATIONS
from conformance.running import bitwise

BATCHING = Path(__file__).parents[2] / "faulty" / "batching.py"


def _run(name, *required, samples=9, in_process=True, **how):
    return conformance.run(
        f"{BATCHING}:{name}",
        ["sum"],
        samples,
        shrink=False,
        in_process=in_process,
        require_bitwise=required,
        **how,
    )


def test_a_subject_whose_rows_depend_on_the_batch_fails_only_where_bits_are_required():
    report = _run("by_batch", "repeat", "permute", "rows", "pad-rows")
    assert (report.totals["fail"], report.totals["error"], report.exit_code) == (0, 0, 1)
    (line,) = report.bitwise.refusals
    assert line.startswith("BITS DIFFER rows: sum (forward: ")
    assert _run("by_batch", "repeat", "permute").exit_code == 0
    assert _run("by_batch").bitwise.findings == ()


def test_a_subject_that_takes_one_row_after_the_other_has_equal_bits():
    report = _run("row_by_row", "repeat", "permute", "rows", "pad-rows")
    assert (report.exit_code, report.bitwise.refusals) == (0, [])
    assert report.bitwise.told == (
        "programs with equal bits (float32): repeat 1 of 1, permute 1 of 1, rows 1 of 1, pad-rows 1 of 1"
    )


def test_two_threads_are_those_of_a_second_process(monkeypatch):
    monkeypatch.setattr(bitwise, "_cores", lambda: 2)
    report = _run("by_threads", "repeat", "threads", samples=3, in_process=False)
    (line,) = report.bitwise.refusals
    assert line.startswith("BITS DIFFER threads: sum (forward: ")


def test_one_of_two_processes_measures_what_one_alone_does(monkeypatch):
    alone = _run("by_threads", *RELATIONS, samples=1, in_process=False).bitwise
    monkeypatch.delattr(bitwise, "bitwise")  # it is a worker that measures
    assert _run("by_threads", *RELATIONS, samples=1, in_process=False, jobs=2).bitwise == alone
    assert {finding.relation for finding in alone.findings if not finding.equal} >= {"threads"}


def test_what_is_required_and_cannot_be_measured_is_not_shown():
    report = _run("row_by_row", "threads", "pad-steps", samples=3)
    assert report.exit_code == 1
    told = "the subject has no process of its own, in which the number of threads could be another"
    assert report.bitwise.refusals == [
        "BITS NOT COMPARED pad-steps: no program was run for it",
        f"BITS NOT COMPARED threads: sum ({told})",
    ]


def test_one_core_has_no_second_thread(monkeypatch):
    monkeypatch.setattr(bitwise, "_cores", lambda: 1)
    report = _run("row_by_row", "threads", samples=1, in_process=False)
    (line,) = report.bitwise.refusals
    assert "this machine has one core" in line


@pytest.mark.parametrize("required", [["order"], "row", [1], None])
def test_what_is_not_a_relation_is_refused(required):
    with pytest.raises(UsageError, match="require_bitwise: expected names out of repeat, permute"):
        conformance.run("mytorch", ["sum"], 1, require_bitwise=required)


def test_relations_are_in_one_order():
    assert bitwise.checked(["threads", "repeat"]) == ("repeat", "threads")
    assert bitwise.checked(list(RELATIONS)) == tuple(RELATIONS)

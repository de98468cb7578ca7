"""Merged shards: the report of the undivided run, and a refusal of all that is not the shards of one run."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

import conformance
from conformance.errors import UsageError
from conformance.judging.bitwise import Finding
from conformance.judging.verdict import Status, Verdict
from conformance.report.bitwise import Bitwise
from conformance.report.record import Report
from conformance.report.scope import Scope
from conformance.report.shard import Piece, Pieces, Shard
from conformance.running import bitwise, shrink
from conformance.running import merge as merging
from conformance.running import plan as plans
from conformance.running.merge import Merged, merge
from conformance.running.work import work_of
from conformance.subjects.declarations import Declarations, Excuse
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike

QUICK = {"cases": ["sigmoid", "cat"], "samples": 4}
FAULTY = {"implementation": "fault:relu-by-product", "cases": ["relu"], "samples": 6}


def lasting(report):
    """The parts of a report that are equal in two runs: all but the times and the machine."""
    return {k: v for k, v in json.loads(report.to_json()).items() if k not in {"timing", "environment"}}


def shards_of(count, **asked):
    """Run all shards, and return their reports as they are read from their files."""
    reports = (conformance.run(shard=f"{k}/{count}", **asked) for k in range(1, count + 1))
    return {f"shard {k}": Report.from_json(each.to_json()) for k, each in enumerate(reports, 1)}


@pytest.fixture(scope="module")
def whole():
    return conformance.run("torch", **QUICK)


@pytest.fixture(scope="module")
def two():
    return shards_of(2, implementation="torch", **QUICK)


@pytest.mark.parametrize("count", [1, 3, 15])
def test_shards_make_the_report_of_the_undivided_run(whole, count):
    shards = shards_of(count, implementation="torch", **QUICK)
    backwards = dict(reversed(shards.items()))
    for given in (shards, backwards):
        merged = merge(given).report
        assert lasting(merged) == lasting(whole)
        assert (merged.exit_code, merged.passed) == (0, True)
    assert merged.timing["seconds"] == pytest.approx(sum(merged.timing["shards"].values()))


@pytest.mark.diagnosed
def test_a_failing_subject_is_shrunk_and_diagnosed_as_in_the_undivided_run(caplog, monkeypatch):
    expected = conformance.run(**FAULTY)
    shards = shards_of(2, **FAULTY)
    merged = merge(shards)
    assert expected.exit_code == merged.report.exit_code == 1
    assert len(expected.shrunk) == len(expected.diagnosed) == 1
    assert lasting(merged.report) == lasting(expected)
    ((failure, file),) = merged.failures
    assert failure in shards[file].verdicts
    assert failure.sample in expected.diagnosed
    assert not caplog.records
    # Where it may not be run here, a shard's diagnosis of its own samples is kept, and that is said.
    monkeypatch.setattr(merging, "source_code", lambda *_: "other")
    with caplog.at_level(logging.WARNING):
        kept = merge(shards).report
    assert kept.diagnosed == shards[file].diagnosed
    assert "keeps the diagnoses of the shards" in caplog.text
    assert "is not that of the shards" in caplog.text


def test_minimums_are_asked_of_the_merged_report(monkeypatch):
    monkeypatch.setattr(plans, "minimums", lambda *_: {"small": 1000})
    expected = conformance.run("torch", **QUICK)
    merged = merge(shards_of(2, implementation="torch", **QUICK)).report
    assert [row.name for row in merged.shortfalls] == ["small"]
    assert merged.exit_code == expected.exit_code == 1
    assert lasting(merged) == lasting(expected)


def test_bits_that_one_shard_measured_are_those_of_the_run(monkeypatch):
    measured = Bitwise("float32", ("repeat",), (Finding("linear", "repeat", "forward", 3, 1, 2, 0.5),))
    asked = QUICK | {"implementation": "torch", "require_bitwise": ["repeat"]}
    times = []
    monkeypatch.setattr(bitwise, "bitwise", lambda *_: times.append(_) or measured)
    expected, merged = conformance.run(**asked), merge(shards_of(3, **asked)).report
    assert len(times) == 2
    assert merged.bitwise == measured
    assert merged.exit_code == 1
    assert lasting(merged) == lasting(expected)


class Wrong(TorchLike):
    def run(self, task):
        return {name: array + 1 for name, array in super().run(task).items()}


def test_the_first_three_cases_that_fail_are_looked_into(monkeypatch):
    monkeypatch.setattr(shrink, "shrink_sample", lambda verdict, _: f"smaller than {verdict.sample}")
    cases = ["neg", "abs", "relu", "sigmoid"]
    asked = {"implementation": Wrong("wrong", "torch"), "cases": cases, "in_process": True, "samples": 2}
    expected = conformance.run(**asked)
    shards = shards_of(3, **asked)
    assert len(expected.shrunk) == 3
    assert sum(len(each.shrunk) for each in shards.values()) > 3
    found = merge(shards)
    assert lasting(found.report) == lasting(expected)
    assert [verdict.case for verdict, _ in found.failures] == cases


def test_a_run_without_samples_is_merged_too():
    outside = TorchLike("tanh alone", "torch", supports=Supports(cases=["tanh"]))
    asked = {"implementation": outside, "cases": ["cat"]}
    merged = merge(shards_of(2, **asked)).report
    assert lasting(merged) == lasting(conformance.run(**asked))
    assert merged.exit_code == 3


def other(report, **fields):
    """The report of a shard with another field, of the report or of its shard."""
    shard = report.scope.shard
    of_shard = {name: value for name, value in fields.items() if hasattr(shard, name)}
    of_report = {name: value for name, value in fields.items() if name not in of_shard}
    return replace(report, **of_report, scope=replace(report.scope, shard=replace(shard, **of_shard)))


EXCUSE = Excuse(case="relu", observable="output", reason="a difference", link="https://example.org/why")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"seed": 2}, "seed is 2, there 1"),
        ({"implementation": "mytorch"}, "implementation is 'mytorch', there 'torch'"),
        ({"given_as": "an object"}, "given_as is 'an object', there ''"),
        ({"reference": "jax"}, "reference is 'jax', there 'torch'"),
        ({"constants": {"sha256": "0" * 64}}, "constants is"),
        ({"declarations": Declarations(excuses=(EXCUSE,))}, "declarations is"),
        ({"environment": {"torch": "1.0"}}, "is of another run than"),
        ({"count": 3}, "shards is 3, there 2"),
        ({"planned": 10}, "pieces is 10, there 9"),
        ({"lanes": ("float32",)}, "lanes is ('float32',), there ('float64', 'float32')"),
        ({"minimums": {"small": 3}}, "minimums is {'small': 3}, there {}"),
        ({"run": {"work": "other"}}, "is of another run than"),
    ],
    ids=str,
)
def test_shards_of_different_runs_are_refused(two, fields, says):
    first, second = two.items()
    with pytest.raises(UsageError, match="merge: shard 2 is of another run than shard 1: ") as raised:
        merge(dict([first, (second[0], other(second[1], **fields))]))
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"seed": 2}, "seed is"),
        ({"cases": ["sigmoid", "relu"]}, "pieces is|scope is"),
        ({"samples": 3}, "pieces is"),
        ({"dtypes": ["float32"]}, "lanes is"),
        ({"dtypes": ["float32", "float64"]}, "dtypes is"),
        ({"require_bitwise": ["repeat"]}, "bits required is"),
        ({"in_process": True, "implementation": "mytorch"}, "implementation is"),
    ],
    ids=str,
)
def test_runs_that_were_asked_for_something_else_are_refused(two, asked, says):
    one = conformance.run(shard="2/2", **{"implementation": "torch", **QUICK} | asked)
    with pytest.raises(UsageError, match=f"merge: b is of another run than a: ({says})"):
        merge({"a": two["shard 1"], "b": one})


def test_a_missing_shard_is_named(two):
    with pytest.raises(UsageError, match="merge: expected all 2 shards, got none for 1/2"):
        merge({"b": two["shard 2"]})
    with pytest.raises(UsageError, match=r"got none for 2/23, 3/23, [\d/, ]* 21/23, 2 more$"):
        merge({"a": other(two["shard 1"], count=23)})
    with pytest.raises(UsageError, match="merge: expected all 1000000000000 shards, got none for 2/10"):
        merge({"a": other(two["shard 1"], count=10**12)})
    with pytest.raises(UsageError, match="merge: expected the reports of shards, got none"):
        merge({})


def test_a_shard_that_is_there_twice_is_named(two):
    with pytest.raises(UsageError, match="merge: shard 1/2 is there twice: a and c"):
        merge({"a": two["shard 1"], "b": two["shard 2"], "c": two["shard 1"]})


def test_an_undivided_run_is_refused(two, whole):
    with pytest.raises(UsageError, match="merge: b: expected the report of a shard, got one of"):
        merge({"a": two["shard 1"], "b": whole})


def test_a_shard_that_ended_early_is_refused(two):
    early = replace(two["shard 2"], timing={"began": "", "seconds": 1, "stopped": "STOPPED at the first"})
    with pytest.raises(UsageError, match="merge: b: shard 2/2 is not complete: STOPPED at the first"):
        merge({"a": two["shard 1"], "b": early})


def test_a_shard_with_other_verdicts_than_those_of_its_pieces_is_refused(two):
    second = two["shard 2"]
    pieces = second.scope.shard.pieces
    with pytest.raises(UsageError, match=r"merge: shard 2/2: its pieces of work have .* verdicts, and it"):
        merge({"a": two["shard 1"], "b": other(second, pieces=Pieces(pieces[:-1]))})


@pytest.mark.parametrize(
    ("name", "place", "more"),
    [("shard 2", 0, -1), ("shard 2", 0, 1), ("shard 1", -2, -1), ("shard 1", -2, 1)],
)
def test_verdicts_on_something_else_than_their_piece_are_refused(two, name, place, more):
    # The last piece of the first shard are bad calls.
    pieces = [*two[name].scope.shard.pieces]
    pieces[place] = pieces[place]._replace(verdicts=pieces[place].verdicts + more)
    pieces[place + 1] = pieces[place + 1]._replace(verdicts=pieces[place + 1].verdicts - more)
    wrong = pieces[place if more > 0 else place + 1].name
    with pytest.raises(UsageError, match=rf"merge: {name}: expected a verdict on {wrong}, got one on "):
        merge(two | {name: other(two[name], pieces=Pieces(pieces))})


def test_another_implementation_than_that_of_the_shards_is_refused(two):
    with pytest.raises(UsageError, match="implementation: expected that of the shards, torch, got mytorch"):
        merge(two, "mytorch")
    named = {file: replace(each, implementation="mine.py:subject") for file, each in two.items()}
    assert merge(named, "./mine.py:subject").report.implementation == "mine.py:subject"
    with pytest.raises(UsageError, match="expected that of the shards"):
        merge(named, "other.py:subject")


@pytest.mark.parametrize("name", ["os:abort", "cmd:program", "mine.py:subject"])
def test_no_report_names_a_program_that_is_run(two, caplog, monkeypatch, name):
    monkeypatch.setattr(merging, "find_subject", None)
    told = {"sigmoid:x": ["it is wrong"]}
    monkeypatch.setattr(Merged, "_kept", lambda _, name, __: told if name == "diagnosed" else {})
    with caplog.at_level(logging.WARNING):
        found = merge({file: replace(each, implementation=name) for file, each in two.items()}).report
    assert found.diagnosed == told
    assert f"--implementation {name} would allow to run it" in caplog.text


NAMES = [f"relu:seed=1,draw={draw},class=small,regime=normal,N=2,F=3" for draw in range(9)]


def by_hand(index, states, **fields):
    """Return a shard of 2 of eight samples, with one verdict each, from their states by their places."""
    pieces = Pieces(Piece(place, 1, state, NAMES[place]) for place, state in states.items())
    status = {"judged": Status.PASS, "ended": Status.ERROR, "left-out": Status.ERROR}
    verdicts = [
        Verdict("relu", NAMES[place], "forward", "float32", None, status[state], reason=f"{state} {place}")
        for place, state in states.items()
    ]
    scope = Scope(("relu",), shard=Shard(index, 2, 8, ("float32",), {}, {}, pieces))
    timing = {"began": str(index), "seconds": 1.5}
    return Report(1, "mine", "torch", tuple(verdicts), scope=scope, timing=timing, **fields)


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ([(0, 1, 3, 5), (1, 2, 4, 6, 7)], "number 1 twice: in a and in b"),
        ([(0, 1, 3), (2, 4, 6, 7)], "none of number 5"),
        ([(0, 1, 3, 5), (2, 4, 6)], "none of number 7"),
        ([(0, 1, 3, 5), (2, 4, 6, 8)], "none of number 7"),
        ([(0, 1, 3, 5), (2, 4, 6, 7, 8)], "number 8 in b"),
        ([(), ()], "none of number 0"),
    ],
)
def test_pieces_that_are_lost_or_there_twice_are_named(places, says):
    shards = [by_hand(index, dict.fromkeys(its, "judged")) for index, its in enumerate(places, 1)]
    told = f"merge: expected each of 8 pieces of work once, counted from 0, got {says}$"
    with pytest.raises(UsageError, match=told):
        merge(dict(zip("ab", shards, strict=True)))


@pytest.mark.parametrize(
    ("places", "says"), [((4, 2, 6, 7), "2 behind number 4"), ((2, 2, 4), "2 behind number 2")]
)
def test_a_shard_whose_pieces_are_not_in_the_order_of_the_plan_is_named(places, says):
    second = by_hand(2, dict.fromkeys(range(len(places)), "judged"))
    pieces = zip(second.scope.shard.pieces, places, strict=True)
    moved = other(second, pieces=Pieces(piece._replace(place=place) for piece, place in pieces))
    told = f"merge: shard 2/2: expected its pieces of work in the order of the plan, got number {says}$"
    with pytest.raises(UsageError, match=told):
        merge({"a": by_hand(1, dict.fromkeys((0, 1, 3, 5), "judged")), "b": moved})


def test_the_rest_of_a_case_is_left_out_after_three_ends_in_the_order_of_the_undivided_run():
    # Each shard goes on until three of its own samples ended the process.
    odd = by_hand(1, dict.fromkeys((1, 3, 5), "ended") | {7: "left-out"})
    even = by_hand(2, dict.fromkeys((0, 2, 4), "ended") | {6: "left-out"})
    found = merge({"a": odd, "b": even})
    assert [verdict.sample for verdict in found.report.verdicts] == NAMES[:4]
    reason = "the rest of relu is left out: 3 samples in a row ended the subject's process"
    assert [verdict.reason for verdict in found.report.verdicts] == ["ended 0", "ended 1", "ended 2", reason]
    assert found.report.verdicts[3].lane == "float32"


def test_what_differs_between_machines_is_listed():
    here, there = {"cpu": "A", "torch": "2", "threads": 1}, {"cpu": "B", "torch": "2", "threads": 1}
    shards = {
        "a": by_hand(1, dict.fromkeys((0, 1), "judged"), environment=here),
        "b": by_hand(2, dict.fromkeys(range(2, 8), "judged"), environment=there),
    }
    report = merge(shards).report
    assert report.environment == {"cpu": "A; B", "torch": "2", "threads": 1}
    assert report.timing == {"began": "1", "seconds": 3.0, "shards": {"1/2": 1.5, "2/2": 1.5}}
    assert report.bitwise == Bitwise()
    assert work_of(NAMES[0], ("float32",)).lanes == ("float32",)

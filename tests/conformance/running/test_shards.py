"""Shards: each piece of work is of one, for good, and what belongs to the whole run is asked of none."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

import conformance
from conformance.errors import UsageError
from conformance.judging.verdict import Status
from conformance.report.bitwise import Bitwise
from conformance.report.files import write
from conformance.report.gate import Gate
from conformance.report.job_summary import job_summary
from conformance.report.junit import junit
from conformance.report.markdown import markdown
from conformance.report.record import Report
from conformance.report.sentence import sentence
from conformance.report.shard import Piece
from conformance.report.terminal import terminal
from conformance.running import bitwise
from conformance.running import plan as plans
from conformance.running.plan import plan
from conformance.running.shards import BITS, Part, part_of
from conformance.running.work import BadCallWork, SampleWork, work_of

LANES = ("float64", "float32")
NAMES = ("relu", "cat", "nn.GRUCell", "addcmul")


@pytest.fixture(scope="module")
def work():
    return list(plan(NAMES, None, 1, LANES))


@pytest.fixture(scope="module")
def report():
    return conformance.run("torch", cases=["sigmoid", "relu"], samples=2, shard="2/3")


@pytest.mark.parametrize("count", [1, 2, 5, 300])
def test_each_piece_of_work_is_of_one_shard_and_keeps_its_place(work, count):
    found = [pair for index in range(1, count + 1) for pair in Part(index, count).of(work)]
    assert sorted(place for place, _ in found) == list(range(len(work)))
    assert all(work[place] is piece for place, piece in found)


def test_shards_are_of_about_equal_size(work):
    sizes = [len(list(Part(index, 4).of(work))) for index in range(1, 5)]
    assert sizes == [plan(NAMES, None, 1, LANES, part=Part(index, 4)).own for index in range(1, 5)]
    assert min(sizes) > 0.6 * len(work) / 4


def test_a_piece_is_of_the_same_shard_for_ever():
    # Python's own hash of a text differs from process to process.
    names = ["relu:seed=1,draw=0,class=small,regime=normal,N=2,F=3", "relu:seed=1,bad-calls", BITS]
    assert [[k for k in range(1, 9) if Part(k, 8).takes(name)] for name in names] == [[6], [3], [7]]


def test_a_piece_is_of_the_same_shard_whatever_else_is_run(work):
    alone = plan(["cat"], 3, 1, ["float32"])
    mine = {piece.name for _, piece in Part(2, 3).of(alone)}
    assert mine == {p.name for _, p in Part(2, 3).of(work)} & {piece.name for piece in alone}


def test_work_is_read_back_from_its_name(work):
    kinds = Counter(map(type, work))
    assert kinds[SampleWork] > 100
    assert kinds[BadCallWork] == 3
    for piece in work:
        plain = replace(piece, uses=()) if isinstance(piece, SampleWork) else piece
        assert work_of(piece.name, LANES) == plain


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "1/0", "a/b", "01/3", "-1/3", "1/3 ", "", 1, 0.5])
def test_what_names_no_shard_is_refused(shard):
    with pytest.raises(UsageError, match=r"shard: expected K/N with 1 ≤ K ≤ N, such as 2/8, got"):
        part_of(shard)


@pytest.mark.parametrize("text", ["", "1 2 judged", "1 2 lost x:y", "a 2 judged x:y", "1 -2 judged x:y"])
def test_what_is_no_piece_is_refused(text):
    with pytest.raises(ValueError, match="shard: pieces: expected PLACE VERDICTS STATE NAME, got"):
        Piece.parse(text)


def test_a_report_says_of_which_shard_it_is_and_reads_back(report):
    assert report.exit_code == 0
    assert not report.passed
    assert str(report.scope.shard) == "2/3"
    assert 0 < len(report.scope.shard.pieces) < report.scope.shard.planned == 4
    assert report.limits.startswith(f"shard 2/3 alone, {len(report.scope.shard.pieces)} of 4 pieces of work")
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


def test_no_format_says_of_a_shard_that_parity_is_shown(report):
    assert "NOTHING FAILED: torch against torch" in terminal(report)
    assert "conformance merge" in terminal(report)
    assert markdown(report).startswith("# Parity of torch with torch: nothing failed (judged: shard 2/3")
    assert job_summary(report).startswith("### Parity is not shown by shard 2/3 alone: nothing failed")
    assert sentence(report, None).headline.startswith("Nothing failed in shard 2/3")
    assert not sentence(report, None).shown
    assert "<failure" not in junit(report)


def test_a_shard_that_fails_says_so(report):
    (first, *others) = report.verdicts
    failed = replace(report, verdicts=(replace(first, status=Status.FAIL, reason="off"), *others))
    assert failed.exit_code == 1
    assert "NOT SHOWN: torch" in terminal(failed)
    assert job_summary(failed).startswith("### Parity is not shown by shard 2/3 alone\n")
    assert sentence(failed, None).headline.startswith("Not everything agrees in shard 2/3")


def test_what_belongs_to_the_whole_run_is_asked_of_no_shard(monkeypatch, report):
    # Of a whole run each of these would be a reason that nothing is shown.
    monkeypatch.setattr(plans, "minimums", lambda *_: {"small": 1000})
    found = conformance.run("torch", cases=["sigmoid"], samples=2, shard="1/400")
    assert found.exit_code == 0
    assert not found.verdicts
    assert (found.minimums, found.unseen) == ({}, {})
    assert found.scope.shard.minimums == {"small": 1000}
    wrong = replace(report.verdicts[0], status=Status.EMPTY, elements=0, reason="none")
    assert replace(report, verdicts=(wrong,)).exit_code == 1


def test_one_shard_only_measures_the_bits_and_fails_for_them(monkeypatch):
    monkeypatch.setattr(bitwise, "bitwise", lambda *_: Bitwise("float32", ("repeat",)))
    asked = {"cases": ["relu"], "samples": 1, "require_bitwise": ["repeat"]}
    found = [conformance.run("torch", shard=f"{k}/2", **asked) for k in (1, 2)]
    assert [each.bitwise.lane for each in found] == ["float32", ""]
    assert [each.exit_code for each in found] == [1, 0]


def test_a_shard_writes_no_baseline_and_passes_no_gate(tmp_path, report):
    write(report, tmp_path)
    assert json.loads((tmp_path / "parity.json").read_text(encoding="utf-8"))["scope"]["shard"]["index"] == 2
    assert not (tmp_path / "baseline.json").exists()
    with pytest.raises(UsageError, match="report: expected a whole run, got shard 2/3"):
        Gate(report, None)


def test_a_shard_is_compared_with_no_baseline(tmp_path):
    with pytest.raises(UsageError, match="baseline: expected None for shard 1/2"):
        conformance.run("torch", ["relu"], out=tmp_path, baseline=tmp_path / "b.json", shard="1/2")


def test_a_shard_goes_on_from_its_own_journal_only(tmp_path):
    asked = {"cases": ["relu"], "samples": 8, "out": tmp_path}
    told = []

    def interrupt(*each):
        told.append(each)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="INTERRUPTED after 1 of"):
        conformance.run("torch", shard="1/2", progress=interrupt, **asked)
    with pytest.raises(UsageError, match=r"resume: .* is of another run: shard was '1/2' and is '2/2'"):
        conformance.run("torch", shard="2/2", resume=True, **asked)
    found = conformance.run("torch", shard="1/2", resume=True, **asked)
    assert found.scope.shard.pieces == conformance.run("torch", ["relu"], 8, shard="1/2").scope.shard.pieces

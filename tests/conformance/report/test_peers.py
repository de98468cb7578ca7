"""The report on the peers: what its tables say of right, wrong, partial and absent ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report.peers import judged, markdown, skipped
from conformance.report.record import Report
from conformance.report.scope import Scope
from conformance.subjects.declarations import Declarations, Excuse
from conformance.subjects.peers import PEERS

REPORTS = Path(__file__).parents[3] / "reports"

PASSED = Verdict(
    "nn.GRU",
    "nn.GRU:seed=1,draw=0",
    "forward",
    "float32",
    "output",
    Status.PASS,
    elements=4,
    headroom=6.5,
    max_ulp=3.0,
)
WRONG = replace(
    PASSED,
    sample="nn.GRU:seed=1,draw=1",
    check="backward",
    observable="grad.input",
    status=Status.FAIL,
    headroom=0.25,
    max_ulp=900.0,
    expected=1.5,
    got=2.5,
    regime="normal",
)
DECLINED = Verdict(
    "nn.GRU", "nn.GRU:seed=1,draw=2", "forward", "float64", None, Status.SKIP, reason="there is no b_hn"
)
EXCUSE = Excuse(case="nn.GRU", observable="h_n", reason="a convention", link="https://example.org")
EXCUSED = replace(
    PASSED, observable="h_n", status=Status.EXCUSED, headroom=0.5, reason="beyond; excused: a convention"
)


def report(*verdicts, **options):
    return Report(1, "peer", "torch", verdicts, timing={"seconds": 2.0}, **options)


def text(*peers):
    environment = {"torch": "2.13.0", "numpy": "2.4.6", "python": "3.11", "cpu": "a CPU"}
    record = {"seed": 1, "environment": environment, "peers": list(peers)}
    # It is written as JSON first.
    return markdown(json.loads(json.dumps(record)))


def row(shown, *starts):
    """Return the cells of the row that begins with some."""
    (found,) = [line for line in shown.splitlines() if line.startswith(f"| {' | '.join(starts)} |")]
    return [cell.strip() for cell in found.strip("|").split("|")][len(starts) :]


def test_a_right_one_has_its_least_headroom_and_its_largest_error_by_lane_and_direction():
    verdicts = (PASSED, replace(PASSED, observable="h_n", headroom=4.0, max_ulp=2.0))
    shown = text(judged("one", "One", {"jax": "0.10"}, 12, report(*verdicts), "peers/one"))
    assert row(shown, "one", "nn.GRU") == ["–", "–", "4 · 3 ulp", "–"]
    assert row(shown, "one", "One") == ["jax 0.10", "12", "shown"]
    assert "in 0 of them something is found" in shown
    assert shown.count("Nothing.") == 2


def test_a_wrong_one_is_found_with_what_shows_it():
    verdicts = (PASSED, WRONG, replace(WRONG, observable="grad.h0"))
    peer = judged("one", "One", {}, 12, report(*verdicts, shrunk={WRONG.sample: "nn.GRU:small"}), "peers/one")
    shown = text(peer)
    assert row(shown, "one", "nn.GRU") == ["–", "–", "6.5 · 3 ulp", "0.25 · 900 ulp · **2 FAIL**"]
    assert row(shown, "one", "One") == ["", "12", "**not shown**"]
    what = "FAIL: expected 1.5, got 2.5, headroom 0.25"
    where = "nn.GRU · grad.input · float32 · normal"
    assert row(shown, "one", where) == [what, "2 of 3 verdicts", "`nn.GRU:small`"]
    assert peer["found"][0]["bundle"] == "peers/one/failures/nn.GRU"
    assert "in 1 of them something is found" in shown


def test_of_an_error_what_was_raised_is_said():
    reason = "Traceback (most recent call last):\n  File x.py, line 3\nmine.Error: no such node\n\nSet X=1"
    error = replace(WRONG, status=Status.ERROR, observable=None, expected=None, reason=reason)
    ended = replace(error, reason="the subject's process was killed by SIGABRT")
    for verdict, told in ((error, "mine.Error: no such node"), (ended, ended.reason)):
        (found,) = judged("one", "One", {}, 12, report(verdict), "peers/one")["found"]
        assert (found["told"], found["observable"]) == (told, "whole sample")


def test_of_many_wrong_cases_three_are_shown_and_the_others_named():
    verdicts = [replace(WRONG, case=case) for case in ("nn.GRU", "nn.RNN", "nn.LSTM", "nn.LSTMCell", "tanh")]
    shown = text(judged("one", "One", {}, 12, report(*verdicts), "peers/one"))
    assert row(shown, "one", "nn.LSTMCell, tanh") == ["fail, too", "", ""]


def test_what_it_cannot_do_is_said():
    scope = Scope(limits=("forward only", "float32"))
    shown = text(judged("one", "One", {}, 12, report(PASSED, DECLINED, scope=scope), "peers/one"))
    told = ["forward only, float32", "there is no b_hn (1 samples)", "relative accuracy of tanh and sigmoid"]
    assert f"| one | {' | '.join(told)} |" in shown
    assert row(shown, "one", "nn.GRU") == ["–", "–", "6.5 · 3 ulp", "–"]


def test_what_is_excused_is_said_with_its_reason_and_an_excuse_without_need_is_found():
    declarations = Declarations((EXCUSE,), "absolute")
    shown = text(
        judged("one", "One", {}, 12, report(PASSED, EXCUSED, declarations=declarations), "peers/one")
    )
    assert row(shown, "one", "nn.GRU") == ["–", "–", "0.5 · 3 ulp · 1 EXCUSED", "–"]
    assert row(shown, "one", "1") == ["nn.GRU", "a convention"]
    unneeded = judged("one", "One", {}, 12, report(PASSED, declarations=declarations), "peers/one")
    assert "| one | EXCUSE NO LONGER NEEDED " in text(unneeded)


def test_one_that_is_skipped_is_named_with_the_reason():
    shown = text(skipped("one", "One", "there is no device"))
    assert row(shown, "one", "One") == ["", "", "skipped: there is no device"]
    assert "0 other implementations" in shown


@pytest.mark.parametrize("lane", ["bfloat16", "float16"])
def test_half_types_have_a_table_of_their_own(lane):
    shown = text(judged("half", "Half", {}, 12, report(replace(PASSED, lane=lane)), "peers/half"))
    assert "6.5 · 3 ulp" in row(shown, "half", "nn.GRU")
    assert "| peer | case | bfloat16 forward | bfloat16 backward |" in shown
    assert "float64 forward" not in shown


def test_the_committed_report_has_ten_peers_and_at_most_200_lines():
    lines = (REPORTS / "peers.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    ended = {row[0]: row[-1] for row in cells if row[0] in PEERS and row[1] == PEERS[row[0]].told}
    assert list(ended) == list(PEERS)
    assert sum(not each.startswith("skipped") for each in ended.values()) >= 10
    judged_in_some_case = {row[0] for row in cells if len(row) == 6 and row[1].startswith("nn.")}
    assert judged_in_some_case == {name for name, each in ended.items() if not each.startswith("skipped")}

"""The files that a run writes, and the tables in them."""

from __future__ import annotations

import errno
import gc
import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report import files
from conformance.report.baseline import Baseline
from conformance.report.details import details, observables
from conformance.report.files import write, write_whole
from conformance.report.markdown import markdown
from conformance.report.page import render_page
from conformance.report.record import Report
from conformance.report.tables import render, summary


def verdict(draw=0, status=Status.PASS, **fields):
    values = {
        "case": "add",
        "sample": f"add:{draw}",
        "check": "forward",
        "lane": "float32",
        "observable": "output",
        "elements": 4,
        "reason": None if status is Status.PASS else "because",
        "shape_class": "small",
        "regime": "normal",
    }
    return Verdict(**values | fields, status=status)


def report(*verdicts):
    return Report(1, "mytorch", "torch", verdicts, timing={"began": "now", "seconds": 1.5})


def test_the_five_files_of_a_run(tmp_path):
    found = report(verdict(headroom=3.0), verdict(headroom=4.0, lane="float64"))
    write(found, tmp_path / "new")
    texts = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()}
    assert texts == {
        "parity.json": found.to_json(),
        "parity.html": render_page(found),
        "parity.md": markdown(found),
        "details.md": details(found),
        "baseline.json": Baseline.of(found).to_json(),
    }


def test_the_page_alone_says_what_changed(tmp_path):
    found, baseline = report(verdict(headroom=3.0)), Baseline.of(report(verdict(headroom=3.0, case="mul")))
    for name, given in (("without", None), ("with", baseline)):
        write(found, tmp_path / name, given)
    without, compared = (
        {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / name).iterdir()}
        for name in ("without", "with")
    )
    assert compared == without | {"parity.html": render_page(found, baseline)}
    assert without["parity.html"] != compared["parity.html"]


@pytest.mark.parametrize("room", [0, 1], ids=["for no file", "for one file"])
def test_on_a_full_disk_all_files_stay_what_they_were(tmp_path, monkeypatch, room):
    write_whole(tmp_path, {"a.md": "old", "b.md": "old"})
    written, real = [], Path.write_text

    def full(path, text, **options):
        written.append(path)
        if len(written) <= room:
            return real(path, text, **options)
        real(path, text[:1], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path, {"a.md": "new", "b.md": "new", "c.md": "new"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.md": "old", "b.md": "old"}


def test_pieces_are_written_as_they_come_and_whole_or_not_at_all(tmp_path):
    found = []

    def pieces(*, fail):
        for number in range(3):
            found.append(number)
            yield f"{number} \udc80\n"
            if fail:
                raise OSError(errno.ENOSPC, "No space left on device")

    write_whole(tmp_path, {"a.json": pieces(fail=False)})
    assert found == [0, 1, 2]
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path, {"a.json": pieces(fail=True)})
    whole = "0 \\udc80\n1 \\udc80\n2 \\udc80\n"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.json": whole}


def test_a_report_is_written_verdict_by_verdict():
    found = report(*[verdict(draw=draw) for draw in range(9)])
    pieces = [*found.json_pieces()]
    assert len(pieces) == 13
    assert "".join(pieces) == found.to_json()
    assert json.loads(report().to_json())["verdicts"] == []


def test_a_message_that_utf_8_cannot_write_is_escaped_and_reads_back(tmp_path):
    found = report(verdict(status=Status.ERROR, reason="half a pair \udc80, a null \0 and \u2028"))
    write(found, tmp_path)
    assert Report.from_json((tmp_path / "parity.json").read_text(encoding="utf-8")) == found
    assert "half a pair \\udc80" in (tmp_path / "parity.md").read_text(encoding="utf-8")


def test_a_run_that_ended_early_is_marked_and_leaves_the_baseline(tmp_path):
    write(report(verdict(headroom=3.0)), tmp_path)
    baseline = (tmp_path / "baseline.json").read_bytes()
    part = replace(
        report(verdict(headroom=2.0)), timing=report().timing | {"stopped": "INTERRUPTED after 1 of 9"}
    )
    write(part, tmp_path)
    assert "NOT shown\n\n**INTERRUPTED after 1 of 9.**" in (tmp_path / "parity.md").read_text(
        encoding="utf-8"
    )
    assert Report.from_json((tmp_path / "parity.json").read_text(encoding="utf-8")) == part
    assert (tmp_path / "baseline.json").read_bytes() == baseline
    assert (part.exit_code, report(verdict(headroom=2.0)).exit_code) == (1, 0)


def test_a_run_in_the_judges_process_makes_no_baseline(tmp_path):
    inside = replace(report(verdict(headroom=3.0)), environment={"subject": "in the judge's process"})
    write(inside, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "parity.json",
        "parity.html",
        "parity.md",
        "details.md",
    }
    write(report(verdict(headroom=3.0)), tmp_path)
    baseline = (tmp_path / "baseline.json").read_bytes()
    write(inside, tmp_path)
    assert (tmp_path / "baseline.json").read_bytes() == baseline


def test_a_case_has_one_row_with_the_headroom_of_each_lane():
    verdicts = (
        verdict(0, headroom=3.0),
        verdict(1, headroom=2.5, check="backward", observable="grad.input"),
        verdict(1, headroom=70.0, lane="float64"),
        verdict(2, Status.SKIP),
        verdict(check="errors", lane=None, observable="rank", elements=0),
    )
    assert summary(report(*verdicts)) == [
        {
            "case": "add",
            "samples": "2 of 3",
            "passed": "4 of 5",
            "not passed": "1 SKIP",
            "numbers compared": "16",
            "headroom float64": "70",
            "headroom float32": "2.5",
            "nearest to its tolerance": "grad.input",
            "would pass": "",
        }
    ]


def test_an_observable_has_one_row_per_lane_with_its_nearest_verdict():
    near = verdict(0, headroom=2.0, expected=1.0, got=1.5, tolerance=1.0, max_error=0.75, shape_class="long")
    rows = observables(report(verdict(1, headroom=3.0), near, verdict(1, headroom=9.0, lane="float64")))
    assert [(row["lane"], row["headroom"], row["shape class"]) for row in rows] == [
        ("float32", "2", "long"),
        ("float64", "9", "small"),
    ]
    assert rows[0] | {"error": "0.5", "largest error": "0.75", "numbers compared": "8", "ulp": ""} == rows[0]


@pytest.mark.parametrize(("each", "short", "long"), [(1, 3, 5), (2, 3, 10), (5, 3, 20)])
def test_of_failures_the_summary_has_one_per_case_and_the_details_the_first(each, short, long):
    cases = ("add", "sub", "mul", "div", "neg")
    found = report(*(verdict(draw, Status.FAIL, case=case) for case in cases for draw in range(each)))
    assert f"## Failures ({short} of {len(cases) * each})" in markdown(found)
    assert [markdown(found).count(f"FAIL {case} · output") for case in cases] == [1, 1, 1, 0, 0]
    assert f"## Failures ({long} of {len(cases) * each})" in details(found)
    assert details(found).count(" · output") == long


def test_a_table_in_markdown_is_not_padded():
    rows = [{"a": "x|y", "long name": 1}, {"a": "", "long name": 22}]
    assert render(rows, "markdown").splitlines() == [
        "| a | long name |",
        "| --- | --- |",
        "| x\\|y | 1 |",
        "|  | 22 |",
    ]
    assert render([], "markdown") == ""


@pytest.mark.parametrize("collecting", [True, False])
def test_cycles_are_looked_for_afterwards_as_before(monkeypatch, tmp_path, collecting):
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    meanwhile = []
    monkeypatch.setattr(files, "markdown", lambda _: meanwhile.append(gc.isenabled()) or "")
    try:
        write(report(verdict(headroom=3.0)), tmp_path)
        assert gc.isenabled() is collecting
        assert meanwhile == [False]
    finally:
        (gc.enable if before else gc.disable)()

"""Of many verdicts all reports are those of a few in memory, and making them keeps a bounded number."""

from __future__ import annotations

import json
import weakref
from pathlib import Path

import pytest

from conformance import spooled
from conformance.judging import verdicts as module
from conformance.judging.verdict import Status, Verdict
from conformance.judging.verdicts import Verdicts
from conformance.report import formats
from conformance.report.files import read_report, write
from conformance.report.junit import junit
from conformance.report.record import Report
from conformance.report.terminal import terminal

GOLDEN = Path(__file__).with_name("golden")
BLOCK = 8
BLIND = ["zeros", "the mean everywhere", "rolled rows"]
TIMING = {"began": "", "seconds": 1.0}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(spooled, "BLOCK", BLOCK)
    monkeypatch.setattr(module, "HELD", 1)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("parity.md", "markdown"), ("details.md", "details"), ("parity.html", "html"), ("parity.xml", "junit")],
)
def test_the_reports_of_what_is_read_from_a_file_are_the_same(name, kind):
    found = read_report(GOLDEN / "parity.json")
    # Nearly all are in the file.
    assert len(found.verdicts) > BLOCK
    assert formats.rendered(found, kind) == (GOLDEN / name).read_text(encoding="utf-8")


def test_so_is_the_record_itself():
    text = (GOLDEN / "parity.json").read_text(encoding="utf-8")
    assert read_report(GOLDEN / "parity.json").to_json() == text


def test_a_report_that_is_not_one_verdict_per_line_is_read_too(tmp_path):
    expected = read_report(GOLDEN / "parity.json").to_json()
    data = json.loads(expected)
    for number, text in enumerate(
        [json.dumps(data), json.dumps(data, indent=1), json.dumps(data, indent=4), expected.rstrip("\n")]
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(text, encoding="utf-8")
        assert read_report(path).to_json() == expected


class Alive:
    """Counts the verdicts that were read from the file and are alive, and how many were at most."""

    def __init__(self, monkeypatch):
        self.now = self.most = 0
        read = Verdicts._block

        def counted(verdicts, number):
            before = verdicts._read[1]
            found = read(verdicts, number)
            if found is not before:
                for verdict in found:
                    weakref.finalize(verdict, self._gone)
                self.now += len(found)
                self.most = max(self.most, self.now)
            return found

        monkeypatch.setattr(Verdicts, "_block", counted)

    def _gone(self):
        self.now -= 1


def many(samples):
    """Yield verdicts of all kinds that are not failures: passes of two lanes, skips and mistrusted ones."""
    for draw in range(samples):
        for lane in ("float64", "float32"):
            for observable in ("output", "grad.input"):
                kind = draw % 7
                yield Verdict(
                    "relu",
                    f"relu:seed=1,draw={draw},class=small,regime=normal,N=2,L=3,rank=2",
                    "backward" if "." in observable else "forward",
                    lane,
                    observable,
                    Status.SKIP if not kind else Status.MISTRUSTED if kind == 1 else Status.PASS,
                    6 if kind else 0,
                    headroom=2.0 + draw % 5 if kind else None,
                    reason=None if kind else "it declines",
                    repeatable=kind == 2 or None,
                    would_pass=BLIND[: 3 if kind == 1 else 1] if kind else None,
                    shape_class="small",
                    regime="normal",
                )


def test_making_the_reports_keeps_as_many_verdicts_for_any_number_of_samples(monkeypatch, tmp_path):
    most = []
    for samples in (100, 1000):
        with monkeypatch.context() as patched:
            alive = Alive(patched)
            report = Report(1, "mytorch", "torch", Verdicts(many(samples)), timing=TIMING)
            write(report, tmp_path)
            junit(report)
            terminal(report)
            assert read_report(tmp_path / "parity.json").totals == report.totals
        most.append(alive.most)
    assert 0 < most[1] <= most[0] < 10 * BLOCK

"""`parity.xml`: a run as JUnit XML, which CI systems show as tests.

Called by `conformance run --junit` and by `conformance report`. A test is a check of a case in a lane, and
holds the failures of all its verdicts; what a run can lack beside failures is a test of the run. So the file
has a failing test whenever the run shows nothing, and stays small: verdicts are counted, not listed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.judging.verdict import Status
from conformance.report import excuses, sight
from conformance.report.tables import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# How many failures of a test are written out; the others are in parity.json.
_SHOWN = 3

_WRONG = (Status.FAIL, Status.ERROR, Status.EMPTY)


def junit(report: Report) -> str:
    """Return the file's text.

    XML cannot hold control characters; a record has none (`conformance.text`).
    """
    suite = ET.Element("testsuite", name=report.implementation)
    properties = ET.SubElement(suite, "properties")
    about = {"reference": report.reference, "seed": report.seed, **report.environment}
    for name, value in about.items():
        ET.SubElement(properties, "property", name=name, value=str(value))
    tests: dict[tuple[str, str, str | None], _Test] = defaultdict(_Test)
    for verdict in report.verdicts:
        tests[verdict.case, verdict.check, verdict.lane].add(verdict)
    shown = {(each.sample, each.lane) for found in tests.values() for each in found.wrong[:_SHOWN]}
    beside: dict[tuple[str, str | None], list[Verdict]] = defaultdict(list)
    for verdict in report.verdicts if shown else ():
        if (key := (verdict.sample, verdict.lane)) in shown:
            beside[key].append(verdict)
    for (case, check, lane), found in tests.items():
        test = ET.SubElement(suite, "testcase", classname=case, name=f"{check}[{lane}]" if lane else check)
        _judge(test, found, report, beside)
    for name, lines in _of_the_run(report).items():
        test = ET.SubElement(suite, "testcase", classname="run", name=name)
        if lines:
            failure = ET.SubElement(test, "failure", message=lines[0], type="NOT SHOWN")
            failure.text = "\n".join(lines)
    counts = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error"}
    both = {name: str(len(suite.findall(path))) for name, path in counts.items()}
    both["time"] = str(report.timing.get("seconds", 0))
    suite.attrib |= both | {"skipped": str(len(suite.findall("testcase/skipped")))}
    suite.set("timestamp", report.timing.get("began", ""))
    suites = ET.Element("testsuites", {"name": "conformance", **both})
    suites.append(suite)
    ET.indent(suites, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


class _Test:
    """What is kept of the verdicts of a test.

    Attributes:
        counts: how many ended how.
        why: by how a verdict ended, the reason of the first.
        wrong: those that did not pass.
    """

    def __init__(self) -> None:
        self.counts: Counter[Status] = Counter()
        self.why: dict[Status, str | None] = {}
        self.wrong: list[Verdict] = []

    def add(self, verdict: Verdict) -> None:
        self.counts[verdict.status] += 1
        self.why.setdefault(verdict.status, verdict.reason)
        if not verdict.passed:
            self.wrong.append(verdict)

    def told(self, status: Status) -> str:
        """Return how many verdicts ended with a status, and why the first of them did."""
        return f"{self.counts[status]} of {self.counts.total()} verdicts are {status}: {self.why[status]}"


def _judge(
    test: ET.Element,
    found: _Test,
    report: Report,
    beside: Mapping[tuple[str, str | None], Sequence[Verdict]],
) -> None:
    """Write into a test how its verdicts ended."""
    counts, wrong = found.counts, found.wrong
    if wrong:
        # Most readers show one element of a test: an error, or else a failure.
        status = Status.ERROR if counts[Status.ERROR] else wrong[0].status
        first = next(verdict for verdict in wrong if verdict.status is status)
        told = ", ".join(f"{counts[each]} {each}" for each in _WRONG if counts[each])
        message = f"{told} of {counts.total()} verdicts: {str(first.reason).partition(chr(10))[0]}"
        kind = "error" if status is Status.ERROR else "failure"
        element = ET.SubElement(test, kind, message=message, type=status.value)
        texts = [explained(report, each, beside[each.sample, each.lane]) for each in wrong[:_SHOWN]]
        more = [f"{len(wrong) - _SHOWN} more are in parity.json"] if len(wrong) > _SHOWN else []
        element.text = "\n" + "\n\n".join([*texts, *more]) + "\n"
    elif counts[Status.SKIP] == counts.total():
        ET.SubElement(test, "skipped", message=str(found.why[Status.SKIP]))
    elif some := [status for status in (Status.EXCUSED, Status.MISTRUSTED) if counts[status]]:
        ET.SubElement(test, "system-out").text = "\n".join(map(found.told, some))


def _of_the_run(report: Report) -> dict[str, list[str]]:
    """Return what a whole run must not lack, each with the lines about what is lacking."""
    # What belongs to the whole run, a shard may lack.
    some = report.totals["compared_elements"] or report.scope.shard
    none = [] if some else ["no numbers were compared"]
    return {
        "compares numbers": none,
        "is complete": [report.stopped] if report.stopped else [],
        "sees every named case": [f"{case}: {why}" for case, why in report.unseen.items()],
        "covers shape classes and regimes": list(map(str, report.shortfalls)),
        "needs every excuse": excuses.refusals(report),
        "sees enough of every case": sight.refusals(report),
        **({"has the bits that it must": report.bitwise.refusals} if report.bitwise.required else {}),
    }

"""The gate: a run against the baseline that is committed.

Called by the `gate` command, which CI runs, by `renew`, and by the page, which shows the same. A report and a
baseline go in, and what was lost comes out; `accept` makes the next baseline, in which stands what was lost
and why that was accepted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.registry import spelled
from conformance.report.baseline import BELONGS_TO, Baseline
from conformance.report.changes import Change, folded, gained, lost, rows
from conformance.report.compare import differences
from conformance.report.sentence import sentence
from conformance.report.suite import known
from conformance.report.tables import explained, render
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# How many failures are written out.
_SHOWN = 3

# A comment on a pull request has at most so many rows.
_ROWS = 10


@dataclass(frozen=True)
class Gate:
    """A run and its baseline.

    Attributes:
        report: the run.
        baseline: what it has to show; None where there is none yet.
    """

    report: Report
    baseline: Baseline | None

    def __post_init__(self) -> None:
        """Refuse a part of a run, and a baseline of other samples or of another subject.

        Raises:
            UsageError: the two cannot be compared.
        """
        if shard := self.report.scope.shard:
            raise UsageError(f"report: expected a whole run, got shard {shard}: `conformance merge` first")
        if self.baseline:
            check_comparable(self.baseline, self.report)

    @cached_property
    def now(self) -> Baseline:
        """The baseline that the run makes."""
        return Baseline.of(self.report)

    @cached_property
    def refused(self) -> list[Change]:
        """What no reason makes acceptable: what is to be mended in the run, not in the baseline."""
        found: dict[str, Sequence[str | None]] = {
            "ended early": [self.report.stopped],
            "in the judge's process": [self.report.in_process],
            "excuse not needed": self.report.not_needed,
            "required bits": self.report.bitwise.refusals,
            "nothing": [] if self.report.totals["compared_elements"] else ["no numbers were compared"],
        }
        return [
            Change("run", (what,), "", "", str(why)) for what, told in found.items() for why in told if why
        ]

    @cached_property
    def lost(self) -> list[Change]:
        """What the baseline shows and the run does not."""
        return lost(self.baseline, self.now) if self.baseline else []

    @cached_property
    def gained(self) -> list[Change]:
        """What the run shows and the baseline does not."""
        return gained(self.baseline, self.now) if self.baseline else []

    @property
    def holds(self) -> bool:
        """Whether nothing is lost."""
        return not self.refused and not self.lost

    @property
    def moved(self) -> bool:
        """Whether anything changed since the baseline."""
        return bool(self.refused or self.lost or self.gained)

    @property
    def look_first(self) -> list[Verdict]:
        """Of the cases whose verdicts got worse, the first failure of each."""
        worse = {change.where[0] for change in self.lost if change.kind in {"verdicts", "use"}}
        return [verdict for verdict in self.report.failure_per_case if verdict.case in worse]

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        report = self.report
        what = f"{report.implementation} against {report.reference}, seed {report.seed}"
        counts = Counter(change.kind for change in (*self.refused, *self.lost))
        told = ", ".join(f"{count} × {kind}" for kind, count in counts.items()) or "nothing is lost"
        more = f"; {len(self.gained)} more than in the baseline" if self.gained else ""
        return f"GATE {'HOLDS' if self.holds else 'FAILS'}: {what}: {told}{more}"

    def accept(self, reason: str) -> Baseline:
        """Return the next baseline, which says what was lost and why that was accepted.

        Raises:
            UsageError: the reason is empty, or the run cannot become a baseline (`refused`).
        """
        if not reason.strip():
            raise UsageError("accept: expected a reason, got an empty text")
        if self.refused:
            raise UsageError(f"accept: no reason makes a baseline of this run: {self.refused[0].why}")
        before = self.baseline.accepted if self.baseline else ()
        entry = {"reason": one_line(reason.strip()), "lost": list(map(str, folded(self.lost)))}
        return self.now.with_accepted([*before, *([entry] if self.lost else [])])


def incomparable(baseline: Baseline, run: Report | Baseline) -> str:
    """Return why a run is not of the samples and the subject of a baseline; empty where it is."""
    for name in BELONGS_TO:
        expected, got = getattr(baseline, name), getattr(run, name)
        # One that was committed before names were spelled alike is still of this file.
        if expected != got and (name != "implementation" or spelled(expected) != spelled(got)):
            return f"{name}: the baseline is of {expected}, and the report of {got}"
    return ""


def check_comparable(baseline: Baseline, run: Report | Baseline) -> None:
    """Check that a run is of the samples and the subject of a baseline.

    Raises:
        UsageError: it is not; the message gives both.
    """
    if why := incomparable(baseline, run):
        raise UsageError(f"baseline: {why}")


def text(gate: Gate, kind: str) -> str:
    """Return the table of what changed, the first failures, and the sentence; it alone if nothing changed.

    Args:
        gate: the run and its baseline.
        kind: `terminal`, where the sentence comes last, or `markdown`, where it comes first, behind that of
            the page, and the table has ten rows at most.
    """
    parts = []
    report, comment = gate.report, kind == "markdown"
    if gate.moved:
        table = rows([*gate.refused, *gate.lost], gate.gained)
        shown = table[:_ROWS] if comment else table
        parts.append(render(shown, kind))
        if more := len(table) - len(shown):
            parts.append(f"And {more} more rows, which `conformance gate` prints.")
    failures = "\n\n".join(explained(report, verdict) for verdict in gate.look_first[:_SHOWN])
    if failures:
        parts.append(f"Look here first:\n\n```text\n{failures}\n```" if comment else failures)
    if (
        gate.baseline
        and gate.lost
        and (other := differences(gate.baseline.environment, gate.now.environment))
    ):
        parts += ["The environment differs from the baseline's:", render(other, kind)]
    if not comment:
        return "\n\n".join([*parts, gate.sentence])
    opening = sentence(report, known(report.constants["sha256"])).markdown()
    return "\n\n".join([opening, gate.sentence, *parts])

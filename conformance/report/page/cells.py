"""The map: a row per case, and per check a cell with the least headroom, or the reason why it was not judged.

Called by `render`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from conformance.cases import CASES, FAMILIES
from conformance.judging.verdict import Status
from conformance.report.page.anchors import anchor, level
from conformance.report.tables import headroom
from conformance.report.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.report.record import Report

CHECKS = ("forward", "backward", "training", "use", "errors")

# The least first: a case is at the place of its worst cell.
LEVELS = ("fail", "drift", "near", "middle", "far", "exact", "passed", "unmeasured")

_FAMILY = {case.name: family.__name__.rpartition(".")[2] for family in FAMILIES for case in family.CASES}


class Cell(NamedTuple):
    """One case and check.

    Attributes:
        text: what it shows.
        level: how near to its tolerance it is, or `unmeasured`.
        order: by which a column is sorted, the worst least.
        why: the reason why it was not judged, or the number of its verdicts.
    """

    text: str
    level: str
    order: float
    why: str


@dataclass(frozen=True)
class Line:
    """One case.

    Attributes:
        case: its name.
        family: the family of the case.
        href: the id of its drawer.
        level: the worst of its cells.
        statuses: the outcomes among its verdicts, in lower case, to filter by.
        least: the least headroom of all.
        order: the same, to sort by.
        cells: one per check.
        would_pass: by check the wrong answers that would pass.
    """

    case: str
    family: str
    href: str
    level: str
    statuses: str
    least: str
    order: float
    cells: tuple[Cell, ...]
    would_pass: str

    @property
    def unjudged(self) -> list[tuple[str, str]]:
        """The checks that were not judged, each with the reason."""
        cells = zip(CHECKS, self.cells, strict=True)
        return [(check, cell.why) for check, cell in cells if cell.level == "unmeasured"]


def family_of(case: str) -> str:
    """Return the family of a case; `other` where the case is not one of this version."""
    return _FAMILY.get(case, "other")


def lines(report: Report, warn: float) -> list[Line]:
    """Return the rows of the map, in the run's order."""
    by_case: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for verdict in report.verdicts:
        by_case[verdict.case][verdict.check].add(verdict)
    return [_line(case, mine, report.unused, warn) for case, mine in by_case.items()]


def _line(
    case: str,
    mine: Mapping[str, Tally],
    unused: Mapping[str, Mapping[str, str | None]],
    warn: float,
) -> Line:
    cells = tuple(
        _judged(mine[check], warn)
        if check in mine
        else Cell("–", "unmeasured", inf, _why(case, check, unused))
        for check in CHECKS
    )
    statuses = {status.value.lower() for tally in mine.values() for status in tally.counts}
    worst = min((cell.level for cell in cells), key=LEVELS.index)
    drift = {"drift"} if worst == "drift" else set()
    least = min((tally.headroom for tally in mine.values() if tally.headroom is not None), default=None)
    return Line(
        case=case,
        family=family_of(case),
        href=anchor(case),
        level=worst,
        statuses=" ".join(sorted(statuses | drift)),
        least=headroom(least),
        order=min(cell.order for cell in cells),
        cells=cells,
        would_pass="; ".join(filter(None, (tally.sight.briefly() for tally in mine.values()))),
    )


def _judged(tally: Tally, warn: float) -> Cell:
    counts = tally.counts
    told = ", ".join(f"{counts[status]:,} {status}" for status in Status if counts[status])
    if wrong := tally.wrong:
        # The more verdicts fail, the further up.
        text = " ".join(f"{wrong[status]:,} {status}" for status in Status if wrong[status])
        return Cell(text, "fail", -wrong.total(), told)
    least = tally.least_passed
    if least is not None:
        return Cell(headroom(least), level(least, warn), least, told)
    if counts[Status.PASS]:
        return Cell(f"{counts[Status.PASS]:,} pass", "passed", 1e300, told)
    if counts[Status.MISTRUSTED]:
        return Cell("mistrusted", "unmeasured", inf, f"{told}: zeros would agree too")
    why = max(tally.reasons, key=lambda reason: tally.reasons[reason])
    word = "excused" if counts[Status.EXCUSED] else "skipped"
    return Cell(word, "unmeasured", inf, f"{told}: {why}")


def _why(case: str, check: str, unused: Mapping[str, Mapping[str, str | None]]) -> str:
    """Return why a case has no verdict of a check."""
    if case not in CASES:
        return "this version has no such case"
    judged = CASES[case]
    if check == "use":
        reasons = Counter(why for uses in unused.values() if (why := uses.get(case)))
        return reasons.most_common(1)[0][0] if reasons else "no use applies to it"
    if check == "errors":
        return "not called wrongly in this run" if judged.bad_calls else "it has no bad calls"
    if judged.training:
        return "it trains: its parameters after the steps are compared"
    return {
        "forward": "its outputs are not compared",
        "backward": "its outputs have no gradient",
        "training": "it does not train",
    }[check]

"""What a run would have noticed: per case and check, the cheap wrong answers that would pass.

Called by `tables`, `markdown`, `details`, the page and the command line. Which wrong answers would pass is
known of each verdict that agrees (`judging.sight`); here they are put together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from conformance.judging.sight import DECIDING, INPUT, NAMES, ROUNDINGS
from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# What a table has room for.
BRIEFLY = dict(zip(NAMES, ("zeros", "mean", "rolled", "float16", "bfloat16", "float8", "input"), strict=True))

# How many cases are named.
_SHOWN = 5

# The columns of counts that are not of a wrong answer.
_AGREEMENTS, _MISTRUSTED = "agreements", "MISTRUSTED"


class Sight:
    """The wrong answers that would pass as some observable, in each of the verdicts about it.

    The uses of an observable of the plain call are put together: what one of them shows does not pass.
    """

    def __init__(self) -> None:
        # By check, and by lane and observable.
        self._passing: dict[str, dict[tuple[str | None, str], set[str]]] = {}

    def add(self, verdict: Verdict) -> None:
        """Take in a verdict."""
        of_check = self._passing.setdefault(verdict.check, {})
        passing = verdict.would_pass
        if passing is not None:
            key = verdict.lane, str(verdict.observable).rpartition("/")[2]
            if key not in of_check:
                of_check[key] = set(passing)
            elif known := of_check[key]:
                known.intersection_update(passing)

    def would_pass(self, check: str | None = None) -> list[str]:
        """Return the wrong answers that would pass, in one check or in any."""
        checks = self._passing if check is None else (check,)
        passing = {name for each in checks for names in self._passing[each].values() for name in names}
        return [name for name in NAMES if name in passing]

    def briefly(self) -> str:
        """Return by check what would pass, e.g. `backward: zeros, mean, rolled; forward: input`."""
        told = {each: ", ".join(BRIEFLY[name] for name in self.would_pass(each)) for each in self._passing}
        return "; ".join(f"{check}: {names}" for check, names in told.items() if names)


def summary(report: Report) -> list[dict[str, object]]:
    """Return one row per case and check: the agreements, and in how many each wrong answer would pass."""
    cells: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for verdict in report.verdicts:
        if verdict.would_pass is not None:
            mistrusted = [_MISTRUSTED] * (verdict.status is Status.MISTRUSTED)
            cells[verdict.case, verdict.check].update([_AGREEMENTS, *mistrusted, *verdict.would_pass])
    return [{"case": case, "check": check, **_row(mine)} for (case, check), mine in cells.items()]


def _row(counts: Counter[str]) -> dict[str, object]:
    return {
        _AGREEMENTS: counts[_AGREEMENTS],
        **{name: counts[name] or "" for name in DECIDING},
        "narrower rounding": sum(counts[name] for name in ROUNDINGS) or "",
        INPUT: counts[INPUT] or "",
        _MISTRUSTED: counts[_MISTRUSTED] or "",
    }


def mistrusted(report: Report) -> list[dict[str, object]]:
    """Return one row per case and check with MISTRUSTED verdicts, most first: how many, and of what."""
    cells: dict[tuple[str, str], _Mistrusted] = defaultdict(_Mistrusted)
    agreements: Counter[tuple[str, str]] = Counter()
    for verdict in report.verdicts:
        agreements[verdict.case, verdict.check] += verdict.would_pass is not None
        if verdict.status is Status.MISTRUSTED:
            cells[verdict.case, verdict.check].add(verdict)
    return [
        {
            "case": case,
            "check": check,
            _MISTRUSTED: f"{mine.regimes.total()} of {agreements[case, check]}",
            "observables": _some(mine.observables),
            "shape classes": _some(mine.classes),
            "regimes": _some(mine.regimes),
        }
        for (case, check), mine in sorted(cells.items(), key=lambda cell: -cell[1].regimes.total())
    ]


class _Mistrusted:
    """Of what some MISTRUSTED verdicts are, each name with how many."""

    def __init__(self) -> None:
        self.observables, self.classes, self.regimes = Counter[str](), Counter[str](), Counter[str]()

    def add(self, verdict: Verdict) -> None:
        self.observables[str(verdict.observable)] += 1
        self.classes[str(verdict.shape_class)] += 1
        self.regimes[str(verdict.regime)] += 1


def _some(counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: -counts[name])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def stated(report: Report) -> str:
    """Return in a sentence how much is MISTRUSTED; empty where nothing is."""
    cases = report.glance.of_status(Status.MISTRUSTED)
    if not cases:
        return ""
    count = cases.total()
    agree = report.glance.agreements
    return (
        f"{count:,} of {agree:,} agreements {'is' if count == 1 else 'are'} MISTRUSTED, because zeros, the "
        f"mean and rolled rows would have agreed too: {_some(cases)}"
    )


def refusals(report: Report) -> list[str]:
    """Return a line about each case of which a run shows nothing, because all that agrees is MISTRUSTED."""
    return [f"NOTHING BUT MISTRUSTED {case}: none of its numbers passed" for case in report.mistrusted_alone]

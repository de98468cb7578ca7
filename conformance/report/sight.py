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
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# What a table has room for.
BRIEFLY = dict(zip(NAMES, ("zeros", "mean", "rolled", "float16", "bfloat16", "float8", "input"), strict=True))

# How many cases are named.
_SHOWN = 5


def would_pass(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the wrong answers that would pass as some observable, in each of the verdicts about it.

    The uses of an observable of the plain call are put together: what one of them shows does not pass.
    """
    seen: dict[tuple[str, str | None, str], list[Sequence[str]]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.would_pass is not None:
            name = str(verdict.observable).rpartition("/")[2]
            seen[verdict.check, verdict.lane, name].append(verdict.would_pass)
    passing = {name for each in seen.values() for name in set.intersection(*map(set, each))}
    return [name for name in NAMES if name in passing]


def briefly(verdicts: Iterable[Verdict]) -> str:
    """Return by check what would pass, e.g. `backward: zeros, mean, rolled; forward: input`."""
    by_check: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_check[verdict.check].append(verdict)
    told = {check: ", ".join(map(BRIEFLY.__getitem__, would_pass(mine))) for check, mine in by_check.items()}
    return "; ".join(f"{check}: {names}" for check, names in told.items() if names)


def summary(report: Report) -> list[dict[str, object]]:
    """Return one row per case and check: the agreements, and in how many each wrong answer would pass."""
    cells: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in report.verdicts:
        if verdict.would_pass is not None:
            cells[verdict.case, verdict.check].append(verdict)
    return [{"case": case, "check": check, **_row(mine)} for (case, check), mine in cells.items()]


def _row(verdicts: Sequence[Verdict]) -> dict[str, object]:
    counts = Counter(name for verdict in verdicts for name in verdict.would_pass or ())
    mistrusted = sum(verdict.status is Status.MISTRUSTED for verdict in verdicts)
    return {
        "agreements": len(verdicts),
        **{name: counts[name] or "" for name in DECIDING},
        "narrower rounding": sum(counts[name] for name in ROUNDINGS) or "",
        INPUT: counts[INPUT] or "",
        "MISTRUSTED": mistrusted or "",
    }


def mistrusted(report: Report) -> list[dict[str, object]]:
    """Return one row per case and check with MISTRUSTED verdicts, most first: how many, and of what."""
    cells: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    agreements: Counter[tuple[str, str]] = Counter()
    for verdict in report.verdicts:
        agreements[verdict.case, verdict.check] += verdict.would_pass is not None
        if verdict.status is Status.MISTRUSTED:
            cells[verdict.case, verdict.check].append(verdict)
    return [
        {
            "case": case,
            "check": check,
            "MISTRUSTED": f"{len(mine)} of {agreements[case, check]}",
            "observables": _some(Counter(str(verdict.observable) for verdict in mine)),
            "shape classes": _some(Counter(str(verdict.shape_class) for verdict in mine)),
            "regimes": _some(Counter(str(verdict.regime) for verdict in mine)),
        }
        for (case, check), mine in sorted(cells.items(), key=lambda cell: -len(cell[1]))
    ]


def _some(counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: -counts[name])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def stated(report: Report) -> str:
    """Return in a sentence how much is MISTRUSTED; empty where nothing is."""
    cases = Counter(v.case for v in report.verdicts if v.status is Status.MISTRUSTED)
    if not cases:
        return ""
    count = cases.total()
    agree = sum(verdict.would_pass is not None for verdict in report.verdicts)
    return (
        f"{count:,} of {agree:,} agreements {'is' if count == 1 else 'are'} MISTRUSTED, because zeros, the "
        f"mean and rolled rows would have agreed too: {_some(cases)}"
    )


def refusals(report: Report) -> list[str]:
    """Return a line about each case of which a run shows nothing, because all that agrees is MISTRUSTED."""
    return [f"NOTHING BUT MISTRUSTED {case}: none of its numbers passed" for case in report.mistrusted_alone]

"""How often a run judged each shape class and regime, and where that is too seldom to show anything.

Called by `record`, for which a shortfall means that the run shows nothing, and by the tables of the reports.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from conformance.judging.verdict import Status, Verdict
from conformance.sampling.space import CLASSES, HOLLOW, REGIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Verdicts of exceptions and refusals compare nothing.
_JUDGED = frozenset({Status.PASS, Status.MISTRUSTED, Status.FAIL, Status.EXCUSED})


class Covered(NamedTuple):
    """How much of one shape class or regime was judged.

    Attributes:
        kind: `shape class` or `regime`.
        name: which.
        cases: how many cases.
        samples: how many samples.
        elements: how many numbers were compared.
        minimum: the least number of samples; None where the run has no minimum.
    """

    kind: str
    name: str
    cases: int
    samples: int
    elements: int
    minimum: int | None

    @property
    def short(self) -> bool:
        """Whether it was judged too seldom."""
        return self.minimum is not None and self.samples < self.minimum

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.samples} samples judged, at least {self.minimum} needed"


def judged(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts that compared something, and those of shape classes without elements.

    Those of uses are not among them: they judge samples again that are counted already.
    """
    return [
        v
        for v in verdicts
        if v.lane
        and not v.use
        and v.status in _JUDGED
        and (v.elements or (v.observable and v.shape_class in HOLLOW))
    ]


def covered(verdicts: Iterable[Verdict], minimums: Mapping[str, int]) -> list[Covered]:
    """Return the coverage of each shape class and regime that was judged or has a minimum.

    Args:
        verdicts: those of a run.
        minimums: the least number of samples by name; empty for a run of some cases only.
    """
    found = judged(verdicts)
    rows = []
    for kind, names in (("shape class", CLASSES), ("regime", REGIMES)):
        for name in names:
            mine = [v for v in found if name == (v.regime if kind == "regime" else v.shape_class)]
            if mine or name in minimums:
                cases, samples = {v.case for v in mine}, {v.sample for v in mine}
                elements = sum(v.elements for v in mine)
                rows.append(Covered(kind, name, len(cases), len(samples), elements, minimums.get(name)))
    return rows


def summary(rows: Iterable[Covered]) -> list[dict[str, object]]:
    """Return one row per shape class and regime."""
    return [
        {
            "class or regime": f"{row.kind} `{row.name}`",
            "cases": row.cases,
            "samples": row.samples,
            "numbers compared": f"{row.elements:,}",
            "minimum of samples": "" if row.minimum is None else row.minimum,
        }
        for row in rows
    ]


def by_case(verdicts: Iterable[Verdict]) -> list[dict[str, object]]:
    """Return one row per case: how many samples of each shape class and regime were judged."""
    found = judged(verdicts)
    rows: list[dict[str, object]] = []
    classes = list(dict.fromkeys(v.shape_class for v in found))
    regimes = list(dict.fromkeys(v.regime for v in found))
    samples: dict[str, dict[str, Verdict]] = {}
    for verdict in found:
        samples.setdefault(verdict.case, {})[verdict.sample] = verdict
    for case, mine in samples.items():
        by_class = Counter(v.shape_class for v in mine.values())
        by_regime = Counter(v.regime for v in mine.values())
        counts = {str(name): by_class[name] or "" for name in classes} | {
            str(name): by_regime[name] or "" for name in regimes
        }
        rows.append({"case": case, **counts})
    return rows

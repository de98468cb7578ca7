"""How often a run judged each shape class and regime, and where that is too seldom to show anything.

Called by `record`, for which a shortfall means that the run shows nothing, and by the tables of the reports.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from conformance.judging.verdict import Status, Verdict
from conformance.judging.verdicts import by_sample
from conformance.sampling.space import CLASSES, HOLLOW, REGIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Named = tuple[str, str | None]

# Verdicts of exceptions and refusals compare nothing.
_JUDGED = frozenset({Status.PASS, Status.MISTRUSTED, Status.FAIL, Status.EXCUSED})

# What is covered, by kind, in the order of the table.
_CLASS, _REGIME = "shape class", "regime"
_NAMES = {_CLASS: CLASSES, _REGIME: REGIMES}


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


def judged(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield the verdicts that compared something, and those of shape classes without elements.

    Those of uses are not among them: they judge samples again that are counted already.
    """
    return filter(is_judged, verdicts)


def is_judged(verdict: Verdict) -> bool:
    """Whether a verdict is one of those that `judged` yields."""
    compared = verdict.elements or (verdict.observable and verdict.shape_class in HOLLOW)
    return bool(verdict.lane and not verdict.use and verdict.status in _JUDGED and compared)


def covered(verdicts: Iterable[Verdict], minimums: Mapping[str, int]) -> list[Covered]:
    """Return the coverage of each shape class and regime that was judged or has a minimum.

    Args:
        verdicts: those of a run.
        minimums: the least number of samples by name; empty for a run of some cases only.
    """
    cases: dict[Named, set[str]] = defaultdict(set)
    samples: Counter[Named] = Counter()
    elements: Counter[Named] = Counter()
    for mine in by_sample(judged(verdicts)):
        for named in ((_CLASS, mine[0].shape_class), (_REGIME, mine[0].regime)):
            cases[named].add(mine[0].case)
            samples[named] += 1
            elements[named] += sum(v.elements for v in mine)
    return [
        Covered(*named, len(cases[named]), samples[named], elements[named], minimums.get(named[1]))
        for named in ((kind, name) for kind, names in _NAMES.items() for name in names)
        if named in elements or named[1] in minimums
    ]


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
    samples: dict[str, Counter[str]] = defaultdict(Counter)
    classes, regimes = dict[str, None](), dict[str, None]()
    for first, *_ in by_sample(judged(verdicts)):
        shape_class, regime = str(first.shape_class), str(first.regime)
        samples[first.case].update((shape_class, regime))
        classes[shape_class] = regimes[regime] = None
    names = [*classes, *regimes]
    return [{"case": case, **{name: mine[name] or "" for name in names}} for case, mine in samples.items()]

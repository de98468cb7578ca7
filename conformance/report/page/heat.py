"""The errors of one failing sample of a recurrent case, by steps and by gates.

Called by `drawers`; tables come out, whose cells are coloured by how far beyond the tolerance the error is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conformance.report.page.anchors import anchor_of
from conformance.report.tables import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.judging.profile import Profile
    from conformance.judging.verdict import Verdict

# The most rows of a table: a layer of three levels and two directions has 24 stacked parameters.
_MOST = 12
# The largest error / tolerance of each level but the last.
_LEVELS = (1.0, 10.0, 1000.0)


class Line(NamedTuple):
    """The profile of one observable.

    Attributes:
        name: the observable.
        href: the id of its row.
        cells: per step or gate the error / tolerance, and its level: 0 is within the tolerance.
        words: where it is beyond the tolerance.
    """

    name: str
    href: str
    cells: tuple[tuple[str, int], ...]
    words: str


class Table(NamedTuple):
    """The profiles along one axis.

    Attributes:
        axis: `step` or `gate`.
        labels: the heads of the columns.
        rows: one per observable.
        more: how many others there are.
    """

    axis: str
    labels: tuple[str, ...]
    rows: tuple[Line, ...]
    more: int


class Heat(NamedTuple):
    """The profiles of one sample in one lane.

    Attributes:
        lane: the lane.
        sample: the sample.
        tables: one per axis, steps first.
    """

    lane: str
    sample: str
    tables: tuple[Table, ...]


def heat(failed: Sequence[Verdict], plain: Callable[[str], bool]) -> Heat | None:
    """Return the profiles of one sample in one lane; None where no failure has any.

    Args:
        failed: the failures of a case.
        plain: whether a sample lies on the plain path. The first that does is taken, if there is one: with
            one layer and one direction, an error spreads least.
    """
    shown = [verdict for verdict in failed if verdict.profile]
    if not shown:
        return None
    chosen = next((verdict for verdict in shown if plain(verdict.sample)), shown[0])
    by_axis: dict[tuple[str, tuple[str, ...]], list[Line]] = {}
    for verdict in shown:
        if verdict.profile and (verdict.sample, verdict.lane) == (chosen.sample, chosen.lane):
            key = verdict.profile.axis, tuple(verdict.profile.labels)
            by_axis.setdefault(key, []).append(_line(verdict, verdict.profile))
    tables = [
        Table(axis, labels, tuple(lines[:_MOST]), len(lines[_MOST:]))
        for (axis, labels), lines in sorted(by_axis.items(), key=lambda item: item[0][0] != "step")
    ]
    return Heat(chosen.lane or "", chosen.sample, tuple(tables))


def _line(verdict: Verdict, profile: Profile) -> Line:
    cells = ((number(ratio), sum(not ratio <= limit for limit in _LEVELS)) for ratio in profile.ratios)
    return Line(verdict.observable or "", anchor_of(verdict), tuple(cells), profile.words)

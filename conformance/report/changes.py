"""What changed between two runs, by a table of what can be lost.

Called by `gate`, for which a loss fails and whose table the page shows, by `compare`, and by `renew`. Two
baselines go in, and one `Change` per thing that was lost comes out; with the baselines the other way round,
one per thing that was gained.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.arithmetic.constants import constants
from conformance.judging.verdict import Status
from conformance.report.drift import drawn
from conformance.report.tables import headroom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conformance.report.baseline import Baseline, Place, Shown

    # Where something stands: the case, and what it is about in the case. What is lost at a place is lost at
    # all places that begin with it, and named once.
    Where = tuple[str, ...]

# From the best to the worst: whatever comes later shows less, or something worse.
_ORDER = (
    *(Status.PASS, Status.MISTRUSTED, Status.EXCUSED),
    *(Status.SKIP, Status.EMPTY, Status.FAIL, Status.ERROR),
)
# No run may have more of these, wherever they come from.
_BAD = (Status.EMPTY, Status.FAIL, Status.ERROR)

# The direction in which a constant is looser; of the others, and of what is declared, every change counts.
_LOOSER_IF_LARGER = {
    "redraws": True,
    "tensor": True,
    "element": True,
    "floor": True,
    "oracle_share": True,
    "headroom_factor": True,
    "warn": False,
}

# Of one kind and case, so many places are named, and the others counted.
_NAMED = 3


class Change(NamedTuple):
    """Something that was lost, or gained.

    Attributes:
        kind: what it is: `case`, `verdicts`, `headroom` …, a name of `KINDS`.
        where: the case, and the place in it.
        before: how it was.
        after: how it is.
        why: why that is a loss.
    """

    kind: str
    where: Where
    before: str
    after: str
    why: str

    @property
    def place(self) -> str:
        """The place in words."""
        return " · ".join(self.where)

    def __str__(self) -> str:
        told = " → ".join(filter(None, (self.before, self.after)))
        return f"{self.kind}: {self.place}: {self.why}" + (f" ({told})" if told else "")


class Kind(NamedTuple):
    """One kind of loss.

    Attributes:
        name: what may be lost.
        facts: from a baseline to what there is of it, by place.
        said: a fact in words.
        lost: from a place, its former and its present fact (None where there is none) to why that is a loss,
            or None.
        elsewhere: the same where the two runs judged samples of different seeds.
    """

    name: str
    facts: Callable[[Baseline], Mapping[Where, Any]]
    said: Callable[[Any], str]
    lost: Callable[[Where, Any, Any], str | None]
    elsewhere: Callable[[Where, Any, Any], str | None]


def lost(before: Baseline, after: Baseline) -> list[Change]:
    """Return what the earlier of two runs shows and the later does not, in the order of `KINDS`."""
    found: list[Change] = []
    gone: set[Where] = set()
    told: set[Where] = set()
    for kind in KINDS:
        was, now = kind.facts(before), kind.facts(after)
        why_lost = kind.lost if before.seed == after.seed else kind.elsewhere
        for where in dict.fromkeys((*was, *now)):
            if where in told or any(where[:length] in gone for length in range(1, len(where))):
                continue
            why = why_lost(where, was.get(where), now.get(where))
            if why is None:
                continue
            told.add(where)
            if where not in now:
                gone.add(where)
            before_said, after_said = (
                kind.said(facts[where]) if where in facts else "" for facts in (was, now)
            )
            found.append(Change(kind.name, where, before_said, after_said, why))
    return found


def gained(before: Baseline, after: Baseline) -> list[Change]:
    """Return what the later of two runs shows and the earlier does not."""
    # A new place that fails is lost; and where one thing replaces another, that is told once.
    told = {(change.kind, change.where) for change in lost(before, after)}
    return [
        change._replace(before=change.after, after=change.before, why=_opposite(change.why))
        for change in lost(after, before)
        if (change.kind, change.where) not in told
    ]


def _opposite(why: str) -> str:
    word, *more = why.split(" ")
    return " ".join([_OPPOSITES.get(word, word), *more])


def rows(lost: Sequence[Change], gained: Sequence[Change]) -> list[dict[str, object]]:
    """Return the table of what was lost and what was gained, each `folded`."""
    return [
        {"what": c.kind, "where": c.place, "before": c.before, "after": c.after, "why": c.why}
        for c in (*folded(lost), *folded(gained))
    ]


def folded(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield of each kind and case the first three changes, and one that counts the others."""
    groups: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.kind, change.where[0]].append(change)
    for (kind, case), mine in groups.items():
        yield from mine[:_NAMED]
        if len(mine) > _NAMED:
            yield Change(kind, (case,), "", "", f"and {len(mine) - _NAMED} more")


# What is lost, from a former and a present fact. The first word says it; of what is gained, the opposite.
_OPPOSITES = {"gone": "new", "fewer": "more", "worse": "better", "looser": "tighter", "nearer": "farther"}


def _looser(where: Where, before: Any, after: Any) -> str | None:
    if before == after or before is None:
        return None
    larger = _LOOSER_IF_LARGER.get(where[-1])
    if after is None or larger is None:
        return "another"
    return "looser" if (after > before) is larger else None


def _gone(_: Where, before: Any, after: Any) -> str | None:
    return "gone" if before is not None and after is None else None


def _fewer(where: Where, before: int | None, after: int | None) -> str | None:
    if before is None or after is None:
        return _gone(where, before, after)
    return "fewer" if after < before else None


def _worse(where: Where, before: Shown | None, after: Shown | None) -> str | None:
    if after is None:
        return _gone(where, before, after)
    was, now = _statuses(before), after.statuses()
    # Verdicts that are as good as some status or better: if they are fewer, one got worse or is gone.
    if any(_up_to(was, status) > _up_to(now, status) for status in _ORDER):
        return "worse" if now.total() >= was.total() else "fewer"
    # Also where nothing was seen before: a new observable that a wrong answer would pass is to be mended.
    more = now[Status.MISTRUSTED] > was[Status.MISTRUSTED]
    return "worse" if more or any(_from(now, status) > _from(was, status) for status in _BAD) else None


def _more_that_do_not_pass(_: Where, before: Shown | None, after: Shown | None) -> str | None:
    # How many samples come to a place, and which do, differs from seed to seed, and so what they show.
    was, now = _statuses(before), _statuses(after)
    return "worse" if any(_from(now, status) > _from(was, status) for status in _ORDER[2:]) else None


def _statuses(shown: Shown | None) -> Counter[Status]:
    return Counter() if shown is None else shown.statuses()


def _up_to(counts: Counter[Status], status: Status) -> int:
    """Return how many verdicts are as good as a status, or better."""
    return sum(counts[each] for each in _ORDER[: _ORDER.index(status) + 1])


def _from(counts: Counter[Status], status: Status) -> int:
    """Return how many verdicts are as bad as a status, or worse."""
    return sum(counts[each] for each in _ORDER[_ORDER.index(status) :])


def _nearer(_: Where, before: float | None, after: float | None) -> str | None:
    if before is None or after is None:
        return None
    by, factor = fall(before, after), constants().headroom_factor
    return f"nearer to its tolerance by {by:.2g} times, more than {factor:g}" if by > factor else None


def _nearer_or_gone(where: Where, before: float | None, after: float | None) -> str | None:
    return _gone(where, before, after) or _nearer(where, before, after)


def _nothing(_where: Where, _before: Any, _after: Any) -> None:
    return None


def fall(before: float, after: float) -> float:
    """Return how many times nearer to its tolerance something is.

    An error of the size of the deviation has the headroom of `element`. Smaller errors come and go with the
    order of operations, so that headrooms beyond it, `exact` among them, count as it.
    """
    ceiling = constants().element
    return min(before, ceiling) / min(after, ceiling)


# What there is, by place.


def _constants(b: Baseline) -> dict[Where, Any]:
    # The hash differs with every comment in the file.
    return {("constants", name): value for name, value in b.constants.items() if name != "sha256"}


def _elements(b: Baseline) -> dict[Where, int]:
    return {(case,): count for case, count in b.elements.items()}


def _lanes(b: Baseline) -> dict[Where, int]:
    return dict(Counter((place.case, place.lane) for place in b.shown if place.lane))


def _classes(b: Baseline) -> dict[Where, int]:
    return {
        (case, "class", name): count for case, counts in b.classes.items() for name, count in counts.items()
    }


def _verdicts(b: Baseline) -> dict[Where, Shown]:
    return {_where(place): shown for place, shown in b.shown.items() if place.check != "use"}


def _uses(b: Baseline) -> dict[Where, Shown]:
    return {_where(place): shown for place, shown in b.shown.items() if place.check == "use"}


def _headrooms(b: Baseline) -> dict[Where, float]:
    return {
        _where(place): shown.headroom
        for place, shown in b.shown.items()
        if shown.headroom is not None and not drawn(place.case)
    }


def _where(place: Place) -> Where:
    if place.check == "use":
        return place.case, "use", str(place.observable)
    return place.case, place.lane or "bad call", place.check, place.observable or "whole sample"


def _numbers(count: int) -> str:
    return f"{count:,} numbers"


def _observables(count: int) -> str:
    return f"{count} observables"


def _samples(count: int) -> str:
    return f"{count} samples"


# In this order: what is gone as a whole comes before its parts, and is named once.
KINDS = (
    Kind("constant", _constants, str, _looser, _looser),
    Kind("case", _elements, _numbers, _gone, _gone),
    Kind("lane", _lanes, _observables, _gone, _gone),
    Kind("class", _classes, _samples, _fewer, _gone),
    Kind("verdicts", _verdicts, str, _worse, _more_that_do_not_pass),
    Kind("use", _uses, str, _worse, _more_that_do_not_pass),
    Kind("compared", _elements, _numbers, _fewer, _nothing),
    Kind("headroom", _headrooms, headroom, _nearer_or_gone, _nearer),
)

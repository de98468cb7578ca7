"""Where the time of a run of the suite goes: the share of each part, under cProfile.

Called by `running` for a report of everything.
"""

from __future__ import annotations

import cProfile
import pstats
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.running.plan import plan
from conformance.subjects import mytorch
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    Place = tuple[str, int, str]
    Entry = tuple[int, int, float, float, Mapping[Place, tuple[int, int, float, float]]]

# Every so many pieces of a default run are judged.
EVERY = 24

# What the time is divided into, by the first folder that a file lies in.
_HERE = Path(__file__).parents[1]
_ROOMS = {
    _HERE / "arithmetic": "the oracle with noise",
    _HERE / "cases": "programs, on the reference and on the subject",
    _HERE / "sampling": "drawing",
    _HERE / "subjects": "tasks and traces",
    _HERE / "judging": "judging",
    _HERE: "the rest of conformance",
    _HERE.parent / "mytorch": "mytorch",
}
_OTHER = "not known whom for"

# How many functions of libraries are between one and the suite's that it is called for, at most.
_DEPTH = 60


def shares(every: int = EVERY) -> dict[str, float]:
    """Return by part of the suite the share of the time that it took with what it calls, largest first.

    Args:
        every: of the pieces of work of a default run, every so many are judged, in this process.
    """
    work = list(plan([], None, 1, None))[::every]
    subject, profile = mytorch.make(), cProfile.Profile()
    with quietly_on_one_thread():
        # Imports belong to no piece.
        work[0].judge(subject)
        profile.enable()
        for piece in work:
            piece.judge(subject)
        profile.disable()
    stats: Any = pstats.Stats(profile)
    return divided(stats.stats)


def divided(stats: Mapping[Place, Entry]) -> dict[str, float]:
    """Return by part the share of the time, largest first.

    Args:
        stats: as of `pstats.Stats`: by function, its own time at index 2, and its callers at index 4. The
            time of a function of a library is divided among its callers by how long they called it.
    """
    found: dict[str, float] = defaultdict(float)
    passed: dict[Place, float] = {place: entry[2] for place, entry in stats.items()}
    for _ in range(_DEPTH):
        further: dict[Place, float] = defaultdict(float)
        for place, time in passed.items():
            callers = {caller: entry[3] for caller, entry in stats[place][4].items() if caller != place}
            whole = sum(callers.values())
            if room := _room(place[0]):
                found[room] += time
            elif not whole:
                found[_OTHER] += time
            else:
                for caller, part in callers.items():
                    further[caller] += time * part / whole
        passed = further
    found[_OTHER] += sum(passed.values())
    first = sorted(found, key=lambda room: found[room], reverse=True)
    return {room: found[room] / sum(found.values()) for room in first if found[room]}


def _room(file: str) -> str | None:
    parents = Path(file).parents
    return next((told for folder, told in _ROOMS.items() if folder in parents), None)

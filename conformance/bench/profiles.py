"""Where the time of a step goes: the functions with the most time of their own, under cProfile.

Called by `running` for the rows that keep a target from being met.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.bench.workload import Side

# How long is profiled, at least, and how many functions are named.
_SECONDS, _NAMED = 0.2, 3


def profiled(side: Side) -> str:
    """Return the functions in which a side's step spends most time, in words.

    What NumPy computes counts for the function that calls it. cProfile makes calls of Python's functions
    slower, so the shares of small steps are too large for those that are called often.
    """
    profile = cProfile.Profile()
    with side.around():
        side.step()
        end = time.process_time() + _SECONDS
        while True:
            profile.runcall(side.step)
            if time.process_time() > end:
                break
    stats: Any = pstats.Stats(profile)
    own = {place: entry[2] for place, entry in stats.stats.items()}
    whole = sum(own.values()) or 1.0
    first = sorted(own, key=lambda place: own[place], reverse=True)[:_NAMED]
    return ", ".join(f"{own[place] / whole:.0%} {_named(*place)}" for place in first)


def _named(file: str, line: int, function: str) -> str:
    del line  # it would change with every edit
    if file == "~":
        return f"`{function.strip('<>')}`"
    return f"`{function}` of {'/'.join(PurePath(file).parts[-2:])}"

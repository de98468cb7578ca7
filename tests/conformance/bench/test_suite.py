"""Where the time of a run goes: what libraries compute counts for the part of the suite that calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

import conformance
from conformance.bench import suite

HERE = Path(conformance.__file__).parent
MODE = (str(HERE / "arithmetic" / "mode.py"), 1, "run")
JUDGE = (str(HERE / "judging" / "judge.py"), 1, "judge")
LIBRARY = ("/elsewhere/torch/_ops.py", 1, "call")
KERNEL = ("~", 0, "<built-in method torch.add>")


def entry(own, whole, callers):
    return 1, 1, own, whole, {place: (1, 1, part, part) for place, part in callers.items()}


def test_the_time_of_libraries_is_their_callers():
    stats = {
        MODE: entry(1.0, 7.0, {}),
        JUDGE: entry(1.0, 3.0, {}),
        LIBRARY: entry(2.0, 8.0, {MODE: 6.0, JUDGE: 2.0}),
        KERNEL: entry(6.0, 6.0, {LIBRARY: 6.0}),
    }
    assert suite.divided(stats) == pytest.approx({"the oracle with noise": 0.7, "judging": 0.3})


def test_what_calls_itself_or_has_no_caller_is_not_lost():
    again = ("/elsewhere/again.py", 1, "again")
    stats = {again: entry(1.0, 1.0, {again: 1.0}), JUDGE: entry(1.0, 1.0, {})}
    assert sum(suite.divided(stats).values()) == pytest.approx(1)
    assert suite.divided(stats)["judging"] == pytest.approx(0.5)


def test_the_shares_of_a_run():
    found = suite.shares(every=1500)
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert {"the oracle with noise", "judging", "mytorch"} <= set(found)

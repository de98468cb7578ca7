"""Where the time of a step goes is told by function, the slowest first."""

from __future__ import annotations

from conformance.bench.profiles import profiled
from conformance.bench.workload import Side


def slow():
    total = 0
    for n in range(20_000):
        total += n * n
    return total


def quick():
    return [n * n for n in range(200)]


def test_the_function_with_most_time_of_its_own_is_named_first_with_its_file():
    told = profiled(Side(lambda: (slow(), quick()), None))
    share, _, rest = told.partition("% `")
    assert int(share) > 50
    assert "of bench/test_profiles.py" in rest
    assert rest.startswith("slow`")

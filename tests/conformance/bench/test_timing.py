"""Timing, by a clock that only the sides move: who is called when, and what the ratios are."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from conformance.bench.timing import LEG, ROUNDS, Ratio, interleaved, overhead, ratio
from conformance.bench.workload import Side
from conformance.errors import UsageError


class Clock:
    """A clock that stands still but for what steps take."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def __call__(self):
        return self.now

    def side(self, name, *seconds, around=None):
        """A side whose calls take some seconds each, the last of them for good."""
        left = list(seconds)

        def step():
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return Side(step, None, **({} if around is None else {"around": around}))


@pytest.fixture
def clock():
    return Clock()


def measured(clock, sides, budget=0.0):
    return interleaved(sides, budget, clock=clock, wall=clock)


def test_sides_are_warmed_up_and_then_called_in_turn(clock):
    sides = {"a": clock.side("a", LEG), "b": clock.side("b", LEG)}
    measured(clock, sides)
    assert "".join(clock.calls) == "aabb" + "ab" * ROUNDS


def test_the_first_call_is_slow_and_does_not_count(clock):
    times = measured(clock, {"a": clock.side("a", 100.0, LEG)})
    assert times == {"a": [pytest.approx(LEG)] * ROUNDS}


def test_a_leg_is_as_many_calls_as_fill_it_and_the_time_is_of_one(clock):
    times = measured(clock, {"a": clock.side("a", LEG / 4), "b": clock.side("b", LEG * 5)})
    assert clock.calls.count("a") == 2 + 4 * ROUNDS
    assert clock.calls.count("b") == 2 + ROUNDS
    assert times == {"a": [pytest.approx(LEG / 4)] * ROUNDS, "b": [pytest.approx(LEG * 5)] * ROUNDS}


def test_rounds_go_on_until_the_budget_is_spent(clock):
    times = measured(clock, {"a": clock.side("a", 1.0), "b": clock.side("b", 2.0)}, budget=29.5)
    assert len(times["a"]) == len(times["b"]) == 10


def test_what_is_around_a_side_is_not_measured_and_is_entered_for_its_calls_only(clock):
    seen = []

    @contextmanager
    def around():
        clock.now += 50.0
        seen.append(len(clock.calls))
        yield
        seen.append(len(clock.calls))
        clock.now += 50.0

    times = measured(clock, {"a": clock.side("a", LEG, around=around), "b": clock.side("b", LEG)})
    assert times["a"] == [pytest.approx(LEG)] * ROUNDS
    # Two calls before the rounds; in each round, one, and b's outside.
    assert seen == [0, 1, 1, 2, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("budget", [-1.0, float("nan"), float("inf")])
def test_a_budget_that_is_none_is_refused(clock, budget):
    with pytest.raises(UsageError, match=r"budget: expected a finite number of .*, got (-1|nan|inf)"):
        measured(clock, {"a": clock.side("a", 1.0)}, budget)


def test_a_ratio_is_the_median_of_those_of_the_rounds():
    # By hand: 4, 1, 3, 2, 5. The median of the times, 8 / 4, would give 2.
    assert ratio([8, 4, 9, 2, 50], [2, 4, 3, 1, 10]) == Ratio(median=3, low=2, high=4, rounds=5)


@pytest.mark.parametrize("times", [([1.0, 0.0], [1.0, 1.0]), ([1.0, 1.0], [1.0, 0.0])])
def test_a_round_in_which_the_clock_stood_still_has_no_ratio(times):
    with pytest.raises(ValueError, match="above 0 in every round"):
        ratio(*times)


def test_rounds_that_differ_in_number_have_no_ratio():
    with pytest.raises(ValueError, match="longer"):
        ratio([1.0, 1.0], [1.0, 1.0, 1.0])


def test_the_overhead_is_per_operation_in_microseconds_and_by_the_median():
    assert overhead([3e-6, 9e-6, 5e-6], [1e-6, 1e-6, 1e-6], 2) == pytest.approx(2.0)

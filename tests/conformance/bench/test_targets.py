"""The targets: that each is about rows that there are, and how its figure is folded."""

from __future__ import annotations

import pytest

from conformance.bench import memory
from conformance.bench.rows import Record, Row
from conformance.bench.targets import SUBJECTS, TARGETS, Target, misses, outcome, outcomes
from conformance.bench.timing import Ratio
from conformance.bench.workloads import WORKLOADS
from conformance.bench.workloads.recurrent import GRID


def row(name, size, ratios, **more):
    each = {pair: Ratio(value, value, value, 3) for pair, value in ratios.items()}
    return Row(name, "recurrent layers", size, str(size), each, **more)


def record(*medians, subject="mytorch", name="LSTM train"):
    rows = [
        row(name, size, {(subject, "torch"): value, ("products", "torch"): 99.0})
        for size, value in zip(GRID, medians, strict=False)
    ]
    return Record(rows, {}, {})


MEAN = Target("mean", ("LSTM train",), {"mytorch": 2.0, "numba": 1.0}, "geometric mean")
LARGEST = Target("largest", ("LSTM train",), {"mytorch": 4.0})
TWO = Target("two smallest", ("LSTM train",), {"mytorch": 2.0}, smallest=2)


@pytest.mark.parametrize(
    ("target", "medians", "measured", "holds"),
    [
        # The geometric mean of 1, 4, 1, 4, 1, 4 is 2; their mean is 2.5.
        (MEAN, (1, 4, 1, 4, 1, 4), 2.0, True),
        (MEAN, (1, 4, 1, 4, 1, 4.1), 2.008, False),
        (LARGEST, (1, 4, 1, 1, 1, 1), 4.0, True),
        (LARGEST, (1, 1, 1, 4.01, 1, 1), 4.01, False),
        (TWO, (1, 2, 9, 9, 9, 9), 2.0, True),
        (TWO, (1, 2.01, 1, 1, 1, 1), 2.01, False),
    ],
)
def test_a_figure_is_folded_from_the_rows_and_compared_with_its_bound(target, medians, measured, holds):
    found = outcome(target, "mytorch", record(*medians))
    assert found.measured == pytest.approx(measured, abs=1e-3)
    assert found.holds is holds


def test_without_all_of_its_rows_a_target_neither_holds_nor_is_missed():
    found = outcome(LARGEST, "mytorch", record(9, 9, 9))
    assert (found.measured, found.rows, found.holds) == (9, 3, None)
    assert misses(record(9)) == []
    found = outcome(MEAN, "numba", record(1, 1, 1, 1, 1, 1))
    assert (found.measured, found.rows, found.holds) == (None, 0, None)


def test_the_worst_row_of_a_miss_is_named_once():
    found = misses(record(0.6, 0.6, 5, 1, 1, 1))
    assert [(each.name, each.size, subject) for each, subject in found] == [
        ("LSTM train", GRID[2], "mytorch")
    ]


def test_a_figure_over_numpys_call_is_not_a_ratio():
    (target,) = (each for each in TARGETS if each.what.startswith("add"))
    ratios = {("mytorch", "torch"): 5.0, ("mytorch", "numpy"): 7.0}
    add = row("add, forward", (16,), ratios, overhead={"mytorch": 0.9})
    found = outcome(target, "mytorch", Record([add], {}, {}))
    assert (found.measured, found.holds) == (0.9, True)


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.what)
def test_each_is_about_rows_that_there_are_and_compares_with_one_library(target):
    assert {*target.rows} <= {*WORKLOADS, memory.NAME}
    assert target.bounds.keys() <= SUBJECTS.keys()
    assert target.reasons.keys() <= target.bounds.keys()
    assert target.expected >= len(target.rows)
    for name in {*target.rows} - {memory.NAME}:
        whom = [b for a, b in WORKLOADS[name].pairs if a == "mytorch" and b != "numpy"]
        assert len(whom) == 1, name


def test_no_two_targets_have_one_name():
    assert len({target.what for target in TARGETS}) == len(TARGETS)
    assert len(outcomes(record())) == sum(len(target.bounds) for target in TARGETS)

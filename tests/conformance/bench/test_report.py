"""The report and its picture, of a record by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.bench.plot import svg
from conformance.bench.report import line, markdown
from conformance.bench.rows import Record, Row
from conformance.bench.timing import Ratio
from conformance.bench.workloads.recurrent import GRID

MACHINE = {"CPU": "a CPU", "load": "the process had 61% of one core"}


def trained(size, mytorch, numba):
    ratios = {
        ("mytorch", "torch"): Ratio(mytorch, mytorch - 0.01, mytorch + 0.02, 9),
        ("numba", "torch"): Ratio(numba, numba, numba, 9),
        ("products", "torch"): Ratio(0.91, 0.9, 0.92, 9),
    }
    return Row("LSTM train", "recurrent layers", size, f"N {size[0]}", ratios)


@pytest.fixture
def record():
    rows = [trained(size, 1.25 if size == GRID[-1] else 0.5, 0.12) for size in GRID]
    add = Row(
        *("add, forward", "operations", (16,), "elements 16"),
        {("mytorch", "torch"): Ratio(1.5, 1.4, 1.6, 3), ("mytorch", "numpy"): Ratio(12, 11, 13, 3)},
        {"mytorch": 2.345},
    )
    wrong = Row("Linear", "layers", (1, 2, 3), "N 1, I 2, O 3", refused="mytorch against torch: no")
    profiles = {("add, forward", (16,), "mytorch"): "60% `binary` of autograd/_apply.py"}
    return Record([*rows, add, wrong], {"jax": "jax is not installed"}, MACHINE, profiles, {"judging": 0.125})


def test_lines_of_targets_have_the_figure_the_bound_and_whether_it_holds(record):
    text = markdown(record)
    # By hand: the geometric mean of five times .5 and 1.25 is .583.
    assert (
        "| LSTM train, geometric mean of the grid | 0.58 (at most 1) | holds | 0.12 (at most 0.45) | holds |"
    ) in text
    assert "| LSTM train, two smallest | 0.50 (at most 0.7) | holds | 0.12 (at most 0.13) | holds |" in text
    assert "| add, µs over NumPy's call | 2.35 (at most 1) | **missed** | – | – |" in text
    assert "| Linear, each size | – (at most 1.5) | not measured | – | – |" in text
    assert "NumPy path: 3 of 4 hold; with numba: 3 of 3 hold." in text


def test_a_miss_is_named_with_its_worst_row_and_where_its_time_goes(record):
    text = markdown(record)
    assert (
        "| add, µs over NumPy's call, NumPy path | add, forward, elements 16 | 2.35, at most 1 | "
        "60% `binary` of autograd/_apply.py |"
    ) in text
    slow = replace(record, rows=[trained(size, 3.0, 0.1) for size in GRID])
    assert "3.00, at most 1 | NumPy's products alone take 0.91 |" in markdown(slow)


def test_a_table_has_medians_and_quartiles(record):
    text = markdown(record)
    assert "| what | size | mytorch / torch | mytorch with numba / torch | NumPy's products / torch |" in text
    assert "| LSTM train | N 64 | 1.25 (1.24–1.27) | 0.12 (0.12–0.12) | 0.91 (0.90–0.92) |" in text
    assert "| add, forward | elements 16 | 1.50 (1.40–1.60) | 12 (11–13) | 2.35 |" in text


def test_the_shares_of_the_suite_are_told_where_they_were_measured(record):
    assert "| judging | 12.5% |" in markdown(record)
    assert "A run of the suite" not in markdown(replace(record, suite={}))


def test_what_is_left_out_and_what_is_refused_is_said(record):
    text = markdown(record)
    assert "- jax: jax is not installed" in text
    assert "- Linear, N 1, I 2, O 3: REFUSED: mytorch against torch: no" in text
    assert "Refused" not in markdown(replace(record, rows=record.rows[:-1]))


def test_the_machine_is_named(record):
    assert "| load | the process had 61% of one core |" in markdown(record)


def test_a_row_in_one_line(record):
    assert line(record.rows[0]) == (
        "LSTM train, N 1: mytorch/torch 0.50 (0.49–0.52), numba/torch 0.12 (0.12–0.12), "
        "products/torch 0.91 (0.90–0.92)"
    )


def test_the_picture_has_a_line_per_layer_and_the_same_bytes_each_time(record):
    picture = svg(record)
    for label in (">LSTM<", ">LSTM, numba<", ">LSTM, NumPy's products<", "train: time / torch's"):
        assert label in picture
    assert ">GRU<" not in picture
    assert svg(record) == picture

"""Which sides are made, compared and timed, and what is refused before the clock starts."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from conformance.bench import libraries, running
from conformance.bench.agreement import WrongResultError, compare
from conformance.bench.machine import settled
from conformance.bench.workload import Side, Workload
from conformance.errors import UsageError

SIZE = (3,)


@pytest.fixture(autouse=True)
def kernels_of_the_machine(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)


RIGHT = np.array([1.0, -2.0, 4.0], np.float32)


def workload(result, steps):
    """A workload whose sides note their steps, and of which one has a result of its own."""

    def made(name, value):
        return lambda _: Side(lambda: steps.append(name), lambda: [value])

    sides = {"torch": made("torch", RIGHT), "mytorch": made("mytorch", result)}
    return Workload("work", "layers", ("N",), (SIZE,), sides, (("mytorch", "torch"),))


WRONG = {
    "a number": (RIGHT + np.float32(0.001), "errors of at most 0.0001 of the largest element, 4, got"),
    "not a number": (np.array([1, np.nan, 4], np.float32), "got one of nan"),
    "a shape": (RIGHT[:2], r"result 0: expected \(3,\) float32, got \(2,\) float32"),
    "a dtype": (RIGHT.astype(np.float64), r"expected \(3,\) float32, got \(3,\) float64"),
    "zeros": (np.zeros_like(RIGHT), "got one of 4"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_result_is_refused_and_nothing_is_timed(wrong):
    steps = []
    value, told = WRONG[wrong]
    row = running.measure(workload(value, steps), SIZE, 0.0)
    assert row.refused.startswith("mytorch against torch: result 0: expected ")
    with pytest.raises(WrongResultError, match=told):
        compare([RIGHT], [value], 1e-4, "mytorch against torch")
    assert (row.ratios, steps) == ({}, [])


def test_a_right_result_is_timed():
    steps = []
    row = running.measure(workload(RIGHT * np.float32(1 + 1e-6), steps), SIZE, 0.0)
    assert row.refused == ""
    assert row.ratios["mytorch", "torch"].rounds == 3
    assert {"torch", "mytorch"} == {*steps}


@pytest.mark.parametrize(
    ("reference", "subject", "told"),
    [
        ([], [], "expected some results, got 0"),
        ([RIGHT], [RIGHT, RIGHT], "expected 1 results, got 2"),
        # What agrees with nothing but zeros would agree with any side that does nothing.
        ([RIGHT * 0], [RIGHT * 0], "expected finite numbers, not all 0, got 0 at most"),
        ([RIGHT * np.float32(np.inf)], [RIGHT], "got inf at most"),
    ],
)
def test_results_that_can_tell_nothing_are_refused(reference, subject, told):
    with pytest.raises(WrongResultError, match=told):
        compare(reference, subject, 1e-4, "a against b")


def test_an_unknown_workload_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match=r"unknown workload 'LSTM trian'\. Did you mean LSTM train"):
        running.run(["LSTM trian"], 0.0, "")


def test_a_choice_of_kernels_is_refused(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    with pytest.raises(UsageError, match=r"OPENBLAS_CORETYPE: expected it not to be set.*'Haswell'"):
        running.run(["Linear"], 0.0, "")


def test_while_measuring_there_is_one_thread_and_everything_is_put_back(monkeypatch):
    from threadpoolctl import threadpool_info, threadpool_limits

    def state():
        pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        return torch.get_num_threads(), pools, os.environ.get("XLA_FLAGS"), gc.get_freeze_count() > 0

    monkeypatch.delitem(sys.modules, "jax", raising=False)
    monkeypatch.setenv("XLA_FLAGS", "--mine")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(2):
            before = state()
            with settled():
                number, pools, flags, frozen = state()
            assert state() == before
    finally:
        torch.set_num_threads(threads)
    assert before[:2] == (2, [2] * len(pools))
    assert (number, {*pools}, frozen) == (1, {1}, True)
    assert flags.startswith("--mine --xla_cpu_multi_thread_eigen=false")


@pytest.fixture
def backend(monkeypatch):
    """A compiled backend, which notes what is switched on; its module is there."""
    modes = [None]

    @contextmanager
    def flags(*, enabled):
        modes.append(enabled)
        yield
        modes.pop()

    monkeypatch.setitem(sys.modules, libraries.BACKEND, SimpleNamespace(flags=flags))
    there = {"numba": ""}
    monkeypatch.setattr(libraries, "lacking", lambda name: there.get(name, "not here"))
    return modes


def test_the_compiled_backend_is_on_for_its_side_and_off_for_the_numpy_path(backend):
    def make(library, size):
        made.append((library.__name__, size, backend[-1]))
        return Side(lambda: seen.append(backend[-1]), None)

    made, seen = [], []
    sides = libraries.torch_like(make)
    for name in ("torch", "mytorch", "numba"):
        side = sides[name](SIZE)
        with side.around():
            side.step()
    assert made == [("torch", SIZE, None), ("mytorch", SIZE, False), ("mytorch", SIZE, True)]
    assert seen == [None, False, True]
    assert backend == [None]


def test_what_is_not_installed_is_left_out_with_the_reason(monkeypatch):
    absent = {"jax": "jax is not installed: pip install it", "numba": "no backend"}
    monkeypatch.setattr(running, "lacking", lambda name: absent.get(name, ""))
    record = running.run(["LSTM train against JAX", "LSTM train"], 0.0, "it", smallest=True)
    assert record.skipped == absent
    assert [row.name for row in record.rows] == ["LSTM train"]
    assert [*record.rows[0].ratios] == [("mytorch", "torch"), ("products", "torch")]


def test_an_extra_that_brings_a_framework_is_named():
    assert libraries.lacking("mytorch") == libraries.lacking("torch") == ""
    told = libraries.lacking("jax")
    assert told in {"", 'jax is not installed: pip install "mytorch-conformance[conformance,jax]"'}

"""The table of workloads: what it covers, the seed's text, and the yardstick."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import mytorch
from conformance.bench import memory
from conformance.bench.workload import Side
from conformance.bench.workloads import WORKLOADS, lesson, recurrent
from conformance.bench.workloads.recurrent import GRID, Layer

ROOT = Path(__file__).parents[3]


def test_the_grid_is_whole_for_each_recurrent_layer_trained_and_run():
    assert len(GRID) == 6
    for kind in ("LSTM", "GRU", "RNN"):
        for how in ("train", "inference"):
            assert WORKLOADS[f"{kind} {how}"].sizes == GRID


@pytest.mark.parametrize("name", WORKLOADS)
def test_pairs_are_of_sides_that_there_are_and_sizes_have_names(name):
    workload = WORKLOADS[name]
    assert {each for pair in workload.pairs for each in pair} <= workload.sides.keys()
    assert workload.pairs[0][0] == "mytorch"
    assert {len(size) for size in workload.sizes} == {len(workload.letters)}


def test_the_text_that_is_timed_is_the_seeds():
    shipped = Path(lesson.__file__).with_name("lstm_lesson.txt").read_bytes()
    assert shipped == (ROOT / "tests" / "seed" / "lstm_lesson.txt").read_bytes()


@pytest.mark.parametrize("library", [torch, mytorch])
def test_the_seeds_text_runs_on_a_library_by_its_imports(library):
    model = lesson.lesson(library)(3, 4, 2)
    outputs, (h, _) = model(library.ones(2, 5, 3))
    assert isinstance(model, library.nn.Module)
    assert (tuple(outputs.shape), tuple(h.shape)) == ((2, 5, 2), (2, 5, 4))


@pytest.mark.parametrize(
    ("layer", "products"),
    [
        # By hand, for 5 steps: the input's and one per step; for training the gradients of the input and of
        # both weights, and one more per step.
        (Layer("LSTM", train=False), 1 + 5),
        (Layer("LSTM"), 1 + 5 + 3 + 5),
        (Layer("GRU", layers=2, directions=2), 4 * (1 + 5 + 3 + 5)),
        (Layer("LSTM", projected=True), 1 + 10 + 4 + 10),
    ],
)
def test_the_yardstick_is_the_products_of_the_layer(monkeypatch, layer, products):
    shapes = []

    def matmul(left, right, out):
        assert out.shape == (left.shape[0], right.shape[1])
        assert left.shape[1] == right.shape[0]
        shapes.append(out.shape)

    side = layer.products((2, 5, 4, 6))
    monkeypatch.setattr(recurrent, "np", type("np", (), {"matmul": staticmethod(matmul)}))
    side.step()
    assert len(shapes) == products
    assert side.result is None


def test_the_peak_of_memory_is_of_the_step_and_not_of_what_was_there_before():
    if memory.lacking():
        pytest.skip(memory.lacking())
    kept = np.ones(1 << 20)
    large, small = (
        memory._measured(Side(lambda n=n: np.ones(n << 20) @ np.ones(n << 20), None)) for n in (2, 1)
    )
    assert kept.nbytes == 8 << 20
    for found, expected in ((large, 32 << 20), (small, 16 << 20)):
        assert found == pytest.approx([expected] * 3, rel=0.1)

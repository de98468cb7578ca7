"""Histograms as decisions: the functions are torch's, and a number at an edge is a branch."""

from __future__ import annotations

import pytest
import torch

from conformance.arithmetic.kernels import KERNELS
from conformance.arithmetic.mode import Arithmetic

ATEN = torch.ops.aten


def _random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


X, ROWS = _random(40), _random(40, 2)
# Both ends of a range, one inner edge, and a number outside.
X[:4] = torch.tensor([-1.0, 1.0, 0.5, 3.0])
WEIGHTS = _random(40, seed=1).abs()
EDGES = torch.tensor([-1.0, -0.25, 0.5, 2.0], dtype=torch.float64)

CALLS = {
    "histc": (ATEN.histc.default, (X, 8, -1, 1), {}),
    "histc of all numbers": (ATEN.histc.default, (X,), {}),
    "histc of equal ends": (ATEN.histc.default, (X, 5, 2, 2), {}),
    "histc of equal numbers": (ATEN.histc.default, (X[:1].repeat(3), 5), {}),
    "histc of nothing": (ATEN.histc.default, (X[:0], 5), {}),
    "histogram": (ATEN.histogram.bin_ct, (X, 7), {}),
    "histogram in a range": (ATEN.histogram.bin_ct, (X, 8), {"range": [-1.0, 1.0]}),
    "histogram of equal numbers": (ATEN.histogram.bin_ct, (X[:1].repeat(3), 5), {}),
    "histogram with weights": (ATEN.histogram.bin_ct, (X, 7), {"weight": WEIGHTS}),
    "histogram as a density": (ATEN.histogram.bin_ct, (X, 7), {"weight": WEIGHTS, "density": True}),
    "histogram of given edges": (ATEN.histogram.bins_tensor, (X, EDGES), {"density": True}),
    "edges of a table": (ATEN._histogramdd_bin_edges.default, (ROWS, [3, 4]), {}),
    "a table": (ATEN._histogramdd_from_bin_cts.default, (ROWS, [3, 4]), {"range": [-1.0, 1.0, -2.0, 2.0]}),
    "a table of given edges": (
        ATEN._histogramdd_from_bin_tensors.default,
        (ROWS, [EDGES, EDGES * 2]),
        {"weight": WEIGHTS, "density": True},
    ),
    "strided places": (ATEN.as_strided_scatter.default, (ROWS, X[:6].view(2, 3), [2, 3], [1, 4], 5), {}),
    "strided places of a view": (ATEN.as_strided_scatter.default, (ROWS[3:, 1], X[:2], [2], [7]), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_it_is_torchs_function(name):
    func, args, kwargs = CALLS[name]
    expected, found = func(*args, **kwargs), KERNELS[func](*args, **kwargs)
    torch.testing.assert_close(found, type(found)(expected) if isinstance(found, tuple) else expected)


def _steady(program):
    with Arithmetic(1, 16) as mode:
        program()
    return mode.steady


def test_a_number_at_a_rounded_edge_is_a_branch():
    numbers = torch.tensor([-0.9, 0.1, 0.95], dtype=torch.float64)
    assert _steady(lambda: numbers.histc(10, -1, 1))
    at_edge = torch.tensor([-0.9, 0.2, 0.95], dtype=torch.float64)
    assert not _steady(lambda: at_edge.histc(10, -1, 1))


def test_the_outer_edges_are_not_rounded():
    assert _steady(lambda: torch.tensor([-1.0, 1.0], dtype=torch.float64).histc(3, -1, 1))
    assert _steady(lambda: torch.tensor([-1.7, 0.3, 1.0], dtype=torch.float64).histc(3))

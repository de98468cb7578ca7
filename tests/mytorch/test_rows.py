"""Computing large arrays a few rows at a time: nothing is left out, and NumPy's buffer is left as it was."""

from __future__ import annotations

import numpy as np
import pytest

import mytorch
from mytorch._core.state import state
from mytorch.nn import functional as F
from mytorch.ops import rows

# Small; cut, with a rest; long rows; a dimension before the last; rows of more than rows.total gives to BLAS.
SHAPES = [(3, 5), (331, 300), (70, 1000), (67, 10, 150), (20, 5000)]

CALLS = {
    "softmax": mytorch.softmax,
    "log_softmax": mytorch.log_softmax,
    "layer_norm": lambda x, dim: F.layer_norm(x, x.shape[dim:]),
}


def run(call, x, cotangent, dim):
    x = mytorch.from_numpy(x).requires_grad_()
    y = call(x, dim)
    y.backward(mytorch.from_numpy(cotangent))
    return y.detach().numpy(), x.grad.numpy()


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CALLS)
def test_float32_is_near_float64(name, shape, dim):
    x, cotangent = np.random.default_rng(0).standard_normal((2, *shape))
    got = run(CALLS[name], x.astype(np.float32), cotangent.astype(np.float32), dim)
    for ours, expected in zip(got, run(CALLS[name], x, cotangent, dim), strict=True):
        assert ours.dtype == np.float32
        assert np.abs(ours - expected).max() < 2e-6 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("shape", [(1,), (3, 5), (331, 300), (2, 100_000), (1, 2, 100_000)])
@pytest.mark.parametrize("dim", [0, -1])
def test_blocks_cover_the_arrays_once(shape, dim):
    a = np.zeros(shape, np.int8)
    for x, y in rows.blocks(dim % a.ndim, a, a):
        assert x is y or np.shares_memory(x, y)
        assert dim % a.ndim or x.shape == shape
        np.add(x, 1, x)
    assert (a == 1).all()


def test_a_large_array_is_cut():
    assert len(list(rows.blocks(1, np.zeros((100, 10_000))))) > 1


def test_the_buffer_of_numpy_is_as_it_was():
    before = np.getbufsize()
    x = np.ones((100, 400), np.float32)
    with rows.row_by_row(x):
        inside = np.getbufsize()
    assert (inside, np.getbufsize()) == (400, before)
    seen = []
    with pytest.raises(ZeroDivisionError), rows.row_by_row(x):
        seen.append(1 / 0)
    assert np.getbufsize() == before
    run(CALLS["softmax"], x, x, -1)
    assert np.getbufsize() == before
    assert state.run(np.getbufsize) == before

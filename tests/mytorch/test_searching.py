"""Positions in sorted sequences against torch."""

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.Generator(np.random.PCG64(7))
ROWS = np.sort(RNG.integers(-9, 9, (2, 3, 40)), -1)
LINE = np.sort(RNG.standard_normal(33))
NANS = np.array([1.0, 2.0, 2.0, np.nan, np.nan])
ASKED = np.array([np.nan, np.inf, -np.inf, 2.0, 1.5])

# name: (program over a namespace and its tensors, arrays): compared exactly.
EXACT = {
    "rows": (lambda t, a: t.searchsorted(a, a[..., ::3] + 1), ROWS),
    "rows right": (lambda t, a: t.searchsorted(a, a[..., ::3].contiguous(), right=True), ROWS),
    "line": (lambda t, a: t.searchsorted(a, t.linspace(-3, 3, 24, dtype=a.dtype).reshape(2, 3, 4)), LINE),
    "each": (lambda t, a: t.searchsorted(a, a), LINE),
    "scalar": (lambda t, a: t.searchsorted(a, 0.25), LINE),
    "number in a tensor": (lambda t, a: t.searchsorted(a[0, 0], t.tensor(2.5)), ROWS),
    "nan": (lambda t, a: t.searchsorted(a, t.tensor(ASKED.tolist())), NANS),
    "nan right": (lambda t, a: t.searchsorted(a, t.tensor(ASKED.tolist()), side="right"), NANS),
    "no elements": (lambda t, a: t.searchsorted(a[:0], a), LINE),
    "no values": (lambda t, a: t.searchsorted(a, a[..., :0].contiguous()), ROWS),
    "no rows": (lambda t, a: t.searchsorted(a[:0], a[:0]), ROWS),
    "int32": (lambda t, a: t.searchsorted(a, a, out_int32=True), LINE),
    "sorter": (lambda t, a: t.searchsorted(a.flip(0), a, sorter=t.arange(32, -1, -1)), LINE),
    "halves": (lambda t, a: t.searchsorted(a, t.tensor([2, 2.5], dtype=t.float16)), ROWS[0, 0]),
    "buckets": (lambda t, a: t.bucketize(a, a[1, 1]), ROWS),
    "buckets right": (lambda t, a: t.bucketize(a, t.tensor([-1.5, 2]), right=True), ROWS),
    "bucket": (lambda t, a: t.bucketize(2, a), LINE),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program, what the message must name)
BAD = {
    "rows": (lambda t, x: t.searchsorted(x, x[:, None]), ["boundaries", "input"]),
    "sequence": (lambda t, x: t.searchsorted([1.0], x), ["Tensor", "list"]),
    "values": (lambda t, x: t.searchsorted(x[0], [1.0]), ["list"]),
    "sorter": (lambda t, x: t.searchsorted(x[0], x, sorter=[1]), ["sorter", "list"]),
    "side": (lambda t, x: t.searchsorted(x[0], x, side="middle"), ["side", "left", "middle"]),
    "range": (lambda t, x: t.searchsorted(x[0], x, sorter=x[0].long() - 9), ["sorter", "range"]),
    "boundaries": (lambda t, x: t.bucketize(x, x[0, 0]), ["boundaries", "0"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])

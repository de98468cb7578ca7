"""NumPy's functions and numbers with tensors, against torch."""

# A table of calls is one of lambdas, and every call takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import mytorch

X = np.arange(6.0, dtype=np.float32).reshape(2, 3)

CALLS = {
    "exp": lambda t, x: np.exp(x),
    "of integers": lambda t, x: np.sqrt(x.long()),
    "bools": lambda t, x: np.isnan(x),
    "tensor and number": lambda t, x: np.maximum(x, 1),
    "array and tensor": lambda t, x: np.add(np.ones((2, 3)), x),
    "matmul": lambda t, x: np.matmul(x, x.T),
    "two results": lambda t, x: np.divmod(x, 2)[1],
    "reduce": lambda t, x: np.add.reduce(x),
    "argmax": lambda t, x: np.argmax(x, axis=1),
    "argsort": lambda t, x: np.argsort(x),
    "cumsum": lambda t, x: np.cumsum(x, axis=0),
    "clip": lambda t, x: np.clip(x, 1, 2),
    "round": lambda t, x: np.round(x),
    "transpose": lambda t, x: np.transpose(x),
    "reshape": lambda t, x: np.reshape(x, (3, 2)),
    "squeeze": lambda t, x: np.squeeze(x[:1]),
    "repeat": lambda t, x: np.repeat(x, 2),
    "take": lambda t, x: np.take(x, [0]),
    "sort": lambda t, x: np.sort(x),
    "ravel": lambda t, x: np.ravel(x),
    "concatenate": lambda t, x: np.concatenate([x, x]),
    "stack": lambda t, x: np.stack([x, x]),
    "where": lambda t, x: np.where(x > 2, x, 0),
    "norm": lambda t, x: np.linalg.norm(x),
    "median": lambda t, x: np.median(x),
    "unique": lambda t, x: np.unique(x.long()),
    "like": lambda t, x: np.zeros_like(x),
    "dot": lambda t, x: np.dot(x, x.T),
    "allclose": lambda t, x: np.allclose(x, x),
    "out": lambda t, x: np.exp(x, out=np.zeros((2, 3), np.float32)),
    "array": lambda t, x: np.array(x),
    "asarray of a dtype": lambda t, x: np.asarray(x, dtype=np.float64),
    "array of tensors": lambda t, x: np.array([x, x]),
    "array of numbers": lambda t, x: np.array([x[0, 0], x[0, 1]]),
    "an element": lambda t, x: np.arange(3.0)[x.long()[0, 1]],
    "elements": lambda t, x: np.arange(3.0)[x[0] > 0],
    "number times tensor": lambda t, x: np.float32(2) * x,
    "double times tensor": lambda t, x: np.float64(2) * x,
    "double times integers": lambda t, x: np.float64(2) * x.long(),
    "integer times integers": lambda t, x: np.int64(2) * x.long(),
    "number minus tensor": lambda t, x: np.float32(2) - x,
    "number over tensor": lambda t, x: np.float64(2) / (x + 1),
    "power": lambda t, x: np.float32(2) ** x,
    "comparison": lambda t, x: np.float32(2) > x,
    "tensor times number": lambda t, x: x * np.float64(2),
    "tensor plus array": lambda t, x: x + np.ones(3),
    "tensor and array, product": lambda t, x: x @ np.ones(3, np.float32),
    "equal": lambda t, x: x == np.zeros(3),
    "wrapped": lambda t, x: x.__array_wrap__(np.array([True])),
    "priority": lambda t, x: x.__array_priority__,
    "with a gradient": lambda t, x: (np.float32(2) * x.requires_grad_()).requires_grad,
}
BAD = {
    "exp with a gradient": lambda t: np.exp(t.ones(2, requires_grad=True)),
    "asarray with a gradient": lambda t: np.asarray(t.ones(2, requires_grad=True)),
    "product with a gradient": lambda t: t.ones(2, requires_grad=True) @ np.ones(2, np.float32),
    "sum": lambda t: np.sum(t.ones(2)),
    "mean": lambda t: np.mean(t.ones(2), axis=0),
    "std": lambda t: np.std(t.ones(2)),
    "max": lambda t: np.max(t.ones(2)),
    "any": lambda t: np.any(t.ones(2)),
    "another dtype without a copy": lambda t: np.array(t.ones(2), dtype=np.float64, copy=False),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_functions_return_what_they_return_of_torchs_tensors(name):
    ours = CALLS[name](mytorch, mytorch.tensor(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's protocols are NumPy 1's
        theirs = CALLS[name](torch, torch.tensor(X))
    assert isinstance(ours, mytorch.Tensor) == isinstance(theirs, torch.Tensor)
    got, expected = np.asarray(ours), np.asarray(theirs)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", BAD)
def test_what_torch_refuses_is_refused(name, refused_alike):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        refused_alike(BAD[name])


def test_asarray_shares_memory():
    x = mytorch.zeros(2)
    np.asarray(x)[0] = 1
    np.array(x)[1] = 1
    assert x.tolist() == [1.0, 0.0]

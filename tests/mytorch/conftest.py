"""The comparisons with torch that the tables of many files share, as fixtures.

A program takes a namespace (torch or mytorch) and tensors. A row of a table is a program and its data.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import mytorch


def _outcome(program, t, arrays, dtype):
    """Return the result, and the gradients under a random cotangent."""
    with np.errstate(over="ignore"):
        inputs = [t.tensor(a.astype(dtype), requires_grad=True) for a in arrays]
    out = program(t, *inputs)
    cotangent = np.random.Generator(np.random.PCG64(1)).standard_normal(tuple(out.shape))
    out.backward(t.tensor(cotangent, dtype=out.dtype))
    return [out.detach().numpy(), *(None if x.grad is None else x.grad.numpy() for x in inputs)]


@pytest.fixture
def agree():
    """Compare value, dtype, shape and gradients of a program: `agree(program, arrays, dtype)`."""

    def compare(program, arrays, dtype):
        got, expected = (_outcome(program, t, arrays, dtype) for t in (mytorch, torch))
        tolerance = {"rtol": 1e-13, "atol": 1e-13} if dtype == "float64" else {"rtol": 3e-5, "atol": 3e-6}
        for ours, theirs in zip(got, expected, strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
                np.testing.assert_allclose(ours, theirs, **tolerance)

    return compare


@pytest.fixture
def agree_exactly():
    """Compare a result without gradients bit by bit: `agree_exactly(program, array)`."""

    def compare(program, array):
        expected = program(torch, torch.tensor(array)).numpy()
        got = program(mytorch, mytorch.tensor(array)).numpy()
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)

    return compare


@pytest.fixture
def fail_alike():
    """Compare the classes of two errors of a program of a matrix: `fail_alike(program, words)`.

    The message has all words; alternatives are separated by `|`.
    """

    def compare(program, words):
        errors = []
        for t in (torch, mytorch):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
                program(t, t.tensor(np.ones((3, 4))))
            errors.append(caught)
        assert errors[1].type is errors[0].type, f"{errors[1].value} instead of {errors[0].value}"
        for word in words:
            assert any(each in str(errors[1].value) for each in word.split("|"))

    return compare


def _text(case, t):
    """Return the result or the error of a case, as text that does not name the namespace."""
    try:
        result = case(t)
    except Exception as error:  # noqa: BLE001 - the class is what is compared
        return type(error).__name__, str(error)
    return "returned", repr(result).replace("mytorch.", "torch.")


@pytest.fixture
def same_text():
    """Compare what a program of a namespace returns or raises, as text: `same_text(program)`."""

    def compare(program):
        expected_kind, expected = _text(program, torch)
        got_kind, got = _text(program, mytorch)
        assert got_kind == expected_kind, got
        # Some of our messages go on where torch's end.
        got = got.replace("mytorch.", "torch.")
        assert got == expected or (got_kind != "returned" and got.startswith(expected))

    return compare


@pytest.fixture
def refused_alike():
    """Compare the classes of the errors that a program of a namespace raises: `refused_alike(program)`."""

    def compare(program):
        errors = []
        for t in (mytorch, torch):
            try:
                program(t)
            except Exception as error:  # noqa: BLE001 - the class is what is compared
                errors.append(type(error))
        assert len(errors) == 2
        assert errors[0] is errors[1]

    return compare


def _loss(t, name, arrays, constants, options):
    """Return a loss and the gradients of the arrays, under a cotangent that is not constant."""
    tensors = [t.tensor(array, requires_grad=True) for array in arrays]
    given = {
        key: t.tensor(value) if isinstance(value, np.ndarray) else value for key, value in options.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        loss = getattr(t.nn.functional, name)(*tensors, *(t.tensor(c) for c in constants or ()), **given)
    cotangent = np.random.default_rng([9, *loss.shape]).standard_normal(tuple(loss.shape))
    loss.backward(t.tensor(cotangent))
    return [loss.detach().numpy(), *(x.grad.numpy() for x in tensors)]


@pytest.fixture
def agree_loss():
    """Compare a loss and its gradients: `agree_loss(name, arrays, arrays without gradients, **options)`."""

    def compare(name, arrays, constants=None, **options):
        got, expected = (_loss(t, name, arrays, constants, options) for t in (mytorch, torch))
        for ours, theirs in zip(got, expected, strict=True):
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
            np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)

    return compare

"""Clipping of gradients: values, norms and errors against torch."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
import torch

import mytorch

SHAPES = ((3, 4), (4,), (), (0,))


def parameters(t, dtype="float64", scale=1.0):
    params = []
    for i, shape in enumerate(SHAPES):
        p = t.nn.Parameter(t.zeros(shape, dtype=getattr(t, dtype)))
        p.grad = t.tensor((scale * np.random.default_rng(i).standard_normal(shape)).astype(dtype))
        params.append(p)
    # One without a gradient.
    return [*params, t.nn.Parameter(t.zeros(2))]


def gradients(params):
    return [None if p.grad is None else p.grad.numpy() for p in params]


def agree(got, expected, rtol):
    for ours, theirs in zip(got, expected, strict=True):
        if theirs is None:
            assert ours is None
        else:
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
            np.testing.assert_allclose(ours, theirs, rtol=rtol)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-13), ("float32", 1e-6)])
@pytest.mark.parametrize("norm_type", [2, 2.0, 1.0, 3.0, 0.5, inf])
@pytest.mark.parametrize("max_norm", [0.1, 1e3, 0])
def test_clip_grad_norm(max_norm, norm_type, dtype, rtol):
    results = []
    for t in (mytorch, torch):
        params = parameters(t, dtype)
        norm = t.nn.utils.clip_grad_norm_(params[:3] + params[4:], max_norm, norm_type=norm_type)
        results.append([norm.numpy(), *gradients(params)])
    agree(*results, rtol)


def test_gradients_of_two_dtypes():
    results = []
    for t in (mytorch, torch):
        params = parameters(t, "float32")[:2] + parameters(t, "float64")[:1]
        results.append([t.nn.utils.clip_grad_norm_(params, 0.5).numpy(), *gradients(params)])
    agree(*results, 1e-6)


@pytest.mark.parametrize("value", [0.3, 0.0, 1e3])
def test_clip_grad_value(value):
    results = []
    for t in (mytorch, torch):
        params = parameters(t)
        assert t.nn.utils.clip_grad_value_(iter(params), value) is None
        results.append(gradients(params))
    agree(*results, 0)


def test_one_tensor_and_none():
    for t in (mytorch, torch):
        p = parameters(t)[1]
        expected = np.linalg.norm(p.grad.numpy())
        assert t.nn.utils.clip_grad_norm_(p, 100.0).item() == pytest.approx(expected)
        assert t.nn.utils.clip_grad_norm_([], 1.0).item() == 0.0
        t.nn.utils.clip_grad_value_(p, 0.0)
        assert not p.grad.numpy().any()


def test_get_total_norm():
    got, expected = (
        t.nn.utils.get_total_norm([p.grad for p in parameters(t)[:3]]).item() for t in (mytorch, torch)
    )
    assert got == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", [3.0, 0.5, 2.0, -inf, 0.0])
def test_the_norm_of_one_number_is_exact(order, dtype):
    value = 322.8094968859714
    norms = [
        t.nn.utils.get_total_norm(t.tensor([value], dtype=getattr(t, dtype)), order).numpy()
        for t in (mytorch, torch)
    ]
    assert norms[0] == norms[1]
    assert norms[0].dtype == norms[1].dtype


@pytest.mark.parametrize("bad", [inf, nan])
def test_a_norm_that_is_not_finite(bad):
    results = []
    for t in (mytorch, torch):
        params = parameters(t, "float64", scale=bad)[:2]
        with pytest.raises(RuntimeError, match="non-finite"):
            t.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
        results.append([t.nn.utils.clip_grad_norm_(params, 1.0).numpy(), *gradients(params)])
    agree(*results, 0)


def test_an_empty_generator_is_warned_of():
    for t in (mytorch, torch):
        with pytest.warns(UserWarning, match="empty generator"):
            t.nn.utils.clip_grad_norm_((p for p in ()), 1.0)


def test_clipping_counts_as_a_change():
    p = parameters(mytorch)[0]
    before = p.grad._version
    mytorch.nn.utils.clip_grad_norm_([p], 0.1)
    mytorch.nn.utils.clip_grad_value_([p], 0.01)
    assert p.grad._version == before + 2

"""Operations composed as torch's kernels compute them are the kernels' functions, and round as they do."""

from __future__ import annotations

import pytest
import torch

from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.kernels import KERNELS

ATEN = torch.ops.aten
SHAPES = [((3, 4), [4]), ((2, 3, 4), [3, 4]), ((2, 3), [2, 3])]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("affine", ["both", "weight", "none"])
@pytest.mark.parametrize(("shape", "own"), SHAPES, ids=str)
def test_layer_norm_is_the_kernels_function(shape, own, affine):
    x, grad = draw(*shape), draw(*shape, seed=1)
    weight = None if affine == "none" else draw(*own, seed=2)
    bias = draw(*own, seed=3) if affine == "both" else None
    forward, backward = ATEN.native_layer_norm.default, ATEN.native_layer_norm_backward.default
    expected = forward(x, own, weight, bias, 1e-5)
    found = KERNELS[forward](x, own, weight, bias, 1e-5)
    torch.testing.assert_close(found, expected)
    wanted = [True, weight is not None, bias is not None]
    arguments = grad, x, own, *expected[1:], weight, bias, wanted
    for mine, right in zip(KERNELS[backward](*arguments), backward(*arguments), strict=True):
        assert (mine is None) == (right is None)
        if mine is not None:
            torch.testing.assert_close(mine, right)


def test_a_gradient_that_is_not_wanted_is_none():
    x = draw(3, 4)
    _, mean, scale = ATEN.native_layer_norm(x, [4], None, None, 1e-5)
    backward = KERNELS[ATEN.native_layer_norm_backward.default]
    assert backward(x, x, [4], mean, scale, None, None, [False, False, False]) == (None, None, None)


def test_far_from_zero_float32_is_within_the_noise_of_its_gradient():
    x, cotangent = draw(5, 64) + 1000, draw(5, 64, seed=1)

    def gradient(dtype):
        leaf = x.float().to(dtype).requires_grad_()
        torch.nn.functional.layer_norm(leaf, (64,)).backward(cotangent.float().to(dtype))
        return leaf.grad

    allowed = deviations(lambda: {"gradient": gradient(torch.float64)}, "key")["gradient"].largest
    error = (gradient(torch.float32).double() - gradient(torch.float64)).abs().max()
    assert 0 < error < allowed

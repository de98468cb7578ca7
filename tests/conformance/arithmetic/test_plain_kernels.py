"""Kernels without conversions of dtypes are torch's decompositions, and have the same noise."""

from __future__ import annotations

import pytest
import torch
from torch._decomp import decomposition_table

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.neural.plain import KERNELS, in_float64

ATEN = torch.ops.aten


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# With gaps between the numbers, or none; and of losses, whose gradient is one number.
X, WIDE, GRAD, ONE = draw(4, 5), draw(4, 10, seed=3)[:, ::2], draw(4, 5, seed=9), draw(seed=9)
SHARES, AIMS = X.sigmoid(), WIDE.sigmoid()
GROUPS, WEIGHT, BIAS = draw(2, 6, 5), draw(6, seed=1), draw(6, seed=2)
NORMED = ATEN.native_group_norm(GROUPS, WEIGHT, BIAS, 2, 6, 5, 3, 1e-5)

# Calls of every kernel; one with arguments by name is a pair.
CALLS = {
    "_log_softmax": [(X, 1, False), (WIDE, 0, False), (ONE, 0, False)],
    "_log_softmax_backward_data": [(GRAD, WIDE, -1, torch.float64)],
    "_softmax": [(X, 1, False), (WIDE, 0, False), (ONE, 0, False)],
    "_softmax_backward_data": [(GRAD, WIDE, 0, torch.float64)],
    "binary_cross_entropy": [(SHARES, AIMS, None, 1), (SHARES, AIMS, WIDE.abs(), 2)],
    "binary_cross_entropy_backward": [(ONE, SHARES, AIMS, None, 1), (GRAD, SHARES, AIMS, WIDE.abs(), 0)],
    "elu_backward": [(GRAD, 1.5, 1.0, 0.7, False, WIDE)],
    "gelu_backward": [((GRAD, WIDE), {"approximate": how}) for how in ("none", "tanh")],
    "huber_loss_backward": [(ONE, X, WIDE, 1, 0.7)],
    "leaky_relu_backward": [(GRAD, WIDE, 0.1, False)],
    "log_sigmoid_backward": [(GRAD, WIDE, (-WIDE.abs()).exp())],
    "log_sigmoid_forward": [(X,), (WIDE,)],
    "mse_loss": [(X, WIDE, reduction) for reduction in range(3)],
    "mse_loss_backward": [(GRAD, X, WIDE, 0), (ONE, X, WIDE, 1), (ONE, X, WIDE, 2)],
    "native_group_norm_backward": [(GROUPS, GROUPS, *NORMED[1:], WEIGHT, 2, 6, 5, 3, [True, True, True])],
    "silu": [(X,), (WIDE,)],
    "silu_backward": [(GRAD, WIDE)],
    "smooth_l1_loss": [(X, WIDE, reduction, 0.7) for reduction in range(3)],
    "smooth_l1_loss_backward": [(ONE, X, WIDE, 1, 0.7)],
    "softplus_backward": [(GRAD, WIDE, 0.5, 1.0)],
}


def results(function, args, named):
    out = function(*args, **named)
    return [each for each in (out if isinstance(out, tuple) else (out,)) if each is not None]


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_has_the_noise_of_torchs_decomposition_bit_for_bit(name):
    operation = getattr(ATEN, name).default

    def noisy(function, args, named):
        with Arithmetic(3, 8, zeros=True) as mode:
            # Shares stay below 1.
            moved = [each * 0.75 if isinstance(each, torch.Tensor) else each for each in args]
            found = results(function, moved, named)
        return found, [mode.replicates(each) for each in found], mode.decisions, mode.steady

    for call in CALLS[name]:
        args, named = call if isinstance(call[-1], dict) else (call, {})
        clean, found, *counts = noisy(KERNELS[name], args, named)
        decomposed, expected, *others = noisy(decomposition_table[operation], args, named)
        assert counts == others
        for one, other in zip([*clean, *found], [*decomposed, *expected], strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
        assert all((each != each[0]).any() for each in found)
        right = results(operation, args, named)
        torch.testing.assert_close(results(KERNELS[name], args, named), right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("operand", "taken"),
    [(draw(2), "kernel"), (draw(2).float(), "decomposition"), (draw(0), "decomposition")],
    ids=["float64", "float32", "empty"],
)
def test_other_dtypes_and_no_elements_are_left_to_torchs_decomposition(operand, taken):
    def kernel(*_, **__):
        return "kernel"

    def decomposed(*_, **__):
        return "decomposition"

    assert in_float64(decomposed, kernel, draw(2), operand, 1) == taken
    assert in_float64(decomposed, kernel, draw(2), weight=operand) == taken

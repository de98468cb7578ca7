"""Kernels of neural networks are torch's functions, and noise reaches them where places are open, too."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional as F

from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.neural import KERNELS, plain

ATEN = torch.ops.aten


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def whole(*values):
    return torch.tensor(values)


def _backward(name, forward):
    """Return a gradient of an operation's output."""
    return draw(*getattr(ATEN, name)(*forward).shape, seed=9)


def _convolutions():
    for transposed, groups, more in product([False, True], [1, 2], [0, 1]):
        weight = draw(*((4, 3) if transposed else (6, 4 // groups)), 3, 2)
        given = [2, 3], [1, 0], [1, 2], transposed, [more * transposed, more * transposed], groups
        x = draw(2, 4, 5, 6)
        grad = _backward("convolution", (x, weight, None, *given))
        yield grad, x, weight, [weight.shape[1] * groups if transposed else 6], *given, [True, True, True]
    weight, given = draw(2, 2, 4), ([1], [0], [3], True, [2], 1)
    # An output padding beyond the stride.
    grad = _backward("convolution", (draw(1, 2, 5), weight, None, *given))
    yield grad, draw(1, 2, 5), weight, [2], *given, [True, True, False]


def _averages(rank):
    x = draw(2, 3, 7, 6, 5)[..., : [0, 0, 1, 5][rank]].squeeze(-1)
    for ceil, counted, divisor in [
        (False, True, None),
        (True, False, None),
        (True, True, None),
        (False, False, 3),
    ]:
        yield x, [3] * rank, [2] * rank, [1] * rank, ceil, counted, divisor
    yield x, [2], [], [0], False, True, None


def _with_gradient(name, calls):
    """Return calls of an operation's gradient: (grad, x, rest)."""
    for call in calls:
        yield _backward(name, call), *call


def _upsampled(name, rank):
    sizes = (5, 4, 3)[:rank]
    for out, align, factor in product([(8, 7, 5), (5, 2, 3), (1, 9, 2)], [False, True], [None, 1.7]):
        yield draw(2, 2, *sizes), list(out[:rank]), *([] if "nearest" in name else [align]), *[factor] * rank


def _upsampled_back(name, rank):
    for x, out, *rest in _upsampled(name, rank):
        yield draw(2, 2, *out, seed=9), out, list(x.shape), *rest


def _grids(rank, *, back):
    for mode, padding, align in product([0, 1, 2] if rank == 2 else [0, 1], [0, 1, 2], [False, True]):
        x, grid = draw(2, 3, *(4, 5, 3)[:rank]), 1.5 * draw(2, *(3, 2, 4)[:rank], rank)
        grad = draw(2, 3, *(3, 2, 4)[:rank], seed=9)
        yield (grad, x, grid, mode, padding, align, [True, True]) if back else (x, grid, mode, padding, align)


def _largest(name, forward):
    """Return the gradient of a maximum over windows."""
    out, places = getattr(ATEN, name)(*forward)
    middle = forward[1:] if "adaptive" not in name else ()
    if "fractional" in name:
        middle = middle[:2]
    return draw(*out.shape, seed=9), forward[0], *middle, places


def _bags():
    weight, indices, offsets = draw(6, 3), whole(1, 3, 1, 5, 0, 2), whole(0, 2, 2, 5)
    for mode, padding in product([0, 1, 2], [-1, 1]):
        yield weight, indices, offsets, False, mode, False, None, False, padding
    yield weight, indices, whole(0, 2, 2, 6), False, 0, False, draw(6), True, -1


def _bags_back():
    for weight, indices, offsets, _, mode, sparse, own, last, padding in _bags():
        out, bags, sizes, most = ATEN._embedding_bag(
            weight, indices, offsets, False, mode, sparse, own, last, padding
        )
        given = False, mode, sparse, own, padding
        yield draw(*out.shape, seed=9), indices, offsets, bags, sizes, most, 6, *given


def _labels():
    probs = draw(7, 3, 5).log_softmax(-1)
    # One of repeated labels, one of none, and one that is too long for its steps.
    yield probs, whole([1, 1, 2], [4, 0, 0], [3, 2, 1]), [7, 5, 2], [3, 0, 3], 0
    yield probs, whole(1, 1, 2, 3, 4), [7, 6, 7], [2, 1, 2], 0


def _labels_back():
    for call, zero in product(_labels(), [False, True]):
        loss, alpha = ATEN._ctc_loss(*call)
        yield draw(3, seed=9), *call[:4], loss, alpha, call[4], zero


NORMS = [0.0, 1.0, 1.5, 2.0, 3.0, torch.inf]
QUERIES = draw(2, 4, 3, 5), draw(2, 4, 6, 5, seed=1), draw(2, 4, 6, 5, seed=2)
SCORES, CLASSES = draw(3, 5), whole(4, 0, 2)
SEVERAL = whole([3, 0, -1, 1, 2], [1, -1, 0, 0, 0], [0, 1, 2, 3, 4])


def _attentions(*, back):
    mask = torch.where(draw(3, 6) > 0, 0.0, -torch.inf)
    mask[:, 0] = 0.0
    for causal, own, scale in [(False, None, None), (True, None, 0.3), (False, mask, None)]:
        out, total = ATEN._scaled_dot_product_flash_attention_for_cpu(
            *QUERIES, 0.0, causal, attn_mask=own, scale=scale
        )
        made = (draw(*out.shape, seed=9),) if back else ()
        yield (
            (*made, *QUERIES, *((out, total) if back else ()), 0.0, causal),
            {"attn_mask": own, "scale": scale},
        )


POOLED = {
    "max_pool2d_with_indices": (draw(2, 3, 7, 6), [3, 3], [2, 2], [1, 1], [1, 1], False),
    "max_pool3d_with_indices": (draw(2, 3, 7, 6, 5), [3, 3, 3], [2, 2, 2], [1, 1, 1], [1, 1, 1], True),
    "adaptive_max_pool2d": (draw(2, 3, 7, 6), [3, 4]),
    "adaptive_max_pool3d": (draw(2, 3, 7, 6, 5), [3, 4, 2]),
    "fractional_max_pool2d": (draw(2, 3, 7, 6), [2, 3], [3, 2], torch.full((2, 3, 2), 0.4).double()),
    "fractional_max_pool3d": (draw(2, 3, 7, 6, 5), [2, 3, 2], [3, 2, 2], torch.full((2, 3, 3), 0.4).double()),
}
UPSAMPLED = {
    "upsample_linear1d": 1,
    "upsample_bilinear2d": 2,
    "upsample_trilinear3d": 3,
    "upsample_bicubic2d": 2,
    **{f"_upsample_{name}2d_aa": 2 for name in ("bilinear", "bicubic", "lanczos")},
    **{
        f"{name}{rank}d": rank
        for name in ("upsample_nearest", "_upsample_nearest_exact")
        for rank in (1, 2, 3)
    },
}
ADAPTIVE = {2: (draw(2, 3, 7, 6), [3, 4]), 3: (draw(2, 3, 7, 6, 5), [3, 4, 2])}
# Calls of every kernel; one with arguments by name is a pair.
CALLS = {
    "convolution_backward": [*_convolutions()],
    "conv_tbc": [(draw(5, 2, 3), draw(2, 3, 4), draw(4), 1)],
    **{f"avg_pool{rank}d": [*_averages(rank)] for rank in (2, 3)},
    **{
        f"avg_pool{rank}d_backward": [*_with_gradient(f"avg_pool{rank}d", _averages(rank))] for rank in (2, 3)
    },
    **{f"_adaptive_avg_pool{rank}d": [call, (call[0], [1] * rank)] for rank, call in ADAPTIVE.items()},
    **{
        f"_adaptive_avg_pool{rank}d_backward": [(draw(2, 3, *call[1], seed=9), call[0])]
        for rank, call in ADAPTIVE.items()
    },
    **{f"{name}_backward": [_largest(name, call)] for name, call in POOLED.items()},
    **{name: [*_upsampled(name, rank)] for name, rank in UPSAMPLED.items() if "nearest" not in name},
    **{f"{name}_backward": [*_upsampled_back(name, rank)] for name, rank in UPSAMPLED.items()},
    **{f"grid_sampler_{rank}d": [*_grids(rank, back=False)] for rank in (2, 3)},
    **{f"grid_sampler_{rank}d_backward": [*_grids(rank, back=True)] for rank in (2, 3)},
    **{
        f"replication_pad{rank}d_backward": [
            *_with_gradient(f"replication_pad{rank}d", [(draw(2, *(5, 4, 6)[:rank]), padding)])
        ]
        for rank, padding in ((1, [2, -1]), (2, [1, 2, 0, 3]), (3, [1, 0, 2, 1, 0, 2]))
    },
    "_embedding_bag": [*_bags()],
    "_embedding_bag_forward_only": [*_bags()],
    "_embedding_bag_backward": [*_bags_back()],
    "_embedding_bag_dense_backward": [
        (grad, indices, bags, sizes, most, count, scaled, mode, own, padding)
        for grad, indices, _, bags, sizes, most, count, scaled, mode, _, own, padding in _bags_back()
    ],
    "_embedding_bag_per_sample_weights_backward": [
        (draw(4, 3), draw(6, 3), whole(1, 3, 1, 5, 0, 2), whole(0, 2, 2, 5), whole(0, 0, 2, 2, 2, 3), 0, 1)
    ],
    "embedding_renorm_": [(draw(6, 3), whole([1, 3], [3, 5]), 0.7, norm) for norm in (1.0, 2.0)],
    "_ctc_loss": [*_labels()],
    "_ctc_loss.Tensor": [(p, t, whole(*s), whole(*n), blank) for p, t, s, n, blank in _labels()],
    "_ctc_loss_backward": [*_labels_back()],
    "_ctc_loss_backward.Tensor": [
        (g, p, t, whole(*s), whole(*n), *rest) for g, p, t, s, n, *rest in _labels_back()
    ],
    "_cdist_forward": [
        *[(draw(2, 4, 3), draw(5, 3, seed=1), p, 2) for p in NORMS],
        (draw(30, 3), draw(4, 3, seed=1), 2.0, None),
        (draw(4, 3), draw(4, 3, seed=1), 2.0, 1),
    ],
    "_cdist_backward": [
        (draw(4, 5, seed=9), a, b, p, torch.cdist(a, b, p))
        for a, b in [(draw(4, 3), torch.cat([draw(4, 3)[1:], draw(2, 3, seed=1)]))]
        for p in NORMS
    ],
    "_pdist_forward": [(draw(5, 3), p) for p in NORMS],
    "_pdist_backward": [(draw(10, seed=9), draw(5, 3), p, torch.pdist(draw(5, 3), p)) for p in NORMS],
    "multi_margin_loss_backward": [
        *[
            (grad, SCORES, CLASSES, p, 0.8, weight, reduction)
            for p, weight in product([1, 2], [None, draw(5).abs()])
            for reduction, grad in enumerate([draw(3, seed=9), draw(seed=9), draw(seed=9)])
        ],
        (draw(), SCORES[0], CLASSES[:1].squeeze(), 1, 1.0, None, 1),
    ],
    "multilabel_margin_loss_backward": [
        (grad, SCORES, SEVERAL, reduction, ATEN.multilabel_margin_loss_forward(SCORES, SEVERAL, 0)[1])
        for reduction, grad in enumerate([draw(3, seed=9), draw(seed=9), draw(seed=9)])
    ],
    "_trilinear": [
        (draw(4, 2), draw(5, 2, 3), draw(4, 3), [1, 3], [0], [1, 2], [2, 3]),
        (draw(4, 2), draw(4, 2), draw(4, 2), [], [], [], [1]),
    ],
    "_weight_norm_interface_backward": [
        (draw(4, 3, 2), draw(4, 3, 2), g, ATEN._weight_norm_interface(draw(4, 3, 2), g, dim)[1], dim)
        for dim, g in ((0, draw(4, 1, 1)), (2, draw(1, 1, 2)))
    ],
    "rrelu_with_noise": [
        (draw(4, 3), torch.zeros(4, 3).double(), 0.1, 0.3, training) for training in (False, True)
    ],
    "rrelu_with_noise_functional": [(draw(4, 3), torch.zeros(4, 3).double(), 0.1, 0.3, True)],
    "_scaled_dot_product_flash_attention_for_cpu": [*_attentions(back=False)],
    "_scaled_dot_product_flash_attention_for_cpu_backward": [*_attentions(back=True)],
}


def _overload(name):
    base, _, overload = name.partition(".")
    return getattr(getattr(ATEN, base), overload or "default")


def _copies(values):
    return [value.clone() if isinstance(value, torch.Tensor) else value for value in values]


def _results(func, call):
    args, named = call if isinstance(call[-1], dict) else (call, {})
    torch.manual_seed(0)
    given = _copies(args)
    out = func(*given, **named)
    outs = list(out) if isinstance(out, tuple) else [out]
    # What it writes into its operands is a result, too.
    return outs + [each for each in given if isinstance(each, torch.Tensor)]


def test_every_kernel_is_called():
    # Those in plain.py: test_plain_kernels.py.
    assert {_overload(name) for name in (*CALLS, *plain.KERNELS)} == set(KERNELS)


@pytest.mark.parametrize("name", CALLS)
def test_a_kernel_is_the_operations_function(name):
    func = _overload(name)
    for call in CALLS[name]:
        found, expected = _results(KERNELS[func], call), _results(func, call)
        # Of a bag whole numbers are left open, and forward variables behind the end.
        count = 1 if name.startswith(("_ctc_loss", "_embedding_bag")) and "backward" not in name else None
        torch.testing.assert_close(found[:count], expected[:count], rtol=1e-9, atol=1e-9, equal_nan=True)


def test_gradients_of_a_bag_may_be_divided_by_how_often_a_row_is_taken():
    # torch's own operation divides by the count of another row.
    dense = KERNELS[ATEN._embedding_bag_dense_backward.default]
    grad, indices, _, bags, sizes, most, count, *_ = next(_bags_back())
    plain, scaled = (dense(grad, indices, bags, sizes, most, count, each, 0, None) for each in (False, True))
    torch.testing.assert_close(scaled * indices.bincount(minlength=count).clamp(min=1)[:, None], plain)
    assert not torch.equal(scaled, plain)


def gradient(function, *inputs):
    """Return a function's result and gradients under noise, and whether no decision changed."""
    with Arithmetic(0, 16) as mode:
        leaves = [(each * 1.0).detach().requires_grad_() for each in inputs]
        out = function(*leaves)
        out.backward(draw(*out.shape, seed=9))
        noisy = [mode.replicates(each).std(0) for each in (out.detach(), *(leaf.grad for leaf in leaves))]
    return noisy, mode.steady


# Where two elements meet, the weights are continuous: their places are no decisions.
EVEN = {
    "linear": lambda x: F.interpolate(x[None], scale_factor=2, mode="linear", align_corners=True),
    "shrunk": lambda x: F.interpolate(x[None, :, None], (1, 2), mode="bilinear", antialias=True),
    "grid": lambda x: F.grid_sample(x[None, :, None], torch.zeros(1, 1, 1, 2).double(), align_corners=True),
}


@pytest.mark.parametrize("name", EVEN)
def test_a_place_where_two_elements_meet_is_no_decision(name):
    noisy, steady = gradient(EVEN[name], draw(2, 5))
    assert steady
    assert all((each > 0).any() for each in noisy)


def test_the_nearest_place_and_the_slope_of_a_grid_are_decisions():
    grid = torch.zeros(1, 1, 1, 2, dtype=torch.float64)
    x = draw(1, 2, 1, 4)

    def sampled(mode):
        # Between two elements for the nearest, and on one for the slope.
        return lambda grid: F.grid_sample(
            x if mode == "nearest" else x[..., :3], grid, mode, align_corners=True
        )

    assert not gradient(sampled("nearest"), grid)[1]
    assert not gradient(sampled("bilinear"), grid)[1]
    assert gradient(sampled("bicubic"), grid)[1]


def test_a_tie_in_a_window_that_noise_parts_is_a_decision():
    assert not gradient(lambda x: F.max_pool2d(x, 2), torch.ones(1, 1, 4, 4).double())[1]


def test_a_row_that_is_longer_than_allowed_is_scaled_in_the_noise_too():
    weight = draw(5, 3)
    with Arithmetic(0, 8) as mode:
        noisy = weight * 1.0
        torch.embedding_renorm_(noisy, whole(1, 3), 0.5, 2.0)
        norms = mode.replicates(noisy)[:, [1, 3]].norm(dim=-1)
    torch.testing.assert_close(norms, torch.full_like(norms, 0.5), rtol=1e-5, atol=0)


@torch.library.custom_op("conformance_tests::doubled", mutates_args=())
def doubled(x: torch.Tensor) -> torch.Tensor:
    """Return a number of which more than half is noise of two sums."""
    return (x + 1) + (x - 1)


def test_a_custom_operation_is_run_as_its_function():
    found = deviations(lambda: {"out": doubled(draw(5))}, "key")["out"]
    assert (found.rms > 0).all()


def _noisy(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 1.1


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda: torch.conv1d(torch.zeros(0, 4, 5).double(), _noisy(6, 2, 3), groups=2), (0, 6, 3)),
        (lambda: torch.conv_transpose1d(torch.zeros(0, 4, 5).double(), _noisy(4, 3, 3), groups=2), (0, 6, 7)),
        (lambda: torch.addbmm(_noisy(0, 3), _noisy(2, 0, 4), _noisy(2, 4, 3)), (0, 3)),
        (lambda: torch.addbmm(_noisy(2, 3), _noisy(0, 2, 4), _noisy(0, 4, 3)), (2, 3)),
    ],
    ids=["convolution", "transposed", "no rows", "no matrices"],
)
def test_noise_follows_what_has_no_elements(call, shape):
    """Where a size is 0, torch cannot tell another from the number of elements."""
    assert deviations(lambda: {"out": call()}, "key")["out"].rms.shape == shape

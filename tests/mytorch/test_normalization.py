"""Layer normalization against torch, as a function and as a layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def both(call):
    return [call(t) for t in (mytorch, torch)]


def agree(call, rtol=1e-13):
    for got, expected in zip(*both(call), strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("affine", ["both", "weight", "none"])
@pytest.mark.parametrize(
    ("shape", "rank"), [((3, 4), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((4,), 1), ((0, 4), 1), ((2, 0), 1)]
)
def test_layer_norm(shape, rank, affine):
    def run(t):
        x = t.tensor(draw(*shape), requires_grad=True)
        parameters = [t.tensor(draw(*shape[-rank:], seed=i), requires_grad=True) for i in (1, 2)]
        used = parameters[: {"both": 2, "weight": 1, "none": 0}[affine]]
        y = t.nn.functional.layer_norm(x, shape[-rank:], *used)
        y.backward(t.tensor(draw(*shape, seed=3)))
        return [y.detach().numpy(), x.grad.numpy(), *(p.grad.numpy() for p in used)]

    agree(run, rtol=1e-11)


def test_layer_norm_changes_nothing_that_it_was_given():
    x = mytorch.tensor([[1.0, 2.0, 4.0]])
    before = x.tolist()
    mytorch.nn.functional.layer_norm(x, (3,)).add_(1)
    assert x.tolist() == before


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.LayerNorm(3),
        lambda t: t.nn.LayerNorm((2, 3), bias=False),
        lambda t: t.nn.LayerNorm([3], eps=1e-3, elementwise_affine=False),
        lambda t: t.nn.GroupNorm(2, 4),
        lambda t: t.nn.GroupNorm(2, 4, affine=False),
        lambda t: t.nn.BatchNorm1d(3),
        lambda t: t.nn.BatchNorm1d(3, bias=False),
        lambda t: t.nn.BatchNorm2d(3, 1e-3, None, affine=False, track_running_stats=False),
    ],
)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    state, expected = ({k: v.tolist() for k, v in m.state_dict().items()} for m in (ours, theirs))
    assert state == expected


def trained(t, dtype, momentum, shape, batches=3):
    """Return a layer that has seen some batches, with the output of the last."""
    layer = getattr(t.nn, f"BatchNorm{max(1, len(shape) - 2)}d")(shape[1], momentum=momentum)
    layer = layer.to(getattr(t, dtype))
    for seed in range(batches):
        x = t.tensor(draw(*shape, seed=seed).astype(dtype), requires_grad=True)
        y = layer(x)
        y.backward(t.tensor(draw(*shape, seed=9).astype(dtype)))
    return layer, y, x.grad


@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 5)])
def test_batch_norm_in_training_and_evaluation(momentum, shape):
    def run(t):
        layer, y, change = trained(t, "float64", momentum, shape)
        state = layer.state_dict()
        assert int(state["num_batches_tracked"]) == 3
        x = t.tensor(draw(*shape, seed=7))
        found = [y.detach(), change, *(p.grad for p in layer.parameters()), *state.values()]
        evaluated = layer.eval()(x).detach()
        assert int(layer.num_batches_tracked) == 3
        layer.reset_running_stats()
        return [each.numpy() for each in (*found, evaluated, *layer.buffers())]

    agree(run, rtol=1e-11)


def test_batch_norm_in_evaluation_goes_on_from_torchs_state():
    theirs, _, _ = trained(torch, "float64", 0.1, (4, 3))
    ours = mytorch.nn.BatchNorm1d(3, dtype=mytorch.float64)
    ours.load_state_dict({k: mytorch.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x = draw(4, 3, seed=5)
    for layer in (theirs, ours):
        layer.eval()
    got, expected = ours(mytorch.tensor(x)), theirs(torch.tensor(x))
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-13)


def test_an_old_state_has_no_count_of_batches():
    layer = mytorch.nn.Sequential(mytorch.nn.BatchNorm1d(2))
    state = {k: v + 1 for k, v in layer.state_dict().items() if "num" not in k}
    assert str(layer.load_state_dict(state)) == "<All keys matched successfully>"
    assert layer[0].running_mean.tolist() == [1.0, 1.0]


def test_batch_norm_of_no_samples_keeps_its_statistics():
    def run(t):
        layer = t.nn.BatchNorm1d(4)
        return [layer(t.zeros(0, 4)).detach().numpy(), layer.running_mean.numpy(), layer.running_var.numpy()]

    agree(run)


@pytest.mark.parametrize("parameters", ["float16", "float32"])
def test_batch_norm_in_float16(parameters):
    def run(t):
        layer = t.nn.BatchNorm1d(3, dtype=getattr(t, parameters))
        x = t.tensor(draw(8, 3).astype("float16"))
        return [layer(x).detach().numpy(), layer.running_var.numpy()]

    agree(run, rtol=2e-3)


def test_running_statistics_changed_before_backward_are_an_error():
    mean, var = mytorch.zeros(3), mytorch.ones(3)
    x = mytorch.ones(2, 3, requires_grad=True)
    y = mytorch.nn.functional.batch_norm(x, mean, var)
    var.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def batch_norm(t, *args, shape=(2, 4), **options):
    """Call it on zeros, and with zeros of a size for a number."""
    tensors = [t.zeros(n) if isinstance(n, int) else n for n in args]
    return t.nn.functional.batch_norm(t.zeros(*shape), *tensors, **options)


BAD = {
    "batch_norm: rank": lambda t: t.nn.BatchNorm1d(3)(t.zeros(3)),
    "batch_norm: rank of images": lambda t: t.nn.BatchNorm2d(3)(t.zeros(3, 3, 3)),
    "batch_norm: features": lambda t: t.nn.BatchNorm1d(3)(t.zeros(2, 4)),
    "batch_norm: weight": lambda t: batch_norm(t, None, None, 3, training=True),
    "batch_norm: bias": lambda t: batch_norm(t, None, None, None, 3, training=True),
    "batch_norm: mean": lambda t: batch_norm(t, 3, 4),
    "batch_norm: variance": lambda t: batch_norm(t, 4, 3),
    "batch_norm: no statistics": lambda t: batch_norm(t, None, None),
    "batch_norm: no variance": lambda t: batch_norm(t, 4, None),
    "batch_norm: no variance in training": lambda t: batch_norm(t, 4, None, training=True),
    "batch_norm: one value": lambda t: batch_norm(t, 4, 4, shape=(1, 4), training=True),
    "batch_norm: dtype": lambda t: batch_norm(t, 4, 4, t.zeros(4).double(), t.zeros(4).double()),
    "batch_norm: integers": lambda t: t.nn.functional.batch_norm(
        t.zeros(2, 4).long(), t.zeros(4), t.zeros(4)
    ),
    "batch_norm: gradient": lambda t: batch_norm(t, t.zeros(4, requires_grad=True), 4, training=True),
    "batch_norm: eps": lambda t: batch_norm(t, 4, 4, eps=-1.0),
    "batch_norm: momentum": lambda t: batch_norm(t, 4, 4, momentum="a"),
    "group_norm: rank": lambda t: t.nn.functional.group_norm(t.zeros(3), 1),
    "group_norm: groups": lambda t: t.nn.functional.group_norm(t.zeros(2, 3), 2),
    "group_norm: no groups": lambda t: t.nn.functional.group_norm(t.zeros(2, 4), 0),
    "group_norm: fewer than none": lambda t: t.nn.functional.group_norm(t.zeros(2, 4), -2),
    "group_norm: float": lambda t: t.nn.functional.group_norm(t.zeros(2, 4), 2.0),
    "group_norm: weight": lambda t: t.nn.functional.group_norm(t.zeros(2, 4), 2, t.zeros(3)),
    "group_norm: bias": lambda t: t.nn.functional.group_norm(t.zeros(2, 4), 2, None, t.zeros(3)),
    "group_norm: one value": lambda t: t.nn.functional.group_norm(t.zeros(1, 4), 4),
    "group_norm: integers": lambda t: t.nn.functional.group_norm(t.zeros(2, 4).long(), 2),
    "group_norm: dtype": lambda t: t.nn.functional.group_norm(t.zeros(2, 4), 2, t.zeros(4).double()),
    "group_norm: layer": lambda t: t.nn.GroupNorm(3, 4),
    "layer_norm: size": lambda t: t.nn.functional.layer_norm(t.ones(2, 3), [4]),
    "layer_norm: rank": lambda t: t.nn.functional.layer_norm(t.ones(3), [2, 3]),
    "layer_norm: nothing": lambda t: t.nn.functional.layer_norm(t.ones(3), []),
    "layer_norm: number": lambda t: t.nn.functional.layer_norm(t.ones(3), 3),
    "layer_norm: weight": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], t.ones(4)),
    "layer_norm: bias": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], None, t.ones(4)),
    "layer_norm: dtype": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], t.ones(3, dtype=t.float64)),
    "layer_norm: integers": lambda t: t.nn.functional.layer_norm(t.ones(3, dtype=t.int64), [3]),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)

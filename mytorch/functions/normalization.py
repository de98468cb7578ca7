"""Layer, group and batch normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._core.typename import typename
from mytorch.autograd import no_grad
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, integer_of, number_of, require_floating
from mytorch.functions._loss import require_constant
from mytorch.ops import channel_norm as channels
from mytorch.ops import normalization as ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor

__all__ = ["batch_norm", "group_norm", "layer_norm"]


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize the last dimensions to mean 0 and variance 1, then scale and shift them.

    Args:
        input: (*, S), floating.
        normalized_shape: S, the last sizes, over which mean and variance are taken.
        weight: factor, of shape S and the dtype of `input`; or None for 1.
        bias: summand, of shape S and the dtype of `input`; or None for 0.
        eps: added to the variance, so that nothing is divided by 0.

    Raises:
        RuntimeError: S is empty or not the end of the shape of `input`, or a parameter has another shape or
            dtype.
        NotImplementedError: `input` is not floating.
        TypeError: S is not a tuple or list.

    Source: Ba, Kiros & Hinton, "Layer Normalization", 2016, arXiv:1607.06450.

    Examples:
        >>> x = mytorch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
        >>> nn.functional.layer_norm(x, (3,))
        tensor([[-1.2247,  0.0000,  1.2247],
                [-1.2247,  0.0000,  1.2247]])
    """
    x = array_of("layer_norm", input)
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{typename(normalized_shape)}"
        )
    sizes = list(normalized_shape)
    if not sizes:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got normalized_shape = []"
        )
    shape, dtype = tuple(sizes), x.dtype
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.array.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given.shape)} and normalized_shape = {sizes}"
            )
    if x.shape[-len(sizes) :] != shape:
        expected = ", ".join(["*", *map(str, sizes)])
        raise RuntimeError(
            f"Given normalized_shape={sizes}, expected input with shape [{expected}], but got input of "
            f"size{list(x.shape)}"
        )
    require_floating("layer_norm", input)
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.array.dtype != dtype:
            names = SCALAR_TYPE_NAMES[input.dtype], SCALAR_TYPE_NAMES[given.dtype]
            raise RuntimeError(
                f"mixed dtype (CPU): expect {name} to have scalar type of {names[0]}, got {names[1]}"
            )
    eps = number_of("layer_norm", "eps", eps, 5)
    return apply(ops.LayerNorm, input, weight, bias, rank=len(sizes), eps=eps)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize each channel to mean 0 and variance 1 over the batch, then scale and shift it.

    Args:
        input: (N, C, *), floating.
        running_mean: of each channel, (C,): used instead of the batch's mean in evaluation, and changed in
            place in training; or None.
        running_var: likewise the variance.
        weight: factor, (C,); or None for 1.
        bias: summand, (C,); or None for 0.
        training: take the batch's mean and variance, which is divided by the count.
        momentum: share of the batch in the running statistics after the call. Their variance is divided by
            the count minus one.
        eps: added to the variance, so that nothing is divided by 0.

    Raises:
        RuntimeError: a parameter has another size or dtype, or in evaluation there are no running statistics.
        ValueError: in training a channel has one value only, one of the running statistics is None and the
            other is not, or `eps` is negative.
        NotImplementedError: `input` is not floating.

    Source: Ioffe & Szegedy, "Batch Normalization", 2015, arXiv:1502.03167.

    Examples:
        >>> x, mean, var = mytorch.tensor([[1.0], [3.0]]), mytorch.zeros(1), mytorch.ones(1)
        >>> nn.functional.batch_norm(x, mean, var, training=True)
        tensor([[-1.0000],
                [ 1.0000]])
        >>> mean, var
        (tensor([0.2000]), tensor([1.1000]))
    """
    x = array_of("batch_norm", input)
    eps = number_of("batch_norm", "eps", eps, 8)
    momentum = number_of("batch_norm", "momentum", momentum, 7)
    if eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    if training:
        if x.ndim > 1 and x.size and x.size == x.shape[1]:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size {input.shape}"
            )
        if (running_mean is None) != (running_var is None):
            raise ValueError("running_mean and running_var must either both be None or neither be None")
    _check_batch(input, running_mean, running_var, weight, bias, training)
    statistics = (None, None) if training else (running_mean, running_var)
    how = {"groups": x.shape[1], "axes": (0, 3), "eps": eps}
    out = apply(channels.ChannelNorm, input, weight, bias, *statistics, **how)
    if training and running_mean is not None and running_var is not None and x.size:
        with no_grad():
            for running, new in zip((running_mean, running_var), channels.moments(x), strict=True):
                running.copy_((1 - momentum) * running + momentum * wrap(new))
    return out


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize groups of channels to mean 0 and variance 1, then scale and shift each channel.

    Args:
        input: (N, C, *), floating.
        num_groups: how many groups the channels are divided into.
        weight: factor of each channel, (C,); or None for 1.
        bias: summand of each channel, (C,); or None for 0.
        eps: added to the variance, so that nothing is divided by 0.

    Raises:
        RuntimeError: the groups do not divide the channels, a parameter has another size or dtype, or `input`
            has no channels.
        ValueError: each group has one value only, in a batch of one.
        NotImplementedError: `input` is not floating.
        TypeError: `num_groups` is not an integer.

    Source: Wu & He, "Group Normalization", 2018, arXiv:1803.08494.

    Examples:
        >>> x = mytorch.tensor([[1.0, 3.0, 10.0, 30.0]])
        >>> nn.functional.group_norm(x, 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    x = array_of("group_norm", input)
    groups = integer_of("group_norm", "num_groups", num_groups, 2)
    if x.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {x.ndim}")
    if groups == 0:
        raise ZeroDivisionError("expected num_groups to be greater than 0, got 0")
    if groups < 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {groups}")
    if x.shape[1] % groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={groups}"
        )
    if x.size == groups:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(x.shape)}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.array.shape != x.shape[1:2]:
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {list(given.shape)} and input of shape {list(x.shape)}"
            )
    require_floating("group_norm", input)
    _check_parameters(input, {"weight": weight, "bias": bias})
    eps = number_of("group_norm", "eps", eps, 5)
    return apply(channels.ChannelNorm, input, weight, bias, None, None, groups=groups, axes=(2, 3), eps=eps)


def _check_batch(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    training: bool,
) -> None:
    channels = input.shape[1] if input.ndim > 1 else 0
    running = {"running_mean": running_mean, "running_var": running_var}
    parameters = {**running, "weight": weight, "bias": bias}
    for name, given in parameters.items():
        if given is None:
            if name in running and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
        elif given.array.shape != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements not {given.numel()}")
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected at least 2 dimensions, but got input of size {input.shape}")
    require_floating("batch_norm", input)
    for name, given in running.items():
        require_constant("native_batch_norm", name, given)
    _check_parameters(input, parameters)


def _check_parameters(input: Tensor, parameters: dict[str, Tensor | None]) -> None:
    """Raise a RuntimeError unless all have the dtype of the input, or all are float32 with float16."""
    given = {name: each for name, each in parameters.items() if each is not None}
    kinds = {SCALAR_TYPE_NAMES[each.dtype] for each in given.values()}
    own = SCALAR_TYPE_NAMES[input.dtype]
    if len(kinds) > 1 or kinds - {own, *(("Float",) if own == "Half" else ())}:
        found = ", ".join(f"{name} {SCALAR_TYPE_NAMES[each.dtype]}" for name, each in given.items())
        raise RuntimeError(
            f"mixed dtype (CPU): expect all parameters to have scalar type of {own}, got {found}"
        )

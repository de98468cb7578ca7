"""Initial values of parameters.

Each function whose name ends in an underscore fills its tensor in place, without gradients, and returns it.
Those that draw raise NotImplementedError for a tensor that is not floating.
"""

from __future__ import annotations

import warnings
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, float64
from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.autograd import no_grad
from mytorch.creation.random_tensors import rand, randn
from mytorch.nn._deprecated import deprecated_name

if TYPE_CHECKING:
    from mytorch._tensor import Tensor
    from mytorch.random import Generator

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

# Roughly the factor by which an activation lowers the root mean square of unit normal input; torch's table.
_CONVOLUTIONS = [f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]
_GAINS = dict.fromkeys(("linear", *_CONVOLUTIONS, "sigmoid"), 1.0) | {
    "tanh": 5.0 / 3,
    "relu": sqrt(2.0),
    "selu": 3.0 / 4,
}


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from U(a, b).

    Args:
        tensor: the tensor to fill, (*), floating.
        a: lower bound.
        b: upper bound.
        generator: source of the draws; the default generator if None.

    Raises:
        RuntimeError: a is greater than b, or a bound is not finite.
    """
    _require_floating("check_uniform_bounds", tensor)
    for name, bound in (("from", a), ("to", b)):
        if not float("-inf") < bound < float("inf"):
            kind = SCALAR_TYPE_NAMES[tensor.dtype].lower()
            raise RuntimeError(f"{name} is out of bounds for {kind}: expected a finite number, got {bound}")
    if a > b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}")
    with no_grad():
        return tensor.copy_(rand(tensor.shape, generator=generator, dtype=tensor.dtype) * (b - a) + a)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with draws from N(mean, std²).

    Args:
        tensor: the tensor to fill, (*), floating.
        mean: mean of the distribution.
        std: its standard deviation, at least 0.
        generator: source of the draws; the default generator if None.

    Raises:
        RuntimeError: std is negative.
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    _require_floating("normal_kernel_cpu", tensor)
    with no_grad():
        return tensor.copy_(randn(tensor.shape, generator=generator, dtype=tensor.dtype) * std + mean)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number.

    Args:
        tensor: the tensor to fill, (*).
        val: the number.
    """
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill `tensor`, (*), with 1 and return it."""
    return constant_(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill `tensor`, (*), with 0 and return it."""
    return constant_(tensor, 0)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which weights are enlarged because of the activation that follows them.

    Args:
        nonlinearity: name of the activation, such as "relu", "tanh", "linear" or "leaky_relu".
        param: the negative slope of "leaky_relu", 0.01 if None.

    Returns:
        The gain.

    Raises:
        ValueError: the activation does not exist, or the slope is not a number.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from U(-bound, bound), bound = gain √(3 / fan).

    Args:
        tensor: the tensor to fill, (O, I, *), floating.
        a: negative slope of the activation, where that is "leaky_relu".
        mode: "fan_in" keeps the variance of the forward pass, "fan_out" that of the backward pass.
        nonlinearity: name of the activation that follows; see `calculate_gain`.
        generator: source of the draws; the default generator if None.

    Raises:
        ValueError: the tensor has fewer than two dimensions, or the mode or the nonlinearity does not exist.

    Source: He et al., "Delving Deep into Rectifiers", ICCV 2015.

    Examples:
        >>> layer = nn.Linear(6, 100)
        >>> nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu").shape
        mytorch.Size([100, 6])
        >>> 0.9 < layer.weight.abs().max().item() < 1.0
        True
    """
    scale = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if scale is None else uniform_(tensor, -sqrt(3.0) * scale, sqrt(3.0) * scale, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from N(0, gain² / fan).

    Args:
        tensor: the tensor to fill, (O, I, *), floating.
        a: negative slope of the activation, where that is "leaky_relu".
        mode: "fan_in" keeps the variance of the forward pass, "fan_out" that of the backward pass.
        nonlinearity: name of the activation that follows; see `calculate_gain`.
        generator: source of the draws; the default generator if None.

    Raises:
        ValueError: the tensor has fewer than two dimensions, or the mode or the nonlinearity does not exist.

    Source: He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    scale = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if scale is None else normal_(tensor, 0.0, scale, generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from U(-bound, bound), bound = gain √(6 / (fan in + fan out)).

    Args:
        tensor: the tensor to fill, (O, I, *), floating.
        gain: see `calculate_gain`.
        generator: source of the draws; the default generator if None.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks",
        AISTATS 2010.
    """
    bound = gain * sqrt(6.0 / max(sum(_fans(tensor)), 1))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from N(0, 2 gain² / (fan in + fan out)).

    Args:
        tensor: the tensor to fill, (O, I, *), floating.
        gain: see `calculate_gain`.
        generator: source of the draws; the default generator if None.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks",
        AISTATS 2010.
    """
    return normal_(tensor, 0.0, gain * sqrt(2.0 / max(sum(_fans(tensor)), 1)), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with `gain` times a random matrix whose rows or columns, whichever are fewer, are orthonormal.

    Args:
        tensor: the tensor to fill, (R, *), floating; dimensions after the first count as one.
        gain: length of the rows or columns.
        generator: source of the draws; the default generator if None.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural
        networks", ICLR 2014; the signs, which make it uniform, Mezzadri 2007, arXiv:math-ph/0609050.
    """
    if tensor.dim() < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got {tensor.dim()}")
    if tensor.numel() == 0:
        return tensor
    _require_floating("normal_kernel_cpu", tensor)
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    long, short = max(rows, columns), min(rows, columns)
    q, r = np.linalg.qr(randn(long, short, generator=generator, dtype=float64).array)
    q = q * np.sign(np.diagonal(r)) * gain
    with no_grad():
        matrix = (q if rows >= columns else q.T).astype(tensor.array.dtype)
        return tensor.copy_(wrap(matrix.reshape(tensor.shape)))


uniform = deprecated_name(uniform_, "nn.init")
normal = deprecated_name(normal_, "nn.init")
constant = deprecated_name(constant_, "nn.init")
xavier_uniform = deprecated_name(xavier_uniform_, "nn.init")
xavier_normal = deprecated_name(xavier_normal_, "nn.init")
kaiming_uniform = deprecated_name(kaiming_uniform_, "nn.init")
kaiming_normal = deprecated_name(kaiming_normal_, "nn.init")
orthogonal = deprecated_name(orthogonal_, "nn.init")


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """Return the standard deviation of He et al.'s rule, None if the tensor has no elements."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=3)
        return None
    if mode.lower() not in {"fan_in", "fan_out"}:
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    inputs, outputs = _fans(tensor)
    return calculate_gain(nonlinearity, a) / sqrt(inputs if mode.lower() == "fan_in" else outputs)


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Return the number of inputs per output, and of outputs per input."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    outputs, inputs, *field = tensor.shape
    return inputs * prod(field), outputs * prod(field)


def _require_floating(kernel: str, tensor: Tensor) -> None:
    if not tensor.is_floating_point():
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{SCALAR_TYPE_NAMES[tensor.dtype]}'")


if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

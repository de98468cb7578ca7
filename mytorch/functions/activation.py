"""Elementwise nonlinearities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.autograd._apply import apply, unary
from mytorch.functions._check import array_of, number_of, require_floating
from mytorch.ops import activation as ops

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch.ops.op import Op

__all__ = [
    "elu",
    "gelu",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
]


def sigmoid(input: Tensor) -> Tensor:
    """Return 1 / (1 + e^-input), accurate in relative terms where it saturates.

    Returns:
        A tensor of the same shape, floating, between 0 and 1.

    Examples:
        >>> x = mytorch.tensor([-200.0, 0.0, 200.0])
        >>> mytorch.sigmoid(x)
        tensor([0.0000, 0.5000, 1.0000])
    """
    return unary(ops.Sigmoid, input)


def tanh(input: Tensor) -> Tensor:
    """Return the hyperbolic tangent.

    Returns:
        A tensor of the same shape, floating, between -1 and 1.
    """
    return unary(ops.Tanh, input)


def relu(input: Tensor) -> Tensor:
    """Return the larger of each element and 0; the gradient at 0 is 0.

    Args:
        input: any shape, any dtype but bool.

    Raises:
        RuntimeError: input is bool.

    Examples:
        >>> x = mytorch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
        >>> mytorch.relu(x).sum().backward()
        >>> x.grad
        tensor([0., 0., 1.])
    """
    if array_of("relu", input).dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return unary(ops.Relu, input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return x where x is positive and negative_slope·x elsewhere.

    Args:
        input: x, any shape, floating.
        negative_slope: slope of the negative side.

    Raises:
        NotImplementedError: input is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html
    """
    require_floating("leaky_relu", input)
    negative_slope = number_of("leaky_relu", "negative_slope", negative_slope, 2)
    return _activate(ops.LeakyRelu, input, inplace, slope=negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x where x is positive and α(eˣ - 1) elsewhere.

    Args:
        input: x, any shape, floating.
        alpha: α; -α is the limit of the negative side.

    Raises:
        NotImplementedError: input is not floating.

    Source: Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units", ICLR 2016.
    """
    require_floating("elu", input)
    alpha = number_of("elu", "alpha", alpha, 2)
    return _activate(ops.Elu, input, inplace, alpha=alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Return x·Φ(x), Φ the distribution function of the normal distribution.

    Args:
        input: x, any shape, floating.
        approximate: "none" for Φ itself, "tanh" for a faster curve near to it.

    Raises:
        RuntimeError: `approximate` has another value.
        NotImplementedError: input is not floating.

    Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016, arXiv:1606.08415.

    Examples:
        >>> x = mytorch.tensor([-1.0, 0.0, 1.0])
        >>> nn.functional.gelu(x)
        tensor([-0.1587,  0.0000,  0.8413])
    """
    require_floating("gelu", input)
    if approximate not in {"none", "tanh"}:
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return apply(ops.Gelu if approximate == "none" else ops.GeluTanh, input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return x·σ(x), σ the sigmoid; also called swish.

    Args:
        input: x, any shape, floating.

    Raises:
        NotImplementedError: input is not floating.

    Source: Elfwing et al., "Sigmoid-Weighted Linear Units", Neural Networks 107, 2018.
    """
    require_floating("silu", input)
    return _activate(ops.Silu, input, inplace)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """Return log(1 + e^βx) / β, a smooth form of the larger of x and 0.

    Args:
        input: x, any shape, floating.
        beta: β.
        threshold: where βx is above it the result is x itself.

    Raises:
        NotImplementedError: input is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html
    """
    require_floating("softplus", input)
    beta, threshold = number_of("softplus", "beta", beta, 2), number_of("softplus", "threshold", threshold, 3)
    return apply(ops.Softplus, input, beta=float(beta), threshold=float(threshold))


def logsigmoid(input: Tensor) -> Tensor:
    """Return log σ(x), σ the sigmoid, without underflow.

    Args:
        input: x, any shape, floating.

    Returns:
        A tensor of the same shape and dtype, below 0.

    Raises:
        NotImplementedError: input is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
    """
    require_floating("log_sigmoid", input)
    return unary(ops.LogSigmoid, input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x limited to [min_val, max_val]; unlike clamp's, its gradient at both ends is 0.

    Args:
        input: x, any shape, any dtype but bool.
        min_val: the least value.
        max_val: the largest value.

    Raises:
        ValueError: min_val is above max_val.
        RuntimeError: input is bool.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html
    """
    min_val, max_val = (
        number_of("hardtanh", "min_val", min_val, 2),
        number_of("hardtanh", "max_val", max_val, 3),
    )
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    if array_of("hardtanh", input).dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    return _activate(ops.Hardtanh, input, inplace, low=min_val, high=max_val)


def _activate(op: type[Op], input: Tensor, inplace: bool, **params: Any) -> Tensor:
    if not inplace:
        return apply(op, input, **params)
    # The gradient is computed from the old values, so these are kept in a copy.
    return input.copy_(apply(op, input.clone(), **params))

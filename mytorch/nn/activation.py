"""Activation functions as modules, so that they can stand in a Sequential."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch.nn import functional as F
from mytorch.nn.module import Module

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor


class Sigmoid(Module):
    """Apply 1 / (1 + exp(-x)) to every element.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.sigmoid(input)


class Tanh(Module):
    """Apply the hyperbolic tangent to every element.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.tanh(input)


class ReLU(Module):
    """Apply max(x, 0) to every element.

    Args:
        inplace: write the result into the input; not for a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.relu(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return "inplace=True" if self.inplace else ""


class Identity(Module):
    """Return the input; a place holder that accepts, and ignores, any arguments.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - ignoring them is the contract
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` itself."""
        return input


class LeakyReLU(Module):
    """Apply x where it is positive and negative_slope·x elsewhere.

    Args:
        negative_slope: slope of the negative side.
        inplace: write the result into the input; not for a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"negative_slope={self.negative_slope}{_inplace(self.inplace)}"


class ELU(Module):
    """Apply x where it is positive and α(exp(x) - 1) elsewhere.

    Args:
        alpha: α.
        inplace: write the result into the input; not for a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"alpha={self.alpha}{_inplace(self.inplace)}"


class GELU(Module):
    """Apply x·Φ(x), Φ the distribution function of the normal distribution.

    Args:
        approximate: "none", or "tanh" for a faster curve near to it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """Apply x·σ(x), σ the sigmoid.

    Args:
        inplace: write the result into the input; not for a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.silu(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return "inplace=True" if self.inplace else ""


class Softplus(Module):
    """Apply log(1 + exp(βx)) / β.

    Args:
        beta: β.
        threshold: where βx is above it the result is x itself.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"beta={self.beta}, threshold={self.threshold}"


class LogSigmoid(Module):
    """Apply log σ(x), σ the sigmoid.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.logsigmoid(input)


class Softmax(Module):
    """Apply exp(x) / Σ exp(x) along a dimension.

    Args:
        dim: the dimension; None for torch's old choice, with its warning.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """Apply x - log Σ exp(x) along a dimension.

    Args:
        dim: the dimension; None for torch's old choice, with its warning.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"dim={self.dim}"


class Hardtanh(Module):
    """Limit every element to [min_val, max_val].

    Args:
        min_val: the least value.
        max_val: the largest value.
        inplace: write the result into the input; not for a leaf that requires gradients.
        min_value: torch's deprecated spelling of `min_val`; leave it out.
        max_value: torch's deprecated spelling of `max_val`; leave it out.

    Raises:
        AssertionError: max_val is not above min_val (torch's class).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new, given in (("min_value", "min_val", min_value), ("max_value", "max_val", max_value)):
            if given is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and renamed to `{new}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"min_val={self.min_val}, max_val={self.max_val}{_inplace(self.inplace)}"


def _inplace(inplace: bool) -> str:
    return ", inplace=True" if inplace else ""

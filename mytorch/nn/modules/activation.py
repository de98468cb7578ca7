"""Activation functions as layers, so that they can be members of a Sequential."""

from __future__ import annotations

import warnings
from functools import partial

from mytorch.nn import functional as F
from mytorch.nn.modules._functional_layer import UnaryLayer, layer_of


@layer_of(F.sigmoid)
class Sigmoid(UnaryLayer):
    """Apply 1 / (1 + exp(-x)) to every element.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html

    Examples:
        >>> nn.Sigmoid()(mytorch.tensor([-2.0, 0.0, 2.0]))
        tensor([0.1192, 0.5000, 0.8808])
        >>> nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())(mytorch.zeros(2, 3)).shape
        mytorch.Size([2, 1])
    """


@layer_of(F.tanh)
class Tanh(UnaryLayer):
    """Apply the hyperbolic tangent to every element.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html

    Examples:
        >>> x = mytorch.tensor([-2.0, 0.0, 2.0])
        >>> nn.Tanh()(x)
        tensor([-0.9640,  0.0000,  0.9640])
    """


@layer_of(F.relu)
class ReLU(UnaryLayer):
    """Apply max(x, 0) to every element.

    Args:
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html

    Examples:
        >>> x = mytorch.tensor([-2.0, 0.0, 2.0])
        >>> nn.ReLU()(x)
        tensor([0., 0., 2.])
        >>> nn.ReLU(inplace=True)(x) is x
        True
    """

    inplace: bool = False


@layer_of(F.leaky_relu)
class LeakyReLU(UnaryLayer):
    """Apply x where it is positive and negative_slope·x elsewhere.

    Args:
        negative_slope: slope of the negative side.
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html

    Examples:
        >>> nn.LeakyReLU(0.1)
        LeakyReLU(negative_slope=0.1)
        >>> nn.LeakyReLU(0.1)(mytorch.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.2000,  0.0000,  2.0000])
    """

    negative_slope: float = 1e-2
    inplace: bool = False


@layer_of(F.elu)
class ELU(UnaryLayer):
    """Apply x where it is positive and α(exp(x) - 1) elsewhere.

    Args:
        alpha: α.
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html

    Examples:
        >>> nn.ELU(alpha=2.0)
        ELU(alpha=2.0)
        >>> nn.ELU(alpha=2.0)(mytorch.tensor([-2.0, 0.0, 2.0]))
        tensor([-1.7293,  0.0000,  2.0000])
    """

    alpha: float = 1.0
    inplace: bool = False


@layer_of(F.gelu)
class GELU(UnaryLayer):
    """Apply x·Φ(x), where Φ is the distribution function of the normal distribution.

    Args:
        approximate: "none", or "tanh" for a faster approximation of the curve.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html

    Examples:
        >>> x = mytorch.tensor([-1.0, 0.0, 1.0])
        >>> nn.GELU()(x)
        tensor([-0.1587,  0.0000,  0.8413])
        >>> nn.GELU("tanh")(x)
        tensor([-0.1588,  0.0000,  0.8412])
    """

    approximate: str = "none"


@layer_of(F.silu)
class SiLU(UnaryLayer):
    """Apply x·σ(x), where σ is the sigmoid.

    Args:
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html

    Examples:
        >>> x = mytorch.tensor([-2.0, 0.0, 2.0])
        >>> nn.SiLU()(x)
        tensor([-0.2384,  0.0000,  1.7616])
    """

    inplace: bool = False


@layer_of(F.softplus)
class Softplus(UnaryLayer):
    """Apply log(1 + exp(βx)) / β.

    Args:
        beta: β.
        threshold: where βx is above it, the result is x itself.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html

    Examples:
        >>> nn.Softplus()
        Softplus(beta=1.0, threshold=20.0)
        >>> nn.Softplus()(mytorch.tensor([-2.0, 0.0, 30.0]))
        tensor([ 0.1269,  0.6931, 30.0000])
    """

    beta: float = 1.0
    threshold: float = 20.0


@layer_of(F.logsigmoid)
class LogSigmoid(UnaryLayer):
    """Apply log σ(x), where σ is the sigmoid.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html

    Examples:
        >>> x = mytorch.tensor([-1000.0, 0.0, 2.0])
        >>> nn.LogSigmoid()(x)
        tensor([-1.0000e+03, -6.9315e-01, -1.2693e-01])
    """


@layer_of(partial(F.softmax, _stacklevel=5))
class Softmax(UnaryLayer):
    """Apply exp(x) / Σ exp(x) along a dimension.

    Args:
        dim: the dimension that is summed over; None for torch's old choice, with its warning.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html

    Examples:
        >>> x = mytorch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
        >>> nn.Softmax(dim=1)(x)
        tensor([[0.0900, 0.2447, 0.6652],
                [0.3333, 0.3333, 0.3333]])
    """

    dim: int | None = None


@layer_of(partial(F.log_softmax, _stacklevel=5))
class LogSoftmax(UnaryLayer):
    """Apply x - log Σ exp(x) along a dimension.

    Args:
        dim: the dimension that is summed over; None for torch's old choice, with its warning.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html

    Examples:
        >>> x = mytorch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
        >>> nn.LogSoftmax(dim=1)(x)
        tensor([[-2.4076, -1.4076, -0.4076],
                [-1.0986, -1.0986, -1.0986]])
    """

    dim: int | None = None


@layer_of(F.hardtanh)
class Hardtanh(UnaryLayer):
    """Limit every element to [min_val, max_val].

    Args:
        min_val: the least value.
        max_val: the largest value.
        inplace: write the result into the input, which cannot be a leaf that requires gradients.
        min_value: torch's deprecated spelling of `min_val`; leave it out.
        max_value: torch's deprecated spelling of `max_val`; leave it out.

    Raises:
        AssertionError: max_val is not above min_val (torch's class).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html

    Examples:
        >>> nn.Hardtanh()
        Hardtanh(min_val=-1.0, max_val=1.0)
        >>> nn.Hardtanh(-1.0, 0.5)(mytorch.tensor([-2.0, 0.0, 2.0]))
        tensor([-1.0000,  0.0000,  0.5000])
    """

    min_val: float
    max_val: float
    inplace: bool

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

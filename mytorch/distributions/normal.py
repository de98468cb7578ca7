"""The normal distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mytorch._core.size import Size
from mytorch.autograd.grad_mode import no_grad
from mytorch.creation.distributions import normal
from mytorch.creation.filled import empty
from mytorch.distributions import constraints
from mytorch.distributions._located import Located
from mytorch.distributions._parameters import broadcast_all
from mytorch.functions.elementary import erf, erfinv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor


class Normal(Located):
    """The normal distribution: real numbers of a mean and a standard deviation.

    Args:
        loc: the means, any shape, or a Python number.
        scale: the standard deviations, of a shape that broadcasts with it, or a Python number; above 0.
        validate_args: whether arguments and values are checked; as in `Distribution`.

    Raises:
        ValueError: a mean is nan, a deviation is not above 0, or an argument is neither a tensor nor a
            number.
        RuntimeError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#normal

    Examples:
        >>> mean = mytorch.tensor([0.0, 1.0], requires_grad=True)
        >>> latent = mytorch.distributions.Normal(mean, 0.5)
        >>> latent.rsample((3,)).sum().backward()
        >>> mean.grad
        tensor([3., 3.])
        >>> latent.log_prob(mean)
        tensor([-0.2258, -0.2258], grad_fn=<SubBackward0>)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Normal:
        new: Normal = self._get_checked_instance(Normal, _instance)
        sizes = Size(batch_shape)
        new.loc, new.scale = self.loc.expand(sizes), self.scale.expand(sizes)
        super(Normal, new).__init__(sizes, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.pow(2)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        noise = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).normal_()
        return self.loc + noise * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        squares = (value - self.loc) ** 2
        return -squares / (2 * self.scale**2) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return 0.5 * (1 + erf((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value: Tensor) -> Tensor:
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

"""The Bernoulli distribution."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

from mytorch._core.size import Size
from mytorch.autograd.grad_mode import no_grad
from mytorch.creation.distributions import bernoulli
from mytorch.creation.ranges import arange
from mytorch.distributions import constraints
from mytorch.distributions._parameters import (
    along_the_batch,
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from mytorch.distributions.distribution import Distribution
from mytorch.functions.probability_loss import binary_cross_entropy_with_logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor


class Bernoulli(Distribution):
    """The Bernoulli distribution: 1 with a given probability, else 0.

    One of `probs` and `logits` is given; the other follows from it.

    Args:
        probs: the probabilities of 1, any shape, or a Python number; between 0 and 1.
        logits: their log-odds, log p - log(1 - p), any shape, or a Python number.
        validate_args: whether arguments and values are checked; as in `Distribution`.

    Raises:
        ValueError: both are given or none, a probability is not between 0 and 1, a log-odds is nan, or an
            argument is neither a tensor nor a number.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#bernoulli

    Examples:
        >>> coin = mytorch.distributions.Bernoulli(mytorch.tensor([0.5, 0.1]))
        >>> coin.log_prob(mytorch.tensor([1.0, 1.0]))
        tensor([-0.6931, -2.3026])
        >>> coin.sample((4,)).shape
        mytorch.Size([4, 2])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            (self._param,) = (self.probs,) = broadcast_all(probs)
        elif logits is not None:
            (self._param,) = (self.logits,) = broadcast_all(logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Bernoulli:
        new: Bernoulli = self._get_checked_instance(Bernoulli, _instance)
        sizes = Size(batch_shape)
        for name in ("probs", "logits"):
            if name in vars(self):
                new._param = vars(self)[name].expand(sizes)
                setattr(new, name, new._param)
        super(Bernoulli, new).__init__(sizes, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @lazy_property
    def logits(self) -> Tensor:
        """The log-odds of 1."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities of 1."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Size:
        """The sizes of `probs` and `logits`."""
        size: Size = self._param.size()
        return size

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The more probable of 0 and 1, nan where both are as probable."""
        mode: Tensor = (self.probs >= 0.5).to(self.probs.dtype)
        return mode.masked_fill(self.probs == 0.5, nan)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return bernoulli(self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(2, dtype=self._param.dtype)
        return along_the_batch(values, self.batch_shape, expand=expand)

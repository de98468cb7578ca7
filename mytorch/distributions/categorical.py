"""The categorical distribution."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from mytorch._core.size import Size
from mytorch.creation.distributions import multinomial
from mytorch.creation.filled import full
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor


class Categorical(Distribution):
    """The categorical distribution: the numbers from 0 to K - 1, each with its own probability.

    One of `probs` and `logits` is given, and normalized along the last dimension; the other follows from it.

    Args:
        probs: what the probabilities are proportional to, (*, K), at least 0.
        logits: the logarithms of what the probabilities are proportional to, (*, K).
        validate_args: whether arguments and values are checked; as in `Distribution`.

    Raises:
        ValueError: both are given or none, a parameter has no dimension, `probs` are negative, infinite or
            zeros only, or `logits` are nan or inf.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#categorical

    Examples:
        >>> scores = mytorch.tensor([0.0, 0.0, 0.0], requires_grad=True)
        >>> policy = mytorch.distributions.Categorical(logits=scores)
        >>> action, reward = mytorch.tensor(2), 3.0  # as from policy.sample()
        >>> (-policy.log_prob(action) * reward).backward()
        >>> scores.grad
        tensor([ 1.,  1., -2.])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            _require_a_dimension("probs", probs)
            self._param = self.probs = probs / probs.sum(-1, keepdim=True)
        elif logits is not None:
            _require_a_dimension("logits", logits)
            self._param = self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._num_events: int = self._param.size()[-1]
        super().__init__(self._param.size()[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Categorical:
        new: Categorical = self._get_checked_instance(Categorical, _instance)
        sizes = Size(batch_shape)
        for name in ("probs", "logits"):
            if name in vars(self):
                new._param = vars(self)[name].expand((*sizes, self._num_events))
                setattr(new, name, new._param)
        new._num_events = self._num_events
        super(Categorical, new).__init__(sizes, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities, (*, K)."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities, (*, K), with the sum 1."""
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Size:
        """The sizes of `probs` and `logits`."""
        size: Size = self._param.size()
        return size

    @property
    def mean(self) -> Tensor:
        """nan: the numbers are names of categories."""
        return full(self._extended_shape(), nan, dtype=self.probs.dtype)

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(dim=-1)

    @property
    def variance(self) -> Tensor:
        """nan, as the mean."""
        return full(self._extended_shape(), nan, dtype=self.probs.dtype)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        rows = self.probs.reshape(-1, self._num_events)
        count = Size(sample_shape).numel()
        drawn: Tensor = multinomial(rows, count, replacement=True).T
        return drawn.reshape(shape)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        index, logits = broadcast_all(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        # 0 · -inf would be nan.
        least = float(np.finfo(self.logits.array.dtype).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return along_the_batch(arange(self._num_events), self.batch_shape, expand=expand)


def _require_a_dimension(name: str, given: Tensor) -> None:
    if given.dim() < 1:
        raise ValueError(f"`{name}` parameter must be at least one-dimensional.")

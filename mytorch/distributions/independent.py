"""Several numbers as one event: dimensions of a batch whose log-probabilities are added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mytorch._core.size import Size
from mytorch.distributions import constraints
from mytorch.distributions._parameters import sum_rightmost
from mytorch.distributions.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor


class Independent(Distribution):
    """A distribution whose last batch dimensions belong to the event: what they differ in is drawn together.

    Args:
        base_distribution: the distribution of each element.
        reinterpreted_batch_ndims: how many of its last batch dimensions become event dimensions.
        validate_args: as in `Distribution`; values are checked by the base distribution.

    Attributes:
        base_dist: the base distribution.

    Raises:
        ValueError: the base distribution has fewer batch dimensions.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#independent

    Examples:
        >>> from mytorch.distributions import Independent, Normal
        >>> point = Independent(Normal(mytorch.zeros(4, 3), 1.0), 1)
        >>> point.batch_shape, point.event_shape
        (mytorch.Size([4]), mytorch.Size([3]))
        >>> point.log_prob(mytorch.zeros(4, 3))
        tensor([-2.7568, -2.7568, -2.7568, -2.7568])
    """

    arg_constraints: ClassVar[dict[str, constraints.Constraint]] = {}

    def __init__(
        self,
        base_distribution: Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:
        dimensions = len(base_distribution.batch_shape)
        if reinterpreted_batch_ndims > dimensions:
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {dimensions}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        shape = base_distribution.batch_shape + base_distribution.event_shape
        kept = dimensions - reinterpreted_batch_ndims
        super().__init__(Size(shape[:kept]), Size(shape[kept:]), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Independent:
        new: Independent = self._get_checked_instance(Independent, _instance)
        sizes = Size(batch_shape)
        inner = self.event_shape[: self.reinterpreted_batch_ndims]
        new.base_dist = self.base_dist.expand((*sizes, *inner))
        new.reinterpreted_batch_ndims = self.reinterpreted_batch_ndims
        super(Independent, new).__init__(sizes, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]  # an attribute of all others
        """Whether `rsample` is defined: that of the base distribution is."""
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]  # an attribute of all others
        """Whether `enumerate_support` is defined: no dimension is reinterpreted, and the base defines it."""
        return not self.reinterpreted_batch_ndims and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> constraints.Constraint:
        """The constraint of the values that can be drawn: that of the base, of all elements of an event."""
        each = self.base_dist.support
        count = self.reinterpreted_batch_ndims
        return constraints.independent(each, count) if count else each

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        if self.reinterpreted_batch_ndims:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"

"""Distribution, the base class: its shapes, the checks of arguments, and what follows from other methods."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mytorch._core.base import TensorBase
from mytorch._core.size import Size
from mytorch._core.typename import typename
from mytorch.autograd.grad_mode import no_grad
from mytorch.distributions import constraints
from mytorch.distributions._parameters import lazy_property
from mytorch.functions._check import integer_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mytorch._tensor import Tensor

_NONE = Size()


class Distribution:
    """Base class of distributions.

    A subclass defines `arg_constraints` and `support`, and those of the other methods that it can.

    Args:
        batch_shape: the sizes over which parameters differ; each element is a distribution of its own.
        event_shape: the sizes of one draw.
        validate_args: whether arguments and values are checked, which costs time; by default what
            `set_default_validate_args` says.

    Attributes:
        has_rsample: whether `rsample` is defined.
        has_enumerate_support: whether `enumerate_support` is defined.

    Raises:
        ValueError: a parameter does not satisfy its constraint; the message gives both.

    Source: https://docs.pytorch.org/docs/stable/distributions.html

    Examples:
        >>> six = mytorch.distributions.Normal(mytorch.zeros(2, 3), 1.0)
        >>> six.batch_shape, six.sample((4,)).shape
        (mytorch.Size([2, 3]), mytorch.Size([4, 2, 3]))
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False
    _validate_args: bool = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Set whether distributions check their arguments by default, which they do unless `python -O` runs.

        Raises:
            ValueError: `value` is not a bool.
        """
        if value not in (True, False):
            raise ValueError(f"value must be a bool, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Size = _NONE, event_shape: Size = _NONE, validate_args: bool | None = None
    ) -> None:
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in self._known_constraints().items():
                self._check_parameter(name, constraint)
        super().__init__()

    def _known_constraints(self) -> Mapping[str, constraints.Constraint]:
        try:
            return self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return {}

    def _check_parameter(self, name: str, constraint: constraints.Constraint) -> None:
        lazy = name not in vars(self) and isinstance(getattr(type(self), name, None), lazy_property)
        if lazy or constraints.is_dependent(constraint):
            return
        value = getattr(self, name)
        if not constraint.check(value).all():
            raise ValueError(
                f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of "
                f"distribution {self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n"
                f"{value}"
            )

    @property
    def arg_constraints(self) -> Mapping[str, constraints.Constraint]:
        """The constraint of each parameter that is a tensor, by its name."""
        raise self._lacks("arg_constraints")

    @property
    def support(self) -> constraints.Constraint:
        """The constraint of the values that can be drawn."""
        raise self._lacks("support")

    @property
    def batch_shape(self) -> Size:
        """The sizes over which parameters differ."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The sizes of one draw."""
        return self._event_shape

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters expanded to other batch sizes, without copying them."""
        raise self._lacks("expand")

    @property
    def mean(self) -> Tensor:
        """The mean, of the batch and event sizes."""
        raise self._lacks("mean")

    @property
    def mode(self) -> Tensor:
        """The most probable value, of the batch and event sizes."""
        raise self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        """The variance, of the batch and event sizes."""
        raise self._lacks("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation, of the batch and event sizes."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = _NONE) -> Tensor:
        """Return draws, of the sample, batch and event sizes, through which no gradient flows."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = _NONE) -> Tensor:
        """Return draws that are computed from the parameters and from noise, so that gradients flow."""
        raise self._lacks("rsample")

    def sample_n(self, n: int) -> Tensor:
        """Return `sample((n,))`, with torch's warning that this will be deprecated."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2
        )
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """Return the logarithm of the probability, or of its density, at values.

        Args:
            value: broadcasts with the batch and event sizes.

        Raises:
            ValueError: a value is outside of the support, or of a shape that does not fit.
        """
        raise self._lacks("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """Return the probability of a draw that is not above a value."""
        raise self._lacks("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """Return the number of which a probability is the `cdf`."""
        raise self._lacks("icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all values that can be drawn, along a new first dimension.

        Args:
            expand: whether to repeat them along the batch sizes; these are 1 otherwise.
        """
        raise self._lacks("enumerate_support")

    def entropy(self) -> Tensor:
        """Return the entropy in nats, of the batch sizes."""
        raise self._lacks("entropy")

    def perplexity(self) -> Tensor:
        """Return e to the power of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Sequence[int] = _NONE) -> Size:
        """Return the sizes of draws; subclasses call it in `rsample` and `sample`."""
        sizes = [integer_of("sample", f"sample_shape[{i}]", n) for i, n in enumerate(sample_shape)]
        return Size(sizes) + self._batch_shape + self._event_shape

    def _validate_sample(self, value: Any) -> None:
        """Check a value of `log_prob` or `cdf`; subclasses call it where `_validate_args` is True.

        Raises:
            ValueError: it is not a tensor, its shape does not broadcast, or it is outside of the support.
        """
        if not isinstance(value, TensorBase):
            raise ValueError(  # noqa: TRY004 - torch's class
                f"The value argument to log_prob must be a Tensor, not {typename(value)}"
            )
        shape = value.shape
        if shape[len(shape) - len(self._event_shape) :] != self._event_shape:
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{tuple(shape)} vs {tuple(self._event_shape)}."
            )
        expected = self._batch_shape + self._event_shape
        for own, other in zip(reversed(shape), reversed(expected), strict=False):
            if own != other and 1 not in (own, other):
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{tuple(shape)} vs {tuple(expected)}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=2,
            )
            return
        if not support.check(value).all():  # type: ignore[arg-type]  # every TensorBase is a Tensor
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(shape)}) to be within the "
                f"support ({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """Return the object that `expand` fills: a new one, or that of a subclass.

        Raises:
            NotImplementedError: a subclass has parameters of its own and does not define `expand`.
        """
        if _instance is None and type(self).__init__ != cls.__init__:  # type: ignore[misc]  # compared only
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method "
                "must also define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _lacks(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not implement {name}")

    def __repr__(self) -> str:
        own = {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}
        text = [f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in own.items()]
        return f"{type(self).__name__}({', '.join(text)})"

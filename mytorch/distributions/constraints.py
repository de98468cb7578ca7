"""Where a parameter or a value may lie; a distribution checks its arguments by these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import wrap
from mytorch._core.dtypes import bool_
from mytorch.creation.filled import zeros
from mytorch.functions.comparison import isclose
from mytorch.functions.transpose import transpose
from mytorch.ops.linalg import have_factors

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor

__all__ = [
    "Constraint",
    "boolean",
    "dependent",
    "dependent_property",
    "greater_than",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "lower_cholesky",
    "positive",
    "positive_definite",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]


class Constraint:
    """Base class of constraints: a subclass defines `check`.

    Attributes:
        is_discrete: whether the values are separate numbers.
        event_dim: how many dimensions at the end make one event, over which `check` decides as a whole.
    """

    is_discrete: bool = False
    event_dim: int = 0

    def check(self, value: Tensor) -> Tensor:
        """Return which events of a tensor satisfy the constraint, as bools."""
        raise NotImplementedError(f"{type(self).__name__} does not define check")

    def __repr__(self) -> str:
        return _text(self)


def _text(constraint: Constraint, arguments: str = "") -> str:
    return f"{type(constraint).__name__.removeprefix('_')}({arguments})"


def _bools(found: Any) -> Tensor:
    # Operators of a Tensor are typed as Any.
    result: Tensor = found
    return result


class _Boolean(Constraint):
    """0 or 1."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return _bools((value == 0) | (value == 1))


class _Real(Constraint):
    """Any number, infinities included; not nan."""

    def check(self, value: Tensor) -> Tensor:
        return _bools(value == value)  # noqa: PLR0124 - false for nan only


class _GreaterThan(Constraint):
    """Above a bound."""

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return _bools(value > self.lower_bound)

    def __repr__(self) -> str:
        return _text(self, f"lower_bound={self.lower_bound}")


class _Interval(Constraint):
    """Between two bounds, which belong to it."""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return _bools((value >= self.lower_bound) & (value <= self.upper_bound))

    def __repr__(self) -> str:
        return _text(self, f"lower_bound={self.lower_bound}, upper_bound={self.upper_bound}")


class _IntegerInterval(_Interval):
    """A whole number between two bounds, which belong to it."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return _bools((value % 1 == 0) & super().check(value))


class _Simplex(Constraint):
    """Probabilities along the last dimension: not negative, and their sum 1 to six digits."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return _bools((value >= 0).all(dim=-1) & ((value.sum(-1) - 1).abs() < 1e-6))


class _LowerCholesky(Constraint):
    """A lower triangular matrix with a diagonal above 0."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        lower = (value.tril() == value).all(-1).all(-1)
        return _bools(lower & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1))


class _PositiveDefinite(Constraint):
    """A symmetric matrix with a triangular factor: symmetric to five digits, and above 1e-6."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        batch = value.shape[:-2]
        if value.shape[-1] != value.shape[-2]:
            return zeros(batch, dtype=bool_)
        symmetric = isclose(value, transpose(value, -2, -1), atol=1e-6).all(-1).all(-1)
        return symmetric & wrap(have_factors(value.array)) if symmetric.all() else symmetric


class _IndependentConstraint(Constraint):
    """A constraint that must hold for all elements along the last dimensions.

    Args:
        base_constraint: what must hold for each.
        reinterpreted_batch_ndims: how many dimensions.
    """

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(  # noqa: TRY004 - torch's class
                f"base_constraint must be a Constraint, got {type(base_constraint).__name__}"
            )
        if reinterpreted_batch_ndims < 0:
            raise AssertionError(f"reinterpreted_batch_ndims must be >= 0, got {reinterpreted_batch_ndims}")
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        each = self.base_constraint.check(value)
        kept = each.dim() - self.reinterpreted_batch_ndims
        if kept < 0:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return each.reshape((*each.shape[:kept], -1)).all(-1)

    def __repr__(self) -> str:
        return _text(self, f"{self.base_constraint!r}, {self.reinterpreted_batch_ndims}")


class _Dependent(Constraint):
    """A constraint that depends on other arguments, and so cannot be checked by itself.

    Args:
        is_discrete: as in `Constraint`, where it is known.
        event_dim: as in `Constraint`, where it is known.

    Raises:
        NotImplementedError: one that is not known is read.
    """

    def __init__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> None:
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]  # an attribute of all others
        """Whether the values are separate numbers."""
        if self._is_discrete is None:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self) -> int:  # type: ignore[override]  # an attribute of all others
        """How many dimensions make one event."""
        if self._event_dim is None:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def __call__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> _Dependent:
        """Return a dependent constraint of which these are known, and what was known before."""
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is None else is_discrete,
            event_dim=self._event_dim if event_dim is None else event_dim,
        )

    def check(self, value: Tensor) -> Tensor:
        del value
        raise ValueError("Cannot determine validity of dependent constraint")


class _DependentProperty(property, _Dependent):
    """A property whose value is a constraint; read from the class, it is a dependent constraint itself.

    Args:
        fn: the function that is decorated.
        is_discrete: as in `Constraint`, where it is known.
        event_dim: as in `Constraint`, where it is known.
    """

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        is_discrete: bool | None = None,
        event_dim: int | None = None,
    ) -> None:
        property.__init__(self, fn)
        _Dependent.__init__(self, is_discrete=is_discrete, event_dim=event_dim)

    def __call__(self, fn: Callable[..., Any]) -> _DependentProperty:  # type: ignore[override]
        """Decorate a function: `@dependent_property(is_discrete=True, event_dim=0)`."""
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


def is_dependent(constraint: object) -> bool:
    """Whether a constraint depends on other arguments, so that `check` raises an error."""
    return isinstance(constraint, _Dependent)


# torch's public names.
boolean = _Boolean()
dependent = _Dependent()
dependent_property = _DependentProperty
greater_than = _GreaterThan
independent = _IndependentConstraint
integer_interval = _IntegerInterval
interval = _Interval
lower_cholesky = _LowerCholesky()
positive = _GreaterThan(0.0)
positive_definite = _PositiveDefinite()
real = _Real()
real_vector = independent(real, 1)
simplex = _Simplex()
unit_interval = _Interval(0.0, 1.0)

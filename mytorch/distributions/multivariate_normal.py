"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mytorch._core.size import Size
from mytorch.autograd._apply import require_broadcastable
from mytorch.creation.filled import empty, eye
from mytorch.distributions import constraints
from mytorch.distributions._located import Located
from mytorch.distributions._parameters import lazy_property
from mytorch.functions.linalg import cholesky, solve_triangular
from mytorch.functions.matmul import matmul
from mytorch.functions.rearrange import flip
from mytorch.functions.transpose import transpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor

_MATRICES = ("covariance_matrix", "precision_matrix", "scale_tril")


class MultivariateNormal(Located):
    """The normal distribution of vectors, of a mean and a covariance matrix.

    The matrix is given in one of three forms. All is computed from its lower triangular factor, so that
    `scale_tril` costs least.

    Args:
        loc: the means, (*, n).
        covariance_matrix: Σ, positive definite, (*, n, n).
        precision_matrix: the inverse of Σ, positive definite, (*, n, n).
        scale_tril: the factor L of Σ = L Lᵀ, lower triangular with a diagonal above 0, (*, n, n).
        validate_args: whether arguments and values are checked; as in `Distribution`.

    Raises:
        ValueError: none or several of the matrices are given, an argument has too few dimensions, or it does
            not satisfy its constraint.
        RuntimeError: the shapes do not broadcast.
        LinAlgError: a matrix that is not checked is not positive definite.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#multivariatenormal

    Examples:
        >>> from mytorch.distributions import MultivariateNormal
        >>> factor = mytorch.tensor([[1.0, 0.0], [1.0, 2.0]], requires_grad=True)
        >>> place = MultivariateNormal(mytorch.zeros(2), scale_tril=factor)
        >>> place.log_prob(mytorch.tensor([[0.0, 0.0], [1.0, 3.0]]))
        tensor([-2.5310, -3.5310], grad_fn=<SubBackward0>)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _unbroadcasted_scale_tril: Tensor

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional, but has no dimension.")
        matrices = (covariance_matrix, precision_matrix, scale_tril)
        given = [(name, each) for name, each in zip(_MATRICES, matrices, strict=True) if each is not None]
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified, but "
                f"{len(given)} are: {', '.join(name for name, _ in given)}"
            )
        ((name, matrix),) = given
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions, but has "
                f"{matrix.dim()}"
            )
        require_broadcastable(matrix.shape[:-2], loc.shape[:-1])
        batch = Size(np.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        vars(self)[name] = matrix.expand((*batch, -1, -1))
        self.loc = loc.expand((*batch, -1))
        super().__init__(batch, self.loc.shape[-1:], validate_args=validate_args)
        if name == "covariance_matrix":
            matrix = cholesky(matrix)
        elif name == "precision_matrix":
            matrix = _factor_of_inverse(matrix)
        self._unbroadcasted_scale_tril = matrix

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> MultivariateNormal:
        new: MultivariateNormal = self._get_checked_instance(MultivariateNormal, _instance)
        sizes = Size(batch_shape)
        new.loc = self.loc.expand(sizes + self.event_shape)
        for name in _MATRICES:
            if name in vars(self):
                vars(new)[name] = vars(self)[name].expand(sizes + self.event_shape + self.event_shape)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        super(MultivariateNormal, new).__init__(sizes, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower triangular factor of the covariance matrix, (*, n, n)."""
        return self._of_each(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix, (*, n, n)."""
        factor = self._unbroadcasted_scale_tril
        return self._of_each(matmul(factor, transpose(factor, -2, -1)))

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix, (*, n, n)."""
        inverse = _inverse(self._unbroadcasted_scale_tril)
        return self._of_each(matmul(transpose(inverse, -2, -1), inverse))

    def _of_each(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @property
    def variance(self) -> Tensor:
        squares = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return squares.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        noise = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).normal_()
        return self.loc + matmul(self._unbroadcasted_scale_tril, noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        factor = self._unbroadcasted_scale_tril
        squares = squared_distance(factor, value - self.loc)
        exponent = squares + self._event_shape[0] * math.log(2 * math.pi)
        density: Tensor = -0.5 * exponent - half_log_determinant(factor)
        return density

    def entropy(self) -> Tensor:
        half = half_log_determinant(self._unbroadcasted_scale_tril)
        entropy: Tensor = 0.5 * self._event_shape[0] * (1 + math.log(2 * math.pi)) + half
        return entropy.expand(self._batch_shape)


def half_log_determinant(factor: Tensor) -> Tensor:
    """Return half the logarithm of the determinant of L Lᵀ."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def squared_distance(factor: Tensor, difference: Tensor) -> Tensor:
    """Return xᵀ(L Lᵀ)⁻¹x, the square of Mahalanobis' distance.

    Args:
        factor: L, (*, n, n).
        difference: x, (*, n), with at least the leading dimensions of L, which broadcast with its last ones.
    """
    own = difference.dim() - factor.dim() + 1
    # The dimensions that L does not have become columns, all of which one matrix is solved for.
    rows = difference.reshape((math.prod(difference.shape[:own]), *difference.shape[own:]))
    solved = solve_triangular(factor, rows.movedim(0, -1), upper=False)
    return solved.pow(2).sum(-2).movedim(-1, 0).reshape(difference.shape[:-1])


def _inverse(factor: Tensor) -> Tensor:
    unit = eye(factor.shape[-1], dtype=factor.dtype)
    return solve_triangular(factor, unit, upper=False)


def _factor_of_inverse(precision: Tensor) -> Tensor:
    """Return the lower triangular factor of the inverse of a matrix.

    In reverse order, P = U Uᵀ with an upper triangular U, and P⁻¹ = U⁻ᵀ U⁻¹.
    """
    reversed_factor = cholesky(flip(precision, (-2, -1)))
    return _inverse(transpose(flip(reversed_factor, (-2, -1)), -2, -1))

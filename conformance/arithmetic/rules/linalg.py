"""Rules of LAPACK's factorizations and solvers, by backward error.

What LAPACK returns is the result of a problem nearby: each rule moves the operands of the replicates by as
much as the algorithm may, and runs the operation on them. So the condition of a problem, which the rules do
not know, is in the replicates. What is added to the results is the rounding of the results themselves.

Signs and rotations that an operation leaves open are brought to the clean ones (arithmetic/gauge.py). Where
rounding decides them, as between equal singular values, the replicates are NaN, which is another branch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic import backward, gauge
from conformance.arithmetic.lapack import pseudoinverse
from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, Rule, exact
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_ATEN: Any = torch.ops.aten

# How they are measured.

_SIZES = (5, 32)


def _square(array: Array) -> Array:
    """Return matrices whose inverse is not large: a diagonal of the size of a row is added."""
    return np.asarray(array + 2 * math.sqrt(array.shape[-1]) * np.eye(array.shape[-1]))


def _definite(array: Array) -> Array:
    """Return positive definite matrices."""
    return np.asarray(array @ array.swapaxes(-1, -2) / array.shape[-1] + np.eye(array.shape[-1]))


def _distinct(array: Array) -> Array:
    """Return matrices whose singular values are apart."""
    steps = 4.0 * np.arange(1, array.shape[-1] + 1)
    return np.asarray(array / math.sqrt(array.shape[-1]) + steps * np.eye(*array.shape[-2:]))


def _distinct_symmetric(array: Array) -> Array:
    made = _distinct(array)
    return np.asarray((made + made.swapaxes(-1, -2)) / 2)


def _call(
    call: Callable[..., Any],
    *shapes: Callable[[int], tuple[int, ...]],
    prepare: Callable[..., Any] = lambda *arrays: arrays,
) -> MeasuringCall:
    """Return the call of an operation on matrices; the other regimes scale them, which changes nothing."""

    def prepared(*arrays: Array) -> tuple[Array, ...]:
        made = prepare(*arrays)
        return made if isinstance(made, tuple) else (made,)

    return MeasuringCall(
        call,
        lambda n: tuple(Input(shape(n), weight=True) for shape in shapes),
        _SIZES,
        accumulates=True,
        prepare=prepared,
        without=NO_NAME,
    )


def _matrices(n: int) -> tuple[int, ...]:
    return 3, n, n


def _tall(n: int) -> tuple[int, ...]:
    return 3, n + 3, n


def _few(n: int) -> tuple[int, ...]:
    return 3, n, 4


def _with(prepare: Callable[[Array], Array]) -> Callable[..., tuple[Array, ...]]:
    return lambda array, *others: (prepare(array), *others)


def _lower(array: Array) -> Array:
    return np.tril(_square(array))


def _of_rows(array: Array) -> Array:
    """Return matrices that change little: their rows are means of as many numbers."""
    return np.asarray(array / array.shape[-1])


def _reflected(array: Array, _: Array, *others: Array) -> tuple[Array, ...]:
    """Return Householder's reflections of a matrix, and their factors."""
    reflections, factors = torch.geqrf(torch.from_numpy(array))
    return reflections.numpy(), factors.numpy(), *others


_LAPACK = "LAPACK Users' Guide, 4: backward error; Higham 2002, Accuracy and Stability"


def _rule(
    name: str,
    nearby: Callable[..., tuple[Tensor | None, ...]],
    *measured: MeasuringCall,
    source: str,
    results: backward.Results | None = None,
    vectors: frozenset[int] = frozenset(),
    same: Callable[..., Any] | None = None,
    **fields: Any,
) -> Rule:
    if "together" not in fields:
        fields["together"] = backward.together(getattr(_ATEN, name).default, vectors, same)
    return Rule(
        name,
        f"{_LAPACK}, {source}; {MEASURED}",
        results or backward.Results(),  # type: ignore[arg-type]
        complexes=True,
        nearby=nearby,
        measured=measured,
        **fields,
    )


_THIN = {"full_matrices": False}

RULES: tuple[Rule, ...] = (
    # Elimination: |ΔA| is at most n roundings of |L|·|U|.
    _rule(
        "linalg_lu_factor_ex",
        backward.eliminated,
        _call(lambda t, a: t.linalg.lu_factor(a)[0], _matrices, prepare=_square),
        source="theorem 9.3",
    ),
    _rule(
        "_linalg_solve_ex",
        backward.eliminated,
        _call(lambda t, a, b: t.linalg.solve(a, b), _matrices, _few, prepare=_with(_square)),
        source="theorem 9.4",
        together=backward.solve_together,
    ),
    _rule(
        "linalg_lu_solve",
        backward.twice,
        _call(
            lambda t, a, b: t.linalg.lu_solve(
                a, t.arange(1, a.shape[-1] + 1, dtype=t.int32).expand(3, -1), b
            ),
            _matrices,
            _few,
            prepare=_with(_square),
        ),
        vectors=frozenset({1}),
        source="theorem 8.5",
    ),
    _rule(
        "linalg_inv_ex",
        backward.eliminated,
        _call(lambda t, a: t.linalg.inv(a), _matrices, prepare=_square),
        source="section 14.3",
    ),
    _rule(
        "_linalg_det",
        backward.eliminated,
        _call(
            lambda t, a: t.linalg.det(a),
            _matrices,
            prepare=lambda a: _square(a) / (2 * math.sqrt(a.shape[-1])),
        ),
        source="section 14.6",
        results=backward.Results(values=math.sqrt),
        together=backward.det_together,
    ),
    # Substitution.
    _rule(
        "linalg_solve_triangular",
        backward.substituted,
        _call(
            lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False),
            _matrices,
            _few,
            prepare=_with(_lower),
        ),
        _call(
            lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False, unitriangular=True),
            _matrices,
            _few,
            prepare=_with(_of_rows),
        ),
        source="theorem 8.5",
    ),
    _rule(
        "cholesky_solve",
        backward.second(backward.triangle),
        _call(lambda t, a, b: t.cholesky_solve(b, a), _matrices, _few, prepare=_with(_lower)),
        source="theorem 10.4",
    ),
    _rule(
        "cholesky_inverse",
        backward.triangle,
        _call(lambda t, a: t.cholesky_inverse(a), _matrices, prepare=_lower),
        source="section 14.3",
    ),
    # Symmetric matrices.
    _rule(
        "linalg_cholesky_ex",
        backward.halves,
        _call(lambda t, a: t.linalg.cholesky(a), _matrices, prepare=_definite),
        source="theorem 10.3",
    ),
    _rule(
        "linalg_ldl_factor_ex",
        backward.pivoted,
        _call(lambda t, a: t.linalg.ldl_factor(a)[0], _matrices, prepare=_definite),
        source="theorem 11.4",
    ),
    _rule(
        "linalg_ldl_solve",
        backward.twice,
        _call(
            lambda t, a, b: t.linalg.ldl_solve(
                a, t.arange(1, a.shape[-1] + 1, dtype=t.int32).expand(3, -1), b
            ),
            _matrices,
            _few,
            prepare=_with(_square),
        ),
        vectors=frozenset({1}),
        source="theorem 11.4",
    ),
    # Reflections.
    _rule(
        "linalg_qr",
        backward.columns,
        _call(lambda t, a: t.linalg.qr(a)[0], _tall),
        _call(lambda t, a: t.linalg.qr(a)[1], _tall),
        source="theorem 19.4",
        results=backward.Results(columns=1.0),
        same=gauge.same_diagonal,
    ),
    _rule(
        "geqrf",
        backward.columns,
        _call(lambda t, a: t.geqrf(a)[0], _tall),
        source="theorem 19.4",
    ),
    _rule(
        "linalg_householder_product",
        lambda a, tau: (a.abs(), tau.abs()),
        _call(
            lambda t, a, tau: t.linalg.householder_product(a, tau),
            _tall,
            lambda n: (3, n),
            prepare=_reflected,
        ),
        vectors=frozenset({1}),
        source="lemma 19.3",
        results=backward.Results(columns=2.0),
    ),
    _rule(
        "ormqr",
        lambda a, tau, other, *_, **__: (
            a.abs(),
            tau.abs(),
            (3 * a.shape[-1] ** 0.25 * other.abs().square().mean(-2, keepdim=True).sqrt_()).expand(
                other.shape
            ),
        ),
        _call(
            lambda t, a, tau, b: t.ormqr(a, tau, b),
            _tall,
            lambda n: (3, n),
            lambda n: (3, n + 3, 4),
            prepare=_reflected,
        ),
        vectors=frozenset({1}),
        source="lemma 19.3",
    ),
    _rule(
        "linalg_lstsq",
        backward.both(backward.columns),
        _call(lambda t, a, b: t.linalg.lstsq(a, b).solution, _tall, lambda n: (3, n + 3, 4)),
        source="theorem 20.3",
        together=backward.least_squares,
    ),
    # Eigenvalues and singular values.
    _rule(
        "_linalg_svd",
        backward.spectral,
        _call(lambda t, a: t.linalg.svdvals(a), _tall),
        _call(lambda t, a: t.linalg.svd(a, **_THIN)[0].abs(), _tall, prepare=_distinct),
        source="section 4.9 of the guide",
        results=backward.Results(2.0, backward.iterated),
        same=gauge.same_singular,
    ),
    _rule(
        "_linalg_eigh",
        backward.spectral,
        _call(lambda t, a: t.linalg.eigvalsh(a), _matrices, prepare=_distinct_symmetric),
        _call(lambda t, a: t.linalg.eigh(a)[1].abs(), _matrices, prepare=_distinct_symmetric),
        source="section 4.7 of the guide",
        results=backward.Results(2.0, backward.iterated),
        same=gauge.same_vectors,
    ),
    _rule(
        "linalg_eig",
        backward.unsymmetric,
        _call(lambda t, a: t.linalg.eig(a)[0].real.sort(-1)[0], _matrices, prepare=_distinct),
        source="section 4.8 of the guide",
        results=backward.Results(2.0, backward.iterated),
        same=gauge.same_order,
    ),
    _rule(
        "linalg_matrix_exp",
        backward.spectral,
        _call(lambda t, a: t.linalg.matrix_exp(a), _matrices, prepare=lambda a: a / math.sqrt(a.shape[-1])),
        source="Al-Mohy & Higham 2009, A new scaling and squaring algorithm for the matrix exponential",
        results=backward.Exponential(),
    ),
    _rule(
        "linalg_pinv",
        backward.spectral,
        _call(lambda t, a: t.linalg.pinv(a), _tall),
        source="section 4.9 of the guide",
        results=backward.Results(columns=1.0),
        together=pseudoinverse,
    ),
    *exact("lu_unpack", source="moves numbers, and puts zeros and ones between them"),
)

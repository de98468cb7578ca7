"""Rules of LAPACK's factorizations and solvers, by backward error.

What LAPACK returns is the result of a problem nearby: each rule moves the operands of the replicates by as
much as the algorithm may, and runs the operation on them. So the condition of a problem, which the rules do
not know, is in the replicates. What is added to the results is the rounding of the results themselves.

Signs and rotations that an operation leaves open are brought to the clean ones (arithmetic/gauge.py). Where
rounding decides them, as between equal singular values, the replicates are not steady.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from conformance.arithmetic import gauge
from conformance.arithmetic.lapack import pseudoinverse
from conformance.arithmetic.rounding import chain
from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, Rule, exact
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.arithmetic.replicates import Replicates

_ATEN: Any = torch.ops.aten
_SOLVE, _DET = (getattr(_ATEN, name).default for name in ("_linalg_solve_ex", "_linalg_det"))


@dataclass(frozen=True)
class Results:
    """The rounding of the results themselves, on top of what the moved operands make of them.

    Attributes:
        columns: how many roundings of the root mean square of its column an element of a matrix has, times
            √n, as orthogonal columns have; besides one of itself.
        values: how many roundings of themselves results of fewer dimensions have; by default one.
    """

    columns: float = 0.0
    values: Callable[[int], float] = lambda _: 1.0

    def before(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[int, int]:
        """Return the dimensions of the operand, and how many columns it has."""
        del kwargs
        return args[0].dim(), args[0].shape[-1] if args[0].dim() else 1

    def size(self, before: Any, out: Tensor) -> Tensor:
        """Return the size of the error of each element of a result, in units of u."""
        rank, count = before
        size = out.abs()
        if out.dim() < rank:
            return size * self.values(count)
        if not self.columns or not out.numel():
            return size
        return size + self.columns * math.sqrt(count) * size.square().mean(-2, keepdim=True).sqrt_()

    def __str__(self) -> str:
        columns = f" and {self.columns:g} of its column" if self.columns else ""
        return f"1 rounding of the result{columns}, and moved operands"


def _iterated(count: int) -> float:
    """Return the roundings of an eigenvalue: iterations rotate it 2·log₂n times."""
    return 1 + 2 * math.log2(max(1, count))


class _Exponential(Results):
    """The rounding of the exponential of a matrix: of itself, and of what is added to the identity."""

    def size(self, before: Any, out: Tensor) -> Tensor:
        """Return the size of the error of each element, in units of u."""
        _, count = before
        rest = (out - torch.eye(count, dtype=out.dtype)).abs().square().mean(-2, keepdim=True).sqrt_()
        return 2 * math.sqrt(count) * (out.abs() + rest)

    def __str__(self) -> str:
        return "2·√n roundings of the result and of its column without the identity, and moved operands"


# How far the operands are moved. Each takes the operation's arguments.


def _spectral(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return 3·√3 roundings of the norm for each element, which moves the matrix by 3·(√m + √n) of its norm.

    The backward error of LAPACK's iterations is 1 to 2.3 times √n roundings for 2 to 300 rows, but not spread
    as evenly: of some vectors it is several times that of others.
    """
    if not a.numel():
        return (a.abs(),)
    return ((3 * math.sqrt(3) * torch.linalg.matrix_norm(a, 2, keepdim=True)).expand(a.shape),)


def _unsymmetric(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return more of them: eigenvalues of any matrix take more rotations."""
    (size,) = _spectral(a)
    return (1.5 * a.shape[-1] ** 0.25 * size,)


def _columns(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return roundings of the root mean square of each column, which Householder's reflections keep."""
    return ((3 * a.shape[-1] ** 0.25 * a.abs().square().mean(-2, keepdim=True).sqrt_()).expand(a.shape),)


def _eliminated(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return the roundings of |L|·|U|, which adds up to n products as Gauss's elimination does."""
    p, lower, upper = torch.linalg.lu(a)
    return ((p @ (lower.abs() @ upper.abs()).to(p.dtype)).real * chain(min(a.shape[-2:])),)


def _halves(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return the roundings of |L|·|Lᵀ|, of which no element is larger than the diagonal allows."""
    root = a.diagonal(dim1=-2, dim2=-1).abs().sqrt()
    return (root.unsqueeze(-1) * root.unsqueeze(-2) * chain(a.shape[-1]),)


def _triangle(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return √(n/3) roundings of each element: a solution by substitution adds up n products."""
    return (a.abs() * chain(a.shape[-1]),)


def _second(size: Callable[..., tuple[Tensor]]) -> Callable[..., tuple[Tensor | None, ...]]:
    """Return the same of the second operand."""
    return lambda _, a, *__, **___: (None, *size(a))


def _both(size: Callable[..., tuple[Tensor]]) -> Callable[..., tuple[Tensor, ...]]:
    """Return the same of both operands."""
    return lambda a, b, *_, **__: (*size(a), *size(b))


# How they run on all replicates.


def _aligned(held: Replicates, args: Sequence[Any], vectors: frozenset[int]) -> list[Any]:
    """Return the arguments with replicates for tensors, all of one rank; those at `vectors` have one less."""
    rank = max(each.dim() for each in args if isinstance(each, Tensor))

    def every(place: int, each: Any) -> Any:
        if not isinstance(each, Tensor):
            return each
        more = rank - each.dim() - (place in vectors)
        return held.every(each).reshape(held.count, *(1,) * more, *each.shape)

    return [every(place, each) for place, each in enumerate(args)]


def _whole(count: int, out: Tensor) -> Tensor:
    # Results that were not asked for are empty, and have no dimension for the replicates.
    return out if out.shape[:1] == (count,) else out.expand(count, *out.shape)


def _together(call: Callable[..., Any], vectors: frozenset[int]) -> Callable[..., Any]:
    """Return a function that runs an operation on matrices on all replicates, as on a batch."""

    def run(held: Replicates, *args: Any, **kwargs: Any) -> Any:
        out = call(*_aligned(held, args, vectors), **kwargs)
        if isinstance(out, Tensor):
            return out
        return tuple(_whole(held.count, each) for each in out)

    return run


def _solve_together(held: Replicates, a: Tensor, b: Tensor, *, left: bool = True, **kwargs: Any) -> Any:
    vector = b.dim() == 1 or (b.dim() == a.dim() - 1 and b.shape == a.shape[:-1])
    columns = held.every(b).unsqueeze(-1) if vector else held.every(b)
    rank = max(a.dim(), columns.dim() - 1)
    moved = held.every(a)
    moved, columns = (
        each.reshape(held.count, *(1,) * (rank + 1 - each.dim()), *each.shape[1:])
        for each in (moved, columns)
    )
    found, lu, pivots, info = _SOLVE(moved, columns, left=left, **kwargs)
    shape = (held.count, *a.shape)
    lu, pivots = gauge.eliminated(moved.reshape(shape), lu.reshape(shape), pivots.reshape(shape[:-1]), a)
    return found.squeeze(-1) if vector else found, lu, pivots, info.reshape(shape[:-2])


def _det_together(held: Replicates, a: Tensor) -> Any:
    moved = held.every(a)
    det, lu, pivots = _DET(moved)
    return det, *gauge.eliminated(moved, lu, pivots, a)


# How they are measured.

_SIZES = (2, 5, 16, 48)


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
    results: Results | None = None,
    vectors: frozenset[int] = frozenset(),
    **fields: Any,
) -> Rule:
    if "together" not in fields:
        fields["together"] = _together(getattr(_ATEN, name).default, vectors)
    return Rule(
        name,
        f"{_LAPACK}, {source}; {MEASURED}",
        results or Results(),  # type: ignore[arg-type]
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
        _eliminated,
        _call(lambda t, a: t.linalg.lu_factor(a)[0], _matrices, prepare=_square),
        source="theorem 9.3",
    ),
    _rule(
        "_linalg_solve_ex",
        _eliminated,
        _call(lambda t, a, b: t.linalg.solve(a, b), _matrices, _few, prepare=_with(_square)),
        source="theorem 9.4",
        together=_solve_together,
    ),
    _rule(
        "linalg_lu_solve",
        lambda lu, *_, **__: _triangle(lu),
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
        _eliminated,
        _call(lambda t, a: t.linalg.inv(a), _matrices, prepare=_square),
        source="section 14.3",
    ),
    _rule(
        "_linalg_det",
        _eliminated,
        _call(
            lambda t, a: t.linalg.det(a),
            _matrices,
            prepare=lambda a: _square(a) / (2 * math.sqrt(a.shape[-1])),
        ),
        source="section 14.6",
        results=Results(values=math.sqrt),
        together=_det_together,
    ),
    # Substitution.
    _rule(
        "linalg_solve_triangular",
        _triangle,
        _call(
            lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False),
            _matrices,
            _few,
            prepare=_with(_lower),
        ),
        source="theorem 8.5",
    ),
    _rule(
        "cholesky_solve",
        _second(_triangle),
        _call(lambda t, a, b: t.cholesky_solve(b, a), _matrices, _few, prepare=_with(_lower)),
        source="theorem 10.4",
    ),
    _rule(
        "cholesky_inverse",
        _triangle,
        _call(lambda t, a: t.cholesky_inverse(a), _matrices, prepare=_lower),
        source="section 14.3",
    ),
    # Symmetric matrices.
    _rule(
        "linalg_cholesky_ex",
        _halves,
        _call(lambda t, a: t.linalg.cholesky(a), _matrices, prepare=_definite),
        source="theorem 10.3",
    ),
    _rule(
        "linalg_ldl_factor_ex",
        _spectral,
        _call(lambda t, a: t.linalg.ldl_factor(a)[0], _matrices, prepare=_definite),
        source="theorem 11.4",
    ),
    _rule(
        "linalg_ldl_solve",
        _triangle,
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
        _columns,
        _call(lambda t, a: t.linalg.qr(a)[0], _tall),
        _call(lambda t, a: t.linalg.qr(a)[1], _tall),
        source="theorem 19.4",
        results=Results(columns=1.0),
        gauge=gauge.same_diagonal,
    ),
    _rule(
        "geqrf",
        _columns,
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
        results=Results(columns=2.0),
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
        _both(_columns),
        _call(lambda t, a, b: t.linalg.lstsq(a, b).solution, _tall, lambda n: (3, n + 3, 4)),
        source="theorem 20.3",
        together=None,
    ),
    # Eigenvalues and singular values.
    _rule(
        "_linalg_svd",
        _spectral,
        _call(lambda t, a: t.linalg.svdvals(a), _tall),
        _call(lambda t, a: t.linalg.svd(a, **_THIN)[0].abs(), _tall, prepare=_distinct),
        source="section 4.9 of the guide",
        results=Results(2.0, _iterated),
        gauge=gauge.same_singular,
    ),
    _rule(
        "_linalg_eigh",
        _spectral,
        _call(lambda t, a: t.linalg.eigvalsh(a), _matrices, prepare=_distinct_symmetric),
        _call(lambda t, a: t.linalg.eigh(a)[1].abs(), _matrices, prepare=_distinct_symmetric),
        source="section 4.7 of the guide",
        results=Results(2.0, _iterated),
        gauge=gauge.same_vectors,
    ),
    _rule(
        "linalg_eig",
        _unsymmetric,
        _call(lambda t, a: t.linalg.eig(a)[0].real.sort(-1)[0], _matrices, prepare=_distinct),
        source="section 4.8 of the guide",
        results=Results(2.0, _iterated),
        gauge=gauge.same_order,
    ),
    _rule(
        "linalg_matrix_exp",
        _spectral,
        _call(lambda t, a: t.linalg.matrix_exp(a), _matrices, prepare=lambda a: a / math.sqrt(a.shape[-1])),
        source="Al-Mohy & Higham 2009, A new scaling and squaring algorithm for the matrix exponential",
        results=_Exponential(),
    ),
    _rule(
        "linalg_pinv",
        _spectral,
        _call(lambda t, a: t.linalg.pinv(a), _tall),
        source="section 4.9 of the guide",
        results=Results(columns=1.0),
        together=pseudoinverse,
    ),
    *exact("lu_unpack", source="moves numbers, and puts zeros and ones between them"),
)

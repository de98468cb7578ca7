"""What rules of LAPACK's operations are made of: how far operands are moved, and how replicates run together.

Called by rules/linalg.py, whose docstring says why the operands are moved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic import gauge
from conformance.arithmetic.rounding import chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.arithmetic.replicates import Replicates

_ATEN: Any = torch.ops.aten
_SOLVE, _DET, _LSTSQ, _CHOLESKY, _SUBSTITUTE = (
    getattr(_ATEN, name).default
    for name in (
        "_linalg_solve_ex",
        "_linalg_det",
        "linalg_lstsq",
        "linalg_cholesky_ex",
        "linalg_solve_triangular",
    )
)
# How far an estimate of a condition is off, at most.
_ESTIMATED = 3
# The norm to which the exponential scales a matrix in float64; in float32 that takes a squaring or two less.
# Source: torch's linalg.matrix_exp, after Bader, Blanes & Casas 2019.
_SCALED = 1.09


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


def iterated(count: int) -> float:
    """Return the roundings of an eigenvalue: iterations rotate it n times, which adds up to 1.5·√n at random.

    LAPACK's QR iterations and dqds err by as much, as reports/lapack.md shows; divide and conquer by less.
    """
    return 1 + 1.5 * math.sqrt(count)


class Exponential(Results):
    """The rounding of the exponential of a matrix, which is scaled down, and squared again and again.

    Each squaring doubles the error that there is. How often is decided by the largest sum of a column, which
    grows with the size of a matrix though its exponential does not.
    """

    def before(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[int, Any]:
        """Return how many columns the operand has, and 2 to the number of squarings."""
        del kwargs
        a = args[0]
        if not a.numel():
            return a.shape[-1], 1.0
        sums = a.abs().sum(-2, keepdim=True).amax(-1, keepdim=True)
        return a.shape[-1], torch.exp2((sums / _SCALED).log2_().ceil_().clamp_(min=0))

    def size(self, before: Any, out: Tensor) -> Tensor:
        """Return the size of the error of each element, in units of u."""
        count, doubled = before
        rest = (out - torch.eye(count, dtype=out.dtype)).abs().square().mean(-2, keepdim=True).sqrt_()
        sized: Tensor = (out.abs() + rest) * (math.sqrt(count) / 2 * doubled)
        return sized

    def __str__(self) -> str:
        return "√n/2 roundings of the result and its column, twice as many per squaring, and moved operands"


# How far the operands are moved. Each takes the operation's arguments.


def spectral(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return 3·√3 roundings of the norm for each element, which moves the matrix by 3·(√m + √n) of its norm.

    The backward error of LAPACK's iterations is 1 to 2.3 times √n roundings for 2 to 300 rows, but not spread
    as evenly: of some vectors it is several times that of others.
    """
    if not a.numel():
        return (a.abs(),)
    return ((3 * math.sqrt(3) * torch.linalg.matrix_norm(a, 2, keepdim=True)).expand(a.shape),)


def unsymmetric(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return more of them: eigenvalues of any matrix take more rotations."""
    (size,) = spectral(a)
    return (1.5 * a.shape[-1] ** 0.25 * size,)


def columns(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return 2·√n roundings of the root mean square of each column, which Householder's reflections keep.

    Each of n reflections adds some, as reports/lapack.md shows.
    """
    return ((2 * math.sqrt(a.shape[-1]) * a.abs().square().mean(-2, keepdim=True).sqrt_()).expand(a.shape),)


def eliminated(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return √(n/3) roundings of the numbers that elimination takes an element through.

    Each step subtracts a product from what is left of the element. That starts as the element itself; where
    the products have all signs, it is as large as the root of the sum of their squares.
    """
    p, lower, upper = torch.linalg.lu(a)
    products = (lower.abs().square() @ upper.abs().square()).sqrt_()
    return ((p.abs() @ products + a.abs()) * chain(min(a.shape[-2:])),)


def halves(a: Tensor, *, upper: bool = False, **__: Any) -> tuple[Tensor]:
    """Return √(n/3) roundings of the numbers that elimination takes an element through, as `eliminated` does.

    A matrix that is not positive definite has no factor; of it no element is larger than the diagonal allows.
    """
    factor, info = _CHOLESKY(a, upper=upper)
    if bool(info.any()):
        root = a.diagonal(dim1=-2, dim2=-1).abs().sqrt()
        return (root.unsqueeze(-1) * root.unsqueeze(-2) * chain(a.shape[-1]),)
    squares = (factor.mT if upper else factor).abs().square()
    return (((squares @ squares.mT).sqrt_() + a.abs()) * chain(a.shape[-1]),)


def pivoted(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return √(n/3) roundings of the largest element, beyond which symmetric pivoting lets none grow much."""
    if not a.numel():
        return (a.abs(),)
    return ((chain(a.shape[-1]) * a.abs().amax((-2, -1), keepdim=True)).expand(a.shape),)


def triangle(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return √(n/3) roundings of each element: a solution by substitution adds up n products."""
    return (a.abs() * chain(a.shape[-1]),)


def twice(a: Tensor, *_: Any, **__: Any) -> tuple[Tensor]:
    """Return √2 times as much: a solution by two substitutions, of which one has a diagonal of ones."""
    return (a.abs() * (math.sqrt(2) * chain(a.shape[-1])),)


def substituted(
    a: Tensor, b: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, **_: Any
) -> tuple[Tensor | None, ...]:
    """Return √(n/3) roundings of the products that each element of a right side is made of.

    As if the matrix were moved, for each right side anew: each adds up its own products. And a diagonal that
    counts as 1, which is not read, has none to move.
    """
    if not (a.numel() and b.numel()):
        return ()
    x = _SUBSTITUTE(a, b, upper=upper, left=left, unitriangular=unitriangular).abs().square()
    read = (a.triu(int(unitriangular)) if upper else a.tril(-int(unitriangular))).abs().square()
    size = read @ x if left else x @ read
    size = (size + x if unitriangular else size).sqrt_() * chain(a.shape[-1])
    # A right side of several matrices is moved for all of them.
    more = size.dim() - b.dim()
    repeated = [k for k, count in enumerate(size.shape) if k < more or count != b.shape[k - more]]
    return None, (size.amax(repeated, keepdim=True) if repeated else size).reshape(b.shape)


def second(size: Callable[..., tuple[Tensor]]) -> Callable[..., tuple[Tensor | None, ...]]:
    """Return the same of the second operand."""
    return lambda _, a, *__, **___: (None, *size(a))


def both(size: Callable[..., tuple[Tensor]]) -> Callable[..., tuple[Tensor, ...]]:
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


def together(
    call: Callable[..., Any], vectors: frozenset[int] = frozenset(), same: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """Return a function that runs an operation on matrices on all replicates, as on a batch.

    Args:
        call: the operation.
        vectors: the places of operands that have one dimension less than matrices.
        same: brings the results to the gauge of the clean ones.
    """

    def run(held: Replicates, *args: Any, **kwargs: Any) -> Any:
        out = call(*_aligned(held, args, vectors), **kwargs)
        if isinstance(out, Tensor):
            return out
        found = tuple(_whole(held.count, each) for each in out)
        return found if same is None else same(call(*args, **kwargs), found)

    return run


def solve_together(held: Replicates, a: Tensor, b: Tensor, *, left: bool = True, **kwargs: Any) -> Any:
    """Solve for all replicates; the factors have the pivots of the clean matrix."""
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


def det_together(held: Replicates, a: Tensor) -> Any:
    """Return the determinants of all replicates; the factors have the pivots of the clean matrix."""
    moved = held.every(a)
    det, lu, pivots = _DET(moved)
    if a.is_contiguous() and not a.is_complex():
        moved, a = moved.mT, a.mT
    return det, *gauge.eliminated(moved, lu, pivots, a)


def least_squares(
    held: Replicates, a: Tensor, b: Tensor, rcond: Any = None, *, driver: str | None = None
) -> tuple[Tensor, ...]:
    """Solve for all replicates, one by one.

    By default LAPACK leaves out what is below a multiple of the dtype's own precision. In float32 that must
    be as much as in float64; where it is not, the solutions are NaN, which is another branch.
    """
    found = [_LSTSQ(held.alone(a, k), held.alone(b, k), rcond, driver=driver) for k in range(held.count)]
    solution, *others = (torch.stack(each) for each in zip(*found, strict=True))
    if rcond is None and driver != "gels" and a.numel():
        values = torch.linalg.svdvals(a)
        single, double = (
            torch.finfo(kind).eps * max(a.shape[-2:]) for kind in (torch.float32, torch.float64)
        )
        largest = values.amax(-1, keepdim=True)
        # The driver estimates the condition, to within a small factor.
        full = ((values > _ESTIMATED * single * largest) == (values > double * largest)).all()
        solution = torch.where(full, solution, torch.nan)
    return solution, *others

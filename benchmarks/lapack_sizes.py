"""Measure LAPACK's operations against their tolerance, by size and condition; writes reports/lapack.md.

The rules of these operations (conformance/arithmetic/rules/linalg.py) move the operands by so many roundings
of their norm, which `conformance calibrate` measures on small matrices. This measures whole results, up to
the sizes that people use: each operation runs in float32, by torch and where there is one by SciPy's
function, and the largest error in units of its tolerance is kept, over all elements of all that
`conformance.assert_close` judges. Above 1 is a false alarm. The tolerance has 8.5 deviations, so below about
0.01 it hides errors.

``python benchmarks/lapack_sizes.py`` writes the report; with names of operations, or with `--sizes`, it
prints these alone. The command ends with status 1 where an error is above its tolerance.
"""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.linalg
import torch

from conformance.reference.closeness import headrooms
from conformance.reference.draws import draw
from conformance.reference.program import Program, leaves, parted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPORT = Path(__file__).parents[1] / "reports/lapack.md"
SIZES = (32, 128, 256, 512, 1024)
# Of small sizes several draws, with as many replicates as the judge has. Of the others one draw and fewer
# replicates, whose deviation is off by a sixth; above 512 one kind of matrices only, and no batches.
DRAWS = 3
REPLICATES = {32: 64, 128: 64}
FEW = 16
LARGE = 512
# The condition of the badly conditioned matrices; in float32 they leave two or three digits.
CONDITION = 5


def _normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape)


def _dominant(n: int) -> torch.Tensor:
    """Return a matrix whose condition is small."""
    return _normal(n, n) + 2 * math.sqrt(n) * torch.eye(n)


def _spectrum(n: int) -> torch.Tensor:
    return torch.logspace(0, -CONDITION, n)


def _bad(rows: int, columns: int) -> torch.Tensor:
    """Return a matrix of a large condition."""
    count = min(rows, columns)
    left, right = (torch.linalg.qr(_normal(size, count).double())[0] for size in (rows, columns))
    return ((left * _spectrum(count).double()) @ right.mT).float()


def _definite(n: int) -> torch.Tensor:
    a = _normal(n, n)
    return a @ a.mT / n + torch.eye(n)


def _bad_definite(n: int) -> torch.Tensor:
    basis = torch.linalg.qr(_normal(n, n).double())[0]
    made = (basis * _spectrum(n).double()) @ basis.mT
    return ((made + made.mT) / 2).float()


def _symmetric(n: int) -> torch.Tensor:
    a = _normal(n, n)
    return (a + a.mT) / 2


def _lower(n: int) -> torch.Tensor:
    return _dominant(n).tril()


def _in_order(a: torch.Tensor) -> torch.Tensor:
    """Return the pivots that exchange no rows."""
    return torch.arange(1, a.shape[-1] + 1, dtype=torch.int32)


# What the matrices are like → from a size to one.
SQUARE = {"well": _dominant, "normal": lambda n: _normal(n, n), "bad": lambda n: _bad(n, n)}
ANY = {
    "normal": lambda n: _normal(n, n),
    "bad": lambda n: _bad(n, n),
    "tall": lambda n: _normal(2 * n, n),
    "tall, bad": lambda n: _bad(2 * n, n),
    "wide": lambda n: _normal(n, 2 * n),
}
TALL = {"tall": lambda n: _normal(2 * n, n), "tall, bad": lambda n: _bad(2 * n, n)}
# What is beside the diagonal is so small that a solution is near the right side.
NEAR = {"near 1": lambda n: _normal(n, n) / n + torch.eye(n)}
DEFINITE = {"well": _definite, "bad": _bad_definite}
SYMMETRIC = {"normal": _symmetric, "well": _definite, "bad": _bad_definite}


def _batched(kinds: dict[str, Any]) -> dict[str, Any]:
    """Return the kinds, and a batch of three of the first."""
    first = next(iter(kinds.values()))
    return {**kinds, "batched": lambda n: torch.stack([first(n) for _ in range(3)])}


class Operation(NamedTuple):
    """An operation that is measured.

    Attributes:
        fn: the program.
        kinds: what its matrices are like.
        others: SciPy's functions, which run OpenBLAS's float32 kernels, by driver; NumPy's compute in
            float64.
        columns: how many columns a right-hand side has, which is normal; 0 for none.
        largest: the largest size that is measured.
    """

    fn: Callable[..., Any]
    kinds: dict[str, Callable[[int], torch.Tensor]]
    others: dict[str, Callable[..., Any]] = {}  # noqa: RUF012 - nobody writes into it
    columns: int = 0
    largest: int = 512


def _eigh(driver: str) -> Callable[..., Any]:
    return lambda a: scipy.linalg.eigh(a, driver=driver)


def _eig(a: Any) -> Any:
    # Where all are real, SciPy returns no complex vectors.
    return tuple(each.astype(np.complex64) for each in scipy.linalg.eig(a))


def _svd(driver: str) -> Callable[..., Any]:
    return lambda a: scipy.linalg.svd(a, full_matrices=False, lapack_driver=driver)


L, S = torch.linalg, scipy.linalg
DRIVERS = {f"SciPy's {driver}": driver for driver in ("ev", "evd", "evr")}
OPERATIONS = {
    "lu_factor": Operation(
        lambda a: L.lu_factor(a)[0], {"well": _dominant}, {"SciPy": lambda a: S.lu_factor(a)[0]}
    ),
    "solve": Operation(L.solve, _batched(SQUARE), {"SciPy": S.solve}, 4, 1024),
    "inv": Operation(L.inv, _batched(SQUARE), {"SciPy": S.inv}),
    "slogdet": Operation(lambda a: L.slogdet(a)[1], _batched(SQUARE)),
    "solve_triangular": Operation(
        lambda a, b: L.solve_triangular(a, b, upper=False),
        {"well": _lower},
        {"SciPy": lambda a, b: S.solve_triangular(a, b, lower=True)},
        4,
    ),
    "unitriangular": Operation(
        lambda a, b: L.solve_triangular(a, b, upper=False, unitriangular=True),
        NEAR,
        {"SciPy": lambda a, b: S.solve_triangular(a, b, lower=True, unit_diagonal=True)},
        4,
    ),
    "lu_solve": Operation(lambda a, b: L.lu_solve(a, _in_order(a), b), NEAR, columns=4),
    "ldl_solve": Operation(lambda a, b: L.ldl_solve(a, _in_order(a), b), NEAR, columns=4),
    "cholesky": Operation(
        L.cholesky, _batched(DEFINITE), {"SciPy": lambda a: S.cholesky(a, lower=True)}, largest=1024
    ),
    "cholesky_solve": Operation(
        lambda a, b: torch.cholesky_solve(b, a),
        {"well": _lower},
        {"SciPy": lambda a, b: S.cho_solve((a, True), b)},
        4,
    ),
    "cholesky_inverse": Operation(torch.cholesky_inverse, {"well": _lower}),
    "ldl_factor": Operation(lambda a: L.ldl_factor(a)[0], {"well": _definite}),
    "qr": Operation(L.qr, _batched(ANY), {"SciPy": lambda a: S.qr(a, mode="economic")}, largest=1024),
    "householder_product": Operation(
        lambda a: torch.orgqr(*torch.geqrf(a)), {"tall": TALL["tall"]}, largest=256
    ),
    "lstsq": Operation(
        lambda a, b: L.lstsq(a, b, driver="gels").solution,
        TALL,
        # Its default, gelsd, leaves out singular values of 1e-5 in float32, whatever `cond` says.
        {"SciPy's gelsy": lambda a, b: S.lstsq(a, b, cond=1e-7, lapack_driver="gelsy")[0]},
        4,
    ),
    "pinv": Operation(L.pinv, {"normal": ANY["normal"], "tall": ANY["tall"]}, {"SciPy": S.pinv}, largest=256),
    "svdvals": Operation(L.svdvals, ANY, {"SciPy": S.svdvals}),
    "svd": Operation(
        lambda a: L.svd(a, full_matrices=False),
        _batched(ANY),
        {f"SciPy's {driver}": _svd(driver) for driver in ("gesdd", "gesvd")},
    ),
    "eigvalsh": Operation(L.eigvalsh, SYMMETRIC, {"SciPy": S.eigvalsh}),
    "eigh": Operation(L.eigh, _batched(SYMMETRIC), {name: _eigh(driver) for name, driver in DRIVERS.items()}),
    "eig": Operation(L.eig, _batched(SQUARE), {"SciPy": _eig}, largest=256),
    "matrix_exp": Operation(
        lambda a: L.matrix_exp(a / a.shape[-1] ** 0.5),
        {"normal": ANY["normal"]},
        {"SciPy": lambda a: S.expm(a / np.float32(a.shape[-1] ** 0.5))},
    ),
}


class Cell(NamedTuple):
    """What was measured of one operation, kind of matrix, and size.

    Attributes:
        ratio: the largest error in units of its tolerance; NaN where rounding decides a branch in all draws.
        where: the observable and the implementation.
    """

    ratio: float
    where: str


def measured(operation: Operation, kind: str, size: int) -> Cell:
    """Return the largest error of the operation's results by its tolerance, over some draws."""
    worst = Cell(math.nan, "")
    for number in range(DRAWS if size in REPLICATES else 1):
        torch.manual_seed(number)
        a = operation.kinds[kind](size)
        given = (a, _normal(*a.shape[:-1], operation.columns)) if operation.columns else (a,)
        program = Program(operation.fn, given, "float32", backward=False)
        right = draw(program, f"lapack|{kind}|{size}|{number}", REPLICATES.get(size, FEW))
        if right is None:
            continue
        for name, got in _results(operation, given).items():
            judged, wrong = right.judged(got)
            if wrong:
                raise RuntimeError(f"{name}: {wrong[0]}")
            for observable, array in judged.items():
                _, headroom = headrooms(array, right.oracle[observable], right.allowed(observable))
                ratio = float((1 / headroom).max(initial=0.0))
                if not ratio <= worst.ratio:
                    worst = Cell(ratio, f"{_what(observable)}{name}")
    return worst


def _what(observable: str) -> str:
    """Return what is judged of a factor, in words; nothing of a plain result."""
    what = observable.removesuffix(".real").removesuffix(".imag").partition(".")[2]
    return f"{what}, " if what else ""


def _results(operation: Operation, given: Sequence[torch.Tensor]) -> dict[str, dict[str, Any]]:
    """Return what each implementation computes in float32, by output."""
    found = {"torch": operation.fn(*given)}
    if given[0].dim() == len("mn"):
        # Only one at a time.
        arrays = [each.numpy() for each in given]
        found |= {name: other(*arrays) for name, other in operation.others.items()}
    return {
        name: {place: np.asarray(each) for place, each in parted(leaves("output", made))}
        for name, made in found.items()
    }


def rows(names: Sequence[str], sizes: Sequence[int]) -> Iterator[tuple[str, str, dict[int, Cell]]]:
    """Yield what was measured of each operation and kind of matrices, by size."""
    for name in names:
        operation = OPERATIONS[name]
        for kind in operation.kinds:
            cells = {}
            for size in sizes:
                if size > _largest(operation, kind):
                    continue
                began = time.perf_counter()
                cells[size] = measured(operation, kind, size)
                seconds = time.perf_counter() - began
                print(
                    f"{name:20}{kind:10}{size:6}{_shown(cells[size]):>9}{seconds:7.1f} s  {cells[size].where}"
                )
            yield name, kind, cells


def _largest(operation: Operation, kind: str) -> int:
    """Return the largest size of a kind: that of the first kind is larger, because each takes a minute."""
    if kind == "batched":
        return max(REPLICATES)
    return operation.largest if kind == next(iter(operation.kinds)) else min(operation.largest, LARGE)


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return "refused" if math.isnan(cell.ratio) else f"{cell.ratio:.2g}"


def report(found: Sequence[tuple[str, str, dict[int, Cell]]], sizes: Sequence[int]) -> str:
    """Return the report: a row per operation and kind of matrices, a column per size."""
    every = [cell for _, _, cells in found for cell in cells.values() if not math.isnan(cell.ratio)]
    lines = []
    for name, kind, cells in found:
        worst = max(cells.values(), key=lambda cell: -1 if math.isnan(cell.ratio) else cell.ratio)
        shown = " | ".join(_shown(cells.get(size)) for size in sizes)
        lines.append(f"| `{name}` | {kind} | {shown} | {worst.where} |")
    text = textwrap.fill(
        f"The largest error of torch {torch.__version__.partition('+')[0]} and SciPy {scipy.__version__} in "
        f"float32, in units of the tolerance of its element. Above 1 is a false alarm. Of {len(every)} "
        f"measurements the largest is {max(cell.ratio for cell in every):.2g}, the smallest "
        f"{min(cell.ratio for cell in every):.2g}. `tall` has 2n rows, `wide` 2n columns, `batched` three "
        f"matrices of the first kind, and `bad` a condition of 10^{CONDITION}. `refused`: rounding decides a "
        "branch. The last column is what has the largest error, and of whom.",
        118,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return (
        "# Errors of LAPACK's operations by size\n\nWritten by `python benchmarks/lapack_sizes.py`.\n\n"
        f"{text}\n\n| operation | matrices | {' | '.join(f'n = {size}' for size in sizes)} | largest |\n"
        f"| --- | --- | {' | '.join('---:' for _ in sizes)} | --- |\n" + "\n".join(lines) + "\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the report, or print what becomes of the operations named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("operations", nargs="*", help="names; all, if left out")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args(arguments)
    if unknown := set(options.operations) - set(OPERATIONS):
        parser.error(
            f"operations: expected some of {', '.join(OPERATIONS)}; got {', '.join(sorted(unknown))}"
        )
    found = [*rows(options.operations or [*OPERATIONS], options.sizes)]
    if not options.operations and tuple(options.sizes) == SIZES:
        REPORT.write_text(report(found, SIZES), encoding="utf-8")
        print(REPORT)
    return int(any(cell.ratio > 1 for _, _, cells in found for cell in cells.values()))


if __name__ == "__main__":
    sys.exit(main())

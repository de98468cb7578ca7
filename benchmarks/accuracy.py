"""Measure the error of every elementary function of mytorch, NumPy and torch, in ULP.

``python benchmarks/accuracy.py [FUNCTION...] [--out reports/accuracy.md] [--quick]`` prints two tables, or
writes them. In float32 each function takes a dense sweep, in which the median and 99 % are taken, and hard
values: numbers of every binade, neighbours of roots and of the ends of its range, and boundaries of argument
reductions. In float16 it takes all 65,536 values. What is exact is computed in float64, which is 2²⁹ times
finer; ``tests/conformance/arithmetic/test_accuracy.py`` compares that with mpmath at hard values. Next to the
error in float32 stands what the judge's rule of the operation allows there, and how much of it was used. The
command ends with status 1 where an error exceeds its rule by more than is known (`BEYOND`).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import dataclass
from math import inf, pi
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

import mytorch
from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules import RULES
from conformance.environment import environment
from conformance.report.tables import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMAND = "python benchmarks/accuracy.py --out reports/accuracy.md"
# Of the float32 numbers, one of so many is taken as a hard value: a prime, so that all binades get others.
STRIDE = 2003
DENSE = 1_000_000
# How many neighbours on either side of a hard value are taken too.
AROUND = 512


@dataclass(frozen=True)
class Function:
    """One function, and where to look.

    Attributes:
        exact: computes it in float64, from tensors of float64.
        low, high: the ends of the dense sweep.
        rule: the aten operation whose rule applies; empty where it is made of several.
        numpy: NumPy's name for it; empty where it has none.
        hard: values whose neighbours are taken too.
        where: the namespace under `torch` and `mytorch` that has it.
    """

    exact: Callable[..., torch.Tensor]
    low: float
    high: float
    rule: str = ""
    numpy: str = ""
    hard: tuple[float, ...] = ()
    where: str = ""


# Half multiples of log 2, where an exponential's reduced argument changes sides; and where results end.
_EXP = (*((k + 0.5) * np.log(2) for k in range(-151, 129, 4)), 88.722839, -87.336544, -103.97208, 17.3, 0.0)
# Multiples of π/2, where a sine or a cosine is nearly 0. The last is the float32 that comes nearest to one of
# all that there are, by 1.6e-9.
_TRIG = (*(k * pi / 2 for k in range(-64, 65)), *(2.0**k * pi / 2 for k in range(6, 126)), 16367173 * 2.0**72)
# The largest errors of NumPy's and of torch's kernels for AVX-512 among every 211th float32, and among all in
# the intervals around them.
_WORST = {
    "exp": (-17.660717, 68.969223, 0.0027853134),
    "expm1": (87.031204, 88.7216721, -16.6355572),
    "log": (0.7464124, 1.4435649, 1.3337336),
    "log1p": (0.33361432, 0.28601682),
    "sqrt": (15.9692564,),
    "sin": (13760.1748, 2.63523459, 2.6172603),
    "cos": (59541.0391, 1.82167912, 7.3291311),
    "erf": (0.01384996,),
    "sigmoid": (-16.999058, -16.636244),
    "tanh": (0.55015481, 0.54959881, 0.54944694, 0.12569116),
}
_LOG = (1.0, 2**0.5, 0.5**0.5, 2.0, 0.5)
_NN = "nn.functional"


def _gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * torch.special.erfc(-x * 0.5**0.5)


def _log_sigmoid(x: torch.Tensor) -> torch.Tensor:
    return x.clamp(max=0) - (-x.abs()).exp().log1p()


def _sigmoid(x: torch.Tensor) -> torch.Tensor:
    small = (-x.abs()).exp()
    return torch.where(x < 0, small, 1.0) / (1 + small)


FUNCTIONS = {
    "exp": Function(torch.exp, -20, 20, "exp", "exp", _EXP),
    "expm1": Function(torch.expm1, -20, 20, "expm1", "expm1", _EXP),
    "log": Function(torch.log, 0, 20, "log", "log", _LOG),
    "log1p": Function(torch.log1p, -1, 20, "log1p", "log1p", (-1.0, -0.5, 0.0, 1.0, 2**0.5 - 1)),
    "sqrt": Function(torch.sqrt, 0, 20, "sqrt", "sqrt", (1.0, 2.0, 4.0)),
    "rsqrt": Function(lambda x: 1 / x.sqrt(), 0, 20, "rsqrt", "", (1.0, 2.0, 4.0)),
    "square": Function(lambda x: x * x, -20, 20, "", "square", (1.0, 2.0**-63, 2.0**64)),
    "reciprocal": Function(lambda x: 1 / x, -20, 20, "reciprocal", "reciprocal", (1.0, 2.0**-128, 2.0**127)),
    "sin": Function(torch.sin, -20, 20, "sin", "sin", _TRIG),
    "cos": Function(torch.cos, -20, 20, "cos", "cos", _TRIG),
    "erf": Function(torch.erf, -4, 4, "erf", "", (0.0, 1.0, -1.0, 2.0, 3.92)),
    "erfinv": Function(torch.erfinv, -1, 1, "erfinv", "", (0.0, 0.5, 0.75, 0.9375, 1.0, -1.0)),
    "pow": Function(torch.pow, 0, 20, "pow", "power", (1.0,)),
    "sigmoid": Function(_sigmoid, -20, 20, "sigmoid", "", _EXP),
    "tanh": Function(torch.tanh, -10, 10, "tanh", "tanh", (0.0, 0.55, 0.625, 1.0, 9.01, 0.0004)),
    "softplus": Function(lambda x: -_log_sigmoid(-x), -20, 20, "", "", (*_EXP, 20.0), _NN),
    "logsigmoid": Function(_log_sigmoid, -20, 20, "", "", _EXP, _NN),
    "silu": Function(lambda x: x * _sigmoid(x), -20, 20, "", "", _EXP, _NN),
    "gelu": Function(_gelu, -6, 6, "", "", (0.0, -5.0, -13.0, 5.0), _NN),
    "elu": Function(lambda x: torch.where(x > 0, x, x.expm1()), -20, 20, "", "", _EXP, _NN),
}
# What else these modules of mytorch have. Each is exact, or one rounding of a product.
EXACT = {
    "abs": "changes the sign bit only",
    "absolute": "another name of abs",
    "hardtanh": "returns its operand or a limit",
    "leaky_relu": "returns its operand, or one product",
}


class Error(NamedTuple):
    """The errors of one function of one library in one dtype, in ULP of the exact result.

    Attributes:
        largest: the largest, where the exact result is a normal number.
        at: the operand there; of `pow` both.
        denormal: the largest where the exact result is smaller; an ULP is the smallest number there.
        most: what 99 % of the dense sweep are within.
        median: what half of the dense sweep are within.
        used: the largest share of what the rule allows; None without a rule.
    """

    largest: float
    at: tuple[float, ...]
    denormal: float
    most: float
    median: float
    used: float | None


# Where an error is above 1 of the rule, by how much at most, and why the rule stays as it is.
BEYOND = {
    "sigmoid": (
        1.1,
        (
            "NumPy's exponential for AVX-512 errs by 3.4 roundings, to which 1 + e⁻ˣ and the quotient add. A "
            "tolerance is several deviations, so that no verdict rests on a twentieth of one"
        ),
    ),
}


def neighbours(values: Sequence[float], count: int = AROUND) -> np.ndarray:
    """Return the float32 numbers next to some values, `count` on either side of each."""
    bits = np.float32(values).view(np.int32)[:, None] + np.arange(-count, count + 1, dtype=np.int32)
    return bits.astype(np.int32).ravel().view(np.float32)


def operands(name: str, *, quick: bool = False) -> tuple[list[np.ndarray], int]:
    """Return float32 operands: the dense sweep, as many as the number says, and then the hard values.

    Args:
        name: the function.
        quick: a hundredth of the sweeps, and fewer neighbours.
    """
    function, few = FUNCTIONS[name], 100 if quick else 1
    count = DENSE // few
    dense = np.linspace(function.low, function.high, count, dtype=np.float64).astype(np.float32)
    centres = (*function.hard, *_WORST.get(name, ()))
    patterns = np.arange(0, 2**32, STRIDE * few, dtype=np.uint32).view(np.float32)
    ends = np.float32([2.0**-149, 2.0**-126, 3.4028235e38, 0.0])
    hard = np.concatenate([patterns, ends, -ends, neighbours(centres, AROUND // (8 if quick else 1))])
    values = np.concatenate([dense, hard[np.isfinite(hard)]])
    if name != "pow":
        return [values], count
    # A spread of exponents, and those that have paths of their own.
    generator = np.random.Generator(np.random.PCG64(1))
    exponents = generator.uniform(-8, 8, len(values)).astype(np.float32)
    special = np.float32([2, 3, 0.5, -0.5, -1, -2, 1 / 3, 1, 0])
    exponents[::4] = generator.choice(special, len(exponents[::4]))
    return [np.abs(values), exponents], count


def of_torch(namespace: Any, name: str, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Call a function of torch, or of mytorch."""
    function = FUNCTIONS[name]
    for part in filter(None, function.where.split(".")):
        namespace = getattr(namespace, part)
    library = torch if namespace.__name__.split(".")[0] == "torch" else mytorch
    tensors = [library.from_numpy(array) for array in arrays]
    return np.asarray(getattr(namespace, name)(*tensors).numpy())


def of_numpy(name: str, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Call a function of NumPy."""
    return np.asarray(getattr(np, FUNCTIONS[name].numpy)(*arrays))


def libraries(name: str) -> dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]]:
    """Return how each library that has the function calls it."""
    found: dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
        "mytorch": lambda arrays: of_torch(mytorch, name, arrays),
        "torch": lambda arrays: of_torch(torch, name, arrays),
    }
    if FUNCTIONS[name].numpy:
        found["NumPy"] = lambda arrays: of_numpy(name, arrays)
    return found


def exact(name: str, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return the results in float64."""
    found = FUNCTIONS[name].exact(*(torch.from_numpy(array.astype(np.float64)) for array in arrays))
    return np.asarray(found.numpy())


def ulps(got: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the errors of results in ULP, the distance of neighbouring numbers at the exact result.

    Beyond the largest number, infinity counts as the power of two that would follow it. An error is infinite
    where one of the two is NaN, and 0 where both are.
    """
    limits = np.finfo(got.dtype)
    top = 2.0**limits.maxexp
    one, other = (np.clip(each.astype(np.float64), -top, top) for each in (got, right))
    exponent = np.maximum(np.frexp(other)[1] - 1, limits.minexp)
    # The spacing of the last binade goes on at the power of two after it.
    ulp = np.ldexp(1.0, np.minimum(exponent, limits.maxexp - 1) - limits.nmant)
    nans = np.isnan(one), np.isnan(other)
    error = np.where(nans[0] | nans[1], inf, np.abs(one - other) / ulp)
    return np.where(nans[0] & nans[1], 0.0, error)


def allowed(name: str, arrays: Sequence[np.ndarray], right: np.ndarray) -> np.ndarray | None:
    """Return what the rule of a function allows a float32 result to err by; None without a rule."""
    found = RULES.get(FUNCTIONS[name].rule)
    if found is None or found.rounds is None:
        return None
    tensors = [torch.from_numpy(array.astype(np.float64)) for array in arrays]
    size = found.rounds.size(found.rounds.before(tensors, {}), torch.from_numpy(right))
    return np.asarray(size * UNIT + UNDERFLOW) * np.ones(right.shape)


def measure(name: str, library: str, dtype: str = "float32", *, quick: bool = False) -> Error:
    """Measure one function of one library.

    Args:
        name: the function.
        library: `mytorch`, `NumPy` or `torch`.
        dtype: `float32`, or `float16`, of which all values are taken.
        quick: a hundredth of the sweep.
    """
    if dtype == "float32":
        arrays, dense = operands(name, quick=quick)
    else:
        every = np.arange(2**16, dtype=np.uint16).view(np.float16)
        arrays = [every[np.isfinite(every)]]
        # Of two operands, each value has one exponent.
        arrays += (
            [np.resize(np.float16([2, 3, 0.5, -1, 1 / 3, -2.5]), arrays[0].shape)] if name == "pow" else []
        )
        arrays[0] = np.abs(arrays[0]) if name == "pow" else arrays[0]
        dense = len(arrays[0])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right = exact(name, arrays)
        got = libraries(name)[library](arrays)
        error = ulps(got, right)
        denormal = np.abs(right) < float(np.finfo(dtype).tiny)
        worst = int(np.argmax(np.where(denormal, 0.0, error)))
        limit = allowed(name, arrays, right) if dtype == "float32" else None
        used = None
        if limit is not None:
            # Beyond the largest number a rule says nothing.
            inside = np.isfinite(got) & (np.abs(right) <= float(np.finfo(np.float32).max))
            away = np.abs(got.astype(np.float64) - right)
            used = float(np.where(inside, away / limit, 0.0).max())
    # Where the function is not defined, all libraries return NaN.
    shown = error[:dense][~np.isnan(right[:dense]) & ~denormal[:dense]]
    return Error(
        float(error[worst]),
        tuple(float(array[worst]) for array in arrays),
        float(error[denormal].max(initial=0.0)),
        float(np.quantile(shown, 0.99)),
        float(np.median(shown)),
        used,
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 1000 else f"{value:.3g}"


def _rule(name: str) -> str:
    found = RULES.get(FUNCTIONS[name].rule)
    return str(found.rounds) if found is not None else "–"


def rows(names: Sequence[str], dtype: str, *, quick: bool = False) -> list[dict[str, object]]:
    """Return the rows of the table of one dtype."""
    found: list[dict[str, object]] = []
    for name in names:
        for library in libraries(name):
            error = measure(name, library, dtype, quick=quick)
            row: dict[str, object] = {
                "function": name,
                "library": library,
                "largest": _number(error.largest),
                "at": ", ".join(f"{value:.9g}" for value in error.at),
                "denormal": _number(error.denormal),
                "99 %": _number(error.most),
                "median": _number(error.median),
            }
            if dtype == "float32":
                row["rule"] = _rule(name)
                row["of the rule"] = "–" if error.used is None else f"{error.used:.2f}"
            found.append(row)
    return found


_TEXT = """# Errors of elementary functions

Errors in ULP, the distance of neighbouring numbers at the exact result: a result that is rounded correctly
errs by at most 0.5. One rounding, the judge's unit, is between half an ULP and one. Made by

    {command}

on this machine, with one thread; other instructions, and other versions, err otherwise:

{machine}

`denormal` is the largest error where the exact result is below the smallest normal number; an ULP is the
smallest number there, and 8.4 million ULP are one of the smallest normal number in float32. All other columns
but the last are of normal results.

Where NumPy has no such function, mytorch computes it from others, as `mytorch/ops` says. A function of which
the table has no rule is made of several operations, each with a rule: a program that uses it is judged by
those. Not in the tables, because nothing or one product is rounded:

{exact}

## float32

The median and 99 % are of {dense:,} numbers at equal distances:

{ranges}

The largest error is that of these and of {hard:,} hard values or more: every {stride:,}th float32 number, the
smallest and largest, and neighbours of roots, of the ends of the range and of boundaries of argument
reductions. `of the rule` is the largest share of the error that the [rule](../docs/tolerance.md) allows,
denormal results included. Above 1 it would be exceeded, which is known of

{beyond}

{float32}

## float16

All finite values of the 65,536.

{float16}
"""


def machine() -> str:
    """Return the versions and the instructions that results depend on, as a list."""
    from numpy._core import _multiarray_umath  # noqa: PLC0415 - NumPy's public report only prints them

    kept = ("python", "numpy", "torch", "cpu", "torch_cpu_capability")
    about = {name: value for name, value in environment(threads=1).items() if name in kept}
    features = [name for name, found in _multiarray_umath.__cpu_features__.items() if found]
    about["instructions that NumPy found"] = " ".join(features)
    return "\n".join(f"- {name}: {value}" for name, value in about.items())


def report(names: Sequence[str], *, quick: bool = False) -> tuple[str, bool]:
    """Return the text, and whether all errors are within their rules."""
    single = rows(names, "float32", quick=quick)
    ranges: dict[str, list[str]] = {}
    for name in names:
        ranges.setdefault(f"{FUNCTIONS[name].low} to {FUNCTIONS[name].high}", []).append(name)
    text = _TEXT.format(
        command=COMMAND,
        machine=machine(),
        exact="\n".join(f"- {name}: {why}" for name, why in EXACT.items()),
        dense=operands(names[0], quick=quick)[1],
        ranges="\n".join(f"- from {span}: {', '.join(mine)}" for span, mine in ranges.items()),
        hard=min(len(arrays[0]) - dense for arrays, dense in (operands(name, quick=quick) for name in names)),
        beyond="\n".join(f"- {name}, by up to {most:g}: {why}." for name, (most, why) in BEYOND.items()),
        stride=STRIDE * (100 if quick else 1),
        float32=render(single, "markdown"),
        float16=render(rows(names, "float16", quick=quick), "markdown"),
    )
    return text, all(_within(row) for row in single)


def _within(row: dict[str, object]) -> bool:
    share = str(row["of the rule"])
    return share == "–" or float(share) <= BEYOND.get(str(row["function"]), (1.0,))[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="by default all")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the tables instead of printing them")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the sweeps in float32")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.functions if name not in FUNCTIONS]
    if unknown:
        parser.error(f"expected names out of {', '.join(FUNCTIONS)}, got {', '.join(unknown)}")
    torch.set_num_threads(1)
    text, within = report(options.functions or list(FUNCTIONS), quick=options.quick)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())

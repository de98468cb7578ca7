"""Cases of variances, products, norms, cumulative sums and products, and sums of exponentials."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from conformance.cases._reduction import ONE, reduction
from conformance.cases._table import FILLED, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config

# The variance of one element is nan in torch, with a warning.
_SPREAD = ("small", "pow2", "strided")


def _norm(p: float) -> Callable[..., Any]:
    return lambda t, a: t.norm(a, p, 1)


# The logarithm of a drawn number is -0.8 in the mean, with a deviation of 1.1: so many factors stay in the
# normal range of float32, and twice as many do not. Of a product that has underflowed, torch divides what
# rounding has left by each factor to find the gradient, where the product of the other factors is right.
_FACTORS = 64


def _few_factors(config: Config) -> Config:
    """Multiply along the last axis where all elements are too many."""
    count = prod(int(config[name]) for name in "NLF")
    return {"dim": "last"} if config["dim"] == "none" and count > _FACTORS else {}


_NO_SPREAD = {"expanded": "equal rows have no spread, of which rounding leaves a square"}

CASES = (
    reduction(
        "var",
        "normal",
        "cancelling",
        "offset",
        "nonfinite",
        exact=False,
        classes=_SPREAD,
        samples=15,
        unused=_NO_SPREAD,
    ),
    # Two rounds here and of `norm`, so that some of the samples with zeros are reduced along one dimension,
    # where all elements can be zero.
    reduction(
        "std",
        "normal",
        "offset",
        "nonfinite",
        "zeros",
        exact=False,
        classes=_SPREAD,
        samples=30,
        unused=_NO_SPREAD,
    ),
    # Not nonfinite: torch divides the product by each factor, unless one of them is 0. So the gradient is
    # inf/inf, or the product of the other factors if any element is 0.
    reduction(
        "prod",
        # Not tiny: such products underflow.
        "normal",
        "integer",
        "zeros",
        exact=False,
        classes=("small", "one", "strided", "empty", "zero"),
        axes=ONE,
        samples=12,
        settle=_few_factors,
    ),
    reduction(
        "logsumexp",
        "normal",
        "saturated",
        "steep",
        "offset",
        "nonfinite",
        exact=False,
        axes=("last", "first", "middle", "pair", "negative", "two", "all"),
        samples=14,
    ),
    reduction(
        "norm", "normal", "integer", "nonfinite", "zeros", exact=False, classes=FILLED, samples=34, p=2
    ),
    row(
        "var@correction",
        "NF",
        {
            "unbiased": lambda t, a: t.var(a, unbiased=False),
            "correction": lambda t, a: a.var(1, correction=0),
            "first": lambda t, a: a.std(False),
            "old": lambda t, a: t.std(a, 1, False, True),
        },
        {
            "both": (lambda t, a: a.var(0, unbiased=True, correction=0), ("unbiased", "correction")),
            "integers": (lambda t, a: t.arange(3).var(), ("floating",)),
        },
        classes=_SPREAD,
        regimes=("normal", "offset"),
    ),
    row(
        "norm@orders",
        "NF",
        {
            **{f"p={p}": _norm(p) for p in (1, 3, 0.5, float("inf"), 0)},
            "least": lambda t, a: a.norm(float("-inf"), 0, keepdim=True),
            "fro": lambda t, a: a.norm("fro"),
        },
        {
            "order": (lambda t, a: a.norm("foo"), ("foo",)),
            "integers": (lambda t, a: t.arange(3).norm(), ("Long",)),
        },
        classes=FILLED,
        regimes=("normal", "nonfinite", "zeros"),
    ),
    row(
        "cumsum",
        "NLF",
        {
            "first": lambda t, a: t.cumsum(a, 0),
            "last": lambda t, a: a.cumsum(-1),
            "dim": lambda t, a: a.cumsum(dim=1),
        },
        {"dim out of range": (lambda t, a: a.cumsum(5), ("-3", "2", "5"))},
        regimes=("normal", "cancelling", "tiny", "integer", "nonfinite"),
        exact=True,
    ),
    # Not large, tiny or nonfinite, for the reasons of `prod`.
    row(
        "cumprod",
        "NLF",
        {
            "first": lambda t, a: t.cumprod(a, 0),
            "last": lambda t, a: a.cumprod(-1),
            "dim": lambda t, a: a.cumprod(dim=1),
            # Many factors, of which the last results say something about the first.
            "many": lambda t, a: t.cumprod((a / 8 + 1).repeat(1, 9, 1), 1),
            "dtype": lambda t, a: t.cumprod(a, 2, dtype=t.float64).to(a.dtype),
        },
        {
            "dim out of range": (lambda t, a: a.cumprod(5), ("-3", "2", "5")),
            "bool": (lambda t, a: a.cumprod(0, dtype=t.bool), ("cumprod", "Bool")),
        },
        regimes=("normal", "integer", "zeros"),
        classes=("small", "one", "strided", "empty", "zero"),
        samples=20,
    ),
)

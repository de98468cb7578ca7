"""Reductions: over everything, one axis or several; and sums that run along an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import FEATURED, FILLED, method, row
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config

_AXES = {"none": None, "first": 0, "last": -1, "two": (0, 2), "all": (0, 1, 2)}
_CLASSES = ("small", "one", "empty", "pow2", "long", "wide", "strided", "zero")


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input(tuple(int(config[name]) for name in "NLF"), pairs=True)}


def _reduction(
    name: str,
    *regimes: str,
    exact: bool,
    classes: tuple[str, ...] = _CLASSES,
    axes: tuple[str, ...] = ("none", "first", "last", "two", "all"),
    samples: int = 28,
    **options: Any,
) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        dim = _AXES[str(x.config["dim"])]
        arguments = {} if dim is None else {"dim": dim, "keepdim": x.config["keepdim"]}
        return {"output": getattr(t, name)(x["input"], **(arguments | x.options), **options)}

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            classes,
            regimes,
            {"dim": axes, "keepdim": (False, True)},
        ),
        inputs=_inputs,
        program=program,
        samples=samples,
        exact_on_integers=exact,
        base={"N": 2, "L": 3, "F": 4, "dim": axes[0], "keepdim": False},
        bad_calls=(BadCall("dim out of range", ("-3", "2", "3"), options={"dim": 3}),),
    )


def _one_of_three(t: Any, a: Any) -> Any:
    """Three truth values for each element, one of them true: there is always something to find."""
    return t.cat([a > 0, a <= 0, t.isnan(a)])


def _norm(p: float) -> Callable[..., Any]:
    return lambda t, a: t.norm(a, p, 1)


# Of no elements the product is 1, `all` is true and `any` is not.
_OF_NOTHING = (*FILLED, "empty", "zero")
# Over one element torch says nan of a spread, and warns.
_SPREAD = ("small", "pow2", "strided")
_ONE = ("none", "first", "last")
_DIM = ("-2", "1", "5")

CASES = (
    _reduction("sum", "normal", "cancelling", "tiny", "huge", "integer", "nonfinite", exact=True),
    _reduction("mean", "normal", "cancelling", "tiny", "nonfinite", exact=False),
    _reduction("var", "normal", "cancelling", "nonfinite", exact=False, classes=_SPREAD, samples=15),
    _reduction("std", "normal", "nonfinite", exact=False, classes=_SPREAD, samples=15),
    # Not nonfinite: torch divides the product by each factor, unless one of them is 0. So the gradient is
    # inf/inf, or the product of the other factors, as an element elsewhere decides.
    _reduction(
        "prod",
        # Not tiny: torch divides the product, which has underflowed, by the factor to find its gradient.
        "normal",
        "integer",
        exact=False,
        classes=("small", "one", "strided", "empty", "zero"),
        axes=_ONE,
        samples=12,
    ),
    _reduction("amax", "normal", "integer", "nonfinite", exact=False, classes=FILLED, samples=15),
    _reduction("amin", "normal", "integer", "nonfinite", exact=False, classes=FILLED, samples=15),
    # Equal elements share one gradient or the first has it all: the regime integer is full of them.
    _reduction(
        "max", "normal", "integer", "nonfinite", exact=False, classes=FILLED, axes=("none",), samples=8
    ),
    _reduction(
        "min", "normal", "integer", "nonfinite", exact=False, classes=FILLED, axes=("none",), samples=8
    ),
    _reduction(
        "logsumexp",
        "normal",
        "saturated",
        "steep",
        "nonfinite",
        exact=False,
        axes=("last", "first", "two", "all"),
        samples=14,
    ),
    _reduction("norm", "normal", "integer", "nonfinite", exact=False, classes=FILLED, samples=15, p=2),
    _reduction("any", "normal", "integer", "tiny", "nonfinite", exact=True, classes=_OF_NOTHING),
    _reduction("all", "normal", "integer", "tiny", "nonfinite", exact=True, classes=_OF_NOTHING),
    _reduction("argmax", "normal", "huge", "nonfinite", exact=False, classes=FILLED, axes=_ONE, samples=9),
    _reduction("argmin", "normal", "huge", "nonfinite", exact=False, classes=FILLED, axes=_ONE, samples=9),
    row(
        "max@dim",
        "NF",
        {
            "max": lambda t, a: t.max(a, 1),
            "min": lambda t, a: a.min(dim=0),
            "keepdim": lambda t, a: a.max(-1, keepdim=True),
            "of two": lambda t, a: t.max(a, a * a),
            "axis": lambda t, a: t.min(a, axis=1, keepdims=True),
        },
        {"dim out of range": (lambda t, a: a.max(5), _DIM)},
        # Not with equal elements: torch's kernels differ in which of them is meant.
        classes=FILLED,
        regimes=("normal", "nonfinite"),
    ),
    row(
        "var@correction",
        "NF",
        {
            "unbiased": lambda t, a: t.var(a, unbiased=False),
            "correction": lambda t, a: a.var(1, correction=0),
            "first": lambda t, a: a.std(False),
            "far from zero": lambda t, a: t.var(a + 1024, 1),
            "old": lambda t, a: t.std(a, 1, False, True),
        },
        {
            "both": (lambda t, a: a.var(0, unbiased=True, correction=0), ("unbiased", "correction")),
            "integers": (lambda t, a: t.arange(3).var(), ("floating",)),
        },
        classes=_SPREAD,
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
        regimes=("normal", "nonfinite"),
    ),
    row(
        "sum@dtype",
        "NF",
        {
            "integers": lambda t, a: (a > 0).sum(1),
            "dtype": lambda t, a: (a > 0).sum(dtype=t.int32),
            "prod": lambda t, a: (a > 0).prod(1),
            "cumsum": lambda t, a: (a > 0).cumsum(0),
            "mean": lambda t, a: (a > 0).mean(dtype=a.dtype),
        },
        {"mean of integers": (lambda t, a: t.arange(3).mean(), ("Long",))},
        classes=FILLED,
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
        regimes=("normal", "cancelling", "integer", "nonfinite"),
        exact=True,
    ),
    row(
        "sort",
        "NF",
        {
            "values": lambda t, a: t.sort(a),
            "descending": lambda t, a: a.sort(0, descending=True),
            "stable": lambda t, a: t.sort(a, dim=1, stable=True, descending=True),
        },
        {"dim out of range": (lambda t, a: a.sort(5), _DIM)},
        regimes=("normal", "tiny", "nonfinite"),
    ),
    row(
        "argsort",
        "NF",
        {"function": lambda t, a: t.argsort(a), "method": lambda t, a: a.argsort(0, descending=True)},
        {"dim out of range": (lambda t, a: a.argsort(5), _DIM)},
        regimes=("normal", "nonfinite"),
    ),
    row(
        "topk",
        "NF",
        {
            "largest": lambda t, a: t.topk(a, 1),
            "all": lambda t, a: a.topk(a.shape[0], 0),
            "smallest": lambda t, a: t.topk(a, 2, largest=False) if a.shape[1] > 1 else a.topk(1),
        },
        {"too many": (lambda t, a: a.topk(9), ("k",)), "dim out of range": (lambda t, a: a.topk(1, 5), _DIM)},
        regimes=("normal", "nonfinite"),
        classes=FEATURED,
    ),
    row(
        "nonzero",
        "NF",
        {
            "function": lambda t, a: t.nonzero(_one_of_three(t, a)),
            "tuple": lambda t, a: t.stack(_one_of_three(t, a).nonzero(as_tuple=True)),
            "numbers": method("nonzero"),
        },
        regimes=("normal", "integer", "nonfinite"),
    ),
    row(
        "unique",
        "NF",
        {
            "values": lambda t, a: t.unique(a.round()),
            "counts": lambda t, a: (a > 0).unique(return_counts=True)[1],
            "inverse": lambda t, a: t.unique((a * 2).long(), return_inverse=True, return_counts=True),
            "rows": lambda t, a: (a > 0).long().unique(dim=0),
        },
        classes=FILLED,
        grad=False,
    ),
)

"""Cases of products of vectors, matrices and stacks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._table import CLASSES, function, method, row
from conformance.cases.case import BadCall, Case
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases._table import Bad, Form
    from conformance.cases.case import Config

# Not huge: a fused multiply-add does not round its product to inf, so that kernels differ in inf - inf.
_REGIMES = ("normal", "cancelling", "integer", "nonfinite")
_SIZES = ("2x4", "3x5")


def _product(
    name: str, inputs: str, bad: dict[str, Bad], regimes: tuple[str, ...] = _REGIMES, **forms: Form
) -> Case:
    calls = {"function": function(name), "method": method(name), **forms}
    return row(name, inputs, calls, bad, regimes=regimes, classes=(*CLASSES, "square"), exact=True)


_FORMS = (
    *("mm", "mv", "vm", "dot", "bmm", "broadcast", "batched"),
    *("vector and stack", "stack and vector", "matrix and stack", "two stacks"),
)


def _shapes(config: Config) -> tuple[tuple[int, ...], tuple[int, ...]]:
    n, m, k, p = (int(config[name]) for name in ("N", "M", "K", "P"))
    return {
        "mm": ((m, k), (k, p)),
        "mv": ((m, k), (k,)),
        "vm": ((k,), (k, p)),
        "dot": ((k,), (k,)),
        "bmm": ((n, m, k), (n, k, p)),
        "broadcast": ((n, m, k), (k, p)),
        "batched": ((n, 1, m, k), (3, k, p)),
        "vector and stack": ((k,), (n, k, p)),
        "stack and vector": ((n, m, k), (k,)),
        "matrix and stack": ((m, k), (n, k, p)),
        "two stacks": ((n, 1, m, k), (1, 3, k, p)),
    }[str(config["form"])]


def _inputs(config: Config) -> dict[str, Input]:
    a, b = _shapes(config)
    return {"input": Input(a, pairs=True), "other": Input(b)}


CASES = (
    Case(
        name="matmul",
        space=Space(
            sizes={"N": "batch", "M": "outer", "K": "feature", "P": "outer"},
            classes=("small", "one", "empty", "pow2", "wide", "strided", "zero", "square", "large"),
            # Not tiny: each product in a sum may lose half of the smallest number; the noise allows for one.
            # Not huge: a fused multiply-add never rounds a product to inf, so that inf - inf is NaN or inf
            # by the kernel, and both are right.
            regimes=("normal", "cancelling", "integer", "nonfinite"),
            flags={"form": _FORMS},
        ),
        inputs=_inputs,
        program=lambda t, x: {"output": t.matmul(x["input"], x["other"])},
        samples=56,
        exact_on_integers=True,
        base={"N": 2, "M": 2, "K": 3, "P": 5, "form": "mm"},
        bad_calls=(
            BadCall("inner sizes", ("2x3", "4x5"), shapes={"other": (4, 5)}),
            BadCall("inner size of a vector", ("3", "4"), shapes={"other": (4,)}),
            BadCall("batches", ("2", "3"), shapes={"input": (2, 2, 3), "other": (3, 3, 5)}),
            BadCall("a scalar", ("0D",), shapes={"other": ()}),
            BadCall("dtypes", ("dtype",), dtypes={"other": "float64"}),
        ),
    ),
    _product(
        "mm",
        "NF FL",
        {
            "sizes": (lambda t, a, b: t.mm(a, t.ones(3, 5)), _SIZES),
            "rank": (lambda t, a, b: t.mm(a[0], b), ("matrix",)),
        },
        itself=lambda t, a, b: t.mm(t.cat([a, b.T]), t.cat([a, b.T]).T),
    ),
    _product(
        "bmm",
        "LNF LFN",
        {
            "sizes": (lambda t, a, b: t.bmm(a, b[:, :3]), ("[3, 4]", "[3, 3]")),
            "rank": (lambda t, a, b: t.bmm(a[0], b), ("batch1", "3D")),
        },
    ),
    _product("mv", "NF F", {"sizes": (lambda t, a, b: t.mv(a, b[:3]), ("2x4", "3"))}),
    _product(
        "dot",
        "F F",
        {
            "sizes": (lambda t, a, b: t.dot(a, b[:3]), ("4", "3")),
            "rank": (lambda t, a, b: t.dot(a[None], b), ("1D", "2D")),
        },
        # Not integer: two wrong integers equal the right ones too often.
        regimes=("normal", "cancelling", "nonfinite"),
    ),
    _product("outer", "F L", {"rank": (lambda t, a, b: t.outer(a[None], b), ("1-D", "2-D"))}),
    _product(
        "addmm",
        "L NF FL",
        {
            "sizes": (lambda t, c, a, b: t.addmm(c, a, b[:3]), ("2x4", "3x3")),
            "input": (lambda t, c, a, b: t.addmm(c[:2], a, b), ("3", "2")),
        },
        factors=lambda t, c, a, b: t.addmm(c, a, b, beta=0.5, alpha=-2),
    ),
    _product(
        "baddbmm",
        "N1 LNF LFN",
        {"sizes": (lambda t, c, a, b: t.baddbmm(c, a, b[:, :3]), ("[3, 4]", "[3, 3]"))},
        factors=lambda t, c, a, b: t.baddbmm(c, a, b, beta=-1, alpha=2),
    ),
)

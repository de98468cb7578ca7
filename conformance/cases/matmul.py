"""Products of vectors, matrices and stacks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._table import function, method, row

if TYPE_CHECKING:
    from conformance.cases._table import Bad, Form
    from conformance.cases.case import Case

# Not huge: a fused multiply-add does not round its product to inf, so that kernels differ in inf - inf.
_REGIMES = ("normal", "cancelling", "integer", "nonfinite")
_SIZES = ("2x4", "3x5")


def _product(
    name: str, inputs: str, bad: dict[str, Bad], regimes: tuple[str, ...] = _REGIMES, **forms: Form
) -> Case:
    calls = {"function": function(name), "method": method(name), **forms}
    return row(name, inputs, calls, bad, regimes=regimes, exact=True)


CASES = (
    _product(
        "mm",
        "NF FL",
        {
            "sizes": (lambda t, a, b: t.mm(a, t.ones(3, 5)), _SIZES),
            "rank": (lambda t, a, b: t.mm(a[0], b), ("matrix",)),
        },
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

"""Products of vectors, matrices and stacks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._table import function, method, row

if TYPE_CHECKING:
    from conformance.cases._table import Bad, Form
    from conformance.cases.case import Case

# Not huge: a fused multiply-add never rounds a product to inf, so that inf - inf is NaN or inf by the kernel.
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
        # Not integer: two whole numbers are too often the same.
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
    row(
        "einsum",
        "NF FL LNF",
        {
            "product": lambda t, a, b, c: t.einsum("ij,jk->ik", a, b),
            "implied": lambda t, a, b, c: t.einsum("ij,jk", a, b),
            "stack": lambda t, a, b, c: t.einsum("lnf,mnf->lmn", c, c),
            "ellipsis": lambda t, a, b, c: t.einsum("...f,fk->...k", c, b),
            "outer": lambda t, a, b, c: t.einsum("i,j->ij", a[:, 0], b[0]),
            "diagonal": lambda t, a, b, c: t.einsum("ii->i", a @ a.T),
            "sum": lambda t, a, b, c: t.einsum("ij->", a),
            "alone": lambda t, a, b, c: t.einsum("ij,kl->ik", a, b),
            "three": lambda t, a, b, c: t.einsum("nf,fl,lnf->l", a, b, c),
            "transposed": lambda t, a, b, c: t.einsum("ba", a),
            "list": lambda t, a, b, c: t.einsum("nf,lnf->ln", [a, c]),
        },
        {
            "sizes": (lambda t, a, b, c: t.einsum("ij,jk->ik", a, a), ("j", "2", "4")),
            "output": (lambda t, a, b, c: t.einsum("ij->ijk", a), ("k",)),
            "operands": (lambda t, a, b, c: t.einsum("ij,jk->ik", a), ("fewer",)),
            "rank": (lambda t, a, b, c: t.einsum("ijk->", a), ("3", "2")),
            "letter": (lambda t, a, b, c: t.einsum("i1->i", a), ("1",)),
        },
        regimes=("normal", "integer", "nonfinite"),
        classes=("small", "one", "pow2", "strided"),
        exact=True,
    ),
)

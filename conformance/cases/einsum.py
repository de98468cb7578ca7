"""Cases of torch.einsum: sums of products in Einstein notation."""

from __future__ import annotations

from conformance.cases._table import row

CASES = (
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
        classes=("small", "one", "pow2", "strided", "large"),
        exact=True,
    ),
)

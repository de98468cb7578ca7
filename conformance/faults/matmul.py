"""Faults of a matrix product: a transposed gradient."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.faults._forms import derived, with_gradient
from conformance.faults._rewriting import Overlay, own
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _square_product(t: Any, a: Any, b: Any) -> Any:
    """Do not transpose in the first factor's gradient, where that fits."""
    if not 2 <= b.ndim <= max(a.ndim, 2) or b.shape[-1] != b.shape[-2] or a.ndim > 3 or not b.numel():
        return t.matmul(a, b)

    def backward(grad: Any, a: Any, b: Any) -> Any:
        rows, given = (each.reshape(-1, each.shape[-1]) if b.ndim == 2 else each for each in (a, grad))
        return t.matmul(grad, b), t.matmul(rows.transpose(-1, -2), given)

    return own(t, t.matmul, backward, a, b)


def _first_of_each(t: Any, x: Values, correct: Any) -> Any:
    """Multiply the first matrix of each stack only, where both stacks are broadcast."""
    if x.config["form"] != "two stacks":
        return correct(t, x)
    a, b = x["input"], x["other"]
    return {"output": t.matmul(a, b[:, :1].expand(b.shape))}


FAULTS = (
    *(
        Fault(
            f"matmul-{form.replace(' ', '-')}-averaged",
            "matmul",
            ("matmul",),
            f"averages the gradient of the operand without a batch, for a {form}",
            around=with_gradient(form, lambda grad, x: grad / max(int(x.config["N"]), 1), operand),
        )
        for form, operand in (
            ("vector and stack", "input"),
            ("stack and vector", "other"),
            ("matrix and stack", "input"),
        )
    ),
    Fault(
        "matmul-first-of-two-stacks",
        "matmul",
        ("matmul",),
        "reads only the first matrix of a stack that is broadcast against another",
        around=_first_of_each,
    ),
    *derived(
        "matmul",
        (
            (
                "mm-itself-counted-once",
                "mm",
                "itself",
                lambda grad, x: grad / 2,
                "counts the gradient of a factor once where both factors are views of it",
            ),
        ),
    ),
    Fault(
        "matmul-gradient-not-transposed",
        "matmul",
        ("matmul",),
        "does not transpose in the first factor's gradient where the second factor is square",
        around=lambda t, x, correct: correct(Overlay(t, {"matmul": partial(_square_product, t)}), x),
    ),
)

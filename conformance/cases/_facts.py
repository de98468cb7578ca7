"""Cases of functions that make tensors: creation, conversion and random tensors.

A program returns two outputs: the dtype, the device, whether a gradient is recorded and the shape, as
integers ("facts"); and the values in the lane's dtype. Random values cannot equal torch's, so a property of
them is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import row

if TYPE_CHECKING:
    from conformance.cases._table import Bad, Form
    from conformance.cases.case import Case, Constant

DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")


def facts(t: Any, x: Any) -> Any:
    """Return dtype, device, whether a gradient would be recorded, and shape, as numbers."""
    kind, on_cpu = DTYPES.index(str(x.dtype).rpartition(".")[2]), str(x.device) == "cpu"
    return t.tensor([kind, int(on_cpu), int(x.requires_grad), x.dim(), *x.shape])


def facts_and_values(t: Any, x: Any, like: Any) -> dict[str, Any]:
    """Return the facts about a tensor, and its values in the dtype of another."""
    return {"facts": facts(t, x), "values": x.to(like.dtype).detach()}


def made(
    name: str, forms: dict[str, Form], bad: dict[str, Bad] | None = None, constant: Constant | None = None
) -> Case:
    """Return the case of a function that makes tensors; the arguments are those of `row`."""

    def as_facts(form: Form) -> Form:
        # In the lane's dtype, the fact would differ between the lanes.
        return lambda t, a: facts_and_values(t, form(t, a.double()), a)

    facts_of = {label: as_facts(form) for label, form in forms.items()}
    return row(name, "NF", facts_of, bad, grad=False, constant=constant)


def random(name: str, forms: dict[str, Form], within: Form, bad: dict[str, Bad] | None = None) -> Case:
    """Return the case of a function that draws tensors.

    Args:
        name: as in `row`.
        forms: as in `row`.
        within: from the namespace and a drawn tensor to whether its values are as they must be.
        bad: as in `row`.
    """

    def judged(form: Form) -> Form:
        def call(t: Any, a: Any) -> dict[str, Any]:
            made = form(t, a.double())
            return {"facts": facts(t, made), "within": within(t, made)}

        return call

    return row(name, "NF", {label: judged(form) for label, form in forms.items()}, bad, grad=False)

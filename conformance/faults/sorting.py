"""Faults of elements by their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _upper_middle(t: Any, x: Values, correct: Any) -> Any:
    returned = correct(t, changed(x, {"x0": -x["x0"]}))
    return on_outputs(returned, lambda name, output: output if name == "indices" else -output)


FAULTS = (
    Fault(
        "median-of-the-upper-middle",
        "sorting",
        ("median",),
        "takes the upper of two middle elements, where torch takes the lower and NumPy their mean",
        around=_upper_middle,
    ),
)

"""The uses of functions, and so of every layer: gradients or none, one output only, called twice.

Each use calls the layer through `_call.Call`, and says by its name in the trace which plain observable a
result must equal.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from conformance.cases._call import labelled, results
from conformance.cases._use import Use, differentiable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._call import Call
    from conformance.cases.case import Case, Config


def _no_grad(call: Call) -> dict[str, Any]:
    layer = call.layer()
    with call.t.no_grad():
        return results(layer())


def _frozen_inputs(call: Call) -> dict[str, Any]:
    layer = call.layer(frozen=[n for n in call.arrays() if n in differentiable(call.case, call.config)[0]])
    outputs = layer()
    layer.backward(outputs)
    return results(outputs) | layer.gradients()


def _learns_from_data(case: Case, config: Config) -> str | None:
    data, parameters = differentiable(case, config)
    return None if data and parameters else "it has no parameters, or no data, with gradients"


def _only_one_output(call: Call) -> dict[str, Any]:
    """Run backward from each output alone, and from each pair; of many outputs, from three."""
    layer = call.layer()
    names = [name for name, output in layer().items() if output.requires_grad]
    names = [*names[:2], *names[2:][-1:]]
    chosen = [some for count in (1, 2) for some in combinations(names, count)]
    found: dict[str, Any] = {}
    for some in chosen:
        layer.forget()
        outputs = layer()
        layer.backward({name: outputs[name] for name in some})
        found |= labelled("+".join(some), layer.gradients())
    return found


def _several_outputs(case: Case, config: Config) -> str | None:
    del config
    return None if case.several_outputs else "only one of its outputs has a gradient"


def _twice(call: Call) -> dict[str, Any]:
    """Call twice, look at the first result after the second call, and differentiate both."""
    layer = call.layer()
    first, second = layer(), layer()
    found = labelled("first", results(first)) | labelled("second", results(second))
    for label, outputs in (("first", first), ("second", second)):
        layer.forget()
        layer.backward(outputs)
        found |= labelled(label, layer.gradients())
    return found


_USES = (
    Use("no-grad", "under no_grad, where a fast path for inference may compute something else", _no_grad),
    Use(
        "frozen-inputs",
        "with data that needs no gradient, as in most training: the parameters learn nevertheless",
        _frozen_inputs,
        _learns_from_data,
    ),
    Use(
        "only-one-output",
        "with cotangents on one output, or two, of several: a loss that uses h_n only",
        _only_one_output,
        _several_outputs,
        measured=True,
    ),
    Use("twice", "called twice: a buffer that is used again must not change the first result", _twice),
)

FUNCTION_USES: Mapping[str, Use] = {use.name: use for use in _USES}

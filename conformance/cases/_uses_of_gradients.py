"""Uses that ask for other gradients than all of them, once: none, some, twice, of a sum."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from conformance.cases._call import flag, labelled, results
from conformance.cases._use import Use, differentiable

if TYPE_CHECKING:
    from conformance.cases._call import Call
    from conformance.cases.case import Case, Config


def _without_gradients(call: Call, mode: str) -> dict[str, Any]:
    layer = call.layer()
    with getattr(call.t, mode)():
        outputs = layer()
        # Not requires_grad, which torch says of a view of a leaf even here.
        leaves = {f"flag/{name}.is_leaf": flag(each.is_leaf) for name, each in outputs.items()}
        return results(outputs) | leaves


def _frozen_inputs(call: Call) -> dict[str, Any]:
    layer = call.layer(frozen=differentiable(call.case, call.config)[0])
    outputs = layer()
    layer.backward(outputs)
    return results(outputs) | layer.gradients()


def _learns_from_data(case: Case, config: Config) -> str | None:
    data, parameters = differentiable(case, config)
    return None if data and parameters else "it has no parameters, or no data, with gradients"


def _frozen_in_turn(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(call.differentiable):
        layer = call.layer(frozen=(name,))
        layer.backward(layer())
        found |= labelled(f"without {name}", layer.gradients())
    return found


def _several_inputs(case: Case, config: Config) -> str | None:
    data, parameters = differentiable(case, config)
    return None if len(data) + len(parameters) > 1 else "it has no two inputs with gradients"


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


def _backward_twice(call: Call) -> dict[str, Any]:
    layer = call.layer()
    outputs = layer()
    layer.backward(outputs, retain_graph=True)
    once = layer.gradients()
    layer.backward(outputs)
    return labelled("once", once) | labelled("twice", layer.gradients())


def _has_gradients(case: Case, config: Config) -> str | None:
    return None if any(differentiable(case, config)) else "it has no gradients"


def _sum_as_loss(call: Call) -> dict[str, Any]:
    """Run backward from the sum of all outputs, whose cotangents are views of one number."""
    layer = call.layer()
    outputs = layer()
    sums = [output.sum() for output in outputs.values() if output.requires_grad]
    if sums:
        sum(sums[1:], sums[0]).backward()
    return layer.gradients()


GRADIENT_USES = (
    Use(
        "no-grad",
        "under no_grad, where a fast path for inference may compute something else",
        lambda call: _without_gradients(call, "no_grad"),
        forward=True,
    ),
    Use(
        "inference-mode",
        "under inference_mode, likewise",
        lambda call: _without_gradients(call, "inference_mode"),
        forward=True,
    ),
    Use(
        "frozen-inputs",
        "with data that needs no gradient, as in most training: the parameters learn nevertheless",
        _frozen_inputs,
        _learns_from_data,
    ),
    Use(
        "frozen-in-turn",
        "with one input or parameter after another that needs no gradient: the others keep theirs",
        _frozen_in_turn,
        _several_inputs,
    ),
    Use(
        "only-one-output",
        "with cotangents on one output, or two, of several: a loss that uses h_n only",
        _only_one_output,
        _several_outputs,
        measured=True,
    ),
    Use(
        "backward-twice",
        "backward twice over one kept graph: the gradients are added",
        _backward_twice,
        _has_gradients,
        scale=2.0,
    ),
    Use(
        "sum-as-loss",
        "backward from the sum of the outputs: the cotangents are expanded, with strides of 0",
        _sum_as_loss,
        _has_gradients,
        measured=True,
        samples=1,
    ),
)

"""Uses that look at the tensors of one plain call: their memory, their flags and their versions."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases._call import flag, kept
from conformance.cases._use import Use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._call import Call, Layer


def _inputs(layer: Layer) -> dict[str, Any]:
    """Return the tensors that the layer reads, by the reference's names: a module's own parameters."""
    own = {name: each for name, each in layer.built.parameters.items() if name in layer.tensors}
    return {**layer.tensors, **own}


def _unchanged(call: Call) -> dict[str, Any]:
    """Return inputs, parameters and cotangents after forward and backward."""
    given: dict[str, Any] = {}

    def keep(name: str, cotangent: Any) -> Any:
        given[f"after/cotangent.{name}.values"] = cotangent
        return cotangent

    layer = call.layer()
    layer.backward(layer(), change=keep)
    values = {f"after/{name}.values": each for name, each in _inputs(layer).items()}
    return {name: kept(each) for name, each in {**values, **given}.items()}


def _data(tensor: Any) -> Any:
    return tensor if isinstance(tensor, np.ndarray) else tensor.detach().numpy()


def _shared(a: Any, b: Any) -> bool:
    return bool(np.shares_memory(_data(a), _data(b)))


def _sharing(call: Call) -> dict[str, Any]:
    """Return which outputs share memory with inputs, parameters and each other, and which gradients do."""
    call.own()
    layer = call.layer()
    outputs, inputs = layer(), _inputs(layer)
    layer.backward(outputs)
    found = {f"shares/{a}.{b}": flag(_shared(outputs[a], outputs[b])) for a, b in combinations(outputs, 2)}
    found |= {f"shares/{a}.{b}": flag(_shared(outputs[a], inputs[b])) for a in outputs for b in inputs}
    gradients = {f"grad.{name}": each for name, each in layer.raw_gradients().items() if each is not None}
    others = {**outputs, **inputs, **gradients}
    for name, gradient in gradients.items():
        # One number per gradient, because there are hundreds of pairs, of which nearly none shares memory.
        sharing = [other for other, each in others.items() if other != name and _shared(gradient, each)]
        found[f"shares/{name}.others"] = flag(len(sharing))
    return found


def _flags(call: Call) -> dict[str, Any]:
    """Return flags of inputs, parameters and outputs, and how much their version counters move.

    They must not move in forward and backward, and those of a view and of the tensor that it views move
    together when the view is written to.
    """
    call.own()
    layer = call.layer()
    before = {name: each._version for name, each in _inputs(layer).items()}  # noqa: SLF001 - torch's name
    outputs = layer()
    found = {}
    for name, each in {**_inputs(layer), **outputs}.items():
        found[f"flag/{name}.requires_grad"] = flag(each.requires_grad)
        found[f"flag/{name}.is_leaf"] = flag(each.is_leaf)
    layer.backward(outputs)
    found |= _versions("after", layer, before)
    with call.t.no_grad():
        for name, output in outputs.items():
            if output.is_floating_point() and _has_own_elements(output):
                output.add_(1)
                found |= _versions(f"written {name}", layer, before)
    return found


def _has_own_elements(tensor: Any) -> bool:
    """Whether each element has memory of its own: an expanded tensor cannot be written to."""
    sizes = zip(tensor.shape, tensor.stride(), strict=True)
    return tensor.numel() > 0 and all(stride or size == 1 for size, stride in sizes)


def _versions(label: str, layer: Layer, before: Mapping[str, int]) -> dict[str, Any]:
    """Return how far the version counter of each input has moved."""
    moved = {name: each._version - before[name] for name, each in _inputs(layer).items()}  # noqa: SLF001 - likewise
    return {f"{label}/{name}.version": flag(count) for name, count in moved.items()}


MEMORY_USES = (
    Use("unchanged", "inputs, states, parameters and cotangents have their bits afterwards", _unchanged),
    Use("sharing", "results share memory where torch's do, and nowhere else", _sharing),
    Use("flags", "requires_grad, is_leaf and version counters are torch's", _flags),
)

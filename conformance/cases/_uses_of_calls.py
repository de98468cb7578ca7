"""Uses that call a layer more than once, with other data, or elsewhere."""

from __future__ import annotations

from itertools import combinations
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases._call import labelled, plain, results
from conformance.cases._use import Use
from conformance.cases.case import data_of, is_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._call import Call, Layer
    from conformance.cases.case import Case, Config

# The outputs that are a layer's next states, by the name of the state.
_NEXT = {"h0": ("h", "h_n"), "c0": ("c", "c_n")}


def _both(layer: Layer, first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return two results after both calls, and the gradients of each alone, of the first call first."""
    found = labelled("first", results(first)) | labelled("second", results(second))
    for label, outputs in (("first", first), ("second", second)):
        layer.forget()
        layer.backward(outputs)
        found |= labelled(label, layer.gradients())
    return found


def _twice(call: Call) -> dict[str, Any]:
    # Between them with other values: those of the same data would be the same in a buffer that is used again.
    layer = call.layer()
    first = layer()
    layer({name: _moved(call.t, tensor) for name, tensor in layer.data.items()})
    return _both(layer, first, layer())


def _moved(t: Any, tensor: Any) -> Any:
    """Return the values of a tensor in other places: what came first along an axis comes last."""
    axis = next((k for k, size in enumerate(tensor.shape) if size > 1), None)
    values = tensor.detach()
    if axis is not None:
        first, rest = values.narrow(axis, 0, 1), values.narrow(axis, 1, values.shape[axis] - 1)
        values = t.cat([rest, first], axis)
    return values.requires_grad_(tensor.requires_grad)


def _other_size_between(call: Call) -> dict[str, Any]:
    # A bare function may read the batch size in its settings.
    call.own()
    layer = call.layer()
    first = layer()
    layer(_larger(call, layer))
    return _both(layer, first, layer())


def _longer_axes(case: Case, config: Config) -> dict[str, int] | None:
    """Return the axis of each input that is longer in a larger batch, or None where that is not all."""
    size = next((name for name, kind in case.space.sizes.items() if kind == "batch"), None)
    if size is None or int(config[size]) < 1:
        return None
    now, then = case.inputs(config), case.inputs({**config, size: int(config[size]) + 1})
    axes: dict[str, int] = {}
    for name, spec in now.items():
        other = then[name].shape if name in then else ()
        if len(other) != len(spec.shape):
            return None
        longer = [k for k, (a, b) in enumerate(zip(spec.shape, other, strict=True)) if a != b]
        if len(longer) > 1 or (
            longer and (is_parameter(name) or other[longer[0]] != spec.shape[longer[0]] + 1)
        ):
            return None
        if longer:
            axes[name] = longer[0]
    return axes if axes and now.keys() == then.keys() else None


def _larger(call: Call, layer: Layer) -> dict[str, Any]:
    """Return the data of a batch with one row more, a copy of the first."""
    axes = _longer_axes(call.case, call.config) or {}
    longer = dict(layer.data)
    for name, axis in axes.items():
        rows = longer[name].detach()
        rows = call.t.cat([rows, rows.narrow(axis, 0, 1)], axis)
        longer[name] = rows.requires_grad_(longer[name].requires_grad)
    return longer


def _resizes(case: Case, config: Config) -> str | None:
    if case.build is None:
        return "it is a function, which keeps nothing from one call to the next"
    if config.get("form") in {"sorted", "unsorted"}:
        return "the lengths of its sequences are those of one batch size"
    return None if _longer_axes(case, config) else "its data cannot have another batch size"


def _fed_back(call: Call) -> dict[str, Any]:
    """Call three times, each on the states that the call before left, and differentiate the last."""
    layer = call.layer()
    data = dict(layer.data)
    outputs = layer(data)
    for _ in range(2):
        data |= {
            state: next(outputs[name] for name in _NEXT[state] if name in outputs)
            for state in _NEXT
            if state in data
        }
        outputs = layer(data)
    layer.backward(outputs)
    return labelled("third", results(outputs) | layer.gradients())


def _has_states(case: Case, config: Config) -> str | None:
    return None if case.build is not None and "h0" in case.inputs(config) else "it takes no states"


def _equal_pairs(case: Case, config: Config) -> list[tuple[str, str]]:
    data = {name: spec.shape for name, spec in data_of(case.inputs(config)).items() if spec.grad}
    return [(a, b) for a, b in combinations(data, 2) if data[a] == data[b]]


def _same_tensor(call: Call) -> dict[str, Any]:
    """Pass one tensor as two inputs: of at most two pairs of inputs of equal shapes."""
    found: dict[str, Any] = {}
    for one, other in _equal_pairs(call.case, call.config)[:2]:
        layer = call.layer()
        layer.data[other] = layer.data[one]
        outputs = layer()
        layer.backward(outputs)
        found |= labelled(f"{other}={one}", results(outputs) | layer.gradients())
    return found


def _has_equal_pairs(case: Case, config: Config) -> str | None:
    return None if _equal_pairs(case, config) else "it has no two inputs of equal shapes with gradients"


def _other_strides(t: Any, tensor: Any) -> Any:
    """Return the same values with other strides: transposed, or every second element."""
    moved = tensor.transpose(0, -1).contiguous().transpose(0, -1) if tensor.dim() > 1 else tensor
    if not moved.is_contiguous():
        return moved
    return t.stack([tensor, tensor], -1)[..., 0] if tensor.dim() else tensor


def _strided(call: Call) -> dict[str, Any]:
    def change(_: str, tensor: Any) -> Any:
        return _other_strides(call.t, tensor)

    layer = call.layer(change=change)
    if layer.built.module is not None:
        for parameter in layer.built.parameters.values():
            parameter.data = change("", parameter.detach())
    outputs = layer()
    found = results(outputs)
    layer.backward(outputs, change=change)
    return found | layer.gradients()


def _expanded(call: Call) -> dict[str, Any]:
    """Call with data whose rows are views of one row, with a stride of 0; the row has the gradient."""
    layer = call.layer()
    for name, tensor in layer.data.items():
        if name in call.differentiable and tensor.dim() and tensor.shape[0] > 1:
            row = tensor.detach()[:1].clone().requires_grad_()
            layer.tensors[name], layer.data[name] = row, row.expand(*tensor.shape)
    outputs = layer()
    layer.backward(outputs)
    return labelled("expanded", results(outputs) | layer.gradients())


def _has_rows(case: Case, config: Config) -> str | None:
    rows = [spec.shape[0] for spec in data_of(case.inputs(config)).values() if spec.shape and spec.grad]
    return None if any(count > 1 for count in rows) else "none of its data has rows and gradients"


def _other_thread(call: Call) -> dict[str, Any]:
    """Call in a new thread, where gradients are recorded although this one runs under no_grad."""
    found: list[dict[str, Any]] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with np.errstate(all="ignore"):
                found.append(plain(call))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            raised.append(error)

    thread = Thread(target=run)
    with call.t.no_grad():
        thread.start()
        thread.join()
    if raised:
        raise raised[0]
    return found[0]


CALL_USES = (
    Use(
        "twice",
        "called again: a buffer that is used again must not change an earlier result",
        _twice,
        forward=True,
    ),
    Use(
        "other-size-between",
        "called again after a larger batch: a buffer made for one size must not serve another",
        _other_size_between,
        _resizes,
        forward=True,
    ),
    Use(
        "fed-back",
        "called on the states that it returned, as a language model is",
        _fed_back,
        _has_states,
        measured=True,
        samples=1,
        forward=True,
    ),
    Use(
        "same-tensor",
        "with one tensor as two inputs, as in self-attention: its gradients are added",
        _same_tensor,
        _has_equal_pairs,
        measured=True,
        samples=1,
    ),
    Use("strided", "with data, parameters and cotangents that are not contiguous", _strided, forward=True),
    Use(
        "expanded",
        "with rows that are views of one row, as after a broadcast",
        _expanded,
        _has_rows,
        measured=True,
        samples=1,
    ),
    Use(
        "other-thread",
        "in another thread: modes of one thread do not hold in another",
        _other_thread,
        forward=True,
    ),
)

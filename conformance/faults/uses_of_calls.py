"""Faults that show only in a second call, with other strides, in another thread or with one tensor twice."""

from __future__ import annotations

from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import on_outputs
from conformance.faults._using import (
    CUT,
    FLAT,
    SINGLE,
    altered,
    calling,
    detached,
    fault,
    outputs_of,
    through,
    without,
)
from conformance.faults.every_case import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Built, Tensors

    Kept = dict[str, Any]


def _into_the_first(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Add 1 to what an earlier call returned, as where a buffer is used again."""
    for output in kept.get("before", ()):
        if "bool" not in str(output.dtype):
            output.data.add_(1)
    returned = on_outputs(built.call(data), lambda _, out: out.clone())
    kept["before"] = list(outputs_of(returned).values())
    return returned


def _second(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t
    returned = built.call(data)
    kept["calls"] = kept.get("calls", 0) + 1
    return returned if kept["calls"] == 1 else altered(returned)


def _after_another_size(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t
    sizes = kept.setdefault("sizes", set())
    changed = bool(sizes - {tuple(value.shape for value in data.values())})
    sizes.add(tuple(value.shape for value in data.values()))
    returned = built.call(data)
    return altered(returned) if changed else returned


def _own_state(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Start each call from the states of the first one."""
    del t
    first = kept.setdefault("states", {name: data[name] for name in ("h0", "c0") if name in data})
    return built.call({**data, **first})


def _one_gradient_each(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Give a tensor that is passed twice the gradient of its last place only."""
    del kept
    last = {id(value): name for name, value in data.items()}
    first = through(t, {n: v for n, v in data.items() if last[id(v)] != n}, lambda grad, _: grad * 0)
    return built.call({**data, **first})


def _flat(t: Any, tensor: Any) -> Any:
    """Return the numbers of a tensor in the order of its memory, as if it were contiguous."""
    if tensor.is_contiguous() or not tensor.dim():
        return tensor
    moved = tensor.transpose(0, -1)
    if moved.is_contiguous():
        return moved.reshape(tensor.shape)
    # Every second element is read as every element.
    return t.stack([tensor, tensor], -1).reshape(-1)[: tensor.numel()].reshape(tensor.shape)


def _data_read_flat(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del kept
    return built.call({name: _flat(t, value) for name, value in data.items()})


def _cotangents_read_flat(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del kept
    return through(t, built.call(data), lambda grad, _: _flat(t, grad).clone())


def _parameters_read_flat(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del kept
    for parameter in built.parameters.values():
        parameter.data = _flat(t, parameter.detach()).contiguous()
    return built.call(data)


def _first_row_learns(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Give rows that are views of one row the gradient of the first only."""
    del kept
    read = {}
    for name, value in data.items():
        expanded = value.dim() and value.shape[0] > 1 and value.stride()[0] == 0
        read[name] = t.cat([value[:1], value[1:].detach()], 0) if expanded else value
    return built.call(read)


def _only_in_the_main_thread(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    returned = built.call(data)
    return returned if current_thread() is main_thread() else detached(returned)


# The difference of a tensor from itself has no gradient; some forms do not read the second operand.
_OWN_DIFFERENCE = (
    *(f"nn.functional.{name}_loss" for name in ("mse", "l1", "smooth_l1", "huber")),
    *("nn.functional.binary_cross_entropy", "nn.functional.cross_entropy", "einsum", "scatter"),
    # Of one key, the weight is 1 whatever the query.
    "nn.functional.scaled_dot_product_attention",
    # Its data and its states have equal shapes by chance only.
    "nn.GRU",
)


def _fault(name: str, use: str, call: Callable[..., Any], story: str, *missing: str) -> Any:
    family = {"strided": "layout", "expanded": "layout", "same-tensor": "graph", "other-thread": "thread"}
    return fault(name, family.get(use, "called again"), use, calling(call), story, without(use, missing))


FAULTS = (
    _fault(
        "first-result-overwritten",
        "twice",
        _into_the_first,
        "a second call writes into the result of the first, whose buffer it uses again",
        *(*WHOLE, "Tensor.size", "sum@dtype"),
    ),
    _fault("second-call-other-value", "twice", _second, "a state that is kept from one call enters the next"),
    _fault(
        "larger-batch-remembered",
        "other-size-between",
        _after_another_size,
        "a buffer made for a larger batch is used, uncleared, for a smaller one",
    ),
    _fault(
        "returned-state-ignored", "fed-back", _own_state, "every call starts from the states of the first"
    ),
    _fault(
        "same-tensor-counted-once",
        "same-tensor",
        _one_gradient_each,
        "a tensor that is two operands gets the gradient of one (micrograd #2)",
        *_OWN_DIFFERENCE,
    ),
    _fault(
        "strided-read-flat",
        "strided",
        _data_read_flat,
        "reads data that is not contiguous in the order of its memory",
        *(*FLAT, *SINGLE, *CUT, "nn.Embedding", "round@halves", "Tensor.expand", "masked_select"),
    ),
    _fault(
        "strided-cotangent-read-flat",
        "strided",
        _cotangents_read_flat,
        "reads a cotangent that is not contiguous in the order of its memory",
        *(*FLAT, *SINGLE, *CUT, "reshape", "index_select", "max@dim"),
    ),
    fault(
        "strided-parameters-read-flat",
        "layout",
        "strided",
        calling(_parameters_read_flat),
        "reads parameters that are not contiguous in the order of their memory",
        # Without its parameters it is judged in some runs.
        without("after-a-step", ("nn.LayerNorm",)),
    ),
    _fault(
        "expanded-rows-learn-once",
        "expanded",
        _first_row_learns,
        "rows of stride 0 give their one row the gradient of the first",
        *(*FLAT, *CUT, "prod", "erf", "nn.RNNCell", "nn.ReLU", "Tensor.repeat", "norm", "gather", "max@dim"),
    ),
    _fault(
        "thread-loses-gradient",
        "other-thread",
        _only_in_the_main_thread,
        "records nothing in another thread, since the mode of one holds in all",
        *FLAT,
    ),
)

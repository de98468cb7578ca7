"""Faults that show only in memory: overwritten inputs, shared and copied results, version counters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import on_outputs
from conformance.faults._using import (
    FLAT,
    among,
    calling,
    fault,
    fitting,
    floating,
    through,
    without,
)
from conformance.faults.every_case import CONSTANT, WHOLE
from conformance.faults.fault import GRUS, RNNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Built, Tensors

    Kept = dict[str, Any]

# Cases whose results are views, and share memory with their input, in nearly all of their settings.
VIEWS = (
    *("unflatten", "squeeze", "unsqueeze", "permute", "transpose", "t"),
    *("movedim", "Tensor.expand", "narrow", "split", "chunk", "unbind", "diagonal"),
)


def _readable(built: Built, data: Tensors) -> list[Any]:
    return [value for value in (*data.values(), *built.parameters.values()) if floating(value)]


def _data_overwritten(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    returned = on_outputs(built.call(data), lambda _, out: out.clone())
    for value in _readable(built, data)[:1]:
        value.data.add_(1)
    return returned


def _parameter_overwritten(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    returned = built.call(data)
    # A LayerNorm may have none.
    for parameter in list(built.parameters.values())[:1]:
        parameter.data.add_(1)
    return returned


def _cotangent_overwritten(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    def backward(grad: Any, before: int) -> Any:
        del before
        right = grad.clone()
        grad.data.add_(1)
        return right

    del kept
    return through(t, built.call(data), backward)


def _final_state_of_output(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Return as the final state a view of the output's last step, which has the same values."""
    del t, kept
    outputs: Mapping[str, Any] = built.call(data)
    output, final = outputs["output"], outputs["h_n"]
    for step in (output[-1:], output[:, -1:].transpose(0, 1) if output.dim() > 2 else output[-1:]):
        if step.shape == final.shape and bool((step == final).all()):
            return {**outputs, "h_n": step}
    return outputs


def _copied(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    return on_outputs(built.call(data), lambda _, out: out.clone())


def _into_the_input(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Return the result in the memory of the first input."""
    del kept
    memory = next(iter(data.values())).data

    class InPlace(t.autograd.Function):  # type: ignore[misc]  # a base class by namespace
        @staticmethod
        def forward(_: Any, value: Any) -> Any:
            return memory.copy_(value)

        @staticmethod
        def backward(_: Any, grad: Any) -> Any:
            return grad

    return on_outputs(built.call(data), lambda _, out: InPlace.apply(out))


def _gradients_shared(t: Any, built: Built) -> Built:
    """Return as a parameter's gradient the memory of the parameter."""
    del t

    def read() -> Mapping[str, Any]:
        found = built.gradients()
        return {n: None if grad is None else built.parameters[n].detach() for n, grad in found.items()}

    return replace(built, read=read)


def _counted_for_nothing(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Add 0 to an input in place, which changes its version only."""
    del kept
    with t.no_grad():
        for value in _readable(built, data)[:1]:
            value.add_(0)
    return built.call(data)


def _with_own_counter(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Return views of the same memory whose changes are not counted with those of their input."""
    del kept

    def alias(_: str, output: Any) -> Any:
        other = t.from_numpy(output.detach().numpy())
        return other.requires_grad_().view(other.shape) if output.requires_grad else other

    return on_outputs(built.call(data), alias)


def _is_leaf(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    return on_outputs(built.call(data), lambda _, out: out.detach().requires_grad_(out.requires_grad))


_LAYERS = ("nn.LSTM", "nn.GRU", "nn.RNN")
_ELEMENTWISE = ("exp", "sin", "cos", "erf", "tanh", "sigmoid", "nn.Tanh", "nn.Sigmoid", "softmax")
_NO_FLOATS = (*WHOLE, *CONSTANT, "nn.functional.one_hot", "nn.init.calculate_gain", "tensor", "normal")

FAULTS = (
    fault(
        "inputs-overwritten",
        "never observed",
        "unchanged",
        calling(_data_overwritten),
        "the result is computed in the memory of an input, which is changed afterwards",
        without("unchanged", _NO_FLOATS),
    ),
    fault(
        "parameters-overwritten",
        "never observed",
        "unchanged",
        calling(_parameter_overwritten),
        "a parameter is changed by the call",
        fitting("after-a-step"),
    ),
    fault(
        "cotangent-overwritten",
        "never observed",
        "unchanged",
        calling(_cotangent_overwritten),
        "backward computes in the memory of the cotangent",
        without("unchanged", FLAT),
    ),
    fault(
        "shares-memory",
        "never observed",
        "sharing",
        calling(_final_state_of_output),
        "h_n is a view of the output: writing into one changes the other",
        _LAYERS,
    ),
    fault(
        "view-copied",
        "never observed",
        "sharing",
        calling(_copied),
        "a view is a copy: writing into it does not change what it should be a view of",
        among("sharing", VIEWS),
    ),
    fault(
        "result-in-input",
        "never observed",
        "sharing",
        calling(_into_the_input),
        "the result has the memory of the input: writing into one changes the other",
        among("sharing", _ELEMENTWISE),
    ),
    fault(
        "gradients-share-memory",
        "never observed",
        "sharing",
        _gradients_shared,
        "a gradient has the memory of its parameter: a step changes both",
        ("nn.Linear", *RNNS, *GRUS, "nn.LSTMCell", "nn.LSTM"),
    ),
    fault(
        "version-counted-for-nothing",
        "never observed",
        "flags",
        calling(_counted_for_nothing),
        "forward counts a change of an input that it does not change: a later backward is refused",
        without("flags", _NO_FLOATS),
    ),
    fault(
        "version-not-counted",
        "never observed",
        "flags",
        calling(_with_own_counter),
        "changes through a view are not counted: backward goes on with overwritten values",
        # Several elements of an expanded tensor are one in memory, which nothing can be added to in place.
        among("flags", [name for name in VIEWS if name != "Tensor.expand"]),
    ),
    fault(
        "result-is-leaf",
        "never observed",
        "flags",
        calling(_is_leaf),
        "a result has no history",
        # These return their input itself, which is a leaf.
        without("flags", (*FLAT, "nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "nn.Identity")),
    ),
)

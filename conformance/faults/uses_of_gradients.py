"""Faults that show only where fewer gradients are asked for, or the same ones again, or of the plain sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import data_of
from conformance.faults._rewriting import on_outputs
from conformance.faults._using import (
    CUT,
    FLAT,
    SINGLE,
    altered,
    calling,
    detached,
    fault,
    fitting,
    floating,
    outputs_of,
    through,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.cases.case import Built, Tensors

    Kept = dict[str, Any]


def _without_recording(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del kept
    returned = built.call(data)
    return returned if t.is_grad_enabled() else altered(returned)


def _while_inferring(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del kept
    returned = built.call(data)
    return altered(returned) if t.is_inference_mode_enabled() else returned


def _only_with_data(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    returned = built.call(data)
    return returned if any(value.requires_grad for value in data.values()) else detached(returned)


def _only_with_all(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del t, kept
    tensors = [value for value in (*data_of(data).values(), *built.parameters.values()) if floating(value)]
    returned = built.call(data)
    return returned if all(value.requires_grad for value in tensors) else detached(returned)


def _unless_reached(which: int) -> Callable[..., Any]:
    """Return a call with no gradient at all unless one output, by its position, has a cotangent."""

    def call(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
        del kept
        returned = built.call(data)
        names = [name for name, output in outputs_of(returned).items() if output.requires_grad]
        if len(names) < 2:
            return returned

        class Joined(t.autograd.Function):  # type: ignore[misc]  # a base class by namespace
            @staticmethod
            def forward(ctx: Any, *outputs: Any) -> Any:
                ctx.set_materialize_grads(False)
                return tuple(output.clone() for output in outputs)

            @staticmethod
            def backward(_: Any, *grads: Any) -> Sequence[Any]:
                return grads if grads[which] is not None else (None,) * len(grads)

        joined = dict(zip(names, Joined.apply(*[outputs_of(returned)[n] for n in names]), strict=True))
        return on_outputs(returned, joined.get)

    return call


def _again(factor: float) -> Callable[..., Any]:
    """Return a call whose gradients are multiplied from the second backward on."""

    def call(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
        del kept
        return through(t, built.call(data), lambda grad, before: grad * factor if before else grad)

    return call


def _first_of_expanded(grad: Any, before: int) -> Any:
    """Return a gradient of which only the first element was read, if all are one number in memory."""
    del before
    if grad.numel() < 2 or any(grad.stride()):
        return grad
    flat = grad.reshape(-1)
    rest = flat[1:] * 0
    return flat.new_tensor([*flat[:1].tolist(), *rest.tolist()]).reshape(grad.shape)


def _one_number(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    del kept
    return through(t, built.call(data), _first_of_expanded)


FAULTS = (
    fault(
        "no-grad-other-value",
        "no_grad",
        "no-grad",
        calling(_without_recording),
        "a fast path for inference computes something else (pytorch #128209)",
        fitting("no-grad"),
    ),
    fault(
        "inference-mode-other-value",
        "no_grad",
        "inference-mode",
        calling(_while_inferring),
        "a fast path for inference computes something else (pytorch #128209)",
        fitting("inference-mode"),
    ),
    fault(
        "frozen-input-detached",
        "frozen inputs",
        "frozen-inputs",
        calling(_only_with_data),
        "the weights learn only if the data requires a gradient (pytorch #7617, #6884)",
        fitting("frozen-inputs"),
    ),
    fault(
        "frozen-one-loses-all",
        "frozen inputs",
        "frozen-in-turn",
        calling(_only_with_all),
        "nothing learns unless all inputs and parameters require gradients",
        without("frozen-in-turn", FLAT),
    ),
    fault(
        "only-first-output-has-gradients",
        "some outputs",
        "only-one-output",
        calling(_unless_reached(0)),
        "no gradient unless the first output has a cotangent (pytorch #96416)",
        fitting("only-one-output"),
    ),
    fault(
        "only-last-output-has-gradients",
        "some outputs",
        "only-one-output",
        calling(_unless_reached(-1)),
        "no gradient unless the last output has a cotangent, such as c_n",
        fitting("only-one-output"),
    ),
    fault(
        "second-backward-doubled",
        "backward twice",
        "backward-twice",
        calling(_again(2.0)),
        "a second backward through one graph gives twice the gradient",
        without("backward-twice", (*FLAT, *CUT)),
    ),
    fault(
        "second-backward-empty",
        "backward twice",
        "backward-twice",
        calling(_again(0.0)),
        "a second backward through one graph gives zeros, since the first has used the saved values up",
        without("backward-twice", (*FLAT, *CUT)),
    ),
    fault(
        "expanded-cotangent-read-once",
        "layout",
        "sum-as-loss",
        calling(_one_number),
        "reads a cotangent of strides 0, that of a sum, as one number",
        without("sum-as-loss", (*FLAT, *SINGLE, *CUT)),
    ),
)

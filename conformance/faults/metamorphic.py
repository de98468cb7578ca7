"""Faults of a layer from one call to the next, or from one row to another.

Most of them give the right result in every single call: only the comparison of two calls shows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._related import CELLS, LAYERS, RECURRENT
from conformance.faults._rewriting import Overlay, in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.faults._rewriting import Replace

_RECURRENT = tuple(layer.name for layer in RECURRENT)
_CELLS = tuple(layer.name for layer in CELLS)
_MODULES = tuple(layer.name for layer in LAYERS if ".functional." not in layer.name)


def _detached(states: Any) -> Any:
    return tuple(each.detach() for each in states) if isinstance(states, tuple) else states.detach()


def _remembering(t: Any, correct: Any) -> Any:
    """Start from the final state of the last call of the same shape, where no state is given."""
    del t

    class Remembering(correct):  # type: ignore[misc]  # a base class by namespace
        last: Any = None

        def forward(self, input: Any, hx: Any = None) -> Any:
            shape = tuple(getattr(input, "shape", ()))
            if hx is None and self.last is not None and self.last[0] == shape:
                hx = self.last[1]
            found = super().forward(input, hx)
            # A cell returns its state; a layer its output and its state.
            states = found if _is_cell(self) else found[1]
            self.last = (shape, _detached(states))
            return found

    return Remembering


def _is_cell(module: Any) -> bool:
    return not hasattr(module, "num_layers")


def _forgetting(t: Any, correct: Any) -> Any:
    """Start from zeros in every call but the first, ignoring the given state."""
    del t

    class Forgetting(correct):  # type: ignore[misc]  # a base class by namespace
        calls = 0

        def forward(self, input: Any, hx: Any = None) -> Any:
            self.calls += 1
            return super().forward(input, hx if self.calls == 1 else None)

    return Forgetting


def _changed_output(change: Callable[[Any, Any, Any], Any]) -> Replace:
    """Replace a layer's first output by `change(t, module, output)`."""

    def replace(t: Any, correct: Any) -> Any:
        class Changed(correct):  # type: ignore[misc]  # a base class by namespace
            def forward(self, *args: Any) -> Any:
                found = super().forward(*args)
                if not isinstance(found, tuple):
                    return change(t, self, found)
                # Of packed sequences only the values, whose first axis is not the batch.
                if not hasattr(found[0], "shape") or hasattr(found[0], "batch_sizes"):
                    return found
                return (change(t, self, found[0]), *found[1:])

        return Changed

    return replace


def _batch_axis(module: Any, output: Any) -> int:
    return 1 if output.ndim == 3 and getattr(module, "batch_first", None) is False else 0


def _leaking(t: Any, module: Any, output: Any) -> Any:
    """Add to each row a thousandth of the one before it, as a wrong stride would."""
    axis = _batch_axis(module, output)
    return output + t.roll(output, 1, axis).detach() * 1e-3


def _centred(t: Any, module: Any, output: Any) -> Any:
    """Move each row towards the batch's mean: the same in any order of the rows."""
    del t
    return output - output.detach().mean(_batch_axis(module, output), keepdim=True) * 1e-3


def _same_buffer(t: Any, module: Any, output: Any) -> Any:
    """Write the result into the buffer that the call before returned."""
    del t
    buffers = module.__dict__.setdefault("buffers_by_shape", {})
    # `data`, so that autograd does not notice the write.
    buffers.setdefault(tuple(output.shape), output.data).copy_(output.detach())
    return output


def _clipped(t: Any, module: Any, output: Any) -> Any:
    """Clip the gradient's norm to one on its way back, as some did to cure exploding gradients."""
    del t, module
    if output.requires_grad:
        output.register_hook(lambda grad: grad / (grad * grad).sum().sqrt().clamp(min=1.0))
    return output


def _spent(t: Any, module: Any, output: Any) -> Any:
    """Overwrite the buffers of a graph in its first backward."""
    del t, module
    times = []

    def hook(grad: Any) -> Any:
        times.append(1)
        return grad * (1.0 if len(times) == 1 else 0.5)

    if output.requires_grad:
        output.register_hook(hook)
    return output


def _overwriting(t: Any, correct: Any) -> Any:
    """Replace the gradient that a parameter has instead of adding to it."""
    del t

    class Overwriting(correct):  # type: ignore[misc]  # a base class by namespace
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for parameter in self.parameters():
                # When autograd adds the new gradient to the old one, only the new one remains.
                parameter.register_hook(
                    lambda grad, p=parameter: grad if p.grad is None else grad - p.grad.detach()
                )

    return Overwriting


def _padding_shown(t: Any, x: Any, correct: Callable[..., Any]) -> Any:
    """Pack every sequence to the full length, so that padded steps are computed too."""
    pack = t.nn.utils.rnn.pack_padded_sequence

    def full(input: Any, lengths: Any, **options: Any) -> Any:
        return pack(input, [input.shape[1 if options.get("batch_first") else 0]] * len(lengths), **options)

    return correct(Overlay(t, {"nn.utils.rnn.pack_padded_sequence": full}), x)


def _leaking_attention(t: Any, x: Any, correct: Callable[..., Any]) -> Any:
    """Add to each batch row's result a thousandth of its neighbour's."""
    name = "nn.functional.scaled_dot_product_attention"
    attend = t.nn.functional.scaled_dot_product_attention

    def leaking(query: Any, *args: Any, **options: Any) -> Any:
        found = attend(query, *args, **options)
        return found + t.roll(found, 1, 0).detach() * 1e-3 if found.ndim == 4 else found

    return correct(Overlay(t, {name: leaking}), x)


def _placed_attention(t: Any, x: Any, correct: Callable[..., Any]) -> Any:
    """Prefer the first key, as a bias that depends on the position would."""
    name = "nn.functional.scaled_dot_product_attention"
    attend = t.nn.functional.scaled_dot_product_attention

    def placed(query: Any, key: Any, value: Any, **options: Any) -> Any:
        first = t.cat([key.narrow(-2, 0, 1) * 1.001, key.narrow(-2, 1, key.shape[-2] - 1)], -2)
        return attend(query, first, value, **options)

    return correct(Overlay(t, {name: placed}), x)


def _aspects(names: tuple[str, ...], *aspects: str) -> tuple[str, ...]:
    return tuple(f"{name}@{aspect}" for name in names for aspect in aspects)


def _fault(
    name: str, names: tuple[str, ...], aspects: tuple[str, ...], replace: Replace, story: str
) -> Fault:
    return Fault(name, "between calls", _aspects(names, *aspects), story, around=in_place_of(names, replace))


FAULTS = (
    _fault(
        "state-remembered",
        (*_RECURRENT, *_CELLS),
        ("batch-permutation",),
        _remembering,
        "starts from the last call's state where none is given, as a stateful layer does",
    ),
    _fault(
        "state-not-carried",
        _RECURRENT,
        ("split-time",),
        _forgetting,
        "ignores the state that it is given in every call but the first",
    ),
    _fault(
        "output-buffer-reused",
        _MODULES,
        ("batch-permutation",),
        _changed_output(_same_buffer),
        "writes each result into the array that the call before returned",
    ),
    _fault(
        "rows-leak",
        _MODULES,
        ("batch-permutation", "single-rows"),
        _changed_output(_leaking),
        "a little of each batch row reaches the next",
    ),
    _fault(
        "rows-centred",
        _MODULES,
        ("single-rows",),
        _changed_output(_centred),
        "a little of the batch's mean is in every row, in any order of the rows",
    ),
    _fault(
        "backward-clipped",
        _MODULES,
        ("linearity", "accumulation"),
        _changed_output(_clipped),
        "clips the gradient on its way back, so that backward is no longer linear",
    ),
    _fault(
        "graph-spent",
        _MODULES,
        ("linearity", "accumulation"),
        _changed_output(_spent),
        "the second backward over a kept graph reads what the first has overwritten",
    ),
    _fault(
        "gradient-overwritten",
        _MODULES,
        ("accumulation",),
        _overwriting,
        "replaces the gradient that is there instead of adding to it (MyGrad's do not accumulate)",
    ),
    Fault(
        "padded-steps-run",
        "between calls",
        _aspects(_RECURRENT, "packed-padded", "packed-alone"),
        "runs through the padding of shorter sequences (pytorch #3662)",
        around=_padding_shown,
    ),
    Fault(
        "attention-rows-leak",
        "between calls",
        _aspects(("nn.functional.scaled_dot_product_attention",), "batch-permutation", "single-rows"),
        "a little of each batch row's result reaches the next",
        around=_leaking_attention,
    ),
    Fault(
        "attention-by-position",
        "between calls",
        _aspects(("nn.functional.scaled_dot_product_attention",), "key-permutation"),
        "prefers a key for its position",
        around=_placed_attention,
    ),
)

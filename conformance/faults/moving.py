"""What moves elements and computes none, moved wrongly: forward, or only on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults.fault import Fault
from conformance.faults.rewriting import changed, on_gradient, on_outputs, own

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

# What an op does to its argument, by the form of the case: forward, and what its backward wrongly does.
_Moves = dict[str, tuple["Callable[[Any], Any]", "Callable[[Any], Any]"]]


def _back(moves: _Moves) -> Callable[..., Any]:
    """Make a program that moves rightly, and whose gradient is moved wrongly in the named forms."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        form = str(x.config["form"])
        if form not in moves:
            return correct(t, x)
        forward, wrong = moves[form]
        shape = tuple(x["x0"].shape)

        def backward(grad: Any, a: Any) -> Any:
            del a
            moved = wrong(grad)
            # What does not fit, its author would have noticed.
            return moved if tuple(moved.shape) == shape else moved.contiguous().reshape(shape)

        return {"output": own(t, lambda a: forward(a).clone(), backward, x["x0"])}

    return program


def _forward(calls: dict[str, Callable[[Any], Any]]) -> Callable[..., Any]:
    """Make a program that moves wrongly in the named forms."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        call = calls.get(str(x.config["form"]))
        return {"output": call(x["x0"])} if call else correct(t, x)

    return program


_CYCLE: _Moves = {
    "function": (lambda a: a.permute(2, 0, 1), lambda g: g.permute(2, 0, 1)),
    "method": (lambda a: a.permute(-1, 0, 1), lambda g: g.permute(-1, 0, 1)),
}
_NEGATIVE: _Moves = {
    # argsort of (-1, 0, 1) is the identity, that of (2, 0, 1) is not.
    "method": (lambda a: a.permute(-1, 0, 1), lambda g: g),
}
_MOVED: _Moves = {
    "one": (lambda a: a.movedim(0, -1), lambda g: g.movedim(0, -1)),
    "moveaxis": (lambda a: a.movedim(2, 0), lambda g: g.movedim(2, 0)),
}
_SWAPPED: _Moves = {"method": (lambda a: a.transpose(-1, -2), lambda g: g.transpose(0, 1))}
_FLIPPED: _Moves = {
    "one": (lambda a: a.flip(1), lambda g: g),
    "several": (lambda a: a.flip(0, -1), lambda g: g),
}
_ROLLED: _Moves = {
    "one": (lambda a: a.roll(1, 0), lambda g: g.roll(1, 0)),
    "several": (lambda a: a.roll((2, -1), (1, 2)), lambda g: g.roll((2, -1), (1, 2))),
    "flat": (lambda a: a.roll(5), lambda g: g.roll(5)),
}
_LOWER: _Moves = {
    "main": (lambda a: a.tril(), lambda g: g),
    "below": (lambda a: a.tril(-1), lambda g: g.tril()),
}
_UPPER: _Moves = {
    "main": (lambda a: a.triu(), lambda g: g),
    "above": (lambda a: a.triu(1), lambda g: g.triu()),
}
_REPEATED: _Moves = {
    "same rank": (
        lambda a: a.repeat(2, 3),
        lambda g: g.narrow(0, 0, g.shape[0] // 2).narrow(1, 0, g.shape[1] // 3),
    )
}
_EXPANDED: _Moves = {"sizes": (lambda a: a.expand(3, -1), lambda g: g.mean(0, keepdim=True))}
_UNBOUND: _Moves = {"transposed": (lambda a: a.transpose(0, 2).reshape(a.numel()), lambda g: g)}


def _rows_repeated(a: Any) -> Any:
    return a.unsqueeze(1).expand(-1, 2, -1).reshape(2 * a.shape[0], a.shape[1]).repeat(1, 3)


def _second_piece(t: Any, x: Values, correct: Any) -> Any:
    """Hand the second piece the gradient one place off."""
    axis = int(x.config["dim"])
    return on_gradient(x, "second", lambda grad: grad.roll(1, axis), lambda: correct(t, x))


def _first_once(t: Any, x: Values, correct: Any) -> Any:
    """Forget that the first piece stands at the end again."""
    return correct(t, changed(x)) if not x["first"].requires_grad else _cut_last(t, x)


def _cut_last(t: Any, x: Values) -> Any:
    pieces = [x["first"], x["second"], x["first"].detach()]
    return {"output": t.cat(pieces, dim=int(x.config["dim"]))}


def _stack_as_cat(t: Any, x: Values, correct: Any) -> Any:
    """Stack along the next axis."""

    def change(name: str, output: Any) -> Any:
        del name
        return output.transpose(-1, -2).reshape(output.shape)

    return on_outputs(correct(t, x), change)


# Of an index that names an element twice, what the places add up to, by the form of index.
def _repeats_overwritten(t: Any, x: Values, correct: Any) -> Any:
    a = x["input"]
    repeats = {"list": 2, "tensor": 2, "grid": 2}.get(str(x.config["index"]))
    if repeats is None:
        return correct(t, x)
    counted = a.detach().clone().requires_grad_()
    with t.enable_grad():
        taken = correct(t, changed(x, {"input": counted}))["output"]
    taken.backward(t.ones_like(taken))
    counts = t.clamp(counted.grad, min=1.0)
    return on_gradient(x, "input", lambda grad: grad / counts, lambda: correct(t, x))


def _gathered_once(t: Any, x: Values, correct: Any) -> Any:
    """Let repeats overwrite each other in gather's gradient: three places name one element."""
    if x.config["form"] != "repeats":
        return correct(t, x)
    return on_gradient(x, "x0", lambda grad: grad / 3, lambda: correct(t, x))


def _selected_once(t: Any, x: Values, correct: Any) -> Any:
    if x.config["form"] != "repeats":
        return correct(t, x)
    return on_gradient(x, "x0", lambda grad: grad / 2, lambda: correct(t, x))


def _scatter_keeps(t: Any, x: Values, correct: Any) -> Any:
    """Give what was written over the gradient all the same."""
    a = x["x0"]
    returned = correct(t, changed(x, {"x0": a.detach()}))
    factor = 1.5 if x.config["form"] == "in place" else 1.0
    return on_outputs(returned, lambda _, output: output + (a - a.detach()) * factor)


def _not_added(t: Any, x: Values, correct: Any) -> Any:
    """Write where it must add."""
    if x.config["form"] != "once":
        return correct(t, x)
    a, b = x["x0"], x["x1"]
    rows = t.arange(a.numel()).reshape(a.shape).flip(0) % max(a.shape[-1], 1)
    return {"output": t.scatter(a, 1, rows, b)}


def _masked_gradient(t: Any, x: Values, correct: Any) -> Any:
    """Let the gradient through where the value was replaced."""
    a = x["x0"]
    returned = correct(t, changed(x, {"x0": a.detach()}))
    factor = 1.5 if x.config["form"] == "in place" else 1.0
    return on_outputs(
        returned, lambda _, output: output + t.where(t.isfinite(output), (a - a.detach()) * factor, 0)
    )


def _value_gradient(t: Any, x: Values, correct: Any) -> Any:
    """Let the gradient of what was overwritten through."""
    a = x["input"]
    returned = correct(t, changed(x, {"input": a.detach()}))
    through = (a - a.detach()) * 1.5
    return {"output": returned["output"] + through, "before": returned["before"] + through.sum() * 2}


def _other_dim(t: Any, x: Values, correct: Any) -> Any:
    """Count negative axes from the input's rank, not from the result's."""
    dim = int(x.config["dim"])
    return correct(t, changed(x, dim=dim + 3 if dim < 0 else dim))


def _fault(name: str, case: str, program: Any, story: str) -> Fault:
    return Fault(name, "moving", (case,), story, around=program)


_INVERSE = "undoes the permutation by itself: right for swaps, wrong for cycles of three"

FAULTS = (
    _fault("permute-undone-by-itself", "permute", _back(_CYCLE), _INVERSE),
    _fault(
        "permute-negative-axes",
        "permute",
        _back(_NEGATIVE),
        "undoes a permutation by the order of its axes without counting negative ones from the end",
    ),
    _fault("movedim-undone-by-itself", "movedim", _back(_MOVED), _INVERSE),
    _fault(
        "transpose-undone-elsewhere", "transpose", _back(_SWAPPED), "swaps the first axes on the way back"
    ),
    _fault(
        "t-not-undone", "t", _back({"function": (lambda a: a.t(), lambda g: g)}), "reshapes on the way back"
    ),
    _fault(
        "reshape-gradient-in-order",
        "reshape",
        _back(_UNBOUND),
        "forgets on the way back that the input was transposed",
    ),
    _fault("flip-gradient-not-flipped", "flip", _back(_FLIPPED), "does not flip the gradient"),
    _fault("roll-gradient-in-the-same-direction", "roll", _back(_ROLLED), "rolls the gradient forward"),
    _fault(
        "roll-backwards",
        "roll",
        _forward({"one": lambda a: a.roll(-1, 0), "several": lambda a: a.roll((-2, 1), (1, 2))}),
        "rolls in the other direction",
    ),
    _fault("tril-gradient-whole", "tril", _back(_LOWER), "lets the gradient of what was cut off through"),
    _fault("triu-gradient-whole", "triu", _back(_UPPER), "lets the gradient of what was cut off through"),
    _fault("tril-strict", "tril", _forward({"main": lambda a: a.tril(-1)}), "cuts the diagonal off"),
    _fault(
        "repeat-gradient-of-the-first",
        "Tensor.repeat",
        _back(_REPEATED),
        "takes the first copy's gradient for the sum",
    ),
    _fault(
        "repeat-interleaved",
        "Tensor.repeat",
        _forward({"same rank": _rows_repeated}),
        "repeats each row in place, as NumPy's repeat does",
    ),
    _fault(
        "expand-gradient-mean",
        "Tensor.expand",
        _back(_EXPANDED),
        "averages the gradient over what was expanded",
    ),
    _fault("unsqueeze-negative-dim", "unsqueeze", _other_dim, "counts a negative axis from the input's rank"),
    _fault(
        "cat-gradient-off-by-one", "cat", _second_piece, "hands the second piece the gradient one place off"
    ),
    _fault(
        "cat-piece-used-twice",
        "cat",
        _first_once,
        "forgets a piece that stands in the list again (micrograd #2)",
    ),
    _fault("stack-last-axes-mixed", "stack", _stack_as_cat, "reads the last two axes in the other order"),
    _fault(
        "index-repeats-overwritten",
        "Tensor.__getitem__",
        _repeats_overwritten,
        "lets repeated elements' gradients overwrite each other, as NumPy's a[i] += g does",
    ),
    _fault("gather-repeats-overwritten", "gather", _gathered_once, "likewise for gather"),
    _fault("index-select-repeats-overwritten", "index_select", _selected_once, "likewise for index_select"),
    _fault("scatter-keeps-the-gradient", "scatter", _scatter_keeps, "gives what was written over a gradient"),
    _fault("scatter-add-overwrites", "scatter_add", _not_added, "writes where it must add"),
    _fault(
        "masked-fill-keeps-the-gradient", "masked_fill", _masked_gradient, "gives what was masked a gradient"
    ),
    _fault(
        "setitem-keeps-the-gradient",
        "Tensor.__setitem__",
        _value_gradient,
        "gives what was written over a gradient",
    ),
)

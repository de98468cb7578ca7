"""Faults of functions that move elements: in the result, or in the gradient only.

The families shape, transpose and rearrange are made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import own

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

# By the form of the case: how the argument is moved, and how the gradient is wrongly moved back.
Moves = dict[str, tuple["Callable[[Any], Any]", "Callable[[Any], Any]"]]


def back(moves: Moves) -> Around:
    """Return a program that moves elements correctly, and their gradient wrongly in the named forms."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        form = str(x.config["form"])
        if form not in moves:
            return correct(t, x)
        right, wrong = moves[form]
        shape = tuple(x["x0"].shape)

        def backward(grad: Any, a: Any) -> Any:
            del a
            moved = wrong(grad)
            # A gradient of another shape would raise an error, so it would not stay unnoticed.
            return moved if tuple(moved.shape) == shape else moved.contiguous().reshape(shape)

        return {"output": own(t, lambda a: right(a).clone(), backward, x["x0"])}

    return program


def forward(calls: dict[str, Callable[[Any], Any]]) -> Around:
    """Return a program that moves elements wrongly in the named forms."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        call = calls.get(str(x.config["form"]))
        return {"output": call(x["x0"])} if call else correct(t, x)

    return program

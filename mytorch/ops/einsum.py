"""Einstein's summation; `functions.einsum` checks and completes the equation before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _contract(inputs: tuple[str, ...], output: str, arrays: tuple[Array, ...]) -> Array:
    dtype = arrays[0].dtype
    # As in all products, float16 is summed in float32. Several operands may go through matrix products.
    wide = [a.astype(np.float32) for a in arrays] if dtype == np.float16 else arrays
    out = np.einsum(f"{','.join(inputs)}->{output}", *wide, optimize=len(arrays) > 1)
    return np.asarray(out).astype(dtype, copy=False)


class Einsum(Op):
    """The sum of products over every letter that the output lacks."""

    @staticmethod
    def forward(*arrays: Array, inputs: tuple[str, ...], output: str) -> tuple[Array, Any]:
        return _contract(inputs, output, arrays), (arrays, inputs, output)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        arrays, inputs, output = saved
        return tuple([partial(_gradient, k, arrays, inputs, output, grad) for k in range(len(arrays))])


class Diagonals(Einsum):
    """One operand with its dimensions reordered and its diagonals taken: a view."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(*arrays: Array, inputs: tuple[str, ...], output: str) -> tuple[Array, Any]:
        view = f"{inputs[0]}->{output}"
        return np.einsum(view, arrays[0]), (arrays[0].shape, view)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, view = saved
        whole = np.zeros(shape, grad.dtype)
        np.einsum(view, whole)[...] = grad
        return (whole,)


def _gradient(k: int, arrays: Any, inputs: tuple[str, ...], output: str, grad: Array) -> Array:
    """Contract the output's gradient with all other operands, onto the letters of operand k."""
    others = (output, *inputs[:k], *inputs[k + 1 :])
    letters = "".join(dict.fromkeys(inputs[k]))
    # A letter that only operand k has was summed over: its gradient is the same everywhere.
    shared = "".join([letter for letter in letters if any(letter in other for other in others)])
    found = _contract(others, shared, (grad, *arrays[:k], *arrays[k + 1 :]))
    found = np.expand_dims(found, [i for i, letter in enumerate(letters) if letter not in shared])
    # A dimension of size 1 was broadcast: its gradient has the others' size until the engine sums it.
    size = {letter: found.shape[i] for i, letter in enumerate(letters)}
    own = dict(zip(inputs[k], arrays[k].shape, strict=True))
    shape = [max(size[letter], own[letter]) if own[letter] else 0 for letter in letters]
    if len(letters) == len(inputs[k]):
        return np.broadcast_to(found, shape)
    # A letter twice in one operand is its diagonal, of which einsum gives a view.
    whole = np.zeros([shape[letters.index(letter)] for letter in inputs[k]], grad.dtype)
    np.einsum(f"{inputs[k]}->{letters}", whole)[...] = found
    return whole

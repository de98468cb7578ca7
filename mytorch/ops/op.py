"""The base class of all ops: a forward and a backward rule over NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any, ClassVar

OUT = -1
"""In `Op.uses`, the op's own output."""

# The values of `Op.uses` that several ops have.
INPUT = ((0,),)
OUTPUT = ((OUT,),)
BOTH = ((0, 1), (0, 1))
CROSSWISE = ((1,), (0,))


class GradientError(RuntimeError):
    """A gradient was asked for that no rule defines."""


class Part:
    """A gradient that is zero outside of one part: backward gives it where an op took a part of its input.

    The engine adds parts into one array. A loop over the T steps of a sequence would otherwise make an array
    of the sequence's size per step, T² work in total.

    Args:
        shape: of the whole.
        index: where the part lies, as NumPy takes it.
        values: the part, of the whole's dtype.
        repeats: whether the index may name an element more than once.
    """

    __slots__ = ("index", "repeats", "shape", "values")

    def __init__(self, shape: tuple[int, ...], index: Any, values: Any, *, repeats: bool = False) -> None:
        self.shape = shape
        self.index = index
        self.values = values
        self.repeats = repeats

    def whole(self, before: Any = None) -> Any:
        """Return a new array to add parts to: zeros, or a copy of the gradient so far."""
        return np.zeros(self.shape, self.values.dtype) if before is None else np.array(before)

    def add_to(self, whole: Any) -> None:
        """Add the part in its place."""
        if self.repeats:
            # Many times slower than the addition below, which counts an element once.
            np.add.at(whole, self.index, self.values)
        else:
            whole[self.index] += self.values


class Op:
    """A function of arrays with its derivative.

    An op never sees a Tensor. `forward(*arrays, **params)` returns `(out, saved)`. `backward(saved, grad)`
    returns one entry per input: an array, a Part, None, or a function without arguments that computes the
    array and is called only if that input needs its gradient. The engine undoes broadcasting, casts and
    accumulates. An op with several outputs returns a tuple as `out`, and its backward is given a tuple of
    gradients, with None for outputs that no gradient reached.

    Inputs and outputs that forward saves are saved as they are, never as views.

    Attributes:
        uses: for each input, the inputs (by position) and the output (OUT) whose values its gradient is
            computed from; `()` when no gradient depends on any value. A change in place to one of them before
            backward is an error. None stands for "all of them", which is always safe.
        is_view: whether the output shares memory with the first input.
        frees: whether a second walk is refused although no gradient depends on a value that could change: as
            in torch, which saves tensors there and frees them.
        spends: whether backward takes `last`, which says that it is not called again with what forward saved,
            and that it may write into it.
        float_result: whether integer inputs are computed in the default floating dtype.
    """

    uses: ClassVar[tuple[tuple[int, ...], ...] | None] = None
    is_view: ClassVar[bool] = False
    frees: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    float_result: ClassVar[bool] = False

    @staticmethod
    def forward(*arrays: Any, **params: Any) -> Any:
        """Compute `(out, saved)`."""
        raise NotImplementedError

    @staticmethod
    def backward(saved: Any, grad: Any) -> Any:
        """Compute the gradients of the inputs; the engine raises GradientError for an op without it."""
        raise NotImplementedError

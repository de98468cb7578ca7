"""What every op is: a forward and a backward rule over NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, ClassVar

OUT = -1
"""In `Op.uses`, the op's own output."""


class GradientError(RuntimeError):
    """A gradient was asked for that nothing defines."""


class Op:
    """A function of arrays with its derivative.

    An op never sees a Tensor. `forward(*arrays, **params)` returns `(out, saved)`; `backward(saved, grad)`
    returns
    one entry an input: an array, None, or a function without arguments that computes the array and is
    called only if that input needs its gradient. Broadcasting, dtypes and accumulation are the engine's
    affair.
    An op with several outputs returns a tuple as `out`, and its backward is given a tuple of gradients, None
    where none arrived.

    What forward saves of its inputs and its output it saves as it is, never a view of it.

    Attributes:
        uses: for each input, the inputs (by position) and the output (OUT) whose values its gradient is
            computed from; `()` when no gradient depends on any value. A change in place to one of them before
            backward is an error. None stands for "all of them", which is always safe.
        is_view: whether the output shares memory with the first input.
        float_result: whether integer inputs are computed in the default floating dtype.
    """

    uses: ClassVar[tuple[tuple[int, ...], ...] | None] = None
    is_view: ClassVar[bool] = False
    float_result: ClassVar[bool] = False

    @staticmethod
    def forward(*arrays: Any, **params: Any) -> Any:
        """Compute `(out, saved)`."""
        raise NotImplementedError

    @staticmethod
    def backward(saved: Any, grad: Any) -> Any:
        """Compute the gradients of the inputs; where there is no such rule, the engine says so."""
        raise NotImplementedError

"""Rules of operations that move numbers and compute none: views, copies, joins and aliases.

The families shape, transpose, rearrange, joining and conversion are here, and torch's own bookkeeping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.rounding import filled
from conformance.arithmetic.rules.measuring import NO_NAME, SCALAR, MeasuringCall
from conformance.arithmetic.rules.rule import Given, Rule, exact, rounded
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates


def _together(join: Callable[..., Tensor], more: int) -> Callable[..., Tensor]:
    """Return a function that joins all replicates at once, into tensors of `more` more dimensions."""

    def joined(held: Replicates, parts: Sequence[Tensor], dim: int = 0) -> Tensor:
        rank = max(part.dim() for part in parts)
        # torch joins an empty vector to anything.
        whole = [held.every(part) for part in parts if part.dim() == rank]
        return join(whole, dim if dim < 0 else dim - (rank + more))

    return joined


def _flipped(held: Replicates, x: Tensor, dims: Sequence[int]) -> Tensor:
    return torch.flip(held.every(x), [dim if dim < 0 else dim - x.dim() for dim in dims])


def _triangle(part: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function that takes the triangles of all replicates' matrices at once."""
    return lambda held, x, diagonal=0: part(held.every(x), diagonal)


def _padded(x: Tensor, pad: Sequence[int], value: Any = 0) -> Tensor | None:
    return (
        filled(value, torch.constant_pad_nd(torch.zeros_like(x, dtype=torch.float64), pad, 1.0))
        if value
        else None
    )


_VIEW = "a view of its operand: nothing is computed"
_COPY_OR_VIEW = "a view of its operand, or a copy: nothing is computed"
_MOVED = "moves numbers, and computes none"
_BETWEEN = "moves numbers, and puts zeros between them"
_COPY = "copies numbers, and computes none"
_ALIAS = "the same numbers under another name"

RULES: tuple[Rule, ...] = (
    # Shape. `reshape` may copy, and `view_dtype` is a view as another dtype.
    *exact("_reshape_alias", "as_strided", "squeeze", "unfold", "unsqueeze", source=_VIEW, view=True),
    *exact("_unsafe_view", "view", source=_VIEW, view=True),
    *exact("reshape", "view_dtype", source=_COPY_OR_VIEW),
    # Transpose.
    *exact("diagonal", "expand", "permute", "t", "transpose", source=_VIEW, view=True),
    *exact("broadcast_in_dim", "broadcast_tensors", source=_COPY_OR_VIEW),
    # Rearrange.
    *exact("flip", source=_MOVED, together=_flipped),
    *exact("diagonal_backward", "repeat", "roll", source=_MOVED),
    *exact("diagonal_scatter", source=_MOVED),
    *exact("resize", "resize_as", source="changes the size of a storage"),
    *exact("tril", source=_BETWEEN, together=_triangle(torch.tril)),
    *exact("triu", source=_BETWEEN, together=_triangle(torch.triu)),
    rounded(
        "constant_pad_nd",
        Given(_padded),
        MeasuringCall(
            lambda t, x: t.nn.functional.pad(x, (1, 2), "constant", SCALAR),
            lambda n: (Input((2, n)),),
            without=NO_NAME,
        ),
        source=_MOVED,
        complexes=True,
    ),
    *exact("_pack_padded_sequence", "_pack_padded_sequence_backward", source=_MOVED),
    # Joining.
    *exact("cat", source=_MOVED, together=_together(torch.cat, 0)),
    *exact("stack", source=_MOVED, together=_together(torch.stack, 1)),
    *exact("split", "split_with_sizes", "unbind", "unsafe_split", source=_VIEW, view=True),
    # Conversion, from float64 to float64. One to any other float dtype is an error: no noise could follow it.
    *exact("_to_copy", "clone", source=_COPY, elementwise=True),
    # The result of `copy` has the shape of its first operand, so only the form in place broadcasts.
    *exact("copy", source=_COPY, elementwise="in place"),
    *exact("contiguous", source=_COPY),
    *exact("alias", "detach", "lift_fresh", source=_ALIAS, view=True),
    *exact("resolve_conj", "resolve_neg", "set_data", source=_ALIAS),
    *exact("_local_scalar_dense", "is_nonzero", source="reads one number, which noise must not move"),
    # Bookkeeping.
    *exact("_record_function_enter_new", "_record_function_exit", source="marks of torch's profiler"),
)

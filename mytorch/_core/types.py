"""Names for annotations; imported by type checkers only, so that they cost nothing at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

if TYPE_CHECKING:
    from mytorch._tensor import Tensor
    from mytorch.ops.op import Part

Array: TypeAlias = NDArray[Any]
"""A NumPy array, or a NumPy scalar where a 0-dim result came out of a ufunc."""

Scalar: TypeAlias = bool | int | float
"""A Python scalar; it never promotes inside its own category."""

Operand: TypeAlias = "Tensor | Scalar"
"""An operand of a binary function."""

Dims: TypeAlias = int | Sequence[int] | None
"""The dimensions of a reduction; None stands for all of them."""

Gradient: TypeAlias = "Array | Part | Callable[[], Array] | None"
"""The gradient of one input of an op: an array, a part of one, a function that computes it, or None."""

Gradients: TypeAlias = tuple[Gradient, ...]
"""One gradient per input, in the order of the inputs."""

Hook: TypeAlias = "Callable[[Tensor], Tensor | None]"
"""A function that sees a tensor's gradient in backward, and may return another one."""

PostHook: TypeAlias = "Callable[[Tensor], object]"
"""A function that is called with a tensor after backward has added to its `grad`."""

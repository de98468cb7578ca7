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
"""What either side of a binary function may be."""

Dims: TypeAlias = int | Sequence[int] | None
"""The dimensions of a reduction; None stands for all of them."""

Gradient: TypeAlias = "Array | Part | Callable[[], Array] | None"
"""What backward gives for one input: the array, a part of it, a way to compute it on demand, or nothing."""

Gradients: TypeAlias = tuple[Gradient, ...]
"""One gradient per input, in the order of the inputs."""

Hook: TypeAlias = "Callable[[Tensor], Tensor | None]"
"""What sees a tensor's gradient in backward, and may return another one."""

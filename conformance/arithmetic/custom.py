"""Operations that are defined in Python with `torch.library.custom_op`: run as the function they are made of.

Called by mode.py, so that the operations in that function are followed one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch._library.custom_ops import OPDEFS

if TYPE_CHECKING:
    from collections.abc import Callable


def python_of(func: Any) -> Callable[..., Any] | None:
    """Return the function of a custom operation, or None if it is not one of those."""
    name = str(func._schema.name)  # noqa: SLF001 - the only way to the name
    # torch's own `prims` call the operations that stand for them.
    found = None if name.startswith("prims::") else OPDEFS.get(name)
    function: Callable[..., Any] | None = None if found is None else found._init_fn  # noqa: SLF001
    return function

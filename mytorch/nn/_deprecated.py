"""Names that torch gave up, for which it warns with a FutureWarning."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def deprecated_name(function: Callable[P, R], namespace: str) -> Callable[P, R]:
    """Return a function under its old name, which has no underscore at the end.

    Args:
        function: the function under its new name.
        namespace: where it is, as the warning names it.
    """
    new = function.__name__
    old = new.removesuffix("_")

    def deprecated(*args: P.args, **kwargs: P.kwargs) -> R:
        warnings.warn(
            f"`{namespace}.{old}` is now deprecated in favor of `{namespace}.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated.__wrapped__ = function  # type: ignore[attr-defined]  # where `inspect` finds the parameters
    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__module__ = function.__module__
    deprecated.__doc__ = f"Call `{new}`, and warn with a FutureWarning that this name of it is deprecated."
    return deprecated

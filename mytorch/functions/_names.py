"""NumPy's names of arguments, which torch accepts next to its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}


def numpy_names(function: F) -> F:
    """Make a function accept `axis` for `dim`, `keepdims` for `keepdim`, and so on.

    Args:
        function: a function with torch's names.

    Returns:
        The function that accepts both; giving an argument by both names is a TypeError.
    """

    @functools.wraps(function)
    def renaming(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for name in [name for name in kwargs if name in _NAMES]:
                if _NAMES[name] in kwargs:
                    raise TypeError(f"{function.__name__}() got both {name!r} and {_NAMES[name]!r}")
                kwargs[_NAMES[name]] = kwargs.pop(name)
        return function(*args, **kwargs)

    return cast("F", renaming)

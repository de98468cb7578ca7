"""Settings of the whole process that programs make for torch's kernels: determinism, and float32 products.

All that mytorch computes is deterministic, and float32 products have the full precision. The settings are
kept for programs that ask. One can be seen: under `use_deterministic_algorithms`, new memory is filled.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "is_deterministic_algorithms_warn_only_enabled",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "use_deterministic_algorithms",
]

_DEBUG_MODES = ("default", "warn", "error")
_PRECISIONS = ("highest", "high", "medium")


class _Settings:
    deterministic: bool = False
    warn_only: bool = False
    precision: str = "highest"


_settings = _Settings()


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Have memory that is not initialized filled: floats with nan, integers with their largest number.

    All else that mytorch computes is deterministic in any case.

    Args:
        mode: whether.
        warn_only: kept for `is_deterministic_algorithms_warn_only_enabled`; there is nothing to warn of.

    Raises:
        TypeError: an argument is not a bool.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
    """
    for name, value in (("mode", mode), ("warn_only", warn_only)):
        if not isinstance(value, bool):
            raise TypeError(
                f"use_deterministic_algorithms(): argument '{name}' must be bool, not {type(value).__name__}"
            )
    _settings.deterministic = mode
    _settings.warn_only = warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Return what `use_deterministic_algorithms` was given."""
    return _settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return whether `use_deterministic_algorithms` was given `warn_only`."""
    return _settings.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Call `use_deterministic_algorithms` by another name of its arguments.

    Args:
        debug_mode: "default" or 0 for False, "warn" or 1 for True with `warn_only`, "error" or 2 for True.

    Raises:
        TypeError: `debug_mode` is neither a string nor an int.
        RuntimeError: it is another one.
    """
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _DEBUG_MODES:
            raise RuntimeError(
                "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
                f"{debug_mode}"
            )
        debug_mode = _DEBUG_MODES.index(debug_mode)
    if debug_mode not in range(3):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """Return the mode as a number: 0 for "default", 1 for "warn", 2 for "error"."""
    return 0 if not _settings.deterministic else 1 if _settings.warn_only else 2


def set_float32_matmul_precision(precision: str) -> None:
    """Allow products of float32 matrices to be less precise, which mytorch never makes use of.

    Args:
        precision: "highest", "high" or "medium"; any other name is ignored with a warning, as in torch.

    Raises:
        RuntimeError: it is not a string.
    """
    if not isinstance(precision, str):
        raise RuntimeError(  # noqa: TRY004 - torch's class
            f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}"
        )
    if precision in _PRECISIONS:
        _settings.precision = precision
    else:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "set_float32_matmul_precision call has no effect.",
            UserWarning,
            stacklevel=2,
        )


def get_float32_matmul_precision() -> str:
    """Return what `set_float32_matmul_precision` was given."""
    return _settings.precision


def uninitialized(shape: Any, dtype: np.dtype[Any]) -> Array:
    """Return new memory, which is filled under `use_deterministic_algorithms`.

    Args:
        shape: the sizes.
        dtype: NumPy's.
    """
    array = np.empty(shape, dtype)
    if _settings.deterministic:
        array.fill(np.nan if dtype.kind == "f" else True if dtype.kind == "b" else np.iinfo(dtype).max)
    return array

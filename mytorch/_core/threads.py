"""The number of threads: matrix products have those of NumPy's BLAS, and all else has one."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

__all__ = ["get_num_threads", "set_num_threads"]

# As NumPy's own wheels name OpenBLAS's functions, and as others do.
_PREFIXES, _SUFFIXES = ("scipy_openblas", "openblas"), ("64_", "")


class _Threads:
    """How OpenBLAS is told; it is sought when it is needed, and None where NumPy has another library."""

    library: Any = None
    sought: bool = False
    # Of a library that cannot be asked.
    given: int = 1

    def call(self, verb: str) -> Any:
        """Return OpenBLAS's function, `get` or `set`, or None."""
        if not self.sought:
            self.library, self.sought = _found(), True
        for prefix in _PREFIXES:
            for suffix in _SUFFIXES:
                function = getattr(self.library, f"{prefix}_{verb}_num_threads{suffix}", None)
                if function is not None:
                    return function
        return None


_threads = _Threads()


def _found() -> Any:
    """Return the OpenBLAS that NumPy's wheel has loaded: opened again, it is the same."""
    import ctypes  # noqa: PLC0415 - as `import mytorch` need not wait for it
    from pathlib import Path  # noqa: PLC0415 - the same

    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            return ctypes.CDLL(str(path))
    return None


def set_num_threads(num: int) -> None:
    """Set how many threads a matrix product may have.

    Where NumPy's library cannot be told, a warning says so: the environment variable OMP_NUM_THREADS decides.

    Args:
        num: the number, at least 1.

    Raises:
        RuntimeError: it is not an int, or below 1.
    """
    if type(num) is bool or not isinstance(num, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {num}")
    function = _threads.call("set")
    if function is not None:
        function(num)
    elif num != _threads.given:
        _threads.given = num
        warnings.warn(
            f"set_num_threads({num}) has no effect, as NumPy's library for products cannot be told: set the "
            "environment variable OMP_NUM_THREADS before Python starts",
            UserWarning,
            stacklevel=2,
        )


def get_num_threads() -> int:
    """Return how many threads a matrix product may have; 1, or what was set last, where that is unknown."""
    function = _threads.call("get")
    return _threads.given if function is None else int(function())

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
    # Another OpenBLAS, of SciPy's wheel, which has the products of code that numba compiled.
    compiled: Any = None

    def call(self, verb: str) -> Any:
        """Return the function of NumPy's OpenBLAS, `get` or `set`, or None."""
        if not self.sought:
            self.library, self.sought = _found(np.__file__), True
        return _function(self.library, verb)


_threads = _Threads()


def _function(library: Any, verb: str) -> Any:
    for prefix in _PREFIXES:
        for suffix in _SUFFIXES:
            function = getattr(library, f"{prefix}_{verb}_num_threads{suffix}", None)
            if function is not None:
                return function
    return None


def tell_compiled(scipy_file: str) -> None:
    """Give the products of compiled code as many threads as NumPy's, now and whenever that changes.

    Args:
        scipy_file: the `__file__` of SciPy, whose BLAS numba calls.
    """
    _threads.compiled = _found(scipy_file)
    asked, function = _threads.call("get"), _function(_threads.compiled, "set")
    if asked is not None and function is not None:
        function(int(asked()))


def _found(file: str) -> Any:
    """Return the OpenBLAS that a package's wheel has loaded: opened again, it is the same."""
    import ctypes  # noqa: PLC0415 - as `import mytorch` need not wait for it
    from pathlib import Path  # noqa: PLC0415 - the same

    package = Path(file).parent
    for folder in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            return ctypes.CDLL(str(path))
    return None


def set_num_threads(num: int) -> None:
    """Set how many threads a matrix product may have, in the layers that numba compiles too.

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
    if (compiled := _function(_threads.compiled, "set")) is not None:
        compiled(num)
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

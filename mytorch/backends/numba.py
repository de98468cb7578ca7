"""numba, which compiles the loops over the steps of the recurrent layers where it is switched on.

It is the extra `mytorch-conformance[numba]`. On small layers it takes most of the time away. Results are as
accurate as NumPy's, but their last bits differ: so whether it is installed changes nothing, and each of these
switches it on:

- `mytorch.backends.numba.enabled = True`;
- `with mytorch.backends.numba.flags(enabled=True):`, for the calls inside;
- the environment variable MYTORCH_NUMBA=1, for a whole program.

LSTM, GRU, RNN, their cells and `mytorch.models` then use it for float32 and float64. The first call of each
kind compiles for some seconds, says so through the logger "mytorch", and keeps the result on disk.

Examples:
    >>> from mytorch.backends import numba
    >>> numba.enabled
    False
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mytorch.backends._switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "MYTORCH_NUMBA"

# numba's products of matrices are SciPy's.
_NEEDED = ("numba", "scipy")

enabled = False


def is_available() -> bool:
    """Return whether what the extra installs is there; nothing is imported."""
    return not _missing()


def describe() -> str:
    """Return numba's version and whether it is used, as `mytorch.show_config` prints it."""
    if not is_available():
        return "not installed"
    return f"{version('numba')}, {'enabled' if enabled else 'not enabled'}"


def _missing() -> list[str]:
    return [name for name in _NEEDED if find_spec(name) is None]


def _require() -> None:
    if missing := _missing():
        raise ImportError(
            f"mytorch.backends.numba needs {' and '.join(missing)}, which cannot be found here: "
            "pip install 'mytorch-conformance[numba]'"
        )


@contextmanager
def flags(enabled: bool = False) -> Iterator[None]:
    """Set the switch inside a `with` statement, as torch's modules of this kind do.

    Args:
        enabled: whether the recurrent layers use numba; they do not if it is not given.

    Raises:
        ImportError: it is True and what it needs is not installed.
        RuntimeError: it is not a bool.

    Examples:
        >>> with mytorch.backends.numba.flags(enabled=False):
        ...     mytorch.backends.numba.enabled
        False
    """
    # By these, the module's own __setattr__ is called.
    module, name = sys.modules[__name__], "enabled"
    before = getattr(module, name)
    setattr(module, name, enabled)
    try:
        yield
    finally:
        setattr(module, name, before)


class _Switch(Switches):
    """A module that is switched on only where it can be."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "enabled" and value is True:
            _require()
        super().__setattr__(name, value)


def _from_environment() -> bool:
    """Return what the environment variable says.

    Raises:
        RuntimeError: it is something else than 0 or 1.
        ImportError: it is 1 and what numba needs is not installed.
    """
    value = os.environ.get(VARIABLE, "")
    if value not in {"", "0", "1"}:
        raise RuntimeError(f"the environment variable {VARIABLE} has to be 0 or 1, but is {value!r}")
    if value == "1":
        _require()
    return value == "1"


enabled = _from_environment()
sys.modules[__name__].__class__ = _Switch

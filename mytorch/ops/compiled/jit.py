"""How the kernels are compiled: the one place that knows numba's options."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

import numba
from numba.core import event

from mytorch._core.threads import tell_compiled

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Function = TypeVar("Function", bound="Callable[..., Any]")

# NumPy's rules for x / 0: with Python's, each division is a branch, and nothing is vectorized. A product and
# a sum may be one instruction with one rounding; no other liberty is taken, as nan, inf and -0 must come out.
_OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}}

AS_PART = {**_OPTIONS, "forceinline": True}
"""The options of a function that only compiled ones call."""

_PACKAGE = __name__.rpartition(".")[0]


def jit(function: Function) -> Function:
    """Compile a function for each dtype that it is called with, and keep the result on disk.

    numba keeps it next to the source or, where that cannot be written, in the user's cache; NUMBA_CACHE_DIR
    says otherwise. What is kept is used as long as the file of the function is unchanged: after a change of
    another module whose functions it calls, remove the files `*.nbi` and `*.nbc`.
    """
    compiled: Function = numba.njit(cache=True, **_OPTIONS)(function)
    return compiled


def part(function: Function) -> Function:
    """Compile a function as a part of the kernels that call it."""
    compiled: Function = numba.njit(**AS_PART)(function)
    return compiled


class _Announcement(event.Listener):  # type: ignore[misc]  # numba ships no types
    """Says once that a call takes long because it compiles; what the disk has is not compiled."""

    said = False

    def on_start(self, event: Any) -> None:
        """Say so if it is one of the kernels here."""
        if not self.said and event.data["dispatcher"].py_func.__module__.startswith(_PACKAGE):
            self.said = True
            # A warning, as what is less is shown by nobody's default; not of `warnings`, as nothing is wrong.
            logging.getLogger("mytorch").warning(
                "mytorch compiles the recurrent layers with numba %s, which takes some seconds; "
                "the result is kept on disk for the next time.",
                numba.__version__,
            )

    def on_end(self, event: Any) -> None:
        """Say nothing."""


event.register("numba:compile", _Announcement())

# Where SciPy has another library there is nothing to tell: it is the environment that decides.
if (scipy := find_spec("scipy")) is not None and scipy.origin is not None:
    tell_compiled(scipy.origin)

"""The libraries whose sides are timed, and whether each is there; none is imported before a side is made.

Called by `workloads` to make sides, and by `running` to leave out what is not installed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from conformance.extras import EXTRAS, install

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.bench.workload import Maker, Side, Size

# The module of mytorch's compiled backend, and of its compiler.
BACKEND = "mytorch.backends.numba"
# What each name of a side needs. `products` are NumPy's products of a layer, without anything else of it.
_NEEDS = {
    "torch": ("torch",),
    "mytorch": (),
    "numba": (BACKEND, "numba"),
    "numpy": (),
    "products": (),
    "jax": ("jax",),
    "mygrad": ("mygrad",),
    "autograd": ("autograd",),
}


def lacking(library: str) -> str:
    """Return why a library cannot be timed here, or an empty text.

    Args:
        library: a name from a workload's `sides`.
    """
    absent = [package for package in _NEEDS[library] if find_spec(package) is None]
    if not absent:
        return ""
    if library == "numba":
        return f"mytorch's compiled backend needs {' and '.join(absent)}, which is not there"
    known = [package for package in absent if package in EXTRAS]
    return f"{' and '.join(absent)} is not installed: {install(*known)}"


def torch_like(make: Callable[[Any, Size], Side]) -> dict[str, Maker]:
    """Return the sides of torch and of mytorch, without and with its compiled backend, of one text.

    Args:
        make: from a library, which has torch's names, and a size to a side.
    """
    return {"torch": partial(_of_torch, make), **of_mytorch(make)}


def of_mytorch(make: Callable[[Any, Size], Side]) -> dict[str, Maker]:
    """Return the sides of mytorch, without and with its compiled backend; `make` is as for `torch_like`."""
    return {
        "mytorch": partial(_of_mytorch, make, compiled=False),
        "numba": partial(_of_mytorch, make, compiled=True),
    }


def _of_torch(make: Callable[[Any, Size], Side], size: Size) -> Side:
    return make(import_module("torch"), size)


def _of_mytorch(make: Callable[[Any, Size], Side], size: Size, *, compiled: bool) -> Side:
    mytorch = import_module("mytorch")
    if lacking("numba"):
        return make(mytorch, size)
    # Also for the NumPy path: an environment variable may have switched the backend on.
    flags = partial(import_module(BACKEND).flags, enabled=compiled)
    with flags():
        return replace(make(mytorch, size), around=flags)

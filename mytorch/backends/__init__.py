"""The switches of libraries: of torch's, for devices and products, none of which is here, and of numba.

Programs set torch's before they ask for a device. They are kept, and change nothing. `numba` is
mytorch's own, and makes the recurrent layers faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.backends import cuda, cudnn, mkl, mkldnn, mps, numba, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "numba", "openmp"]

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

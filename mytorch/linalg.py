"""Linear algebra: triangular factors, and systems of triangular matrices, with gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.functions.linalg import LinAlgError, cholesky, solve_triangular

__all__ = ["LinAlgError", "cholesky", "solve_triangular"]

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

"""Tools for training: mytorch.utils.data."""

from __future__ import annotations

from mytorch.utils import data

__all__ = ["data"]

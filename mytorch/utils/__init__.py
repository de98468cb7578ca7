"""What training needs beside models."""

from __future__ import annotations

from mytorch.utils import data

__all__ = ["data"]

"""The public Tensor: its methods, in-place methods, operators, text and copies."""

from mytorch._tensor.tensor import Tensor

__all__ = ["Tensor"]

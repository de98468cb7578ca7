"""What training loops and recurrent models need beside modules."""

from __future__ import annotations

from mytorch.nn.utils import rnn

__all__ = ["rnn"]

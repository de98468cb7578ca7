"""Clipping of gradients, and packing of sequences."""

from __future__ import annotations

from mytorch.nn.utils import rnn
from mytorch.nn.utils.clip_grad import clip_grad_norm, clip_grad_norm_, clip_grad_value_, get_total_norm

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "get_total_norm", "rnn"]

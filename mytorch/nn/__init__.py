"""Layers, losses and containers: the modules of torch.nn, and the parameters that they train."""

from __future__ import annotations

from mytorch.nn import functional, init, modules, utils
from mytorch.nn.modules import *
from mytorch.nn.parameter import Parameter

__all__ = ["Parameter", "functional", "init", "modules", "utils"]
__all__ += modules.__all__

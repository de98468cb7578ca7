"""Layers, losses and containers: the modules of torch.nn, and the parameters that they train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.nn import functional, init, modules, utils
from mytorch.nn.modules import *
from mytorch.nn.parameter import Parameter

__all__ = ["Parameter", "functional", "init", "modules", "utils"]
__all__ += modules.__all__

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

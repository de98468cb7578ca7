"""Modules, parameters and what they are built from."""

from __future__ import annotations

from mytorch.nn import functional, init, utils
from mytorch.nn.activation import Identity, ReLU, Sigmoid, Tanh
from mytorch.nn.container import ModuleList, Sequential
from mytorch.nn.linear import Linear
from mytorch.nn.loss import MSELoss
from mytorch.nn.module import Module
from mytorch.nn.parameter import Parameter

__all__ = [
    "Identity",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "functional",
    "init",
    "utils",
]

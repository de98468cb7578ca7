"""Modules, parameters and what they are built from."""

from __future__ import annotations

from mytorch.nn import functional, init, utils
from mytorch.nn._recurrent import RNNBase
from mytorch.nn.activation import Identity, ReLU, Sigmoid, Tanh
from mytorch.nn.cell import GRUCell, LSTMCell, RNNCell, RNNCellBase
from mytorch.nn.container import ModuleList, Sequential
from mytorch.nn.linear import Linear
from mytorch.nn.loss import MSELoss
from mytorch.nn.module import Module
from mytorch.nn.parameter import Parameter
from mytorch.nn.recurrent import GRU, LSTM, RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "Identity",
    "LSTMCell",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleList",
    "Parameter",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "functional",
    "init",
    "utils",
]

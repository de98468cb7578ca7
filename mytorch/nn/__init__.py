"""Layers, losses and containers: the modules of torch.nn, and the parameters that they train."""

from __future__ import annotations

from mytorch.nn import functional, init, utils
from mytorch.nn._cell import RNNCellBase
from mytorch.nn._recurrent import RNNBase
from mytorch.nn.activation import (
    ELU,
    GELU,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from mytorch.nn.cell import GRUCell, LSTMCell, RNNCell
from mytorch.nn.container import ModuleList, Sequential
from mytorch.nn.embedding import Embedding
from mytorch.nn.flatten import Flatten
from mytorch.nn.linear import Linear
from mytorch.nn.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from mytorch.nn.module import Module
from mytorch.nn.module_dict import ModuleDict
from mytorch.nn.normalization import Dropout, LayerNorm
from mytorch.nn.parameter import Parameter
from mytorch.nn.recurrent import GRU, LSTM, RNN

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "Hardtanh",
    "HuberLoss",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Tanh",
    "functional",
    "init",
    "utils",
]

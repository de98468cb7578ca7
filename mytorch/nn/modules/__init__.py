"""The layers, losses and containers, in the modules of torch.nn.modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.nn.modules._module_dict import ModuleDict
from mytorch.nn.modules._parameters import ParameterDict, ParameterList
from mytorch.nn.modules._rnn_base import RNNBase
from mytorch.nn.modules._rnn_cell import GRUCell, LSTMCell, RNNCell
from mytorch.nn.modules._rnn_cell_base import RNNCellBase
from mytorch.nn.modules.activation import (
    ELU,
    GELU,
    Hardtanh,
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
from mytorch.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d
from mytorch.nn.modules.container import ModuleList, Sequential
from mytorch.nn.modules.conv import Conv1d, Conv2d
from mytorch.nn.modules.dropout import Dropout, Dropout1d, Dropout2d
from mytorch.nn.modules.flatten import Flatten
from mytorch.nn.modules.linear import Identity, Linear
from mytorch.nn.modules.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    CTCLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from mytorch.nn.modules.module import Module
from mytorch.nn.modules.normalization import GroupNorm, LayerNorm
from mytorch.nn.modules.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)
from mytorch.nn.modules.rnn import GRU, LSTM, RNN
from mytorch.nn.modules.sparse import Embedding

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "CTCLoss",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GroupNorm",
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
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "ParameterDict",
    "ParameterList",
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
]

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

"""Checkpoints of every layer travel from torch to mytorch and back, bit for bit, through files."""

from __future__ import annotations

import pytest
import safetensors.torch
import torch

import mytorch

# name: the layer, in either namespace
LAYERS = {
    "Linear": lambda nn: nn.Linear(3, 4),
    "Linear without bias": lambda nn: nn.Linear(3, 4, bias=False),
    "RNN": lambda nn: nn.RNN(3, 4, 2, "relu", bidirectional=True),
    "GRU": lambda nn: nn.GRU(3, 4, 2, bias=False),
    "LSTM": lambda nn: nn.LSTM(3, 4),
    "LSTM with everything": lambda nn: nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True, proj_size=2),
    "RNNCell": lambda nn: nn.RNNCell(3, 4),
    "GRUCell": lambda nn: nn.GRUCell(3, 4, bias=False),
    "LSTMCell": lambda nn: nn.LSTMCell(3, 4),
    "Embedding": lambda nn: nn.Embedding(5, 3, padding_idx=0),
    "LayerNorm": lambda nn: nn.LayerNorm((2, 3)),
    "LayerNorm without bias": lambda nn: nn.LayerNorm(3, bias=False),
    "BatchNorm1d": lambda nn: nn.BatchNorm1d(3),
    "BatchNorm2d": lambda nn: nn.BatchNorm2d(3, affine=False),
    "GroupNorm": lambda nn: nn.GroupNorm(2, 4),
    "Conv1d": lambda nn: nn.Conv1d(4, 6, 3, bias=False),
    "Conv2d": lambda nn: nn.Conv2d(4, 6, (3, 2), groups=2),
    "Sequential": lambda nn: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1)),
    "ModuleList": lambda nn: nn.ModuleList([nn.Linear(3, 4), nn.LSTM(4, 4)]),
    "ModuleDict": lambda nn: nn.ModuleDict({"embed": nn.Embedding(5, 3), "rnn": nn.GRU(3, 4)}),
}
EACH_LAYER = pytest.mark.parametrize("name", LAYERS)
EACH_DTYPE = pytest.mark.parametrize("dtype", ["float32", "float64"])


def bits(state):
    """Take the names, in order, with the dtype, the shape and the bytes of each tensor."""
    return [
        (name, str(x.dtype).rpartition(".")[2], tuple(x.shape), x.detach().numpy().tobytes())
        for name, x in state.items()
    ]


def make(t, name, dtype):
    return LAYERS[name](t.nn).to(getattr(t, dtype))


@EACH_LAYER
@EACH_DTYPE
def test_from_torch(tmp_path, name, dtype):
    theirs = make(torch, name, dtype)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours = make(mytorch, name, dtype)
    assert str(ours.load_state_dict(mytorch.load(tmp_path / "theirs.safetensors"))).startswith("<All keys")
    assert bits(ours.state_dict()) == bits(theirs.state_dict())


@EACH_LAYER
@EACH_DTYPE
def test_to_torch(tmp_path, name, dtype):
    ours = make(mytorch, name, dtype)
    mytorch.save(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs = make(torch, name, dtype)
    found = safetensors.torch.load_file(tmp_path / "ours.safetensors")
    assert str(theirs.load_state_dict(found)).startswith("<All keys")
    assert bits(theirs.state_dict()) == bits(ours.state_dict())


def test_every_layer_with_parameters_is_in_the_table():
    kinds = {
        name
        for name, kind in vars(mytorch.nn).items()
        if isinstance(kind, type) and hasattr(kind, "reset_parameters") and not name.endswith("Base")
    }
    assert {name for name in kinds if name not in LAYERS} == set()

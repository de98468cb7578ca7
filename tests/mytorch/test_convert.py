"""The model gate by gate, mytorch's nn.LSTM + nn.Linear and torch's: one function, one set of numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch
from mytorch import models, nn

EACH_DTYPE = pytest.mark.parametrize("dtype", ["float32", "float64"])


def converted(dtype):
    mytorch.manual_seed(0)
    model = models.LSTM(3, 5, 2).to(getattr(mytorch, dtype))
    return model, *models.to_lstm(model)


@EACH_DTYPE
def test_a_round_trip_is_exact(dtype):
    model, lstm, head = converted(dtype)
    again = models.from_lstm(lstm, head)
    state = again.state_dict()
    assert list(state) == list(model.state_dict())
    for name, tensor in model.state_dict().items():
        assert state[name].dtype is tensor.dtype
        assert state[name].array.tobytes() == tensor.array.tobytes(), name
    # They are copies.
    with mytorch.no_grad():
        lstm.weight_ih_l0.zero_()
        head.weight.zero_()
    assert again.lstm_cell.W_xi.weight.any()
    assert model.lstm_cell.W_hq.weight.any()


@EACH_DTYPE
def test_the_layers_are_torchs(dtype):
    """Torch's own layers take the state, and compute what the model computes, forward and backward."""
    model, lstm, head = converted(dtype)
    theirs = torch.nn.LSTM(3, 5, batch_first=True, dtype=getattr(torch, dtype))
    their_head = torch.nn.Linear(5, 2, dtype=getattr(torch, dtype))
    for own, other in ((lstm, theirs), (head, their_head)):
        other.load_state_dict({name: torch.from_numpy(x.numpy()) for name, x in own.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((4, 7, 3)).astype(dtype)
    cotangent = np.random.default_rng(1).standard_normal((4, 7, 2)).astype(dtype)
    outputs, (h_states, c_states) = model(mytorch.from_numpy(x))
    hidden, (h, c) = theirs(torch.from_numpy(x))
    tolerance = {"rtol": 0, "atol": 1e-12 if dtype == "float64" else 1e-5}
    np.testing.assert_allclose(outputs.detach().numpy(), their_head(hidden).detach().numpy(), **tolerance)
    np.testing.assert_allclose(h_states[:, -1].detach().numpy(), h[0].detach().numpy(), **tolerance)
    np.testing.assert_allclose(c_states[:, -1].detach().numpy(), c[0].detach().numpy(), **tolerance)
    outputs.backward(mytorch.from_numpy(cotangent))
    their_head(hidden).backward(torch.from_numpy(cotangent))
    for name, expected in (("W_xf.weight", theirs.weight_ih_l0), ("W_hf.weight", theirs.weight_hh_l0)):
        found = dict(model.lstm_cell.named_parameters())[name].grad
        np.testing.assert_allclose(found.numpy(), expected.grad[5:10].numpy(), **tolerance)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_an_lstm_as_it_comes(bias, batch_first):
    """Both biases are added into one; a missing one is zero."""
    lstm = nn.LSTM(3, 5, bias=bias, batch_first=batch_first, dtype=mytorch.float64)
    head = nn.Linear(5, 2, bias=bias, dtype=mytorch.float64)
    x = mytorch.randn(4, 7, 3, dtype=mytorch.float64)
    hidden, (h, _) = lstm(x if batch_first else x.transpose(0, 1))
    expected = head(hidden if batch_first else hidden.transpose(0, 1))
    outputs, (h_states, _) = models.from_lstm(lstm, head)(x)
    np.testing.assert_allclose(outputs.detach().numpy(), expected.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(h_states[:, -1].detach().numpy(), h[0].detach().numpy(), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "kind", "mentions"),
    [
        (lambda: models.to_lstm(nn.Linear(1, 1)), TypeError, "model: .*Linear"),
        (lambda: models.from_lstm(nn.Linear(1, 1), nn.Linear(1, 1)), TypeError, "lstm: .*Linear"),
        (lambda: models.from_lstm(nn.LSTM(1, 1), nn.LSTM(1, 1)), TypeError, "head: .*LSTM"),
        (
            lambda: models.from_lstm(nn.LSTM(1, 2, 2), nn.Linear(2, 1)),
            ValueError,
            "num_layers=1, got num_layers=2",
        ),
        (
            lambda: models.from_lstm(nn.LSTM(1, 2, bidirectional=True), nn.Linear(2, 1)),
            ValueError,
            "bidirectional=False",
        ),
        (lambda: models.from_lstm(nn.LSTM(1, 2, proj_size=1), nn.Linear(2, 1)), ValueError, "proj_size=0"),
        (lambda: models.from_lstm(nn.LSTM(1, 2), nn.Linear(3, 1)), ValueError, "in_features=2.*got 3"),
    ],
    ids=["model", "lstm", "head", "layers", "directions", "projection", "sizes"],
)
def test_bad_calls(call, kind, mentions):
    with pytest.raises(kind, match=mentions):
        call()

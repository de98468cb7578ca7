"""The LSTM that is written to be read: shapes, training, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch
from mytorch import models, nn, optim

I, H, Q = 3, 5, 2


def cell():
    return models.LSTMCell(I, H, Q)


def zeros(*shapes):
    return tuple(mytorch.zeros(*shape) for shape in shapes)


@pytest.mark.parametrize("batch", [(), (1,), (4,), (0,)])
def test_a_cell_keeps_the_batch_dimension(batch):
    y, h, c = cell()(mytorch.zeros(*batch, I), zeros((*batch, H), (*batch, H)))
    assert (y.shape, h.shape, c.shape) == ((*batch, Q), (*batch, H), (*batch, H))


@pytest.mark.parametrize(("n", "length"), [(1, 1), (4, 7), (0, 2)])
def test_an_lstm_returns_every_step(n, length):
    outputs, (h, c) = models.LSTM(I, H, Q)(mytorch.zeros(n, length, I))
    assert (outputs.shape, h.shape, c.shape) == ((n, length, Q), (n, length, H), (n, length, H))


def leaf(*shape):
    return mytorch.randn(*shape, dtype=mytorch.float64).requires_grad_()


def step_by_step(lstm, inputs, state):
    """Run the model's own cell over the steps: the definition of what the model computes."""
    steps = []
    for t in range(inputs.shape[1]):
        y, *state = lstm.lstm_cell(inputs[:, t], state)
        steps.append((y, *state))
    return [mytorch.stack(kind, 1) for kind in zip(*steps, strict=True)]


def in_one_op(lstm, inputs, state):
    outputs, states = lstm(inputs, state)
    return [outputs, *states]


def test_an_lstm_is_its_cell_step_after_step():
    lstm = models.LSTM(I, H, Q).double()
    inputs, h, c = leaf(4, 6, I), leaf(4, H), leaf(4, H)
    cotangents = [mytorch.randn(4, 6, F, dtype=mytorch.float64) for F in (Q, H, H)]
    found = []
    for route in (step_by_step, in_one_op):
        leaves = [inputs, h, c, *lstm.parameters()]
        for each in leaves:
            each.grad = None
        outs = route(lstm, inputs, (h, c))
        mytorch.autograd.backward(outs, cotangents)
        found.append([t.detach().numpy() for t in outs] + [each.grad.numpy() for each in leaves])
    for expected, got in zip(*found, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)


def test_the_states_of_a_double_model_start_as_double():
    outputs, (h, c) = models.LSTM(I, H, Q).double()(mytorch.zeros(2, 3, I, dtype=mytorch.float64))
    assert outputs.dtype is h.dtype is c.dtype is mytorch.float64


def test_an_lstm_learns():
    mytorch.manual_seed(0)
    lstm = models.LSTM(1, 8, 1)
    inputs = mytorch.tensor(np.sin(np.arange(41) * 0.3).astype(np.float32).reshape(1, 41, 1))
    x, target = inputs[:, :-1], inputs[:, 1:]
    optimizer = optim.Adam(lstm.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(lstm(x)[0], target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


@pytest.mark.parametrize(
    ("sizes", "error", "text"),
    [
        ((0, H, Q), ValueError, "input_size must be greater than zero, got 0"),
        ((I, -1, Q), ValueError, "hidden_size must be greater than zero, got -1"),
        ((I, H, 0), ValueError, "output_size must be greater than zero, got 0"),
        ((I, 2.0, Q), TypeError, "hidden_size should be of type int, got: float"),
    ],
)
@pytest.mark.parametrize("model", [models.LSTMCell, models.LSTM])
def test_bad_sizes_are_named(model, sizes, error, text):
    with pytest.raises(error) as raised:
        model(*sizes)
    assert str(raised.value) == text


BAD_STEPS = [
    ((2, 2, I), (2, H), (2, H), "Expected x to be 1D or 2D, got 3D instead"),
    ((2, I + 1), (2, H), (2, H), "x has inconsistent input_size: got 4, expected 3"),
    ((2, I), (3, H), (2, H), "x batch size 2 doesn't match init_states h_prev batch size 3"),
    ((2, I), (2, H), (1, H), "x batch size 2 doesn't match init_states c_prev batch size 1"),
    ((2, I), (2, H + 1), (2, H), "h_prev has inconsistent hidden_size: got 6, expected 5"),
    ((2, I), (2, H), (2, H + 1), "c_prev has inconsistent hidden_size: got 6, expected 5"),
    ((2, I), (H,), (2, H), "h_prev should be 2-D like x, but got a 1-D tensor"),
]


@pytest.mark.parametrize(("x", "h", "c", "text"), BAD_STEPS)
def test_a_cell_refuses_what_torchs_cell_refuses(x, h, c, text):
    with pytest.raises((ValueError, RuntimeError)) as expected:
        torch.nn.LSTMCell(I, H)(torch.zeros(x), (torch.zeros(h), torch.zeros(c)))
    with pytest.raises(expected.type) as raised:
        cell()(mytorch.zeros(x), zeros(h, c))
    assert text in str(raised.value)


def test_a_cell_refuses_another_dtype_as_torch_does():
    with pytest.raises(RuntimeError, match="must have the same dtype, but got Double and Float"):
        cell()(mytorch.zeros(2, I, dtype=mytorch.float64), zeros((2, H), (2, H)))


@pytest.mark.parametrize(
    ("shape", "error", "text"),
    [
        ((4, I), ValueError, "Expected inputs to be 3D (N, L, I), got 2D instead"),
        ((4, 0, I), RuntimeError, "Expected sequence length of inputs to be larger than 0, got 0"),
        ((4, 2, I + 2), RuntimeError, "x has inconsistent input_size: got 5, expected 3"),
    ],
)
def test_an_lstm_names_what_does_not_fit(shape, error, text):
    with pytest.raises(error) as raised:
        models.LSTM(I, H, Q)(mytorch.zeros(shape))
    assert text in str(raised.value)


def test_an_lstm_refuses_another_dtype_as_its_cell_does():
    with pytest.raises(RuntimeError, match="must have the same dtype, but got Double and Float"):
        models.LSTM(I, H, Q)(mytorch.zeros(4, 2, I, dtype=mytorch.float64))

"""The same training script, on torch and on mytorch from the same weights, ends with the same parameters."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch
from mytorch import models

STEPS = 200
# Of each tensor's largest element. Two correct trainings in float64 differ by rounding, which training
# spreads: torch's own LSTM, and the same gate by gate, differ by 5e-12 after 200 steps.
RTOL = 1e-10

OPTIMIZERS = {
    "SGD": {"lr": 0.1},
    "SGD with momentum": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3, "nesterov": True},
    "Adam": {"lr": 0.01},
    "Adam with amsgrad": {"lr": 0.01, "amsgrad": True, "weight_decay": 1e-2},
    "AdamW": {"lr": 0.01, "weight_decay": 0.1},
    "RMSprop": {"lr": 0.005},
    "RMSprop, centered": {"lr": 0.002, "centered": True, "momentum": 0.5},
}


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


class Gates:
    """Makes, for any framework, the model of `mytorch.models.LSTM`, written out."""

    def __new__(cls, t, inputs, hidden, outputs):
        class Text(t.nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm_cell = t.nn.Module()
                for gate in "ifoc":
                    setattr(self.lstm_cell, f"W_x{gate}", t.nn.Linear(inputs, hidden))
                    setattr(self.lstm_cell, f"W_h{gate}", t.nn.Linear(hidden, hidden, bias=False))
                self.lstm_cell.W_hq = t.nn.Linear(hidden, outputs)

            def forward(self, x):
                cell = self.lstm_cell
                h = c = t.zeros(x.shape[0], hidden, dtype=x.dtype)
                outs = []
                for step in range(x.shape[1]):
                    i, f, o, g = (
                        getattr(cell, f"W_x{gate}")(x[:, step]) + getattr(cell, f"W_h{gate}")(h)
                        for gate in "ifoc"
                    )
                    c = t.sigmoid(f) * c + t.sigmoid(i) * t.tanh(g)
                    h = t.sigmoid(o) * t.tanh(c)
                    outs.append(cell.W_hq(h))
                return t.stack(outs, 1), None

        return Text()


class Reader:
    """Makes, for any framework, a model of the usual layers that reads a sequence of symbols."""

    def __new__(cls, t, symbols, hidden):
        class Model(t.nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = t.nn.Embedding(symbols, hidden, padding_idx=0)
                self.rnn = t.nn.LSTM(hidden, hidden, num_layers=2, batch_first=True)
                self.norm = t.nn.LayerNorm(hidden)
                self.head = t.nn.Linear(hidden, symbols)

            def forward(self, x):
                states, _ = self.rnn(self.embedding(x))
                attended = t.nn.functional.scaled_dot_product_attention(
                    states, states, states, is_causal=True
                )
                return self.head(self.norm(states + attended))

        return Model().double()


def load_drawn(t, model):
    """Give a model the weights that its names and shapes decide, the same in every framework."""
    state = {
        name: t.tensor(0.4 * draw(*value.shape, seed=len(name))) for name, value in model.state_dict().items()
    }
    model.load_state_dict(state)
    return model


def arrays(model):
    return {name: value.detach().numpy() for name, value in model.state_dict().items()}


def agree(got, expected):
    assert list(got) == list(expected)
    for name, theirs in expected.items():
        away = np.abs(got[name] - theirs).max() / np.abs(theirs).max()
        assert away <= RTOL, f"{name} differs by {away:.1e} of its largest element"


def optimizer(t, name, model):
    return getattr(t.optim, name.split()[0].rstrip(","))(model.parameters(), **OPTIMIZERS[name])


def regress(t, model, name):
    """Learn to carry the first input of a sequence to its end."""
    x = t.tensor(draw(8, 6, 2))
    target = t.tensor(np.repeat(draw(8, 6, 2)[:, :1, :1], 6, axis=1))
    own = optimizer(t, name, model)
    losses = []
    for _ in range(STEPS):
        own.zero_grad()
        loss = t.nn.functional.mse_loss(model(x)[0], target)
        loss.backward()
        own.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0], "nothing was learned"
    return arrays(model)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_lstm_gate_by_gate(name):
    expected = regress(torch, load_drawn(torch, Gates(torch, 2, 5, 1).double()), name)
    agree(regress(mytorch, load_drawn(mytorch, models.LSTM(2, 5, 1).double()), name), expected)


def test_the_same_text_in_both_namespaces():
    expected = regress(torch, load_drawn(torch, Gates(torch, 2, 5, 1).double()), "Adam")
    agree(regress(mytorch, load_drawn(mytorch, Gates(mytorch, 2, 5, 1).double()), "Adam"), expected)


def read(t, name):
    """Train as people do: batches, classes, clipping, and a schedule."""
    symbols = np.random.default_rng(5).integers(0, 7, (32, 9))
    data = t.utils.data.TensorDataset(t.tensor(symbols[:, :-1]), t.tensor(symbols[:, 1:]))
    loader = t.utils.data.DataLoader(data, batch_size=8)
    model = load_drawn(t, Reader(t, 7, 6))
    own = optimizer(t, name, model)
    schedule = t.optim.lr_scheduler.CosineAnnealingLR(own, T_max=STEPS // len(loader))
    criterion = t.nn.CrossEntropyLoss(ignore_index=0, label_smoothing=0.1)
    for _ in range(STEPS // len(loader)):
        for x, y in loader:
            own.zero_grad()
            criterion(model(x).transpose(1, 2), y).backward()
            t.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            own.step()
        schedule.step()
    return arrays(model)


@pytest.mark.parametrize("name", ["SGD with momentum", "Adam", "AdamW", "RMSprop"])
def test_a_model_of_the_usual_layers(name):
    agree(read(mytorch, name), read(torch, name))


class Hearer:
    """Makes, for any framework, a model that reads spectra: convolution, normalization, LSTM, classes."""

    def __new__(cls, t, bands, hidden, classes):
        class Model(t.nn.Module):
            def __init__(self):
                super().__init__()
                # The normalization removes a bias: its gradient is rounding, which Adam would scale up.
                self.conv = t.nn.Conv2d(1, 3, 3, stride=(1, 2), padding=1, bias=False)
                self.norm = t.nn.BatchNorm2d(3)
                self.rnn = t.nn.LSTM(3 * bands // 2, hidden, bidirectional=True)
                self.head = t.nn.Linear(2 * hidden, classes)

            def forward(self, x):
                seen = t.relu(self.norm(self.conv(x[:, None])))
                steps = seen.permute(2, 0, 1, 3).flatten(2)
                return self.head(self.rnn(steps)[0]).log_softmax(2)

        return Model().double()


def hear(t):
    """Train with the loss that sums over alignments; two targets have repeated labels."""
    model = load_drawn(t, Hearer(t, 6, 5, 4))
    own = t.optim.Adam(model.parameters(), lr=0.01)
    x = t.tensor(draw(3, 12, 6))
    targets = t.tensor([[1, 2, 2, 3], [3, 3, 1, 0], [2, 0, 0, 0]])
    lengths, wanted = t.tensor([12, 10, 12]), t.tensor([4, 3, 1])
    losses = []
    for _ in range(50):
        own.zero_grad()
        loss = t.nn.CTCLoss()(model(x), targets, lengths, wanted)
        loss.backward()
        own.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0], "nothing was learned"
    return arrays(model)


def test_a_model_that_hears():
    agree(hear(mytorch), hear(torch))

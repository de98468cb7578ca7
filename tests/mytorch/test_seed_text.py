"""The lesson that the project was created from runs unchanged, and computes what torch computes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import mytorch
from mytorch import models

LESSON = Path(__file__).parents[1] / "seed" / "lstm_lesson.txt"
GATES = ("i", "f", "c", "o")  # torch's order
N, L, I, H, Q = 3, 5, 4, 6, 2


@pytest.fixture
def lesson(monkeypatch):
    """Return the namespace after the lesson's text has run."""
    monkeypatch.setattr(sys, "path", list(sys.path))  # the text appends to it
    namespace = {"__name__": "lesson"}
    exec(compile(LESSON.read_text(encoding="utf-8"), str(LESSON), "exec"), namespace)  # noqa: S102 - the text is ours
    return namespace


def draw(dtype, *shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def leaf(array):
    return mytorch.tensor(array, requires_grad=True)


def run(model, dtype):
    """Return all outputs and gradients of one forward and backward, by name."""
    inputs = leaf(draw(dtype, N, L, I))
    h0, c0 = leaf(draw(dtype, N, H, seed=1)), leaf(draw(dtype, N, H, seed=2))
    outputs, (h, c) = model(inputs, (h0, c0))
    loss = 0
    for seed, part in enumerate((outputs, h, c), 3):
        loss = loss + (part * mytorch.tensor(draw(dtype, *part.shape, seed=seed))).sum()
    loss.backward()
    found = {"outputs": outputs.detach(), "h": h.detach(), "c": c.detach()}
    found |= {"inputs.grad": inputs.grad, "h0.grad": h0.grad, "c0.grad": c0.grad}
    found |= {f"{name}.grad": p.grad for name, p in model.named_parameters()}
    return {name: t.numpy() for name, t in found.items()}


def run_torch(model):
    """Return the same, in the model's names, of torch's cell and a Linear with the model's weights."""
    own = {name: torch.tensor(p.detach().numpy()) for name, p in model.lstm_cell.named_parameters()}
    cell, head = torch.nn.LSTMCell(I, H, dtype=torch.float64), torch.nn.Linear(H, Q, dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat([own[f"W_x{g}.weight"] for g in GATES]))
        cell.weight_hh.copy_(torch.cat([own[f"W_h{g}.weight"] for g in GATES]))
        cell.bias_ih.copy_(torch.cat([own[f"W_x{g}.bias"] for g in GATES]))
        cell.bias_hh.zero_()
        head.weight.copy_(own["W_hq.weight"])
        head.bias.copy_(own["W_hq.bias"])
    inputs = torch.tensor(draw(np.float64, N, L, I), requires_grad=True)
    h0, c0 = (torch.tensor(draw(np.float64, N, H, seed=s), requires_grad=True) for s in (1, 2))
    h, c, steps = h0, c0, []
    for t in range(L):
        h, c = cell(inputs[:, t], (h, c))
        steps.append((head(h), h, c))
    parts = [torch.stack(part, 1) for part in zip(*steps, strict=True)]
    loss = sum(
        (part * torch.tensor(draw(np.float64, *part.shape, seed=s))).sum() for s, part in enumerate(parts, 3)
    )
    loss.backward()
    found = dict(zip(("outputs", "h", "c"), (p.detach() for p in parts), strict=True))
    found |= {"inputs.grad": inputs.grad, "h0.grad": h0.grad, "c0.grad": c0.grad}
    found |= {"lstm_cell.W_hq.weight.grad": head.weight.grad, "lstm_cell.W_hq.bias.grad": head.bias.grad}
    for k, gate in enumerate(GATES):
        rows = slice(k * H, (k + 1) * H)
        found[f"lstm_cell.W_x{gate}.weight.grad"] = cell.weight_ih.grad[rows]
        found[f"lstm_cell.W_h{gate}.weight.grad"] = cell.weight_hh.grad[rows]
        found[f"lstm_cell.W_x{gate}.bias.grad"] = cell.bias_ih.grad[rows]
    return {name: t.numpy() for name, t in found.items()}


# The model runs its sequence as one op, which sums in another order than the text.
@pytest.mark.parametrize(("dtype", "rounding"), [(np.float32, 2e-5), (np.float64, 1e-13)])
def test_the_lesson_and_our_model_compute_the_same(lesson, dtype, rounding):
    ours, theirs = models.LSTM(I, H, Q), lesson["LSTM"](I, H, Q)
    assert theirs.load_state_dict(ours.state_dict()).missing_keys == []
    for model in (ours, theirs):
        model.to(mytorch.float64 if dtype is np.float64 else mytorch.float32)
    expected, got = run(ours, dtype), run(theirs, dtype)
    assert expected.keys() == got.keys()
    for name, array in expected.items():
        assert array.dtype == dtype, name
        np.testing.assert_allclose(
            got[name], array, rtol=rounding, atol=rounding * abs(array).max(), err_msg=name
        )


def test_the_lesson_computes_what_torch_computes(lesson):
    model = lesson["LSTM"](I, H, Q).double()
    got, expected = run(model, np.float64), run_torch(model)
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(got[name], array, rtol=1e-11, atol=1e-13, err_msg=name)


def test_the_lesson_starts_from_zeros_when_no_states_are_given(lesson):
    model = lesson["LSTM"](I, H, Q)
    inputs = mytorch.tensor(draw(np.float32, N, L, I))
    zeros = mytorch.zeros(N, H)
    first, second = model(inputs), model(inputs, (zeros, zeros))
    assert mytorch.equal(first[0], second[0])
    assert mytorch.equal(first[1][1], second[1][1])


def test_the_lessons_cell_is_registered_part_by_part(lesson):
    cell = lesson["LSTMCell"](I, H, Q)
    linears = [f"W_{a}{g}" for g in "ifoc" for a in "xh"] + ["W_hq"]
    assert [name for name, _ in cell.named_children()] == linears
    assert [name for name, _ in models.LSTMCell(I, H, Q).named_children()] == linears

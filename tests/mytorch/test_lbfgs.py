"""LBFGS walks where torch's walks, evaluates as often, and keeps the same state.

The problem is a small logistic regression with a penalty: its Hessian is between 0.1 and about 3, so a dozen
iterations amplify no rounding, and no limit is near a tie.
"""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch

import mytorch

RNG = np.random.default_rng(0)
INPUT, TARGET = RNG.standard_normal((12, 4)), RNG.random(12)
WOLFE = {"line_search_fn": "strong_wolfe"}
OPTIONS = {
    "fixed": {"max_iter": 3},
    "a rate and little memory": {"max_iter": 4, "lr": 0.5, "history_size": 2},
    "one iteration": {"max_iter": 1, "lr": 0.1},
    "no iteration": {"max_iter": 0},
    "no rate": {"lr": 0, "max_iter": 3},
    "evaluations": {"max_iter": 6, "max_eval": 3},
    "tolerance_grad": {"tolerance_grad": 1e-2},
    "tolerance_change": {"tolerance_change": 1e-2},
    "searched": {"max_iter": 4, **WOLFE},
    "searched from afar": {"max_iter": 3, "lr": 20, **WOLFE},
    "searched from near": {"max_iter": 3, "lr": 0.05, **WOLFE},
    "searched with few evaluations": {"max_iter": 4, "lr": 500.0, "max_eval": 6, **WOLFE},
    "searched with one evaluation": {"max_iter": 2, "lr": 500.0, "max_eval": 1, **WOLFE},
    "searched up to a change": {"tolerance_change": 1e-2, **WOLFE},
    "searched in brackets up to a change": {"tolerance_change": 0.5, "lr": 50, "max_iter": 2, **WOLFE},
}


class Regression:
    """The problem, and the number of times that it was evaluated."""

    def __init__(self, t, dtype, options, start=None):
        starts = start or [np.zeros(4), np.ones((2, 2)), np.array(0.5)]
        self.params = [t.nn.Parameter(t.tensor(np.array(each, dtype))) for each in starts]
        self.optimizer = t.optim.LBFGS(self.params, **options)
        self.t, self.calls = t, 0
        self.data = [t.tensor(each.astype(dtype)) for each in (INPUT, TARGET)]

    def closure(self):
        self.calls += 1
        self.optimizer.zero_grad()
        weight, _, bias = self.params
        data, target = self.data
        loss = self.t.nn.functional.binary_cross_entropy_with_logits(data @ weight + bias, target)
        loss = loss + 0.05 * ((weight * weight).sum() + bias * bias)
        loss.backward()
        return loss

    def values(self):
        return [p.detach().numpy().copy() for p in self.params]

    def trace(self, steps):
        """Return the loss, the parameters and the count of evaluations of each step, in one array."""
        found = []
        for _ in range(steps):
            loss = self.optimizer.step(self.closure).detach().item()
            found.append([loss, *np.concatenate([v.ravel() for v in self.values()]), self.calls])
        return np.array(found)


def form(value):
    """Return the types, the shapes and the whole numbers of a state."""
    if isinstance(value, (list, dict)):
        return [form(each) for each in (value.items() if isinstance(value, dict) else value)]
    if isinstance(value, tuple):
        return (value[0], form(value[1]))
    if hasattr(value, "dtype"):
        return (str(value.dtype).split(".")[-1], tuple(value.shape))
    return "a float" if isinstance(value, float) else value


def numbers(value):
    """Return the numbers of a state, in order."""
    if isinstance(value, (list, dict)):
        parts = value.values() if isinstance(value, dict) else value
        return [number for part in parts for number in numbers(part)]
    if value is None or isinstance(value, str):
        return []
    return np.asarray(value).ravel().tolist()


def other(value, t):
    """Return a state with tensors of the other library."""
    if isinstance(value, dict):
        return {key: other(each, t) for key, each in value.items()}
    if isinstance(value, list):
        return [other(each, t) for each in value]
    return t.tensor(value.numpy().copy()) if hasattr(value, "numpy") else value


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_trajectory_and_state(options, dtype, rtol):
    ours, theirs = (Regression(t, dtype, options) for t in (mytorch, torch))
    # More steps come so near to the minimum that the rounding of float32 decides.
    steps = 3 if dtype == "float64" else 1
    np.testing.assert_allclose(ours.trace(steps), theirs.trace(steps), rtol=rtol, atol=rtol)
    state, their_state = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    assert form(state) == form(their_state)
    if dtype == "float64":
        np.testing.assert_allclose(numbers(state), numbers(their_state), rtol=1e-9, atol=1e-12)
    assert repr(ours.optimizer) == repr(theirs.optimizer)


@pytest.mark.parametrize(("source", "target"), [(mytorch, torch), (torch, mytorch)], ids=["to", "from"])
@pytest.mark.parametrize("options", [{}, WOLFE], ids=["fixed", "searched"])
def test_a_state_goes_on_in_torch_and_back(options, source, target):
    first = Regression(source, "float64", {"max_iter": 3, **options})
    first.trace(1)
    second = Regression(target, "float64", {"max_iter": 9, "lr": 99.0}, first.values())
    second.optimizer.load_state_dict(other(copy.deepcopy(first.optimizer.state_dict()), target))
    first.calls = 0
    np.testing.assert_allclose(second.trace(2), first.trace(2), rtol=1e-12)


def test_loading_casts_the_tensors_in_lists():
    for t in (torch, mytorch):
        source = Regression(t, "float64", {"max_iter": 3})
        source.trace(1)
        target = Regression(t, "float32", {})
        target.optimizer.load_state_dict(source.optimizer.state_dict())
        kept = target.optimizer.state[target.params[0]]
        assert {str(each.dtype).split(".")[-1] for each in (kept["d"], *kept["old_dirs"])} == {"float32"}


def test_a_state_is_saved_and_loaded():
    run = Regression(mytorch, "float64", {"max_iter": 3})
    run.trace(2)
    file = io.BytesIO()
    mytorch.save(run.optimizer.state_dict(), file)
    file.seek(0)
    loaded = mytorch.load(file)
    assert form(loaded) == form(run.optimizer.state_dict())
    assert numbers(loaded) == numbers(run.optimizer.state_dict())


def test_a_copy_goes_on():
    run = Regression(mytorch, "float64", {"max_iter": 3})
    run.trace(1)
    twin = copy.copy(run)
    twin.params, twin.optimizer = copy.deepcopy((run.params, run.optimizer))
    assert twin.params[0] is not run.params[0]
    assert twin.trace(1).tolist() == run.trace(1).tolist()


def test_a_tensor_may_be_the_learning_rate():
    got, expected = (
        Regression(t, "float32", {"lr": t.tensor(0.5, dtype=t.float64), "max_iter": 3})
        for t in (mytorch, torch)
    )
    np.testing.assert_allclose(got.trace(1), expected.trace(1), rtol=2e-5)
    assert got.params[0].dtype is mytorch.float32


def test_the_closure_has_gradients_on_and_may_return_a_number():
    run = Regression(mytorch, "float64", {"max_iter": 2})
    with mytorch.no_grad():
        assert run.optimizer.step(lambda: float(run.closure().detach())) == pytest.approx(0.77, abs=0.1)
    assert run.calls == 2


def test_backward_through_a_graph_older_than_the_step_is_refused():
    run = Regression(mytorch, "float64", {"max_iter": 1})
    loss = (run.params[0] ** 2).sum()
    run.optimizer.step(run.closure)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def added(t, p):
    optimizer = t.optim.LBFGS([p])
    optimizer.add_param_group({"params": [t.nn.Parameter(t.ones(1))]})
    optimizer.step(lambda: 0.0)


def sloped(t, p, **options):
    p.grad = t.ones(2)
    t.optim.LBFGS([p], **options).step(lambda: 1.0)


BAD = {
    "lr": (lambda t, p: t.optim.LBFGS([p], lr=-1), "Invalid learning rate: -1"),
    "lr tensor": (lambda t, p: t.optim.LBFGS([p], lr=t.ones(2)), "1-element, got shape"),
    "groups": (
        lambda t, p: t.optim.LBFGS([{"params": [p]}, {"params": [t.nn.Parameter(t.ones(1))]}]),
        "expected 1 group, got 2",
    ),
    "added group": (added, "Expected exactly one param_group, but got 2"),
    "closure is None": (lambda t, p: t.optim.LBFGS([p]).step(None), "needs a closure"),
    "no closure": (lambda t, p: t.optim.LBFGS([p]).step(), "closure"),
    "no loss": (lambda t, p: t.optim.LBFGS([p]).step(lambda: None), "closure must return the loss.*NoneType"),
    "line search": (lambda t, p: sloped(t, p, line_search_fn="armijo"), "only 'strong_wolfe'.*armijo"),
    "no history": (lambda t, p: sloped(t, p, history_size=0, max_iter=3, tolerance_change=0), None),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_calls_raise_what_torch_raises(call, message):
    kinds = []
    for t in (torch, mytorch):
        try:
            call(t, t.nn.Parameter(t.ones(2)))
        except Exception as error:  # noqa: BLE001 - whatever torch raises
            kinds.append((type(error), str(error)))
    assert len({kind for kind, _ in kinds}) == (1 if kinds else 0)
    if message is not None:
        with pytest.raises(kinds[0][0], match=message):
            call(mytorch, mytorch.nn.Parameter(mytorch.ones(2)))

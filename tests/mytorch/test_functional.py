"""Losses, activations, containers and initialisers against torch."""

from __future__ import annotations

import operator
from collections import OrderedDict

import numpy as np
import pytest
import torch

import mytorch
from mytorch import nn


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def outcome(case, t):
    """Return what a case gives on one namespace, as text that does not name the namespace."""
    try:
        result = case(t)
    except Exception as error:  # noqa: BLE001 - the class is what is compared
        return type(error).__name__, str(error)
    return "returned", repr(result).replace("mytorch.", "torch.")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((), ()), ((2, 3, 1), (2, 3, 1)), ((0,), (0,))])
@pytest.mark.parametrize("weighted", [False, True])
def test_mse_loss(shapes, reduction, weighted):
    results = []
    for t in (mytorch, torch):
        x, y = (t.tensor(draw(*s, seed=i), requires_grad=True) for i, s in enumerate(shapes))
        weight = t.tensor(abs(draw(*shapes[0], seed=2))) if weighted else None
        loss = t.nn.functional.mse_loss(x, y, reduction=reduction, weight=weight)
        loss.backward(t.tensor(draw(*loss.shape, seed=3)))
        results.append([loss.detach().numpy(), x.grad.numpy(), y.grad.numpy()])
    for got, expected in zip(*results, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse_loss_warns_of_broadcasting_and_broadcasts(reduction):
    results = []
    for t in (mytorch, torch):
        x, y = t.tensor(draw(3, 4), requires_grad=True), t.tensor(draw(4), requires_grad=True)
        with pytest.warns(UserWarning, match="Using a target size") as caught:
            loss = t.nn.functional.mse_loss(x, y, reduction=reduction)
        assert len(caught) == 1
        assert caught[0].filename == __file__ or t is torch
        (loss * loss).sum().backward()
        results.append([loss.detach().numpy(), x.grad.numpy(), y.grad.numpy()])
    for got, expected in zip(*results, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("kinds", [("float32", "float64"), ("float64", "float32"), ("int64", "float32")])
def test_mse_loss_promotes(kinds):
    got, expected = (
        t.nn.functional.mse_loss(*(t.ones(2, dtype=getattr(t, kind)) for kind in kinds))
        for t in (mytorch, torch)
    )
    assert repr(got.dtype) == f"my{expected.dtype}"


def quiet(call):
    with pytest.warns(UserWarning, match="size"):
        return call()


def inplace(t, x):
    return t.nn.functional.relu(x, inplace=True) is x and x


def activations(t):
    return t.nn.Sequential(t.nn.Sigmoid(), t.nn.Tanh(), t.nn.ReLU(), t.nn.Identity())


def listed(t):
    return t.nn.ModuleList([t.nn.Sigmoid(), t.nn.Tanh()])


def named(t):
    return t.nn.Sequential(OrderedDict(a=t.nn.Tanh(), b=t.nn.ReLU(), c=t.nn.ReLU()))[1:]


def edited(container, edit):
    edit(container)
    return container


def popped(container):
    return container.pop(0), container


def types(t):
    parameter = t.nn.Parameter(t.zeros(2))
    made = [parameter * 2, parameter.detach(), parameter.data, parameter.clone(), parameter.view(2)]
    assert not any(isinstance(x, t.nn.Parameter) for x in made)
    return isinstance(parameter, t.Tensor), isinstance(parameter.requires_grad_(False), t.nn.Parameter)


SAME = {
    "reduction": lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(2), reduction="x"),
    "shapes": lambda t: quiet(lambda: t.nn.functional.mse_loss(t.ones(2, 3), t.ones(4))),
    "integers": lambda t: t.nn.functional.mse_loss(t.ones(2).long(), t.ones(2).long()),
    "weight's shape": lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(2), weight=t.ones(3)),
    "no tensor": lambda t: t.nn.functional.mse_loss(t.ones(2), [1.0]),
    "size_average": lambda t: quiet(
        lambda: t.nn.functional.mse_loss(t.ones(3), t.zeros(3), size_average=False)
    ),
    "reduce": lambda t: quiet(lambda: t.nn.functional.mse_loss(t.ones(3), t.zeros(3), reduce=False)),
    "both": lambda t: quiet(lambda: t.nn.functional.mse_loss(t.ones(3), t.zeros(3), True, True)),
    "module": lambda t: t.nn.MSELoss(reduction="sum")(t.ones(3), t.zeros(3)),
    "module's repr": lambda t: t.nn.MSELoss(),
    "module, flags": lambda t: quiet(lambda: t.nn.MSELoss(False).reduction),
    "module, late check": lambda t: t.nn.MSELoss(reduction="x"),
    "relu": lambda t: t.nn.functional.relu(t.tensor([-1.0, 0.0, 2.0])),
    "relu in place": lambda t: inplace(t, t.tensor([-1.0, 2.0])),
    "relu in place on a leaf": lambda t: inplace(t, t.tensor([-1.0, 2.0], requires_grad=True)),
    "sigmoid": lambda t: t.nn.functional.sigmoid(t.tensor([-1.0, 0.0, 2.0])),
    "tanh": lambda t: t.nn.functional.tanh(t.tensor([-1.0, 0.0, 2.0])),
    "modules of activations": lambda t: activations(t)(t.tensor([-1.0, 0.5])),
    "reprs of activations": activations,
    "identity": lambda t: t.nn.Identity(3, x=1)(t.ones(1)),
    "repr of relu": lambda t: t.nn.ReLU(inplace=True),
    "sequential, empty": lambda t: t.nn.Sequential()(t.ones(1)),
    "sequential, named": named,
    "sequential, index": lambda t: activations(t)[-1],
    "sequential, slice": lambda t: activations(t)[1:3],
    "sequential, out of range": lambda t: activations(t)[9],
    "sequential, no index": lambda t: activations(t)["0"],
    "sequential, no module": lambda t: t.nn.Sequential(1),
    "sequential, set": lambda t: edited(activations(t), lambda s: s.__setitem__(-1, t.nn.ReLU())),
    "sequential, delete": lambda t: edited(activations(t), lambda s: s.__delitem__(1)),
    "sequential, delete a slice": lambda t: edited(activations(t), lambda s: s.__delitem__(slice(0, 2))),
    "sequential, append": lambda t: activations(t).append(t.nn.ReLU()),
    "sequential, extend": lambda t: activations(t).extend([t.nn.ReLU(), t.nn.Tanh()]),
    "sequential, insert": lambda t: activations(t).insert(-1, t.nn.ReLU()),
    "sequential, insert at the end": lambda t: activations(t).insert(4, t.nn.ReLU()),
    "sequential, insert too far": lambda t: activations(t).insert(9, t.nn.ReLU()),
    "sequential, insert no module": lambda t: activations(t).insert(0, 1),
    "sequential, pop": lambda t: popped(activations(t)),
    "sequential, len": lambda t: len(activations(t)),
    "sequential, add": lambda t: activations(t) + activations(t)[:1],
    "sequential, add in place": lambda t: activations(t).__iadd__(activations(t)),
    "sequential, add a number": lambda t: activations(t) + 1,
    "sequential, times": lambda t: 2 * activations(t)[:2],
    "sequential, times in place": lambda t: activations(t).__imul__(2),
    "sequential, times zero": lambda t: activations(t) * 0,
    "sequential, times text": lambda t: activations(t) * "x",
    "list": lambda t: t.nn.ModuleList(
        [t.nn.ReLU(), t.nn.ReLU(), t.nn.Tanh(), activations(t), activations(t)]
    ),
    "list, empty": lambda t: t.nn.ModuleList(),
    "list, index": lambda t: listed(t)[-1],
    "list, slice": lambda t: listed(t)[1:],
    "list, out of range": lambda t: listed(t)[-9],
    "list, no index": lambda t: listed(t)["x"],
    "list, no module": lambda t: t.nn.ModuleList([1]),
    "list, set": lambda t: edited(listed(t), lambda s: s.__setitem__(0, t.nn.ReLU())),
    "list, delete": lambda t: edited(listed(t), lambda s: s.__delitem__(0)),
    "list, append": lambda t: listed(t).append(t.nn.ReLU()),
    "list, extend": lambda t: listed(t).extend([t.nn.ReLU()]),
    "list, extend by a number": lambda t: listed(t).extend(1),
    "list, insert": lambda t: edited(listed(t), lambda s: s.insert(1, t.nn.ReLU())),
    "list, pop": lambda t: popped(listed(t)),
    "list, add": lambda t: operator.add(listed(t), [t.nn.ReLU()]),
    "list, add in place": lambda t: listed(t).__iadd__([t.nn.ReLU()]),
    "list, iterate": lambda t: list(listed(t)),
    "list, parameters": lambda t: [n for n, _ in t.nn.ModuleList([t.nn.Linear(1, 1)]).named_parameters()],
    "list, forward": lambda t: listed(t)(1),
    "gain": lambda t: [
        float(t.nn.init.calculate_gain(name)) for name in ("linear", "tanh", "relu", "leaky_relu")
    ],
    "gain of a slope": lambda t: t.nn.init.calculate_gain("leaky_relu", 0.3),
    "gain of no slope": lambda t: t.nn.init.calculate_gain("leaky_relu", "a"),
    "gain of nothing": lambda t: t.nn.init.calculate_gain("x"),
    "constant": lambda t: t.nn.init.constant_(t.nn.Parameter(t.zeros(2)), 1.5),
    "ones": lambda t: t.nn.init.ones_(t.zeros(2)),
    "zeros": lambda t: t.nn.init.zeros_(t.ones(2)),
    "kaiming of a vector": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2)),
    "kaiming of a mode": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2), mode="x"),
    "uniform backwards": lambda t: t.nn.init.uniform_(t.zeros(2), 1, 0),
    "uniform without end": lambda t: t.nn.init.uniform_(t.zeros(2), float("-inf"), 0),
    "uniform of integers": lambda t: t.nn.init.uniform_(t.zeros(2).long()),
    "normal of a negative std": lambda t: t.nn.init.normal_(t.zeros(2), 0, -1),
    "parameter": lambda t: t.nn.Parameter(t.zeros(2)),
    "parameter without gradient": lambda t: t.nn.Parameter(t.zeros(2), requires_grad=False),
    "parameter of integers": lambda t: t.nn.Parameter(t.zeros(2).long()),
    "parameter of a list": lambda t: t.nn.Parameter([1.0]),
    "parameter of nothing": lambda t: t.nn.Parameter(),
    "parameter of a result": lambda t: (t.nn.Parameter(t.nn.Parameter(t.ones(1)) * 2)).is_leaf,
    "types": types,
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case):
    expected_kind, expected = outcome(case, torch)
    got_kind, got = outcome(case, mytorch)
    expected = expected.replace("torch.nn.modules.container", "torch.nn.container")
    expected = expected.replace("torch.nn.modules.module", "torch.nn.module")
    assert got_kind == expected_kind, got
    # Some of our messages go on where torch's end.
    got = got.replace("mytorch.", "torch.")
    assert got == expected or (got_kind != "returned" and got.startswith(expected))


def test_normal_and_uniform_draw_what_they_say():
    mytorch.manual_seed(3)
    n = 40_000
    normal = nn.init.normal_(mytorch.empty(n), 2.0, 3.0).numpy()
    assert abs(normal.mean() - 2) < 10 * 3 / n**0.5
    assert abs(normal.std() - 3) < 10 * 3 / n**0.5
    uniform = nn.init.uniform_(mytorch.empty(n, dtype=mytorch.float64), -1.0, 3.0).numpy()
    assert uniform.min() >= -1
    assert uniform.max() <= 3
    assert abs(uniform.mean() - 1) < 10 * 4 / 12**0.5 / n**0.5


def test_a_generator_of_ones_own_decides_the_draws():
    drawn = [
        fill(mytorch.empty(3, 3), generator=mytorch.Generator().manual_seed(4)).tolist()
        for fill in (nn.init.uniform_, nn.init.uniform_, nn.init.kaiming_uniform_)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_kaiming_bounds(mode):
    drawn = nn.init.kaiming_uniform_(mytorch.empty(200, 50, 2), mode=mode, nonlinearity="relu").numpy()
    bound = (6 / (100 if mode == "fan_in" else 400)) ** 0.5
    assert 0.99 * bound < abs(drawn).max() <= bound

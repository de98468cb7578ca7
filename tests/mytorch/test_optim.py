"""Optimizers walk where torch's walk, keep the same state, and refuse the same options."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import mytorch
import mytorch.optim

SGD_OPTIONS = [
    {},
    {"lr": 0.1},
    {"lr": 0.1, "weight_decay": 0.02},
    {"lr": 0.05, "momentum": 0.9},
    {"lr": 0.05, "momentum": 0.9, "dampening": 0.3},
    {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.02, "nesterov": True, "maximize": True},
    {"lr": 0.0},
]
ADAM_OPTIONS = [
    {},
    {"lr": 0.1},
    {"lr": 0.1, "betas": (0.5, 0.9)},
    {"lr": 0.1, "betas": (0.3, 0.0)},
    {"lr": 0.1, "eps": 1e-3},
    {"lr": 0.1, "weight_decay": 0.02},
    {"lr": 0.1, "amsgrad": True},
    {"lr": 0.1, "maximize": True, "weight_decay": 0.02, "amsgrad": True},
    {"lr": 0.1, "weight_decay": 0.02, "decoupled_weight_decay": True},
]
ADAMW_OPTIONS = [{}, {"lr": 0.1, "weight_decay": 0.2}, {"lr": 0.1, "amsgrad": True, "maximize": True}]
RMSPROP_OPTIONS = [
    {},
    {"lr": 0.1, "alpha": 0.5},
    {"lr": 0.1, "eps": 1e-3, "weight_decay": 0.02},
    {"lr": 0.05, "momentum": 0.9},
    {"lr": 0.05, "centered": True},
    {"lr": 0.05, "centered": True, "momentum": 0.9, "maximize": True},
]
ADAGRAD_OPTIONS = [
    {},
    {"lr": 0.1, "lr_decay": 0.3},
    {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3},
    {"lr": 0.1, "weight_decay": 0.02, "maximize": True},
    {"lr": 0.1, "fused": True},
]
ADADELTA_OPTIONS = [
    {},
    {"lr": 0.5, "rho": 0.5},
    {"rho": 1.0, "eps": 1e-3},
    {"eps": 1e-3, "weight_decay": 0.02, "maximize": True},
]
NADAM_OPTIONS = [
    {},
    {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3},
    {"lr": 0.1, "momentum_decay": 0.5, "weight_decay": 0.02, "maximize": True},
    {"lr": 0.1, "weight_decay": 0.2, "decoupled_weight_decay": True},
]
RADAM_OPTIONS = [
    {},
    {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3},
    {"lr": 0.1, "weight_decay": 0.02, "maximize": True},
    {"lr": 0.1, "weight_decay": 0.2, "decoupled_weight_decay": True},
    {"lr": 0.1, "betas": (0.9, 0.5)},
]
EVERY_OPTION = {
    "SGD": SGD_OPTIONS,
    "Adam": ADAM_OPTIONS,
    "AdamW": ADAMW_OPTIONS,
    "RMSprop": RMSPROP_OPTIONS,
    "Adagrad": ADAGRAD_OPTIONS,
    "Adadelta": ADADELTA_OPTIONS,
    "NAdam": NADAM_OPTIONS,
    "RAdam": RADAM_OPTIONS,
}
# torch keeps the product of momentums in float32, and casts it to the dtype of the parameters on loading.
RESUMED = {"NAdam": 1e-6}
RUNS = [(name, options) for name, each in EVERY_OPTION.items() for options in each]
SHAPES = ((3, 4), (4,), ())


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def parameters(t, dtype="float64"):
    return [t.nn.Parameter(t.tensor(draw(*s).astype(dtype))) for s in SHAPES]


def fill_gradients(t, params, step):
    """Give every parameter a gradient, but for one that has none in the second step."""
    for i, p in enumerate(params):
        if (step, i) == (1, 0):
            p.grad = None
        else:
            array = draw(*p.shape, seed=10 * step + i + 1).astype(str(p.dtype).split(".")[-1])
            p.grad = t.tensor(array)


def trajectory(t, name, options, dtype="float64", steps=20):
    params = parameters(t, dtype)
    optimizer = getattr(t.optim, name)(params, **options)
    for step in range(steps):
        fill_gradients(t, params, step)
        optimizer.step()
    return params, optimizer


def arrays(state):
    """Return an optimizer's state_dict with arrays for tensors."""
    return {
        k: {n: v.detach().numpy() if hasattr(v, "detach") else v for n, v in s.items()}
        for k, s in state["state"].items()
    }


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize(("name", "options"), RUNS)
def test_trajectory_and_state(name, options, dtype, rtol):
    got, ours = trajectory(mytorch, name, options, dtype)
    expected, theirs = trajectory(torch, name, options, dtype)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=rtol)
    state, their_state = ours.state_dict(), theirs.state_dict()
    assert state["param_groups"] == their_state["param_groups"]
    a, b = arrays(state), arrays(their_state)
    assert list(a) == list(b)
    for position, kept in b.items():
        assert list(a[position]) == list(kept)
        for key, value in kept.items():
            assert a[position][key].dtype == value.dtype
            np.testing.assert_allclose(a[position][key], value, rtol=rtol, atol=rtol)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("name", EVERY_OPTION)
def test_groups_have_options_of_their_own(name):
    results = []
    for t in (mytorch, torch):
        first, second, third = parameters(t)
        groups = [{"params": [first]}, {"params": second, "lr": 0.5}]
        optimizer = getattr(t.optim, name)(groups, lr=0.01)
        optimizer.add_param_group({"params": (third,), "lr": 0.2, "weight_decay": 0.1})
        for step in range(3):
            fill_gradients(t, [first, second, third], step)
            optimizer.param_groups[0]["lr"] *= 0.5
            optimizer.step()
        results.append(
            ([p.detach().numpy() for p in (first, second, third)], optimizer.state_dict()["param_groups"])
        )
    (got, our_groups), (expected, their_groups) = results
    assert our_groups == their_groups
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 0.9}),
        ("Adam", {"amsgrad": True}),
        ("AdamW", {}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("Adagrad", {"lr_decay": 0.3, "initial_accumulator_value": 0.5}),
        ("Adadelta", {"rho": 0.5}),
        ("NAdam", {"momentum_decay": 0.5}),
        ("RAdam", {"betas": (0.9, 0.95)}),
    ],
)
@pytest.mark.parametrize("source", ["mytorch", "torch"])
def test_a_loaded_optimizer_goes_on_where_the_other_stopped(name, options, source):
    t = mytorch if source == "mytorch" else torch
    params, optimizer = trajectory(t, name, options, steps=5)
    twins = [mytorch.nn.Parameter(mytorch.tensor(p.detach().numpy().copy())) for p in params]
    loaded = getattr(mytorch.optim, name)(twins, lr=99.0)
    state = copy.deepcopy(optimizer.state_dict())
    if t is torch:
        state["state"] = {
            k: {n: mytorch.tensor(v.numpy()) for n, v in s.items()} for k, s in state["state"].items()
        }
    loaded.load_state_dict(state)
    for step in range(5, 8):
        fill_gradients(t, params, step)
        optimizer.step()
        fill_gradients(mytorch, twins, step)
        loaded.step()
    for a, b in zip(twins, params, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=RESUMED.get(name, 1e-13))


def in_the_other(state, t):
    """Return a state_dict with tensors of the other library, made of plain arrays."""
    kept = {k: {n: t.tensor(v.numpy()) for n, v in s.items()} for k, s in state["state"].items()}
    return {"state": kept, "param_groups": copy.deepcopy(state["param_groups"])}


@pytest.mark.parametrize(("source", "target"), [(mytorch, torch), (torch, mytorch)], ids=["to", "from"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 0.9, "dampening": 0.1}),
        ("Adam", {"amsgrad": True}),
        ("AdamW", {}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("Adagrad", {"lr_decay": 0.3, "initial_accumulator_value": 0.5}),
        ("Adadelta", {"rho": 0.5}),
        ("NAdam", {"momentum_decay": 0.5}),
        ("RAdam", {"betas": (0.9, 0.95)}),
    ],
)
def test_states_of_groups_with_a_parameter_without_a_gradient_go_on_in_torch_and_back(
    name, options, source, target
):
    def start(t, starts):
        first, second, third = starts
        groups = [{"params": [first, second], "weight_decay": 0.1}, {"params": [third], "lr": 0.05}]
        return getattr(t.optim, name)(groups, **{"lr": 0.2, **options})

    params = parameters(source)
    optimizer = start(source, params)
    twins, other = None, None
    for step in range(6):
        if step == 3:
            twins = [target.nn.Parameter(target.tensor(p.detach().numpy().copy())) for p in params]
            other = start(target, twins)
            for group in other.param_groups:
                group["lr"] = 99.0
            other.load_state_dict(in_the_other(optimizer.state_dict(), target))
        for t, own, each in ((source, params, optimizer), (target, twins, other)):
            if own is not None:
                fill_gradients(t, own, step)
                # The second has no gradient.
                own[1].grad = None
                each.step()
    for a, b in zip(twins, params, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=RESUMED.get(name, 1e-12))
    # Adagrad's states are there from the start.
    assert sorted(other.state_dict()["state"]) == ([0, 1, 2] if name == "Adagrad" else [0, 2])


def test_loading_casts_the_state_but_not_the_count():
    _, source = trajectory(mytorch, "Adam", {}, "float64", 2)
    target = mytorch.optim.Adam(parameters(mytorch, "float32"))
    target.load_state_dict(source.state_dict())
    kept = target.state_dict()["state"][1]
    assert kept["exp_avg"].dtype is mytorch.float32
    assert kept["step"].dtype is mytorch.float32
    assert kept["step"].item() == 2.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adagrad", "Adadelta"])
def test_steps_are_counted_in_the_default_dtype(name, dtype):
    counted = []
    for t in (torch, mytorch):
        before = t.get_default_dtype()
        t.set_default_dtype(getattr(t, dtype))
        try:
            _, optimizer = trajectory(t, name, {}, steps=1)
        finally:
            t.set_default_dtype(before)
        counted.append(str(optimizer.state_dict()["state"][0]["step"].dtype).split(".")[-1])
    assert counted[0] == counted[1] == dtype


def test_adagrad_starts_the_sums_of_added_groups_as_those_of_the_first():
    sums = []
    for t in (torch, mytorch):
        first, second, third = parameters(t)
        groups = [{"params": [first], "initial_accumulator_value": 2.0}]
        optimizer = t.optim.Adagrad(groups, lr=0.1, initial_accumulator_value=0.5)
        optimizer.add_param_group({"params": [second, third], "initial_accumulator_value": 3.0})
        assert list(optimizer.state_dict()["state"]) == [0]
        fill_gradients(t, [first, second, third], 0)
        optimizer.step()
        sums.append([optimizer.state[p]["sum"].numpy() for p in (first, second, third)])
    for expected, got in zip(*sums, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_a_loaded_state_is_the_given_one_as_in_torch():
    for t in (torch, mytorch):
        _, source = trajectory(t, "SGD", {"momentum": 0.9}, steps=2)
        target = t.optim.SGD(parameters(t))
        state = source.state_dict()
        target.load_state_dict(state)
        loaded = target.state_dict()["state"][0]["momentum_buffer"]
        assert loaded is state["state"][0]["momentum_buffer"]


@pytest.mark.parametrize("t", [torch, mytorch])
def test_zeroed_gradients_stay_the_same_tensors(t):
    params = parameters(t)
    optimizer = t.optim.SGD(params)
    fill_gradients(t, params, 0)
    before = [p.grad for p in params]
    optimizer.zero_grad(set_to_none=False)
    assert all(p.grad is grad and not grad.any() for p, grad in zip(params, before, strict=True))


def test_the_momentum_buffer_is_no_alias_of_the_gradient():
    params = parameters(mytorch)
    optimizer = mytorch.optim.SGD(params, momentum=0.9)
    fill_gradients(mytorch, params, 0)
    optimizer.step()
    before = optimizer.state[params[0]]["momentum_buffer"].tolist()
    params[0].grad.zero_()
    assert optimizer.state[params[0]]["momentum_buffer"].tolist() == before


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_step_changes_in_place_and_leaves_the_gradient(name):
    params = parameters(mytorch)
    optimizer = getattr(mytorch.optim, name)(params, weight_decay=0.1)
    fill_gradients(mytorch, params, 0)
    array, grad = params[0].detach().numpy(), params[0].grad.tolist()
    before = array.copy()
    optimizer.step()
    assert (array != before).all()
    assert params[0].grad.tolist() == grad
    assert params[0].is_leaf
    assert params[0].requires_grad


def test_backward_through_a_graph_older_than_the_step_is_refused():
    p = mytorch.nn.Parameter(mytorch.ones(2))
    loss = (p * p).sum()
    p.grad = mytorch.ones(2)
    mytorch.optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_step_calls_the_closure_with_gradients_on():
    p = mytorch.nn.Parameter(mytorch.ones(2))
    optimizer = mytorch.optim.SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with mytorch.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 2.0
    assert p.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    params = parameters(mytorch)
    optimizer = mytorch.optim.SGD(params)
    fill_gradients(mytorch, params, 1)
    optimizer.zero_grad(set_to_none=set_to_none)
    assert params[0].grad is None
    assert (params[1].grad is None) is set_to_none
    if not set_to_none:
        assert params[1].grad.tolist() == [0.0] * 4


def test_overflow_is_silent():
    p = mytorch.nn.Parameter(mytorch.tensor([3e38]))
    p.grad = mytorch.tensor([-3e38])
    mytorch.optim.SGD([p], lr=10.0).step()
    assert p.tolist() == [float("inf")]


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_tensor_may_be_the_learning_rate(name):
    got, expected = (
        trajectory(t, name, {"lr": t.tensor(0.1, dtype=t.float64)}, steps=2)[0] for t in (mytorch, torch)
    )
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)


def test_sgd_takes_nan_as_torch_does():
    for t in (torch, mytorch):
        params, _ = trajectory(t, "SGD", {"lr": float("nan")}, steps=1)
        assert all(p.isnan().all() for p in params[1:])


def test_a_numpy_learning_rate_does_not_widen_the_parameters():
    params, _ = trajectory(mytorch, "SGD", {"lr": np.float64(0.1), "momentum": np.float64(0.9)}, "float32", 2)
    assert params[0].dtype is mytorch.float32


def test_a_deep_copy_owns_its_parameters():
    params, optimizer = trajectory(mytorch, "Adam", {}, steps=1)
    twin = copy.deepcopy(optimizer)
    assert twin.param_groups[0]["params"][0] is not params[0]
    assert set(twin.state) == set(twin.param_groups[0]["params"])


BAD = {
    "no parameters": lambda t, _: t.optim.SGD([]),
    "no list": lambda t, p: t.optim.SGD(p),
    "a number": lambda t, _: t.optim.SGD([1]),
    "not iterable": lambda t, _: t.optim.SGD(5),
    "no leaf": lambda t, p: t.optim.SGD([p * 2]),
    "two groups": lambda t, p: t.optim.SGD([{"params": [p]}, {"params": [p]}]),
    "a set": lambda t, p: t.optim.SGD([{"params": {p}}]),
    "no params": lambda t, _: t.optim.SGD([{"lr": 1}]),
    "group is no dict": lambda t, p: t.optim.SGD([p]).add_param_group([p]),
    "some names": lambda t, p: t.optim.SGD([("a", p), t.nn.Parameter(t.ones(1))]),
    "names in one group": lambda t, p: t.optim.SGD([p]).add_param_group(
        {"params": [("a", t.nn.Parameter(t.ones(1)))]}
    ),
    "sgd lr": lambda t, p: t.optim.SGD([p], lr=-1),
    "sgd lr tensor": lambda t, p: t.optim.SGD([p], lr=t.ones(2)),
    "sgd momentum": lambda t, p: t.optim.SGD([p], momentum=-1),
    "sgd weight_decay": lambda t, p: t.optim.SGD([p], weight_decay=-1),
    "sgd nesterov": lambda t, p: t.optim.SGD([p], nesterov=True),
    "sgd nesterov, dampening": lambda t, p: t.optim.SGD([p], momentum=1, dampening=1, nesterov=True),
    "adam lr": lambda t, p: t.optim.Adam([p], lr=-1),
    "adam eps": lambda t, p: t.optim.Adam([p], eps=-1),
    "adam beta 1": lambda t, p: t.optim.Adam([p], betas=(1, 0.9)),
    "adam beta 2": lambda t, p: t.optim.Adam([p], betas=(0.9, 1.0)),
    "adam weight_decay": lambda t, p: t.optim.Adam([p], weight_decay=-1),
    "adamw lr": lambda t, p: t.optim.AdamW([p], lr=-1),
    "adamw weight_decay": lambda t, p: t.optim.AdamW([p], weight_decay=-1),
    "rmsprop lr": lambda t, p: t.optim.RMSprop([p], lr=-1),
    "rmsprop lr tensor": lambda t, p: t.optim.RMSprop([p], lr=t.ones(2)),
    "rmsprop eps": lambda t, p: t.optim.RMSprop([p], eps=-1),
    "rmsprop alpha": lambda t, p: t.optim.RMSprop([p], alpha=-1),
    "rmsprop momentum": lambda t, p: t.optim.RMSprop([p], momentum=-1),
    "rmsprop weight_decay": lambda t, p: t.optim.RMSprop([p], weight_decay=-1),
    "adam lr nan": lambda t, p: t.optim.Adam([p], lr=float("nan")),
    "fused and foreach": lambda t, p: t.optim.Adam([p], fused=True, foreach=True),
    "adagrad lr": lambda t, p: t.optim.Adagrad([p], lr=-1),
    "adagrad lr tensor": lambda t, p: t.optim.Adagrad([p], lr=t.ones(2)),
    "adagrad lr_decay": lambda t, p: t.optim.Adagrad([p], lr_decay=-1),
    "adagrad weight_decay": lambda t, p: t.optim.Adagrad([p], weight_decay=-1),
    "adagrad start": lambda t, p: t.optim.Adagrad([p], initial_accumulator_value=-1),
    "adagrad eps": lambda t, p: t.optim.Adagrad([p], eps=-1),
    "adadelta lr": lambda t, p: t.optim.Adadelta([p], lr=-1),
    "adadelta lr tensor": lambda t, p: t.optim.Adadelta([p], lr=t.ones(2)),
    "adadelta rho": lambda t, p: t.optim.Adadelta([p], rho=1.5),
    "adadelta eps": lambda t, p: t.optim.Adadelta([p], eps=-1),
    "adadelta weight_decay": lambda t, p: t.optim.Adadelta([p], weight_decay=-1),
    "nadam lr tensor": lambda t, p: t.optim.NAdam([p], lr=t.ones(2)),
    "nadam beta 1": lambda t, p: t.optim.NAdam([p], betas=(1, 0.9)),
    "nadam momentum_decay": lambda t, p: t.optim.NAdam([p], momentum_decay=-1),
    "nadam weight_decay": lambda t, p: t.optim.NAdam([p], weight_decay=-1),
    "radam eps": lambda t, p: t.optim.RAdam([p], eps=-1),
    "radam beta 2": lambda t, p: t.optim.RAdam([p], betas=(0.9, 1.0)),
    "step of the base": lambda t, p: t.optim.Optimizer([p], {}).step(),
    "load other groups": lambda t, p: t.optim.SGD([p]).load_state_dict({"state": {}, "param_groups": []}),
    "load other lengths": lambda t, p: t.optim.SGD([p]).load_state_dict(
        {"state": {}, "param_groups": [{"params": []}]}
    ),
}


@pytest.mark.parametrize("call", BAD.values(), ids=BAD.keys())
def test_bad_calls_raise_what_torch_raises(call):
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        call(torch, torch.nn.Parameter(torch.ones(2)))
    with pytest.raises(expected.type) as raised:
        call(mytorch, mytorch.nn.Parameter(mytorch.ones(2)))
    assert str(raised.value).replace("mytorch.", "torch.").startswith(str(expected.value))


@pytest.mark.parametrize("option", ["differentiable", "capturable"])
def test_what_is_not_supported_is_said(option):
    with pytest.raises(RuntimeError, match=f"{option}=True is not supported"):
        mytorch.optim.Adam([mytorch.nn.Parameter(mytorch.ones(1))], **{option: True})


def test_named_parameters_keep_their_names():
    ours, theirs = (t.optim.SGD(t.nn.Linear(1, 2).named_parameters()) for t in (mytorch, torch))
    assert ours.state_dict() == theirs.state_dict()
    assert repr(ours) == repr(theirs)


def test_duplicates_in_a_group_warn():
    for t in (torch, mytorch):
        p = t.nn.Parameter(t.ones(1))
        with pytest.warns(UserWarning, match="duplicate parameters"):
            t.optim.SGD([p, p])

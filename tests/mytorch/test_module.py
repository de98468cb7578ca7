"""Module does what torch's does: the same text runs on both, and results, reprs and errors are compared."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import mytorch
from mytorch import nn


def make(t):
    """Return a module with every kind of member, built from the namespace `t`."""

    class Block(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = t.nn.Linear(1, 2)
            self.scale = t.nn.Parameter(t.ones(3))
            self.register_parameter("absent", None)
            self.register_buffer("count", t.zeros(1))
            self.register_buffer("cache", t.zeros(2), persistent=False)
            self.register_buffer("steps", t.zeros(1, dtype=t.int64))
            self.inner = t.nn.Sequential(t.nn.Linear(2, 2, bias=False), t.nn.Tanh())
            self.note = "plain"

        def forward(self, x, *, factor=1):
            return self.inner(self.first(x)) * factor

        def extra_repr(self):
            return "note=plain"

    return Block()


def put(module, name, value):
    setattr(module, name, value)
    return module


def keys(module, **options):
    return list(module.state_dict(**options))


def outcome(case, t):
    """Return what a case gives on one namespace, as text that does not name the namespace."""
    try:
        result = case(t)
    except Exception as error:  # noqa: BLE001 - the class is what is compared
        # There is no nn.Buffer here.
        text = str(error).replace("torch.nn.Buffer, ", "")
        return type(error).__name__, text.replace("mytorch.", "torch.").replace("mytorch ", "torch ")
    return "returned", repr(result).replace("mytorch.", "torch.")


def computed(t):
    return t.nn.Parameter(t.ones(1)) * 2


def early(t, value):
    class Early(t.nn.Module):
        def __init__(self):
            self.member = value

    return Early()


def replaced(module, target, new, **options):
    module.set_submodule(target, new, **options)
    return module


def dtypes(module):
    return {name: tensor.dtype for name, tensor in [*module.named_parameters(), *module.named_buffers()]}


def visited(module):
    order = []
    module.apply(lambda m: order.append(type(m).__name__))
    return order


def loaded(t, assign):
    module = make(t)
    module.requires_grad_(False)
    module.load_state_dict(make(t).double().state_dict(), assign=assign)
    assert not any(p.requires_grad for p in module.parameters())
    return module


def pickled(module):
    return pickle.loads(pickle.dumps(module))  # noqa: S301 - its own bytes


def scalar(t):
    module = t.nn.Module()
    module.value = t.nn.Parameter(t.zeros(()))
    module.load_state_dict({"value": t.ones(1)})
    return module.value.item()


SAME = {
    "names of parameters": lambda t: [n for n, _ in make(t).named_parameters()],
    "names below a prefix": lambda t: [n for n, _ in make(t).named_parameters("a.b")],
    "own parameters": lambda t: [n for n, _ in make(t).named_parameters(recurse=False)],
    "names of buffers": lambda t: [n for n, _ in make(t).named_buffers()],
    "names of children": lambda t: [n for n, _ in make(t).named_children()],
    "names of modules": lambda t: [n for n, _ in make(t).named_modules(prefix="root")],
    "state_dict": lambda t: keys(make(t)),
    "state_dict with prefix": lambda t: keys(make(t), prefix="model."),
    "state_dict into": lambda t: list(make(t).state_dict(destination={"x": 1})),
    "repr": make,
    "repr of an empty module": lambda t: t.nn.Module(),
    "repr nested": lambda t: t.nn.Sequential(make(t), t.nn.ModuleList([make(t), make(t), t.nn.ReLU()])),
    "repr of a removed child": lambda t: put(make(t), "inner", None),
    "unknown attribute": lambda t: make(t).nothing,
    "absent parameter": lambda t: make(t).absent,
    "deleting": lambda t: delattr(make(t), "nothing"),
    "module for a module": lambda t: keys(put(make(t), "inner", t.nn.Linear(1, 1))),
    "number for a module": lambda t: put(make(t), "inner", 1),
    "number for a parameter": lambda t: put(make(t), "scale", 1),
    "number for a buffer": lambda t: put(make(t), "count", 1),
    "none for a parameter": lambda t: keys(put(make(t), "scale", None)),
    "none for a buffer": lambda t: keys(put(make(t), "count", None)),
    "parameter for a buffer": lambda t: keys(put(make(t), "count", t.nn.Parameter(t.ones(1)))),
    "parameter for a module": lambda t: keys(put(make(t), "inner", t.nn.Parameter(t.ones(1)))),
    "parameter for an attribute": lambda t: keys(put(make(t), "note", t.nn.Parameter(t.ones(1)))),
    "module for a parameter": lambda t: put(make(t), "scale", t.nn.ReLU()),
    "tensor for a transient buffer": lambda t: keys(put(make(t), "cache", t.ones(1))),
    "parameter without a name": lambda t: make(t).register_parameter("", None),
    "parameter with a dot": lambda t: make(t).register_parameter("a.b", None),
    "parameter with a number for a name": lambda t: make(t).register_parameter(1, None),
    "parameter with a name that is taken": lambda t: make(t).register_parameter("inner", None),
    "parameter that is none": lambda t: make(t).register_parameter("z", 1),
    "parameter that was computed": lambda t: make(t).register_parameter("z", computed(t)),
    "buffer without a name": lambda t: make(t).register_buffer("", None),
    "buffer with a dot": lambda t: make(t).register_buffer("a.b", None),
    "buffer with a number for a name": lambda t: make(t).register_buffer(1, None),
    "buffer with a name that is taken": lambda t: make(t).register_buffer("note", t.ones(1)),
    "buffer that is none": lambda t: make(t).register_buffer("z", 1),
    "module without a name": lambda t: make(t).add_module("", None),
    "module with a dot": lambda t: make(t).add_module("a.b", None),
    "module with a number for a name": lambda t: make(t).register_module(1, None),
    "module with a name that is taken": lambda t: make(t).add_module("scale", None),
    "module that is none": lambda t: make(t).add_module("z", 1),
    "module before init": lambda t: early(t, t.nn.ReLU()),
    "parameter before init": lambda t: early(t, t.nn.Parameter(t.ones(1))),
    "get_submodule": lambda t: make(t).get_submodule("inner.1"),
    "get_submodule of itself": lambda t: t.nn.ReLU().get_submodule(""),
    "get_submodule, missing": lambda t: make(t).get_submodule("inner.9.x"),
    "get_submodule, no module": lambda t: make(t).get_submodule("scale"),
    "get_parameter": lambda t: make(t).get_parameter("inner.0.weight").shape,
    "get_parameter, missing": lambda t: make(t).get_parameter("inner.0.bia"),
    "get_parameter, no parameter": lambda t: make(t).get_parameter("count"),
    "get_buffer": lambda t: make(t).get_buffer("steps"),
    "get_buffer, no buffer": lambda t: make(t).get_buffer("scale"),
    "set_submodule": lambda t: replaced(make(t), "inner.1", t.nn.Sigmoid()),
    "set_submodule, new": lambda t: replaced(make(t), "inner.2", t.nn.Sigmoid()),
    "set_submodule, without a name": lambda t: replaced(make(t), "", t.nn.Sigmoid()),
    "set_submodule, no module": lambda t: replaced(make(t), "inner", 1),
    "set_submodule, in a parameter's place": lambda t: replaced(make(t), "scale", t.nn.Sigmoid()),
    "set_submodule, strict": lambda t: replaced(make(t), "inner.2", t.nn.Sigmoid(), strict=True),
    "train": lambda t: [m.training for m in make(t).train(False).modules()],
    "train with a number": lambda t: make(t).train(1),
    "eval": lambda t: [m.training for m in make(t).eval().modules()],
    "forward of none": lambda t: t.nn.Module()(1),
    "init with arguments": lambda t: t.nn.Module(1),
    "requires_grad_": lambda t: [p.requires_grad for p in make(t).requires_grad_(False).parameters()],
    "double": lambda t: dtypes(make(t).double()),
    "half": lambda t: dtypes(make(t).half()),
    "float": lambda t: dtypes(make(t).double().float()),
    "to a dtype": lambda t: dtypes(make(t).to(t.float64)),
    "to a device and dtype": lambda t: dtypes(make(t).to("cpu", t.float64)),
    "to a tensor's dtype": lambda t: dtypes(make(t).to(t.ones(1, dtype=t.float64))),
    "to by name": lambda t: dtypes(make(t).to(dtype=t.float64, device="cpu")),
    "to an integer dtype": lambda t: make(t).to(t.int32),
    "type": lambda t: dtypes(t.nn.Linear(1, 2).type(t.float64)),
    "cpu": lambda t: dtypes(make(t).cpu()),
    "apply": lambda t: visited(make(t)),
    "dir": lambda t: {"scale", "count", "inner", "note", "first"} <= set(dir(make(t))),
    "load nothing": lambda t: make(t).load_state_dict({}),
    "load a number": lambda t: make(t).load_state_dict(1),
    "load all": lambda t: make(t).load_state_dict(make(t).state_dict()),
    "load something loosely": lambda t: make(t).load_state_dict({"scale": t.ones(3), "x.y": 1}, strict=False),
    "load wrong shapes and keys": lambda t: make(t).load_state_dict(
        make(t).state_dict() | {"scale": t.ones(3, 3), "first.bias": t.ones(1), "first.x": 1, "z.a": 1}
    ),
    "load a number for a tensor": lambda t: make(t).load_state_dict(make(t).state_dict() | {"scale": 1}),
    "load a transient buffer": lambda t: make(t).load_state_dict(make(t).state_dict() | {"cache": t.ones(2)}),
    "load another dtype": lambda t: dtypes(loaded(t, assign=False)),
    "load another dtype, assigning": lambda t: dtypes(loaded(t, assign=True)),
    "load a one-element vector into a scalar": scalar,
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case):
    expected_kind, expected = outcome(case, torch)
    got_kind, got = outcome(case, mytorch)
    assert got_kind == expected_kind, got
    # Some of our messages go on where torch's end.
    assert got == expected or (got_kind != "returned" and got.startswith(expected))


def test_shared_members_are_visited_once():
    shared = nn.Linear(1, 1)
    module = nn.Sequential(shared, shared)
    assert len(list(module.parameters())) == 2
    assert len(list(module.named_parameters(remove_duplicate=False))) == 4
    assert len(list(module.modules())) == 2
    assert len(list(module.modules(remove_duplicate=False))) == 3
    assert len(list(module.children())) == 1
    assert list(module.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_state_dicts_share_memory_and_are_detached():
    linear = nn.Linear(2, 2)
    state = linear.state_dict()
    assert type(state["weight"]) is mytorch.Tensor
    assert not state["weight"].requires_grad
    state["weight"].zero_()
    assert not linear.weight.detach().numpy().any()
    assert linear.state_dict(keep_vars=True)["weight"] is linear.weight


def test_a_torch_state_dict_loads_by_way_of_numpy_and_back():
    theirs, ours = make(torch), make(mytorch)
    ours.load_state_dict({name: mytorch.tensor(v.numpy()) for name, v in theirs.state_dict().items()})
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].numpy(), value.numpy())
    back = make(torch)
    back.load_state_dict({name: torch.tensor(v.numpy()) for name, v in ours.state_dict().items()})
    assert all(torch.equal(a, b) for a, b in zip(back.parameters(), theirs.parameters(), strict=True))


def test_loading_keeps_the_parameter_and_assigning_takes_the_tensor():
    linear, state = nn.Linear(2, 2), nn.Linear(2, 2).state_dict()
    weight = linear.weight
    linear.load_state_dict(state)
    assert linear.weight is weight
    linear.load_state_dict(state, assign=True)
    assert linear.weight is not weight
    state["weight"].zero_()
    assert not linear.weight.detach().numpy().any()


def test_a_torch_state_dict_that_is_not_converted_is_refused_with_the_way_to_do_it():
    mine = nn.Linear(3, 2)
    with pytest.raises(RuntimeError, match=r"received <class 'torch.Tensor'>; mytorch.from_numpy\(x.detach"):
        mine.load_state_dict(torch.nn.Linear(3, 2).state_dict())
    with pytest.raises(RuntimeError, match=r"received <class 'list'>(?!;)"):
        mine.load_state_dict({"weight": [1.0], "bias": mine.bias})


def test_extra_state_travels_with_the_state_dict():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    source, target = nn.Sequential(Counting()), nn.Sequential(Counting())
    source[0].count = 3
    state = source.state_dict()
    assert list(state) == ["0._extra_state"]
    target.load_state_dict(state)
    assert target[0].count == 3
    with pytest.raises(RuntimeError, match="Missing key"):
        target.load_state_dict({})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        nn.Sequential(nn.ReLU()).load_state_dict(state)


def test_keyword_arguments_reach_forward():
    module = make(mytorch)
    x = mytorch.ones(2, 1)
    np.testing.assert_array_equal(module(x, factor=3).detach().numpy(), (module(x) * 3).detach().numpy())


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    module = make(mytorch)
    module(mytorch.ones(2, 1)).sum().backward()
    before = module.first.weight.grad
    module.zero_grad(set_to_none=set_to_none)
    if set_to_none:
        assert all(p.grad is None for p in module.parameters())
    else:
        assert module.first.weight.grad is before
        assert not before.numpy().any()
        assert module.scale.grad is None


def test_conversion_keeps_the_parameter_and_converts_its_gradient():
    linear = nn.Linear(2, 2)
    weight = linear.weight
    linear(mytorch.ones(1, 2)).sum().backward()
    gradient = weight.grad
    linear.double()
    assert linear.weight is weight
    assert weight.grad is gradient
    assert weight.dtype is weight.grad.dtype is mytorch.float64
    assert weight.requires_grad
    assert weight.is_leaf


@pytest.mark.parametrize("device", ["cuda", "meta"])
def test_another_device_is_refused_even_without_parameters(device):
    with pytest.raises(AssertionError, match=device):
        nn.ReLU().to(device)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled])
def test_a_deep_copy_is_independent(duplicate):
    linear = nn.Sequential(nn.Linear(2, 2))
    linear.eval()
    linear[0].bias.requires_grad_(False)
    twin = duplicate(linear)
    assert repr(twin) == repr(linear)
    assert not twin.training
    assert isinstance(twin[0].weight, nn.Parameter)
    assert [p.requires_grad for p in twin.parameters()] == [True, False]
    with mytorch.no_grad():
        twin[0].weight.zero_()
    assert linear[0].weight.detach().numpy().any()


def test_a_deep_copy_keeps_shared_parameters_shared():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    module[1].weight = module[0].weight
    twin = copy.deepcopy(module)
    assert twin[0].weight is twin[1].weight
    assert twin[0].weight is not module[0].weight


def test_a_shallow_copy_shares_its_members():
    linear = nn.Linear(2, 2)
    twin = copy.copy(linear)
    assert twin.weight is linear.weight


def test_getattr_of_an_empty_instance_does_not_recurse():
    blank = nn.Linear.__new__(nn.Linear)
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'weight'"):
        _ = blank.weight

"""What a training script asks about devices, precision and versions, with torch's answers on a CPU."""

from __future__ import annotations

import copy
from importlib.metadata import version

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


def test_the_version_is_the_distributions():
    assert mytorch.__version__ == version("mytorch-conformance")


@BOTH
def test_the_usual_choice_of_a_device(t):
    device = t.device("cuda" if t.cuda.is_available() else "cpu")
    assert str(device) == "cpu"
    assert t.cuda.device_count() == 0
    t.cuda.manual_seed(1)
    t.cuda.manual_seed_all(1)
    t.cuda.empty_cache()
    model = t.nn.Linear(2, 3).to(device)
    x = t.randn(4, 2, device=device)
    assert model(x.to(device)).to("cpu").cpu().device == device
    assert model.to(device=device, dtype=t.float64).weight.dtype is t.float64
    assert t.nn.Linear(2, 3, device=device, dtype=t.float64).bias.dtype is t.float64


# name: what each does to a tensor
FORMS = {
    "to dtype": lambda t, x: x.to(t.float64),
    "to dtype by name": lambda t, x: x.to(dtype=t.float16),
    "to device and dtype": lambda t, x: x.to("cpu", t.float64),
    "to device, dtype, non_blocking": lambda t, x: x.to(t.device("cpu"), t.int64, True),
    "to device, non_blocking": lambda _, x: x.to("cpu", non_blocking=True),
    "to like": lambda t, x: x.to(t.zeros(1, dtype=t.int32)),
    "to copy": lambda t, x: x.to(t.float32, copy=True),
    "float": lambda _, x: x.double().float(),
    "double": lambda _, x: x.double(),
    "half": lambda _, x: x.half(),
    "long": lambda _, x: x.long(),
    "int": lambda _, x: x.int(),
    "short": lambda _, x: x.short(),
    "bool": lambda _, x: x.bool(),
    "cpu": lambda _, x: x.cpu(),
    "type": lambda t, x: x.type(t.float64),
}


@pytest.mark.parametrize("name", FORMS)
def test_conversions_of_tensors(name):
    results = []
    for t in (torch, mytorch):
        x = t.tensor([0.0, 1.5, -2.0])
        y = FORMS[name](t, x)
        results.append((y.tolist(), str(y.dtype).rpartition(".")[2], y is x))
    assert results[1] == results[0]


@BOTH
def test_conversions_of_modules(t):
    model = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU())
    for convert, dtype in (
        (model.double, t.float64),
        (model.half, t.float16),
        (model.float, t.float32),
        (lambda: model.to(t.zeros(1, dtype=t.float64)), t.float64),
        (model.cpu, t.float64),
    ):
        assert convert() is model
        assert {p.dtype for p in model.parameters()} == {dtype}
    assert not any(p.requires_grad for p in model.requires_grad_(requires_grad=False).parameters())


@BOTH
def test_manual_seed_returns_the_generator(t):
    generator = t.manual_seed(3)
    assert isinstance(generator, t.Generator)
    assert generator.initial_seed() == t.initial_seed() == 3


@BOTH
def test_deepcopy_of_tensors(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).sum().backward()
    x.register_hook(lambda grad: grad * 100)
    twin = copy.deepcopy(x)
    assert twin.requires_grad
    assert twin.grad.tolist() == [3, 3]
    with t.no_grad():
        twin.add_(1)
    twin.grad.zero_()
    assert x.tolist() == [1, 2]
    assert x.grad.tolist() == [3, 3]
    # Hooks stay behind.
    twin.sum().backward()
    assert twin.grad.tolist() == [1, 1]
    assert not copy.deepcopy(x.detach()).requires_grad
    with pytest.raises(RuntimeError, match="created explicitly by the user"):
        copy.deepcopy(x * 2)


@BOTH
def test_deepcopy_keeps_shared_what_was_shared(t):
    x = t.arange(4.0)
    one, same, view = copy.deepcopy([x, x, x[1:]])
    assert one is same
    one[1] = 9
    assert view.tolist() == [9, 2, 3]
    assert x.tolist() == [0, 1, 2, 3]


@BOTH
def test_deepcopy_of_parameters_and_modules(t):
    model = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Linear(2, 2))
    model[1].weight = model[0].weight
    model(t.ones(1, 2)).sum().backward()
    twin = copy.deepcopy(model)
    assert twin[1].weight is twin[0].weight
    assert isinstance(twin[0].weight, t.nn.Parameter)
    assert twin[0].weight.grad is None
    with t.no_grad():
        twin[0].bias.add_(1)
    assert not t.equal(twin[0].bias, model[0].bias)
    twin(t.ones(1, 2)).sum().backward()
    assert len(list(twin.parameters())) == 3

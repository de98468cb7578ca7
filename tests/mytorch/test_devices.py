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


NO_GPU = {
    "Tensor.cuda": lambda t: t.ones(2).cuda(),
    "Tensor.cuda: name": lambda t: t.ones(2).cuda("cuda:1", non_blocking=True),
    "Tensor.to": lambda t: t.ones(2).to("cuda"),
    "Tensor.to: device": lambda t: t.ones(2).to(t.device("cuda:1")),
    "creation": lambda t: t.zeros(2, device="cuda"),
    "Module.cuda": lambda t: t.nn.Linear(2, 2).cuda(),
    "Module.cuda: name": lambda t: t.nn.Linear(2, 2).cuda("cuda:1"),
    "Module.to": lambda t: t.nn.Linear(2, 2).to("cuda"),
    "layer": lambda t: t.nn.Linear(2, 2, device="cuda"),
    "cuda.current_device": lambda t: t.cuda.current_device(),
    "cuda.synchronize": lambda t: t.cuda.synchronize(),
    "cuda.get_device_name": lambda t: t.cuda.get_device_name(0),
    "cuda.get_device_capability": lambda t: t.cuda.get_device_capability(),
    "cuda.get_device_properties": lambda t: t.cuda.get_device_properties(0),
    "cuda.init": lambda t: t.cuda.init(),
    "cuda.ipc_collect": lambda t: t.cuda.ipc_collect(),
}
NO_NUMBER = {
    "device": lambda t: t.device(0),
    "Tensor.cuda": lambda t: t.ones(2).cuda(0),
    "Tensor.to": lambda t: t.ones(2).to(0),
    "Module.cuda": lambda t: t.nn.Linear(2, 2).cuda(0),
    "creation": lambda t: t.zeros(2, device=0),
}


@pytest.mark.parametrize(
    ("program", "kind"),
    [(p, AssertionError) for p in NO_GPU.values()] + [(p, RuntimeError) for p in NO_NUMBER.values()],
    ids=[*NO_GPU, *(f"number: {name}" for name in NO_NUMBER)],
)
def test_a_gpu_is_refused_with_what_to_write_instead(program, kind):
    with pytest.raises(kind):
        program(torch)
    with pytest.raises(kind, match=r"There is no GPU: use \.to\(device\) with .*mytorch\.cuda\.is_available"):
        program(mytorch)


OTHERS = {
    "Tensor.cuda: CPU": lambda t: t.ones(2).cuda("cpu"),
    "Module.cuda: nothing to move": lambda t: t.nn.ReLU().cuda(),
    "Module.cpu": lambda t: (m := t.nn.Linear(2, 2), m.cpu() is m)[1],
    "cuda.set_device: CPU": lambda t: t.cuda.set_device("cpu"),
    "cuda.set_device: none": lambda t: t.cuda.set_device(-1),
    "cuda.manual_seed: text": lambda t: t.cuda.manual_seed("a"),
    "cuda": lambda t: [
        getattr(t.cuda, name)()
        for name in (
            *("is_initialized", "is_bf16_supported", "seed", "seed_all", "memory_allocated"),
            *("max_memory_allocated", "memory_reserved", "max_memory_reserved"),
        )
    ],
}


@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
def test_other_questions_have_torchs_answers(case, same_text):
    same_text(case)


def test_what_is_no_device_is_refused(refused_alike):
    refused_alike(lambda t: t.ones(2).cuda(1.5))


def test_a_gpu_cannot_be_chosen():
    for chosen in (0, "cuda:0"):
        with pytest.raises(AssertionError, match="There is no GPU"):
            mytorch.cuda.set_device(chosen)


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

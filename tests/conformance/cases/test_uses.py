"""Each use catches a layer that is wrong in that use only, and passes the same layer without the mistake."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch

from conformance.cases import CASES
from conformance.cases._use import EVERY_USE
from conformance.cases._uses import USES, find_use
from conformance.errors import UsageError
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.torchlike import TorchLike

TEXT = {
    "nn.Linear": "class=small,regime=normal,N=3,L=2,I=4,O=5,rank=2,bias=true",
    "nn.LSTMCell": "class=small,regime=normal,N=3,I=4,H=5,bias=true,states=true",
    "add": "class=small,regime=normal,N=3,F=5,broadcast=none,operator=false",
    "clone": "class=small,regime=normal,N=5,L=3,F=6,form=function",
}
SAMPLES = {name: Sample.parse(f"{name}:seed=1,draw=0,{text}") for name, text in TEXT.items()}


def outputs_changed(condition):
    """Return what adds 1 to the outputs where a condition on the data holds."""

    def change(built, data):
        outputs = built.call(data)
        return {name: output + int(condition(data)) for name, output in outputs.items()}

    return change


class Backward(torch.autograd.Function):
    """The identity, whose backward a function changes."""

    @staticmethod
    def forward(ctx, change, value):
        ctx.change = change
        return value.clone()

    @staticmethod
    def backward(ctx, grad):
        return None, ctx.change(grad)


def gradients_changed(make):
    """Return what changes the gradient of each output by a new function for each call."""

    def change(built, data):
        return {name: Backward.apply(make(), output) for name, output in built.call(data).items()}

    return change


def once_only():
    calls = []

    def change(grad):
        calls.append(grad)
        return grad if len(calls) == 1 else grad * 0

    return change


def without_strides():
    return lambda grad: grad * 2 if 0 in grad.stride() else grad


def needs_all_parameters(built, data):
    outputs = built.call(data)
    if all(parameter.requires_grad for parameter in built.parameters.values()):
        return outputs
    return {name: output.detach().requires_grad_() for name, output in outputs.items()}


def buffer_of_one_size():
    sizes = []

    def change(built, data):
        sizes.append(len(data["input"]))
        outputs = built.call(data)
        return {name: output + int(max(sizes) > len(data["input"])) for name, output in outputs.items()}

    return change


def states_detached(built, data):
    return built.call({**data, "h0": data["h0"] if data["h0"].is_leaf else data["h0"].detach()})


def one_gradient_of_two(built, data):
    same = data["input"] is data["other"]
    return built.call({**data, "other": data["other"].detach() if same else data["other"]})


def written_to(built, data):
    outputs = built.call(data)
    data["input"].detach().numpy()[...] += 1
    return outputs


def counted(built, data):
    outputs = built.call(data)
    data["input"].detach().add_(0)
    return outputs


def a_view(built, data):
    built.call(data)
    return {"output": data["x0"].view_as(data["x0"])}


WRONG = {
    "no-grad": ("nn.Linear", lambda: outputs_changed(lambda _: not torch.is_grad_enabled())),
    "inference-mode": ("nn.Linear", lambda: outputs_changed(lambda _: torch.is_inference_mode_enabled())),
    "frozen-in-turn": ("nn.Linear", lambda: needs_all_parameters),
    "backward-twice": ("nn.Linear", lambda: gradients_changed(once_only)),
    "sum-as-loss": ("nn.Linear", lambda: gradients_changed(without_strides)),
    "other-size-between": ("nn.Linear", buffer_of_one_size),
    "fed-back": ("nn.LSTMCell", lambda: states_detached),
    "same-tensor": ("add", lambda: one_gradient_of_two),
    "strided": ("nn.Linear", lambda: outputs_changed(lambda data: not data["input"].is_contiguous())),
    "expanded": ("nn.Linear", lambda: outputs_changed(lambda data: 0 in data["input"].stride())),
    "other-thread": (
        "nn.Linear",
        lambda: outputs_changed(lambda _: threading.current_thread() is not threading.main_thread()),
    ),
    "unchanged": ("add", lambda: written_to),
    "sharing": ("clone", lambda: a_view),
    "flags": ("add", lambda: counted),
}
# Shown by subclasses of a layer in tests/conformance/judging/test_uses.py.
ELSEWHERE = {"frozen-inputs", "only-one-output", "twice"}


def verdicts(sample, change):
    """Judge torch, whose layer is called through `change`."""

    def wrap(_, built):
        return replace(built, call=lambda data: change(built, data))

    subject = TorchLike("changed", "torch", wraps={sample.case: wrap})
    with quietly_on_one_thread():
        return judge_sample(prepare(CASES[sample.case], sample, ("float32",)), subject)


@pytest.mark.parametrize("use", WRONG)
def test_a_layer_that_is_wrong_in_one_use_passes_plainly_and_fails_there(use):
    name, make = WRONG[use]
    assert {v.status for v in verdicts(SAMPLES[name], make())} == {Status.PASS}
    assert Status.FAIL in {v.status for v in verdicts(SAMPLES[name].used(use), make())}


@pytest.mark.parametrize("use", WRONG)
def test_the_same_layer_without_the_mistake_passes(use):
    name, _ = WRONG[use]
    found = verdicts(SAMPLES[name].used(use), lambda built, data: built.call(data))
    assert {v.status for v in found} == {Status.PASS}


def test_every_use_of_functions_is_shown_to_catch_something():
    from conformance.cases._function_uses import FUNCTION_USES

    assert {*WRONG, *ELSEWHERE} == {*FUNCTION_USES}


def test_the_names_of_uses_go_into_a_sample_unquoted():
    assert all(name.replace("-", "").isalpha() and use.name == name for name, use in USES.items())


def test_cases_except_only_uses_that_there_are():
    assert {use for case in CASES.values() for use in case.unused} <= {*USES, EVERY_USE}


def test_a_use_that_does_not_apply_is_refused_with_the_reason():
    case, sample = CASES["optim.SGD"], draw("optim.SGD", CASES["optim.SGD"].space, 1, 1)[0]
    with pytest.raises(UsageError, match=r"'twice' does not apply to optim.SGD here: the case trains"):
        find_use("twice", case, sample.settings)


@pytest.mark.parametrize("name", [case.name for case in CASES.values() if case.several_outputs])
def test_a_case_of_several_outputs_has_them(name):
    case = CASES[name]
    samples = draw(name, case.space, 1, case.default_samples)
    assert any(len(trace(case, sample)) > 1 for sample in samples[:12])


def trace(case, sample):
    """Return the outputs that only-one-output differentiates from."""
    found = prepare_use(case, sample, "only-one-output")
    return {name.partition("/")[0] for name in found if "+" not in name}


def prepare_use(case, sample, use):
    from conformance.subjects import pytorch
    from conformance.subjects.protocol import Task

    return pytorch.make().run(Task(case, sample.used(use), "float64"))


@pytest.mark.parametrize("affine", ["both", "none"])
def test_a_layer_over_the_batch_too_is_called_with_one_batch_size_only(affine):
    case, use = CASES["nn.LayerNorm"], USES["other-size-between"]
    settings = {**case.base, "N": 3, "affine": affine}
    found = {rank: use.why_unused(case, {**settings, "rank": rank}) for rank in (1, 2, 3)}
    assert found == {1: None, 2: None, 3: "a layer over all axes is made for one batch size"}

"""Each use of modules catches a module that is wrong in it only; which layers are modules is declared."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch

from conformance.cases import CASES
from conformance.cases._module_uses import MODULE_USES
from conformance.cases._modules import is_module
from conformance.cases.case import LayerProgram, Values
from conformance.faults import faulty, uses_of_modules
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import Task
from conformance.subjects.torchlike import TorchLike

TEXT = {
    "nn.Linear": "class=small,regime=normal,N=3,L=2,I=4,O=5,rank=2,bias=true",
    "nn.Embedding": (
        "class=small,regime=normal,N=4,L=4,F=2,places=spread,rank=2,rows=6,index=int64,padding=0,"
        "by_frequency=false,module=true"
    ),
    "nn.ModuleDict": "class=small,regime=normal,N=2,L=3,F=4,key=flat,start=1",
}
SAMPLES = {name: Sample.parse(f"{name}:seed=1,draw=0,{text}") for name, text in TEXT.items()}
FAULTS = {fault.name: fault for fault in uses_of_modules.FAULTS}
LAYERS = [name for name, case in CASES.items() if case.build and not name.startswith("models.")]


@cache
def prepared(text):
    sample = Sample.parse(text)
    return prepare(CASES[sample.case], sample, ("float32",))


def statuses(sample, subject):
    with quietly_on_one_thread():
        return {v.status for v in judge_sample(prepared(sample.text), subject)}


def chosen(fault):
    return next(sample for name, sample in SAMPLES.items() if name in fault.cases)


@pytest.mark.parametrize("name", FAULTS)
def test_a_module_that_is_wrong_in_one_use_passes_plainly_and_fails_there(name):
    fault = FAULTS[name]
    (use,) = fault.uses
    subject = faulty(fault, "torch")
    assert statuses(chosen(fault), subject) == {Status.PASS}
    assert Status.FAIL in statuses(chosen(fault).used(use), subject)


@pytest.mark.parametrize("use", MODULE_USES)
def test_the_same_module_without_the_mistake_passes(use):
    assert statuses(SAMPLES["nn.Linear"].used(use), TorchLike("torch", "torch")) == {Status.PASS}


def test_every_use_of_modules_has_a_fault():
    assert {use for fault in FAULTS.values() for use in fault.uses} == {*MODULE_USES}


@pytest.mark.parametrize("name", LAYERS)
def test_which_layers_are_modules_is_declared(name):
    case = CASES[name]
    for sample in draw(name, case.space, 1, case.default_samples):
        task = Task(case, sample, "float32")
        tensors = {key: torch.from_numpy(array) for key, array in task.inputs().items()}
        with quietly_on_one_thread():
            built = case.build(torch, Values(tensors, task.config, case.seams), task.config)
        assert is_module(case, task.config) is (built.module is not None)


@pytest.mark.parametrize(
    ("without", "use"),
    [({"module": None}, "zero-grad"), ({"again": None}, "deepcopy")],
    ids=["module", "again"],
)
def test_a_layer_that_lacks_what_a_use_needs_is_skipped(without, use):
    def build(t, x, config):
        return replace(CASES["nn.Linear"].build(t, x, config), **without)

    subject = TorchLike("lacking", "torch", {"nn.Linear": LayerProgram(build)})
    assert statuses(SAMPLES["nn.Linear"].used(use), subject) == {Status.SKIP}

"""What comes from a candidate's process is taken for what it holds, whatever it says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from conformance.checking.candidate import Candidate, Direct, RaisedError
from conformance.checking.check import loading
from conformance.subjects.wire import Foreign


class GarbageError(Exception):
    """The answer is none."""


@dataclass
class Says:
    """A transport that answers one thing."""

    header: dict
    arrays: dict = field(default_factory=dict)

    def ask(self, header, arrays):
        del header, arrays
        return self.header, self.arrays

    def garbage(self, why):
        return GarbageError(why)

    def device(self):
        return {"name": "a card\x1b[31m"}


def called(header, **arrays):
    return Candidate(Says(header, arrays)).call((), {}, set())


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        ({"dtypes": 3}, {}),
        ({"dtypes": {}}, {"output": Foreign("object")}),
        ({"dtypes": {}}, {"output": None}),
    ],
)
def test_what_is_no_answer_ends_the_process(header, arrays):
    with pytest.raises(GarbageError):
        called(header, **arrays)


@pytest.mark.parametrize("told", [None, 3, {"classes": []}, {"classes": [["builtins", "KeyError"]]}])
def test_an_exception_that_is_told_badly_is_one(told):
    with pytest.raises(RaisedError, match="it raised something, but it tells of"):
        called({"error": told})


def test_what_is_said_of_the_call_may_be_anything():
    reply = called(
        {"dtypes": {}, "others": 3, "differentiable": {"a": 1}, "devices": {1: None}, "backward": 0}
    )
    assert (reply.texts("others"), reply.names("differentiable"), reply.backward) == ({}, set(), "")
    assert reply.texts("devices") == {"1": "None"}


@pytest.mark.parametrize(
    ("array", "told", "dtype"),
    [
        (np.float16([1]), "float32", "float16"),
        (np.float32([1]), "bfloat16", "float32"),
        (np.uint16([0x3F80]), "bfloat16", "bfloat16"),
    ],
)
def test_a_dtype_is_that_of_the_array(array, told, dtype):
    reply = called({"dtypes": {"output": told}}, output=array)
    assert (reply.dtypes["output"], reply.values["output"].tolist()) == (dtype, [1.0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_types_come_back_as_they_are(dtype):
    x = torch.tensor([1.5, -2.0]).to(dtype)
    load = loading("torch:neg", (), str(dtype).removeprefix("torch."), "cpu", allow_tf32=False)
    candidate = Candidate(Direct(load))
    candidate.make()
    reply = candidate.call((x,), {"output": x}, {"grad[0]"}, after=True)
    found = {name: (reply.dtypes[name], each.tolist()) for name, each in reply.values.items()}
    name = str(dtype).removeprefix("torch.")
    assert found == {
        "output": (name, [-1.5, 2.0]),
        "grad[0]": (name, [-1.5, 2.0]),
        "after:grad[0]": (name, [1.5, -2.0]),
        "after:cotangent of output": (name, [1.5, -2.0]),
    }


def test_names_of_parameters_are_the_references():
    candidate = Candidate(Says({"dtypes": {"grad.fc": "float32"}}, {"grad.fc": np.ones(1, np.float32)}))
    candidate.names = {"linear": "fc"}
    reply = candidate.call((), {}, {"grad.linear"})
    assert ([*reply.values], reply.dtypes) == (["grad.linear"], {"grad.linear": "float32"})


def test_control_characters_are_escaped():
    assert Candidate(Says({})).device == {"name": r"a card\x1b[31m"}

"""ModuleDict against torch: what it shows, its edits, and what it refuses."""

from __future__ import annotations

import copy
from collections import OrderedDict

import pytest
import torch

import mytorch


def both(call):
    return [call(t) for t in (mytorch, torch)]


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.ModuleDict({"a": t.nn.ReLU(), "b": t.nn.Sequential(t.nn.Tanh())}),
        lambda t: t.nn.ModuleDict(),
    ],
)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    state, expected = ({k: v.tolist() for k, v in m.state_dict().items()} for m in (ours, theirs))
    assert state == expected


BAD = {
    "ModuleDict: number": lambda t: t.nn.ModuleDict(3),
    "ModuleDict: numbers": lambda t: t.nn.ModuleDict([3]),
    "ModuleDict: triples": lambda t: t.nn.ModuleDict([(1, 2, 3)]),
    "ModuleDict: no module": lambda t: t.nn.ModuleDict([("k", 3)]),
    "ModuleDict: missing": lambda t: t.nn.ModuleDict()["z"],
    "ModuleDict: taken name": lambda t: t.nn.ModuleDict({"keys": t.nn.ReLU()}),
    "ModuleDict: dotted name": lambda t: t.nn.ModuleDict({"a.b": t.nn.ReLU()}),
    "ModuleDict: forward": lambda t: t.nn.ModuleDict()(1),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_a_module_dict_is_edited_like_a_dictionary():
    def run(t):
        held = t.nn.ModuleDict(OrderedDict(b=t.nn.Tanh()))
        held["a"] = t.nn.Linear(2, 2)
        held.update([("c", t.nn.ReLU()), ("b", t.nn.Sigmoid())])
        held.update(t.nn.ModuleDict({"d": t.nn.ReLU()}))
        popped = held.pop("c")
        del held["d"]
        text = [type(popped).__name__, "a" in held, "c" in held, list(held), len(held), list(held.keys())]
        text += [
            [type(m).__name__ for m in held.values()],
            [k for k, _ in held.items()],
            list(held.state_dict()),
        ]
        copy.deepcopy(held).clear()
        return [*text, repr(held)]

    ours, theirs = both(run)
    assert ours == theirs

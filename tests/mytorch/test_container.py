"""Sequential and ModuleList against torch: what they return, show and refuse."""

from __future__ import annotations

import operator
from collections import OrderedDict

import pytest


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


SAME = {
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
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)

"""ParameterList and ParameterDict against torch: what they show, their edits, and what they refuse."""

from __future__ import annotations

import copy
from collections import OrderedDict

import pytest

LISTS = {
    "empty": lambda t: t.nn.ParameterList(),
    "tensors": lambda t: t.nn.ParameterList([t.ones(2, 3), t.nn.Parameter(t.zeros(2)), t.tensor(1.0)]),
    "one": lambda t: t.nn.ParameterList([t.ones(2)]),
    "others": lambda t: t.nn.ParameterList([t.ones(2), "text", None, 3]),
    "modules": lambda t: t.nn.ParameterList([t.nn.ReLU(), t.ones(1)]),
    "within": lambda t: t.nn.Sequential(t.nn.ParameterList([t.ones(2), t.ones(3)])),
    "text": lambda t: t.nn.ParameterList("ab"),
    "slice": lambda t: t.nn.ParameterList([t.ones(n) for n in range(5)])[1::2],
    "slice backwards": lambda t: t.nn.ParameterList([t.ones(n) for n in range(5)])[::-1],
    "+=": lambda t: t.nn.ParameterList([t.ones(1)]).__iadd__([t.ones(2)]),
    "itself": lambda t: (held := t.nn.ParameterList([t.ones(2)]), held.extend(held))[1],
    "set": lambda t: (held := t.nn.ParameterList([t.ones(2)] * 2), held.__setitem__(-1, t.ones(3)), held)[2],
    "set to None": lambda t: (held := t.nn.ParameterList([t.ones(2)]), held.__setitem__(0, None), held)[2],
    "copied": lambda t: copy.deepcopy(t.nn.ParameterList([t.ones(2), 3])),
    "converted": lambda t: t.nn.ParameterList([t.ones(2)]).double(),
    "no integer": lambda t: t.nn.ParameterList([1])["0"],
    "beyond": lambda t: t.nn.ParameterList([1])[1],
    "before": lambda t: t.nn.ParameterList()[-1],
    "a tensor": lambda t: t.nn.ParameterList(t.ones(2)),
    "a number": lambda t: t.nn.ParameterList(3),
    "integers": lambda t: t.nn.ParameterList([t.arange(2)]),
    "set to a number": lambda t: t.nn.ParameterList([t.ones(2)]).__setitem__(0, 3),
    "called": lambda t: t.nn.ParameterList()(1, x=2),
}
DICTS = {
    "empty": lambda t: t.nn.ParameterDict(),
    "sorted": lambda t: t.nn.ParameterDict({"b": t.ones(2), "a": t.nn.Parameter(t.zeros(2, 3))}),
    "ordered": lambda t: t.nn.ParameterDict(OrderedDict(b=t.ones(2), a=3)),
    "pairs": lambda t: t.nn.ParameterDict([("b", t.ones(2)), ["a", "text"]]),
    "float64": lambda t: t.nn.ParameterDict({"a": t.ones(1, dtype=t.float64), "c": t.tensor(1.0)}),
    "within": lambda t: t.nn.Sequential(t.nn.ParameterDict({"a": t.ones(2)})),
    "copy": lambda t: t.nn.ParameterDict([("b", 1), ("a", 2)]).copy(),
    "or": lambda t: t.nn.ParameterDict([("b", 1)]) | t.nn.ParameterDict([("a", 2), ("b", 3)]),
    "dictionary or": lambda t: {"b": 1} | t.nn.ParameterDict([("a", 2)]),
    "or equal": lambda t: t.nn.ParameterDict([("b", 1)]).__ior__({"a": 2}),
    "from keys": lambda t: t.nn.ParameterDict().fromkeys("ba", t.ones(2)),
    "reversed": lambda t: list(reversed(t.nn.ParameterDict([("b", 1), ("a", 2)]))),
    "get": lambda t: [t.nn.ParameterDict([("b", 1)]).get(key, 7) for key in "ab"],
    "set default": lambda t: (
        held := t.nn.ParameterDict([("b", 1)]),
        held.setdefault("b", 2),
        held.setdefault("c"),
    ),
    "pop": lambda t: (
        held := t.nn.ParameterDict([("b", 1), ("a", 2)]),
        held.pop("b"),
        len(held),
        "b" in held,
    ),
    "pop item": lambda t: (
        held := t.nn.ParameterDict([("b", 1), ("a", 2)]),
        held.popitem(),
        list(held.keys()),
    ),
    "clear": lambda t: (held := t.nn.ParameterDict({"a": t.ones(2)}), held.clear(), list(held.parameters())),
    "delete": lambda t: (
        held := t.nn.ParameterDict({"a": t.ones(2)}),
        held.__delitem__("a"),
        held.state_dict(),
    ),
    "update": lambda t: (held := t.nn.ParameterDict({"b": t.ones(2)}), held.update({"d": 1, "c": 2}), held)[
        2
    ],
    "itself": lambda t: t.nn.ParameterDict(t.nn.ParameterDict([("b", 1), ("a", 2)])),
    "items": lambda t: [
        list(t.nn.ParameterDict([("b", 1)]).items()),
        list(t.nn.ParameterDict([("b", 1)]).values()),
    ],
    "dotted value": lambda t: t.nn.ParameterDict({"a.b": 3})["a.b"],
    "dotted tensor": lambda t: t.nn.ParameterDict({"a.b": t.ones(1)}),
    "taken name": lambda t: t.nn.ParameterDict({"keys": t.ones(1)}),
    "missing": lambda t: t.nn.ParameterDict()["z"],
    "pop missing": lambda t: t.nn.ParameterDict().pop("z"),
    "pop nothing": lambda t: t.nn.ParameterDict().popitem(),
    "delete missing": lambda t: t.nn.ParameterDict().__delitem__("z"),
    "number": lambda t: t.nn.ParameterDict(3),
    "triples": lambda t: t.nn.ParameterDict([(1, 2, 3)]),
    "integers": lambda t: t.nn.ParameterDict({"a": t.arange(2)}),
    "called": lambda t: t.nn.ParameterDict()(1),
}
# torch's text has a missing space, or asks to report it.
OTHER_WORDS = {
    "numbers": lambda t: t.nn.ParameterDict([3]),
    "a number for a name": lambda t: t.nn.ParameterDict({1: 2}),
}


@pytest.mark.parametrize(
    "case", [*LISTS.values(), *DICTS.values()], ids=[*LISTS, *(f"dict: {name}" for name in DICTS)]
)
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


@pytest.mark.parametrize("bad", OTHER_WORDS.values(), ids=OTHER_WORDS)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_what_they_hold_is_trained_and_saved(same_text):
    def facts(t):
        owner = t.nn.Module()
        owner.rows = t.nn.ParameterList([t.ones(2), "text", t.nn.Parameter(t.ones(1), requires_grad=False)])
        owner.named = t.nn.ParameterDict({"b": t.ones(2), "a": t.zeros(1)})
        owner.named["c"] = owner.rows[0]
        (owner.rows[0] * owner.named["b"]).sum().backward()
        state = {key: value.tolist() for key, value in owner.state_dict().items()}
        names = [(name, p.requires_grad, p.grad is None) for name, p in owner.named_parameters()]
        owner.load_state_dict({key: value + 1 for key, value in owner.state_dict().items()})
        kinds = [type(x).__name__ for x in [*owner.rows, *owner.named.values()]]
        return (
            state,
            names,
            kinds,
            owner.named["c"].tolist(),
            [key for key in dir(owner.rows) if key[0].isdigit()],
        )

    same_text(facts)

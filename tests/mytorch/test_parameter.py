"""Parameters against torch: what they are, and what is made of them."""

from __future__ import annotations

import pytest


def types(t):
    parameter = t.nn.Parameter(t.zeros(2))
    made = [parameter * 2, parameter.detach(), parameter.data, parameter.clone(), parameter.view(2)]
    assert not any(isinstance(x, t.nn.Parameter) for x in made)
    return isinstance(parameter, t.Tensor), isinstance(parameter.requires_grad_(False), t.nn.Parameter)


SAME = {
    "parameter": lambda t: t.nn.Parameter(t.zeros(2)),
    "parameter without gradient": lambda t: t.nn.Parameter(t.zeros(2), requires_grad=False),
    "parameter of integers": lambda t: t.nn.Parameter(t.zeros(2).long()),
    "parameter of a list": lambda t: t.nn.Parameter([1.0]),
    "parameter of nothing": lambda t: t.nn.Parameter(),
    "parameter of a result": lambda t: (t.nn.Parameter(t.nn.Parameter(t.ones(1)) * 2)).is_leaf,
    "types": types,
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)

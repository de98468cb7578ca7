"""Parameters against torch: what they are, and what is made of them."""

from __future__ import annotations

import inspect
import warnings

import pytest
import torch

import mytorch
from mytorch._tensor import lacking


def with_attribute(t, name, value):
    """Set an attribute of a parameter, a new one where a namespace is given."""
    parameter = t.nn.Parameter(t.ones(2)) if hasattr(t, "nn") else t
    setattr(parameter, name, value)
    return parameter


def deleted(parameter, name):
    delattr(parameter, name)
    return parameter.grad


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
    "gradient by its other name": lambda t: with_attribute(t, "_grad", t.ones(2)).grad,
    "gradient taken away": lambda t: (
        with_attribute(with_attribute(t, "_grad", t.ones(2)), "_grad", None).grad
    ),
    "gradient of a number": lambda t: with_attribute(t, "_grad", 3),
    "gradient deleted": lambda t: deleted(with_attribute(t, "grad", t.ones(2)), "grad"),
    "gradient deleted by its other name": lambda t: deleted(with_attribute(t, "grad", t.ones(2)), "_grad"),
    "attribute of one's own": lambda t: with_attribute(t, "foo", 3).foo,
    "attribute with the name of a method": lambda t: with_attribute(t, "add", 3).add,
    "requires_grad by a number": lambda t: with_attribute(t, "requires_grad", 1),
    "requires_grad by a text": lambda t: with_attribute(t, "requires_grad", "no"),
    "requires_grad by None": lambda t: with_attribute(t, "requires_grad", None),
    "requires_grad_ by a text": lambda t: t.ones(2).requires_grad_("no"),
    "made with a text as requires_grad": lambda t: t.tensor([1.0], requires_grad="no"),
    "made with None as requires_grad": lambda t: t.ones(2, requires_grad=None),
    "integers as data": lambda t: with_attribute(t, "data", t.zeros(2).long()),
    "other data": lambda t: with_attribute(t, "data", t.zeros(3)),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


def test_every_attribute_of_torchs_is_here_or_refused():
    theirs = {name for name in dir(torch.Tensor) if not name.startswith("__")}
    data = {name for name in theirs if inspect.isdatadescriptor(inspect.getattr_static(torch.Tensor, name))}
    assert data - set(dir(mytorch.Tensor)) == set()
    assert set(lacking.NAMES) <= data


@pytest.mark.parametrize("name", ["grad_fn", "output_nr", "is_leaf", "shape", "dtype", "ndim", "_version"])
def test_what_torch_computes_cannot_be_set(name):
    for t in (torch, mytorch):
        for x in (t.ones(2), t.nn.Parameter(t.ones(2))):
            with pytest.raises(AttributeError, match=name):
                setattr(x, name, None)


class Own(mytorch.Tensor):
    """A subclass has attributes of its own."""


@pytest.mark.parametrize("kind", [mytorch.Tensor, mytorch.nn.Parameter, Own])
@pytest.mark.parametrize("name", lacking.NAMES)
def test_what_only_torch_has_is_never_a_new_attribute(name, kind):
    x = kind(mytorch.ones(2))
    words = f"'{kind.__name__}' object has no attribute '{name}': torch has it, mytorch does not"
    with pytest.raises(AttributeError, match=words):
        setattr(x, name, 1)
    with pytest.raises(AttributeError, match=words):
        getattr(x, name)
    with pytest.raises(AttributeError, match=words):
        delattr(x, name)
    assert not hasattr(kind, name)


def test_the_gradient_by_its_other_name_gives_no_warning():
    x = mytorch.ones(2, requires_grad=True) * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert x._grad is None
    with pytest.warns(UserWarning, match="not a leaf"):
        assert x.grad is None

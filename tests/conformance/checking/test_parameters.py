"""Parameters are matched by name and shape, or else by value; what does not match is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from conformance.checking.parameters import matched
from conformance.errors import UsageError

REFERENCE = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2), "gain": torch.ones(2)}


def own(**changes):
    """Return the candidate's parameters: the reference's with other names, or without some (None)."""
    values = {name: value.numpy() for name, value in REFERENCE.items()}
    for name, change in changes.items():
        value = values.pop(name)
        if isinstance(change, str):
            values[change] = value
        elif change is not None:
            values[name] = change
    return dict.fromkeys(values, "P"), values


def test_by_name_whatever_the_values_are():
    kinds, values = own(weight=np.zeros((2, 3), np.float32))
    assert matched(REFERENCE, kinds, values) == {"weight": "weight", "bias": "bias", "gain": "gain"}


def test_by_value_where_names_differ_and_by_name_among_equal_values():
    kinds, values = own(weight="w", bias="b")
    assert matched(REFERENCE, kinds, values) == {"weight": "w", "bias": "b", "gain": "gain"}


def test_buffers_are_not_parameters():
    kinds, values = own()
    with pytest.raises(UsageError, match=r"it lacks gain \(2,\) of the reference"):
        matched(REFERENCE, kinds | {"gain": "B"}, values)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"gain": None}, "it lacks gain (2,) of the reference, and has nothing instead"),
        (
            {"weight": np.zeros((3, 2))},
            "lacks weight (2, 3) of the reference, and has weight (3, 2) instead",
        ),
    ],
)
def test_other_shapes_are_named(changes, told):
    with pytest.raises(UsageError) as refused:
        matched(REFERENCE, *own(**changes))
    assert told in str(refused.value)


def test_other_values_under_other_names_are_named():
    kinds, values = own(weight="w")
    with pytest.raises(UsageError, match="none of those has the values of weight"):
        matched(REFERENCE, kinds, values | {"w": values["w"] + 1})

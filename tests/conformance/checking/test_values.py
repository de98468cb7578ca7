"""Arguments come out of a message as they went in, and tensors of each dtype bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from conformance.checking.values import as_array, numbers, packed, unpacked
from conformance.errors import UsageError

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]


def through(value):
    arrays = {}
    form = json.loads(json.dumps(packed("inputs", value, arrays)))
    return unpacked(form, arrays, lambda tensor: tensor)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0, 2), (2, 3)])
def test_tensors(dtype, shape):
    tensor = torch.randint(0, 2, shape).to(dtype)
    found = through(tensor)
    assert found.dtype == dtype
    assert torch.equal(found, tensor)


def test_everything_else_that_arguments_are_made_of():
    value = (1, 2.5, float("inf"), "text", None, True, [3, (4,)], {"key": 5, 6: [7]}, torch.float16)
    assert through(value) == value


@pytest.mark.parametrize("value", [object(), {"a": {1}}, [lambda: 0], np.float32(1)])
def test_what_cannot_be_sent_is_named(value):
    with pytest.raises(UsageError, match="inputs: expected tensors, numbers, texts"):
        packed("inputs", value, {})


def test_numbers_of_bfloat16_are_read_from_its_words():
    tensor = torch.tensor([1.0, -2.5, 3e38])
    assert np.array_equal(numbers(as_array(tensor.bfloat16()), "bfloat16"), tensor.bfloat16().float().numpy())

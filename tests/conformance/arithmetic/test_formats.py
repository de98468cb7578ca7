"""The formats of lanes, and what a program computes in by default."""

from __future__ import annotations

import pytest
import torch

from conformance.arithmetic.formats import FORMATS, precision
from conformance.errors import UsageError


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_torchs(name):
    known, stated = torch.finfo(getattr(torch, name)), FORMATS[name]
    assert stated.unit == known.eps / 2
    assert stated.largest == known.max
    # Half of the smallest float64 is no float64.
    assert stated.underflow == known.smallest_normal * known.eps / 2


@pytest.mark.parametrize("name", FORMATS)
def test_the_underflow_is_the_most_that_a_rounding_near_zero_errs(name):
    dtype, underflow = getattr(torch, name), FORMATS[name].underflow
    for share in (0.5, 1.0, 1.5):
        value = torch.tensor(share * underflow, dtype=torch.float64)
        assert (value.to(dtype).double() - value).abs() <= underflow


@pytest.mark.parametrize(
    ("given", "inside"),
    [
        (("float32",), ("float32", "float32")),
        (("float64",), ("float64", "float64")),
        (("bfloat16",), ("float32", "float32")),
        (("float16",), ("float32", "float32")),
        (("float16", "float16"), ("float16", "float16")),
        (("bfloat16", None, "bfloat16"), ("float32", "bfloat16")),
        (("float32", None, "float64"), ("float32", "float64")),
    ],
)
def test_what_operations_compute_and_add_up_in(given, inside):
    found = precision(*given)
    assert (found.compute.name, found.accumulate.name) == inside


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("float32",), "float32 rounding"),
        (("bfloat16",), "bfloat16 rounding (computed and added up in float32)"),
        (("float16", None, "float16"), "float16 rounding (computed in float32 and added up in float16)"),
    ],
)
def test_its_words(given, words):
    assert precision(*given).words == words


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("half",), "dtype: expected float32, float64, bfloat16 or float16, got half"),
        (("float16", "half"), "compute: expected float32, float64, bfloat16 or float16, got half"),
        (("float16", None, "half"), "accumulate: expected float32, float64, bfloat16 or float16, got half"),
        (("float16", "bfloat16"), "compute: expected at least the precision of float16, got bfloat16"),
        (("float64", None, "float32"), "accumulate: expected float64 for results in float64, got float32"),
    ],
)
def test_what_is_refused(given, told):
    with pytest.raises(UsageError, match=told):
        precision(*given)

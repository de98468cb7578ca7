"""finfo and iinfo against torch."""

from __future__ import annotations

import pytest
import torch

import mytorch

FLOATS = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype")
INTEGERS = ("bits", "max", "min", "dtype")


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_limits_of_floats_are_torchs(name):
    ours, theirs = (t.finfo(getattr(t, name)) for t in (mytorch, torch))
    assert [getattr(ours, each) for each in FLOATS] == [getattr(theirs, each) for each in FLOATS]
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_limits_of_integers_are_torchs(name):
    ours, theirs = (t.iinfo(getattr(t, name)) for t in (mytorch, torch))
    assert [getattr(ours, each) for each in INTEGERS] == [getattr(theirs, each) for each in INTEGERS]
    assert repr(ours) == repr(theirs)


CALLS = {
    "default": lambda t: t.finfo(),
    "Python's float": lambda t: t.finfo(float),
    "Python's integer": lambda t: t.iinfo(int),
    "by name": lambda t: t.iinfo(type=t.int8),
    "equal": lambda t: t.finfo(t.float32) == t.finfo(),
    "different": lambda t: t.finfo(t.float32) == t.finfo(t.float64),
}
BAD = {
    "floats of integers": lambda t: t.finfo(t.int32),
    "integers of floats": lambda t: t.iinfo(t.float32),
    "floats of bools": lambda t: t.finfo(t.bool),
    "integers of bools": lambda t: t.iinfo(t.bool),
    "integers of nothing": lambda t: t.iinfo(),
    "a name": lambda t: t.finfo("float32"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_answered_as_by_torch(name):
    assert repr(CALLS[name](mytorch)) == repr(CALLS[name](torch))


@pytest.mark.parametrize("name", BAD)
def test_other_dtypes_are_refused(name, refused_alike):
    refused_alike(BAD[name])

"""Optimisers that are wrong beside their steps fail in the ways that show it, and their twins pass."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from conformance.cases import CASES
from conformance.cases._ways import WAYS
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.sampling.space import BARE, draw

CASE = CASES["optim.Adam"]


@pytest.fixture
def plug_in(monkeypatch):
    """Find an implementation as a user's is found: by `module:attribute`, on the path."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: find_implementation(f"faulty.training:{name}")


@cache
def prepared():
    """Return the first sample of each way that a default run draws, where it has several elements."""
    drawn = [s for s in draw(CASE.name, CASE.space, 1, CASE.default_samples) if s.shape_class not in BARE]
    return {way: prepare(CASE, next(s for s in drawn if s.settings["way"] == way)) for way in WAYS}


# The attribute of the module: the ways that show it, and the observables that do, among others.
WRONG = {
    "resumed_cold": (
        {"resumed", "loaded"},
        {"resumed.weight.4", "resumed.form of state.weight.step", "weight.1"},
    ),
    "first_group": (
        {name for name, way in WAYS.items() if way.separate or way.late},
        {"bias.1", "loss.2", "option.1.lr"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_fails_in_the_ways_that_show_it_and_in_no_other(plug_in, name):
    subject = plug_in(name)
    failed = {
        way: {v.observable for v in judge_sample(each, subject) if v.status is Status.FAIL}
        for way, each in prepared().items()
    }
    ways, observables = WRONG[name]
    assert {way for way, found in failed.items() if found} == ways
    assert observables <= set().union(*failed.values())


@pytest.mark.parametrize("name", ["resumed_warm", "each_group"])
def test_its_correct_twin_passes(plug_in, name):
    subject = plug_in(name)
    for way, each in prepared().items():
        assert {v.status for v in judge_sample(each, subject)} == {Status.PASS}, way

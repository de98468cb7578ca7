"""The suite fails every fault at its default size, and passes the same text without one."""

from __future__ import annotations

from functools import cache

import pytest

from conformance.adapters.torchlike import TorchLike
from conformance.case import PROGRAM
from conformance.cases import CASES
from conformance.draw import draw
from conformance.faults import FAULTS, faulty
from conformance.suite import judge_sample, prepare
from conformance.verdict import Status

SEED = 1


@cache
def prepared(case: str):
    """Prepare a case's default samples once for all faults, each when it is first needed."""
    samples = draw(case, CASES[case].space, SEED, CASES[case].default_samples)
    return [cache(lambda sample=sample: prepare(CASES[case], sample)) for sample in samples]


def first_failure(case: str, subject):
    for sample in prepared(case):
        for verdict in judge_sample(sample(), subject):
            if verdict.status is not Status.PASS:
                return verdict
    return None


@pytest.mark.parametrize("name", FAULTS)
def test_the_default_samples_catch_it_in_every_case_it_applies_to(name):
    fault = FAULTS[name]
    for case in fault.cases:
        verdict = first_failure(case, faulty(fault))
        assert verdict is not None, f"{name} survives in {case}"
        assert verdict.status is Status.FAIL, verdict.reason
        assert verdict.headroom is None or verdict.headroom < 1


@pytest.mark.parametrize("case", sorted({case for fault in FAULTS.values() for case in fault.cases}))
def test_the_same_text_without_a_fault_passes(case):
    # Otherwise a fault would be caught for the text's sake, and its test would show nothing.
    unchanged = TorchLike("unchanged", "mytorch", seams={case: {}})
    assert first_failure(case, unchanged) is None


def test_every_seam_that_a_fault_names_is_one_of_its_cases():
    for fault in FAULTS.values():
        for case in fault.cases:
            assert set(fault.seams) <= {PROGRAM, *CASES[case].seams}, fault.name


def test_the_faults_that_are_asked_for_are_there():
    families = {fault.family for fault in FAULTS.values()}
    assert families >= {"gate order", "bias", "transposed", "states", "state update", "backward", "precision"}
    assert sum(fault.family == "gate order" for fault in FAULTS.values()) == 23 + 5

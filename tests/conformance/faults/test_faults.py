"""Every fault runs on any namespace, and changes what its story describes.

That each is caught is shown by the self-test.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from conformance.cases import CASES, initial_parameters
from conformance.faults import FAMILIES, FAULTS, every_case, faulty
from conformance.faults.equivalents import EQUIVALENTS
from conformance.sampling.space import draw
from conformance.subjects.protocol import LANES, Task
from conformance.subjects.torchlike import TorchLike

SEED = 1


@cache
def small(case):
    """Return one task of few elements."""
    drawn = draw(case, CASES[case].space, SEED, CASES[case].default_samples)
    return Task(CASES[case], next((s for s in drawn if s.shape_class == "small"), drawn[0]), "float64")


@cache
def right(case, module):
    """Return the names of what a correct text traces."""
    with np.errstate(all="ignore"):
        return frozenset(TorchLike("right", module).run(small(case)))


def without_what_training_keeps(names):
    """Return the names without losses, states and options: a fault of training may have others, or none."""
    kept = {"loss", "state", "option"}
    return {name for name in names if not kept & set(name.replace(".", " ").split())}


@pytest.fixture
def few_layers(monkeypatch):
    """Let the cases of initial parameters make few layers: their laws need hundreds, their names do not."""
    monkeypatch.setattr(initial_parameters, "DRAWS", 2000)


@pytest.mark.usefixtures("few_layers")
@pytest.mark.parametrize("module", ["mytorch", "torch"])
@pytest.mark.parametrize("name", FAULTS)
def test_its_text_runs_on_any_namespace_with_torchs_names(name, module):
    for case in FAULTS[name].cases:
        with np.errstate(all="ignore"):
            trace = faulty(FAULTS[name], module).run(small(case))
        expected = right(case, module)
        if FAULTS[name].family == "training":
            trace, expected = without_what_training_keeps(trace), without_what_training_keeps(expected)
        assert set(trace) <= expected, case
        assert {key for key in expected if not key.startswith("grad.")} <= set(trace), case


@pytest.mark.parametrize(("name", "case"), EQUIVALENTS)
def test_what_is_said_to_be_equivalent_changes_no_bit(name, case):
    for sample in draw(case, CASES[case].space, SEED, CASES[case].default_samples):
        for lane in LANES:
            task = Task(CASES[case], sample, lane)
            right, wrong = TorchLike("right", "mytorch").run(task), faulty(FAULTS[name]).run(task)
            assert {key: array.tobytes() for key, array in wrong.items()} == {
                key: array.tobytes() for key, array in right.items()
            }


def results(case):
    """Return the outputs and the gradients of a case's samples, apart."""
    for sample in draw(case, CASES[case].space, SEED, CASES[case].default_samples):
        with np.errstate(all="ignore"):
            trace = TorchLike("right", "mytorch").run(Task(CASES[case], sample, "float64"))
        gradients = [array for key, array in trace.items() if key.startswith("grad.")]
        yield [array for key, array in trace.items() if not key.startswith("grad.")], gradients


@pytest.mark.parametrize("case", [*every_case.WHOLE, *every_case.BIT_PATTERNS])
def test_what_is_said_to_be_whole_has_no_fraction_and_no_gradient(case):
    for outputs, gradients in results(case):
        assert all((array[np.isfinite(array)] % 1 == 0).all() for array in outputs)
        assert gradients == []


@pytest.mark.parametrize("case", every_case.STEPS)
def test_what_is_said_to_be_a_step_is_whole_and_has_no_slope(case):
    for outputs, gradients in results(case):
        assert all((array[np.isfinite(array)] % 1 == 0).all() for array in outputs)
        assert all((array == 0).all() for array in gradients)


@pytest.mark.parametrize("case", every_case.CONSTANT)
def test_what_is_said_to_be_constant_has_few_digits_and_no_gradient(case):
    for outputs, gradients in results(case):
        assert all((np.frexp(array)[0] * 2**8 % 1 == 0).all() for array in outputs)
        assert gradients == []


def test_every_fault_replaces_seams_of_its_cases_or_stands_around_them_or_their_layers():
    for fault in FAULTS.values():
        assert fault.seams or fault.around or (fault.wrap and fault.uses), fault.name
        for case in fault.cases:
            assert set(fault.seams) <= set(CASES[case].seams), fault.name


def test_the_faults_that_are_asked_for_are_there():
    families = {fault.family for fault in FAULTS.values()}
    assert families >= {"gate order", "bias", "weights", "states", "state update", "backward", "precision"}
    assert sum(fault.family == "gate order" for fault in FAULTS.values()) == 23 + 5


def test_every_fault_has_a_name_and_a_story_of_its_own():
    names = [fault.name for family in FAMILIES for fault in family.FAULTS]
    assert len(names) == len(set(names)) == len(FAULTS)
    for fault in FAULTS.values():
        assert fault.story
        assert fault.cases, fault.name
        assert len(set(fault.cases)) == len(fault.cases), fault.name

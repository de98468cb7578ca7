"""Diagnosing a failure: what is tried, and what is said where no fault is named."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.diagnosis.diagnosis import Diagnosis, Named
from conformance.errors import UsageError
from conformance.faults import FAULTS, faulty
from conformance.running.diagnose import diagnose
from conformance.subjects import pytorch
from conformance.subjects.functional import Functional
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike


class Changed(TorchLike):
    """The reference with every answer changed."""

    def __init__(self, change):
        super().__init__("changed", "torch", pytorch.PROGRAMS, supports=Supports(uses=(), bad_calls=False))
        self._change = change

    def run(self, task):
        found = super().run(task)
        return {name: self._change(array) for name, array in found.items()}


def line(subject, case, samples=8):
    (found, *_) = diagnose(subject, case, samples, in_process=True).diagnosis.lines
    return found


def test_another_mistake_is_not_named():
    def doubled_where_positive(array):
        return np.where(array > 0, 2 * array, array)

    told = line(Changed(doubled_where_positive), "nn.RNNCell")
    assert told.startswith("none of ")
    assert told.endswith(" known faults behaves like this subject")


def test_a_fault_of_the_forward_is_named_where_the_gradients_are_those_of_another():
    class Half(Changed):
        """The gates are exchanged forward, and the gradients are the right ones."""

        def run(self, task):
            wrong = faulty(FAULTS["gates-figo"], "torch").run(task)
            return super().run(task) | {name: a for name, a in wrong.items() if not name.startswith("grad.")}

    told = line(Half(lambda array: array), "nn.LSTMCell")
    assert told == (
        "gates are ordered f, i, g, o; torch's order is i, f, g, o (gates-figo), by its outputs; its "
        "gradients differ otherwise"
    )


def test_a_coarser_arithmetic_is_less_accurate():
    def rounded(array):
        return array.astype(np.float16).astype(array.dtype)

    told = line(Changed(rounded), "nn.GRUCell", 4)
    assert told.startswith("less accurate: the same function to the accuracy of float16")


def test_an_error_of_some_percent_is_not_taken_for_a_coarser_arithmetic():
    told = line(Changed(lambda array: array * 1.03), "nn.GRUCell", 4)
    assert told.startswith("none of ")


def test_a_wrong_dtype_is_not_taken_for_a_fault():
    def wide(array):
        return array.astype(np.float64)

    assert line(Changed(wide), "tanh", 4) == "not sought: the numbers agree, and only their form is wrong"


def test_an_exception_is_not_taken_for_a_fault():
    def broken(array):
        raise ValueError(array.shape)

    assert line(Changed(broken), "tanh", 4).startswith("not sought: the subject raises an exception")


def test_two_mistakes_in_different_samples_are_told_as_some():
    wrong, other = faulty(FAULTS["gru-no-reset"], "torch"), Changed(lambda array: array + 1)
    subject = Changed(None)
    subject.run = lambda task: (wrong if task.config["bias"] else other).run(task)
    told = line(subject, "nn.GRUCell", 12)
    assert told.startswith("has no reset gate (gru-no-reset)")
    assert " failing samples, the others differ otherwise" in told


def test_a_fault_that_would_change_a_passing_sample_is_not_named():
    wrong = faulty(FAULTS["gru-no-reset"], "torch")
    right = pytorch.make()
    subject = Changed(None)
    # The mistake depends on the batch, as no fault does.
    subject.run = lambda task: (wrong if task.config["N"] == 3 else right).run(task)
    assert line(subject, "nn.GRUCell", 16).startswith("none of ")


def test_another_convention_where_there_are_no_elements_hides_no_fault():
    class Own(Changed):
        """Kept variances are biased, and those of no elements are nan."""

        def run(self, task):
            found = faulty(FAULTS["batch-norm-running-var-biased"], "torch").run(task)
            if task.sample.shape_class != "empty":
                return found
            return {name: a * np.nan if name.endswith("running_var") else a for name, a in found.items()}

    assert line(Own(lambda array: array), "nn.BatchNorm1d", 40).endswith("(batch-norm-running-var-biased)")


def test_faults_of_a_use_are_tried_where_only_that_use_fails():
    fault = next(fault for fault in FAULTS.values() if "nn.Linear" in fault.cases and fault.uses)
    found = diagnose(faulty(fault), "nn.Linear", in_process=True).diagnosis
    assert fault.name in [named.fault for named in found.named]
    assert all(f"use={fault.uses[0]}" in text for text in found.samples)


def test_gradients_that_are_missing_are_explained():
    fault = FAULTS["torch-initial-state-detached"]
    found = diagnose(faulty(fault), "nn.RNNCell", 8).diagnosis
    assert fault.name in [named.fault for named in found.named]


def test_random_draws_are_not_diagnosed():
    told = line(Changed(lambda array: array * 2), "rand", 4)
    assert told == "not sought: the results are drawn at random"


def test_nothing_is_said_of_a_right_subject():
    found = diagnose("torch", "nn.GRUCell", 4)
    assert found.diagnosis == Diagnosis("nn.GRUCell")
    assert found.diagnosis.lines == ()


def test_a_case_outside_the_limits_is_refused():
    subject = Functional("mine", lambda *_: {}, Supports(cases=["tanh"]))
    with pytest.raises(UsageError, match="does not support it"):
        diagnose(subject, "sigmoid", in_process=True)


def test_ties_are_listed_and_counted():
    named = tuple(Named(f"fault-{k}", f"mistake {k}") for k in range(5))
    (told,) = Diagnosis("tanh", samples=("one",), named=named, explained=1, tried=9).lines
    assert told == "mistake 0 (fault-0), or mistake 1 (fault-1), or mistake 2 (fault-2), or 2 more"


def test_the_record_has_the_lines():
    found = Diagnosis("tanh", samples=("one",), named=(Named("a", "A"),), explained=1, localised="begins")
    assert found.to_json()["named"] == [{"fault": "a", "says": "A", "accuracy": False}]
    assert found.to_json()["lines"] == ["A (a)", "begins"]

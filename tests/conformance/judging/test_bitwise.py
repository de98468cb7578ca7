"""Bitwise relations: each is broken by a subject that breaks no other, and the counts are right."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cases._batched import PROGRAMS, Batched
from conformance.judging.bitwise import ENDED, measure, ulps
from conformance.judging.relations import RELATIONS
from conformance.registry import find_implementation
from conformance.subjects.protocol import Ended, Task

# Eight rows of eight steps.
MINE = Batched(
    "mine",
    "softmax",
    {"N": 8, "L": 8, "F": 5},
    rows={"input": 0, "output": 0},
    steps={"input": 1, "output": 1},
)


class Subject:
    """Computes exp of each element, and its gradient: no element depends on another."""

    name = "mine"

    def __init__(self, wrong=lambda _x, _calls: False, part="output"):
        self.wrong, self.part, self.calls = wrong, part, 0

    def unsupported(self, task):
        del task

    def run(self, task):
        self.calls += 1
        x = task.inputs()["input"]
        # The settings are those of what is given.
        assert x.shape == tuple(task.config[name] for name in "NLF")
        y = np.exp(x)
        found = {"output": y, "grad.input": task.cotangent("output", y.shape) * y}
        if self.wrong(x, self.calls):
            found[self.part] = np.nextafter(found[self.part], np.float32(np.inf))
        return found


def differing(found):
    assert all(each.elements for each in found), found
    return {(each.relation, each.part) for each in found if not each.equal}


def test_a_subject_whose_elements_are_alone_has_equal_bits_in_every_relation():
    found = measure(MINE, Subject(), Subject(), 1, "float32")
    assert differing(found) == set()
    assert [each.relation for each in found] == [name for name in RELATIONS for _ in range(2)]
    assert {each.elements for each in found} == {8 * 8 * 5}


def _first_rows():
    case = CASES[MINE.case]
    return Task(case, MINE.sample(case, 1), "float32").inputs()["input"][:, 0, 0]


WRONG = {
    "repeat": lambda _x, calls: calls == 2,
    # In the other order the second row is the first.
    "permute": lambda x, _calls: len(x) == 8 and x[0, 0, 0] == _first_rows()[1],
    "rows": lambda x, _calls: len(x) == 1,
    "pad-rows": lambda x, _calls: len(x) > 8,
    "pad-steps": lambda x, _calls: x.shape[1] > 8,
}


@pytest.mark.parametrize("part", ["output", "grad.input"])
@pytest.mark.parametrize("relation", WRONG)
def test_a_subject_that_breaks_one_relation_differs_in_that_one_only(relation, part):
    found = measure(MINE, Subject(WRONG[relation], part), Subject(), 1, "float32")
    where = "forward" if part == "output" else "gradient"
    assert differing(found) == {(relation, where)}
    (broken,) = [each for each in found if not each.equal]
    assert (broken.max_ulp, broken.differing) == (1, 8 * 8 * 5)
    # One ULP is two roundings of the smallest number of a binade, and one of the largest.
    assert 0.5 < broken.error_in_u <= 2


def test_a_subject_that_differs_with_two_threads_differs_in_that_only():
    wrong = Subject(lambda _x, _calls: True)
    assert differing(measure(MINE, Subject(), wrong, 1, "float32")) == {("threads", "forward")}


def test_without_a_second_process_it_says_why():
    found = measure(MINE, Subject(), "one core", 1, "float32")
    assert [(each.relation, each.reason) for each in found if each.reason] == [("threads", "one core")]


def test_what_a_subject_raises_is_the_reason_and_the_other_relations_are_measured():
    def wrong(x, _calls):
        if len(x) == 1:
            raise ValueError("a batch of one")
        return False

    found = measure(MINE, Subject(wrong), Subject(), 1, "float32")
    (unmeasured,) = [each for each in found if not each.elements]
    assert (unmeasured.relation, unmeasured.reason) == ("rows", "ValueError: a batch of one")


def test_after_the_subjects_process_has_ended_nothing_more_is_run():
    class Ending(Subject):
        deaths = 0

        def run(self, task):
            if self.calls == 2:
                self.deaths += 1
                raise Ended("the subject's process was killed by SIGKILL")
            return super().run(task)

    subject = Ending()
    reasons = {each.relation: each.reason for each in measure(MINE, subject, Subject(), 1, "float32")}
    assert reasons.pop("repeat") == ""
    assert reasons.pop("permute") == "the subject's process was killed by SIGKILL"
    assert set(reasons.values()) == {ENDED}
    assert subject.calls == 2


WRONG_FORMS = {
    "names": (lambda found: found.pop("grad.input"), "it returns ['output'] there"),
    "shapes": (lambda found: found.update(output=found["output"][0]), "output is ('<f4', (8, 5)) there"),
    "dtypes": (lambda found: found.update(output=found["output"].astype(np.float64)), "('<f8', (8, 8, 5))"),
    "types": (lambda found: found.update(output="text"), "expected an array"),
}


@pytest.mark.parametrize("what", WRONG_FORMS)
def test_other_names_shapes_and_dtypes_are_no_bits_to_compare(what):
    change, told = WRONG_FORMS[what]

    class Other(Subject):
        def run(self, task):
            found = super().run(task)
            if self.calls == 2:
                change(found)
            return found

    repeat = measure(MINE, Other(), Subject(), 1, "float32")[0]
    assert (repeat.relation, repeat.elements) == ("repeat", 0)
    assert told in repeat.reason


def test_a_subject_that_does_not_run_it_says_so_in_every_relation():
    class Without(Subject):
        def unsupported(self, task):
            del task
            return "no softmax"

    found = measure(MINE, Without(), Subject(), 1, "float32")
    assert [(each.relation, each.reason) for each in found] == [(name, "no softmax") for name in RELATIONS]


ULPS = {
    "equal": ([1.0, 2.0], [1.0, 2.0], (0, 0)),
    "a neighbour": ([1.0, 2.0], [1.0, np.nextafter(np.float32(2), np.float32(3))], (1, 1)),
    # Above 2 numbers lie twice as far apart as below.
    "across a power of two": ([2 - 2.0**-23], [2 + 2.0**-22], (1, 2)),
    "across zero": ([2.0**-149], [-(2.0**-149)], (1, 2)),
    "signs of zeros": ([0.0], [-0.0], (1, 0)),
    "all floats": ([-np.inf], [np.inf], (1, 2 * 0x7F800000)),
    "two NaNs": ([np.nan], [-np.nan], (0, 0)),
    "a NaN and a number": ([np.nan, 1.0], [1.0, 2.0], (2, None)),
    "nothing": ([], [], (0, 0)),
}


@pytest.mark.parametrize("what", ULPS)
def test_distances_are_those_computed_by_hand(what):
    a, b, expected = ULPS[what]
    assert ulps(np.float32(a), np.float32(b)) == expected
    assert ulps(np.float32(b), np.float32(a)) == expected


def test_distances_of_float64_are_whole_numbers_beyond_64_signed_bits():
    assert ulps(np.array([-np.inf]), np.array([np.inf])) == (1, 2 * 0x7FF0000000000000)


@pytest.fixture(scope="module")
def of_mytorch():
    subject = find_implementation("mytorch")
    return [each for program in PROGRAMS for each in measure(program, subject, "", 1, "float32")]


def test_every_program_is_run_in_every_relation_that_can_be_asked_of_it(of_mytorch):
    assert {each.relation for each in of_mytorch if not each.elements} == {"threads"}
    asked = {(each.program, each.relation) for each in of_mytorch}
    rowless = {"nn.Embedding"}
    stepped = {"nn.LSTM", "nn.GRU", "nn.RNN", "models.LSTM", "nn.functional.scaled_dot_product_attention"}
    names = {program.name for program in PROGRAMS}
    assert len(names) == len(PROGRAMS)
    for relation in RELATIONS:
        expected = names - rowless if relation in {"permute", "rows", "pad-rows"} else names
        expected = stepped if relation == "pad-steps" else expected
        assert {program for program, name in asked if name == relation} == expected


def test_relations_differ_by_rounding_only(of_mytorch):
    """Two calls that were not equal mathematically would be thousands of roundings apart."""
    assert max(each.error_in_u for each in of_mytorch if each.elements) < 64
    assert all(each.equal for each in of_mytorch if each.relation == "repeat")

"""Every operation that the program of a case calls has a rule, which says how it rounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance import cases
from conformance.arithmetic import rules
from conformance.arithmetic.mode import Arithmetic
from conformance.cases import metamorphic
from conformance.cases.case import Case
from conformance.errors import NoiseError
from conformance.sampling.space import Space, draw
from conformance.sampling.values import Input
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task

# Relations call the layers of other cases; no noise is added to random draws.
FAMILY_OF = {
    case.name: family.__name__.rpartition(".")[2]
    for family in cases.FAMILIES
    if family is not metamorphic
    for case in family.CASES
    if not case.distribution
}


def without_a_rule(case):
    """Return the operation that has no rule among those of a case's first sample, if there is one."""
    (sample,) = draw(case.name, case.space, seed=1, count=1)
    task = Task(case, sample, "float64", carrier="float32")
    try:
        with np.errstate(all="ignore"), Arithmetic() as mode, mode.escapes():
            pytorch.make().observables(task)
    except NoiseError as error:
        return error.operation
    return None


def rules_file(family):
    """Name the file of rules for a family of cases; several share a file that has another name."""
    name = f"{family}.py"
    return rules.FOLDER + (name if (Path(rules.__path__[0]) / name).exists() else "FAMILY.py")


@pytest.mark.parametrize("name", FAMILY_OF)
def test_every_operation_of_a_case_has_a_rule(name):
    operation = without_a_rule(cases.CASES[name])
    assert operation is None, f"{operation} has no rule: add one to {rules_file(FAMILY_OF[name])}"


def test_an_operation_without_a_rule_is_named():
    case = Case(
        name="cbrt",
        space=Space({"N": "batch"}),
        inputs=lambda config: {"input": Input((config["N"],))},
        program=lambda t, x: {"output": t.ops.prims.cbrt(x["input"])},
    )
    assert without_a_rule(case) == "cbrt"


def test_a_file_of_rules_is_named():
    assert rules_file("elementary") == "conformance/arithmetic/rules/elementary.py"
    assert rules_file("recurrent") == "conformance/arithmetic/rules/FAMILY.py"

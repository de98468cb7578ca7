"""The families of cases and of faults are found, and a row makes the case that it describes."""

from __future__ import annotations

from pathlib import Path

import pytest

import mytorch.functions
from conformance import cases, faults
from conformance.cases import CASES, find_cases
from conformance.cases._table import row
from conformance.cases.case import BadCall, Values
from conformance.errors import UsageError
from conformance.faults import FAULTS


def names(families):
    return [family.__name__.rpartition(".")[2] for family in families]


@pytest.mark.parametrize(
    ("package", "others"), [(cases, {"case"}), (faults, {"fault", "equivalents"})], ids=["cases", "faults"]
)
def test_every_module_without_an_underscore_is_a_family(package, others):
    found = {path.stem for path in Path(package.__path__[0]).glob("[!_]*.py")}
    assert names(package.FAMILIES) == sorted(found - others)


def test_each_family_of_functions_has_its_cases_under_the_same_name():
    functions = {path.stem for path in Path(mytorch.functions.__path__[0]).glob("[!_]*.py")}
    assert functions - set(names(cases.FAMILIES)) == set()


def test_no_two_families_have_a_case_of_one_name():
    assert len(CASES) == sum(len(family.CASES) for family in cases.FAMILIES)
    assert len(FAULTS) == sum(len(family.FAULTS) for family in faults.FAMILIES)


def test_the_order_is_that_of_the_families_and_of_their_files():
    assert list(CASES) == [case.name for family in cases.FAMILIES for case in family.CASES]


def test_a_case_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(UsageError, match=r"unknown case 'sigmiod'. Did you mean sigmoid"):
        find_cases(["sigmiod"])


def called(case, bad_call=None):
    return case.program(None, Values({"x0": 3}, {"form": "double"}, {}, bad_call))["output"]


def test_a_row_calls_its_form_or_what_the_bad_call_calls():
    case = row("f", "F", {"double": lambda _, a: 2 * a}, {"wrong": (lambda _, a: -a, ("-",))})
    (bad,) = case.bad_calls
    assert (bad.label, bad.mentions, bad.config) == ("wrong", ("-",), {})
    assert (called(case), called(case, bad)) == (6, -3)


def test_a_good_call_has_neither_options_nor_a_call():
    x = Values({}, {}, {})
    assert (x.options, x.call) == ({}, None)
    bad = Values({}, {}, {}, BadCall("no size", ("size",), options={"size": -1}, call=abs))
    assert (bad.options, bad.call) == ({"size": -1}, abs)

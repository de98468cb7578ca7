"""A verdict is the same after writing it as JSON and reading it back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from math import inf, isnan, nan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.judging.profile import Profile
from conformance.judging.verdict import Status, Verdict

PLAIN = Verdict(
    case="add",
    sample="add:seed=1,draw=0,class=small,regime=normal,N=2",
    check="forward",
    lane="float32",
    observable="output",
    status=Status.FAIL,
    elements=6,
    max_error=0.5,
    tolerance=0.25,
    headroom=0.5,
    max_ulp=3.0,
    error_in_u=2.0,
    reference_error=0.0,
    worst_index=[0, 1],
    expected=1.0,
    got=1.5,
    profile=Profile("step", ["0", "1-2"], [0.5, inf]),
    reason="1 of 6 elements differ by more than rounding explains",
    shape_class="small",
    regime="normal",
)
BARE = Verdict("add", "add:…", "errors", None, None, Status.SKIP)

NUMBERS = [
    "max_error",
    "tolerance",
    "headroom",
    "max_ulp",
    "error_in_u",
    "reference_error",
    "expected",
    "got",
]


def _through_json(verdict):
    return Verdict.from_json(json.loads(json.dumps(verdict.to_json(), allow_nan=False)))


@pytest.mark.parametrize("verdict", [PLAIN, BARE], ids=["full", "bare"])
def test_json_gives_the_verdict_back(verdict):
    assert _through_json(verdict) == verdict


@pytest.mark.parametrize("verdict", [PLAIN, BARE], ids=["full", "bare"])
def test_every_field_is_in_the_json(verdict):
    assert list(verdict.to_json()) == [field.name for field in fields(Verdict)]


def test_infinities_in_a_profile_are_words_too():
    assert PLAIN.to_json()["profile"] == {"axis": "step", "labels": ["0", "1-2"], "ratios": [0.5, "inf"]}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(("number", "word"), [(inf, "inf"), (-inf, "-inf")])
def test_infinities_are_words(name, number, word):
    verdict = replace(PLAIN, **{name: number})
    assert verdict.to_json()[name] == word
    assert _through_json(verdict) == verdict


@pytest.mark.parametrize("name", NUMBERS)
def test_nan_is_a_word(name):
    verdict = replace(PLAIN, **{name: nan})
    assert verdict.to_json()[name] == "nan"
    assert isnan(getattr(_through_json(verdict), name))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NUMBERS), st.none() | st.floats(allow_nan=False)))
def test_numbers_survive_to_the_last_bit(numbers):
    verdict = replace(PLAIN, **numbers)
    assert _through_json(verdict) == verdict


@pytest.mark.parametrize("status", Status)
def test_every_status_is_its_own_word(status):
    assert replace(PLAIN, status=status).to_json()["status"] == status.name


@pytest.mark.parametrize(
    ("status", "passed"),
    [
        (Status.PASS, True),
        (Status.EXCUSED, True),
        (Status.SKIP, True),
        (Status.FAIL, False),
        (Status.ERROR, False),
        (Status.EMPTY, False),
    ],
)
def test_nothing_is_to_be_done_about_what_passed(status, passed):
    assert replace(PLAIN, status=status).passed == passed


def test_an_unknown_field_is_refused():
    with pytest.raises(TypeError, match="colour"):
        Verdict.from_json(PLAIN.to_json() | {"colour": "red"})


@pytest.mark.parametrize("name", list(PLAIN.to_json()))
def test_a_missing_field_is_refused(name):
    data = PLAIN.to_json()
    del data[name]
    with pytest.raises(TypeError, match=name):
        Verdict.from_json(data)


def test_an_unknown_status_is_refused():
    with pytest.raises(ValueError, match="MAYBE"):
        Verdict.from_json(PLAIN.to_json() | {"status": "MAYBE"})

"""What a subject may declare, and what is refused with the argument, what was expected and what came."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from conformance import Excuse, TorchLike, UsageError
from conformance.subjects.declarations import Declarations, declared

GOOD = {"case": "relu", "observable": "grad.*", "reason": "another slope", "link": "https://example.org/1"}
EXCUSE = Excuse(**GOOD)

# What is given beside GOOD, and the message.
REFUSED = {
    "no reason": ({"reason": ""}, r"reason: expected a line of text, got ''"),
    "a blank reason": ({"reason": "  "}, r"reason: expected a line of text, got '  '"),
    "a reason in two lines": ({"reason": "a\nb"}, r"reason: expected a line of text, got 'a\\nb'"),
    "a reason that is no text": ({"reason": True}, "reason: expected a line of text, got True"),
    "no link": ({"link": ""}, r"link: expected a line of text, got ''"),
    "no case": ({"case": ""}, r"case: expected a line of text, got ''"),
    "no observable": ({"observable": None}, "observable: expected a line of text, got None"),
    "an unknown regime": ({"regime": "infinite"}, "regime: expected one of normal, .*, got 'infinite'"),
    "an unknown lane": ({"lane": "double"}, "lane: expected one of float64, float32.*, got 'double'"),
    "an unknown use": ({"use": "sideways"}, "use: expected one of no-grad, .*, got 'sideways'"),
    "everything": ({"case": "*", "observable": "*"}, "some cases or some observables, got all of both"),
    "everything in a regime": (
        {"case": "*", "observable": "*", "regime": "nonfinite"},
        "some cases or some observables, got all of both",
    ),
    "everything in other words": ({"case": "?*", "observable": "**"}, "got all of both"),
    "everything but nothing": ({"case": "[!~]*", "observable": "[!~]*"}, "got all of both"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED)
def test_an_excuse_that_excuses_nothing_or_everything_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        Excuse(**{**GOOD, **given})


@pytest.mark.parametrize("name", ["reason", "link", "case", "observable"])
def test_what_is_left_out_is_named(name):
    with pytest.raises(UsageError, match=f"{name}: expected a line of text, got ''"):
        Excuse(**{key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("given", [{"case": "*"}, {"observable": "*"}, {"case": "nn.*", "observable": "*"}])
def test_much_may_be_excused(given):
    assert str(Excuse(**{**GOOD, **given}))


def test_an_excuse_is_written_as_it_is_declared():
    assert str(EXCUSE) == "Excuse(case='relu', observable='grad.*')"
    assert str(Excuse(**GOOD, lane="float32")) == "Excuse(case='relu', observable='grad.*', lane='float32')"


def test_a_subject_that_declares_nothing():
    assert declared(SimpleNamespace()) == declared(TorchLike("t", "torch")) == Declarations()


def test_what_a_subject_declares():
    stated = Declarations((EXCUSE,), "absolute", "own")
    given = {"excuses": [EXCUSE], "accuracy": "absolute", "nan_conventions": "own"}
    assert declared(SimpleNamespace(**given)) == stated
    assert declared(TorchLike("t", "torch", **given)) == stated
    assert declared(type("Mine", (TorchLike,), given)("t", "torch")) == stated


def test_declarations_cross_to_another_process_as_json():
    stated = Declarations((EXCUSE, Excuse(**GOOD, use="twice")), "absolute", "own")
    assert declared(SimpleNamespace(**json.loads(json.dumps(asdict(stated))))) == stated


def test_what_is_long_is_cut():
    with pytest.raises(UsageError) as raised:
        Excuse(**{**GOOD, "reason": "x" * 10**6})
    assert len(str(raised.value)) < 500


# An attribute, its value, and the message.
WRONG = {
    "another class": ("accuracy", "fine", "accuracy: expected relative or absolute, got 'fine'"),
    "no class": ("accuracy", None, "accuracy: expected relative or absolute, got None"),
    "classes": ("accuracy", ["absolute"], r"accuracy: expected relative or absolute, got \['absolute'\]"),
    "other conventions": ("nan_conventions", "jax", "nan_conventions: expected torch or own, got 'jax'"),
    "one excuse": ("excuses", EXCUSE, "excuses: expected a sequence of conformance.Excuse, got Excuse"),
    "text": ("excuses", "relu", "excuses: expected a sequence of conformance.Excuse, got 'relu'"),
    "fields": ("excuses", GOOD, "excuses: expected a sequence of conformance.Excuse, got {"),
    "texts": ("excuses", ["relu"], "excuses: expected each a conformance.Excuse, .*, got 'relu'"),
    "an unknown field": ("excuses", [{**GOOD, "why": 1}], "or its fields case, observable, .*, got {"),
    "a field that is empty": ("excuses", [{**GOOD, "link": ""}], "link: expected a line of text, got ''"),
}


@pytest.mark.parametrize(("name", "value", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_declaration_is_refused(name, value, message):
    with pytest.raises(UsageError, match=message):
        declared(SimpleNamespace(**{name: value}))

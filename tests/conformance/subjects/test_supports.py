"""What a subject declares as its limits: the words, what is outside, and declarations that cannot be."""

from __future__ import annotations

import pickle

import pytest

from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.errors import UsageError
from conformance.subjects.supports import EVERYTHING, PACKING, STACKED, Supports, supports_of
from conformance.subjects.torchlike import TorchLike

LSTM = CASES["nn.LSTM"]
PLAIN = {**LSTM.base, "projection": False}


def test_by_default_nothing_is_outside():
    assert EVERYTHING.words == ()
    for case in CASES.values():
        assert EVERYTHING.why_outside(case, case.base, "float32") is None
    assert all(EVERYTHING.has_use(use) for use in USES)


@pytest.mark.parametrize(
    ("limit", "words", "settings"),
    [
        ({"layers": 1}, "one layer", {"layers": 2}),
        ({"layers": 2}, "at most 2 layers", {"layers": 3}),
        ({"layers": 1}, "one layer", {"num_layers": 2}),
        ({"bidirectional": False}, "one direction", {"bidirectional": True}),
        ({"projection": False}, "no projection", {"projection": True}),
        ({"projection": False}, "no projection", {"proj_size": 5}),
        ({"packed": False}, "no packed sequences", {"form": "sorted"}),
        ({"packed": False}, "no packed sequences", {"form": "unsorted"}),
        ({"empty_batch": False}, "no empty batch", {"N": 0}),
    ],
)
def test_a_limit_on_settings(limit, words, settings):
    supports = Supports(**limit)
    assert supports.words == (words,)
    assert supports.why_outside(LSTM, {**PLAIN, **settings}) == words
    assert supports.why_outside(LSTM, PLAIN) is None


@pytest.mark.parametrize(
    ("limit", "case", "arguments", "words"),
    [
        ({"cases": ["nn.GRU"]}, "nn.LSTM", {}, "no nn.LSTM"),
        ({"dtypes": ["float32"]}, "nn.LSTM", {"dtype": "float64"}, "only float32"),
        ({"training": False}, "optim.Adam", {}, "no training"),
        ({"backward": False}, "optim.Adam", {}, "no training"),
        ({"uses": ["twice"]}, "nn.LSTM", {"use": "flags"}, "not the use flags"),
        ({"training": False}, "nn.LSTM", {"use": "after-a-step"}, "not the use after-a-step"),
        ({"backward": False}, "nn.LSTM", {"use": "backward-twice"}, "not the use backward-twice"),
        ({"packed": False}, "nn.utils.rnn.pack_sequence", {}, "no packed sequences"),
        ({"layers": 1}, "nn.LSTM@initial", {}, "one layer"),
        ({"bidirectional": False}, "nn.GRU@initial", {}, "one direction"),
    ],
)
def test_a_limit_on_cases_dtypes_and_uses(limit, case, arguments, words):
    assert Supports(**limit).why_outside(CASES[case], **arguments) == words
    assert EVERYTHING.why_outside(CASES[case], **arguments) is None


def test_a_subject_without_backward_is_judged_in_uses_that_outputs_alone_can_show():
    forward = Supports(backward=False)
    assert {"no-grad", "inference-mode", "twice"} <= {use for use in USES if forward.has_use(use)}
    assert not any(forward.has_use(use) for use in ("flags", "sharing", "deepcopy", "zero-grad"))


def test_the_words_of_all_limits():
    supports = Supports(
        backward=False,
        dtypes=["float32"],
        layers=1,
        bidirectional=False,
        training=False,
        uses=(),
        packed=False,
    )
    assert ", ".join(supports.words) == (
        "forward only, float32, one layer, one direction, no packed sequences, no training, plain calls only"
    )
    assert Supports(uses=["twice", "flags"]).words == ("the uses twice, flags",)
    assert Supports(uses=list(USES)[:9]).words == (f"9 of {len(USES)} uses",)


@pytest.mark.parametrize(
    ("given", "inside", "words"),
    [
        ({}, ("float32", "float32"), ""),
        ({"accumulate": "float32"}, ("float32", "float32"), ""),
        ({"accumulate": "bfloat16"}, ("float32", "bfloat16"), "computed in float32 and added up in bfloat16"),
        ({"compute": "bfloat16"}, ("bfloat16", "bfloat16"), "computed and added up in bfloat16"),
        ({"compute": "float64"}, ("float64", "float64"), "computed and added up in float64"),
        (
            {"compute": "bfloat16", "accumulate": "float32"},
            ("bfloat16", "float32"),
            "computed in bfloat16 and added up in float32",
        ),
    ],
)
def test_what_half_types_compute_and_add_up_in(given, inside, words):
    supports = Supports(dtypes=["bfloat16"], bad_calls=False, **given)
    assert supports.inside == inside
    told = (f"half types {words}",) if words else ()
    assert supports.words == ("bfloat16", *told, "no bad calls")


def test_bad_calls_have_float32_arrays():
    assert Supports(dtypes=["float64"]).words == ("float64", "no bad calls")
    assert Supports(bad_calls=False).words == ("no bad calls",)


def test_it_is_data():
    supports = Supports(cases=["nn.LSTM"], dtypes=["float32"], layers=1)
    assert pickle.loads(pickle.dumps(supports)) == supports  # noqa: S301 - written here
    assert Supports(dtypes=["float32", "float64"]).words == ()


def test_cases_that_are_outside_as_a_whole_exist():
    assert set(CASES) >= PACKING | STACKED


@pytest.mark.parametrize(
    ("arguments", "mentions"),
    [
        ({"cases": ["nn.LSTMM"]}, ("'nn.LSTMM'", "Did you mean nn.LSTM")),
        ({"cases": "nn.LSTM"}, ("cases", "list of names", "'nn.LSTM'")),
        ({"cases": []}, ("cases", "at least one")),
        ({"cases": [3]}, ("cases", "[3]")),
        ({"dtypes": ["float23"]}, ("dtypes", "'float23'", "Did you mean float32", "float64")),
        ({"dtypes": None}, ("dtypes", "None")),
        ({"dtypes": ()}, ("dtypes", "at least one")),
        ({"uses": ["no_grad"]}, ("uses", "'no_grad'", "Did you mean no-grad")),
        ({"layers": 0}, ("layers", "at least 1", "0")),
        ({"layers": True}, ("layers", "at least 1", "True")),
        ({"backward": "no"}, ("backward", "'no'")),
        ({"packed": 1}, ("packed", "True or False", "1")),
        ({"bad_calls": None}, ("bad_calls", "True or False", "None")),
        ({"accumulate": "bfloat16"}, ("accumulate", "bfloat16 or float16 among dtypes", "float64, float32")),
        ({"compute": "float32", "dtypes": ["float32"]}, ("compute", "among dtypes with it, got float32")),
        ({"compute": "half", "dtypes": ["float16"]}, ("compute", "float32, float64, bfloat16", "'half'")),
        ({"accumulate": "", "dtypes": ["float16"]}, ("accumulate", "by name, or None", "''")),
        ({"accumulate": ["float16"], "dtypes": ["float16"]}, ("accumulate", "['float16']")),
        ({"compute": "bfloat16", "dtypes": ["float16"]}, ("compute", "at least the precision of float16")),
    ],
)
def test_a_declaration_that_cannot_be_is_named(arguments, mentions):
    with pytest.raises(UsageError) as caught:
        Supports(**arguments)
    assert [word for word in mentions if word not in str(caught.value)] == []


class Raises(TorchLike):
    @property
    def supports(self):
        raise ZeroDivisionError("on purpose")


def test_what_an_implementation_declares():
    assert supports_of(TorchLike("x", "torch")) is EVERYTHING
    assert supports_of(object()) is EVERYTHING
    forward = Supports(backward=False)
    assert supports_of(TorchLike("x", "torch", supports=forward)) is forward
    odd = TorchLike("x", "torch")
    odd.supports = {"backward": False}
    with pytest.raises(UsageError, match=r"expected conformance.Supports.*'backward'"):
        supports_of(odd)
    with pytest.raises(UsageError, match="ZeroDivisionError: on purpose"):
        supports_of(Raises.__new__(Raises))

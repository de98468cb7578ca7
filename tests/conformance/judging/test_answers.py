"""What counts as an answer: plain arrays of numbers, in any layout of memory; by a table of hostile ones."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from numpy.ma import mrecords

from conformance.judging.expectation import Expectation
from conformance.judging.judge import judge
from conformance.judging.repeat import judge_repeatedly
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.subjects.answers import NotNumbersError, numbers

ORACLE = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, 6.0]])
RIGHT = ORACLE.astype(np.float32)
SAMPLE = Sample("add", 1, 0, "small", "normal", (("N", 2),))


def _expect(oracle=ORACLE):
    return Expectation(
        SAMPLE,
        False,
        "float32",
        {"output": oracle},
        {"output": np.full(oracle.shape, 1e-6)},
        {"output": oracle},
    )


def _judge(answer, expected=None):
    (verdict,) = judge(expected or _expect(), {"output": answer})
    return verdict


class _Converts:
    """Is no array, and becomes the right one where it is asked."""

    def __array__(self, dtype=None, copy=None):
        del dtype, copy
        return RIGHT

    def __float__(self):
        return 1.0


class _Claims(_Converts):
    """Says that it is an array."""

    dtype, shape, size = RIGHT.dtype, RIGHT.shape, RIGHT.size
    __class__ = np.ndarray


def _structured():
    return RIGHT.copy().view([("x", np.float32)])


# What is not an array of numbers, and the reason.
REFUSED = {
    "masked zeros": (
        lambda: np.ma.masked_array(np.zeros_like(RIGHT), mask=True),
        "type: expected a plain array, got MaskedArray, whose mask hides numbers",
    ),
    "right numbers, some of them masked": (
        lambda: np.ma.masked_equal(RIGHT, 5),
        "type: expected a plain array, got MaskedArray, whose mask hides numbers",
    ),
    "the masked constant": (
        lambda: np.ma.masked,
        "type: expected a plain array, got MaskedConstant, whose mask hides numbers",
    ),
    "masked records": (
        lambda: mrecords.fromarrays([RIGHT[0]]),
        "type: expected a plain array, got MaskedRecords, whose mask hides numbers",
    ),
    "objects": (lambda: RIGHT.astype(object), "type: expected an array of numbers, got one of object"),
    "records": (_structured, "type: expected an array of numbers, got one of [('x', '<f4')]"),
    "text": (lambda: RIGHT.astype(str), "type: expected an array of numbers, got one of <U32"),
    "bytes": (lambda: RIGHT.astype("S8"), "type: expected an array of numbers, got one of |S8"),
    "raw memory": (lambda: RIGHT.copy().view("V4"), "type: expected an array of numbers, got one of |V4"),
    "durations": (
        lambda: RIGHT.astype("m8[s]"),
        "type: expected an array of numbers, got one of timedelta64[s]",
    ),
    "a scalar of text": (lambda: np.str_("1"), "type: expected an array of numbers, got one of <U1"),
    "a list": (RIGHT.tolist, "type: expected an array, got list"),
    "a number": (lambda: 1.0, "type: expected an array, got float"),
    "memory": (lambda: memoryview(RIGHT), "type: expected an array, got memoryview"),
    "a tensor": (lambda: torch.from_numpy(RIGHT), "type: expected an array, got Tensor"),
    "what converts": (_Converts, "type: expected an array, got _Converts"),
    "what claims to be one": (_Claims, "type: expected an array, got _Claims"),
    "the class": (lambda: np.ndarray, "type: expected an array, got type"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plain_array_of_numbers_fails_and_says_why(make, reason):
    verdict = _judge(make())
    assert (verdict.status, verdict.reason, verdict.elements) == (Status.FAIL, reason, 0)


def _says_yes(*_, **__):
    return np.True_


class _Lies(np.ndarray):
    """Holds zeros, and agrees with everything that it is asked."""

    __array_priority__ = 1e9
    __eq__ = __le__ = __ge__ = _says_yes
    __ne__ = __lt__ = __gt__ = lambda *_: np.False_
    __hash__ = None

    def __array_ufunc__(self, *given, **named):
        del given, named
        return np.zeros(ORACLE.shape)

    def __array_function__(self, *given):
        del given
        return np.zeros(ORACLE.shape)

    def __array__(self, dtype=None, copy=None):
        del dtype, copy
        return RIGHT

    def __getitem__(self, key):
        return RIGHT[key]

    def astype(self, dtype, **named):
        del named
        return RIGHT.astype(dtype)

    def view(self, *_):
        return RIGHT

    def tobytes(self, *_):
        raise RuntimeError("no bytes")


class _LiesAboutItsForm(np.ndarray):
    """Has three numbers, and says that it has the right shape and dtype."""

    shape = property(lambda _: ORACLE.shape)
    size = property(lambda _: ORACLE.size)


class _LyingScalar(np.float32):
    """Is 1, and converts to 2."""

    def __array__(self, *_, **__):
        return np.array(2, np.float32)


def test_a_subclass_that_agrees_with_everything_is_judged_by_its_memory():
    verdict = _judge(np.zeros_like(RIGHT).view(_Lies))
    assert (verdict.status, verdict.max_error) == (Status.FAIL, 6.0)
    assert verdict.reason == "6 of 6 elements differ by more than rounding explains"


def test_a_subclass_that_lies_about_its_shape_is_judged_by_its_own():
    verdict = _judge(RIGHT[0].view(_LiesAboutItsForm))
    assert (verdict.status, verdict.reason) == (Status.FAIL, "shape: expected (2, 3), got (3,)")


def test_a_scalar_that_converts_to_another_is_judged_by_its_own_value():
    assert _judge(_LyingScalar(1), _expect(np.array(2.0))).status is Status.FAIL
    assert _judge(_LyingScalar(1), _expect(np.array(1.0))).status is Status.PASS


def test_a_lying_answer_is_hashed_by_its_memory_too():
    class Subject:
        name = "lies"

        def run(self, task):
            del task
            return {"output": RIGHT.view(_Lies)}

    class OneTask:
        sample, dtype = SAMPLE, "float32"

    verdicts = judge_repeatedly(lambda subject: judge(_expect(), subject.run(OneTask)), Subject(), runs=2)
    assert [(v.status, v.repeatable) for v in verdicts] == [(Status.PASS, True)]


def _read_only():
    array = RIGHT.copy()
    array.flags.writeable = False
    return array


def _unaligned():
    memory = np.zeros(RIGHT.nbytes + 1, np.uint8)
    array = memory[1:].view(np.float32).reshape(RIGHT.shape)
    array[...] = RIGHT
    assert not array.flags.aligned
    return array


# What is a plain array of numbers, however it lies in memory.
ACCEPTED = {
    "big-endian": lambda: RIGHT.astype(">f4"),
    "little-endian": lambda: RIGHT.astype("<f4"),
    "read-only": _read_only,
    "negative strides": lambda: RIGHT[::-1, ::-1].copy()[::-1, ::-1],
    "Fortran's order": lambda: np.asfortranarray(RIGHT),
    "every other number": lambda: np.repeat(RIGHT, 2, axis=1)[:, ::2],
    "unaligned": _unaligned,
    "a matrix": lambda: RIGHT.view(np.matrix),
    "an array with fields of its own": lambda: RIGHT.view(np.recarray),
    "a subclass": lambda: RIGHT.view(type("Own", (np.ndarray,), {})),
    "with metadata": lambda: RIGHT.astype(np.dtype(np.float32, metadata={"by": "me"})),
}


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED)
def test_any_layout_of_memory_is_as_good_as_another(make):
    verdict = _judge(make())
    assert (verdict.status, verdict.elements, verdict.max_error) == (Status.PASS, 6, 0.0), verdict.reason


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_taken_is_a_base_array_in_native_order(make):
    taken = numbers(make())
    assert type(taken) is np.ndarray
    assert taken.dtype.isnative
    np.testing.assert_array_equal(taken, RIGHT)


def test_zero_strides_are_as_good_as_copies():
    expected = _expect(np.full((2, 3), 7.0))
    assert _judge(np.broadcast_to(np.float32(7), (2, 3)), expected).status is Status.PASS
    assert _judge(np.broadcast_to(np.float32(8), (2, 3)), expected).status is Status.FAIL


def test_a_mapped_file_is_an_array(tmp_path):
    np.save(tmp_path / "a.npy", RIGHT)
    assert _judge(np.load(tmp_path / "a.npy", mmap_mode="r")).status is Status.PASS


def test_without_the_refusal_masked_zeros_would_pass_as_exact():
    # What the judge computed before: every comparison is masked, and the least headroom of none is inf.
    masked = np.ma.masked_array(np.zeros_like(RIGHT), mask=True)
    with np.errstate(all="ignore"):
        error = np.abs(masked.astype(np.float64) - ORACLE)
    assert not (error > 0).any()
    with pytest.raises(NotNumbersError):
        numbers(masked)


_WIDE = "dtype: expected float32, got float64"

# A wrong dtype, and what the reason says beside it.
DTYPES = {
    "wide and right": (ORACLE, "dtype: expected float32, got float64; its numbers agree"),
    "wide and wrong": (
        ORACLE + 1,
        "dtype: expected float32, got float64; 6 of 6 elements differ by more than rounding explains",
    ),
    "narrow and right": (
        ORACLE.astype(np.float16),
        "dtype: expected float32, got float16; its numbers agree",
    ),
    "narrow and rounded": (
        (ORACLE / 3).astype(np.float16),
        "dtype: expected float32, got float16; 6 of 6 elements differ by more than rounding explains",
    ),
    "whole": (ORACLE.astype(np.int64), "dtype: expected float32, got int64; its numbers agree"),
    "with NaN": (
        np.where(ORACLE == 5, np.nan, ORACLE),
        f"{_WIDE}; 1 of 6 elements, some of them inf or NaN, unlike the reference's",
    ),
    "truths": (
        ORACLE > 0,
        "dtype: expected float32, got bool; 5 of 6 elements differ by more than rounding explains",
    ),
    "complex": (ORACLE.astype(np.complex64), "dtype: expected float32, got complex64"),
    "big-endian doubles": (ORACLE.astype(">f8"), "dtype: expected float32, got float64; its numbers agree"),
}


@pytest.mark.parametrize(("answer", "reason"), DTYPES.values(), ids=DTYPES)
def test_a_wrong_dtype_fails_and_its_numbers_are_reported(answer, reason):
    verdict = _judge(answer)
    assert (verdict.status, verdict.reason) == (Status.FAIL, reason)
    assert (verdict.elements, verdict.max_error is None) == ((0, True) if "complex" in reason else (6, False))


def test_integers_of_another_dtype_are_compared_too():
    whole = np.array([1, 2, 3])
    tell = partial(_judge, expected=_expect(whole))
    assert tell(whole.astype(np.int32)).reason == "dtype: expected int64, got int32; its numbers agree"
    assert tell(np.array([1, 2, 4.5])).reason == "dtype: expected int64, got float64; 1 of 3 elements differ"


def test_no_elements_of_a_wrong_dtype_fail():
    expected = Expectation(
        Sample("add", 1, 0, "empty", "normal", (("N", 0),)),
        False,
        "float32",
        {"output": np.zeros((0, 3))},
        {"output": np.zeros((0, 3))},
        {"output": np.zeros((0, 3), np.float32)},
    )
    assert _judge(np.zeros((0, 3)), expected).status is Status.FAIL

"""Arrays follow from bits: every regime has the values it promises, and no draw is constant."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.sampling.values import Input, fill, make, strided, triangular
from conformance.subjects.protocol import Task

LSTMS = [CASES["models.LSTMCell"], CASES["models.LSTM"]]
CONTINUOUS = {"normal", "remembering", "saturated", "huge"}


@cache
def _drawn(name, dtype):
    """Return a case's samples with their inputs and arrays, which many tests read and none changes."""
    case, made = CASES[name], []
    for sample in draw(name, case.space, 1, case.space.combinations):
        specs = dict(case.inputs(sample.settings))
        made.append((sample, specs, make(sample, specs, dtype)))
    return made


def _every(dtype, regime=None):
    """Return the samples of all cases, or those of one regime, with inputs and arrays.

    A loop over them instead of a test of each: a sample's text names its case.
    """
    found = [each for name in CASES for each in _drawn(name, dtype) if regime in {None, each[0].regime}]
    assert found
    return found


every_lstm = pytest.mark.parametrize("case", LSTMS, ids=[case.name for case in LSTMS])


def test_triangular_values_use_every_bit_and_keep_within_two():
    words = np.random.Generator(np.random.PCG64(1)).integers(0, 2**64, 20000, dtype=np.uint64)
    values = triangular(words)
    assert np.abs(values).max() < 2
    assert np.all(values == np.rint(values * 2.0**51) * 2.0**-51)
    assert np.any(np.rint(values * 2.0**51) % 2 == 1)


def test_triangular_values_have_the_moments_of_a_triangle():
    words = np.random.Generator(np.random.PCG64(1)).integers(0, 2**64, 200000, dtype=np.uint64)
    values = triangular(words)
    assert abs(values.mean()) < 0.01
    assert abs(values.var() - 2 / 3) < 0.01


def test_float32_arrays_are_the_roundings_of_the_float64_ones():
    for (sample, specs, double), (_, _, single) in zip(_every("float64"), _every("float32"), strict=True):
        for name in specs:
            with np.errstate(under="ignore"):
                rounded = double[name].astype(np.float32)
            np.testing.assert_array_equal(single[name], rounded, f"{sample.text} {name}")


def test_float64_arrays_do_not_fit_into_float32():
    for sample, _, arrays in _every("float64"):
        for name, array in arrays.items():
            if sample.regime in CONTINUOUS and array.size:
                with np.errstate(under="ignore"):
                    assert np.any(array.astype(np.float32) != array), (sample.text, name)


def test_arrays_have_the_declared_shapes_and_the_asked_dtype():
    for sample, specs, arrays in _every("float32"):
        assert {name: (array.shape, array.dtype) for name, array in arrays.items()} == {
            name: (spec.shape, np.float32) for name, spec in specs.items()
        }, sample.text


def test_arrays_are_finite_but_for_one_regime():
    for sample, specs, arrays in _every("float32"):
        for name, array in arrays.items():
            finite = sample.regime != "nonfinite" or specs[name].weight or not array.size
            assert np.isfinite(array).all() == finite, (sample.text, name)


def test_no_array_is_constant_or_zero():
    for sample, specs, arrays in _every("float32"):
        for name, array in arrays.items():
            # One pair of whole numbers in sixteen is equal.
            if array.size > (2 if sample.regime == "integer" else 1):
                assert len(np.unique(array)) > 1, (sample.text, name)
            # One number of the regime `tiny` in four thousand rounds to zero; one probability of the regime
            # `zeros` is 0 or 1.
            few = sample.regime == "tiny" or (sample.regime == "zeros" and specs[name].bounded)
            if array.size > few and sample.regime != "integer":
                assert np.nan_to_num(array).any() or sample.regime == "nonfinite", (sample.text, name)


def test_no_two_arrays_are_equal():
    for sample, _, arrays in _every("float64"):
        for (a, x), (b, y) in combinations(arrays.items(), 2):
            # Of four values, two arrays of a few are equal now and then.
            if x.size > (16 if sample.regime == "ties" else 1):
                assert not np.array_equal(x, y), (sample.text, a, b)


def test_normal_values_are_of_order_one():
    for sample, _, arrays in _every("float64", "normal"):
        for name, array in arrays.items():
            assert np.abs(array).max(initial=0) < 2, (sample.text, name)


def test_saturated_data_are_sixteen_times_as_large_and_weights_are_not():
    for sample, specs, arrays in _every("float64", "saturated"):
        for name, array in arrays.items():
            largest = np.abs(array).max(initial=0)
            # A probability stays one.
            scaled = not specs[name].weight and not specs[name].bounded
            assert largest < (32 if scaled else 1 if specs[name].bounded else 2), (sample.text, name)
            if array.size >= 16 and scaled:
                assert largest > 8, (sample.text, name)


def test_tiny_data_are_denormal_in_float32_and_not_all_zero():
    for sample, specs, arrays in _every("float32", "tiny"):
        for name, array in arrays.items():
            if array.size and not specs[name].weight:
                # One number in four thousand rounds to zero.
                least = 0 if array.size > 1 else -1
                assert least < np.abs(array).max() < np.finfo(np.float32).tiny, (sample.text, name)


def test_huge_data_have_products_out_of_range_and_fit_themselves():
    for sample, specs, arrays in _every("float64", "huge"):
        for name, array in arrays.items():
            if array.size and not specs[name].weight:
                assert 2.0**64 < np.abs(array).max() < np.finfo(np.float32).max, (sample.text, name)


def test_no_product_of_drawn_factors_leaves_the_range_of_float32():
    case = CASES["prod"]
    axes = {"none": None, "first": 0, "middle": 1, "last": 2}
    drawn = [each for seed in range(60) for each in draw(case.name, case.space, seed, case.default_samples)]
    assert {sample.settings["dim"] for sample in drawn if sample.regime == "normal"} == set(axes)
    for sample in drawn:
        if sample.regime == "normal":
            array = make(sample, case.inputs(sample.settings), "float64")["input"]
            products = np.abs(np.prod(array, axis=axes[sample.settings["dim"]]))
            assert products.min(initial=1) > np.finfo(np.float32).tiny, sample.text


def test_integers_are_small_whole_numbers_of_both_signs():
    signs = defaultdict(set)
    for sample, _, arrays in _every("float64", "integer"):
        for name, array in arrays.items():
            assert np.all(array == np.rint(array)), (sample.text, name)
            assert np.abs(array).max(initial=0) <= 8, (sample.text, name)
            signs[sample.case] |= set(np.sign(array).ravel().tolist())
    assert [case for case, found in signs.items() if not found >= {-1.0, 1.0}] == []


def test_cancelling_operands_nearly_cancel():
    shown = Counter()
    for sample, specs, arrays in _every("float64", "cancelling"):
        shown[sample.case] += 0
        for name, spec in specs.items():
            if spec.against:
                a, b = np.broadcast_arrays(arrays[spec.against], arrays[name])
            elif spec.pairs:
                half = spec.shape[-1] // 2 * 2
                a, b = arrays[name][..., 0:half:2], arrays[name][..., 1:half:2]
            else:
                continue
            assert np.all(np.abs(a + b) <= 2.0**-11 * np.abs(a)), (sample.text, name)
            shown[sample.case] += np.count_nonzero(a + b)
    assert [case for case, count in shown.items() if not count] == []


def test_nonfinite_data_hold_all_three_where_they_are_large_enough():
    for sample, specs, arrays in _every("float64", "nonfinite"):
        for name, array in arrays.items():
            if array.size >= 6 and not specs[name].weight:
                kinds = [np.isposinf(array).sum(), np.isneginf(array).sum(), np.isnan(array).sum()]
                wanted = [2, 0, 1] if specs[name].positive else [1, 1, 1]
                assert kinds == wanted, (sample.text, name)
                assert np.abs(array[np.isfinite(array)]).max() < 2, (sample.text, name)


def _nonfinite(count, draw=0):
    sample = Sample("x", 1, draw, "small", "nonfinite", ())
    return make(sample, {"a": Input((count,))}, "float64")["a"]


@pytest.mark.parametrize(
    ("count", "specials"), [(0, 0), (1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (99, 3)]
)
def test_few_elements_hold_fewer_that_are_not_finite(count, specials):
    assert np.count_nonzero(~np.isfinite(_nonfinite(count))) == specials


def test_what_is_not_finite_stands_in_every_place_and_a_single_element_is_each_of_the_three():
    assert {str(_nonfinite(1, draw)[0]) for draw in range(20)} == {"inf", "-inf", "nan"}
    places = {int(k) for draw in range(40) for k in np.flatnonzero(~np.isfinite(_nonfinite(7, draw)))}
    assert places == set(range(7))


def test_the_same_places_in_both_dtypes_and_every_other_element_as_in_the_regime_normal():
    sample = Sample("x", 1, 0, "small", "nonfinite", ())
    double, single = (make(sample, {"a": Input((9,))}, dtype)["a"] for dtype in ("float64", "float32"))
    np.testing.assert_array_equal(double.astype(np.float32), single)
    plain = fill(sample, "a", (9,))
    finite = np.isfinite(double)
    np.testing.assert_array_equal(double[finite], plain[finite])


def test_remembering_lifts_the_forget_biases_and_no_others():
    for sample, specs, arrays in _every("float64", "remembering"):
        lifted = {name: spec.forget for name, spec in specs.items() if spec.forget is not None}
        # A configuration without biases has no forget biases.
        assert lifted or not dict(sample.settings).get("bias", True), sample.text
        for name, rows in lifted.items():
            forget = arrays[name][rows]
            assert np.all((forget > 3) & (forget < 5)), (sample.text, name)
            others = np.delete(arrays[name], np.arange(arrays[name].shape[0])[rows], axis=0)
            assert np.all(np.abs(others) < 2), (sample.text, name)


@every_lstm
def test_gates_are_drawn_distinctly(case):
    for sample, _, arrays in _drawn(case.name, "float32"):
        for name in ("weight_ih", "weight_hh", "bias_ih"):
            for a, b in combinations(np.split(arrays[name], 4), 2):
                assert np.all(a != b), (sample.text, name)


@every_lstm
def test_initial_states_are_not_zero_and_differ(case):
    for sample, _, arrays in _drawn(case.name, "float32"):
        if "h0" in arrays:
            assert arrays["h0"].all(), sample.text
            assert arrays["c0"].all(), sample.text
            finite = np.isfinite(arrays["h0"]) & np.isfinite(arrays["c0"])
            assert np.all(arrays["h0"][finite] != arrays["c0"][finite]), sample.text


@every_lstm
def test_cotangents_of_equally_shaped_outputs_differ(case):
    sample, _, _ = _drawn(case.name, "float32")[0]
    task = Task(case, sample, "float32")
    assert np.all(task.cotangent("h", (4, 5)) != task.cotangent("c", (4, 5)))


SHAPES = [(), (1,), (2,), (3,), (9,), (1, 1), (1, 3), (4, 1), (2, 2), (5, 6), (1, 2, 2), (3, 1, 4), (3, 4, 5)]
by_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
DRAWS = range(60)


def _array(regime, shape, draw, **fields):
    sample = Sample("x", 1, draw, "small", regime, ())
    return make(sample, {"a": Input(shape, **fields)}, "float32")["a"]


@by_shape
def test_offset_data_are_far_from_zero_and_still_differ(shape):
    for number in DRAWS:
        array = _array("offset", shape, number)
        assert np.all((array > 998) & (array < 1002))
        # Of 65,000 numbers, two in a few dozen are the same now and then.
        assert len(np.unique(array)) > 0.9 * array.size
        assert np.abs(_array("offset", shape, number, weight=True)).max() < 2


@by_shape
def test_ties_are_four_numbers_that_float16_holds_and_never_one_alone(shape):
    found = set()
    for number in DRAWS:
        array = _array("ties", shape, number)
        np.testing.assert_array_equal(array, array.astype(np.float16))
        assert array.size < 2 or len(np.unique(array)) > 1
        found |= set(array.ravel().tolist())
        assert len(np.unique(_array("ties", shape, number, positive=True))) <= 4
    assert len(found) == 4
    assert 0 not in found


@by_shape
def test_zeros_are_vectors_along_every_axis_that_has_several(shape):
    for number in DRAWS:
        array = _array("zeros", shape, number)
        assert array.any()
        assert (array == 0).any() == (array.size > 1)
        for axis, length in enumerate(array.shape):
            if array.size > length:
                assert not array.any(axis).all(), (array, axis)
        assert _array("zeros", shape, number, weight=True).all()


@by_shape
def test_probabilities_stay_between_0_and_1_and_are_exactly_both_in_the_regime_zeros(shape):
    shown = set()
    for number in DRAWS:
        for regime in ("normal", "saturated", "tiny", "offset", "ties"):
            array = _array(regime, shape, number, bounded=True)
            assert np.all((array >= 0) & (array < 1)), regime
            assert array.any() or regime == "tiny", regime
        array = _array("zeros", shape, number, bounded=True)
        ends = set(array[(array == 0) | (array == 1)].tolist())
        assert ends == {0, 1} or array.size == 1
        assert np.any((array > 0) & (array < 1)) == (array.size > 2)
        shown |= ends
    assert shown == {0, 1}


def test_fan_in_divides_by_the_power_of_two_next_to_its_root():
    sample = Sample("x", 1, 0, "small", "normal", ())
    plain = make(sample, {"w": Input((8, 8))}, "float64")["w"]
    np.testing.assert_array_equal(make(sample, {"w": Input((8, 8), fan_in=64)}, "float64")["w"] * 8, plain)


def test_positive_takes_absolute_values():
    sample = Sample("x", 1, 0, "small", "normal", ())
    plain = fill(sample, "a", (50,))
    np.testing.assert_array_equal(
        make(sample, {"a": Input((50,), positive=True)}, "float64")["a"], np.abs(plain)
    )


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (4, 1), (2, 3, 4), (0, 3), (3, 0)])
def test_strided_keeps_values_shape_and_dtype(shape):
    array = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    moved = strided(array)
    np.testing.assert_array_equal(moved, array, strict=True)


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_strided_is_not_contiguous_in_either_order(shape):
    flags = strided(np.ones(shape)).flags
    assert not flags.c_contiguous
    assert not flags.f_contiguous


def test_strided_shares_no_memory():
    array = np.ones((2, 3))
    assert not np.shares_memory(strided(array), array)

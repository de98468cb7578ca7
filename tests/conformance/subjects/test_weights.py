"""Weight maps copy both ways, for random maps, and an unmapped parameter is an error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.errors import UsageError
from conformance.subjects.mytorch import CELL
from conformance.subjects.weights import Entry, WeightMap

GATES = "ifgo"


def _array(*shape, seed=0):
    return np.random.Generator(np.random.PCG64(seed)).integers(-99, 99, shape).astype(np.float64)


@st.composite
def maps(draw):
    """Draw a map of one weight and one or two biases, with the reference's parameters that it maps."""
    order = "".join(draw(st.permutations(GATES)))
    cut = draw(st.integers(0, 4))
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    reference = {"weight": _array(4 * height, width), "bias": _array(4 * height, seed=1)}
    transpose = draw(st.booleans())
    # Whole, cut into two parameters, or one parameter per gate.
    parts = draw(st.sampled_from([("",), tuple(filter(None, (order[:cut], order[cut:]))), tuple(order)]))
    entries = [Entry(f"w{part}", "weight", gates=part, transpose=transpose) for part in parts]
    second = draw(st.sampled_from(["none", "zero", "merge"]))
    merge, zero = "", ()
    if second == "zero":
        reference["bias2"] = np.zeros(4 * height)
        zero = ("bias2",)
    elif second == "merge":
        reference["bias2"] = _array(4 * height, seed=2)
        merge = "bias2"
    entries += [Entry(f"b{part}", "bias", gates=part, merge=merge) for part in parts]
    return WeightMap(tuple(entries), layout=GATES, zero=zero), reference


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(maps())
def test_a_round_trip_from_the_subject_gives_the_same_parameters(drawn):
    weights, reference = drawn
    subject = weights.to_subject(reference)
    again = weights.to_subject(
        weights.to_reference(subject) | {name: reference[name] for name in weights.zero}
    )
    assert again.keys() == subject.keys()
    for name, array in subject.items():
        np.testing.assert_array_equal(again[name], array, strict=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(maps())
def test_a_round_trip_from_the_reference_gives_what_was_not_merged(drawn):
    weights, reference = drawn
    merged = {name for entry in weights.entries if entry.merge for name in (entry.source, entry.merge)}
    again = weights.to_reference(weights.to_subject(reference))
    assert again.keys() == reference.keys() - set(weights.zero)
    for name in again.keys() - merged:
        np.testing.assert_array_equal(again[name], reference[name], strict=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(maps())
def test_of_merged_values_the_first_is_the_sum_and_the_second_zero(drawn):
    weights, reference = drawn
    again = weights.to_reference(weights.to_subject(reference))
    for entry in weights.entries:
        if entry.merge:
            np.testing.assert_array_equal(again["bias"], reference["bias"] + reference["bias2"])
            assert not again["bias2"].any()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(maps())
def test_of_merged_gradients_both_are_the_sums(drawn):
    weights, reference = drawn
    again = weights.to_reference(weights.to_subject(reference), gradients=True)
    for entry in weights.entries:
        if entry.merge:
            np.testing.assert_array_equal(again["bias2"], again["bias"])


WEIGHT = np.arange(8.0).reshape(8, 1) + np.array([[0.0, 0.5]])


def test_gates_are_cut_in_the_order_that_the_entry_gives():
    got = WeightMap((Entry("w", "weight", gates="ogfi"),)).to_subject({"weight": WEIGHT})["w"]
    np.testing.assert_array_equal(got[:, 0], [6, 7, 4, 5, 2, 3, 0, 1])


def test_the_layout_says_where_a_gate_is():
    entries = tuple(Entry(gate, "weight", gates=gate) for gate in "rzn")
    got = WeightMap(entries, layout="rzn").to_subject({"weight": np.arange(6.0)})
    np.testing.assert_array_equal(got["n"], [4, 5])


def test_a_transpose_is_taken_after_the_cut():
    entries = tuple(Entry(gate, "weight", gates=gate, transpose=True) for gate in GATES)
    np.testing.assert_array_equal(
        WeightMap(entries).to_subject({"weight": WEIGHT})["f"], [[2, 3], [2.5, 3.5]]
    )


def test_the_subject_gets_arrays_of_its_own_that_are_contiguous():
    got = WeightMap((Entry("w", "weight", transpose=True),)).to_subject({"weight": WEIGHT})["w"]
    assert got.flags.c_contiguous


def test_the_map_of_models_gives_every_gate_its_block():
    h, i, o = 2, 3, 4
    reference = {
        "weight_ih": _array(4 * h, i),
        "weight_hh": _array(4 * h, h, seed=1),
        "bias_ih": _array(4 * h, seed=2),
        "bias_hh": np.zeros(4 * h),
        "head.weight": _array(o, h, seed=3),
        "head.bias": _array(o, seed=4),
    }
    subject = CELL.to_subject(reference)
    for k, gate in enumerate("ifco"):
        rows = slice(k * h, (k + 1) * h)
        np.testing.assert_array_equal(subject[f"W_x{gate}.weight"], reference["weight_ih"][rows])
        np.testing.assert_array_equal(subject[f"W_h{gate}.weight"], reference["weight_hh"][rows])
        np.testing.assert_array_equal(subject[f"W_x{gate}.bias"], reference["bias_ih"][rows])
    np.testing.assert_array_equal(subject["W_hq.weight"], reference["head.weight"])
    np.testing.assert_array_equal(subject["W_hq.bias"], reference["head.bias"])


MAP = WeightMap(
    (Entry("w", "weight"), *(Entry(f"b{gate}", "bias", gates=gate) for gate in GATES)), zero=("bias2",)
)
REFERENCE = {"weight": WEIGHT, "bias": np.arange(8.0)}
SUBJECT = MAP.to_subject(REFERENCE)
THREE_GATES = WeightMap((Entry("w", "weight", gates="ifg"),))

REFUSED = {
    "a parameter of the reference that is mapped nowhere": (
        lambda: MAP.to_subject(REFERENCE | {"peephole": WEIGHT}),
        "unmapped in the reference: peephole",
    ),
    "a parameter of the reference that is missing": (
        lambda: MAP.to_subject({"weight": WEIGHT}),
        "missing in the reference: bias",
    ),
    "a parameter of the subject that is mapped nowhere": (
        lambda: MAP.to_reference(SUBJECT | {"bq": WEIGHT}),
        "unmapped in the subject: bq",
    ),
    "a parameter of the subject that is missing": (
        lambda: MAP.to_reference({"w": WEIGHT}),
        "missing in the subject: bf, bg, bi, bo",
    ),
    "a gate that is mapped nowhere": (
        lambda: THREE_GATES.to_subject({"weight": WEIGHT}),
        "gates 'o' of weight",
    ),
    "a zero that is not": (
        lambda: MAP.to_subject(REFERENCE | {"bias2": np.array([0.0] * 7 + [1e-300])}),
        "bias2 is declared zero",
    ),
    "biases of unlike shapes that are added": (
        lambda: WeightMap((Entry("b", "bias", merge="bias2"),)).to_subject(
            {"bias": np.zeros(8), "bias2": np.zeros(1)}
        ),
        r"bias and bias2 are added, but have the shapes \(8,\) and \(1,\)",
    ),
    "rows that gates do not divide": (
        lambda: MAP.to_subject(REFERENCE | {"bias": np.arange(9.0)}),
        "9 rows of bias .* 4 gates",
    ),
}


@pytest.mark.parametrize(("call", "named"), REFUSED.values(), ids=REFUSED)
def test_a_map_that_leaves_something_out_is_refused_by_name(call, named):
    with pytest.raises(UsageError, match=named):
        call()


W_AND_R = (Entry("kernel", "weight_ih"), Entry("recurrent", "weight_hh"))
IMPOSSIBLE = {
    "a target that is written twice": (
        (Entry("w", "weight"), Entry("w", "other")),
        (),
        "block 0 of w is written twice",
    ),
    "a block of a target that is written twice": (
        (Entry("b", "bias", gates="ifg"), Entry("b", "bias", gates="o", block=2)),
        (),
        "block 2 of b is written twice",
    ),
    "a block of a place that is written twice": (
        (Entry("B", "ih", stack=0), Entry("B", "hh", stack=0, block=4), Entry("B", "hh2", stack=0, block=7)),
        (),
        r"block 7 of B\[0\] is written twice",
    ),
    "a block of a target that nothing fills": (
        (Entry("b", "bias", gates="if"), Entry("b", "bias", gates="go", block=3)),
        (),
        "block 2 of b is written by nothing",
    ),
    "places that are not all filled": ((Entry("W", "weight", stack=1),), (), r"places 0, 1, … of W .* \[1\]"),
    "a place beside a whole": (
        (Entry("W", "weight"), Entry("W", "other", stack=0)),
        (),
        r"places 0, 1, … of W .* \[None, 0\]",
    ),
    "places of unlike size": (
        (Entry("W", "weight", stack=0), Entry("W", "other", gates="i", stack=1)),
        (),
        "places of W have different numbers",
    ),
    "a bias that is counted twice": (
        (*W_AND_R, Entry("bias", "bias_ih", merge="bias_hh"), Entry("recurrent_bias", "bias_hh")),
        (),
        "gate 'i' of bias_hh is used twice, by bias and recurrent_bias",
    ),
    "a bias that is merged with itself": (
        (Entry("bias", "bias_ih", merge="bias_ih"),),
        (),
        "gate 'i' of bias_ih is used twice, by bias and bias",
    ),
    "a gate that is taken twice": ((Entry("w", "weight", gates="iffo"),), (), "gate 'f' of weight is used"),
    "a gate that is mapped and declared zero": (
        (Entry("b", "bias", gates="ifgo"),),
        (("bias", "o"),),
        "gate 'o' of bias is used twice, by b and zero",
    ),
    "a gate that the layout lacks": ((Entry("w", "weight", gates="izgo"),), (), "gate 'z' of weight"),
    "a target of which a part is transposed": (
        (Entry("w", "weight", gates="if"), Entry("w", "weight", gates="go", block=2, transpose=True)),
        (),
        "w is transposed by some",
    ),
}


@pytest.mark.parametrize(("entries", "zero", "named"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_map_that_writes_or_uses_a_block_twice_cannot_be_made(entries, zero, named):
    with pytest.raises(UsageError, match=named):
        WeightMap(entries, zero=zero)


def test_directions_are_stacked_and_both_biases_follow_each_other_in_a_place():
    b = {name: _array(4 * 2, seed=k) for k, name in enumerate(("ih", "hh", "ih_reverse", "hh_reverse"))}
    weights = WeightMap(
        tuple(
            Entry("B", f"{name}{suffix}", gates="iofg", stack=stack, block=block)
            for stack, suffix in enumerate(("", "_reverse"))
            for name, block in (("ih", 0), ("hh", 4))
        )
    )
    subject = weights.to_subject(b)
    assert subject["B"].shape == (2, 16)
    np.testing.assert_array_equal(subject["B"][0, 2:4], b["ih"][6:8])  # o is the second gate there
    np.testing.assert_array_equal(subject["B"][1, 8:10], b["hh_reverse"][:2])
    again = weights.to_reference(subject)
    for name, array in b.items():
        np.testing.assert_array_equal(again[name], array)
    with pytest.raises(UsageError, match="expected 2 places on the first axis of B, got 1"):
        weights.to_reference({"B": subject["B"][:1]})


def test_the_order_of_the_entries_does_not_matter():
    parts = [
        Entry("B", name, stack=k, block=4 * j)
        for k in (0, 1)
        for j, name in enumerate(f"{k}{j}" for j in "ab")
    ]
    reference = {entry.source: _array(4, seed=k) for k, entry in enumerate(parts)}
    expected = WeightMap(tuple(parts)).to_subject(reference)["B"]
    backwards = WeightMap(tuple(reversed(parts)))
    np.testing.assert_array_equal(backwards.to_subject(reference)["B"], expected)
    for name, array in backwards.to_reference({"B": expected}).items():
        np.testing.assert_array_equal(array, reference[name])


def test_a_transpose_in_a_place_is_of_that_place():
    weights = WeightMap(tuple(Entry("W", name, stack=k, transpose=True) for k, name in enumerate("ab")))
    subject = weights.to_subject({"a": WEIGHT, "b": 2 * WEIGHT})
    np.testing.assert_array_equal(subject["W"], [WEIGHT.T, 2 * WEIGHT.T])
    np.testing.assert_array_equal(weights.to_reference(subject)["b"], 2 * WEIGHT)


MERGED_IN_PART = WeightMap(
    (
        Entry("bias", "bias_ih", gates="rz", merge="bias_hh"),
        Entry("bias", "bias_ih", gates="n", block=2),
        Entry("bias_n", "bias_hh", gates="n"),
    ),
    layout="rzn",
)


def test_a_bias_is_merged_in_part():
    reference = {"bias_ih": np.arange(6.0), "bias_hh": 10 * np.arange(6.0)}
    subject = MERGED_IN_PART.to_subject(reference)
    np.testing.assert_array_equal(subject["bias"], [0, 11, 22, 33, 4, 5])
    np.testing.assert_array_equal(subject["bias_n"], [40, 50])
    again = MERGED_IN_PART.to_reference(subject)
    np.testing.assert_array_equal(again["bias_ih"], [0, 11, 22, 33, 4, 5])
    np.testing.assert_array_equal(again["bias_hh"], [0, 0, 0, 0, 40, 50])
    gradients = MERGED_IN_PART.to_reference(subject, gradients=True)
    np.testing.assert_array_equal(gradients["bias_hh"], [0, 11, 22, 33, 40, 50])


ZERO_IN_PART = WeightMap(
    (
        Entry("bias", "bias_ih", gates="rz", merge="bias_hh"),
        Entry("bias", "bias_ih", gates="n", block=2),
    ),
    layout="rzn",
    zero=(("bias_hh", "n"),),
)


def test_a_gate_that_the_subject_lacks_is_zero_and_has_no_gradient():
    reference = {"bias_ih": np.arange(3.0), "bias_hh": np.array([10.0, 20.0, 0.0])}
    subject = ZERO_IN_PART.to_subject(reference)
    np.testing.assert_array_equal(subject["bias"], [10, 21, 2])
    np.testing.assert_array_equal(ZERO_IN_PART.to_reference(subject)["bias_hh"], [0, 0, 0])
    gradients = ZERO_IN_PART.to_reference(subject, gradients=True)
    np.testing.assert_array_equal(gradients["bias_hh"], [10, 21, np.nan])
    with pytest.raises(UsageError, match="bias_hh is declared zero in the gates 'n'"):
        ZERO_IN_PART.to_subject(reference | {"bias_hh": np.array([0.0, 0.0, 1e-300])})


def test_parts_that_do_not_divide_a_target_are_refused():
    with pytest.raises(UsageError, match="4 rows of bias are not a multiple of its 3 blocks"):
        MERGED_IN_PART.to_reference({"bias": np.arange(4.0), "bias_n": np.arange(1.0)})
    with pytest.raises(UsageError, match=r"parts of bias_hh need the shapes \(3,\) and \(6,\)"):
        MERGED_IN_PART.to_reference({"bias": np.arange(3.0), "bias_n": np.arange(2.0)})


def test_a_zero_may_be_absent():
    assert MAP.to_subject(REFERENCE).keys() == MAP.to_subject(REFERENCE | {"bias2": np.zeros(8)}).keys()

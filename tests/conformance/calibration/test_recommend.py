"""The recommended rtol and atol cover every tolerance; correct results pass, and float16 fails."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from conformance.arithmetic.constants import constants
from conformance.calibration.recommend import Pair, covering, recommend, sized_samples
from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import run_subject
from conformance.report.tolerances import HEAD
from conformance.subjects import mytorch
from conformance.subjects.protocol import LANES

CASE_NAMES = ["nn.Linear", "sigmoid", "nn.LSTMCell", "softmax"]
SIZE = 16
SEED = 3


@pytest.fixture(scope="module")
def rows():
    c = constants()
    found = recommend([*CASE_NAMES, "unsqueeze", "optim.SGD"], SEED, c.tensor, c.element, features=[SIZE])
    return {(row.case, row.dtype): row for row in found}


def test_the_upper_half_sets_rtol_and_the_rest_atol():
    expected, tolerance = np.array([4.0, -2.0, 1.0, 0.0]), np.array([4e-6, 4e-6, 5e-6, 1e-6])
    assert covering([(expected, tolerance)]) == pytest.approx((2e-6, 3e-6))


def test_every_element_of_every_tensor_is_covered():
    rng = np.random.default_rng(0)
    tensors = [(rng.standard_normal(50) * s, rng.uniform(size=50) * s * 1e-6) for s in (1e-3, 1.0, 1e3)]
    rtol, atol = covering(tensors)
    for expected, tolerance in tensors:
        assert np.all(tolerance <= (atol + rtol * np.abs(expected)) * (1 + 1e-12))


@pytest.mark.parametrize("tensors", [[], [(np.zeros(3), np.zeros(3))], [(np.zeros(0), np.zeros(0))]])
def test_what_does_not_round_needs_nothing(tensors):
    assert covering(tensors) == Pair(0.0, 0.0)


def test_a_tensor_of_zeros_needs_atol_alone():
    assert covering([(np.zeros(2), np.full(2, 1e-9))]) == Pair(0.0, 1e-9)


def test_two_digits_are_rounded_up(rows):
    for row in rows.values():
        for value in (*(row.forward or ()), *(row.gradients or ())):
            assert float(f"{value:.1e}") == value


def test_copies_are_exact_and_parameters_have_no_gradients(rows):
    assert rows["unsqueeze", "float32"].forward == (0.0, 0.0)
    assert rows["optim.SGD", "float32"].gradients is None
    assert rows["optim.SGD", "float64"].forward.rtol > 0


@pytest.mark.parametrize("case", CASE_NAMES)
def test_a_dtype_of_29_more_bits_needs_so_much_less(case, rows):
    single, double = rows[case, "float32"].forward, rows[case, "float64"].forward
    assert single.rtol / double.rtol == pytest.approx(2.0**29, rel=0.3)


def test_the_same_tolerances_follow_from_the_same_seed(rows):
    c = constants()
    (again, *_) = recommend(["sigmoid"], SEED, c.tensor, c.element, features=[SIZE])
    assert again == rows["sigmoid", again.dtype]


def test_larger_constants_give_larger_tolerances(rows):
    c = constants()
    found = {r.dtype: r for r in recommend(["sigmoid"], SEED, 2 * c.tensor, 2 * c.element, features=[SIZE])}
    assert found["float32"].forward.rtol > 1.8 * rows["sigmoid", "float32"].forward.rtol


def close(got, expected, pair):
    torch.testing.assert_close(
        torch.from_numpy(got), torch.from_numpy(expected), rtol=pair.rtol, atol=pair.atol
    )


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("case", CASE_NAMES)
def test_a_correct_implementation_passes_and_one_through_fewer_bits_fails(case, lane, rows):
    """On samples that the tolerances were not derived from."""
    row = rows[case, lane]
    fewer = {"float32": np.float16, "float64": np.float32}[lane]
    caught = 0
    for _, sample in sized_samples(case, SEED + 1, [SIZE]):
        prepared = prepare(CASES[case], sample)
        expected = prepared.expectations[lane].reference
        for name, got in run_subject(prepared, lane, mytorch.make()).items():
            pair = row.gradients if name.startswith("grad.") else row.forward
            close(got, expected[name], pair)
            try:
                close(got.astype(fewer).astype(got.dtype), expected[name], pair)
            except AssertionError:
                caught += 1
            else:
                pytest.fail(f"{name} through {fewer.__name__} passes in {sample.text}")
    assert caught


def test_samples_are_of_the_size_and_of_order_one():
    sizes = {}
    for size, sample in sized_samples("nn.Linear", SEED, [16, 64]):
        sizes.setdefault(size, []).append(sample)
        assert {sample.settings["I"], sample.settings["O"]} == {size}
        assert sample.regime == "normal"
        assert type(sample).parse(sample.text) == sample
    assert list(sizes) == [16, 64]


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_samples_of_every_size_or_of_none(name):
    sizes = {size for size, _ in sized_samples(name, SEED)}
    assert sizes in ({16, 64, 256}, {None})


def test_the_example_in_the_head_runs_and_sees_float16(rows):
    pair = rows["nn.Linear", "float32"].forward
    (code,) = re.findall(r"```python\n(.*?)```", HEAD, flags=re.DOTALL)
    code = code.format(rtol=pair.rtol * 8, atol=pair.atol * 8)  # those of 64 features are not derived here
    exec(code, {})  # noqa: S102 - the document's own code
    with pytest.raises(AssertionError):
        exec(code.replace("actual = (x", "actual = (x.half()"), {})  # noqa: S102 - the same, made worse


def test_the_constants_are_those_that_are_given_and_not_those_in_force(rows, monkeypatch):
    from conformance.calibration import recommend as module

    c = constants()
    monkeypatch.setattr(module, "constants", lambda: replace(c, tensor=99.0, element=99.0))
    (again, *_) = module.recommend(["sigmoid"], SEED, c.tensor, c.element, features=[SIZE])
    assert again == rows["sigmoid", again.dtype]

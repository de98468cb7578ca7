"""An implementation that is wrong for one regime or shape class fails in the samples of that one only."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import AGREES, Status
from conformance.registry import find_implementation
from conformance.sampling.space import draw


@cache
def _prepared(name):
    case = CASES[name]
    return [prepare(case, sample) for sample in draw(name, case.space, 1, case.default_samples)]


@pytest.fixture
def plug_in(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: find_implementation(f"faulty.regimes:{name}")


def _found(name, subject):
    """Return the class, regime and lane of every verdict that failed, and all verdicts."""
    verdicts = [verdict for prepared in _prepared(name) for verdict in judge_sample(prepared, subject)]
    assert {v.status for v in verdicts} <= AGREES | {Status.FAIL}
    return {(v.shape_class, v.regime, v.lane) for v in verdicts if v.status is Status.FAIL}, verdicts


# implementation, case → the only regime in which it fails, and in how many lanes
BY_REGIME = [
    ("nan_is_zero", "add", "nonfinite", 2),
    ("nan_is_zero", "sum", "nonfinite", 2),
    ("inf_for_nan", "add", "nonfinite", 2),
    ("inf_for_nan", "nn.functional.logsigmoid", "nonfinite", 2),
    ("unsigned_inf", "add", "nonfinite", 2),
    ("unsigned_inf", "nn.functional.logsigmoid", "nonfinite", 2),
    # In that regime only float32 has denormals.
    ("flushed_denormals", "neg", "tiny", 1),
    ("flushed_denormals", "add", "tiny", 1),
    ("flushed_denormals", "sum", "tiny", 1),
    ("masked_by_product", "tril", "nonfinite", 2),
]


@pytest.mark.parametrize(("fault", "case", "regime", "lanes"), BY_REGIME)
def test_a_wrong_kind_of_value_is_caught_in_its_regime_alone(plug_in, fault, case, regime, lanes):
    failed, _ = _found(case, plug_in(fault))
    assert {found for _, found, _ in failed} == {regime}
    assert len({lane for *_, lane in failed}) == lanes


# implementation, case → the only shape class in which it fails
BY_CLASS = [
    ("misread_strides", "add", "strided"),
    ("misread_strides", "matmul", "strided"),
    ("misread_strides", "cat", "strided"),
    ("batch_of_at_least_one", "sigmoid", "empty"),
    ("batch_of_at_least_one", "sum", "empty"),
    ("uncleared_sums", "mm", "zero"),
    ("uncleared_sums", "matmul", "zero"),
]


@pytest.mark.parametrize(("fault", "case", "shape_class"), BY_CLASS)
def test_a_wrong_kind_of_shape_is_caught_in_its_class_alone(plug_in, fault, case, shape_class):
    failed, verdicts = _found(case, plug_in(fault))
    assert {found for found, _, _ in failed} == {shape_class}
    # It fails in every regime, so in every sample of that class.
    assert {regime for _, regime, _ in failed} == {v.regime for v in verdicts}


@pytest.mark.parametrize("case", sorted({case for _, case, *_ in (*BY_REGIME, *BY_CLASS)}))
def test_torch_itself_passes_the_same_samples(case):
    assert _found(case, find_implementation("torch"))[0] == set()

"""Every way to train is drawn at every seed, and Python scalars are compared by their leading digits."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cases._leading import leading, numbers
from conformance.cases._training import EVENTS
from conformance.cases._ways import WAYS, settle
from conformance.sampling.space import BARE, draw

_NAMES = ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta")
OPTIMISERS = tuple(f"optim.{name}" for name in _NAMES)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_default_run_trains_in_every_way_at_every_seed(name):
    case = CASES[name]
    for seed in range(100):
        drawn = draw(name, case.space, seed, case.default_samples)
        assert {s.settings["way"] for s in drawn if s.shape_class not in BARE} == set(WAYS), seed


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_way_has_the_settings_without_which_it_shows_nothing(name):
    case = CASES[name]
    for sample in draw(name, case.space, 1, case.default_samples):
        assert sample.settings.items() >= dict(settle(sample.settings)).items()


def test_every_event_is_one_that_there_is_and_used():
    assert {event for way in WAYS.values() for event in way.events.values()} == set(EVENTS)


@pytest.mark.parametrize("value", [1.0, -0.3, 1e-300, 5e-324, 0.5, 2**-40])
def test_the_last_bits_of_a_float_do_not_count_and_the_ninth_digit_does(value):
    near = [np.nextafter(value, inf), np.nextafter(value, -inf)]
    assert set(leading([value, *near]).tolist()) == {leading([value])[0]}
    if abs(value) > 1e-300:
        assert leading([value * (1 + 1e-9)]) != leading([value])


def test_floats_that_differ_have_other_numbers():
    values = [0.0, 1.0, -1.0, 2.0, inf, -inf, nan, 1e-9]
    assert len(set(leading(values).tolist())) == len(values)


def test_values_of_each_kind_have_other_numbers():
    kinds = [None, False, True, 2, 0.0, 2.0, "min", "max", (0.9, 0.99), [0.9, 0.999], {2: 1}, {2: 2}]
    assert len({tuple(numbers(value)) for value in kinds}) == len(kinds)


def test_equal_values_have_equal_numbers():
    assert numbers({5: 2, 2: 1}) == numbers({2: 1, 5: 2})
    assert numbers((0.9, 0.1 + 0.2)) == numbers([0.9, 0.3])
    assert numbers([lambda: 1, None]) == numbers([lambda: 2, None])

"""Messages about names and numbers that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.errors import UsageError, unknown, whole


def test_an_unknown_name_suggests_the_nearest_three_only():
    told = str(unknown("case", "lstm", CASES, "A hint"))
    assert told.startswith("unknown case 'lstm'. Did you mean nn.LSTM or ")
    assert told.endswith("? A hint")
    assert len(told) < 120
    # Nothing is like it: no name at all where a hint says how to list them, else a few.
    assert str(unknown("case", "§", CASES, "A hint")) == "unknown case '§'. A hint"
    assert str(unknown("use", "§", "abcd")) == "unknown use '§'. There are 4, such as a, b, c."


def test_few_names_are_all_named():
    assert str(unknown("dtype", "int8", ["float64", "float32"])) == (
        "unknown dtype 'int8'. There are: float64, float32."
    )


def test_a_name_of_ten_megabytes_is_told_in_short():
    assert len(str(unknown("case", 10_000_000 * "nn.LSTM", CASES))) < 2_100


@pytest.mark.parametrize("value", [0, 7, np.int64(7), np.uint8(7)])
def test_a_whole_number_is_returned_as_pythons(value):
    assert type(whole("seed", value, 0)) is int


@pytest.mark.parametrize("value", [-1, 1.0, 1.5, True, "1", None, np.ones(3), np.float64(1)], ids=repr)
def test_what_is_not_a_whole_number_is_refused_by_the_arguments_name(value):
    with pytest.raises(UsageError, match=r"^seed: expected a whole number of at least 0, got "):
        whole("seed", value, 0)

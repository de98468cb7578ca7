"""The functions by which faults change whole programs: settings, names, derivatives and results."""

from __future__ import annotations

import pytest

import mytorch
from conformance.cases.case import BadCall, Values
from conformance.faults._rewriting import Overlay, changed


class TestOverlay:
    def test_one_name_means_something_else(self):
        found = Overlay(mytorch, {"nn.utils.rnn.pad_sequence": "this"})
        assert found.nn.utils.rnn.pad_sequence == "this"

    def test_every_other_name_means_what_it_did(self):
        found = Overlay(mytorch, {"nn.Linear": "this"})
        assert found.nn.LSTM is mytorch.nn.LSTM
        assert found.sigmoid is mytorch.sigmoid

    def test_a_name_that_is_not_there_is_missed_as_before(self):
        with pytest.raises(AttributeError, match="nothing_of_that_name"):
            _ = Overlay(mytorch, {"nn.Linear": "this"}).nn.nothing_of_that_name


def test_what_is_not_changed_stays():
    bad = BadCall("no such option", ("x",), options={"x": 1}, call=len)
    x = changed(Values({"a": 1, "b": 2}, {"N": 3, "M": 4}, {"step": abs}, bad), {"a": 5}, N=6)
    assert (dict(x), x.config, x.seams) == ({"a": 5, "b": 2}, {"N": 6, "M": 4}, {"step": abs})
    assert (x.options, x.call) == ({"x": 1}, len)

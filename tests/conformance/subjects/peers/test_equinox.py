"""equinox's cells make torch's layers; other gates are seen."""

from __future__ import annotations

import pytest

from conformance.judging.verdict import Status

for needed in ("jax", "equinox"):
    pytest.importorskip(needed, reason=f"{needed} is not installed")


def test_it_computes_what_torch_computes_forward_and_backward(judged):
    report = judged("equinox:make", ["nn.LSTM", "nn.LSTMCell", "nn.GRU", "nn.GRUCell"])
    assert report.exit_code == 0, report.failures[:3]
    compared = {(v.case, v.check, v.lane) for v in report.verdicts if v.status is Status.PASS}
    assert len(compared) == 4 * 2 * 2


@pytest.mark.parametrize("case", ["nn.LSTMCell", "nn.GRUCell"])
def test_other_gates_are_seen(exchanged, case):
    report = exchanged("equinox:make", [case])
    assert report.exit_code == 1
    assert {v.status for v in report.failures} == {Status.FAIL}


def test_a_plain_rnn_is_not_among_its_cases(judged):
    report = judged("equinox:make", ["nn.RNNCell"])
    assert report.exit_code != 0
    assert not [v for v in report.verdicts if v.status is Status.PASS]

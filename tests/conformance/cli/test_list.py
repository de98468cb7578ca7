"""`conformance list`: the names of cases, implementations and faults."""

from __future__ import annotations

import pytest

from conformance.arithmetic.rules import RULES
from conformance.faults import FAULTS


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            "cases",
            ["models.LSTMCell", "models.LSTM", "nn.Linear", "optim.SGD", "optim.Adam", "Tensor.__getitem__"],
        ),
        ("implementations", ["mytorch", "torch", "fault:NAME", "module:attribute"]),
        ("faults", list(FAULTS)),
        ("rules", list(RULES)),
    ],
)
def test_what_is_listed(command_line, tmp_path, what, expected):
    done = command_line("list", what, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    listed = [line.split()[0] for line in done.stdout.splitlines()[2:]]
    assert [name for name in expected if name not in listed] == []


def test_the_table_of_rules_fits_a_wide_terminal(command_line, tmp_path):
    lines = command_line("list", "rules", cwd=tmp_path).stdout.splitlines()
    assert max(map(len, lines)) <= 135
    (exp,) = [line for line in lines if line.startswith("exp ")]
    assert exp.split()[1:4] == ["4", "roundings", "of"]
    assert exp.endswith("elementary.py")

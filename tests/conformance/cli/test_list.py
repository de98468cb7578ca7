"""`conformance list`: the names of cases, implementations and faults."""

from __future__ import annotations

import pytest

from conformance.arithmetic.rules import RULES
from conformance.cli.main import main
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


# Some of torch's operations have names of 38 letters, which are not broken.
@pytest.mark.parametrize(
    ("what", "width"), [("cases", 135), ("implementations", 135), ("faults", 135), ("rules", 170)]
)
def test_each_table_fits_a_wide_terminal(capsys, what, width):
    assert main(["list", what]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


def test_a_rule_is_one_row_with_its_file(capsys):
    main(["list", "rules"])
    lines = capsys.readouterr().out.splitlines()
    (exp,) = [line for line in lines if line.startswith("exp ")]
    assert exp.split()[1:4] == ["4", "roundings", "of"]
    assert exp.endswith("elementary.py")

"""Each format of a report is, byte for byte, the file of it in `golden/`.

The report holds every status, and every remark that a run can make. `python test_golden.py` writes the files
again; look at what changed in them.
"""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import jsonschema
import pytest

from conformance.judging.bitwise import Finding
from conformance.judging.profile import Profile
from conformance.judging.verdict import Status, Verdict
from conformance.report import formats
from conformance.report.baseline import Baseline
from conformance.report.bitwise import Bitwise
from conformance.report.gate import Gate, text
from conformance.report.job_summary import job_summary
from conformance.report.parity_schema import SCHEMA
from conformance.report.record import Report
from conformance.report.scope import Scope
from conformance.report.terminal import terminal
from conformance.subjects.declarations import Declarations, Excuse

GOLDEN = Path(__file__).with_name("golden")
RELU = "relu:seed=1,draw={},class=small,regime={},N=2,L=3,rank=2"
LINEAR = "nn.Linear:seed=1,draw={},class={},regime=normal,N=4,L=5,I=6,O=5,rank=1,bias=true"
LSTM = "mine.LSTM:seed=1,draw=0,class=small,regime=normal,N=2,L=4,I=5,H=5"
LINK = "https://example.org/issues/12"
# What a subject may write: an escape sequence, markup of every format, a half of a pair, a line break.
HOSTILE = "ValueError: \x1b[31m<b>|`]]>&\ud800\n```\nSHOWN: all of it"


def _verdict(case, sample, observable, status, check="forward", lane="float32", **fields):
    values = {"elements": 6, "shape_class": "small", "regime": "normal"}
    if status is Status.PASS:
        values |= {"max_error": 1e-9, "tolerance": 4e-9, "headroom": 4.0, "expected": 1.0, "got": 1.000000001}
    return Verdict(case, sample, check, lane, observable, status, **values | fields)


BLIND = ["zeros", "the mean everywhere", "rolled rows", "the input itself"]


def _relu(draw, observable, status, regime="normal", **fields):
    return _verdict("relu", RELU.format(draw, regime), observable, status, regime=regime, **fields)


def _lstm(observable, check, **fields):
    return _verdict("mine.LSTM", LSTM, observable, Status.FAIL, check, **WRONG | fields)


def _linear(draw, observable, status, **fields):
    return _verdict("nn.Linear", LINEAR.format(draw, "small"), observable, status, **fields)


WRONG = {
    "max_error": 0.5,
    "tolerance": 2.5e-7,
    "headroom": 5e-7,
    "max_ulp": 4194304.0,
    "error_in_u": float("inf"),
    "reference_error": 0.0,
    "worst_index": [1, 2],
    "expected": 1.0,
    "got": 1.5,
    "repeatable": True,
    "reason": "2 of 6 elements differ by more than rounding explains",
}
EXCUSES = (
    Excuse(case="relu", observable="grad.*", regime="nonfinite", reason="the slope at NaN is 0", link=LINK),
    Excuse(case="nn.Linear", observable="grad.bias", reason="summed in pairs", link=LINK),
)
EXCUSED = f"only gradients at NaN inputs differ; excused: the slope at NaN is 0 ({LINK})"
SKIPPED = {"elements": 0, "reason": "the subject has no such use"}
EVERY = Report(
    seed=1,
    implementation="mine.py:mine",
    reference="torch",
    verdicts=(
        _relu(
            0, "output", Status.PASS, lane="float64", headroom=float("inf"), max_error=0.0, repeatable=True
        ),
        _relu(0, "output", Status.PASS, headroom=1.25, repeatable=False),
        _relu(0, "grad.input", Status.PASS, check="backward", would_pass=[]),
        _relu(
            1, "grad.input", Status.EXCUSED, "nonfinite", check="backward", reason=EXCUSED, got=float("nan")
        ),
        _relu(2, None, Status.ERROR, elements=0, reason=HOSTILE),
        _relu(0, "rank", Status.FAIL, check="errors", lane=None, elements=0, reason="got no error"),
        _relu(0, None, Status.SKIP, check="use", use="no-grad", **SKIPPED),
        _linear(0, "output", Status.FAIL, **WRONG),
        _linear(
            0, "grad.bias", Status.PASS, check="backward", would_pass=["rolled rows", "float16 rounding"]
        ),
        _linear(
            0, "grad.weight", Status.MISTRUSTED, check="backward", would_pass=BLIND, reason="zeros agree"
        ),
        _linear(0, "twice/output", Status.PASS, check="use", use="twice"),
        _linear(1, "output", Status.FAIL, **WRONG | {"repeatable": False}),
        _linear(2, "output", Status.FAIL, **WRONG),
        _linear(3, "output", Status.FAIL, **WRONG),
        _linear(4, "output", Status.SKIP, elements=0, reason="no such size\n# SHOWN: all of it"),
        _verdict("cat", "cat:seed=1,draw=0", "output", Status.EMPTY, elements=0, reason="nothing to compare"),
        _verdict("add", "add:seed=1,draw=0", "output", Status.FAIL, **WRONG),
        _lstm("output", "forward", profile=Profile("step", list("0123"), [0.25, 0.5, float("inf"), 2e6])),
        _lstm("grad.bias_ih_l0", "backward", profile=Profile("gate", list("ifgo"), [0.5, 12.5, 0.75, 1.0])),
        _verdict("optim.SGD", "optim.SGD:seed=1,draw=0", "weight.3", Status.PASS, "training", "float64"),
    ),
    minimums={"small": 2, "long": 3, "normal": 1},
    shrunk={LINEAR.format(0, "small"): LINEAR.format(0, "small").replace("N=4", "N=1")},
    diagnosed={
        LINEAR.format(2, "small"): ["the bias is dropped", "the first row of output"],
        "add:seed=1,draw=0": ["none of 12 known faults behaves like it"],
    },
    scope=Scope(
        named=("relu", "nn.Linear", "cat", "add", "optim.SGD", "tanh", "exp"),
        limits=("float32", "no bad calls"),
        outside={"cases": 1, "samples": 12},
        fewer={"add": "3 of 4 samples found in 800 draws"},
    ),
    environment={"python": "3.11.9", "torch": "2.13.0", "threads": 1, "subject": "in the judge's process"},
    timing={"began": "2026-01-02T03:04:05+00:00", "seconds": 12.345, "stopped": "STOPPED after 17 of 90"},
    declarations=Declarations(EXCUSES, "absolute", "own"),
    constants={"sha256": 64 * "0", "tensor": 4.0, "element": 6.0, "warn": 1.4},
    bitwise=Bitwise(
        "float32",
        ("repeat", "rows", "threads"),
        (
            Finding("nn.Linear", "repeat", "forward", 2048),
            Finding("nn.Linear", "repeat", "gradient", 4096),
            Finding("nn.Linear", "rows", "forward", 2048, 3, 4352, 1.25),
            Finding("nn.Linear", "rows", "gradient", 2048, 1, None, None),
            Finding("nn.Linear", "threads", "forward", reason="one core"),
            Finding("nn.GRU", "permute", "forward", 512),
            Finding("nn.GRU", "threads", "forward", reason=HOSTILE),
        ),
    ),
)
# Given as an object, it has no name on the command line.
OBJECT = replace(EVERY, implementation="Mine", given_as="an object")
WELL = replace(
    EVERY,
    verdicts=tuple(verdict for verdict in EVERY.verdicts if verdict.status is Status.PASS),
    minimums={},
    scope=Scope(),
    timing={"began": "2026-01-02T03:04:05+00:00", "seconds": 12.345},
    declarations=Declarations(),
    bitwise=Bitwise("float32", (), (Finding("nn.Linear", "repeat", "forward", 2048),)),
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def _at(width, report=EVERY, **options):
    with patch.dict(os.environ, COLUMNS=str(width)), redirect_stdout(Terminal()):
        return terminal(report, **options) + "\n"


FILES = {
    "parity.json": EVERY.to_json,
    "parity.md": lambda: formats.rendered(EVERY, "markdown"),
    "details.md": lambda: formats.rendered(EVERY, "details"),
    "parity.html": lambda: formats.rendered(EVERY, "html"),
    "parity.xml": lambda: formats.rendered(EVERY, "junit"),
    "terminal-40.txt": lambda: _at(40),
    "terminal-80.txt": lambda: _at(80),
    "terminal-quiet.txt": lambda: _at(80, quiet=True),
    "terminal-well.txt": lambda: _at(80, WELL),
    "job_summary.md": lambda: job_summary(EVERY),
    "job_summary-well.md": lambda: job_summary(WELL),
    "comment.md": lambda: text(Gate(EVERY, Baseline.of(WELL)), "markdown") + "\n",
}


def test_the_report_has_every_status():
    assert {verdict.status for verdict in EVERY.verdicts} == set(Status)
    assert WELL.exit_code == 0


@pytest.mark.parametrize("name", FILES)
def test_a_format_is_its_golden_file(name):
    assert FILES[name]().encode() == (GOLDEN / name).read_bytes()


def test_every_format_has_a_golden_file():
    golden = {"terminal": "terminal-80.txt", "markdown": "parity.md", "details": "details.md"}
    golden |= {"junit": "parity.xml", "json": "parity.json", "html": "parity.html"}
    assert {golden[name] for name in formats.names()} <= set(FILES)
    assert {path.name for path in GOLDEN.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize("report", [EVERY, WELL, OBJECT], ids=["every status", "all is well", "an object"])
def test_a_report_renders_again_from_its_json_to_the_same_bytes(name, report):
    again = Report.from_json(report.to_json())
    assert formats.rendered(again, name) == formats.rendered(report, name)


def test_the_golden_json_keeps_the_schema():
    jsonschema.validate(json.loads(EVERY.to_json()), json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", FILES)
def test_no_control_character_gets_into_a_file(name):
    text = FILES[name]()
    assert all(character.isprintable() for character in text.replace("\n", ""))


# Where a line of a page begins means nothing there.
@pytest.mark.parametrize("name", [name for name in FILES if name != "parity.html"])
def test_no_line_of_a_message_passes_for_one_of_the_report(name):
    assert not [line for line in FILES[name]().splitlines() if line.startswith(("SHOWN: all", "# SHOWN"))]


@pytest.mark.parametrize("width", [40, 80])
def test_a_table_fits_the_terminal_and_a_command_is_one_line(width):
    tables, _, rest = _at(width).partition("\n\nSEEN IN PART ")
    assert max(map(len, tables.splitlines())) <= width
    commands = [line.partition("conformance replay ")[2] for line in rest.splitlines() if " replay " in line]
    assert len(commands) == 4  # three failures, and the next command
    assert all(command.endswith("--implementation mine.py:mine") for command in commands)
    assert rest.splitlines()[-1].startswith("Next: conformance replay relu:seed=1")


if __name__ == "__main__":
    for name, made in FILES.items():
        (GOLDEN / name).write_bytes(made().encode())

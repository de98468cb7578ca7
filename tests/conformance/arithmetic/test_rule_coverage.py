"""reports/rule_coverage.md names all of torch's operations, and says of each what its program finds.

A tenth of the operations is judged here, and one whose rule is wrong. All are where the report is written.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "benchmarks" / "rule_coverage.py"
REPORT = (ROOT / "reports" / "rule_coverage.md").read_text(encoding="utf-8")
# More of them than this are covered.
LEAST = 0.85

# Judges every tenth operation by its name's checksum, then one by rules that are wrong.
CODE = f"""
import json, runpy, sys
from dataclasses import replace
from zlib import crc32
program = runpy.run_path({str(PROGRAM)!r})
operations, judged = program["operations"](), program["judged"]
found = {{name: judged(op) for name, op in operations.items() if not crc32(name.encode()) % 10}}
from conformance.arithmetic.rules import RULES
from conformance.arithmetic.rules.rule import Relative
conv = operations["nn.functional.conv2d"]
wrong = {{"right": judged(conv)}}
RULES["convolution"] = replace(RULES["convolution"], rounds=Relative(2.0**-20))
wrong["too small"] = judged(conv)
del RULES["convolution"]
wrong["none"] = judged(conv)
print("found:", json.dumps([list(operations), found, wrong]))
"""


@pytest.fixture(scope="module")
def found():
    """Return the names of the operations, what is found of a tenth of them, and of one with wrong rules."""
    done = subprocess.run(  # noqa: S603 - what is run is the test's own
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    text = re.search(r"^found: (.*)", done.stdout, re.MULTILINE)
    assert text, done.stderr
    return json.loads(text[1])


LACKING = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", REPORT, re.MULTILINE))
COVERED = re.findall(r"`([^`]+)`", REPORT.partition("\n## Covered\n")[2].replace("\n", " "))


def test_every_operation_of_torch_stands_there_once(found):
    names, _, _ = found
    assert sorted([*LACKING, *COVERED]) == sorted(names)


def test_what_is_said_of_a_tenth_is_found(found):
    _, tenth, _ = found
    assert len(tenth) > 50
    assert {name: LACKING.get(name, "") for name in tenth} == tenth


def test_a_wrong_rule_is_not_covered(found):
    _, _, wrong = found
    assert wrong == {
        "right": "",
        "too small": "torch's own float32: output is further away than rounding explains",
        "none": "no rule of `convolution`",
    }


def test_the_counts_are_of_the_lists():
    count, covered, share = re.search(
        r"(\d+) operations .*? through (\d+), ([\d.]+)%", REPORT, re.DOTALL
    ).groups()
    assert (int(count), int(covered)) == (len(LACKING) + len(COVERED), len(COVERED))
    assert float(share) == pytest.approx(100 * len(COVERED) / int(count), abs=0.05)
    assert len(COVERED) >= LEAST * int(count)

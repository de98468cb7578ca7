"""The noise mode goes through torch's own operations, as benchmarks/opinfo_rules.py counts them."""

from __future__ import annotations

import re
from pathlib import Path

PROGRAM = Path(__file__).parents[3] / "benchmarks" / "opinfo_rules.py"

# An operation without a rule, and one that the table refuses though it goes through, are both noticed.
CODE = f"""
import runpy, sys
program = runpy.run_path({str(PROGRAM)!r})
from conformance.arithmetic.rules import RULES
held = {{name: RULES.pop(name) for name in ("lgamma", "atan2")}}
print("alone:", program["main"](["lgamma", "--samples", "1"]))
RULES.update(held)
program["REFUSED"]["atan2"] = "a wrong entry"
print("alone:", program["main"](["atan2", "--samples", "1"]))
del program["REFUSED"]["atan2"]
sys.exit(program["main"](["--every", "8", "--samples", "1"]))
"""


def test_most_go_through(python, tmp_path):
    done = python("-c", CODE, cwd=tmp_path)
    assert "lacking: lgamma: " in done.stdout
    assert "stale: atan2 " in done.stdout
    assert done.stdout.count("alone: 1") == 2
    through, share = re.findall(r"(\d+) go through \((.*?)%", done.stdout)[-1]
    assert int(through) > 60
    assert float(share) >= 75

"""torch's own samples of its operations agree on mytorch, as benchmarks/opinfo.py compares them."""

from __future__ import annotations

import re
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "opinfo.py"

# Wrong functions first: what is said of each; then the samples of all operations, each in one dtype.
CODE = f"""
import runpy, sys
program = runpy.run_path({str(PROGRAM)!r})
exp = next(op for op in program["op_db"] if op.name == "exp")
sample = next(iter(exp.sample_inputs("cpu", program["torch"].float64, requires_grad=True)))
for wrong in (
    lambda x: x.exp(),
    lambda x: x.exp() * (1 + 1e-5),
    lambda x: x.exp().float(),
    lambda x: x.exp().unsqueeze(0),
    lambda x: x.exp().detach(),
    lambda x: x.exp() + x - x.detach(),
    lambda x: [x.exp()] * 2,
    lambda x: x.no_such_method(),
):
    print("verdict:", program["compare"]("exp", sample, exp.op, wrong))
sys.exit(program["main"](["--quick", "--failures", "9"]))
"""


def test_samples_of_torch(python, tmp_path):
    done = python("-c", CODE, cwd=tmp_path)
    verdicts = re.findall(r"^verdict: (.*)", done.stdout, re.MULTILINE)
    words = ["None", "another value", "torch.float32", "(1, ", "False", "gradient: another", "results, not"]
    assert len(verdicts) == len(words) + 1, done.stderr
    for word, verdict in zip([*words, "no_such_method"], verdicts, strict=True):
        assert word in verdict
    run = int(re.search(r"operations, (\d+) samples", done.stdout)[1])
    assert run > 4000
    assert done.returncode == 0, done.stdout

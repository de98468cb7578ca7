"""Measure how far headrooms spread over the kernels of one CPU: what the gate's factor has to cover.

Run as ``python benchmarks/headroom_spread.py [CASE...]``. The same samples are judged with each of torch's
CPU capabilities and each of OpenBLAS's kernels, and the headrooms of each place are compared as the gate
compares them. The factor in force must be above the largest spread.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from conformance.arithmetic.constants import constants
from conformance.report.baseline import Baseline
from conformance.report.changes import KINDS, Change, fall, lost

CAPABILITIES = ("default", "avx2", "avx512")
KERNELS = ("Haswell", "SkylakeX", "Zen")

# Where sums are long, and where the headrooms of a default run are least.
CASES = (
    *("nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.RNNCell", "models.LSTM"),
    *("nn.Linear", "matmul", "nn.functional.scaled_dot_product_attention"),
    *("nn.LayerNorm", "nn.functional.cross_entropy", "optim.Adam"),
)


def judged(cases: list[str], capability: str, kernel: str, jobs: int) -> Baseline:
    """Judge mytorch with one capability of torch's and one kernel of OpenBLAS's."""
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability, "OPENBLAS_CORETYPE": kernel}
    with tempfile.TemporaryDirectory() as out:
        run = ["run", *cases, "--seed", "1", "--jobs", str(jobs), "--out", out]
        subprocess.run(  # noqa: S603  # own command
            [sys.executable, "-m", "conformance", *run],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return Baseline.from_json((Path(out) / "baseline.json").read_text(encoding="utf-8"))


def spreads(runs: list[Baseline]) -> list[tuple[float, str]]:
    """Return the largest fall between two runs at each place, the largest first."""
    headrooms = next(kind.facts for kind in KINDS if kind.name == "headroom")
    found: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for where, headroom in headrooms(run).items():
            found[" · ".join(where)].append(headroom)
    return sorted(((fall(max(each), min(each)), where) for where, each in found.items()), reverse=True)


def others(runs: list[Baseline]) -> list[Change]:
    """Return what else the gate would call lost between two runs."""
    pairs = itertools.permutations(runs, 2)
    return [change for pair in pairs for change in lost(*pair) if change.kind != "headroom"]


def main() -> None:
    """Judge with every pair of capability and kernel, and print the spread."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="by default twelve; `all` for all")
    parser.add_argument("--jobs", type=int, default=1, help="processes of a run (default: 1)")
    options = parser.parse_args()
    cases = [] if options.cases == ["all"] else options.cases or list(CASES)

    runs = []
    for capability, kernel in itertools.product(CAPABILITIES, KERNELS):
        run = judged(cases, capability, kernel, options.jobs)
        runs.append(run)
        print(
            f"{capability:8} {kernel:9} {run.environment['torch_cpu_capability']}, {run.environment['blas']}"
        )
    found = spreads(runs)
    print(f"{len(runs[0].classes)} cases, {len(found)} headrooms, {len(others(runs))} other losses")
    for share in (0.5, 0.1, 0.01):
        print(f"{share:4.0%} spread by at least {found[int(share * len(found))][0]:.2f}")
    print(f"the largest spreads; the factor in force is {constants().headroom_factor:g}:")
    for spread, where in found[:10]:
        print(f"{spread:6.2f}  {where}")


if __name__ == "__main__":
    main()

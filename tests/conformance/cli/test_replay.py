"""`conformance replay`: of a bundle in any folder, and of a sample by its text."""

from __future__ import annotations

import subprocess
import sys

import numpy as np


def test_a_bundle_replays_from_its_own_arrays(command_line, tmp_path):
    name = "fault:bias-f-dropped"
    command_line(
        "run", "models.LSTMCell", "--samples", 1, "--implementation", name, "--out", "out", cwd=tmp_path
    )
    bundle = tmp_path / "out" / "failures" / "models.LSTMCell"
    assert sorted(path.name for path in bundle.iterdir()) == ["arrays.npz", "bundle.json", "replay.py"]
    failing = command_line("replay", bundle, cwd=tmp_path)
    assert failing.returncode == 1, failing.stderr
    assert name in failing.stdout
    assert command_line("replay", bundle, "--implementation", "mytorch", cwd=tmp_path).returncode == 0
    script = subprocess.run(  # noqa: S603 - the script was just written here
        [sys.executable, bundle / "replay.py"], capture_output=True, check=False, timeout=300
    )
    assert script.returncode == 1
    # With a bias of zero the fault changes nothing: so the stored arrays are replayed.
    with np.load(bundle / "arrays.npz") as stored:
        arrays = dict(stored)
    arrays["input/bias_ih"][:] = 0
    np.savez(bundle / "arrays.npz", **arrays)
    healed = command_line("replay", bundle, cwd=tmp_path)
    assert "grad.bias_ih" in healed.stdout
    assert "PASS" in next(line for line in healed.stdout.splitlines() if " output " in line)
    command_line("run", "sigmoid", "--samples", 1, "--implementation", "torch", "--out", "out", cwd=tmp_path)
    assert not bundle.parent.exists()  # a run without failures removes those of an earlier run

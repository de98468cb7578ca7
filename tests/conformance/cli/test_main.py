"""The command line, in a process of its own: exit codes, what is printed, what is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from conformance.faults import FAULTS

SUBJECT = '''
from conformance import TorchLike

class NoGradient(TorchLike):
    """Leaves out every gradient."""

    def run(self, task):
        return {name: array for name, array in super().run(task).items() if not name.startswith("grad.")}

made = NoGradient("mine", "torch")

def make():
    return made
'''


def run(*arguments, cwd, **environment):
    """Run the command line; warnings and all, as a user would."""
    return subprocess.run(  # noqa: S603 - the command is this file's own
        [sys.executable, "-m", "conformance", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONSAFEPATH": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_run_that_shows_parity_exits_0_and_writes_both_reports(tmp_path):
    done = run("run", "sigmoid", "unsqueeze", "--seed", 1, "--samples", 4, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "SHOWN: mytorch against torch, seed 1" in done.stdout
    assert "sigmoid" in done.stderr  # progress
    assert json.loads((tmp_path / "out" / "parity.json").read_text(encoding="utf-8"))["totals"]["fail"] == 0
    assert "| unsqueeze |" in (tmp_path / "out" / "parity.md").read_text(encoding="utf-8")
    assert not (tmp_path / "out" / "failures").exists()


@pytest.mark.parametrize("attribute", ["made", "make", "NoGradient"])
def test_your_own_implementation_is_found_in_the_current_directory(tmp_path, attribute):
    (tmp_path / "mine.py").write_text(
        SUBJECT.replace("class NoGradient(TorchLike):", "class Base(TorchLike):").replace(
            'NoGradient("mine", "torch")', 'Base("mine", "torch")'
        )
        + '\nclass NoGradient(Base):\n    def __init__(self):\n        super().__init__("mine", "torch")\n',
        encoding="utf-8",
    )
    done = run("run", "tanh", "--samples", 1, "--implementation", f"mine:{attribute}", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "missing: expected grad.input" in done.stdout
    assert (tmp_path / "reports" / "latest" / "parity.json").exists()


def test_a_failure_is_a_bug_report_and_its_replay_fails_too(tmp_path):
    done = run("run", "models.LSTM", "--samples", 1, "--implementation", "fault:gates-gifo", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    report = done.stdout[done.stdout.index("FAIL models.LSTM · outputs · semantic") :]
    for word in ("sample", "worst at", "expected", "got", "tolerance", "smallest", "replay"):
        assert f"\n  {word}" in report, report
    command = next(line.split()[1:] for line in report.splitlines() if line.startswith("  replay"))
    assert command[0] == "conformance"
    again = run(*command[1:], cwd=tmp_path)
    assert again.returncode == 1, again.stderr
    assert "FAIL" in again.stdout
    assert run(*command[1:3], cwd=tmp_path).returncode == 0  # mytorch itself


def test_a_bundle_replays_from_its_own_arrays(tmp_path):
    name = "fault:bias-f-dropped"
    run("run", "models.LSTMCell", "--samples", 1, "--implementation", name, "--out", "out", cwd=tmp_path)
    bundle = tmp_path / "out" / "failures" / "models.LSTMCell"
    assert sorted(path.name for path in bundle.iterdir()) == ["arrays.npz", "bundle.json", "replay.py"]
    failing = run("replay", bundle, cwd=tmp_path)
    assert failing.returncode == 1, failing.stderr
    assert name in failing.stdout
    assert run("replay", bundle, "--implementation", "mytorch", cwd=tmp_path).returncode == 0
    script = subprocess.run(  # noqa: S603 - the script was just written here
        [sys.executable, bundle / "replay.py"], capture_output=True, check=False, timeout=300
    )
    assert script.returncode == 1
    # With a bias of zero there is nothing to drop: so what is replayed is what is stored.
    with np.load(bundle / "arrays.npz") as stored:
        arrays = dict(stored)
    arrays["input/bias_ih"][:] = 0
    np.savez(bundle / "arrays.npz", **arrays)
    healed = run("replay", bundle, cwd=tmp_path)
    assert "grad.bias_ih" in healed.stdout
    assert "PASS" in next(line for line in healed.stdout.splitlines() if " output " in line)
    run("run", "sigmoid", "--samples", 1, "--implementation", "torch", "--out", "out", cwd=tmp_path)
    assert not bundle.parent.exists()  # a green run leaves no earlier run's failures behind


@pytest.mark.parametrize(
    ("arguments", "code", "mentions"),
    [
        (["run", "nn.Linnear"], 2, ("nn.Linnear", "nn.Linear", "sigmoid")),
        (["run", "--dtype", "int8"], 2, ("int8", "float32", "float64")),
        (["run", "--implementation", "nobody"], 2, ("nobody", "mytorch", "module:attribute")),
        (["run", "--samples", "-1"], 2, ("samples", "-1")),
        (["run", "--samples", "few"], 2, ("--samples", "few")),
        (["run", "--jobs", "0"], 2, ("jobs", "0")),
        (["run", "sigmoid", "--samples", "0"], 3, ()),
        (["replay", "sigmoid"], 2, ("sample", "sigmoid")),
        (["replay", "sigmoyd:seed=1,draw=0,class=small,regime=normal,N=1"], 2, ("sigmoyd", "sigmoid")),
        (["replay", "sigmoid:seed=1,draw=0,class=small,regime=normal,N=1"], 2, ("lacks", "F", "method")),
        (["replay", "sigmoid:seed=1,draw=0,class=small,regime=normal,N=-5,F=1,method=true"], 2, ("N", "-5")),
        (
            ["replay", "sigmoid:seed=1,draw=0,class=big,regime=normal,N=5,F=1,method=true"],
            2,
            ("'big'", "small"),
        ),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=mad,N=5,F=1,method=true"], 2, ("'mad'", "huge")),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=2"], 2, ("method", "2")),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=true,Q=1"], 2, ("Q", "F")),
        (["replay", "."], 2, ("bundle", "bundle.json")),
        (["list", "sheep"], 2, ("sheep", "cases")),
        ([], 2, ("COMMAND",)),
    ],
)
def test_exit_codes(tmp_path, arguments, code, mentions):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert [word for word in mentions if word not in done.stderr] == []
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            "cases",
            ["models.LSTMCell", "models.LSTM", "nn.Linear", "optim.SGD", "optim.Adam", "Tensor.__getitem__"],
        ),
        ("implementations", ["mytorch", "torch", "fault:NAME", "module:attribute"]),
        ("faults", list(FAULTS)),
    ],
)
def test_what_is_listed(tmp_path, what, expected):
    done = run("list", what, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    listed = [line.split()[0] for line in done.stdout.splitlines()[2:]]
    assert [name for name in expected if name not in listed] == []

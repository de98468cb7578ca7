"""`conformance replay`: of a bundle in any folder, and of a sample by its text."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from conformance.cli.main import main
from conformance.registry import IMPLEMENTATIONS
from conformance.running.run import run
from conformance.running.stored import digest
from conformance.subjects.torchlike import TorchLike


def test_a_bundle_replays_from_its_own_arrays(command_line, tmp_path):
    name = "fault:bias-f-dropped"
    command_line(
        "run", "models.LSTMCell", "--samples", 1, "--implementation", name, "--out", "out", cwd=tmp_path
    )
    bundle = tmp_path / "out" / "failures" / "models.LSTMCell"
    assert sorted(path.name for path in bundle.iterdir()) == [
        "arrays.npz",
        "bundle.json",
        "repro.py",
        "stored.py",
    ]
    failing = command_line("replay", bundle, cwd=tmp_path)
    assert failing.returncode == 1, failing.stderr
    assert name in failing.stdout
    assert command_line("replay", bundle, "--implementation", "mytorch", cwd=tmp_path).returncode == 0
    script = subprocess.run(  # noqa: S603 - the script was just written here
        [sys.executable, bundle / "repro.py"], capture_output=True, check=False, timeout=300
    )
    assert script.returncode == 1
    # With a bias of zero the fault changes nothing: so the stored arrays are replayed.
    with np.load(bundle / "arrays.npz") as stored:
        arrays = dict(stored)
    arrays["input/bias_ih"][:] = 0
    np.savez(bundle / "arrays.npz", **arrays)
    about = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    (bundle / "bundle.json").write_text(
        json.dumps(about | {"sha256": digest(about, arrays)}), encoding="utf-8"
    )
    healed = command_line("replay", bundle, cwd=tmp_path)
    assert "grad.bias_ih" in healed.stdout
    assert "PASS" in next(line for line in healed.stdout.splitlines() if " output " in line)
    command_line("run", "sigmoid", "--samples", 1, "--implementation", "torch", "--out", "out", cwd=tmp_path)
    assert not bundle.parent.exists()  # a run without failures removes those of an earlier run


@pytest.mark.parametrize(
    ("given", "expected", "got"),
    [
        ("missing", "", "none"),
        ("empty", "", "a folder without bundle.json"),
        ("file", "", "a file"),
        ("out", ", such as 'out/failures/relu'", "a folder without bundle.json"),
        ("out/failures", ", such as 'out/failures/relu'", "a folder without bundle.json"),
        ("out/failures/relu/bundle.json", ", such as 'out/failures/relu'", "a file"),
        (400 * "sigmoid", "", "the error 'File name too long'"),
    ],
)
def test_what_holds_no_bundle_is_told(tmp_path, monkeypatch, capsys, given, expected, got):
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "out/failures/relu"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("file", "out/failures/relu/bundle.json"):
        (tmp_path / file).write_text("{}", encoding="utf-8")
    assert main(["replay", given]) == 2
    told = f": expected the folder of a bundle{expected}, or a sample's text CASE:seed=…, got {got}\n"
    line = capsys.readouterr().err
    assert (line.endswith(told), line.count("\n")) == (True, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed=-1,draw=0", "seed: expected a whole number of at least 0"),
        ("seed=1,draw=" + "9" * 23, "draw: "),
    ],
)
def test_a_sample_that_no_run_draws_is_refused(capsys, text, says):
    assert main(["replay", f"relu:{text},class=small,regime=normal,N=5,F=2,method=false"]) == 2
    assert f"conformance: sample: {says}" in capsys.readouterr().err


def test_a_replay_in_the_judges_process_says_so(capsys):
    sample = "relu:seed=1,draw=0,class=small,regime=normal,N=5,F=2,method=false"
    for options, said in ((["--in-process"], True), ([], False)):
        main(["replay", sample, *options])
        line = "\nIN PROCESS mytorch ran in the judge's process, as asked for\n"
        assert (line in capsys.readouterr().out) is said


class Flaky(TorchLike):
    """mytorch, whose output is wrong in one call of so many; in none if that is 0."""

    def __init__(self, every):
        super().__init__("flaky", "mytorch")
        self._every, self._calls = every, 0

    def run(self, task):
        self._calls += 1
        trace = super().run(task)
        wrong = self._every and self._calls % self._every == 0
        return trace | ({"output": trace["output"] + 1} if wrong else {})


# How often the subject is wrong in the run and in the replay, and what the replay returns and says.
REPLAYS = {
    "fails at times in both": (3, 3, 1, "reason     not repeatable: failed"),
    "fails at times, then never": (3, 0, 1, "NOT REPEATED FAIL output"),
    "fails always, then never": (1, 0, 0, "AGREES NOW FAIL output"),
    "fails always in both": (1, 1, 1, "elements differ by more than rounding explains"),
}


@pytest.mark.parametrize(("ran", "replayed", "code", "says"), REPLAYS.values(), ids=REPLAYS)
def test_a_failure_that_does_not_fail_again_is_told(tmp_path, monkeypatch, capsys, ran, replayed, code, says):
    monkeypatch.setitem(IMPLEMENTATIONS, "flaky", lambda: Flaky(ran))
    assert run("flaky", ["tanh"], 1, out=tmp_path, shrink=False, in_process=True).exit_code == 1
    monkeypatch.setitem(IMPLEMENTATIONS, "flaky", lambda: Flaky(replayed))
    bundle = str(tmp_path / "failures" / "tanh")
    assert main(["replay", bundle, "--in-process"]) == code
    assert says in capsys.readouterr().out
    # The record of one implementation says nothing about another.
    assert main(["replay", bundle, "--implementation", "mytorch"]) == 0
    assert "bundle was written" not in capsys.readouterr().out


class Declining(TorchLike):
    """mytorch, which declines one lane or all."""

    def __init__(self, *lanes):
        super().__init__("declining", "mytorch")
        self._lanes = lanes

    def unsupported(self, task):
        return f"no {task.dtype} here" if task.dtype in self._lanes else None


def test_what_the_subject_declines_does_not_count_as_agreement(monkeypatch, capsys):
    text = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
    said = {
        ("float32",): (0, f"2 of 3 observables of {text} agree in each of 10 runs, 1 are skipped\n"),
        ("float64", "float32"): (3, f"NOTHING COMPARED {text}: no float64 here; no float32 here\n"),
    }
    for lanes, (code, told) in said.items():
        name = f"declining {len(lanes)}"
        monkeypatch.setitem(IMPLEMENTATIONS, name, lambda lanes=lanes: Declining(*lanes))
        assert main(["replay", text, "--implementation", name, "--in-process"]) == code
        assert told in capsys.readouterr().out


def test_a_replay_says_where_the_bits_differ_from_run_to_run(monkeypatch, capsys):
    class Rounding(Flaky):
        def run(self, task):
            trace = super(Flaky, self).run(task)
            self._calls += 1
            return trace | ({"output": np.nextafter(trace["output"], 9)} if self._calls > 4 else {})

    monkeypatch.setitem(IMPLEMENTATIONS, "flaky", lambda: Rounding(0))
    text = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
    assert main(["replay", text, "--implementation", "flaky", "--in-process"]) == 0
    said = capsys.readouterr().out
    assert "OTHER BITS output · float32: within the tolerance in each of 10 runs" in said
    assert "OTHER BITS grad.input" not in said


def test_what_agrees_in_every_bit_is_called_exact(capsys):
    text = "nn.Linear:seed=1,draw=0,class=small,regime=normal,N=3,L=2,I=4,O=5,rank=2,bias=true,use=no-grad"
    assert main(["replay", text, "--implementation", "torch"]) == 0
    table = capsys.readouterr().out
    flags = [line.split() for line in table.splitlines() if "flag/output.is_leaf" in line]
    # Status, numbers, worst at, expected, got, error, tolerance and headroom.
    assert [row[2:] for row in flags] == [["PASS", "1", "[]", "1", "1", "0.0", "0.0", "exact"]] * 2
    assert " inf" not in table

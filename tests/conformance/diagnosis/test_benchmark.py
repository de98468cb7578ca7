"""benchmarks/diagnosis.py on one case: nearly every fault is named, and a right subject never."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from conformance.faults import FAULTS
from conformance.running.work import SampleWork
from conformance.sampling.sample import Sample

PROGRAM = Path(__file__).parents[3] / "benchmarks" / "diagnosis.py"


@pytest.fixture
def benchmark(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmark_of_diagnosis", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_faults_are_named_from_one_sample(benchmark):
    trials = benchmark.diagnosed("nn.RNNCell", seeds=1, each=1, lanes=("float64",))
    # That one computes in float32, which is as accurate as float32 may be.
    plain = {name for name in benchmark.structural("nn.RNNCell") if not FAULTS[name].uses}
    asked = plain - {"float64-in-float32"}
    assert {trial.fault for trial in trials} >= asked
    assert sum(trial.right for trial in trials) >= 0.95 * len(trials)
    # Naming everything would be right, too.
    assert median(len(trial.named) for trial in trials) <= 2
    # The correct program is among the subjects, and none of its samples had to be diagnosed.
    assert benchmark.CONTROL not in {trial.fault for trial in trials}
    assert "| all " in benchmark.table(trials)


def test_a_diagnosis_that_does_not_try_the_fault_is_wrong(benchmark, monkeypatch):
    candidates = benchmark.candidates
    monkeypatch.setattr(
        benchmark,
        "candidates",
        lambda samples: [each for each in candidates(samples) if "doubled" not in each.name],
    )
    trials = benchmark.diagnosed("nn.RNNCell", seeds=1, each=1, lanes=("float64",))
    wrong = {trial.fault for trial in trials if not trial.right}
    assert {"torch-bias_ih-doubled", "torch-bias_hh-doubled"} <= wrong


def test_faults_of_uses_are_named_in_their_uses(benchmark):
    trials = benchmark.diagnosed("tanh", seeds=1, each=1)
    uses = {trial.fault: Sample.parse(trial.sample).use for trial in trials}
    assert uses["second-backward-doubled"] == "backward-twice"
    assert uses["no-grad-other-value"] == "no-grad"
    # It returns no gradient at all, as what only computes outputs.
    assert uses["thread-loses-gradient"] == "other-thread"
    assert all(use in FAULTS[fault].uses for fault, use in uses.items() if use)
    assert all(trial.right for trial in trials)


def test_a_fault_of_a_use_is_not_sought_in_the_plain_call(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "in_use", lambda _, use: not use)
    trials = benchmark.diagnosed("tanh", seeds=1, each=1)
    assert "no-grad-other-value" not in {trial.fault for trial in trials}
    assert (
        "no-grad-other-value"
        in benchmark.report(trials, 1, 1).rpartition("Faults that no sample showed: ")[2]
    )


def test_a_dropout_left_in_training_is_named_by_what_it_draws(benchmark):
    left = Counter({("deepcopy-changes-mode", "float64"): 1, ("eval-keeps-training", "float64"): 1})
    sample = "nn.Dropout:seed=1,draw=3,class=pow2,regime=normal,N=15,L=7,F=3,p=0.5,training=false,module=true"
    uses = (("deepcopy", "float64"), ("train-then-eval", "float64"))
    plain, *used = benchmark._prepared(SampleWork(Sample.parse(sample), ("float64",), uses), left)
    trials = [trial for each in (plain, *used) for trial in benchmark._on(each, left)]
    assert [trial.named for trial in trials] == [("deepcopy-changes-mode",), ("eval-keeps-training",)]

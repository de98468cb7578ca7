"""A recurrent sample is run with the settings that its text states."""

from __future__ import annotations

import pytest
import torch

from conformance.cases import CASES
from conformance.cases.case import Values
from conformance.errors import UsageError
from conformance.running.replay import prepare_text
from conformance.sampling.space import UNBATCHED, draw
from conformance.subjects.protocol import Task

KINDS = ("LSTM", "GRU", "RNN")
GOOD = (
    "nn.LSTM:seed=1,draw=0,class=small,regime=normal,N=2,L=3,I=3,H=4,layers=2,bidirectional=true,"
    "batch_first=false,bias=true,states=true,form=sorted,dropout=all,projection=true"
)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_module_is_what_the_text_says(kind, seed):
    case = CASES[f"nn.{kind}"]
    for sample in draw(case.name, case.space, seed, case.default_samples):
        task = Task(case, sample, "float64")
        tensors = {name: torch.from_numpy(array) for name, array in task.inputs().items()}
        config = task.config
        module = case.build(torch, Values(tensors, config, case.seams), config).module
        assert module.num_layers == config["layers"], sample.text
        assert module.bidirectional == config["bidirectional"], sample.text
        assert (module.proj_size > 0) == config.get("projection", False), sample.text
        assert module.training == (config["dropout"] != "eval"), sample.text
        assert (module.dropout == 1.0) == (config["dropout"] == "all"), sample.text
        assert config["form"] == "equal" or config["N"] > 0, sample.text
        assert set(dict(module.named_parameters())) <= set(tensors), sample.text


@pytest.mark.parametrize("kind", KINDS)
def test_no_combination_of_length_layers_and_directions_is_left_out(kind):
    case = CASES[f"nn.{kind}"]
    drawn = [
        sample for seed in range(700) for sample in draw(case.name, case.space, seed, case.default_samples)
    ]
    assert any(sample.settings["N"] == UNBATCHED for sample in drawn)
    settings = [sample.settings for sample in drawn]
    found = {tuple(config[name] for name in ("L", "layers", "bidirectional")) for config in settings}
    lengths = {length for length, *_ in found}
    assert {1, 2, 9, 65, 72, 80, 81, 140} <= lengths
    every = {(length, layers, both) for length in lengths for layers in (1, 2, 3) for both in (False, True)}
    assert not every - found


@pytest.mark.parametrize("kind", KINDS)
def test_an_oracle_of_many_steps_is_narrow(kind):
    case = CASES[f"nn.{kind}"]
    for seed in range(20):
        for sample in draw(case.name, case.space, seed, case.default_samples):
            c = sample.settings
            steps = c["L"] * c["layers"] * (1 + c["bidirectional"]) * (1 if c["form"] == "equal" else 2)
            assert steps <= (980 if c["H"] <= 2 else 280), sample.text


def test_a_text_that_says_what_is_run_is_replayed():
    assert prepare_text(GOOD).sample.text == GOOD


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("L=3", "L=80", "'layers': 1"),
        ("L=3,I=3", "L=40,I=3", "'bidirectional': False"),
        ("layers=2", "layers=1", "'dropout': 'none'"),
        ("N=2", "N=0", "'form': 'equal'"),
        ("H=4", "H=1", "'projection': False"),
    ],
)
def test_a_text_that_is_not_run_as_it_says_is_refused(right, wrong, says):
    with pytest.raises(UsageError, match=says):
        prepare_text(GOOD.replace(right, wrong))

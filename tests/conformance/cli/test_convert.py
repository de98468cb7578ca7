"""`conformance convert`: what it prints, writes and refuses, and its exit codes."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from conformance.reference import conversion


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(3, 4), "head": torch.nn.Linear(4, 2)})
    torch.save(model.state_dict(), tmp_path / "model.pt")
    torch.save({"model": model.state_dict()}, tmp_path / "more.pt")
    np.savez(tmp_path / "plain.npz", weight=np.ones(3))
    torch.save(torch.nn.GRU(3, 4).state_dict(), tmp_path / "gru.pt")
    return tmp_path


NUMBER = r"[\d.]+(?:e[-+]\d+)?"
OBSERVED = rf"    (?:output|h_n|c_n) +error {NUMBER}  tolerance {NUMBER}  headroom {NUMBER}"


def test_it_prints_both_sides_and_writes_the_file(folder, command_line):
    done = command_line("convert", "torch", "keras", "model.pt", "out.safetensors", cwd=folder)
    expected = [
        r"rnn\. LSTM, 1 layer, input 3, hidden 4, float32",
        r"  bias_ih \+ bias_hh become one bias in keras: read back, bias_ih is the sum and bias_hh zero",
        r"  torch: run by torch .*, float32",
        *[OBSERVED] * 3,
        r"  keras: (?:run by keras|evaluated by NumPy, from keras's documented equations) .*, float32",
        *[OBSERVED] * 3,
        r"  would notice gates in another order, a transposed recurrent matrix, a dropped bias_hh",
        r"  read back: bit for bit, but for bias_ih, the sum, and bias_hh, zero",
        r"kept as they are: 2 other arrays",
        r"SHOWN: out\.safetensors is written",
    ]
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (0, "", len(expected))
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), line
    back = command_line("convert", "keras", "torch", "out.safetensors", "back.pt", cwd=folder)
    assert back.returncode == 0
    before, after = (torch.load(folder / name, weights_only=True) for name in ("model.pt", "back.pt"))
    assert after.keys() == before.keys()
    for name, array in before.items():
        if "bias_ih" in name:
            assert torch.equal(after[name], array + before[name.replace("ih", "hh")])
        elif "bias_hh" in name:
            assert not after[name].any()
        else:
            assert torch.equal(after[name], array)


def test_a_wrong_conversion_says_which_results_differ_and_writes_nothing(folder, command_line, monkeypatch):
    right = conversion.laid_out
    monkeypatch.setattr(
        conversion, "laid_out", lambda *each: {name: array[::-1] for name, array in right(*each).items()}
    )
    done = command_line("convert", "torch", "keras", "model.pt", "out.npz", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(re.findall(rf"^{OBSERVED}  FAIL$", done.stdout, re.MULTILINE)) == 3
    assert "  read back: FAIL, weight_ih_l0, weight_hh_l0, bias_ih_l0" in done.stdout
    assert done.stdout.endswith("NOT SHOWN: out.npz is not written\n")
    assert not (folder / "out.npz").exists()


def test_options_name_the_state_dict_the_layers_and_their_parameters(folder, command_line):
    given = ["--key", "model", "--prefix", "rnn.", "--from-pattern", "{prefix}{name}_l{layer}"]
    done = command_line(
        "convert", "torch", "keras", "more.pt", "out.npz", *given, "--to-pattern", "my/{name}", cwd=folder
    )
    assert done.returncode == 0
    with np.load(folder / "out.npz") as out:
        assert {*out} == {"head.weight", "head.bias", "my/kernel", "my/recurrent_kernel", "my/bias"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["npz", "keras", "plain.npz", "o.npz"],
            3,
            "NOTHING CONVERTED: no recurrent layer of npz in plain.npz",
        ),
        (
            ["torch", "keras", "model.pt", "o.npz", "--prefix", "enc."],
            3,
            "no recurrent layer of torch with the prefix 'enc.' in model.pt",
        ),
        (["torch", "flax", "gru.pt", "o.npz"], 2, "flax's GRUCell has no bias_hh in the gate n"),
        (["torch", "kears", "model.pt", "o.npz"], 2, "unknown framework 'kears'"),
        (["torch", "keras", "model.pt", "o.h5"], 2, "file 'o.h5': expected a name that ends in"),
        (
            ["torch", "keras", "model.pt", "o.npz", "--to-pattern", "{x}"],
            2,
            "pattern '{x}': expected the fields",
        ),
        (["torch", "keras", "model.pt", "o.npz", "--seed", "-1"], 2, "seed: expected a whole number"),
        (["torch", "keras", "none.pt", "o.npz"], 2, "file 'none.pt': expected a .pt file, got none"),
        (["torch", "keras", "model.pt", "none/o.npz"], 2, "out 'none/o.npz': expected a file in a folder"),
    ],
)
def test_exit_codes(arguments, code, told, folder, command_line):
    before = sorted(folder.iterdir())
    done = command_line("convert", *arguments, cwd=folder)
    assert done.returncode == code
    assert told in (done.stderr if code == 2 else done.stdout)
    assert sorted(folder.iterdir()) == before

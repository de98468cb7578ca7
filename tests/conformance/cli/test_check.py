"""`conformance check`: the process that a candidate has to itself, what is written, and the exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from conformance.checking.criteria import NAMES
from conformance.faults.exploits import FOLDER, REFERENCE

MODEL = """
import torch

class Model(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.linear = torch.nn.Linear(size, 3)

    def forward(self, x):
        return torch.tanh(self.linear(x))

def get_inputs():
    return [torch.randn(4, 5)]

def get_init_inputs():
    return [5]

def get_shapes():
    return [[(2, 5)], [(7, 5)]]
"""

# Other names of parameters, which are matched by what was drawn; and it cannot be imported where its folder,
# which is that of the reference, is on the path.
RENAMED = """
import sys
from pathlib import Path

import torch

if {"", str(Path(__file__).parent)} & {*sys.path}:
    raise ImportError("the reference can be found")

class ModelNew(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.layer = torch.nn.Linear(size, 3)

    def forward(self, x):
        return torch.tanh(x @ self.layer.weight.mT + self.layer.bias)
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in {"model": MODEL, "renamed": RENAMED}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    last = "        print('that was all')\n        os._exit(3)\n        return"
    ending = RENAMED.replace("        return", last)
    ending = ending.replace("import sys", "import os\nimport sys")
    (tmp_path / "ends.py").write_text(ending, encoding="utf-8")
    return tmp_path


def test_what_is_right_is_shown_and_can_be_repeated(folder, command_line):
    done = command_line("check", "model.py", "renamed.py", "--out", "found", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads((folder / "found/check.json").read_text(encoding="utf-8"))
    assert [row["criterion"] for row in found["rows"]] == [*NAMES]
    assert {row["status"] for row in found["rows"]} == {"PASS"}
    assert (found["schema_version"], found["dtype"], found["passed"]) == (2, "float32", True)
    assert f"--seed {found['seed']}" in done.stdout
    device = found["environment"]["device"]
    assert (device["device"], device["allow_tf32"]) == ("cpu", "False")
    text = (folder / "found/check.md").read_text(encoding="utf-8")
    assert text.startswith("# SHOWN: renamed.py:ModelNew against model.py:Model, float32, --seed")
    assert all(f"| {name} | PASS |" in text for name in NAMES)


def test_the_reference_is_not_to_be_found_in_the_candidates_process(tmp_path, command_line):
    """In the judge's process the same candidate finds it, and passes (faults/test_exploits.py)."""
    done = command_line("check", REFERENCE, FOLDER / "looks_up.py", "--seed", 1, cwd=tmp_path)
    assert done.returncode == 1
    assert "FAIL values: output: 30 of 30 elements are further away" in done.stdout
    assert (tmp_path / "reports/latest/check.json").exists()


def test_a_candidate_finds_what_is_next_to_it_if_the_reference_is_not(folder, command_line):
    (folder / "new").mkdir()
    for where in (folder, folder / "new"):
        (where / "beside_it.py").write_text(RENAMED, encoding="utf-8")
        (where / "importing.py").write_text("from beside_it import ModelNew", encoding="utf-8")
    done = command_line("check", "model.py", "importing.py", "--seed", 1, cwd=folder)
    assert done.returncode == 2
    told = f"beside_it is in {folder}, which is not looked in as it has the reference: move importing.py"
    assert f"{told} and what it imports to another folder\n" in done.stderr
    own = 'if {"", str(Path(__file__).parent)} & {*sys.path}'
    text = RENAMED.replace(own, f"if {str(folder)!r} in sys.path")
    assert text != RENAMED
    (folder / "new" / "beside_it.py").write_text(text, encoding="utf-8")
    done = command_line("check", "model.py", "new/importing.py", "--seed", 1, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_candidate_that_ends_its_process_is_an_error_of_that_call(folder, command_line):
    done = command_line("check", "model.py", "ends.py", cwd=folder)
    assert done.returncode == 1
    told = "the subject's process ended with exit code 3 instead of an answer; it printed last:\nthat was all"
    assert f"ERROR values: {told}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model.py", "model.py"], "candidate 'model.py:ModelNew': expected another file than the reference"),
        (["none.py", "renamed.py"], "there is no file"),
        (["model.py", "renamed.py:New"], "renamed.py has no attribute 'New'; it defines ModelNew"),
        (["torch:mm", "renamed.py"], "inputs: expected some, or a function get_inputs()"),
        (["model.py", "renamed.py", "--shapes", "4*5"], "shapes: expected sizes such as 4x8,8x3"),
        (["model.py", "renamed.py", "--shapes", "4x6"], "reference: raised RuntimeError"),
        (["model.py", "renamed.py", "--inputs", "torch:none"], "inputs 'torch:none': "),
        (
            ["model.py", "renamed.py", "--inputs", "words.npz"],
            "inputs 'words.npz': expected an npz file of arrays of numbers, got <U4 in names",
        ),
        (
            ["model.py", "renamed.py", "--inputs", "words.py:draw"],
            "inputs[0]: expected an array of numbers that torch has, got one of <U4",
        ),
        (["model.py", "renamed.py", "--device", "gpu"], "device: expected cpu or cuda, got 'gpu'"),
    ],
)
def test_what_is_refused(folder, command_line, arguments, told):
    np.savez(folder / "words.npz", x=np.ones(3, np.float32), names=["some", "text"])
    text = "import numpy as np\ndef draw():\n    return (np.array(['some', 'text']),)"
    (folder / "words.py").write_text(text, encoding="utf-8")
    done = command_line("check", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("conformance: ")
    assert told in done.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device, which is not refused")
@pytest.mark.parametrize("command", ["check", "tolerance", "run"])
def test_a_device_that_is_not_there_is_refused(folder, command_line, command):
    arguments = {
        "check": ["model.py", "renamed.py"],
        "tolerance": ["torch:exp", "--inputs", "torch:rand"],
        "run": ["relu", "--implementation", "torch"],
    }[command]
    done = command_line(command, *arguments, "--device", "cuda", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "torch finds no CUDA device" in done.stderr

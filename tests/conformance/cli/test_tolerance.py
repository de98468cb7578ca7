"""`conformance tolerance`: programs and inputs from files, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import conformance

MINE = """
import torch

def draw():
    return torch.randn(4, 64), torch.randn(64, 3)

class Net(torch.nn.Linear):
    def __init__(self):
        super().__init__(3, 2)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "arrays.npz", rng.normal(size=(2, 3)), rng.normal(size=(3, 4)))
    np.savez(tmp_path / "one.npz", rng.normal(size=(5, 3)).astype(np.float32))
    np.savez(tmp_path / "objects.npz", np.array([None]))
    return tmp_path


def test_it_prints_the_table_and_the_sentences(folder, command_line):
    done = command_line("tolerance", "torch:mm", "--inputs", "arrays.npz", "--draws", "2", cwd=folder)
    with np.load(folder / "arrays.npz") as arrays:
        found = conformance.tolerance(torch.mm, *arrays.values(), draws=2)
    sentences = [each.sentence for each in found.values()]
    assert (done.returncode, done.stdout) == (0, "\n\n".join([str(found), *sentences]) + "\n")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["torch:mm", "--inputs", "mine.py:draw", "--forward-only"], ["output"]),
        (["mine.py:Net", "--inputs", "one.npz"], ["output", "grad[0]", "grad.weight", "grad.bias"]),
        (["torch.nn.functional:gelu", "--inputs", "one.npz", "--dtype", "float64"], ["output", "grad[0]"]),
        (
            [
                *("torch:mm", "--inputs", "arrays.npz", "--dtype", "bfloat16", "--compute", "float64"),
                *("--accumulate", "bfloat16"),
            ],
            ["output", "grad[0]", "grad[1]"],
        ),
    ],
)
def test_programs_and_inputs(folder, command_line, arguments, names):
    done = command_line("tolerance", *arguments, "--draws", "1", cwd=folder)
    rows = done.stdout.partition("\n\n")[0].splitlines()[2:]
    assert (done.returncode, [row.split()[0] for row in rows]) == (0, names)


def test_the_program_itself_on_a_device(folder, command_line):
    arguments = ["torch:mm", "--inputs", "mine.py:draw", "--draws", "1", "--device", "cpu"]
    done = command_line("tolerance", *arguments, cwd=folder)
    told = done.stdout.rpartition("\n\n")[2].splitlines()
    assert (done.returncode, told[0]) == (0, "float32 on cpu (the CPU), TF32 off:")
    assert [line.partition(", headroom ")[0] for line in told[1:]] == ["  values: PASS", "  gradients: PASS"]


def test_a_program_that_is_wrong_on_a_device_is_not_shown(folder, command_line):
    """One that computes in half precision where it is not watched stands for one on a device with TF32."""
    text = "import torch\ndef mm(a, b):\n    short = a.dtype == torch.float32\n"
    text += "    return (a.half() @ b.half()).float() if short else a @ b\n"
    (folder / "short.py").write_text(text, encoding="utf-8")
    arguments = ["short.py:mm", "--inputs", "mine.py:draw", "--draws", "1", "--device", "cpu"]
    done = command_line("tolerance", *arguments, cwd=folder)
    assert done.returncode == 1
    assert "  values: FAIL" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["torch:nothing", "--inputs", "one.npz"], "program 'torch:nothing': "),
        (["torch", "--inputs", "one.npz"], "program 'torch': expected module:attribute or path.py:attribute"),
        (["no_such:fn", "--inputs", "one.npz"], "program 'no_such:fn': ModuleNotFoundError"),
        (["torch:exp", "--inputs", "none.npz"], "none.npz"),
        (["torch:exp", "--inputs", "one"], "inputs 'one': expected FILE.npz, module:function or path.py"),
        (
            ["torch:exp", "--inputs", "objects.npz"],
            "inputs 'objects.npz': expected an npz file of arrays of numbers, got objects in arr_0",
        ),
        (
            ["torch:exp", "--inputs", "one.npz", "--dtype", "half"],
            "dtype: expected float32, float64, bfloat16 or float16, got half",
        ),
        (["torch.nn:Linear", "--inputs", "one.npz"], "Linear cannot be called without arguments"),
    ],
)
def test_what_is_refused(folder, command_line, arguments, told):
    done = command_line("tolerance", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("conformance: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1

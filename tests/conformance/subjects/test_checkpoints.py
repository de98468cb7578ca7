"""Files of arrays are read and written, and what is not one is refused in one line."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch

from conformance.errors import UsageError
from conformance.subjects.checkpoints import load, save

ARRAYS = {
    "a.weight": np.arange(6.0, dtype=np.float32).reshape(2, 3),
    "half": np.ones(2, np.float16),
    "steps": np.array(7),
    "mask": np.array([True, False]),
    "none": np.zeros((0, 3)),
    "turned": np.arange(6.0).reshape(2, 3).T,
}


@pytest.mark.parametrize("ending", [".safetensors", ".npz", ".pt", ".pth"])
def test_what_is_saved_is_loaded(ending, tmp_path):
    save(tmp_path / f"x{ending}", ARRAYS)
    found = load(tmp_path / f"x{ending}").arrays
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_a_state_dict_under_a_key(tmp_path):
    state = torch.nn.Linear(2, 3).state_dict()
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "x.pt")
    assert load(tmp_path / "x.pt", "state_dict").arrays.keys() == state.keys()
    with pytest.raises(
        UsageError, match=r"expected a state dict.*name the key of one with --key: state_dict"
    ):
        load(tmp_path / "x.pt")
    with pytest.raises(UsageError, match="key 'model': expected one of the file's, got epoch, state_dict"):
        load(tmp_path / "x.pt", "model")


class Rogue:
    """A pickle that would run code."""

    def __reduce__(self):
        return print, ("run",)


def test_a_pickle_runs_no_code(tmp_path, capsys):
    torch.save({"weight": Rogue()}, tmp_path / "x.pt")
    with pytest.raises(
        UsageError,
        match=r"torch\.load with weights_only=True raised UnpicklingError: .* save model\.state_dict\(\)",
    ):
        load(tmp_path / "x.pt")
    assert capsys.readouterr().out == ""


def _one_array(path):
    with path.open("wb") as stream:
        np.save(stream, np.ones(3))


def _half(path):
    np.savez(path, np.ones(3))
    path.write_bytes(path.read_bytes()[:100])


def _damaged(path):
    np.savez(path, np.ones(3))
    path.write_bytes(path.read_bytes().replace(np.ones(3).tobytes(), np.zeros(3).tobytes()))


def _zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", b"none")


REFUSED = {
    "no safetensors": (
        "x.safetensors",
        lambda path: path.write_bytes(b"none"),
        "expected a safetensors file",
    ),
    "no npz": ("x.npz", lambda path: path.write_bytes(b"none"), "expected an npz file of arrays"),
    "an empty npz": ("x.npz", lambda path: path.write_bytes(b""), "got an empty file"),
    "one array": ("x.npz", _one_array, "got a file that is not one"),
    "a zip of others": ("x.npz", _zip, "got a file in it that is not an array, a$"),
    "half a file": ("x.npz", _half, "got a file that is not one, or is incomplete"),
    "damaged": ("x.npz", _damaged, "got a damaged one: Bad CRC-32"),
    "objects": ("x.npz", lambda path: np.savez(path, a=np.array([None])), "numbers, got objects in a$"),
    "strings": ("x.npz", lambda path: np.savez(path, a=np.ones(2), b=["x"]), "numbers, got <U1 in b$"),
    "unknown bytes": (
        "x.npz",
        lambda path: np.savez(path, w=np.zeros(2, "V2")),
        r"got a dtype that NumPy lacks in w, \|V2; store it in float32",
    ),
    "no pt": ("x.pt", lambda path: path.write_bytes(b"none"), "torch.load with weights_only=True raised"),
    "a tensor": (
        "x.pt",
        lambda path: torch.save(torch.ones(3), path),
        "expected a state dict, tensors by name",
    ),
    "bfloat16": (
        "x.pt",
        lambda path: torch.save({"w": torch.ones(3, dtype=torch.bfloat16)}, path),
        "has a dtype that NumPy lacks",
    ),
    "another ending": (
        "x.h5",
        lambda path: path.write_bytes(b""),
        "expected a name that ends in .safetensors",
    ),
    "a folder": ("x.npz", lambda path: path.mkdir(), r"expected a \.npz file, got a folder"),
}


@pytest.mark.parametrize(("name", "make", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_checkpoint_is_refused(name, make, told, tmp_path):
    make(tmp_path / name)
    with pytest.raises(UsageError, match=told):
        load(tmp_path / name)


def test_a_key_is_for_a_pickle(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones(1))
    with pytest.raises(UsageError, match=r"expected a \.pt file, in which there is a key 'model'"):
        load(tmp_path / "x.npz", "model")


def test_a_name_that_npz_cannot_hold_is_refused(tmp_path):
    with pytest.raises(UsageError, match="name 'file'"):
        save(tmp_path / "x.npz", {"file": np.ones(1)})


def test_bfloat16_in_safetensors_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"w": torch.ones(3, dtype=torch.bfloat16)}, tmp_path / "x.safetensors")
    with pytest.raises(UsageError, match="has a dtype that NumPy lacks"):
        load(tmp_path / "x.safetensors")

"""npz files: NumPy reads what `save` writes, `load` reads what NumPy writes, and nothing is unpickled."""

from __future__ import annotations

import io
import os
import sys
import zipfile

import numpy as np
import pytest

import mytorch
from mytorch import nn

HEADER = "{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}"


@pytest.fixture(autouse=True)
def _without_safetensors(monkeypatch):
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)


def write_member(path, header, data=b"", *, version=1, name="w.npy"):
    """Write an npz file with one array of which everything is given."""
    encoded = header.encode()
    length = len(encoded).to_bytes(2 if version == 1 else 4, "little")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"\x93NUMPY" + bytes([version, 0]) + length + encoded + data)


def test_numpy_reads_a_state_dict(tmp_path):
    state = nn.LSTM(2, 3).state_dict()
    mytorch.save(state, tmp_path / "model.pt")
    found = np.load(tmp_path / "model.pt", allow_pickle=False)
    assert set(found) == {*state, "__metadata__"}
    for name, tensor in state.items():
        assert found[name].dtype == tensor.array.dtype
        assert found[name].tobytes() == tensor.array.tobytes()


def test_the_file_does_not_say_when_it_was_written(tmp_path):
    mytorch.save({"w": mytorch.ones(2)}, tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "x") as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_files_of_numpy_are_dicts_of_tensors(tmp_path, write):
    given = {
        "c": np.arange(6).reshape(2, 3),
        "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big": np.arange(6, dtype=">f4"),
        "scalar": np.array(1.5, np.float16),
        "none": np.zeros((0, 2), bool),
    }
    write(tmp_path / "x.npz", **given)
    found = mytorch.load(tmp_path / "x.npz")
    assert list(found) == list(given)
    for name, array in given.items():
        assert found[name].array.dtype == array.dtype.newbyteorder("=")
        assert found[name].array.flags.c_contiguous
        assert found[name].array.flags.writeable
        np.testing.assert_array_equal(found[name].array, array)


def test_a_file_without_arrays(tmp_path):
    np.savez(tmp_path / "x.npz")
    assert mytorch.load(tmp_path / "x.npz") == {}


def test_a_long_header_is_read(tmp_path):
    write_member(tmp_path / "x", HEADER.format(dtype="<i2", shape=(2,)), b"\1\0\2\0", version=2)
    assert mytorch.load(tmp_path / "x")["w"].tolist() == [1, 2]


class Explosive:
    def __reduce__(self):
        return os.abort, ()


@pytest.mark.parametrize(
    ("array", "mentions"),
    [
        (
            np.array([Explosive()], object),
            "Python objects as a pickle.*never loaded: save an array of numbers",
        ),
        (np.zeros(2, [("a", object)]), "Python objects as a pickle"),
        (np.ones(2, complex), "dtype complex128, expected one of bool, .*astype"),
        (np.ones(2, np.uint16), "dtype uint16, expected one of"),
        (np.array(["a"]), "dtype <U1, expected one of"),
        (np.zeros(2, [("a", "f4")]), r"dtype \[\('a', '<f4'\)\], expected one of"),
    ],
    ids=["objects", "objects in a structure", "complex", "unsigned", "text", "a structure"],
)
def test_arrays_that_are_no_tensors_are_refused(tmp_path, array, mentions):
    np.savez(tmp_path / "x.npz", w=array)
    with pytest.raises(RuntimeError, match=rf"x\.npz: tensor 'w' .*{mentions}") as caught:
        mytorch.load(tmp_path / "x.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "data", "mentions"),
    [
        (HEADER.format(dtype="<f4", shape=(3,)), bytes(8), r"shape \(3,\) .*expected 12 bytes, got 8"),
        (HEADER.format(dtype="<f4", shape=(1,)), bytes(8), "expected 4 bytes, got 8"),
        (HEADER.format(dtype="<f4", shape=(10**15,)), bytes(8), "expected 4000000000000000 bytes, got 8"),
        (HEADER.format(dtype="<f4", shape=(-1, -2)), bytes(8), r"impossible shape, \(-1, -2\)"),
        (HEADER.format(dtype="<f4", shape=(0, 2**70)), b"", "impossible shape"),
        (HEADER.format(dtype="<f4", shape=(1,) * 65), bytes(4), "impossible shape"),
        (HEADER.format(dtype="<f4", shape=1.5), bytes(8), "damaged header"),
        (HEADER.format(dtype="nothing", shape=(1,)), bytes(8), "damaged header"),
        ("{" * 999, bytes(8), "damaged header"),
        ("__import__('os').abort()", bytes(8), "damaged header"),
        ("", b"", "damaged header"),
    ],
    ids=[
        "cut",
        "long",
        "huge",
        "negative",
        "larger",
        "deep",
        "no shape",
        "no dtype",
        "nested",
        "code",
        "empty",
    ],
)
def test_damaged_arrays_are_named(tmp_path, header, data, mentions):
    write_member(tmp_path / "x", header, data)
    with pytest.raises(RuntimeError, match=rf"x: tensor 'w' .*{mentions}"):
        mytorch.load(tmp_path / "x")


def test_a_version_that_is_for_structures_only(tmp_path):
    write_member(tmp_path / "x", HEADER.format(dtype="<f4", shape=(0,)), version=3)
    with pytest.raises(RuntimeError, match="x: tensor 'w' has a damaged header"):
        mytorch.load(tmp_path / "x")


def test_another_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        archive.writestr("letter.txt", "Dear")
    with pytest.raises(
        RuntimeError, match=r"x: expected an npz file, got a zip file that holds 'letter\.txt'"
    ):
        mytorch.load(tmp_path / "x")


def test_a_damaged_structure(tmp_path):
    np.savez(tmp_path / "x.npz", __metadata__=np.frombuffer(b'{"tensor": "w"}', np.uint8))
    with pytest.raises(RuntimeError, match=r"x\.npz: the structure in its metadata is damaged"):
        mytorch.load(tmp_path / "x.npz")


def test_every_cut_and_every_flipped_byte_is_refused_or_harmless():
    stream = io.BytesIO()
    mytorch.save({"w": mytorch.arange(3.0)}, stream)
    data = stream.getvalue()
    for size in range(len(data)):
        with pytest.raises(RuntimeError, match=r"^the file: "):
            mytorch.load(io.BytesIO(data[:size]))
    for i in range(len(data)):
        changed = data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1 :]
        try:
            found = mytorch.load(io.BytesIO(changed))
        except RuntimeError as error:
            assert str(error).startswith("the file: ")  # noqa: PT017 - not every flip is refused
        else:
            assert [x.tolist() for x in found.values()] == [[0.0, 1.0, 2.0]]

"""save and load: structure and bits survive in both forms of files, damage and pickles are refused."""

from __future__ import annotations

import functools
import io
import json
import math
import os
import pickle
import sys
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

import mytorch
from mytorch import nn, optim

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


@pytest.fixture
def hide(monkeypatch):
    """Hide the package safetensors: `hide()`."""

    def absent():
        for name in ("safetensors", "safetensors.numpy"):
            monkeypatch.setitem(sys.modules, name, None)

    return absent


@pytest.fixture(params=["safetensors", "npz"])
def form(request, hide):
    """Have `save` write one form of files, then the other."""
    if request.param == "npz":
        hide()
    return request.param


each_form = pytest.mark.usefixtures("form")


def assert_same(found, saved):
    """Compare type by type; tensors bit for bit, with what is said about gradients."""
    assert type(found) is type(saved)
    if isinstance(saved, mytorch.Tensor):
        assert found.dtype is saved.dtype
        assert found.shape == saved.shape
        assert found.requires_grad == saved.requires_grad
        assert found.array.tobytes() == saved.array.tobytes()
        assert found.array.flags.writeable
    elif isinstance(saved, dict):
        assert list(found) == list(saved)
        for key in saved:
            assert_same(found[key], saved[key])
    elif isinstance(saved, (list, tuple)):
        assert len(found) == len(saved)
        for one, other in zip(found, saved, strict=True):
            assert_same(one, other)
    else:
        assert found == saved or math.isnan(saved)


def through_file(path, obj):
    mytorch.save(obj, path)
    return mytorch.load(path)


def bits(dtype, shape, seed=0):
    """Fill a tensor with random bits: nan, inf and denormals included."""
    wanted = np.dtype(dtype)
    if dtype == "bool":
        return mytorch.from_numpy(np.random.default_rng(seed).integers(0, 2, shape).astype(bool))
    raw = np.random.default_rng(seed).bytes(math.prod(shape) * wanted.itemsize)
    return mytorch.from_numpy(np.frombuffer(raw, wanted).reshape(shape).copy())


@each_form
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_shape(tmp_path, dtype, shape):
    assert_same(*[f(bits(dtype, shape)) for f in (lambda x: through_file(tmp_path / "x", x), lambda x: x)])


# What is saved, by name.
OBJECTS = {
    "a number": 3,
    "none": None,
    "a float that JSON lacks": [math.inf, -math.inf, math.nan, -0.0, 1e-320, 0.1],
    "a large int": 2**130,
    "text": 'quo"te \N{GREEK SMALL LETTER ALPHA} \ud800',
    "tuples in lists": [(1, 2), [], (), ((None,), True)],
    "keys that are no text": {0: "a", 1.5: "b", None: "c", True: "d", ("x", 1): "e", "tensor": "f"},
    "dicts": {"o": OrderedDict(b=1, a=2), "c": Counter("aab")},
    "a size": mytorch.Size([2, 3]),
    "a dtype and a device": (mytorch.float16, mytorch.device("cpu")),
    "no elements": {},
    "tensors inside": {"x": [mytorch.ones(2), {"y": (mytorch.zeros(()),)}]},
    "names that a file cannot have": dict.fromkeys(
        ("", "a\0b", "a\0c", "\ud800", "x", "x.npy", "file", "allow_pickle", "mytorch", "y" * 70_000),
        mytorch.ones(3),
    ),
    "names that meet": {
        "a": {"b": mytorch.ones(1)},
        "a/b": mytorch.zeros(1),
        "__metadata__": mytorch.ones(2),
    },
    "nested deep": functools.reduce(lambda x, _: {"x": (x,)}, range(50), 1),
    "a tensor that requires gradients": mytorch.ones(2, requires_grad=True),
    "a parameter": {
        "p": nn.Parameter(mytorch.ones(2)),
        "q": nn.Parameter(mytorch.ones(2), requires_grad=False),
    },
}


@each_form
@pytest.mark.parametrize("name", OBJECTS)
def test_structure(tmp_path, name):
    assert_same(through_file(tmp_path / "x", OBJECTS[name]), OBJECTS[name])


@each_form
def test_what_is_read_differently_than_it_was_saved(tmp_path):
    saved = [np.float64(0.1), np.int64(3), defaultdict(list, a=[1])]
    assert_same(through_file(tmp_path / "x", saved), [0.1, 3, {"a": [1]}])
    x = mytorch.ones(2, requires_grad=True) * 2
    found = through_file(tmp_path / "x", x)
    assert found.is_leaf
    assert found.requires_grad


@each_form
def test_not_contiguous_and_shared_memory(tmp_path):
    x = mytorch.arange(12.0).reshape(3, 4)
    found = through_file(tmp_path / "x", {"t": x.t(), "row": x[1], "step": x[:, ::2], "whole": x})
    for name, expected in {"t": x.t(), "row": x[1], "step": x[:, ::2], "whole": x}.items():
        assert found[name].tolist() == expected.tolist()
    found["whole"].zero_()
    assert found["row"].tolist() == [4, 5, 6, 7]


@each_form
def test_tied_weights(tmp_path):
    def tied():
        model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
        model[1].weight = model[0].weight
        return model

    model, other = tied(), tied()
    other.load_state_dict(through_file(tmp_path / "x", model.state_dict()))
    assert other[0].weight is other[1].weight
    assert other[0].weight.tolist() == model[0].weight.tolist()


@each_form
def test_a_checkpoint_goes_on_as_if_nothing_had_happened(tmp_path):
    def step(model, optimizer):
        optimizer.zero_grad()
        (model(mytorch.ones(2, 3)) ** 2).sum().backward()
        optimizer.step()

    def make():
        model = nn.Linear(3, 2)
        return model, optim.Adam(model.parameters(), lr=0.1)

    model, optimizer = make()
    step(model, optimizer)
    checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1, "best": 0.5}
    mytorch.save(checkpoint, tmp_path / "checkpoint.pt")
    found = mytorch.load(tmp_path / "checkpoint.pt", map_location="cpu", weights_only=True)
    assert_same(found, checkpoint)
    other, others_optimizer = make()
    other.load_state_dict(found["model"])
    others_optimizer.load_state_dict(found["optimizer"])
    for _ in range(3):
        step(model, optimizer)
        step(other, others_optimizer)
    assert other.weight.array.tobytes() == model.weight.array.tobytes()


@each_form
def test_open_files(tmp_path):
    memory = io.BytesIO()
    mytorch.save({"x": mytorch.ones(2)}, memory)
    memory.seek(0)
    assert mytorch.load(memory)["x"].tolist() == [1, 1]
    with (tmp_path / "x").open("wb") as stream:
        mytorch.save(3, stream)
    with (tmp_path / "x").open("rb") as stream:
        assert mytorch.load(stream) == 3


def test_other_libraries_read_a_state_dict(tmp_path):
    path = tmp_path / "model.safetensors"
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    mytorch.save(model.state_dict(), path)
    found = safetensors.torch.load_file(path)
    assert set(found) == set(model.state_dict())
    for name, tensor in found.items():
        assert tensor.numpy().tobytes() == model.state_dict()[name].array.tobytes()


def test_files_of_other_libraries_are_dicts_of_tensors(tmp_path):
    path = tmp_path / "model.safetensors"
    given = {f"x.{name}": torch.arange(6).reshape(2, 3).to(getattr(torch, name)) for name in DTYPES}
    given["scalar"] = torch.tensor(1.5)
    safetensors.torch.save_file(given, path, metadata={"format": "pt"})
    found = mytorch.load(path)
    assert set(found) == set(given)
    for name, tensor in given.items():
        assert found[name].array.tobytes() == tensor.numpy().tobytes()
        assert str(found[name].dtype).removeprefix("my") == str(tensor.dtype)
        assert found[name].shape == tuple(tensor.shape)


def test_dtypes_that_mytorch_lacks_are_named(tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file({"w": torch.ones(2, dtype=torch.bfloat16)}, path)
    with pytest.raises(RuntimeError, match=r"'w' has dtype BF16, expected one of BOOL, .*tensor\.float\(\)"):
        mytorch.load(path)


class Explosive:
    def __reduce__(self):
        return os.abort, ()


@each_form
@pytest.mark.parametrize(
    "write",
    [
        lambda path: torch.save({"w": torch.ones(2)}, path),
        lambda path: torch.save({"w": torch.ones(2)}, path, _use_new_zipfile_serialization=False),
        *(lambda path, n=n: path.write_bytes(pickle.dumps(Explosive(), protocol=n)) for n in range(2, 6)),
    ],
    ids=["torch", "old torch", "2", "3", "4", "5"],
)
def test_pickles_are_refused_with_a_word_on_what_to_do(tmp_path, write):
    path = tmp_path / "model.pt"
    write(path)
    with pytest.raises(
        RuntimeError, match=r"model\.pt.*pickle.*safetensors\.torch\.save_file\(model\.state_dict"
    ):
        mytorch.load(path)


@pytest.mark.parametrize("start", [b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"])
def test_a_header_whose_length_reads_like_a_pickle(tmp_path, start):
    path = tmp_path / "x"
    header = json.dumps({"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    padded = header.ljust(int.from_bytes(start, "little"))
    path.write_bytes(len(padded).to_bytes(8, "little") + padded + b"\7")
    assert path.read_bytes().startswith(start)
    assert mytorch.load(path)["w"].tolist() == [7]


def _text(header):
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded


def _structured(tree):
    return _text({"__metadata__": {"mytorch": tree}})


@pytest.mark.parametrize(
    ("data", "mentions"),
    [
        (b"", "safetensors file"),
        (b"hello, this is no file of that kind", "safetensors file"),
        (pickle.dumps(1, protocol=0), "safetensors file"),
        (_text({"w": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}), "safetensors file"),
        (_structured("{"), "structure"),
        (_structured('{"tensor": "w"}'), "structure"),
        (_structured('{"code": "print()"}'), "structure"),
        (_structured('{"dict": 3}'), "structure"),
        (_structured('{"dtype": "int4"}'), "structure"),
        (_structured("{}"), "structure"),
        (_structured("[" * 100_000), "structure"),
        (_structured('{"device": "nowhere"}'), "structure"),
    ],
    ids=[
        "empty",
        "text",
        "pickle 0",
        "cut",
        "json",
        "no tensor",
        "no kind",
        "no pairs",
        "no dtype",
        "none",
        "deep",
        "no device",
    ],
)
def test_damaged_files_are_named(tmp_path, data, mentions):
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(RuntimeError, match=f"damaged.*{mentions}"):
        mytorch.load(path)


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


@each_form
@pytest.mark.parametrize(
    ("obj", "mentions"),
    [
        (nn.Linear(1, 1), ("Linear", "the top", "save(module.state_dict(), path)", "load_state_dict()")),
        ({"m": [nn.LSTM(1, 1)]}, ("LSTM", "m/0", "save(module.state_dict(), path)")),
        (optim.SGD([mytorch.ones(1)]), ("SGD", "save its state_dict()")),
        ({"a": [1, {3}]}, ("set", "a/1")),
        ({"f": print}, ("builtin_function_or_method", "f")),
        ({(1, object()): 2}, ("object", "a key")),
        ([np.ones(2)], ("numpy.ndarray", "0", "mytorch.from_numpy")),
        ({"w": torch.ones(2)}, ("torch.Tensor", "w", "mytorch.from_numpy")),
        (ENDLESS, ("holds itself", "0/0/0")),
        (functools.reduce(lambda x, _: {"x": x}, range(150), 1), ("at most 100", "x/x/x")),
    ],
    ids=[
        "a module",
        "a module inside",
        "an optimizer",
        "a set",
        "a function",
        "a key",
        "an array",
        "a tensor of torch's",
        "itself",
        "too deep to be read",
    ],
)
def test_what_cannot_be_saved_is_named_with_its_place(tmp_path, obj, mentions):
    with pytest.raises(TypeError) as caught:
        mytorch.save(obj, tmp_path / "x")
    assert all(word in str(caught.value) for word in mentions), caught.value
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [[0, 2**62, 4], [0, 2**63], [1] * 65], ids=["large", "larger", "deep"])
def test_impossible_shapes_of_a_safetensors_file(tmp_path, shape):
    path = tmp_path / "x"
    size = math.prod(shape) * 4
    path.write_bytes(_text({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}) + bytes(size))
    with pytest.raises(RuntimeError, match=r"x: tensor 'w' has an impossible shape, \("):
        mytorch.load(path)


def test_the_two_ways_to_convert_a_pickle_work_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = torch.nn.LSTM(2, 3)
    torch.save(model.state_dict(), "model.pt")
    with pytest.raises(RuntimeError) as caught:
        mytorch.load("model.pt")
    advice = str(caught.value).partition("in torch: ")[2].split(" or, with NumPy alone, ")
    for command, file in zip(advice, ("model.safetensors", "model.npz"), strict=True):
        exec(command, {"safetensors": safetensors, "torch": torch, "numpy": np, "model": model})  # noqa: S102
        mine = nn.LSTM(2, 3)
        mine.load_state_dict(mytorch.load(file))
        assert mine.weight_hh_l0.tolist() == model.weight_hh_l0.tolist()


def test_a_file_of_numpy_alone_is_read_with_and_without_safetensors(tmp_path, hide, monkeypatch):
    saved = {"w": mytorch.ones(2), "more": [1, None, "x"]}
    with monkeypatch.context():
        hide()
        mytorch.save(saved, tmp_path / "x.safetensors")
        assert_same(mytorch.load(tmp_path / "x.safetensors"), saved)
    monkeypatch.undo()
    assert_same(mytorch.load(tmp_path / "x.safetensors"), saved)


@pytest.mark.parametrize("size", [0x0280, 0x0480, 0x4B50])
def test_a_safetensors_file_without_the_package_names_what_to_install(tmp_path, hide, size):
    path = tmp_path / "x.npz"
    header = json.dumps({"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode().ljust(size)
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\7")
    hide()
    with pytest.raises(ImportError, match=r'pip install "mytorch-conformance\[safetensors\]"') as caught:
        mytorch.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@each_form
def test_the_same_object_gives_the_same_bytes(tmp_path):
    x = mytorch.arange(12.0).reshape(3, 4)
    for name, tensor in (("a", x.t()), ("b", x.t().contiguous())):
        mytorch.save({"w": tensor, "step": 3}, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# Values of map_location as programs write them, and whether torch accepts each on a machine with a CPU only.
LOCATIONS = {
    "none": lambda _t: None,
    "cpu": lambda _t: "cpu",
    "device": lambda t: t.device("cpu"),
    "function": lambda _t: lambda storage, _location: storage,
    "dict": lambda _t: {"cuda:0": "cpu"},
    "cuda": lambda _t: "cuda",
    "cuda device": lambda t: t.device("cuda"),
    "dict to cuda": lambda _t: {"cpu": "cuda"},
    "no device": lambda _t: "foo",
    "number": lambda _t: 3,
    "list": lambda _t: ["cpu"],
}


@pytest.mark.parametrize("name", LOCATIONS)
def test_locations(tmp_path, same_text, name):
    def program(t):
        path = tmp_path / t.__name__
        t.save({"w": t.ones(2)}, path)
        try:
            return t.load(path, LOCATIONS[name](t))["w"].tolist()
        except (RuntimeError, TypeError) as error:
            return type(error)

    same_text(program)


@each_form
def test_arguments_that_are_about_pickles_are_accepted(tmp_path):
    path = tmp_path / "x"
    mytorch.save(3, path, pickle, pickle_protocol=4, _use_new_zipfile_serialization=False)
    assert mytorch.load(path, "cpu", pickle, weights_only=False, mmap=True) == 3


@pytest.mark.parametrize(
    "program",
    [
        lambda t, _: t.save(t.ones(1), 3),
        lambda t, _: t.save("model.pt", {"w": t.ones(1)}),
        lambda t, _: t.save(t.ones(1), b"model.pt"),
        lambda t, _: t.save(t.ones(1), io.StringIO()),
        lambda t, _: t.load(None),
        lambda t, path: t.load(path / "nowhere"),
        lambda t, path: t.load(path.parent / "nowhere"),
        lambda t, path: t.load(path.parent),
    ],
    ids=["number", "swapped", "bytes", "text", "none", "no folder", "no file", "a folder"],
)
def test_what_is_not_a_file_is_refused_as_by_torch(tmp_path, refused_alike, program):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    refused_alike(lambda t: program(t, path))


@pytest.mark.parametrize(
    ("call", "method"),
    [(lambda f: mytorch.save(1, f), "write"), (mytorch.load, "read")],
    ids=["save", "load"],
)
def test_what_is_neither_a_path_nor_a_file_is_named(call, method):
    words = rf"expected 'f' to be string, path, or a file-like object with a '{method}' attribute, got int"
    with pytest.raises(AttributeError, match=words):
        call(3)


def test_a_file_that_is_opened_as_text_is_refused():
    with pytest.raises(TypeError, match=r"load\(\) expected 'f' to be a binary file, got one .* as text"):
        mytorch.load(io.StringIO("x"))

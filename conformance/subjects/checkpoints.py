"""Files of named arrays: safetensors, npz, torch's .pt files and ONNX models, read and written.

The ending of a file's name says what it is. Called by the command line and by reference.conversion; the
recurrent nodes of a model are read by subjects.onnx_models.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from conformance.errors import UsageError
from conformance.paths import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent

_PICKLES = (".pt", ".pth")
_CAST = "cast the checkpoint to float32 first"
# The kinds of NumPy's dtypes that are numbers or truth values.
_NUMBERS = "biufc"
_NPZ = "an npz file of arrays of numbers"
ENDINGS = (".safetensors", ".npz", *_PICKLES, ".onnx")


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    Attributes:
        arrays: by name.
        relu: the names of the nodes of an ONNX model whose activation is relu.
        told: what the file states that its arrays do not show, such as `linear_before_reset`.
    """

    arrays: Mapping[str, Array]
    relu: frozenset[str] = frozenset()
    told: bool = False


def ending(path: Path) -> str:
    """Return the ending of a file's name, which says what it is.

    Raises:
        UsageError: it is none of those.
    """
    if path.suffix not in ENDINGS:
        raise UsageError(f"file {str(path)!r}: expected a name that ends in {' '.join(ENDINGS)}")
    return path.suffix


def load(path: Path, key: str = "") -> Checkpoint:
    """Read a file.

    Args:
        path: the file; a .pt file is read by torch with `weights_only`, which runs no code of it.
        key: of a .pt file, the key of the state dict in it, such as `state_dict`.

    Raises:
        UsageError: it cannot be read, is not what its ending says, or does not hold arrays by name.
    """
    kind = ending(path)
    with reading("file", path, f"a {kind} file"):
        return _read(path, kind, key)


def _read(path: Path, kind: str, key: str) -> Checkpoint:
    if key and kind not in _PICKLES:
        raise UsageError(f"expected a .pt file, in which there is a key {key!r}")
    if kind == ".onnx":
        from conformance.subjects.onnx_models import read_model

        arrays, relu = read_model(path)
        found = Checkpoint(arrays, relu, told=True)
    elif kind in _PICKLES:
        found = Checkpoint(_pickled(path, key))
    else:
        found = Checkpoint(read_npz("file", path) if kind == ".npz" else _safetensors(path))
    for name, array in found.arrays.items():
        if array.dtype.kind not in _NUMBERS:
            raise UsageError(
                f"file {str(path)!r}: {name} has a dtype that NumPy lacks, {array.dtype}; {_CAST}"
            )
    return found


def save(path: Path, arrays: Mapping[str, Array], layers: Sequence[Recurrent] = ()) -> None:
    """Write a file.

    Args:
        path: the file.
        arrays: what it holds.
        layers: the recurrent layers among them, of which an ONNX model has nodes.

    Raises:
        OSError: it cannot be written.
        UsageError: its ending is unknown.
    """
    kind = ending(path)
    if kind == ".onnx":
        from conformance.subjects.onnx_models import write_model

        write_model(path, arrays, layers)
    elif kind == ".safetensors":
        _save_safetensors(path, arrays)
    elif kind == ".npz":
        _save_npz(path, arrays)
    else:
        _save_pickle(path, arrays)


def read_npz(what: str, path: Path) -> dict[str, Array]:
    """Return the arrays of numbers in an npz file, by name, in their order.

    Args:
        what: the argument that names the file, for the message.
        path: the file.

    Raises:
        UsageError: it cannot be read or is not an npz file, or something in it is not an array of numbers.
    """
    with reading(what, path, _NPZ):
        # NumPy takes what is neither an npz nor an npy file for a pickle, and advises to load that.
        if not is_zipfile(path):
            raise UsageError(f"expected {_NPZ}, got a file that is not one, or is incomplete")
        try:
            with np.load(path, allow_pickle=False) as file:
                return {name: _numbers(name, file) for name in file.files}
        except UsageError:
            raise
        except (ValueError, EOFError, BadZipFile, NotImplementedError, zlib.error) as error:
            raise UsageError(f"expected {_NPZ}, got a damaged one: {error}") from error


def _numbers(name: str, file: Mapping[str, Any]) -> Array:
    try:
        array = file[name]
    except ValueError as error:
        # Reading objects could run code.
        if "Object arrays" not in str(error):
            raise
        raise UsageError(f"expected {_NPZ}, got objects in {name}") from error
    if not isinstance(array, np.ndarray):
        raise UsageError(f"expected {_NPZ}, got a file in it that is not an array, {name}")
    # What is stored of a dtype of another library, such as bfloat16, are bytes without a meaning.
    if array.dtype.kind == "V" and array.dtype.names is None:
        lacks = f"a dtype that NumPy lacks in {name}, {array.dtype}"
        raise UsageError(f"expected {_NPZ}, got {lacks}; store it in float32")
    if array.dtype.kind not in _NUMBERS:
        raise UsageError(f"expected {_NPZ}, got {array.dtype} in {name}")
    return array


def _safetensors(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise UsageError(f"file {str(path)!r}: expected a safetensors file: {error}") from error
    except (TypeError, KeyError, AttributeError) as error:  # a dtype that NumPy lacks
        raise UsageError(f"file {str(path)!r}: it has a dtype that NumPy lacks: {error}; {_CAST}") from error


def _pickled(path: Path, key: str) -> dict[str, Array]:
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else ""
        told = f"torch.load with weights_only=True raised {type(error).__name__}: {first.strip()}"
        if isinstance(error, UnpicklingError):
            # torch's own text advises to load the file without that protection.
            told = (
                f"{told.partition(': ')[0]}: it reads tensors only; of a whole model, save model.state_dict()"
            )
        raise UsageError(f"expected what torch.save writes; {told}") from error
    if key:
        if not isinstance(found, Mapping) or key not in found:
            keys = ", ".join(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
            raise UsageError(f"key {key!r}: expected one of the file's, got {keys}")
        found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(each, torch.Tensor) for each in found.values()):
        inner = (
            [name for name, each in found.items() if isinstance(each, Mapping)]
            if isinstance(found, Mapping)
            else []
        )
        hint = f"; name the key of one with --key: {', '.join(map(str, inner))}" if inner else ""
        raise UsageError(f"file {str(path)!r}: expected a state dict, tensors by name{hint}")
    try:
        return {str(name): each.detach().numpy() for name, each in found.items()}
    except TypeError as error:  # as of bfloat16
        raise UsageError(f"file {str(path)!r}: it has a dtype that NumPy lacks: {error}; {_CAST}") from error


def _save_safetensors(path: Path, arrays: Mapping[str, Array]) -> None:
    from safetensors.numpy import save

    # As bytes, because save_file makes a file that only its owner can read.
    path.write_bytes(save({name: np.asarray(each, order="C") for name, each in arrays.items()}))


def _save_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    # An array may be called `file`, which is an argument of savez.
    if "file" in arrays:
        raise UsageError("name 'file': an npz file cannot hold an array of this name")
    with path.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # no name is `allow_pickle`


def _save_pickle(path: Path, arrays: Mapping[str, Array]) -> None:
    import torch

    torch.save({name: torch.tensor(each) for name, each in arrays.items()}, path)

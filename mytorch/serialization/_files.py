"""Saving to and loading from safetensors files, which cannot hold anything that would be executed.

Source: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.device import check_device
from mytorch.serialization._structure import put_together, take_apart

if TYPE_CHECKING:
    from typing import IO, Any, TypeAlias

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

    File: TypeAlias = str | os.PathLike[str] | IO[bytes]

# The name of the object's structure in the file's metadata.
_KEY = "mytorch"

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
}


def save(obj: Any, f: File) -> None:
    """Write an object to a file that `load` reads.

    The file is a safetensors file for any suffix of its name: the tensors by name, and structure and scalars
    as JSON in its metadata. Each tensor is written with its own elements, so that two that share memory (tied
    weights, views) are two when they are loaded; a tied model's `load_state_dict` fills its one parameter
    with either. A file appears under its name when it is complete, in place of an older one.

    Args:
        obj: a Tensor; numbers, text, None; or dicts, lists and tuples of these, nested in any way: the
            state_dict of a module, an optimizer or a scheduler, or several of them in a checkpoint. A dict
            from text to tensors can be read by every safetensors library, under the same names.
        f: path, or a binary file to write to.

    Raises:
        ImportError: the package safetensors is missing.
        TypeError: something in the object cannot be saved; the message names its place.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.save.html
    """
    library = _safetensors("save").numpy
    tree, tensors = take_apart(obj)
    metadata = {_KEY: json.dumps(tree, allow_nan=False, separators=(",", ":"))}
    data = library.save({name: _dense(x.array) for name, x in tensors.items()}, metadata=metadata)
    if isinstance(f, (str, os.PathLike)):
        _write(os.fspath(f), data)
    else:
        f.write(data)


def load(f: File, map_location: object = None, *, weights_only: bool = True) -> Any:
    """Read what `save` wrote, or any other safetensors file.

    Args:
        f: path, or a binary file to read from.
        map_location: only "cpu".
        weights_only: accepted; nothing in such a file is ever executed.

    Returns:
        The object that was saved; of a file that another library wrote, a dict from names to tensors.

    Raises:
        ImportError: the package safetensors is missing.
        RuntimeError: the file is not a safetensors file (a pickle, such as torch.save writes), is damaged, or
            holds a tensor of a dtype that mytorch lacks; or another device.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.load.html

    Examples:
        >>> import io
        >>> file = io.BytesIO()
        >>> mytorch.save({"weight": mytorch.ones(2), "epoch": 3}, file)
        >>> start = file.seek(0)
        >>> mytorch.load(file)
        {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    del weights_only
    check_device(map_location)
    library = _safetensors("load")
    if isinstance(f, (str, os.PathLike)):
        name = os.fspath(f)
        with open(name, "rb") as stream:  # noqa: PTH123 - pathlib is slow to import
            data = stream.read()
    else:
        name, data = getattr(f, "name", "the file"), f.read()
    try:
        found = library.deserialize(data)
    except library.SafetensorError as error:
        _refuse_pickle(name, data)
        raise RuntimeError(f"{name}: expected a complete safetensors file: {error}") from None
    tensors = {key: wrap(_array(name, key, spec)) for key, spec in found}
    return _object(name, data, tensors)


def _safetensors(function: str) -> Any:
    try:
        import safetensors.numpy  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            f"mytorch.{function} needs the package safetensors, which is not installed: "
            'pip install "mytorch-conformance[safetensors]"'
        ) from error
    return safetensors


def _dense(array: Array) -> Array:
    # np.ascontiguousarray would make a vector of a 0-dim array.
    return array if array.flags.c_contiguous else array.copy(order="C")


def _write(path: str, data: bytes) -> None:
    """Write a file so that no reader ever sees a part of it, and a crash leaves the old one."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as stream:  # noqa: PTH123 - pathlib is slow to import
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the same
    except BaseException:
        if os.path.exists(temporary):  # noqa: PTH110 - the same
            os.unlink(temporary)  # noqa: PTH108 - the same
        raise


def _refuse_pickle(name: str, data: bytes) -> None:
    # Zip, as torch.save writes it, and pickle, protocols 2 to 5. The length of its header can give a valid
    # safetensors file the same first bytes.
    if data[:2] == b"PK" or (data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")):
        raise RuntimeError(
            f"{name}: expected a safetensors file, got a pickle, as torch.save writes it, which can execute "
            "any code and is never loaded. Convert it once, in torch: "
            'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'
        )


def _array(name: str, key: str, spec: dict[str, Any]) -> Array:
    if spec["dtype"] not in _DTYPES:
        raise RuntimeError(
            f"{name}: tensor {key!r} has dtype {spec['dtype']}, expected one of {', '.join(_DTYPES)}: "
            "convert it before it is saved, in torch with tensor.float()"
        )
    dtype = np.dtype(_DTYPES[spec["dtype"]])
    # The file is little-endian on every machine.
    stored = np.ndarray(spec["shape"], dtype.newbyteorder("<"), bytearray(spec["data"]))
    return stored.astype(dtype, copy=False)


def _object(name: str, data: bytes, tensors: dict[str, Tensor]) -> Any:
    # The library does not hand out the metadata of bytes; it has checked that the header is valid.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    structure = header.get("__metadata__", {}).get(_KEY)
    if structure is None:
        return tensors
    try:
        return put_together(json.loads(structure), tensors)
    except (KeyError, TypeError, ValueError, StopIteration, RecursionError) as error:
        raise RuntimeError(f"{name}: the structure in its metadata is damaged: {error!r}") from None

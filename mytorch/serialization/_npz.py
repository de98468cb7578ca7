"""Arrays as an npz file, by NumPy's format of an array. Called by `save` and `load`.

An npz file is a zip file with an array per member. numpy.savez loses arrays of some names ("file",
"allow_pickle"), and numpy.load takes "x.npy" for "x"; so the members are named here, and NumPy writes them
and reads their headers. A member that would have to be unpickled is refused by its header.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy

from mytorch._core import dtypes
from mytorch.serialization._arrays import dense, from_bytes

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array

_SUFFIX = ".npy"
# The array of the structure's bytes. No tensor has this name.
_STRUCTURE = "__metadata__"
# By the version of the format; version 3 is for structured arrays only.
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def recognized(data: bytes) -> bool:
    """Return whether bytes begin as a zip file, one without members included."""
    return data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def write(arrays: dict[str, Array], structure: str) -> bytes:
    """Return an npz file.

    Args:
        arrays: by name.
        structure: text, a further array of bytes in the file.

    Returns:
        The bytes of the file, the same for the same arguments.
    """
    stored = {_STRUCTURE: np.frombuffer(structure.encode(), np.uint8), **arrays}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in stored.items():
            member = zipfile.ZipInfo(name + _SUFFIX)  # dated 1980: it does not say when it was written
            member.create_system = 3  # nor on which system
            with archive.open(member, "w", force_zip64=True) as file:
                little = array.dtype.newbyteorder("<")
                npy.write_array(file, dense(array.astype(little, copy=False)), allow_pickle=False)
    return stream.getvalue()


def read(name: str, data: bytes) -> tuple[dict[str, Array], str | None]:
    """Return the arrays of an npz file, and the structure if `write` wrote it.

    Args:
        name: of the file, for messages.
        data: its bytes.

    Returns:
        The arrays by name, and the text.

    Raises:
        RuntimeError: it is not an npz file, is damaged, or has a dtype that mytorch lacks.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {each.filename: archive.read(each) for each in archive.infolist()}
    except Exception as error:  # noqa: BLE001 - damaged bytes raise a dozen classes, zlib's and struct's among them
        raise RuntimeError(f"{name}: expected a complete npz file: {error}") from None
    for each in members:
        if not each.endswith(_SUFFIX):
            raise RuntimeError(f"{name}: expected an npz file, got a zip file that holds {each!r}")
    arrays = {
        key: _array(f"{name}: tensor {key!r}", content)
        for key, content in ((each.removesuffix(_SUFFIX), members[each]) for each in members)
    }
    structure = arrays.pop(_STRUCTURE, None)
    return arrays, None if structure is None else structure.tobytes().decode(errors="replace")


def _array(where: str, content: bytes) -> Array:
    stream = io.BytesIO(content)
    try:
        shape, fortran_order, dtype = _HEADERS[npy.read_magic(stream)](stream)
    except Exception as error:  # noqa: BLE001 - a header is Python text, and fails as such
        raise RuntimeError(f"{where} has a damaged header: {error!r}") from None
    _check_dtype(where, dtype)
    return from_bytes(where, memoryview(content)[stream.tell() :], shape, dtype, fortran_order=fortran_order)


def _check_dtype(where: str, dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise RuntimeError(
            f"{where} holds Python objects as a pickle, which can execute any code and is never loaded: "
            "save an array of numbers"
        )
    supported = [each.numpy for each in dtypes.ALL]
    if dtype.newbyteorder("=") not in supported:
        raise RuntimeError(
            f"{where} has dtype {dtype}, expected one of {', '.join(map(str, supported))}: "
            "convert it before it is saved, in NumPy with array.astype(numpy.float32)"
        )

"""Arrays as a safetensors file, by the package safetensors. Called by `save` and `load`.

Source: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from mytorch.serialization._arrays import dense, from_bytes

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array

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


def installed() -> Any:
    """Return the package safetensors, an extra; None if it is missing."""
    try:
        import safetensors.numpy  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return safetensors


def recognized(data: bytes) -> bool:
    """Return whether bytes begin as a safetensors file: the length of a header that they hold, and "{".

    No other file that `load` knows does so: after the first four bytes of a zip file, or the first two of a
    pickle, the length would be more than any file has.
    """
    return data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8


def write(library: Any, arrays: dict[str, Array], structure: str) -> bytes:
    """Return a safetensors file.

    Args:
        library: the package.
        arrays: by name.
        structure: text for its metadata.

    Returns:
        The bytes of the file, the same for the same arguments.
    """
    data: bytes = library.numpy.save(
        {name: dense(array) for name, array in arrays.items()}, metadata={_KEY: structure}
    )
    return data


def read(library: Any, name: str, data: bytes) -> tuple[dict[str, Array], str | None]:
    """Return the arrays of a safetensors file, and the structure if `write` wrote it.

    Args:
        library: the package; None if it is missing.
        name: of the file, for messages.
        data: its bytes.

    Returns:
        The arrays by name, and the text that was in the metadata.

    Raises:
        ImportError: the package is missing.
        RuntimeError: the file is damaged, or has a dtype that mytorch lacks.
    """
    if library is None:
        raise ImportError(
            f"{name} is a safetensors file: mytorch.load needs the package safetensors for it, which is not "
            'installed: pip install "mytorch-conformance[safetensors]"'
        )
    try:
        found = library.deserialize(data)
    except library.SafetensorError as error:
        raise RuntimeError(f"{name}: expected a complete safetensors file: {error}") from None
    # The library does not hand out the metadata of bytes; it has checked that the header is valid.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    structure = header.get("__metadata__", {}).get(_KEY)
    return {key: _array(f"{name}: tensor {key!r}", spec) for key, spec in found}, structure


def _array(where: str, spec: dict[str, Any]) -> Array:
    if spec["dtype"] not in _DTYPES:
        raise RuntimeError(
            f"{where} has dtype {spec['dtype']}, expected one of {', '.join(_DTYPES)}: "
            "convert it before it is saved, in torch with tensor.float()"
        )
    # The file is little-endian on every machine.
    dtype = np.dtype(_DTYPES[spec["dtype"]]).newbyteorder("<")
    return from_bytes(where, memoryview(spec["data"]), tuple(spec["shape"]), dtype)

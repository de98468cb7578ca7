"""Messages between the judge and the process of a subject: a header in JSON, then the bytes of arrays.

Written and read by subjects.host, on the judge's side, and by running.host_main, on the subject's. Nothing is
unpickled: a header says the dtype and the shape of each array, and is checked before memory is taken for one.
Half types travel as their raw 16-bit words, as all dtypes travel as their raw bytes.
"""

from __future__ import annotations

import json
import struct
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conformance.subjects.answers import NotNumbersError, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader

    from conformance.sampling.values import Array

# What a message begins with: a mark, its number, and the length of its header.
_START = struct.Struct("<8sQI")
_MARK = b"\x93answer\x01"

# More than any sample needs; a subject that answers with more is wrong.
MOST_BYTES = 2**28
_MOST_HEADER = 2**21
# A layer of 33 inputs and parameters, each frozen in turn, answers with the gradients of the others.
_MOST_ARRAYS = 4_096
_MOST_DIMENSIONS = 32

# Booleans, integers and floats, in either byte order.
DTYPES = frozenset(
    {"|b1", "|i1", "|u1"}
    | {f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (2, 4, 8)}
    | {f"{order}f{size}" for order in "<>" for size in (2, 4, 8)}
    | {f"{order}c{size}" for order in "<>" for size in (8, 16)}
)
_DTYPES = {name: np.dtype(name) for name in DTYPES}


class GarbageError(ValueError):
    """Bytes that are not a message; the message says where."""


class Foreign(NamedTuple):
    """A value that is not an array of numbers, of which only the kind is sent."""

    kind: str


class Message(NamedTuple):
    """A message.

    Attributes:
        number: that of a question, and of the first of the answers to it; the next ones follow.
        header: what is asked or answered.
        arrays: the arrays by name; None, or a `Foreign`, for what is not an array of numbers.
    """

    number: int
    header: dict[str, Any]
    arrays: dict[str, Any]


def plain(value: object) -> Array | Foreign | None:
    """Return a value as it can be sent: an array of numbers, or else only its kind."""
    if value is None:
        return None
    try:
        array = numbers(value)
    except NotNumbersError:
        kind = f"ndarray of {value.dtype}" if type(value) is np.ndarray else type(value).__name__
        return Foreign(kind)
    return array if array.dtype.str in DTYPES else Foreign(f"ndarray of {array.dtype}")


def encode(number: int, header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> bytes:
    """Return a message as bytes.

    Raises:
        ValueError: the arrays are too many or too large.
    """
    listed: list[Any] = []
    parts, total = [], 0
    if len(arrays or {}) > _MOST_ARRAYS:
        raise ValueError(f"expected at most {_MOST_ARRAYS:,} arrays in an answer, got {len(arrays or {}):,}")
    for name, value in (arrays or {}).items():
        sent = plain(value)
        if not isinstance(sent, np.ndarray):
            listed.append([name, None, None if sent is None else printable(sent.kind, 200)])
            continue
        total += sent.nbytes
        if total > MOST_BYTES:
            raise ValueError(
                f"{printable(name, 200)}: expected at most {MOST_BYTES:,} bytes in all arrays of an answer, "
                f"got {sent.dtype} of shape {sent.shape}"
            )
        listed.append([name, sent.dtype.str, list(sent.shape)])
        parts.append(sent.tobytes())
    head = json.dumps({**header, "arrays": listed}).encode()
    return b"".join([_START.pack(_MARK, number, len(head)), head, *parts])


class Reader:
    """Puts messages together from pieces as they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._number, self._needed = 0, _START.size
        self._header: dict[str, Any] | None = None
        self._started = False

    @property
    def wanted(self) -> int:
        """How many bytes of the next message are lacking, as far as that is known; 0 or less if none."""
        return self._needed - len(self._buffer)

    @property
    def rest(self) -> int:
        """How many bytes follow the messages that were taken."""
        return len(self._buffer)

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._buffer += piece

    def take(self) -> Message | None:
        """Return the next message, or None if it is not complete.

        Raises:
            GarbageError: the bytes are not a message.
        """
        while self.wanted <= 0:
            part = bytes(self._buffer[: self._needed])
            del self._buffer[: self._needed]
            if not self._started:
                mark, self._number, self._needed = _START.unpack(part)
                if mark != _MARK or self._needed > _MOST_HEADER:
                    raise GarbageError(f"it begins with {part[:40]!r}")
                self._started = True
            elif self._header is None:
                self._header, self._needed = _header(part)
            else:
                message = Message(self._number, self._header, _arrays(self._header.pop("arrays"), part))
                self._begin()
                return message
        return None


def _header(text: bytes) -> tuple[dict[str, Any], int]:
    """Return a header, and the number of bytes of the arrays that it announces."""
    try:
        # As text: of bytes, their encoding is guessed first.
        header = json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise GarbageError(f"its header is not JSON: {text[:40]!r}") from error
    listed = header.get("arrays") if isinstance(header, dict) else None
    if not isinstance(listed, list):
        raise GarbageError("its header lists no arrays")
    if len(listed) > _MOST_ARRAYS:
        raise GarbageError(f"it announces {len(listed):,} arrays, and at most {_MOST_ARRAYS:,} are read")
    total = sum(_bytes_of(entry) for entry in listed)
    if total > MOST_BYTES:
        raise GarbageError(f"it announces {total:,} bytes, and at most {MOST_BYTES:,} are read")
    return header, total


def _bytes_of(entry: object) -> int:
    """Return how many bytes an array takes: by its name, dtype and shape, or its name and kind."""
    # By types and not by patterns, which take four times as long: nothing but JSON's own types comes here.
    if type(entry) is list and len(entry) == 3 and type(entry[0]) is str:
        _, dtype, shape = entry
        if dtype is None and (shape is None or type(shape) is str):
            return 0
        if type(dtype) is str and dtype in DTYPES and type(shape) is list and _are_sizes(shape):
            # Sizes beside a 0 count too: NumPy multiplies them.
            if prod([size or 1 for size in shape]) > MOST_BYTES:
                raise GarbageError(f"it announces an array of shape {shape}")
            return prod(shape) * _DTYPES[dtype].itemsize
    raise GarbageError(f"it announces an array as {str(entry)[:80]}")


def _are_sizes(shape: list[Any]) -> bool:
    few = len(shape) <= _MOST_DIMENSIONS
    return few and all(type(size) is int and 0 <= size <= MOST_BYTES for size in shape)


def _arrays(listed: list[Any], data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    place = 0
    for name, dtype, shape in listed:
        if dtype is None:
            found[name] = None if shape is None else Foreign(shape)
            continue
        # A copy, which may be written to as the subject's own array could.
        found[name] = np.ndarray(shape, _DTYPES[dtype], data, place).copy()
        place += found[name].nbytes
    return found


def read(stream: BufferedReader) -> Message | None:
    """Return the next message of a stream, or None where it has ended."""
    reader = Reader()
    while (message := reader.take()) is None:
        if not (piece := stream.read(reader.wanted)):
            return None
        reader.feed(piece)
    return message


def printable(text: str, most: int) -> str:
    """Return a text without control characters and lone surrogates, and without its middle if it is long."""
    left_out = len(text) - most
    if left_out > 0:
        head = most * 2 // 3
        text = f"{text[:head]} … [{left_out:,} characters left out] … {text[len(text) - most + head :]}"
    # Nearly all texts are names.
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return "    " if character == "\t" else character.encode("unicode_escape").decode()

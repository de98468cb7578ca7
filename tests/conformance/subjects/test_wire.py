"""Messages: what is sent arrives, and garbage is refused before memory is taken for it."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest

from conformance.subjects.wire import MOST_BYTES, Foreign, GarbageError, Reader, encode, printable, read


def sent(arrays, step=1):
    reader, data = Reader(), encode(7, {"do": "x"}, arrays)
    for at in range(0, len(data), step):
        assert reader.take() is None
        reader.feed(data[at : at + step])
    message = reader.take()
    assert message.number == 7
    assert message.header == {"do": "x"}
    return message.arrays


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "<i8", ">i4", "<f2", "<f4", ">f8", "<c8"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
@pytest.mark.parametrize("step", [1, 10_000])
def test_arrays_arrive_as_they_are(dtype, shape, step):
    array = np.arange(6)[: max(1, int(np.prod(shape)))].astype(dtype)
    array = array.reshape(shape) if shape != (0, 3) else np.empty(shape, dtype)
    found = sent({"one": array, "two": array[..., None]}, step)
    assert list(found) == ["one", "two"]
    for name, expected in (("one", array), ("two", array[..., None])):
        # In the byte order of this machine, whatever it was in.
        assert found[name].dtype == expected.dtype.newbyteorder("=")
        assert found[name].shape == expected.shape
        assert found[name].tobytes() == expected.astype(found[name].dtype).tobytes()
        assert found[name].flags.writeable


def test_half_types_and_nan_keep_their_bits():
    words = np.arange(2**16, dtype=np.uint16)
    assert np.array_equal(sent({"x": words.view(np.float16)})["x"].view(np.uint16), words)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1.0], "list"),
        (np.ma.masked_all(3), "MaskedArray"),
        (np.array([object()]), "ndarray of object"),
        (np.array(["x"]), "ndarray of <U1"),
        (np.zeros(1, np.longdouble), "ndarray of float128"),
    ],
)
def test_of_what_is_not_an_array_of_numbers_only_the_kind_is_sent(value, kind):
    assert sent({"x": value, "none": None}) == {"x": Foreign(kind), "none": None}


def test_an_answer_that_is_too_large_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match=r"x: expected at most .* got float64 of shape \(100000000,\)"):
        encode(1, {}, {"x": np.broadcast_to(0.0, (10**8,))})


def frame(header, data=b"", mark=b"\x93answer\x01", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<8sQI", mark, 1, len(text) if length is None else length) + text + data


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a line that the subject printed\n", "begins with"),
        (frame({"arrays": []}, length=2**31), "begins with"),
        (frame(b"not JSON"), "not JSON"),
        (frame(b"[" * 100_000), "not JSON"),
        (frame([]), "lists no arrays"),
        (frame({}), "lists no arrays"),
        (frame({"arrays": [["x", "<f8"]]}), "announces an array as"),
        (frame({"arrays": [["x", "|O", [1]]]}), "announces an array as"),
        (frame({"arrays": [["x", "<f8", [-1]]]}), "announces an array as"),
        (frame({"arrays": [["x", "<f8", [True]]]}), "announces an array as"),
        (frame({"arrays": [["x", "<f8", [1] * 33]]}), "announces an array as"),
        (frame({"arrays": [["x", "<f8", [MOST_BYTES]]]}), "announces [0-9,]+ bytes"),
        (frame({"arrays": [["x", "<f8", [2**20, 2**20]]]}), "announces an array of shape"),
        (frame({"arrays": [["x", "<f8", [2**20, 2**20, 0]]]}), "announces an array of shape"),
    ],
)
def test_garbage_is_refused(data, told):
    reader = Reader()
    reader.feed(data)
    with pytest.raises(GarbageError, match=told):
        reader.take()


def test_messages_that_come_together_are_taken_one_by_one():
    reader = Reader()
    reader.feed(encode(1, {}) + encode(2, {}, {"x": np.ones(3)}) + b"\x93an")
    assert [reader.take().number for _ in range(2)] == [1, 2]
    assert reader.take() is None
    assert reader.rest == 3


def test_a_stream_is_read_message_by_message_until_it_ends():
    stream = io.BufferedReader(io.BytesIO(encode(1, {}) + encode(2, {}, {"x": np.ones(3)}) + b"\x93an"))
    assert [read(stream).number for _ in range(2)] == [1, 2]
    assert read(stream) is None


def test_texts_are_without_control_characters_and_cut():
    assert printable("a\x1b[2J\tb\nc\udc80", 99) == "a\\x1b[2J    b\nc\\udc80"
    assert printable("x" * 10 + "y" * 10, 3) == "xx … [17 characters left out] … y"

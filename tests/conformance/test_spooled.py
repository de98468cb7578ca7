"""A sequence in a file is whole, or an error says that the disk is full; and nothing is left of the file."""

from __future__ import annotations

import errno
import io
import tempfile
from pathlib import Path

import pytest

from conformance import spooled
from conformance.report.shard import JUDGED, Piece, Pieces

PIECES = [Piece(place, 1, JUDGED, f"relu:{place}") for place in range(9)]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(spooled, "BLOCK", 4)


class Full(io.FileIO):
    """A file on a disk that is full after so many bytes, of which a call writes no more than 7."""

    room = 0

    def write(self, data):
        if not (fitting := data[: min(7, self.room - self.tell())]):
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(fitting)


@pytest.fixture
def disk(monkeypatch, tmp_path):
    opened = []

    def made(_, buffering=-1, **__):
        opened.append(Full(tmp_path / str(len(opened)), "x+"))
        return io.BufferedRandom(opened[-1], buffering) if buffering else opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", made)
    return opened


# Nothing is written; a part of the first block; all of it, and a part of the second.
@pytest.mark.parametrize(("room", "count"), [(0, 4), (10, 4), (100, 8)])
def test_a_full_disk_is_an_error_that_names_the_folder(disk, monkeypatch, room, count):
    monkeypatch.setattr(Full, "room", room)
    pieces = Pieces(PIECES[:3])
    with pytest.raises(OSError, match="No space left on device") as raised:
        pieces.extend(PIECES[3:])
    assert Path(raised.value.filename) == Path(tempfile.gettempdir())
    # What was added is there, and where it cannot be closed, pytest fails.
    assert list(pieces) == PIECES[:count]
    assert not disk[0].closed
    del pieces, raised
    assert disk[0].closed


def test_what_is_written_in_parts_is_whole(disk, monkeypatch):
    monkeypatch.setattr(Full, "room", 1_000_000)
    pieces = Pieces(PIECES)
    assert list(pieces) == PIECES
    assert disk[0].tell() > 7

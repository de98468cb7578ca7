"""The three pipes of a subject's process: a question goes in as it is taken, answers and prints come out.

Made by subjects.host where it starts a process. Nothing waits here for longer than a moment, because a
process may take nothing, answer nothing, or print faster than it is read.
"""

from __future__ import annotations

import os
import selectors
from typing import IO, TYPE_CHECKING, Any

from conformance.subjects.wire import Reader, printable

if TYPE_CHECKING:
    import subprocess

    from conformance.subjects.wire import Message

# How much is kept of what a subject prints, in characters.
_PRINTED = 2_000

# Seconds until it is looked whether the process has ended, though one that it started holds its pipes open.
_MOMENT = 0.2


class Pipes:
    """The pipes of a process.

    Args:
        process: the process; it has a pipe for each of the three.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._in, self._out, self._err = (
            _open(pipe) for pipe in (process.stdin, process.stdout, process.stderr)
        )
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._out, selectors.EVENT_READ)
        self._ready.register(self._err, selectors.EVENT_READ)
        self._question = memoryview(b"")
        self._reader = Reader()
        self._heard = bytearray()

    @property
    def rest(self) -> int:
        """How many bytes were read behind the messages that were taken."""
        return self._reader.rest

    def put(self, question: bytes) -> None:
        """Take a question, which `exchange` writes."""
        if not self._question:
            self._ready.register(self._in, selectors.EVENT_WRITE)
        self._question = memoryview(question)

    def take(self) -> Message | None:
        """Return the next message that is complete, or None.

        Raises:
            GarbageError: what was read is not a message.
        """
        return self._reader.take()

    def exchange(self) -> bool:
        """Write and read what can be, and return whether no more will come."""
        found = {key.fileobj for key, _ in self._ready.select(_MOMENT)}
        if self._in in found:
            self._write()
        if self._err in found and not self.hear():
            self._ready.unregister(self._err)
        if self._out in found:
            # As much as a pipe holds: memory for more would be asked of the system each time.
            piece = os.read(self._out.fileno(), 2**16)
            self._reader.feed(piece)
            return not piece
        return not found and self._process.poll() is not None

    def _write(self) -> None:
        try:
            self._question = self._question[os.write(self._in.fileno(), self._question) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            # It has ended; the other pipes tell how.
            self._question = self._question[:0]
        if not self._question:
            self._ready.unregister(self._in)

    def hear(self) -> bool:
        """Read what the subject has printed, keep the end of it, and return whether there may be more."""
        # It may print faster than it is read.
        for _ in range(64):
            try:
                piece = os.read(self._err.fileno(), 2**16)
            except BlockingIOError:
                return True
            if not piece:
                return False
            self._heard += piece
            del self._heard[: -4 * _PRINTED]
        return True

    def heard(self) -> str:
        """Return the end of what the subject has printed, without control characters."""
        return printable(self._heard.decode("utf-8", "backslashreplace").strip(), _PRINTED)

    def forget(self) -> None:
        """Forget what the subject has printed."""
        self._heard.clear()

    def close(self) -> None:
        """Close the pipes; what was heard is kept."""
        self._ready.close()
        for pipe in (self._in, self._out, self._err):
            pipe.close()


def _open(pipe: IO[bytes] | None) -> Any:
    assert pipe is not None  # noqa: S101 - the process has one
    os.set_blocking(pipe.fileno(), False)
    return pipe

"""Output that gets through: in any encoding, and into a pipe that is closed.

Called by cli.main around every command.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

# What an encoding without them shows instead of the characters that tables and messages are set in.
_PLAIN = {
    "·": "-",
    "×": "x",
    "–": "-",
    "−": "-",
    "…": "...",
    "≥": ">=",
    "≤": "<=",
    "→": "->",
    "≈": "~",
}

_HANDLER = "conformance.plain"


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(
        _PLAIN.get(c, c.encode("ascii", "backslashreplace").decode()) for c in characters
    ), error.end


codecs.register_error(_HANDLER, _in_plain)


def in_any_encoding() -> None:
    """Let both streams replace what their encoding does not have, instead of raising an exception."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def flush() -> None:
    """Write out what was printed.

    Raises:
        OSError: it cannot be written, e.g. because the reader has closed the pipe.
    """
    # There is no stream where the caller closed it before the start.
    if sys.stdout is not None:
        sys.stdout.flush()


def discard() -> None:
    """Write to nowhere from here on: Python would flush the rest at exit, and raise there again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

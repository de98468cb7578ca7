"""The command line: the parser, the dispatch to a command, the exit codes, and what is said of an error.

Each command has a module of its own. A framework is imported only when a command needs it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from conformance.arguments import Parser
from conformance.cli import (
    bench,
    calibrate,
    check,
    compare,
    convert,
    diagnose,
    export,
    gate,
    judge,
    list,
    merge,
    replay,
    report,
    run,
    selftest,
    tolerance,
)
from conformance.cli._terminal import discard, flush, in_any_encoding
from conformance.errors import Terminated, UnpreparedError, UsageError
from conformance.extras import extras
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

# In the order of `--help`. Each adds its parser; its `command` takes the options and returns the exit code.
_COMMANDS = (
    run,
    list,
    replay,
    diagnose,
    report,
    merge,
    export,
    judge,
    gate,
    compare,
    tolerance,
    check,
    convert,
    selftest,
    calibrate,
    bench,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `--help` explains each."""
    options = argparse.Namespace(debug=False)
    in_any_encoding()
    try:
        try:
            _parser().parse_args(arguments, options)
        finally:
            # `--help` and `--version` leave from here.
            flush()
        with _terminable():
            code = _command(options)
        flush()
    except KeyboardInterrupt as interrupt:
        print(f"conformance: {one_line(str(interrupt)) or 'INTERRUPTED'}", file=sys.stderr)
        # 128 and the signal's number, as a shell counts a process that a signal ended.
        return 143 if isinstance(interrupt, Terminated) else 130
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed it.
        discard()
        return 1
    except Exception as error:
        if options.debug:
            raise
        code, told = _told(error)
        print(f"conformance: {one_line(told)}", file=sys.stderr)
        discard()
    return code


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, so that a run can write what it has."""
    if threading.current_thread() is not threading.main_thread():  # only it can set a handler
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Terminated


def _command(options: argparse.Namespace) -> int:
    try:
        with extras():
            return int(options.command(options))
    except SystemExit as leaving:
        # No command leaves by itself, but a subject may. 0 would look as if parity were shown.
        print(f"conformance: the process was told to exit, with {leaving.code!r}", file=sys.stderr)
        return 1


def _told(error: Exception) -> tuple[int, str]:
    """Return the exit code of an error, and what is said of it."""
    if isinstance(error, UsageError):
        return 2, str(error)
    if isinstance(error, OSError) and error.strerror:
        # Of two names the second is that of the file that was to be written.
        named = error.filename2 or error.filename
        return 2, error.strerror if named is None else f"{named!r}: {error.strerror}"
    if isinstance(error, OSError):
        return 2, str(error)
    named = f"{type(error).__name__}: {error}"
    if isinstance(error, UnpreparedError):
        # Of a run, such a sample is an ERROR verdict; the other commands cannot go on without it.
        return 1, "; ".join([named, *getattr(error, "__notes__", ())])
    if isinstance(error, MemoryError):
        return 1, f"there is not enough memory: {error}"
    return 1, f"unexpected {named}. With --debug it is shown where; please report it"


class _Version(argparse.Action):
    """Prints the versions that a result depends on; they are looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from conformance.environment import versions

        print(" ".join(f"{name} {version}" for name, version in versions().items()))
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="conformance",
        description="Decides whether an implementation computes what PyTorch computes.",
        epilog="Exit codes: 0 shown; 1 not shown; 2 wrong usage; 3 nothing was compared; 130 interrupted by "
        "Ctrl-C; 143 by SIGTERM.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the versions and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    for each in (parser, *commands.choices.values()):
        each.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show where an error was raised"
        )
    return parser

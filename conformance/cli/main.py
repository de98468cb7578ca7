"""The command line: the parser, the dispatch to a command, and the exit codes.

Each command has a module of its own. A framework is imported only when a command needs it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.cli import calibrate, export, judge, list, replay, run, selftest
from conformance.errors import DegenerateError, NoiseError, Terminated, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

# In the order of `--help`. Each adds its parser; its `command` takes the options and returns the exit code.
_COMMANDS = (run, list, replay, export, judge, selftest, calibrate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `--help` explains each."""
    options = _parser().parse_args(arguments)
    try:
        with _terminable():
            code = int(options.command(options))
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(f"conformance: {str(interrupt) or 'INTERRUPTED'}", file=sys.stderr)
        # 128 and the signal's number, as a shell counts a process that a signal ended.
        return 143 if isinstance(interrupt, Terminated) else 130
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has closed it. Python would flush the rest at exit, and
        # raise again there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except UsageError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except (DegenerateError, NoiseError) as error:
        # Of a run, such a sample is an ERROR verdict; the other commands cannot go on without it.
        told = "; ".join([str(error), *getattr(error, "__notes__", ())])
        print(f"conformance: {type(error).__name__}: {told}", file=sys.stderr)
        return 1
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Decides whether an implementation computes what PyTorch computes.",
        epilog="Exit codes: 0 shown; 1 not shown; 2 wrong usage; 3 nothing was compared; 130 interrupted by "
        "Ctrl-C; 143 by SIGTERM.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser

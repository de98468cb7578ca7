"""The command line: the parser, the dispatch to a command, and the exit codes.

Each command has a module of its own. A framework is imported only when a command needs it.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from conformance.cli import calibrate, export, judge, list, replay, run, selftest
from conformance.errors import DegenerateError, NoiseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of `--help`. Each adds its parser; its `command` takes the options and returns the exit code.
_COMMANDS = (run, list, replay, export, judge, selftest, calibrate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `--help` explains each."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.command(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Decides whether an implementation computes what PyTorch computes.",
        epilog="Exit codes: 0 shown; 1 not shown; 2 wrong usage; 3 nothing was compared.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser

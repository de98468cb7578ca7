"""Any program as a subject: it gets the folder of a task as its last argument, and leaves arrays there.

`Command` is made by the registry for `cmd:PROGRAM`, and by users who declare more than a plain call; it runs
the program once for each task. subjects.task_directory writes the task and reads the answer.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO, TYPE_CHECKING

from conformance.cases._uses import USES
from conformance.errors import UsageError
from conformance.subjects.supports import Supports
from conformance.subjects.task_directory import ProgramError, asked, read_answer, told, write_task

if TYPE_CHECKING:
    from conformance.subjects.protocol import Task, Trace

# What the names of programs begin with.
COMMAND = "cmd:"
# What a program is asked for that declares nothing. Whether it has gradients is seen when it is called.
PLAIN_CALLS = Supports(backward=None, training=False, uses=(), bad_calls=False)
# Seconds after which a program is ended.
TIME_LIMIT = 60.0
# The user's own PYTHONPATH in the process of a subject, which has that of the judge.
USERS_PATH = "CONFORMANCE_USERS_PYTHONPATH"
# How many bytes of what a program prints are kept, of the last.
_KEPT = 4000


class Command:
    """A subject that is a program: `PROGRAM [ARGUMENT…] TASK_DIR`.

    Args:
        command: the program and its arguments, as a shell would take them.
        supports: its limits. By default it is asked for plain calls: for no use, no case that trains, and no
            call that must raise an exception, which it would answer by `error.json`.
        time_limit: the seconds after which it is ended.

    Attributes:
        uses: the uses in which it can be called: those that `supports` names, or all.

    Raises:
        UsageError: there is no such program, or the quotes in the command are not closed.
    """

    def __init__(
        self,
        command: str,
        *,
        supports: Supports = PLAIN_CALLS,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self.name = f"{COMMAND}{command}"
        self.supports = supports
        self.uses = frozenset(USES if supports.uses is None else supports.uses)
        self._arguments = _found(command)
        self._time_limit = time_limit
        # The arguments may be paths too, and a process may change its directory.
        self._directory = Path.cwd()

    def unsupported(self, task: Task) -> str | None:
        """Return why a task cannot be written, or None; a program may decline others itself."""
        if task.bad_call and (task.bad_call.call or task.bad_call.options or not _plain(task)):
            return "this bad call cannot be written as a task directory"
        return None

    def run(self, task: Task) -> Trace:
        """Write a task, run the program on it, and return its answer.

        Raises:
            ProgramError: the program failed, was ended, or left no answer that can be read; the message has
                the last that it printed.
            Unused: the program says that it cannot run the task.
            Exception: the exception that the program reports.
        """
        wanted = asked(task)
        # A program may take away the permission to clean up.
        with TemporaryDirectory(prefix="conformance-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            write_task(folder, task, wanted)
            wrong, printed = _call([*self._arguments, name], self._directory, self._time_limit)
            if not wrong:
                try:
                    return read_answer(folder, wanted.bytes)
                except ProgramError as error:
                    wrong = str(error)
        words = f"; it printed:\n{printed}" if printed else "; it printed nothing"
        raise ProgramError(f"{self._arguments[0]}: {wrong}{words}")


def _plain(task: Task) -> bool:
    try:
        json.dumps(task.config, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _found(command: str) -> list[str]:
    """Return the words of a command, the first as an absolute path."""
    if sys.platform == "win32":
        raise UsageError("cmd: needs Linux or macOS; use `conformance export` and `conformance judge` here")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"cmd: {error} in {command!r}") from error
    if not words:
        raise UsageError("cmd: expected cmd:PROGRAM, got no program")
    program = shutil.which(words[0])
    if program is None:
        raise UsageError(f"cmd: expected a program that can be run, got {words[0]!r}")
    return [str(Path(program).absolute()), *words[1:]]


def files_of(command: str) -> set[Path]:
    """Return the files that a command names: its program, and arguments such as the script that it runs."""
    try:
        words = shlex.split(command)
    except ValueError:
        return set()
    paths = (Path(shutil.which(word) or word) for word in words)
    return {path.resolve() for path in paths if path.is_file() and os.access(path, os.R_OK)}


def _environment() -> dict[str, str]:
    """Return the environment of a program, which may be another Python, with other packages."""
    found = dict(os.environ)
    path = found.pop(USERS_PATH, None)
    if path is not None:
        found.pop("PYTHONPATH", None)
    return found | ({"PYTHONPATH": path} if path else {})


def _call(arguments: list[str], directory: Path, time_limit: float) -> tuple[str, str]:
    """Run a program to its end or to the time limit.

    Returns:
        How it ended, if not well, and the last that it printed.
    """
    # The process of a subject leads a session, and is ended with its group: there the program belongs to it.
    # Elsewhere it has a group of its own, so that the programs that it starts are ended with it.
    leads = os.getsid(0) == os.getpid()
    try:
        process = subprocess.Popen(  # noqa: S603 - running the user's program is what this is for
            arguments,
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=None if leads else 0,
        )
    except OSError as error:
        return f"cannot be started: {error.strerror}", ""
    printed = bytearray()
    # A program that prints without end would fill a file, and one whose pipe is not read would wait for ever.
    reader = Thread(target=_keep_last, args=(process.stdout, printed), daemon=True)
    reader.start()
    try:
        code: int | None = process.wait(time_limit)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        process.kill()
        if not leads:
            # Nobody may be left in the group.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # A grandchild in another group may hold the pipe open; what it prints is not waited for.
        reader.join(1)
    return _ending(code, time_limit), told(bytes(printed).decode(errors="backslashreplace"))


def _keep_last(stream: IO[bytes], kept: bytearray) -> None:
    with stream:
        for block in iter(partial(os.read, stream.fileno(), 65536), b""):
            kept += block
            del kept[:-_KEPT]


def _ending(code: int | None, time_limit: float) -> str:
    """Return how a program ended, if not well."""
    if code is None:
        return f"did not end within {time_limit:g} s"
    if code >= 0:
        return f"ended with exit status {code}" if code else ""
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"

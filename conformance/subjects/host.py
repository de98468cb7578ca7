"""A process of its own for a subject.

Made by running.subject, in each process that judges, and asked by subjects.hosted, where running.host_main
runs; and by checking.check for a candidate, where checking.candidate_main runs. The judge's side imports
nothing of the subject, and parses what comes back. A process that ends, hangs or sends garbage is started
anew for the next question.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UsageError
from conformance.processes import own_path
from conformance.subjects import raised
from conformance.subjects.command import USERS_PATH
from conformance.subjects.pipes import Pipes
from conformance.subjects.protocol import Ended
from conformance.subjects.wire import GarbageError, encode, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.sampling.values import Array
    from conformance.subjects.wire import Message

# Seconds: an import may take this long whatever the limit of a sample is, and a process that is over its
# limit has this long to end itself, which tells where it hung.
_START = 60.0
_GRACE = 5.0

# How many threads libraries start, those that are loaded later too.
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    "NUMBA_NUM_THREADS",  # joblib sets it in its workers, so that a process started there would have it
)

_ALARM = getattr(signal, "SIGALRM", 14)  # Windows has none
# How it ends itself where it takes too long, and how a program that started it tells that.
_LATE = (-_ALARM, 128 + _ALARM)

# A death by which the system tells that there is no memory left.
_HINTS = {signal.SIGKILL: " (as the system does where memory runs out)"}


@dataclass(frozen=True)
class Limits:
    """How a process of a subject is started, and when it is ended.

    Attributes:
        seconds: for one answer.
        command: a program with its arguments that starts the process, such as `sudo -u other`.
        threads: how many its libraries may start; one, as the reference has, unless bits are compared.
    """

    seconds: float = 60.0
    command: str = ""
    threads: int = 1


class UnsendableError(Exception):
    """An object cannot be read in another process; the message says why."""


@dataclass
class Process:
    """The process, started when it is first asked.

    Attributes:
        load: the first message, by which it imports the subject; see running.host_main. As `what` it may say
            what the subject is called in messages, if not an implementation.
        pickled: an object, where the subject has no name to import it by.
        limits: its limits.
        program: the module that runs there, and its arguments.
        hello: what it answered to that: `name`, `uses`, `declarations` and `supports`.
        printed: what the subject printed while it was last asked.
    """

    load: Mapping[str, Any]
    pickled: bytes = b""
    limits: Limits = field(default_factory=Limits)
    program: tuple[str, ...] = ("conformance.running.host_main",)
    hello: Mapping[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _pipes: Pipes | None = None
    _numbers: range = range(0)

    @property
    def printed(self) -> str:
        """What the subject printed while it was last asked: the end of it, without control characters."""
        return self._pipes.heard() if self._pipes else ""

    def ask(self, header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> Message:
        """Ask one question that has one answer, and return it.

        Raises:
            Ended: there is no answer, and no process any more.
            UsageError, UnsendableError: it cannot be started; see `start`.
        """
        self.send(header, arrays)
        return self.answer()

    def send(
        self, header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None, answers: int = 1
    ) -> None:
        """Take a question that has some answers, which `answer` waits for; the process is started if needed.

        Raises:
            UsageError, UnsendableError: it cannot be started; see `start`.
        """
        if self._process is None:
            self.start()
        self._running.forget()
        self._take(header, arrays or {}, self.limits.seconds, answers)

    def answer(self) -> Message:
        """Return the next answer to the question that was sent.

        Raises:
            Ended: there is none, and no process any more.
        """
        return self._answer(self.limits.seconds)

    def start(self) -> None:
        """Start the process and let it import the subject.

        Raises:
            UsageError: it cannot be started, or the subject cannot be imported; the message is one line.
            UnsendableError: the subject is an object that cannot be read there.
        """
        try:
            self._start()
        except Ended as ended:
            kind = self.load.get("what", "implementation")
            what = repr(self.load["spec"]) if self.load.get("spec") else "of that object"
            told = " ".join(str(ended).split())
            raise UsageError(f"{kind} {what}: while it was imported, {told}") from None

    def _path(self) -> list[str]:
        return [*own_path(), *sys.path] if self.pickled else own_path()

    def _start(self) -> None:
        command = [*shlex.split(self.limits.command), sys.executable, "-P", "-u", "-m"]
        # The subject is looked for where it would be looked for here. The directory of one that was imported
        # here comes last, as its files may have the names of the harness's; the process puts its own first.
        paths = dict.fromkeys(str(Path(path).absolute()) for path in self._path())
        environment = {
            **os.environ,
            **dict.fromkeys(_THREADS, str(self.limits.threads)),
            "PYTHONPATH": os.pathsep.join(paths),
            USERS_PATH: os.environ.get("PYTHONPATH", ""),
            "PYTHONIOENCODING": "utf-8:backslashreplace",
        }
        try:
            # A session of its own: an interrupt from the keyboard is for the judge, which ends this one.
            self._process = subprocess.Popen(  # noqa: S603 - the command is the user's own
                [*command, *self.program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"host command {self.limits.command!r}: {error}") from error
        self._pipes = Pipes(self._process)
        pickled = {"pickled": np.frombuffer(self.pickled, np.uint8)} if self.pickled else {}
        seconds = max(_START, self.limits.seconds)
        self._take(self.load, pickled, seconds, 1)
        answer = self._answer(seconds)
        match answer.header:
            case {"usage": str(told)}:
                self.close()
                raise UsageError(" ".join(printable(told, raised.MESSAGE).split()))
            case {"unsendable": str(told)}:
                self.close()
                raise UnsendableError(" ".join(printable(told, raised.MESSAGE).split()))
            case {"name": str(name), "uses": [*uses], "declarations": dict(), "supports": dict()} if all(
                isinstance(use, str) for use in uses
            ):
                self.hello = {**answer.header, "name": printable(name, 200), "uses": frozenset(uses)}
            case _:
                raise self.garbage("it says no name")

    @property
    def _running(self) -> Pipes:
        assert self._pipes is not None  # noqa: S101 - it was started
        return self._pipes

    def _take(
        self, header: Mapping[str, Any], arrays: Mapping[str, Any], seconds: float, answers: int
    ) -> None:
        """Make a question ready to be sent; its answers have the numbers from here on."""
        first = self._numbers.stop
        self._numbers = range(first, first + answers)
        self._running.put(encode(first, {**header, "seconds": seconds}, arrays))

    def _answer(self, seconds: float) -> Message:
        """Send what is left of the question and read the next answer, and all that is printed meanwhile.

        The answer goes one of four ways from here: it is whole; the process ends before; it takes longer than
        it may; or it is not an answer.
        """
        began, pipes = time.monotonic(), self._running
        number, self._numbers = self._numbers[0], self._numbers[1:]
        while (message := self._parsed()) is None:
            if pipes.exchange() or time.monotonic() - began > seconds + _GRACE:
                message = self._parsed()
                break
        if message is None:
            raise self._ended(began, seconds)
        # It was printed before the answer was written, so that it is here by now.
        pipes.hear()
        if message.number != number:
            raise self.garbage("it is another answer than that to this question")
        if not self._numbers and pipes.rest:
            raise self.garbage(f"{pipes.rest} bytes follow it")
        return message

    def _parsed(self) -> Message | None:
        try:
            return self._running.take()
        except GarbageError as error:
            raise self.garbage(str(error)) from None

    def garbage(self, why: str) -> Ended:
        """End the process and return that it sent garbage."""
        self.close(at_once=True)
        return Ended(self._told(f"sent what is not an answer: {printable(why, 300)}"))

    def _ended(self, began: float, seconds: float) -> Ended:
        """End what is left of the process, and return how it ended."""
        process = self._process
        assert process is not None  # noqa: S101 - it was asked
        late = time.monotonic() - began >= seconds
        with suppress(subprocess.TimeoutExpired):
            process.wait(0 if late else _GRACE)
        code = process.poll()
        # It may have begun before the answer was waited for.
        late = late or code in _LATE
        self._running.hear()
        self.close(at_once=True)
        if late:
            # An import may take longer.
            told = " (--time-limit)" if seconds == self.limits.seconds else ""
            return Ended(self._told(f"did not answer within {seconds:g} s{told}"))
        if code is None:
            return Ended(self._told("closed its output without an answer"))
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            return Ended(self._told(f"was killed by {name}{_HINTS.get(signal.Signals(-code), '')}"))
        return Ended(self._told(f"ended with exit code {code} instead of an answer"))

    def _told(self, what: str) -> str:
        last = f"; it printed last:\n{self.printed}" if self.printed else ""
        return f"the subject's process {what}{last}"

    def close(self, *, at_once: bool = False) -> None:
        """End the process, and those that it started; it is started anew when it is asked again."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        if not at_once:
            # It ends by itself where its input does.
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._running.close()

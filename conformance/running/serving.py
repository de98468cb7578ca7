"""The process that answers questions about a subject: its pipes, its limits and its end.

Called by running.host_main, for implementations, and by checking.candidate_main, for candidates. Questions
are read from standard input and answered on standard output; what a subject prints goes to standard error,
whatever it prints to.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import sys
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from conformance.subjects.wire import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.subjects.wire import Message

# Private memory that it may use, on Linux; beyond it there is no more to be had, which Python tells by a
# MemoryError. macOS does not keep the limit.
MOST_MEMORY = 4 * 2**30


def serve(answers: Callable[[Message], Iterator[bytes]], most_memory: int | None = MOST_MEMORY) -> None:
    """Answer questions until there are no more, and end this process.

    Args:
        answers: from a question to its answers, of which each is sent as it comes.
        most_memory: how many bytes of private memory the process may use; None for no limit, as where the
            driver of a device maps more than it uses.
    """
    # The subject gets neither of the two: it may read what is not for it, and print between two answers.
    questions, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    _limit(most_memory)
    faulthandler.enable()
    faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)
    Thread(target=_end_with_the_judge, args=(questions.fileno(),), daemon=True).start()
    own = os.getpid()
    while (message := read(questions)) is not None:
        seconds = message.header["seconds"]
        _within(seconds)
        for answer in answers(message):
            # Until the judge reads the answer no time is counted.
            _within(0)
            if os.getpid() != own:
                os._exit(1)  # a copy of this process, which the subject made, answers nothing
            for stream in (sys.stdout, sys.stderr):
                with suppress(BaseException):
                    stream.flush()
            out.write(answer)
            out.flush()
            _within(seconds)
        _within(0)
    os._exit(0)


def _limit(most_memory: int | None) -> None:
    """Limit memory, and leave no core file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if most_memory is None:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = most_memory if hard == resource.RLIM_INFINITY else min(most_memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _end_with_the_judge(file: int) -> None:
    """End this process where the judge ended, though the subject is still running."""
    poll = select.poll()
    poll.register(file, 0)  # tells of the end only
    poll.poll()
    os._exit(1)


def _within(seconds: float) -> None:
    """Let this process tell where it is and end after some seconds, or never for 0."""
    # By a signal that C code answers, though the interpreter hangs; see `serve`.
    signal.setitimer(signal.ITIMER_REAL, seconds)

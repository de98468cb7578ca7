"""Worker processes: calls spread over them, which end with the process that started them.

Called by running and by the calibration for all work that is done in several processes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

# A worker takes as long to start, most of it torch's import, as about so many samples take to be judged.
_PIECES = 200

# How often a worker looks whether the process that started it is still there, in seconds.
_LOOK = 0.5


def worthwhile(jobs: int, pieces: int) -> int:
    """Return how many processes to use for some pieces of work.

    Args:
        jobs: the number of processes that was asked for; -1 for as many as are worth their start: at most one
            per core, and one alone, this one, for less work than a worker's start takes.
        pieces: the number of pieces, each about a sample.
    """
    if jobs != -1:
        return jobs
    from joblib import cpu_count

    cores: int = cpu_count()
    return min(cores, max(1, pieces // _PIECES))


def in_processes(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], jobs: int
) -> Generator[Any]:
    """Call a function with each of some arguments in some processes; yield the results in their order.

    Closing the iterator ends the workers. An interrupt from the keyboard reaches this process only, and a
    worker whose starter was killed ends by itself.

    Args:
        function: what to call; sent to the workers.
        arguments: the arguments of each call.
        jobs: the number of processes; 1 for this one, -1 for one per core.
    """
    from multiprocessing import resource_tracker

    from joblib import Parallel, delayed

    parallel = Parallel(
        n_jobs=jobs,
        return_as="generator",
        batch_size=1,
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    if jobs != 1 and sys.platform != "win32":
        # With the first worker Python's resource tracker starts, if none runs, and lets SIGINT through again.
        resource_tracker.ensure_running()
    with interrupts_held():
        # Workers are started here, before the first result is asked for.
        found = parallel(delayed(function)(*each) for each in arguments)
    try:
        for each in found:  # noqa: UP028 - `yield from` would close `found` before its warning is silenced
            yield each
    finally:
        with warnings.catch_warnings():
            # joblib warns of results that nobody waits for any more.
            warnings.simplefilter("ignore")
            found.close()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold SIGINT back, for good in the processes that are started meanwhile, which inherit that.

    A terminal sends Ctrl-C to those too, and each would print a traceback.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(starter: int) -> None:
    """End this worker soon after the process that started it, which may be killed without a chance to."""
    # A thread of some library may take the signal that is held back from the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":  # where a process keeps the number of a parent that has ended
        threading.Thread(target=_watch, args=(starter,), daemon=True).start()


def _watch(starter: int) -> None:
    # A process whose parent has ended is given another one.
    while os.getppid() == starter:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGKILL)

"""Worker processes: calls spread over them, which end with the process that started them.

Called by running and by the calibration for all work that is done in several processes.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

# More processes than any machine has cores: joblib accepts more, and fails with words of its own.
MOST_JOBS = 4096

# A worker takes as long to start, most of it torch's import, as about so many samples take to be judged.
_PIECES = 200

# After so many calls a worker has imported what it needs: then it looks through all its objects for cycles,
# and not again through those that it has. They are 200,000, nearly all of them torch's, which takes 0.1 s;
# Python would do it five times while torch is imported, and once per 500 samples, and joblib once per second.
# After so many more it does the same again: torch's decompositions of a few operations import 100,000 others,
# which joblib's looks made 4 % of the time of a worker.
_CALLS = (16, 240)

# How many times more seldom than younger ones old objects are looked through: as Python does.
_OLD, _NEVER = gc.get_threshold()[2], 2**31 - 1

# How many calls are left to a worker until then; empty in other processes, and afterwards.
_left: list[int] = []

# After so many seconds calls have been passed on to the workers: it takes milliseconds.
_PASSED_ON = 0.2

# Python's variable that leaves the current directory, and a script's folder, out of what is looked in.
_SAFE = "PYTHONSAFEPATH"

# Directories that were put on the path for subjects; and what is held while workers start.
_added: list[str] = []
_STARTING = threading.RLock()

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
    found = _begun(function, arguments, jobs)
    try:
        for each in found:  # noqa: UP028 - `yield from` would close `found` before its warning is silenced
            yield each
    finally:
        _ended(found)


@contextmanager
def meanwhile(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], jobs: int
) -> Iterator[Iterator[Any]]:
    """Let workers call a function while this process does something else; `in_processes` uses the same.

    Yields the results, in the order of the calls; those that were not asked for are waited for in the end, so
    that the workers are left as they are. An exception ends them.

    Args:
        function: what to call; sent to the workers.
        arguments: the arguments of each call.
        jobs: the number of processes, at least 2.
    """
    found, began = _begun(function, arguments, jobs), time.monotonic()
    try:
        yield found
        for _ in found:
            pass
    finally:
        # The thread that passes calls on to workers fails, and says so, where it has not done so yet.
        time.sleep(max(0.0, began + _PASSED_ON - time.monotonic()))
        _ended(found)


def _begun(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], jobs: int) -> Generator[Any]:
    """Send calls to workers, which are started if none are there; return the results."""
    from multiprocessing import resource_tracker

    from joblib import Parallel, delayed

    parallel = Parallel(
        n_jobs=jobs,
        return_as="generator",
        batch_size=1,
        initializer=_begin,
        initargs=(os.getpid(), os.environ.get(_SAFE)),
    )
    calls = (delayed(_counted)(function, *each) for each in arguments)
    if jobs == 1:
        found: Generator[Any] = parallel(calls)
        return found
    with _as_started():
        if sys.platform != "win32":
            # With the first worker Python's resource tracker starts, unless one runs, and lets SIGINT through
            # again.
            resource_tracker.ensure_running()
        with interrupts_held():
            # Workers are started here, before the first result is asked for.
            found = parallel(calls)
    return found


def _ended(found: Generator[Any]) -> None:
    """End the workers, if calls are not over whose results nobody waits for."""
    with warnings.catch_warnings():
        # joblib warns of them.
        warnings.simplefilter("ignore")
        found.close()


@contextmanager
def cycles_kept() -> Iterator[None]:
    """Do not look for cycles in this process."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


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


def look_here() -> None:
    """Look for modules in the current directory first, from now on, if it is not on the path already."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
        _added.append(here)


@contextmanager
def looked_in(folder: Path, *, first: bool) -> Iterator[None]:
    """Look for a subject's modules in a folder, too, from now on, if that is not done already.

    A file there may have the name of a module that the judge, or a library, has yet to import, as profile.py.

    Args:
        folder: the folder.
        first: look there first as long as this is entered, and behind all other folders afterwards.
    """
    text = str(folder)
    place = sys.path.index(text) if text in sys.path else len(sys.path)
    if text in sys.path:
        del sys.path[place]
    else:
        _added.append(text)
    sys.path.insert(0 if first else place, text)
    try:
        yield
    finally:
        # What is run meanwhile may change the path, too.
        if first and text in sys.path:
            sys.path.remove(text)
            sys.path.insert(place, text)


def own_path() -> list[str]:
    """Return where this process looked for modules when it was started, and not only for a subject's."""
    return [each for each in sys.path if each not in _added]


@contextmanager
def _as_started() -> Iterator[None]:
    """Let processes that are started meanwhile look for modules where this one did when it was started.

    joblib starts a worker as a module, for which Python looks in the current directory first, and then gives
    it the path of this process, on which the directory of a subject may be by now. A file there may have the
    name of a library, as random.py, or a folder that of this package. A worker looks there where it imports a
    subject. One that joblib starts later, in place of another, is not covered.
    """
    with _STARTING:
        path, own, before = [*sys.path], own_path(), os.environ.get(_SAFE)
        if not {"", str(Path.cwd())} & {*own}:
            os.environ[_SAFE] = "1"
        sys.path[:] = own
        try:
            yield
        finally:
            sys.path[:] = path
            _set_back(before)


def _set_back(before: str | None) -> None:
    if before is None:
        os.environ.pop(_SAFE, None)
    else:
        os.environ[_SAFE] = before


def _begin(starter: int, safe: str | None) -> None:
    """Begin a worker, which ends soon after the process that started it, as that may be killed.

    Args:
        starter: that process.
        safe: the variable as that has it, for programs that subjects start here.
    """
    _left[:] = _CALLS
    _set_back(safe)
    # The young objects are looked through as always.
    gc.set_threshold(*gc.get_threshold()[:2], _NEVER)
    # A thread of some library may take the signal that is held back from the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":  # where a process keeps the number of a parent that has ended
        threading.Thread(target=_watch, args=(starter,), daemon=True).start()


def _counted(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function, and count the calls of a worker."""
    try:
        return function(*arguments)
    finally:
        _count()


def _count() -> None:
    if not _left:
        return
    _left[0] -= 1
    if not _left[0]:
        del _left[0]
        gc.collect()
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], _OLD)


def _watch(starter: int) -> None:
    # A process whose parent has ended is given another one.
    while os.getppid() == starter:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGKILL)

"""Work spread over the workers of a Dask cluster, which may come, go and be killed meanwhile.

Called by running.run for `--backend dask`. Results come in the order of the work, each once: what was on a
worker that is lost, the scheduler gives to another. This is not joblib's backend for Dask, because that waits
for ever where the scheduler has given up a piece of work that ended several workers.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from conformance.environment import environment
from conformance.errors import UsageError
from conformance.running.source import source_code

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from conformance.running.subject import Subject

# So many pieces per worker are on their way: enough to keep it busy, and few enough to stay up to date.
_AHEAD = 4

# How long is waited for the scheduler, and for a worker where none is there, in seconds.
_PATIENCE = 30

# After how many seconds of waiting for a piece of work it is seen whether any worker is left.
_LOOK = 5

# Verdicts depend on these of a worker.
_SAME = ("mytorch-conformance", "numpy", "torch", "source code")

# The judge states modes of its process, so it judges one piece of work at a time.
_alone = threading.Lock()


class Cluster:
    """A Dask cluster whose workers can judge.

    Attributes:
        environments: those of the workers that were there at the start.
    """

    def __init__(self, client: Any, subject: str) -> None:
        """Check the workers that are there.

        Args:
            client: the connection to the scheduler.
            subject: the name of the implementation; empty for an object.

        Raises:
            UsageError: no worker is there, or one runs several threads or has other code or versions.
        """
        self._client = client
        self._wait_for_workers()
        for address, threads in client.nthreads().items():
            if threads != 1:
                told = f"worker {address} has {threads}: dask worker --nthreads 1"
                raise UsageError(f"scheduler: expected workers with one thread each, {told}")
        here, there = about(subject), client.run(about, subject)
        for address, each in there.items():
            for name in _SAME:
                if each[name] != here[name]:
                    told = f"worker {address} has {each[name]}, and here is {here[name]}"
                    raise UsageError(f"scheduler: expected workers with the same {name}, {told}")
        self.environments = [{n: v for n, v in each.items() if n != "source code"} for each in there.values()]

    def each(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Generator[Any]:
        """Call a function with each of some arguments on the workers; yield the results in their order.

        Closing the iterator cancels what is left.

        Args:
            function: what to call; sent to the workers.
            arguments: the arguments of each call, taken as workers become free.

        Raises:
            UsageError: the scheduler has given up a piece of work, because it ended several workers; or no
                worker is left, and none comes.
        """
        from distributed import KilledWorker

        given = iter(arguments)
        waiting: deque[Any] = deque()
        try:
            while self._fill(waiting, function, given):
                try:
                    found = self._result(waiting[0])
                except KilledWorker as error:
                    told = f"gave up a piece of work that ended its workers: {error}"
                    raise UsageError(f"scheduler: {told}") from error
                waiting.popleft()
                yield found
        finally:
            self._client.cancel(list(waiting), force=True)

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise UsageError(f"scheduler: expected a worker within {_PATIENCE} s, got none") from None

    def _result(self, future: Any) -> Any:
        """Wait for a piece of work as long as a worker is there."""
        while True:
            try:
                return future.result(timeout=_LOOK)
            except TimeoutError:
                if future.done():
                    return future.result()
            # Work that ends a worker while that starts leaves it ended: nothing starts it again.
            self._wait_for_workers()

    def _fill(
        self, waiting: deque[Any], function: Callable[..., Any], given: Iterable[tuple[Any, ...]]
    ) -> bool:
        """Send as much work as keeps the workers busy; return whether any is under way."""
        wide = _AHEAD * max(1, len(self._client.nthreads()))
        for arguments in islice(given, max(0, wide - len(waiting))):
            # Each call is one of its own, also of arguments that are equal.
            waiting.append(self._client.submit(_judging_alone, function, *arguments, pure=False))
        return bool(waiting)


def about(subject: str) -> dict[str, Any]:
    """Return what verdicts that are made in this process depend on, beside the work.

    Args:
        subject: the name of the implementation; empty for an object.
    """
    return {**environment(threads=1), "source code": source_code(subject)}


def _judging_alone(function: Callable[..., Any], *arguments: Any) -> Any:
    with _alone:
        return function(*arguments)


@contextmanager
def reached(backend: str, scheduler: str | None, subject: Subject) -> Iterator[Cluster | None]:
    """Connect to a cluster, if the work is to be done by one.

    Args:
        backend: `local` or `dask`.
        scheduler: the address of the cluster's scheduler, such as `tcp://10.0.0.1:8786`.
        subject: what is judged.

    Raises:
        UsageError: the two arguments do not fit, the subject cannot be sent, nothing answers there, or a
            worker cannot judge.
    """
    if backend not in {"local", "dask"}:
        raise UsageError(f"backend: expected local or dask, got {backend!r}")
    if (backend == "dask") != (scheduler is not None):
        expected = "None for the backend local" if backend == "local" else "an address for the backend dask"
        raise UsageError(f"scheduler: expected {expected}, got {scheduler!r}")
    if scheduler is None:
        yield None
        return
    if not (subject.pickled or subject.spec):
        raise UsageError(f"backend: expected an implementation that can be sent to workers: {subject.note}")
    from distributed import Client
    from distributed.comm import get_address_host_port

    try:
        # Checked first: a client that is given anything else takes a minute to end. The address of a
        # scheduler in this process has no host and no port.
        if not scheduler.startswith("inproc://"):
            get_address_host_port(scheduler)
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        told = f"got {scheduler!r}: {error}"
        raise UsageError(f"scheduler: expected the address of a Dask scheduler, {told}") from error
    try:
        yield Cluster(client, subject.spec or "")
    finally:
        client.close()

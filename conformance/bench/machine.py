"""The machine that is measured on: brought into a known state, and described for the report.

Called by `running.run`.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from conformance.environment import environment, versions
from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Chooses the kernels of NumPy's BLAS, which does not notice then what the machine can do.
_KERNELS = "OPENBLAS_CORETYPE"
# What XLA reads when jax is imported.
_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
_PEERS = ("jax", "mygrad", "autograd", "numba")


@contextmanager
def settled() -> Iterator[None]:
    """Run every library on one thread, and let none print warnings between the rows.

    Raises:
        UsageError: `OPENBLAS_CORETYPE` is set, and NumPy's products would be slower or faster than they are.
    """
    if os.environ.get(_KERNELS):
        raise UsageError(
            f"{_KERNELS}: expected it not to be set, as it chooses the kernels of NumPy's BLAS, got "
            f"{os.environ[_KERNELS]!r}: env -u {_KERNELS} conformance bench"
        )
    import torch
    from threadpoolctl import threadpool_limits

    gc.collect()
    # A collection does not look through what the libraries made when they were imported.
    gc.freeze()
    threads, flags = torch.get_num_threads(), os.environ.get("XLA_FLAGS")
    if "jax" not in sys.modules:
        os.environ["XLA_FLAGS"] = f"{flags or ''} {_ONE_THREAD}".strip()
    try:
        torch.set_num_threads(1)
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        gc.unfreeze()
        torch.set_num_threads(threads)
        if flags is None:
            os.environ.pop("XLA_FLAGS", None)
        else:
            os.environ["XLA_FLAGS"] = flags


def described(command: str, share: float) -> dict[str, str]:
    """Return what the figures depend on, by name.

    Args:
        command: the one that measures.
        share: CPU time over elapsed time while measuring.
    """
    found = environment(threads=1)
    peers = {name: _version(name) for name in _PEERS}
    # What the other cores did is not known; they share caches and memory with this one.
    load = ": other programs ran on it meanwhile" if share < 0.9 else ""
    return {
        "command": command,
        "CPU": f"{found['cpu']}, {os.cpu_count()} cores",
        "kernels": f"NumPy: {found['blas']}; torch: {found['torch_cpu_capability']}",
        "threads": f"1 for each library; {_KERNELS} is not set",
        "load": f"the process had {share:.0%} of one core{load}",
        "versions": ", ".join(
            f"{name} {number}"
            for name, number in (
                ("Python", found["python"]),
                ("mytorch", versions()["conformance"]),
                ("numpy", found["numpy"]),
                ("torch", found["torch"]),
                *peers.items(),
            )
            if number
        ),
        "platform": str(found["platform"]),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""

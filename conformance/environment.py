"""The environment that a float32 result depends on: versions, BLAS, threads, CPU and what torch uses of it.

Called by running.run and by the calibration, for their reports, and by the command line.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PACKAGES = ("mytorch-conformance", "numpy", "torch", "hypothesis")


def environment(threads: int) -> dict[str, Any]:
    """Return the versions and the machine, for a report."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.zeros((1, 1)) @ np.zeros((1, 1))  # only a BLAS that is loaded is listed
    pools = {
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture')})" for pool in threadpool_info()
    }
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "blas": ", ".join(sorted(pool for pool in pools if "None" not in pool)),
        "threads": threads,
        # What mytorch, in its own process, reads too; null where it is not set.
        "mytorch_numba": _version("numba") if os.environ.get("MYTORCH_NUMBA") == "1" else None,
        "cpu": _cpu(),
        "torch_cpu_capability": _capability(),
        "platform": platform.platform(),
    }


def joined(environments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the environment of several machines, with all values of what differs between them."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in environments for name in each):
        values = [each.get(name) for each in environments]
        alike = all(value == values[0] for value in values)
        found[name] = values[0] if alike else "; ".join(dict.fromkeys(map(str, values)))
    return found


def _capability() -> str | None:
    """Return the instructions that torch's kernels use, or None without torch."""
    try:
        import torch
    except ImportError:
        return None
    return str(torch.backends.cpu.get_cpu_capability())


def versions() -> dict[str, str | None]:
    """Return the versions of this package, torch, NumPy and Python; None where one is not installed."""
    from mytorch.version import __version__

    ours = {"conformance": __version__, "torch": _version("torch"), "numpy": _version("numpy")}
    return ours | {"python": platform.python_version()}


def _version(name: str) -> str | None:
    # A tenth of the time of `import conformance`.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

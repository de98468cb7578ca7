"""`python -m conformance.bench.memory LIBRARY WORKLOAD SIZES`: the peak of memory of a step.

Run by `running`, in a process per library, because what a library keeps for itself would count for the
other. Counters of each library's own would leave out what the other library's counter sees, so it is the
kernel's figure: the peak of resident memory (VmHWM) in a step, above what was resident before it, when
parameters and inputs were there and nothing of an earlier step was. For that, memory that was freed is given
back before, and pieces of 64 KiB or more are mapped apart and given back as soon as they are freed. Memory
that a library asks for and never writes to does not count.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.bench.workloads import WORKLOADS
from conformance.bench.workloads.recurrent import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.bench.workload import Side, Size

NAME = "LSTM train, peak memory"
# Whose steps are measured, and at which sizes: below, a step takes less than Python's own memory moves by.
MEASURED = "LSTM train"
SIZES = GRID[2:]
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_STEPS = 3


def lacking() -> str:
    """Return why the peak cannot be measured here, or an empty text."""
    if os.access(_RESET, os.W_OK):
        return ""
    return f"the peak of memory is read from Linux, which counts it anew on a write to {_RESET}"


def peaks(library: str, sizes: Sequence[Size]) -> list[list[float]]:
    """Return the bytes that each of some steps takes at each size, measured in a process of its own.

    Args:
        library: a side of the workload `LSTM train`.
        sizes: its sizes.

    Raises:
        RuntimeError: the process failed; the message is the last line that it printed.
    """
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - this module
        [sys.executable, "-m", "conformance.bench.memory", library, MEASURED, json.dumps(sizes)],
        env={**os.environ, **threads, "MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{NAME}: {library}: {(done.stderr.splitlines() or ['no message'])[-1]}")
    found: list[list[float]] = json.loads(done.stdout)
    return found


def _measured(side: Side) -> list[float]:
    """Return the bytes of each of some steps, after one that warms up."""
    found = []
    with side.around():
        side.step()
        for _ in range(_STEPS):
            side.forget()
            gc.collect()
            # Only glibc has it; where it is missing, the figures of both sides lack what is kept.
            getattr(ctypes.CDLL(None), "malloc_trim", lambda _: 0)(0)
            _RESET.write_text("5", encoding="ascii")
            before = _kibibytes("VmRSS")
            side.step()
            found.append(1024.0 * (_kibibytes("VmHWM") - before))
    return found


def _kibibytes(name: str) -> int:
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def main(arguments: Sequence[str]) -> None:
    """Print the peaks as JSON."""
    library, workload, sizes = arguments
    make: Any = WORKLOADS[workload].sides[library]
    # Not `machine.settled`, which imports torch: the environment says that there is one thread.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(json.dumps([_measured(make(tuple(size))) for size in json.loads(sizes)]))  # noqa: T201 - a command


if __name__ == "__main__":
    main(sys.argv[1:])

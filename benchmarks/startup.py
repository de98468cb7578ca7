"""Print the start-up times: the import next to NumPy's, the command's help, and a default run.

Wall-clock figures for people; no test depends on them. Run it on an idle machine: ``tox run -e bench``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time


def seconds(*arguments: str) -> float:
    """Time one run of a fresh interpreter.

    Args:
        *arguments: what follows ``python`` on its command line.

    Returns:
        Wall-clock seconds, the interpreter's own start included.

    Raises:
        subprocess.CalledProcessError: the run failed, so that its time is meaningless.
    """
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # own commands
    return time.perf_counter() - start


def import_ratio(pairs: int) -> float:
    """Compare ``import mytorch`` with ``import numpy``.

    The two alternate, because a shared machine's speed drifts within seconds; each pair gives a ratio.

    Args:
        pairs: how many pairs to time.

    Returns:
        The median of the pairs' ratios; 1.0 is free.
    """
    ratios = []
    for _ in range(pairs):
        numpy = seconds("-c", "import numpy")
        ratios.append(seconds("-c", "import mytorch") / numpy)
    return statistics.median(ratios)


def main() -> None:
    """Time what the arguments name, and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=31, help="pairs of imports to time (default: 31)")
    parser.add_argument("--skip-run", action="store_true", help="leave out the default run")
    options = parser.parse_args()

    # Once each before the clock starts, so that compiling bytecode and filling the disk's cache are not
    # measured.
    seconds("-c", "import mytorch")
    seconds("-m", "conformance", "--help")

    print(f"import mytorch / import numpy   {import_ratio(options.pairs):6.2f}")
    helped = statistics.median(seconds("-m", "conformance", "--help") for _ in range(7))
    print(f"conformance --help              {helped:6.2f} s")
    if not options.skip_run:
        with tempfile.TemporaryDirectory() as out:
            default = seconds("-m", "conformance", "run", "--out", out)
        print(f"conformance run                 {default:6.2f} s")


if __name__ == "__main__":
    main()

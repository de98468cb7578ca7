"""What computes here: NumPy, its BLAS and threads, and whether numba is used."""

from __future__ import annotations

from typing import Any

import numpy as np

from mytorch._core.threads import get_num_threads
from mytorch.backends import numba
from mytorch.version import __version__


def show_config() -> None:
    """Print what mytorch computes with, for reports of bugs and of times: one line each.

    It is what `print(torch.__config__.show())` is in torch.

    Examples:
        >>> mytorch.show_config()  # doctest: +ELLIPSIS
        mytorch ...
        NumPy ...
        BLAS: ..., ... thread...
        numba: ...
    """
    found: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]  # a TypedDict
    blas = found.get("Build Dependencies", {}).get("blas", {})
    library = " ".join(str(blas[key]) for key in ("name", "version") if blas.get(key)) or "unknown"
    threads = get_num_threads()
    print(f"mytorch {__version__}")  # noqa: T201 - printing is what it is for
    print(f"NumPy {np.__version__}")  # noqa: T201 - the same
    print(f"BLAS: {library}, {threads} thread{'' if threads == 1 else 's'}")  # noqa: T201 - the same
    print(f"numba: {numba.describe()}")  # noqa: T201 - the same

"""The modes that the reference computes in: one thread, and no warnings.

Entered before torch is run, by running.work, running.selftest and the calibration.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quietly_on_one_thread() -> Iterator[None]:
    """Compute on one thread, so that no result depends on how many there are, and without warnings.

    Samples provoke warnings on purpose, such as that of the variance of one number; only numbers are judged.
    """
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        torch.set_num_threads(threads)

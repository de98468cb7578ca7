"""The modes that the reference computes in: one thread, and no warnings about what samples provoke.

Whatever runs torch enters them first: judging.sample_judge by way of `running`, and the calibration.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quietly_on_one_thread() -> Iterator[None]:
    """Compute on one thread, so that no result depends on how many there are, and say nothing meanwhile.

    Samples provoke warnings on purpose, as of the variance of one number; what is judged is the numbers.
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

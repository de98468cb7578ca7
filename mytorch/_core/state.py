"""The state of a thread: whether ops are recorded, and the quiet context that they run in.

The context managers of `mytorch.autograd.grad_mode` set it; `apply` and type promotion read it.
"""

from __future__ import annotations

import contextvars
import threading

import numpy as np


class _State(threading.local):
    """The gradient mode of one thread.

    Attributes:
        enabled: whether ops are recorded.
        asked: whether they were to be by the last mode that was set; inside `inference_mode` none are.
        inference: whether the thread is inside `inference_mode`.
        run: calls a function with NumPy's warnings off.
    """

    enabled: bool = True
    asked: bool = True
    inference: bool = False

    def __init__(self) -> None:
        # torch gives inf and nan in silence. np.errstate around every op costs 0.6 to 1.1 µs; running the op
        # in a context that holds the setting already costs 0.08 µs.
        quiet = contextvars.copy_context()
        quiet.run(np.seterr, all="ignore")
        self.run = quiet.run


state = _State()

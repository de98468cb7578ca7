"""oneDNN, which mytorch does not call: its switches are kept, and change nothing."""

from __future__ import annotations

import sys

from mytorch.backends._switches import Switches

enabled = True
deterministic = False


def is_available() -> bool:
    """Return False: mytorch computes with NumPy."""
    return False


sys.modules[__name__].__class__ = Switches

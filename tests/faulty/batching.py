"""Subjects whose single calls are right, and whose bits depend on what else is in the call, or do not."""

from __future__ import annotations

import os

from conformance import TorchLike
from conformance.cases import CASES

_PROGRAM = CASES["sum"].program


def _summed(turned):
    """Sum the last axis from its end where `turned` says so, as another kernel may do."""

    def program(t, x):
        a = x["input"]
        if x.config["dim"] != "last" or not turned(a):
            return _PROGRAM(t, x)
        return {"output": a.flip(-1).sum(-1, keepdim=x.config["keepdim"])}

    return {"sum": program}


by_batch = TorchLike("by batch", "mytorch", _summed(lambda a: a.shape[0] == 1))
row_by_row = TorchLike("row by row", "mytorch", _summed(lambda _a: True))
by_threads = TorchLike("by threads", "mytorch", _summed(lambda _a: os.environ.get("OMP_NUM_THREADS") == "2"))

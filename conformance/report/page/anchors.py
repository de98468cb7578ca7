"""The names by which the rows of the page can be linked to, and how near to its tolerance a headroom is.

Called by every section. A name holds no space and no quote, whatever a case or an observable is called.
"""

from __future__ import annotations

from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from conformance.judging.verdict import Verdict

# How near to its tolerance a headroom is, as the page colours it: the least headroom of each level.
_FAR, _NEAR = 10.0, 3.0


def anchor(case: str, *row: str | None) -> str:
    """Return the id of a case, or of one of its rows, e.g. `case/nn.LSTM/float32/grad.input`."""
    return "/".join(_quoted(part or "-") for part in ("case", case, *row))


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return quote(text, safe="@.,=()", errors="backslashreplace")


def anchor_of(verdict: Verdict) -> str:
    """Return the id of the row that a verdict is counted in."""
    if verdict.use:
        return anchor(verdict.case, "use", verdict.use)
    return anchor(verdict.case, verdict.lane or "errors", verdict.observable)


def level(headroom: float | None, warn: float) -> str:
    """Return how near to its tolerance a headroom is: `fail`, `drift`, `near`, `middle`, `far` or `exact`."""
    if headroom is None:
        return "unmeasured"
    if headroom == inf:
        return "exact"
    below = ((1.0, "fail"), (warn, "drift"), (_NEAR, "near"), (_FAR, "middle"))
    # A NaN is below nothing.
    return next((name for limit, name in below if not headroom >= limit), "far")

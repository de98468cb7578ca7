"""Faults of softmax and log_softmax: overflow, wrong derivatives, or another axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._elementwise import value
from conformance.faults._rewriting import changed
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _unshifted(t: Any, a: Any, dim: int) -> Any:
    power = t.exp(a)
    return power / power.sum(dim, keepdim=True)


def _without_jacobian(t: Any, a: Any, config: Any) -> Any:
    """Keep the diagonal of softmax's Jacobian only."""
    y = t.softmax(a.detach(), config["dim"])
    return y + (a - a.detach()) * (y * (1 - y))


def _log_without_sum(t: Any, a: Any, config: Any) -> Any:
    """Leave the sum out of log_softmax's derivative."""
    return t.log_softmax(a.detach(), config["dim"]) + (a - a.detach())


def _next_axis(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, dim=(int(x.config["dim"]) + 1) % 3))


_BOTH = ("softmax", "log_softmax")

FAULTS = (
    Fault("softmax-next-axis", "functions", _BOTH, "normalises over the next axis", around=_next_axis),
    value(
        "softmax-unshifted",
        "softmax",
        lambda t, a, c: _unshifted(t, a, c["dim"]),
        "does not subtract the maximum",
    ),
    value(
        "log-softmax-as-log-of-softmax",
        "log_softmax",
        lambda t, a, c: t.log(t.softmax(a, c["dim"])),
        "computes the logarithm of softmax, which is -inf where softmax is 0",
    ),
    value(
        "log-softmax-unshifted",
        "log_softmax",
        lambda t, a, c: a - t.log(t.exp(a).sum(c["dim"], keepdim=True)),
        "does not subtract the maximum",
    ),
    value(
        "softmax-diagonal-only",
        "softmax",
        _without_jacobian,
        "keeps only the diagonal of the Jacobian",
    ),
    value("log-softmax-sum-missing", "log_softmax", _log_without_sum, "leaves the sum out of the gradient"),
)

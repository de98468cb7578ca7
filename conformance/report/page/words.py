"""What a verdict is about and how it went, in words for someone who has not read the harness.

Called by `first` and `drawers`.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from conformance.judging.verdict import Status
from conformance.report.tables import in_words

if TYPE_CHECKING:
    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

_GRADIENT = "grad."


def thing(verdict: Verdict) -> str:
    """Return what was compared, e.g. `the gradient of weight_ih`."""
    if verdict.check == "errors":
        return f"a bad call ({verdict.observable})" if verdict.observable else "the bad calls"
    if verdict.observable is None:
        return "the whole sample"
    label, slash, name = verdict.observable.rpartition("/")
    if name.startswith(_GRADIENT):
        told = f"the gradient of {name.removeprefix(_GRADIENT)}"
    elif verdict.check == "training":
        told = f"{name} after training"
    else:
        told = f"the output {name}" if verdict.check == "forward" else name
        told = "the output" if name == "output" else told
    return f"{told} ({label})" if slash else told


def what_happened(verdict: Verdict) -> str:
    """Return in a sentence what is wrong with a verdict, or how near to its tolerance it passed."""
    told, headroom = thing(verdict), verdict.headroom
    if verdict.status is Status.ERROR:
        told += " got no answer that can be compared"
    elif verdict.status is Status.EMPTY:
        told += " had nothing to compare"
    elif verdict.check == "errors":
        told += " raises something else than it should" if not verdict.passed else " is refused as it should"
    elif headroom is None or not headroom > 0:
        told += " is wrong"
    elif headroom < 1:
        told += f" is {1 / headroom:.3g} times as far off as rounding may move it"
    else:
        told += f" passes, only {headroom:.3g} times within what rounding may move it"
    return f"{told}, {in_words(verdict.use)}" if verdict.use else told


def replay(verdict: Verdict, report: Report) -> str:
    """Return the command that runs a verdict's sample again, or the smallest one that fails like it."""
    sample = report.shrunk.get(verdict.sample, verdict.sample)
    return f"conformance replay {quote(sample)} --implementation {implementation(report)}"


def implementation(report: Report) -> str:
    """Return the subject as a command takes it, or what to put there where it was given as an object."""
    return "MODULE:ATTRIBUTE" if report.given_as else quote(report.implementation)

"""What is found out about a failing case: the faults that behave like the subject, and where it begins.

Made by running.diagnose; its lines stand under a failing run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

# How many faults that explain the data equally are told; the others are counted.
_TOLD = 3


class Named(NamedTuple):
    """A fault that behaves like the subject.

    Attributes:
        fault: its name.
        says: the mistake in a few words.
        accuracy: it is the same function, computed less accurately.
    """

    fault: str
    says: str
    accuracy: bool = False

    def __str__(self) -> str:
        return f"{self.says} ({self.fault})"


@dataclass(frozen=True)
class Diagnosis:
    """The result of a diagnosis of one case.

    Attributes:
        case: the case's name.
        lanes: the lanes in which the subject was compared with the faults.
        samples: the texts of the samples that were tried; in these the subject fails.
        passing: likewise, those in which it passes.
        tried: how many faults were tried.
        named: the faults that explain the data, and explain it equally.
        explained: in how many of the samples in which the subject fails they do.
        outputs_only: the faults explain the outputs, and not the gradients.
        less_accurate: how the subject is less accurate, where none is named.
        localised: where the subject leaves the reference, if that was found.
        undecided: why nothing could be tried, or empty.
    """

    case: str
    lanes: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    tried: int = 0
    named: tuple[Named, ...] = ()
    explained: int = 0
    outputs_only: bool = False
    less_accurate: str = ""
    localised: str = ""
    undecided: str = ""

    @property
    def fails(self) -> bool:
        """Whether there was a failure to diagnose."""
        return bool(self.samples or self.undecided)

    @property
    def lines(self) -> tuple[str, ...]:
        """At most two lines: what is wrong, and where it begins; none without a failure."""
        if not self.fails:
            return ()
        return tuple(filter(None, (self._nearest, self.localised)))

    @property
    def _nearest(self) -> str:
        if self.undecided:
            return self.undecided
        if self.less_accurate:
            return f"less accurate: {self.less_accurate}"
        if not self.named:
            return f"none of {self.tried} known faults behaves like this subject"
        told = "less accurate: " if all(each.accuracy for each in self.named) else ""
        told += ", or ".join(map(str, self.named[:_TOLD]))
        if more := len(self.named[_TOLD:]):
            told += f", or {more} more"
        if self.outputs_only:
            return f"{told}, by its outputs; its gradients differ otherwise"
        if self.explained < len(self.samples):
            told += (
                f"; in {self.explained} of {len(self.samples)} failing samples, the others differ otherwise"
            )
        return told

    def to_json(self) -> dict[str, Any]:
        """Return every field, and the lines."""
        named = [name._asdict() for name in self.named]
        return {**asdict(self), "named": named, "lines": list(self.lines)}

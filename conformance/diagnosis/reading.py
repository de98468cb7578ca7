"""How a failure is read: all of it at once, without what is only inaccurate, or the outputs alone.

Called by running.diagnose with what the subject returned; the faults that explain it come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conformance.diagnosis.less_accurate import absolute, less_accurate
from conformance.diagnosis.nearest import Found, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conformance.diagnosis.hypothesis import Hypothesis
    from conformance.diagnosis.observation import Observation
    from conformance.faults.fault import Fault


class Reading(NamedTuple):
    """One way to read what fails.

    Attributes:
        failing: what the subject returned, or a part of it, which is to be explained.
        nearest: the faults that explain it.
        less_accurate: how the subject is less accurate, which then is all that is wrong.
        outputs_only: the gradients are left out.
    """

    failing: list[Observation]
    nearest: Found
    less_accurate: str = ""
    outputs_only: bool = False

    @property
    def whole(self) -> bool:
        """Whether there are faults that explain all of it."""
        return self.nearest.explained == len(self.failing)

    @property
    def named(self) -> tuple[Fault, ...]:
        """The faults that are named."""
        return () if self.less_accurate else self.nearest.faults


def read(
    failing: list[Observation],
    passes: Callable[[], Iterable[Observation]] = tuple,
    hypotheses: Sequence[Hypothesis] | None = None,
) -> Reading:
    """Explain what fails.

    Args:
        failing: what the subject returned in samples of one case in which it fails; at least one.
        passes: returns what it returned in samples in which it passes.
        hypotheses: what is tried; by default every fault that may explain it.
    """
    found = Reading(failing, nearest(failing, passes(), hypotheses))
    if found.whole:
        return found
    # An accuracy that explains everything comes before a fault that explains some of it.
    if less := less_accurate(failing):
        return found._replace(less_accurate=less)
    # Some may be only less accurate, which hides what is wrong in the others.
    other = [seen for seen in failing if not absolute(seen)]
    if 0 < len(other) < len(failing):
        found = Reading(other, nearest(other, passes(), hypotheses))
    outputs = [] if found.named else _wrong_outputs(found.failing)
    if not outputs:
        return found
    # A mistake of the forward whose backward belongs to another function, or is wrong too.
    alone = nearest(outputs, (seen.outputs for seen in passes()), hypotheses)
    of_outputs = Reading(outputs, alone, outputs_only=True)
    return of_outputs if of_outputs.whole else found


def _wrong_outputs(failing: Iterable[Observation]) -> list[Observation]:
    """Return those of some observations with gradients whose outputs are wrong, without the gradients."""
    found = (seen.outputs for seen in failing if len(seen.outputs.names) < len(seen.names))
    return [seen for seen in found if not seen.formal]

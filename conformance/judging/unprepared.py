"""What is raised while a sample is prepared, told as an error of that sample, and told from the subject's.

Entered by judging.prepared around all that runs the reference, which may refuse an input as any
implementation may. A run makes ERROR verdicts of it; the self-test, the calibration and the export end there.
"""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.errors import (
    DegenerateError,
    NoiseError,
    ReferenceRaisedError,
    UnpreparedError,
    UsageError,
)
from conformance.extras import EXTRAS
from conformance.judging.verdict import Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from conformance.sampling.sample import Sample

_REFERENCE, _HARNESS = "the reference raised ", "the harness raised "

# What the reason of a sample that cannot be prepared begins with.
_BEGINNINGS = (_REFERENCE, _HARNESS, *(f"{each.__name__}: " for each in (DegenerateError, NoiseError)))

# Where an exception begins is told without the frames of these.
_BENEATH = ("torch", "conformance.arithmetic")


@contextmanager
def told_of(sample: Sample) -> Iterator[None]:
    """Tell any exception as one about a sample, with who raised it, what and where.

    An exception in the program that the reference runs is told as the reference's: whether torch refuses an
    input, or the program is wrong, cannot be told apart. Any other is the harness's.

    Args:
        sample: the sample that is prepared.

    Raises:
        UnpreparedError: it was one, or an exception without a meaning of its own to the caller.
        UsageError: it was one.
        ModuleNotFoundError: a package of an extra is missing, as it would be for any other sample.
        MemoryError: there is not enough memory.
    """
    try:
        yield
    except (UnpreparedError, UsageError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] in EXTRAS:
            raise
        found = _raised(error)
        found.add_note(f"in {sample.text}")
        raise found from error


def _raised(error: Exception) -> ReferenceRaisedError:
    from conformance.subjects import pytorch

    frames = list(traceback.walk_tb(error.__traceback__))
    runs = type(pytorch.make()).observables.__code__
    whose = _REFERENCE if any(frame.f_code is runs for frame, _ in frames) else _HARNESS
    frame, line = next((each for each in reversed(frames) if not _is_beneath(each[0])), frames[-1])
    where = f"{_module(frame)}, line {line}, in {frame.f_code.co_name}"
    what = traceback.format_exception_only(error)[0].strip()
    lines = traceback.format_exception(error, limit=-8)
    told = f"{whose}{what} ({where})"
    return ReferenceRaisedError(told, "".join(lines).strip(), refused=whose is _REFERENCE)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


def _is_beneath(frame: FrameType) -> bool:
    return any(f"{_module(frame)}.".startswith(f"{each}.") for each in _BENEATH)


def is_unprepared(verdict: Verdict) -> bool:
    """Whether a verdict is of a sample that could not be prepared, so that it says nothing of the subject."""
    whole = verdict.status is Status.ERROR and verdict.observable is None
    return whole and (verdict.reason or "").startswith(_BEGINNINGS)

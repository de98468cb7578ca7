"""What a subject declares about how it differs from torch: excuses, an accuracy class, conventions at NaN.

Read from a subject's attributes by running.run, which reports them, and by judging, which applies them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.errors import UsageError
from conformance.sampling.space import REGIMES
from conformance.subjects.protocol import EVERY_LANE

# `relative` asks tanh and sigmoid for a few roundings of their result, and `absolute` for a few of 1.
ACCURACIES = ("relative", "absolute")
# At NaN, and at inf where NaN follows from it, torch's own conventions are asked for, or none.
NAN_CONVENTIONS = ("torch", "own")

# Names unlike each other: a pattern that matches all of them matches whatever an observable is called.
_UNLIKE = ("output", "grad.input", "h_n", "weight.3", "sum/c_n", "0")


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """A difference that a subject declares: the failures that it matches are EXCUSED.

    Patterns are those of `fnmatch`: `nn.GRU*` matches `nn.GRU`, `nn.GRUCell` and their aspects. An error
    cannot be excused, and an excuse that matches no failure fails the run.

    Attributes:
        case: a pattern of names of cases.
        observable: a pattern of names of observables, or of labels of bad calls. It also matches what a use
            calls by another name, such as `sum/output` for `output`.
        regime: one regime; None for any.
        lane: one lane; None for any.
        use: one use; None for any, and for the plain call.
        reason: why the subject differs.
        link: where that is explained: the address of an issue or of a document.

    Raises:
        UsageError: the reason or the link is missing, or what is excused does not exist or is everything.

    Example:
        >>> from conformance import Excuse
        >>> excuse = Excuse(case="relu", observable="grad.*", regime="nonfinite",
        ...                 reason="the slope at NaN is 0", link="https://example.org/issues/12")
        >>> excuse.lane is None
        True
    """

    case: str = ""
    observable: str = ""
    regime: str | None = None
    lane: str | None = None
    use: str | None = None
    reason: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        """Refuse an excuse without a reason, of nothing that exists, and of everything."""
        for name in ("case", "observable", "reason", "link"):
            value: object = getattr(self, name)
            if (
                not isinstance(value, str)
                or not value.strip()
                or not value.isprintable()
                or len(value) > _MOST
            ):
                raise UsageError(f"{self}: {name}: expected a line of text, got {_short(value)}")
        for name, there_are in (("regime", REGIMES), ("lane", EVERY_LANE), ("use", USES)):
            value = getattr(self, name)
            if value is not None and value not in tuple(there_are):
                raise UsageError(
                    f"{self}: {name}: expected one of {', '.join(there_are)}, got {_short(value)}"
                )
        every_case = all(fnmatchcase(name, self.case) for name in CASES)
        if every_case and all(fnmatchcase(name, self.observable) for name in _UNLIKE):
            raise UsageError(f"{self}: expected some cases or some observables, got all of both")

    def __str__(self) -> str:
        """Return what it excuses, as it is declared."""
        named = ((each.name, getattr(self, each.name)) for each in fields(self) if each.name not in _WHY)
        return f"Excuse({', '.join(f'{name}={_short(value)}' for name, value in named if value is not None)})"


_WHY = {"reason", "link"}

# A line of text has at most so many characters.
_MOST = 500


def _short(value: object, most: int = 200) -> str:
    """Return a value as Python writes it, cut; a subject may declare anything."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]} …"


@dataclass(frozen=True)
class Declarations:
    """What a subject declares; by default nothing.

    Attributes:
        excuses: the differences that it declares.
        accuracy: the class of its tanh and sigmoid, `relative` or `absolute`.
        nan_conventions: `torch`, or `own` for others.
    """

    excuses: tuple[Excuse, ...] = ()
    accuracy: str = "relative"
    nan_conventions: str = "torch"


def declared(subject: object) -> Declarations:
    """Return what a subject declares by its attributes `excuses`, `accuracy` and `nan_conventions`.

    Raises:
        UsageError: an attribute has another value than it may have.
    """
    accuracy = _one_of(ACCURACIES, subject, "accuracy")
    conventions = _one_of(NAN_CONVENTIONS, subject, "nan_conventions")
    excuses: object = getattr(subject, "excuses", ())
    if not isinstance(excuses, Iterable) or isinstance(excuses, (str, Mapping)):
        raise _expected("excuses", "a sequence of conformance.Excuse", excuses)
    return Declarations(tuple(map(_excuse, excuses)), accuracy, conventions)


def _one_of(there_are: tuple[str, ...], subject: object, name: str) -> str:
    """Return an attribute that is one of some words, the first where the subject has none."""
    value: Any = getattr(subject, name, there_are[0])
    if not isinstance(value, str) or value not in there_are:
        raise _expected(name, " or ".join(there_are), value)
    return value


def _excuse(given: object) -> Excuse:
    """Return an excuse as it is; or made of a mapping of its fields, as which another process sends it."""
    if isinstance(given, Excuse):
        return given
    names = [each.name for each in fields(Excuse)]
    if not isinstance(given, Mapping) or not set(given) <= set(names):
        raise _expected("excuses", f"each a conformance.Excuse, or its fields {', '.join(names)}", given)
    return Excuse(**given)


def _expected(name: str, expected: str, got: object) -> UsageError:
    return UsageError(f"implementation: {name}: expected {expected}, got {_short(got)}")

"""A verdict: one observable of one sample in one lane.

Made by judging.judge, judging.sample_judge and judging.bad_calls; a report is a list of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from conformance.judging.profile import Profile
from conformance.judging.sight import NAMES
from conformance.subjects.protocol import EVERY_LANE
from conformance.text import LIMIT, safe_message, safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.sampling.sample import Sample


class Status(StrEnum):
    """How a comparison ended."""

    PASS = "PASS"  # noqa: S105 - a status, not a password
    FAIL = "FAIL"
    ERROR = "ERROR"
    EXCUSED = "EXCUSED"
    SKIP = "SKIP"
    EMPTY = "EMPTY"
    MISTRUSTED = "MISTRUSTED"


# The outcomes of what agrees; of the second, zeros, the mean and rolled rows would have agreed too.
AGREES = frozenset({Status.PASS, Status.MISTRUSTED})


@dataclass(frozen=True)
class Verdict:
    """One observable of one sample in one lane; the fields are those of a report's `verdicts`.

    Attributes:
        case: the case's name.
        sample: the sample's text, which replays it.
        check: `forward`, `backward`, `training`, `use` or `errors`.
        lane: the dtype in which the subject computes: `float64`, `float32`, `bfloat16` or `float16`; None for
            `errors`.
        observable: an output's name, `grad.` and an input's, or a bad call's label; of a use also a flag, and
            `LABEL/` before a name; None for a whole sample.
        status: the outcome.
        elements: how many numbers were compared.
        max_error: largest distance from the oracle among the finite elements.
        tolerance: that of the worst element.
        headroom: the smallest tolerance / error; below 1 is a failure.
        max_ulp: largest error in units of the last place of the lane's dtype.
        error_in_u: largest error relative to the largest expected value, in roundings of the lane's dtype.
        reference_error: the reference's own largest error in the lane's dtype; for information.
        worst_index: where headroom was smallest.
        expected: the oracle's value there.
        got: the subject's value there.
        profile: of a FAIL of a recurrent case, the largest error / tolerance at each step or in each gate;
            None where there are none.
        repeatable: of a failure, whether it failed in each of ten runs; of a pass, whether every run gave the
            same bits; None where the sample was run once.
        reason: why it is not a PASS, or what was compared instead of numbers. It and `observable` may come
            from the subject, and are stored as they may be shown (`conformance.text`).
        would_pass: of what agrees, the cheap wrong answers (`judging.sight`) that would have agreed too; None
            of what does not agree, has no elements or is random.
        shape_class: the sample's shape class.
        regime: the sample's regime.
        use: the use in which the layer was called, for the check `use`.
    """

    case: str
    sample: str
    check: str
    lane: str | None
    observable: str | None
    status: Status
    elements: int = 0
    max_error: float | None = None
    tolerance: float | None = None
    headroom: float | None = None
    max_ulp: float | None = None
    error_in_u: float | None = None
    reference_error: float | None = None
    worst_index: list[int] | None = None
    expected: float | None = None
    got: float | None = None
    profile: Profile | None = None
    repeatable: bool | None = None
    reason: str | None = None
    would_pass: list[str] | None = None
    shape_class: str | None = None
    regime: str | None = None
    use: str | None = None

    def __post_init__(self) -> None:
        # Nearly all are safe as they are, and there are many verdicts: all names are looked at together.
        names = f"{self.case}{self.sample}{self.observable}{self.shape_class}{self.regime}{self.use}"
        if self.reason is None and len(names) <= LIMIT and names.isprintable():
            return
        for field, safe in _TEXTS:
            text = getattr(self, field)
            if text is not None and (shown := safe(text)) is not text:
                object.__setattr__(self, field, shown)

    @classmethod
    def on(
        cls,
        sample: Sample,
        lane: str,
        observable: str | None,
        status: Status,
        *,
        training: bool,
        **fields: Any,
    ) -> Verdict:
        """Return a verdict about a lane of a sample; its check follows from the other arguments."""
        if sample.use:
            check = "use"
        elif observable and observable.startswith("grad."):
            check = "backward"
        else:
            check = "training" if training else "forward"
        return cls(
            sample.case,
            sample.text,
            check,
            lane,
            observable,
            status,
            shape_class=sample.shape_class,
            regime=sample.regime,
            use=sample.use or None,
            **fields,
        )

    @property
    def passed(self) -> bool:
        """Whether it agrees, is an accepted difference or a skip."""
        return self.status in {Status.PASS, Status.MISTRUSTED, Status.EXCUSED, Status.SKIP}

    @property
    def agrees(self) -> bool:
        """Whether what was compared agrees, whether or not a wrong answer would have been noticed."""
        return self.status in AGREES

    def to_json(self) -> dict[str, Any]:
        """Return every field, with the strings inf, -inf and nan for the numbers that JSON cannot write."""
        # Not by `asdict`, which copies every value, nor value by value: a report has many thousand verdicts.
        data = {**vars(self), "status": self.status.value}
        for name in _NUMBERS:
            number = data[name]
            if number is not None and not isfinite(number):
                data[name] = _plain(number)
        # What the record holds can be changed, and the verdict cannot.
        data["worst_index"] = None if self.worst_index is None else [*self.worst_index]
        data["would_pass"] = None if self.would_pass is None else [*self.would_pass]
        data["profile"] = _plain(self.profile)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """Read what `to_json` wrote.

        Raises:
            TypeError: a field is missing or unknown, or has a value of another type.
            ValueError: the status, the check or the lane is unknown.
        """
        if not isinstance(data, dict):
            raise TypeError(f"verdict: expected an object, got {type(data).__name__}")
        if missing := sorted({field.name for field in fields(cls)} - data.keys()):
            raise TypeError(f"verdict: lacks {', '.join(missing)}")
        numbers = {
            name: float(value)
            for name, value in data.items()
            if name in _NUMBERS and isinstance(value, (int, float, str))
        }
        profile = data["profile"] if data["profile"] is None else Profile.from_json(data["profile"])
        values = {**data, **numbers, "status": Status(data["status"]), "profile": profile}
        for name, types in _types().items():
            items = values[name] if name in _ITEMS and type(values[name]) is list else ()
            if type(values[name]) not in types or not all(type(item) is _ITEMS[name] for item in items):
                raise TypeError(f"verdict: {name}: got {data[name]!r}")
        for name, there_are in _THERE_ARE.items():
            if values[name] not in there_are:
                raise ValueError(f"verdict: {name}: got {data[name]!r}")
        if unknown := set(data["would_pass"] or ()) - set(NAMES):
            raise ValueError(f"verdict: would_pass: got {', '.join(sorted(unknown))}")
        return cls(**values)


_ITEMS = {"worst_index": int, "would_pass": str}

_THERE_ARE = {"check": ("forward", "backward", "training", "use", "errors"), "lane": (*EVERY_LANE, None)}

# `sample` and the others are ours, but a report may have been written by another program.
_TEXTS = (
    *((name, safe_name) for name in ("case", "sample", "observable", "shape_class", "regime", "use")),
    ("reason", safe_message),
)

_NUMBERS = frozenset(
    {"max_error", "tolerance", "headroom", "max_ulp", "error_in_u", "reference_error", "expected", "got"}
)


@cache
def _types() -> dict[str, frozenset[type]]:
    """Return the types that each field may have."""
    hints = get_type_hints(Verdict)
    return {
        field.name: frozenset(get_origin(kind) or kind for kind in get_args(hint) or (hint,))
        for field in fields(Verdict)
        for hint in (hints[field.name],)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if isfinite(value):
            return value
        return "nan" if value != value else ("inf" if value > 0 else "-inf")  # noqa: PLR0124 - NaN is that
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Profile):
        return {name: _plain(each) for name, each in vars(value).items()}
    return value


def numbers_first(failures: Iterable[Verdict]) -> list[Verdict]:
    """Return failures with those of bad calls behind the others."""
    return sorted(failures, key=lambda verdict: verdict.check == "errors")

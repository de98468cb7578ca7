"""Why an observable is constant by definition: reasons that several families give in `Case.constant`.

A comparison of what is always zero shows little: zeros agree. Where that is so by definition, and not because
a draw happens to show nothing, the case says why, and such agreement is a PASS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.sampling.sample import Sample

SLOPE = "it is the slope of a step function, 0 wherever there is one"
OVERWRITTEN = "it is the gradient of values that are all written over"


def where(
    why: str, *, regime: str | None = None, use: str | None = None, **settings: Any
) -> Callable[[Sample], str | None]:
    """Return a reason for samples with some settings, in a regime or a use, and None for the others.

    Args:
        why: the reason.
        regime: the samples' regime, if it matters.
        use: their use, if it matters.
        **settings: their settings: a value, or a tuple of those that a setting may have.

    Example:
        >>> from conformance.cases._constant import where
        >>> from conformance.sampling.sample import Sample
        >>> reason = where("0 times anything", factor=0.0)
        >>> reason(Sample("mul", 1, 0, "small", "normal", (("factor", 0.0),)))
        '0 times anything'
        >>> reason(Sample("mul", 1, 0, "small", "normal", (("factor", 2.0),)))
    """

    def reason(sample: Sample) -> str | None:
        given = sample.settings
        fits = all(
            given.get(name) in value if isinstance(value, tuple) else given.get(name) == value
            for name, value in settings.items()
        )
        return why if fits and regime in {None, sample.regime} and use in {None, sample.use} else None

    return reason

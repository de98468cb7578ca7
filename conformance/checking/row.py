"""The verdict on one criterion of a check, and the same as a verdict of a report.

Made by checking.judge, which imports torch, and read by checking.result, which does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from conformance.judging.verdict import Status, Verdict

# The criteria that ask for a plain call; all others call the candidate in some other way, as uses do.
PLAIN = {"values": "forward", "gradients": "backward"}


@dataclass(frozen=True)
class Row:
    """The verdict on one criterion.

    Attributes:
        criterion: its name.
        status: `PASS`, `FAIL`, `ERROR`, `SKIP`, or `MISTRUSTED`: it agrees, but neither zeros, nor the mean
            everywhere, nor rolled rows would have been noticed.
        headroom: tolerance by error, of the nearest number; None where none was compared, or each is exact.
        observable: where that is.
        elements: how many numbers were compared.
        reason: why it is not PASS.
        would_pass: of what agrees, the cheap wrong answers (`judging.sight`) that would have agreed too as
            some output or gradient; None where nothing was compared, or does not agree.
    """

    criterion: str
    status: str
    headroom: float | None = None
    observable: str | None = None
    elements: int = 0
    reason: str = ""
    would_pass: tuple[str, ...] | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.status not in {"FAIL", "ERROR"}


@dataclass(frozen=True)
class Judged(Verdict):
    """A row as a verdict: of the reference as the case, and of the criterion as a use of it.

    Attributes:
        criterion: the criterion's name; `values` is judged forward, `gradients` backward, and the others are
            uses.
    """

    criterion: str = ""

    @classmethod
    def of(cls, row: Row, reference: str, dtype: str, seed: int) -> Judged:
        """Return a row as a verdict."""
        exact = row.headroom is None and row.elements and row.ok
        return cls(
            reference,
            f"seed={seed}",
            PLAIN.get(row.criterion, "use"),
            dtype,
            row.observable,
            Status(row.status),
            elements=row.elements,
            headroom=inf if exact else row.headroom,
            reason=row.reason or None,
            would_pass=None if row.would_pass is None else list(row.would_pass),
            use=None if row.criterion in PLAIN else row.criterion,
            criterion=row.criterion,
        )

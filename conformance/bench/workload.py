"""What is timed: a workload has sizes, and for each library a function that makes its side of one.

Made in `workloads/`; read by `running` and `memory`.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import numpy as np

    Array = np.ndarray[Any, Any]
    Size = tuple[int, ...]
    # Makes a library's side for a size.
    Maker = Callable[[Size], "Side"]

# What a subject is called, and the library that it is compared with, such as ("mytorch", "torch").
Pair = tuple[str, str]


def _nothing() -> None:
    """Forget nothing: the default of a side whose step keeps nothing."""


@dataclass(frozen=True)
class Side:
    """One library's side of a workload.

    Attributes:
        step: what is timed.
        result: runs a step and returns arrays that the other sides' must equal, in the same order; None for a
            yardstick, which computes something else.
        around: makes a context manager in which the side runs, such as a switch of a backend; entered before
            the clock starts.
        forget: lets go of what a step left behind, such as gradients.
    """

    step: Callable[[], object]
    result: Callable[[], Sequence[Array]] | None
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    forget: Callable[[], object] = _nothing


@dataclass(frozen=True)
class Workload:
    """A row of the report for each size.

    Attributes:
        name: as on the command line, such as `LSTM train`.
        family: the table of the report that it belongs to.
        letters: the name of each number of a size, such as `("N", "L", "I", "H")`.
        sizes: from small to large.
        sides: by library, a function that makes its side.
        pairs: which ratios are shown: a subject and what it is compared with.
        rounding: by how much the results of two sides may differ, relative to the largest element.
        calls: how many operations a step consists of, where the overhead of one over NumPy's is shown.
    """

    name: str
    family: str
    letters: tuple[str, ...]
    sizes: tuple[Size, ...]
    sides: Mapping[str, Maker]
    pairs: tuple[Pair, ...]
    rounding: float = 1e-4
    calls: int = 0

    def label(self, size: Size) -> str:
        """Return a size in words.

        Example:
            >>> from conformance.bench.workload import Workload
            >>> Workload("add", "engine", ("N", "H"), ((4, 16),), {}, ()).label((4, 16))
            'N 4, H 16'
        """
        return ", ".join(f"{letter} {number}" for letter, number in zip(self.letters, size, strict=True))

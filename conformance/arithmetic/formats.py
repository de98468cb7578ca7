"""The floating formats of lanes, and the precision of a program: what it stores, computes and adds up in.

Read by mode.py and storing.py, which make noise of it, and by tolerance.py; made by whoever measures a
program. Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Format:
    """A floating dtype.

    Attributes:
        name: its name, in torch and as a lane.
        unit: one rounding, relative: 2⁻ᵖ for p significant bits.
        underflow: half of its smallest positive number, which a rounding near zero may add; 0 for float64,
            which is what noise is computed in.
        largest: its largest finite number.
    """

    name: str
    unit: float
    underflow: float
    largest: float


def _ieee(name: str, bits: int, exponent: int) -> Format:
    """Return the format of so many significant bits, whose largest exponent is given.

    Source: IEEE 754-2019, 3.3; bfloat16 has float32's exponents and 8 significant bits.
    """
    least = 2.0 ** (2 - exponent - bits)
    # Not ldexp: 2¹⁰²⁴ is beyond float64 itself.
    return Format(name, 2.0**-bits, least / 2, (2 - 2.0 ** (1 - bits)) * 2.0**exponent)


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        _ieee("float32", 24, 127),
        _ieee("float64", 53, 1023),
        _ieee("bfloat16", 8, 127),
        _ieee("float16", 11, 15),
    )
}
*_first, _last = FORMATS
THERE_ARE = f"{', '.join(_first)} or {_last}"
# Lanes in which first order may not hold: noise is drawn at their own unit, and not scaled from float32's.
HALF = ("bfloat16", "float16")


class Inside(NamedTuple):
    """The names of the dtypes inside an operation of half types; by default those of torch's kernels.

    Attributes:
        compute: that of the arithmetic.
        accumulate: that of partial sums.
    """

    compute: str = "float32"
    accumulate: str = "float32"

    @property
    def words(self) -> str:
        """Both in words."""
        if self.compute == self.accumulate:
            return f"computed and added up in {self.compute}"
        return f"computed in {self.compute} and added up in {self.accumulate}"


TORCHS = Inside()


@dataclass(frozen=True)
class Precision:
    """What a program stores, computes and adds up in.

    Attributes:
        values: the format of tensors: each result of an operation is rounded to it.
        compute: that of the arithmetic inside an operation.
        accumulate: that of partial sums inside an operation.
    """

    values: Format
    compute: Format
    accumulate: Format

    @property
    def plain(self) -> bool:
        """Whether all are one of the two formats whose noise is that of float32, scaled."""
        return self.values is self.compute is self.accumulate and self.values.name not in HALF

    @property
    def unit_of_sums(self) -> float:
        """The unit of partial sums of a half type, in which sums of hundreds of terms stand still; else 0."""
        return self.accumulate.unit if self.accumulate.name in HALF else 0.0

    @property
    def words(self) -> str:
        """Its rounding in words."""
        if self.values is self.compute is self.accumulate:
            return f"{self.values.name} rounding"
        return f"{self.values.name} rounding ({Inside(self.compute.name, self.accumulate.name).words})"


def precision(dtype: str, compute: str | None = None, accumulate: str | None = None) -> Precision:
    """Return the precision of a program.

    Args:
        dtype: the name of the dtype of its tensors.
        compute: that of the arithmetic inside an operation. The default is what torch's kernels have, on CPUs
            and on GPUs: float32 for half types, and otherwise the dtype of the tensors.
        accumulate: that of partial sums inside an operation; by default that of `compute`.

    Raises:
        UsageError: a name is not that of a format, or `compute` is less precise than the tensors.

    Example:
        >>> from conformance.arithmetic.formats import precision
        >>> found = precision("bfloat16", accumulate="bfloat16")
        >>> found.values.unit, found.compute.name, found.accumulate.name
        (0.00390625, 'float32', 'bfloat16')
    """
    values = _format("dtype", dtype)
    computing = _format("compute", compute or (TORCHS.compute if dtype in HALF else dtype))
    adding = _format("accumulate", accumulate or computing.name)
    if computing.unit > values.unit:
        raise UsageError(f"compute: expected at least the precision of {dtype}, got {computing.name}")
    if dtype == "float64" and adding is not values:
        raise UsageError(f"accumulate: expected float64 for results in float64, got {adding.name}")
    return Precision(values, computing, adding)


def _format(argument: str, name: str) -> Format:
    if name not in FORMATS:
        raise UsageError(f"{argument}: expected {THERE_ARE}, got {name}")
    return FORMATS[name]

"""Rules of Fourier transforms, which every function in torch.fft, `stft` and `istft` are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, Rule
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates


@dataclass(frozen=True)
class Transform:
    """The error of a transform over n numbers, of each element of the result.

    Each of log₂n stages rounds every number once, and hands its errors to all outputs alike: independent
    errors add up to √log₂n of the root mean square of the outputs. Lengths with large prime factors are
    transformed by longer ones (Bluestein), which doubles that. Where all stages add up one number, as the sum
    of positive ones, each rounding is of that number; and the last ones, of parts of that sum, reach a few
    other outputs whole, as the difference of the sums of the even and of the odd elements.

    Attributes:
        real: its operand is real. Then some numbers of the result are real too, and have no other part to
            round: the first, and the one in the middle.
    """

    real: bool = False

    def before(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[int], int]:
        """Return the dimensions and how many numbers they have; of a complex to real one, in the result."""
        del kwargs
        x, dims, _, last = args
        # The last argument is a length, or says what half to return or which way to transform.
        length = last if type(last) is int else x.shape[dims[-1]]
        return list(dims), math.prod(x.shape[dim] for dim in dims[:-1]) * length

    def size(self, before: Any, out: Tensor) -> Tensor:
        """Return the size of the error of each element of the result, in units of u."""
        dims, count = before
        stages, size = math.sqrt(math.log2(max(2, count))), out.abs()
        # By Parseval this is the norm of the operand, at the transform's scale.
        level = size.square().mean(dims, keepdim=True).sqrt_()
        error = stages * (size + 2 * level) + 0.5 * size.amax(dims, keepdim=True)
        if not self.real or len(dims) > 1:
            return error
        error = torch.complex(error, error)
        error.imag.select(dims[0], 0).zero_()
        if count % 2 == 0:
            error.imag.select(dims[0], count // 2).zero_()
        return error

    def __str__(self) -> str:
        return "√log₂n roundings of the result, 2·√log₂n of its root mean square, and half of its largest"


def _together(transform: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function that transforms all replicates at once."""

    def transformed(held: Replicates, x: Tensor, dims: Sequence[int], scale: int, last: Any) -> Tensor:
        return transform(held.every(x), [dim + 1 for dim in dims], scale, last)

    return transformed


_SOURCE = (
    "Higham 2002, Accuracy and Stability, theorem 24.2, and Schatzman 1996, Accuracy of the discrete Fourier "
    f"transform and the fast Fourier transform: errors grow by √log n of the norm; {MEASURED}"
)
# Powers of two, lengths of small factors, and large primes.
_LENGTHS = (2, 7, 33, 96, 97, 509, 1024)


def _measured(call: Callable[..., Any], *, pairs: bool, positive: bool = False) -> MeasuringCall:
    return MeasuringCall(
        call,
        # As a weight: the sum of the squares of the largest numbers is beyond float32's range.
        lambda n: (Input((8, n, 2) if pairs else (8, n), weight=True, positive=positive),),
        _LENGTHS,
        accumulates=True,
        without=NO_NAME,
    )


def _rule(name: str, *measured: MeasuringCall) -> Rule:
    return Rule(
        name,
        _SOURCE,
        Transform(name == "_fft_r2c"),  # type: ignore[arg-type]
        complexes=True,
        together=_together(getattr(torch.ops.aten, name).default),
        measured=measured,
    )


def _c2c(t: Any, x: Any) -> Any:
    return t.view_as_real(t.fft.fft(t.view_as_complex(x)))


def _r2c(t: Any, x: Any) -> Any:
    return t.view_as_real(t.fft.rfft(x))


def _c2r(t: Any, x: Any) -> Any:
    return t.fft.irfft(t.view_as_complex(x))


RULES: tuple[Rule, ...] = (
    _rule("_fft_c2c", _measured(_c2c, pairs=True), _measured(_c2c, pairs=True, positive=True)),
    _rule("_fft_r2c", _measured(_r2c, pairs=False), _measured(_r2c, pairs=False, positive=True)),
    _rule("_fft_c2r", _measured(_c2r, pairs=True), _measured(_c2r, pairs=True, positive=True)),
)

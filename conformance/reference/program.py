"""A torch program with its inputs, run in float64: its outputs and gradients are its observables.

Made by reference.draws; `observables` is what the arithmetic runs, clean and with noise. A complex output is
two observables, its real and its imaginary part: `output.real` and `output.imag`.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes

from conformance.arithmetic.formats import FORMATS, THERE_ARE, precision
from conformance.arithmetic.replicates import OverfullError
from conformance.errors import NoiseError, UsageError
from conformance.reference.factors import found_in, weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.arithmetic.formats import Precision
    from conformance.reference.factors import Factorization
    from conformance.sampling.values import Array

# What torch's errors about two dtypes mention.
_MIXED = re.compile(r"\bDouble\b|\bfloat64\b|\bdouble\b")


@dataclass(frozen=True)
class Program:
    """A program and what it is run on.

    Attributes:
        fn: a function of tensors, or a module. It is called as it is on float64 tensors, a module as a copy.
        inputs: its arguments; tensors among them are never changed.
        dtype: the dtype that others compute in: floating tensors are rounded to it, and no further.
        backward: whether its gradients are observables too.
        seed: of its cotangents and of what it draws at random.
        cotangents: one per floating output, in order, instead of drawn ones.
        random: whether it may draw at random.
        compute: the dtype that its operations compute in; None for that of `formats.precision`.
        accumulate: likewise, the dtype of their partial sums.
        weights: whether the cotangents of vectors whose sign is free are given as weights: the gradient is
            that of half the sum of their weighted squares, which no sign changes. Drawn ones always are.
    """

    fn: Callable[..., Any]
    inputs: tuple[Any, ...]
    dtype: str
    backward: bool = True
    seed: int = 0
    cotangents: tuple[Any, ...] | None = None
    random: bool = True
    compute: str | None = None
    accumulate: str | None = None
    weights: bool = False

    @cached_property
    def precision(self) -> Precision:
        """What it stores, computes and adds up in."""
        return precision(self.dtype, self.compute, self.accumulate)

    @cached_property
    def factored(self) -> tuple[Factorization, ...]:
        """The decompositions whose factors it returns."""

        def run() -> Iterator[tuple[str, Tensor]]:
            fn, inputs = self._copies()
            with torch.random.fork_rng(devices=()), torch.no_grad():
                torch.manual_seed(self.seed)
                return _tensors("output", self._called(fn, inputs))

        # It may be asked for in a run that is followed, of which this one is no part.
        with _disable_current_modes():
            return found_in(run)

    def invariants(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what is judged instead of outputs whose signs are free, by name; see reference.factors."""
        found: dict[str, Tensor] = {}
        for each in self.factored:
            found |= each.invariants(outputs)
        return found

    @property
    def given(self) -> list[Array]:
        """The arrays that it is given, as it sees them: inputs, and a module's parameters and buffers."""
        fn, inputs = self._carried
        found = [value for _, value in _tensors("input", inputs)]
        if isinstance(fn, torch.nn.Module):
            found += [*fn.parameters(), *fn.buffers()]
        return [_whole(value.detach()).numpy() for value in found]

    def observables(self) -> dict[str, Tensor]:
        """Run it once, on copies; return `output`, or one name for each, and `grad[K]` or `grad.PARAMETER`.

        Raises:
            NoiseError: fn returns numbers of another dtype than float64, which follow no rounding.
            UsageError: fn raises an exception, returns no tensors, or draws at random where it may not; or
                there are more or fewer cotangents than outputs.
        """
        fn, inputs = self._copies()
        with torch.random.fork_rng(devices=()), torch.set_grad_enabled(self.backward):
            before = torch.manual_seed(self.seed).get_state()
            outputs = dict(parted(_tensors("output", self._called(fn, inputs))))
            if not self.random and not torch.equal(before, torch.get_rng_state()):
                raise UsageError("fn: it draws at random, so two calls of it differ by more than rounding")
        if not outputs:
            raise UsageError("fn: expected it to return a tensor, or a tuple, list or dict of tensors")
        for name, value in outputs.items():
            if value.is_floating_point() and value.dtype != torch.float64:
                floats = any(each.is_floating_point() for _, each in _tensors("input", inputs))
                given = "float64" if floats else "no floating-point tensors"
                raise NoiseError(
                    f"{name}: fn was given {given} and returned {_name(value.dtype)}, where no noise can "
                    "follow it"
                )
        found = {name: _whole(value.detach()) for name, value in outputs.items()}
        return found | self._gradients(outputs, dict(self._sources(fn, inputs)))

    def _called(self, fn: Callable[..., Any], inputs: Sequence[Any]) -> Any:
        try:
            with _InTorch():
                return fn(*inputs)
        except (NoiseError, OverfullError):
            raise
        except Exception as error:
            outside = "what it uses from outside, such as a float32 module, has to be fn itself or an input"
            hint = f"; {outside}" if _MIXED.search(str(error)) else ""
            if len(inputs) == 1 and isinstance(inputs[0], list):
                hint = "; a list is one argument: draw a tuple of several"
            told = f"raised {type(error).__name__} on float64 inputs: {error}"
            raise UsageError(f"fn: {told}{hint}") from error

    def _copies(self) -> tuple[Callable[..., Any], list[Any]]:
        """Return the program and its inputs, which it may change."""
        fn, inputs = self._carried

        def copied(value: Tensor) -> Tensor:
            fresh = value.clone()
            return fresh.requires_grad_(self.backward) if fresh.is_floating_point() else fresh

        if isinstance(fn, torch.nn.Module):
            # Copying a module is not a part of the program.
            with _disable_current_modes():
                fn = copy.deepcopy(fn)
        return fn, _mapped(copied, inputs)

    @cached_property
    def _carried(self) -> tuple[Callable[..., Any], list[Any]]:
        """The program and its inputs in float64, with the values that the dtype can hold."""
        fn = self.fn
        if isinstance(fn, torch.nn.Module):
            for name, value in itertools.chain(fn.named_parameters(), fn.named_buffers()):
                if value.is_meta:
                    raise UsageError(f"fn: expected numbers in {name}, which is on the device meta")
            fn = copy.deepcopy(fn).cpu()
            fn.to(getattr(torch, self.dtype)).double()
        return fn, _mapped(self._rounded, list(self.inputs))

    def _rounded(self, value: Tensor) -> Tensor:
        kept = value.detach().cpu()
        return kept.to(getattr(torch, self.dtype)).double() if kept.is_floating_point() else kept

    def _sources(self, fn: Callable[..., Any], inputs: Sequence[Any]) -> Iterator[tuple[str, Tensor]]:
        """Yield what gradients are taken of, by name."""
        for name, value in _tensors("grad", list(inputs)):
            if value.requires_grad:
                yield name, value
        if isinstance(fn, torch.nn.Module):
            for name, value in fn.named_parameters():
                if value.requires_grad:
                    yield f"grad.{name}", value

    def _gradients(self, outputs: Mapping[str, Tensor], sources: Mapping[str, Tensor]) -> dict[str, Tensor]:
        into = {name: value for name, value in outputs.items() if value.requires_grad}
        if not self.backward or not into or not sources:
            return {}
        cotangents = self._cotangents(outputs, into)
        # An input that nothing depends on has a gradient of zeros, as other libraries return it.
        found = torch.autograd.grad([*into.values()], [*sources.values()], cotangents, materialize_grads=True)
        return {name: _whole(value.detach()) for name, value in zip(sources, found, strict=True)}

    def _cotangents(self, outputs: Mapping[str, Tensor], into: Mapping[str, Tensor]) -> list[Tensor]:
        """Return the cotangents: given, or 1 for a single number, as of a loss, and normal for the others."""
        floating = {name: value for name, value in outputs.items() if value.is_floating_point()}
        if self.cotangents is None:
            generator = torch.Generator().manual_seed(self.seed)
            made = {
                name: self._rounded(torch.randn(value.shape, generator=generator))
                if value.dim()
                else torch.ones((), dtype=torch.float64)
                for name, value in floating.items()
            }
            return [*self._weighted(made, into).values()]
        if len(self.cotangents) != len(floating):
            raise UsageError(
                f"cotangents: expected {len(floating)}, one for each of {', '.join(floating)}; "
                f"got {len(self.cotangents)}"
            )
        given = dict(zip(floating, self.cotangents, strict=True))
        made = {name: self._given(name, given[name], value) for name, value in into.items()}
        return [*(self._weighted(made, into) if self.weights else made).values()]

    def _weighted(self, made: Mapping[str, Tensor], into: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return cotangents, those of vectors as gradients of a sum of squares."""
        weights = weighted(self.factored, made)
        return {
            name: weights[name] * value.detach() if name in weights else made[name]
            for name, value in into.items()
        }

    def turned(self, values: Mapping[str, Array]) -> tuple[Any, ...]:
        """Return the given cotangents, those of vectors with the signs that somebody's vectors have.

        Args:
            values: their outputs, by name.
        """
        given = self.cotangents or ()
        if not self.factored:
            return given
        outputs = replace(self, backward=False).observables()
        floating = [name for name, value in outputs.items() if value.is_floating_point()]
        if len(floating) != len(given) or any(
            name not in values or tuple(values[name].shape) != tuple(outputs[name].shape) for name in floating
        ):
            return given
        named = {
            name: self._given(name, each, outputs[name]) for name, each in zip(floating, given, strict=True)
        }
        own = {name: torch.tensor(values[name], dtype=torch.float64) for name in floating}
        for each in self.factored:
            named |= each.turned(own, named)
        return tuple(named[name] for name in floating)

    def _given(self, name: str, cotangent: Any, output: Tensor) -> Tensor:
        if not isinstance(cotangent, Tensor):
            raise UsageError(f"cotangents: expected an array for {name}, got {type(cotangent).__name__}")
        if cotangent.shape != output.shape:
            shapes = f"{tuple(output.shape)}, got {tuple(cotangent.shape)}"
            raise UsageError(f"cotangents: expected the shape of {name}, {shapes}")
        return self._rounded(cotangent)


class _InTorch(TorchFunctionMode):
    """Refuses to make arrays of float64 tensors: what NumPy computes of the inputs would seem to be exact."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        if func.__name__ in {"numpy", "__array__"} and args[0].dtype == torch.float64:
            raise NoiseError(
                "fn: makes an array of NumPy of a tensor, where no noise can follow it; compute in torch",
                func.__name__,
            )
        return func(*args, **(kwargs or {}))


def of_dtype(dtype: object, argument: str = "dtype") -> str:
    """Return the name of a dtype for which tolerances can be derived.

    Args:
        dtype: `float32`, `float64`, `bfloat16` or `float16`, or torch's or NumPy's object for it.
        argument: what it was given as.

    Raises:
        UsageError: another one.
    """
    name = _name(dtype)
    if name not in FORMATS:
        raise UsageError(f"{argument}: expected {THERE_ARE}, got {name}")
    return name


def _name(dtype: object) -> str:
    text = getattr(dtype, "__name__", None) or str(dtype)
    return text.rpartition(".")[2]


def as_input(value: Any, what: str = "inputs") -> Any:
    """Return an argument of a program, with arrays as tensors.

    Args:
        value: the argument, or several of them.
        what: what it is called, for the message.

    Raises:
        UsageError: a complex or sparse tensor, one on the device meta, which has no numbers, or an array that
            is not of numbers that torch has.
    """
    return _mapped(_real, value, what)


def _real(value: Tensor) -> Tensor:
    if value.is_meta:
        raise UsageError("inputs: expected tensors with numbers, got one on the device meta, which has none")
    if value.layout is not torch.strided:
        raise UsageError(f"inputs: expected dense tensors, got one of the layout {value.layout}")
    if value.is_complex():
        raise UsageError(f"inputs: expected real tensors, got one of {_name(value.dtype)}")
    return value


def _mapped(function: Callable[[Tensor], Tensor], value: Any, name: str = "inputs") -> Any:
    """Return a value with a function applied to the tensors in it; arrays count as tensors."""
    if isinstance(value, Tensor):
        return function(value)
    if _is_array(value):
        return function(_as_tensor(np.asarray(value.detach() if hasattr(value, "detach") else value), name))
    if isinstance(value, dict):
        return {key: _mapped(function, each, f"{name}[{key!r}]") for key, each in value.items()}
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        made = [_mapped(function, each, f"{name}[{place}]") for place, each in enumerate(value)]
        # A named tuple, such as a PackedSequence, takes its fields one by one.
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    return value


def _as_tensor(array: Array, name: str) -> Tensor:
    """Return an array as a tensor.

    Raises:
        UsageError: it is not of numbers, or of numbers that torch lacks.
    """
    # As other libraries add it to NumPy; torch does not take it, and float32 holds all of its numbers.
    dtype = np.float32 if array.dtype.name == "bfloat16" else array.dtype.newbyteorder("=")
    try:
        return torch.tensor(array.astype(dtype, copy=False))
    except TypeError as error:
        told = f"{name}: expected an array of numbers that torch has, got one of {array.dtype}"
        raise UsageError(told) from error


def _is_array(value: Any) -> bool:
    """Whether a value is an array of NumPy, or of another library that NumPy can read; no single number."""
    return hasattr(value, "__array__") and hasattr(value, "shape") and not isinstance(value, np.generic)


def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what the tuples, lists and dicts of a value hold, each with its place: `output[1][0]`."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(f"{name}[{key!r}]", each)
    elif isinstance(value, (tuple, list)):
        for place, each in enumerate(value):
            yield from leaves(f"{name}[{place}]", each)
    else:
        yield name, value


def _whole(value: Tensor) -> Tensor:
    """Return a tensor with its numbers, where torch keeps only that they are negated, or all zero."""
    return value.clone() if value.is_neg() or value._is_zerotensor() else value  # noqa: SLF001 - no public name


def parted(named: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield named arrays or tensors, and complex ones as their parts: `output.real` and `output.imag`."""
    for name, value in named:
        if "complex" in str(value.dtype):
            yield f"{name}.real", value.real
            yield f"{name}.imag", value.imag
        else:
            yield name, value


def _tensors(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    return ((place, each) for place, each in leaves(name, value) if isinstance(each, Tensor))

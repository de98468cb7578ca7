"""Compares the modules of a candidate with the reference's, each on the inputs that the candidate gave it.

An inherited difference is in the inputs of both sides, so that it is not blamed on a module. Called by
diagnosis.first_divergence.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.diagnosis.divergence import Divergence, Element
from conformance.diagnosis.recording import Called, handed, kept, record, tensors
from conformance.errors import DegenerateError, NoiseError, UsageError
from conformance.reference.closeness import failure, headrooms
from conformance.reference.draws import BRANCH, draw
from conformance.reference.program import Program, as_input, of_dtype
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from torch import Tensor

    from conformance.reference.draws import Draw
    from conformance.sampling.values import Array

_KEY = "first_divergence"
_SHOWN = 3
_NARROW_TO_WIDE = ("float16", "bfloat16", "float32", "float64")
_RANDOM = "it draws at random, so that no two runs agree; call eval() on both models"


class _Call(torch.nn.Module):
    """A module as a program of two arguments: those by place, and those by keyword."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, args: Any, kwargs: Any) -> Any:
        return self.module(*args, **kwargs)


class _Inputs(torch.nn.Module):
    """A model as a program that returns what its modules were given."""

    def __init__(self, model: Any, names: tuple[str, ...]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: Any) -> Any:
        modules = dict(self.model.named_modules())
        calls = record({name: modules[name] for name in self.names}, lambda: self.model(*inputs))
        return {(each.name, each.number, place): x for each in calls for place, x in each.inputs.items()}


def dtype_of(candidate: Any, inputs: tuple[Any, ...]) -> str:
    """Return the widest dtype of a candidate's parameters; without any, that of its inputs."""
    values = [*candidate.parameters()] if hasattr(candidate, "parameters") else []
    found = [str(each.dtype).rpartition(".")[2] for each in values or tensors("", inputs).values()]
    known = [_NARROW_TO_WIDE.index(each) for each in found if each in _NARROW_TO_WIDE]
    return _NARROW_TO_WIDE[max(known)] if known else "float32"


def compare(
    reference: torch.nn.Module,
    candidate: Any,
    inputs: tuple[Any, ...],
    pairs: Mapping[str, str],
    *,
    dtype: Any,
    parameters: bool,
) -> Divergence | None:
    """Return the first divergence of matched modules; see `first_divergence`.

    Args:
        reference: the model that is right.
        candidate: the model that is compared.
        inputs: the arguments of both.
        pairs: the reference's names → the candidate's, in the reference's order.
        dtype: what the candidate computes in; None for the widest dtype of its parameters.
        parameters: whether parameters and buffers are compared first.
    """
    given = kept(inputs)
    lane = dtype_of(candidate, given) if dtype is None else of_dtype(dtype)
    right, ours = dict(reference.named_modules()), dict(candidate.named_modules())
    called = _reference_calls(reference, given, lane)
    if parameters:
        for name, other in pairs.items():
            if (found := _state(name, other, right[name], ours[other], lane)) is not None:
                return replace(found, unmatched=_unmatched(called, pairs))
    with torch.no_grad():
        modules = {name: ours[other] for name, other in pairs.items()}
        calls = _calls("candidate", candidate, handed(candidate, given, lane), modules)
    unmatched = _unmatched(called, {call.name for call in calls})
    for call in calls:
        found = _outputs(call, pairs[call.name], right[call.name], lane)
        if found is None:
            continue
        try:
            whole = draw(Program(_Inputs(reference, tuple(pairs)), given, lane, backward=False), _KEY)
        except (NoiseError, UsageError):
            # Rounding cannot be followed through the code between modules; what is found stands.
            whole = None
        below = [each for each in calls if _is_below(each.name, call.name)]
        others = (each for each in below if _inputs_agree(each, whole) is False)
        first = next((f"{each.name}, call {each.number}," for each in others), "")
        return replace(
            found, inputs_agree=_inputs_agree(call, whole), first_inputs=first, unmatched=unmatched
        )
    return None


def _reference_calls(reference: torch.nn.Module, inputs: tuple[Any, ...], lane: str) -> list[str]:
    """Return the names of the modules that the reference calls, in order."""
    model = copy.deepcopy(reference).cpu()
    model.to(getattr(torch, lane)).double()
    given = handed(model, handed(model, inputs, lane), "float64")
    with quietly_on_one_thread(), torch.no_grad():
        calls = _calls("reference", model, given, dict(model.named_modules()))
    return [*dict.fromkeys(call.name for call in calls)]


def _calls(side: str, model: Any, inputs: tuple[Any, ...], modules: Mapping[str, Any]) -> list[Called]:
    """Return the calls of a model's modules; refuse random numbers of torch's generator."""
    running: list[str] = []
    before = torch.get_rng_state()
    try:
        calls = record(modules, lambda: model(*inputs), running)
        drew = not torch.equal(before, torch.get_rng_state())
    except UsageError:
        raise
    except Exception as error:
        where = (running[-1] if running else "") or "the model"
        raise UsageError(f"{side}: {where} raised {type(error).__name__}: {error}") from error
    finally:
        torch.set_rng_state(before)
    if drew:
        raise UsageError(f"{side}: {_RANDOM}")
    return calls


def _unmatched(called: list[str], compared: Container[str]) -> tuple[str, ...]:
    return tuple(name for name in called if name not in compared)


def _is_below(name: str, module: str) -> bool:
    return name != module and (not module or name.startswith(f"{module}."))


def _state(name: str, other: str, right: Any, ours: Any, lane: str) -> Divergence | None:
    """Return the first parameter or buffer of a module itself that both sides have, and that differs."""
    theirs = dict(_own(ours))
    for key, value in _own(right):
        mine = theirs.get(key)
        # Of another shape, it is stored in another layout, and the outputs decide.
        if mine is None or tuple(mine.shape) != tuple(value.shape):
            continue
        expected, got = value.detach().cpu(), as_input(mine).detach().cpu()
        if expected.is_floating_point():
            expected, got = expected.to(getattr(torch, lane)).double(), got.double()
        oracle, array = expected.numpy(), got.numpy()
        if not np.array_equal(oracle, array, equal_nan=oracle.dtype.kind == "f"):
            worst = _worst(array, oracle, np.zeros(oracle.shape))
            wrong = int((array != oracle).sum())
            told = f"{key}: {wrong} of {oracle.size} elements are not those of the reference"
            stored = str(mine.dtype).rpartition(".")[2]
            told += f", and are stored in {stored}" if array.dtype.kind == "f" and stored != lane else ""
            first = f"  at {[*worst[0].place]}: expected {worst[0].expected}, got {worst[0].got}"
            return Divergence(name, other, 0, key, f"{told}\n{first}", worst)
    return None


def _own(module: Any) -> Iterator[tuple[str, Any]]:
    for kind in ("named_parameters", "named_buffers"):
        if hasattr(module, kind):
            yield from ((key, value) for key, value in getattr(module, kind)() if "." not in key)


def _outputs(call: Called, other: str, module: Any, lane: str) -> Divergence | None:
    """Return what is wrong with one call, given its own inputs."""
    what = f"{call.name or 'the whole model'}, call {call.number}"
    program = Program(_Call(module), (call.args, call.kwargs), lane, backward=False)
    try:
        right = draw(program, _KEY)
    except NoiseError as error:
        raise NoiseError(f"{what}: {error}", error.operation) from error
    except UsageError as error:
        raise UsageError(f"{what}: the reference's module on the candidate's inputs: {error}") from error
    if right is None:
        raise DegenerateError(f"{what}: on these inputs {BRANCH}; give others")
    return _compared(call, other, right)


def _compared(call: Called, other: str, right: Draw) -> Divergence | None:
    got = {name: _array(value) for name, value in tensors("output", call.output).items()}

    def found(name: str, told: str, worst: tuple[Element, ...] = ()) -> Divergence:
        return Divergence(call.name, other, call.number, name, told, worst)

    for name in right.returned:
        if name not in got:
            returned = ", ".join(got) or "no tensors"
            return found(name, f"{name}: missing; the candidate's module returns {returned}")
    judged, wrong = right.judged(got)
    if wrong:
        return found(wrong[0].partition(":")[0], wrong[0])
    for name, oracle in right.oracle.items():
        if name in judged and (told := failure(name, judged[name], right)) is not None:
            same = judged[name].shape == oracle.shape
            return found(name, told, _worst(judged[name], oracle, right.allowed(name)) if same else ())
    for name in got:
        if name not in right.returned:
            has = ", ".join(right.returned)
            return found(name, f"{name}: unexpected; the reference's module returns {has}")
    return None


def _array(value: Tensor) -> Array:
    value = value.float() if value.dtype == torch.bfloat16 else value
    return value.cpu().numpy()


def _worst(array: Array, oracle: Array, allowed: Array) -> tuple[Element, ...]:
    headroom = headrooms(array, oracle, allowed)[1]
    places = [np.unravel_index(at, oracle.shape) for at in np.argsort(headroom, axis=None)[:_SHOWN]]
    return tuple(
        Element(
            tuple(map(int, at)), float(oracle[at]), float(array[at]), float(allowed[at]), float(headroom[at])
        )
        for at in places
        if headroom[at] < 1
    )


def _inputs_agree(call: Called, whole: Draw | None) -> bool | None:
    """Whether a call was given what the reference's was, up to the rounding of what ran before."""
    if whole is None:
        return None
    for place, value in call.inputs.items():
        name = f"output[{(call.name, call.number, place)!r}]"
        if name not in whole.oracle:
            return None
        if failure(name, _array(value), whole) is not None:
            return False
    return True

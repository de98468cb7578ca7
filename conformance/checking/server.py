"""The candidate's side: makes instances of a candidate, calls them and sends what came.

Run by checking.candidate_main in the candidate's process. It knows no reference and no right numbers, and is
not told what a call is for. A question says what to `do`:

- `load`: import the candidate by its `spec`; the answer is its `name` and the `device`;
- `make`: make `instances` of it, under one `seed` of torch, and forget what was kept; the answer is the
  parameters and buffers of the first, by name;
- `put`: write parameters and buffers into an instance;
- `call`: call an instance; the answer is outputs, gradients and, if asked for, what became of the inputs. The
  cotangents of the outputs in `weights` are multiplied by those, so that no sign of a vector changes a
  gradient;
- `again`: look once more at the outputs and gradients of a call that was to be kept.
"""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from conformance.checking.layouts import LAYOUTS
from conformance.checking.settings import changed, functions, generators, settings
from conformance.checking.values import as_array, as_tensor, dtype_name, unpacked
from conformance.files import home
from conformance.reference.program import leaves
from conformance.registry import find_attribute
from conformance.subjects import raised
from conformance.subjects.devices import stated_precision, synchronise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conformance.sampling.values import Array

    # The header and the arrays of an answer.
    Answer = tuple[dict[str, Any], dict[str, Any]]


class Server:
    """A candidate, and the answers to questions about it."""

    def __init__(self) -> None:
        self._found: Any = None
        self._functions = functions()
        self._first: dict[str, object] = {}
        self._changed: set[str] = set()
        self._device, self._allow_tf32 = "cpu", False
        self._dtype = torch.float32
        self._instances: list[Any] = []
        self._slots: dict[str, Any] = {}
        self._kept: dict[str, dict[str, Any]] = {}

    def answer(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Answer:
        """Answer one question.

        Raises:
            Exception: as the candidate raised it.
        """
        answers = {
            "load": self._load,
            "make": self._make,
            "put": self._put,
            "call": self._call,
            "again": self._again,
        }
        # For each question anew: a candidate may have changed it.
        with stated_precision(self._device, allow_tf32=self._allow_tf32):
            return answers[question["do"]](question, arrays)

    def _load(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Answer:
        del arrays
        self._device, self._allow_tf32 = question["device"], question["allow_tf32"]
        self._dtype = getattr(torch, question["dtype"])
        with stated_precision(self._device, allow_tf32=self._allow_tf32) as told:
            pass
        spec, path = question["spec"], Path(question["spec"].rpartition(":")[0])
        # A file is found without the current directory, where the reference may be, and finds what is next to
        # it only where that is not.
        beside = {path.parent, home(path)}.isdisjoint(Path(each).parent for each in question["hidden"])
        self._found = find_attribute("candidate", spec, here=path.suffix != ".py", beside=beside)[1]
        if not callable(self._found):
            kind = type(self._found).__name__
            raise TypeError(f"expected a function of tensors or a class of modules, got {kind}")
        # What subjects.host expects of every subject.
        expected = {"name": spec, "uses": [], "declarations": {}, "supports": {}}
        return {**expected, "device": told, "makes": isinstance(self._found, type)}, {}

    def _make(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Answer:
        self._slots, self._kept, self._instances = {}, {}, []
        for _ in range(question["instances"]):
            seeded(question["seed"])
            init = unpacked(question["init"], arrays, self._placed)
            self._instances.append(self._made(init))
        state = state_of(self._instances[0])
        return {"kinds": {name: kind for name, (kind, _) in state.items()}, **_dtypes(state)}, {
            name: as_array(value) for name, (_, value) in state.items()
        }

    def _made(self, init: tuple[Any, ...]) -> Any:
        if not isinstance(self._found, type):
            is_module = isinstance(self._found, torch.nn.Module)
            made = copy.deepcopy(self._found) if is_module else self._found
        else:
            made = self._found(*init)
        return made.to(self._device, self._dtype) if isinstance(made, torch.nn.Module) else made

    def _put(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Answer:
        state = state_of(self._instances[question["instance"]])
        with torch.no_grad():
            for name, array in arrays.items():
                state[name][1].copy_(as_tensor(array, question["dtypes"][name]))
        return {}, {}

    def _call(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Answer:
        instance = self._instances[question["instance"]]
        inputs = self._inputs(question, arrays)
        named = {name: each for name, each in leaves("grad", list(inputs)) if isinstance(each, Tensor)}
        parameters = {
            f"grad.{name}": each for name, (kind, each) in state_of(instance).items() if kind == "P"
        }
        sources = {name: each for name, each in (named | parameters).items() if name in question["wrt"]}
        for name, each in (named | parameters).items():
            each.requires_grad_(name in sources)
        if question["evaluated"]:
            instance.eval()
        mode = torch.inference_mode() if question["inference"] else torch.set_grad_enabled(question["grad"])
        with mode:
            # What a call sets stays set, so that only the first one shows it; `make` seeds generators.
            self._first = self._first or settings()
            before = {**self._first, **generators()} if question["settings"] else {}
            returned = instance(*inputs)
            if before:
                self._note(before)
        synchronise(self._device)
        outputs = dict(leaves("output", returned))
        header, found = self._told(outputs, named | parameters)
        if question["between"]:
            instance(*unpacked(question["between"], arrays, self._placed))
        if question["cotangents"]:
            given = unpacked(question["cotangents"], arrays, self._laid(question["layout"]))
            gradients = _gradients(outputs, sources, _weighted(given, outputs, question["weights"]), header)
            synchronise(self._device)
            found |= {name: as_array(each) for name, each in gradients.items()}
            header["dtypes"] |= {name: dtype_name(each.dtype) for name, each in gradients.items()}
            outputs |= gradients
            named |= {f"cotangent of {name}": each for name, each in given.items()}
        if before:
            self._note(before)
            header["settings"] = sorted(self._changed)
        if question["after"]:
            after = {f"after:{name}": each for name, each in (named | parameters).items()}
            found |= {name: as_array(each) for name, each in after.items()}
            header["dtypes"] |= {name: dtype_name(each.dtype) for name, each in after.items()}
        if question["keep"]:
            self._kept[question["keep"]] = {name: each for name, each in outputs.items() if is_plain(each)}
        return header, found

    def _again(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Answer:
        del arrays
        kept = self._kept[question["kept"]]
        dtypes = {name: dtype_name(each.dtype) for name, each in kept.items()}
        return {"dtypes": dtypes}, {name: as_array(each) for name, each in kept.items()}

    def _inputs(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, ...]:
        """Return the arguments of a call, in memory of their own or written over those of the call before."""
        slot = question["slot"]
        inputs: tuple[Any, ...] = unpacked(question["inputs"], arrays, self._laid(question["layout"]))
        if not slot:
            return inputs
        before = self._slots.setdefault(slot, inputs)
        if before is not inputs:
            with torch.no_grad():
                for (_, old), (_, new) in zip(leaves("", before), leaves("", inputs), strict=True):
                    if isinstance(old, Tensor):
                        old.copy_(new)
        return tuple(before)

    def _told(self, outputs: Mapping[str, Any], given: Mapping[str, Tensor]) -> Answer:
        """Return what the outputs are, and their numbers, as they are before anything else is called."""
        tensors = {name: each for name, each in outputs.items() if is_plain(each)}
        header: dict[str, Any] = {
            "others": {name: type(each).__name__ for name, each in outputs.items() if name not in tensors},
            "differentiable": [name for name, each in tensors.items() if each.requires_grad],
            "devices": {name: each.device.type for name, each in tensors.items()},
            "shares": {name: shared for name, each in tensors.items() if (shared := sharing(each, given))},
            "dtypes": {name: dtype_name(each.dtype) for name, each in tensors.items()},
        }
        return header, {name: as_array(each) for name, each in tensors.items()}

    def _note(self, before: Mapping[str, object]) -> None:
        """Note which settings and functions are not what they were."""
        self._changed.update(changed({**self._functions, **before}, {**functions(), **settings()}))

    def _laid(self, layout: str) -> Callable[[Tensor], Tensor]:
        return lambda tensor: LAYOUTS[layout](self._placed(tensor))

    def _placed(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._device)


def _weighted(
    cotangents: Mapping[str, Tensor], outputs: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Tensor]:
    """Return cotangents, those of some outputs as the gradients of half a weighted sum of their squares."""
    return {
        name: each * outputs[name].detach() if name in names and _fits(outputs.get(name), each) else each
        for name, each in cotangents.items()
    }


def _fits(output: Any, cotangent: Tensor) -> bool:
    return is_plain(output) and output.shape == cotangent.shape


def _gradients(
    outputs: Mapping[str, Any],
    sources: Mapping[str, Tensor],
    cotangents: Mapping[str, Tensor],
    header: dict[str, Any],
) -> dict[str, Tensor]:
    """Return the gradients by name; where there are none the header says as `backward` what was raised."""
    into = {
        name: outputs[name]
        for name in cotangents
        if is_plain(outputs.get(name)) and outputs[name].requires_grad
    }
    if not into or not sources:
        return {}
    found: Any
    try:
        found = torch.autograd.grad(
            [*into.values()], [*sources.values()], [cotangents[name] for name in into], allow_unused=True
        )
    except Exception as error:  # noqa: BLE001 - a candidate may raise anything
        header["backward"] = raised.told(error)
        return {}
    return {name: each for name, each in zip(sources, found, strict=True) if each is not None}


def is_plain(value: object) -> bool:
    """Whether a value is a tensor of torch's own class; another one may compute when it is looked at."""
    return type(value) in {Tensor, torch.nn.Parameter}


def sharing(output: Tensor, given: Mapping[str, Tensor]) -> list[str]:
    """Return the inputs and parameters whose memory a tensor shares, by name."""
    own = output.untyped_storage()
    # Empty storages may all be at the same address.
    return [
        name
        for name, each in given.items()
        if own.nbytes() and each.untyped_storage().data_ptr() == own.data_ptr()
    ]


def state_of(instance: Any) -> dict[str, tuple[str, Tensor]]:
    """Return the parameters (P) and buffers (B) of an instance by name; a function has none."""
    if not isinstance(instance, torch.nn.Module):
        return {}
    found: Iterator[tuple[str, str, Tensor]] = (
        (kind, name, value)
        for kind, values in (("P", instance.named_parameters()), ("B", instance.named_buffers()))
        for name, value in values
    )
    return {name: (kind, value) for kind, name, value in found}


def _dtypes(state: Mapping[str, tuple[str, Tensor]]) -> dict[str, dict[str, str]]:
    return {"dtypes": {name: dtype_name(value.dtype) for name, (_, value) in state.items()}}


def seeded(seed: int) -> None:
    """Seed all generators that a constructor may draw from."""
    torch.manual_seed(seed)
    random.seed(seed)
    # Both, because a legacy program draws from NumPy's global generator.
    np.random.seed(seed % 2**32)  # noqa: NPY002

"""The judge's side of a candidate: asks its process, and takes what comes for what it holds.

Made by checking.check, asked by checking.judge. A `Direct` candidate runs in the judge's process, for tests
and for programs of one's own, which need no guard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from conformance.checking.server import Server
from conformance.checking.values import as_array, dtype_name, numbers, packed
from conformance.errors import UsageError
from conformance.subjects import raised
from conformance.subjects.wire import Foreign, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from conformance.sampling.values import Array
    from conformance.subjects.host import Process

# How much of a text from the candidate is kept.
_LONGEST = 200


class Transport(Protocol):
    """What carries a question to a candidate and its answer back."""

    def ask(self, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, Any]:
        """Return the header and the arrays of the answer."""

    def garbage(self, why: str) -> Exception:
        """Return the error about an answer that is none."""

    def device(self) -> Mapping[str, Any]:
        """Return what it said of its device, once it is loaded."""

    def close(self) -> None:
        """End what runs the candidate."""


@dataclass
class Hosted:
    """A candidate in a process of its own."""

    process: Process

    def ask(self, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, Any]:
        """Return the answer.

        Raises:
            Ended: the process has ended instead.
            UsageError: the candidate cannot be imported, or what is sent is too large.
        """
        try:
            message = self.process.ask(header, arrays)
        except UsageError:
            raise
        except ValueError as error:
            raise UsageError(f"inputs: {error}") from error
        return message.header, message.arrays

    def garbage(self, why: str) -> Exception:
        """End the process, and return the error about what it sent."""
        return self.process.garbage(why)

    def device(self) -> Mapping[str, Any]:
        """Return what it said of its device."""
        found = self.process.hello.get("device")
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        """End the process."""
        self.process.close()


@dataclass
class Direct:
    """A candidate in the judge's process."""

    load: Mapping[str, Any]
    server: Server = field(default_factory=Server)
    about: Mapping[str, Any] = field(default_factory=dict)

    def ask(self, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, Any]:
        """Return the answer."""
        if not self.about:
            self.about = self.server.answer(self.load, {})[0]["device"]
        try:
            return self.server.answer(header, arrays)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a candidate may raise anything
            return {"error": raised.told(error)}, {}

    def garbage(self, why: str) -> Exception:
        """Return the error about an answer that is none."""
        return ValueError(why)

    def device(self) -> Mapping[str, Any]:
        """Return what it said of its device."""
        return self.about

    def close(self) -> None:
        """Nothing has to be ended."""


class Reply(NamedTuple):
    """What a call came to.

    Attributes:
        values: the numbers of outputs, gradients and, as `after:NAME`, of what it was given, by name.
        dtypes: the names of their dtypes.
        header: the rest, of which nothing is certain.
    """

    values: Mapping[str, Array]
    dtypes: Mapping[str, str]
    header: Mapping[str, Any]

    def texts(self, key: str) -> dict[str, str]:
        """Return a mapping of texts in the header; empty where it holds something else."""
        found = self.header.get(key)
        if not isinstance(found, dict):
            return {}
        return {str(name): printable(str(told), _LONGEST) for name, told in found.items()}

    def names(self, key: str) -> set[str]:
        """Return the names that the header lists."""
        found = self.header.get(key)
        return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()

    @property
    def backward(self) -> str:
        """What backward raised instead of gradients, if it did."""
        told = self.header.get("backward")
        return _sentence(told) if told else ""


class RaisedError(Exception):
    """The candidate raised an exception; the message tells which."""


@dataclass
class Candidate:
    """A candidate for a program.

    Attributes:
        transport: what carries questions to it.
        init: the arguments of its class.
        seed: under which its instances are made.
        names: from the reference's names of parameters to its own, where those differ.
    """

    transport: Transport
    init: tuple[Any, ...] = ()
    seed: int = 0
    names: Mapping[str, str] = field(default_factory=dict)

    def make(self, instances: int = 1) -> tuple[Mapping[str, str], Mapping[str, Array]]:
        """Make instances, and return the kinds and the values of the parameters and buffers of the first."""
        arrays: dict[str, Array] = {}
        init = packed("init inputs", self.init, arrays)
        question = {"do": "make", "instances": instances, "seed": self.seed, "init": init}
        reply, header = self._ask(question, arrays)
        return {str(name): str(kind) for name, kind in dict(header.get("kinds") or {}).items()}, reply.values

    def put(self, instance: int, state: Mapping[str, Tensor]) -> None:
        """Write parameters and buffers, by the reference's names, into an instance."""
        own = {self.names.get(name, name): value for name, value in state.items()}
        dtypes = {name: dtype_name(value.dtype) for name, value in own.items()}
        question = {"do": "put", "instance": instance, "dtypes": dtypes}
        self._ask(question, {name: as_array(value) for name, value in own.items()})

    def call(
        self,
        inputs: tuple[Any, ...],
        cotangents: Mapping[str, Tensor],
        wrt: set[str],
        between: tuple[Any, ...] | None = None,
        **how: Any,
    ) -> Reply:
        """Call an instance.

        Args:
            inputs: its arguments.
            cotangents: by output; none for no gradients.
            wrt: the inputs and parameters that need gradients, by the reference's names.
            between: the arguments of another call, before backward; None for no such call.
            **how: what else the question says; see checking.server.
        """
        arrays: dict[str, Array] = {}
        question = {
            "do": "call",
            "instance": 0,
            "grad": True,
            "inference": False,
            "evaluated": False,
            "settings": False,
            "weights": [],
            "layout": "plain",
            "slot": "",
            "keep": "",
            "after": False,
            "inputs": packed("inputs", inputs, arrays),
            "between": None if between is None else packed("between", between, arrays),
            "cotangents": packed("cotangents", dict(cotangents), arrays) if cotangents else None,
            "wrt": sorted(self._theirs(name) for name in wrt),
        }
        return self._ours(self._ask(question | how, arrays)[0])

    def again(self, kept: str) -> Reply:
        """Look once more at what a call returned."""
        return self._ours(self._ask({"do": "again", "kept": kept}, {})[0])

    @property
    def device(self) -> dict[str, str]:
        """The device, and how precise its products are, as its process states them."""
        told = self.transport.device().items()
        return {printable(str(name), _LONGEST): printable(str(value), _LONGEST) for name, value in told}

    def close(self) -> None:
        """End its process."""
        self.transport.close()

    def _theirs(self, name: str) -> str:
        own = self.names.get(name.removeprefix("grad."))
        return f"grad.{own}" if own else name

    def _ours(self, reply: Reply) -> Reply:
        """Return an answer with the reference's names of parameters."""
        back = {own: ours for ours, own in self.names.items()}

        def ours(name: str) -> str:
            start, grad, rest = name.rpartition("grad.")
            return f"{start}{grad}{back.get(rest, rest)}" if grad else name

        return Reply(
            {ours(name): each for name, each in reply.values.items()},
            {ours(name): each for name, each in reply.dtypes.items()},
            reply.header,
        )

    def _ask(
        self, question: Mapping[str, Any], arrays: Mapping[str, Array]
    ) -> tuple[Reply, Mapping[str, Any]]:
        header, found = self.transport.ask(question, arrays)
        if "error" in header:
            raise RaisedError(_sentence(header["error"]))
        dtypes = header.get("dtypes", {})
        if not isinstance(dtypes, dict):
            raise self.transport.garbage("it names no dtypes")
        try:
            pairs = {name: _numbers(name, each, dtypes.get(name)) for name, each in found.items()}
        except TypeError as error:
            raise self.transport.garbage(f"{error}") from None
        values = {name: each for name, (each, _) in pairs.items()}
        return Reply(values, {name: each for name, (_, each) in pairs.items()}, header), header


def _numbers(name: str, array: Any, told: object) -> tuple[Array, str]:
    """Return the numbers of an answer, and their dtype; what is told counts for raw words only."""
    if array is None or isinstance(array, Foreign):
        raise TypeError(f"{printable(name, _LONGEST)} is not an array")
    dtype = "bfloat16" if told == "bfloat16" and array.dtype == np.uint16 else array.dtype.name
    return numbers(array, dtype), dtype


def _sentence(told: object) -> str:
    """Return what was raised in one line."""
    try:
        error = raised.again(told)
    except ValueError as wrong:
        return f"it raised something, but {wrong}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

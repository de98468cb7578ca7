"""Compares what a call came to with what is right, by the tolerances of reference.closeness.

Called by checking.judge for each call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from conformance.judging.sight import NAMES, mistrusted
from conformance.reference.closeness import failure, headrooms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.checking.candidate import Reply
    from conformance.checking.trials import Trial
    from conformance.sampling.values import Array


@dataclass
class Compared:
    """What was found in the calls of a criterion.

    Attributes:
        wrong: what is wrong, in words.
        raised: what the candidate raised, or how its process ended.
        headroom: of the number nearest to its tolerance.
        observable: the name of what holds it.
        elements: how many numbers were compared.
        sighted: whether a cheap wrong answer that decides would have been noticed anywhere.
        unseen: by output and gradient, the cheap wrong answers that would have passed in every call.
    """

    wrong: list[str] = field(default_factory=list)
    raised: str = ""
    headroom: float = inf
    observable: str | None = None
    elements: int = 0
    sighted: bool = False
    unseen: dict[str, set[str]] = field(default_factory=dict)

    @property
    def blind(self) -> bool:
        """Whether every cheap wrong answer would have passed."""
        return bool(self.elements) and not self.sighted

    @property
    def would_pass(self) -> list[str]:
        """The cheap wrong answers that would have passed as some output or gradient, in every call."""
        return [name for name in NAMES if any(name in each for each in self.unseen.values())]

    def saw(self, name: str, blind: Iterable[str]) -> None:
        """Note which cheap wrong answers would have passed as an output or gradient in one call."""
        wrong = set(blind)
        self.sighted = self.sighted or not mistrusted(wrong)
        self.unseen[name] = self.unseen.get(name, wrong) & wrong


def compared(
    found: Compared, trial: Trial, reply: Reply, wrt: set[str], dtype: str, device: str = "cpu"
) -> None:
    """Compare one call, and note what was found.

    Args:
        found: takes it.
        trial: what is right.
        reply: what came.
        wrt: the names of the gradients that were asked for.
        dtype: that of all floating results.
        device: the type of the device that outputs have to be on.
    """
    for name in trial.outputs:
        if told := _lacking(name, reply, device):
            found.wrong.append(f"{name}: {told}")
        elif name in trial.right.reported:
            _typed(found, trial.right.reported[name], name, reply, dtype)
        else:
            _compare(found, trial, name, reply, reply.values, dtype)
    judged, wrong = trial.right.judged(reply.values)
    found.wrong += wrong
    for name in trial.instead:
        if name in judged:
            _compare(found, trial, name, reply, judged, dtype)
    extra = {name for name in reply.values if name.startswith("output")} - set(trial.outputs)
    found.wrong += [
        f"{name}: unexpected; the reference returns no tensor there" for name in sorted(extra)[:3]
    ]
    if reply.backward:
        found.raised = f"backward: {reply.backward}"
        return
    for name in trial.gradients:
        if name in wrt:
            _compare(found, trial, name, reply, reply.values, dtype)


def _lacking(name: str, reply: Reply, device: str) -> str:
    """Return why an output cannot be compared; empty where it can."""
    others, devices = reply.texts("others"), reply.texts("devices")
    if name in others:
        return f"expected a tensor, got {others[name]}"
    if name not in reply.values:
        returned = [each for each in reply.values if each.startswith("output")]
        return f"missing; returned are {', '.join(returned) or 'no tensors'}"
    if devices.get(name, device) != device:
        return f"expected a tensor on {device}, got one on {devices[name]}"
    return ""


def _typed(found: Compared, oracle: Array, name: str, reply: Reply, dtype: str) -> bool:
    """Return whether a result has the dtype; note it where it has not."""
    given = reply.dtypes.get(name, dtype)
    if oracle.dtype.kind != "f" or given == dtype:
        return True
    found.wrong.append(f"{name}: expected {dtype}, got {given}")
    return False


def _compare(
    found: Compared, trial: Trial, name: str, reply: Reply, values: Mapping[str, Array], dtype: str
) -> None:
    """Compare one observable, which is among the values of a reply or made of them."""
    oracle, allowed = trial.right.oracle[name], trial.right.allowed(name)
    got, is_missing = values.get(name), name not in values
    if got is None:
        # As torch has it, nothing depends on it: the gradient is zero.
        got = np.zeros_like(oracle)
    elif not _typed(found, oracle, name, reply, dtype):
        return
    if wrong := failure(name, got, trial.right):
        found.wrong.append(f"{name}: there is none, as if nothing depended on it" if is_missing else wrong)
    if got.shape != oracle.shape or got.dtype.kind != oracle.dtype.kind:
        return
    nearest = float(headrooms(got, oracle, allowed)[1].min(initial=inf))
    if nearest < found.headroom:
        found.headroom, found.observable = nearest, name
    found.elements += oracle.size
    found.saw(name, trial.would_pass[name])


def untouched(sent: Mapping[str, Array], reply: Reply) -> Iterator[tuple[str, str]]:
    """Yield what a call has changed of what it was given, by name, with what it has become."""
    for name, before in sent.items():
        after = reply.values.get(f"after:{name}")
        if after is None:
            # A buffer, or a cotangent that was not sent.
            continue
        if before.shape != after.shape or not np.array_equal(
            before, after, equal_nan=before.dtype.kind == "f"
        ):
            changed = int((before != after).sum()) if before.shape == after.shape else before.size
            yield name, f"{changed} of {before.size} numbers were overwritten"

"""Runs the criteria of a check and makes a row of each.

Called by checking.check. The rows of a candidate whose values are wrong end there; other rows judge gradients
only where the gradients of a plain call are right, and call
without gradients only where `no_grad` passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from torch.nn import Module

from conformance.checking.candidate import RaisedError
from conformance.checking.compare import Compared, compared, untouched
from conformance.checking.criteria import CRITERIA, Call
from conformance.checking.row import Row
from conformance.checking.trials import Key, UnjudgedError, tensors_of
from conformance.checking.values import as_array, dtype_name, numbers
from conformance.errors import ReferenceRaisedError, UsageError
from conformance.subjects.protocol import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.checking.candidate import Candidate, Reply
    from conformance.checking.criteria import Criterion
    from conformance.checking.trials import Trial, Trials

# After as many criteria in a row that ended the candidate's process the rest is left out.
_DEATHS = 3
# How many outputs and gradients a row tells what is wrong with.
_TOLD = 2

PASSES = ("PASS", "MISTRUSTED")


@dataclass
class Judge:
    """A candidate, judged by some criteria.

    Attributes:
        candidate: the candidate.
        trials: what is right.
        criteria: the criteria, in order.
        device: the type of the device that outputs have to be on.
    """

    candidate: Candidate
    trials: Trials
    criteria: Sequence[Criterion] = CRITERIA
    device: str = "cpu"
    _gradients: bool = False
    _without: bool = False
    _deaths: int = field(default=0)

    def rows(self) -> Iterator[Row]:
        """Yield a row per criterion."""
        over = ""
        for criterion in self.criteria:
            why = over or self._left_out(criterion)
            row = Row(criterion.name, "SKIP", reason=why) if why else self._row(criterion)
            yield row
            if criterion.name == "values" and not row.ok:
                over = "the values are wrong already"
            if criterion.name == "no_grad":
                self._without = row.status in PASSES
            if criterion.name == "gradients":
                self._gradients = row.status in PASSES
            if self._deaths == _DEATHS:
                over = f"{_DEATHS} criteria in a row ended the candidate's process"

    def _left_out(self, criterion: Criterion) -> str:
        """Return why a criterion does not apply; empty where it does."""
        has, trials = self.trials.get(Key()), self.trials
        trained = any(name.startswith("grad.") for name in has.gradients)
        floating = any(each.is_floating_point() for each in tensors_of(has.inputs).values())
        far = any(call.cotangents != 1 for call in criterion.calls) and trials.dtype == "float16"
        without = "the reference has no gradients" if trials.backward else "forward only"
        lacking = {
            "gradients": "" if has.gradients else without,
            "several gradients": ""
            if self._gradients and len(has.gradients) > 1
            else "there are not several gradients that are right",
            "module": "" if isinstance(trials.reference.program, Module) else "the reference is not a module",
            "trained": "" if trained else "no parameter has a gradient",
            "instances": "" if trials.reference.state else "the reference has no parameters",
            "shapes": "" if trials.shapes else "no other shapes were asked for",
            "floating inputs": "" if floating else "no input is a floating tensor",
        }
        return lacking.get(criterion.needs, "") or ("float16 does not reach as far" if far else "")

    def _row(self, criterion: Criterion) -> Row:
        found = Compared()
        try:
            self._run(criterion, found)
            self._deaths = 0
        except UnjudgedError as error:
            return Row(criterion.name, "SKIP", reason=str(error))
        except (RaisedError, ReferenceRaisedError) as error:
            found.raised = str(error)
        except Ended as error:
            self._deaths += 1
            found.raised = str(error)
        status = (
            "FAIL" if found.wrong else "ERROR" if found.raised else "MISTRUSTED" if found.blind else "PASS"
        )
        more = [f"and {len(found.wrong) - _TOLD} more"] if len(found.wrong) > _TOLD else []
        why = "\n".join([*found.wrong[:_TOLD], *more]) or found.raised
        if status == "MISTRUSTED":
            why = "zeros, the mean everywhere and rolled rows would pass as well"
        nearest = found.headroom if found.elements and found.headroom < inf else None
        would_pass = tuple(found.would_pass) if status in PASSES and found.elements else None
        return Row(criterion.name, status, nearest, found.observable, found.elements, why, would_pass)

    def _run(self, criterion: Criterion, found: Compared) -> None:
        calls = self._calls(criterion)
        self.candidate.make(1 + max(call.instance for call, _ in calls))
        for instance in {call.instance for call, _ in calls}:
            if state := self.trials.state(instance):
                self.candidate.put(instance, state)
        replies: list[Reply] = []
        for number, (call, key) in enumerate(calls):
            trial = self._trial(key).under(call.cotangents)
            wrt = self._wrt(call, criterion, trial)
            if call.wrt not in {"all", "none"} and not wrt:
                continue
            if call.parameters is not None:
                self.candidate.put(call.instance, self.trials.state(call.parameters))
            between = None if call.between is None else self._trial(Key(call.between)).inputs
            reply = self.candidate.call(
                trial.inputs,
                trial.cotangents if wrt and call.grad else {},
                wrt,
                between,
                instance=call.instance,
                grad=call.grad,
                inference=call.inference,
                evaluated=call.evaluated,
                layout=call.layout,
                slot="kept" if call.kept else "",
                keep=f"{number}" if criterion.look == "again" else "",
                after=criterion.look == "untouched",
                settings=criterion.look == "settings",
                weights=[*trial.right.reported],
            )
            if criterion.look != "again":
                compared(found, trial, reply, wrt if call.grad else set(), self.trials.dtype, self.device)
            self._looked_at(criterion, call, found, trial, reply)
            replies.append(reply)
            # The first call that is wrong says enough.
            if found.wrong or found.raised:
                return
        if criterion.look == "again":
            self._looked_at_again(found, replies)

    def _trial(self, key: Key) -> Trial:
        """Return a trial.

        Raises:
            ReferenceRaisedError: the reference, which runs on the declared inputs, does not on these.
            UnjudgedError: it cannot be judged on inputs of that scale.
        """
        try:
            return self.trials.get(key)
        except UsageError as error:
            raise ReferenceRaisedError(str(error)) from error

    def _calls(self, criterion: Criterion) -> list[tuple[Call, Key]]:
        if criterion.needs == "shapes":
            return [(Call(), Key(shape=place)) for place in range(len(self.trials.shapes))]
        without = self._without or criterion.name == "no_grad"
        return [
            (
                call,
                Key(
                    call.draw, call.scale, instance=call.parameters or call.instance, evaluated=call.evaluated
                ),
            )
            for call in criterion.calls
            if call.grad or without
        ]

    def _wrt(self, call: Call, criterion: Criterion, trial: Trial) -> set[str]:
        """Return what needs a gradient in a call."""
        judged = self._gradients or criterion.name == "gradients"
        if not criterion.gradients or not judged:
            return set()
        names = trial.gradients
        inputs = [name for name in names if name.startswith("grad[")]
        chosen = {
            "all": names,
            "inputs": inputs,
            "parameters": [name for name in names if name not in inputs],
            "first": names[:1],
            "last": names[-1:],
            "none": [],
        }
        return set(chosen[call.wrt])

    def _looked_at(
        self, criterion: Criterion, call: Call, found: Compared, trial: Trial, reply: Reply
    ) -> None:
        """Ask what else a criterion asks of a call."""
        recorded = [
            name for name in sorted(reply.names("differentiable")) if name not in reply.texts("shares")
        ]
        if not call.grad and recorded:
            found.wrong.append(f"{', '.join(recorded)}: requires a gradient under no_grad")
        if criterion.look == "memory":
            shares: Any = reply.header.get("shares")
            for name, shared in shares.items() if isinstance(shares, dict) else ():
                if more := sorted(set(map(str, shared)) - set(self.trials.shares.get(name, ()))):
                    found.wrong.append(f"{name}: shares memory with {', '.join(map(_given, more))}")
        if criterion.look == "settings" and (other := sorted(reply.names("settings"))):
            found.wrong.append(f"the call has changed {', '.join(other[:3])}")
        if criterion.look == "untouched":
            sent = tensors_of(trial.inputs)
            sent |= {f"grad.{name}": value for name, value in self.trials.state(call.instance).items()}
            sent |= {f"cotangent of {name}": value for name, value in trial.cotangents.items()}
            bits = {name: numbers(as_array(value), dtype_name(value.dtype)) for name, value in sent.items()}
            found.wrong += [f"{_given(name)}: {told}" for name, told in untouched(bits, reply)]

    def _looked_at_again(self, found: Compared, replies: Sequence[Reply]) -> None:
        """Compare earlier results with what has become of them."""
        for number, reply in enumerate(replies[:-1]):
            later = self.candidate.again(f"{number}")
            for name, before in reply.values.items():
                after = later.values.get(name)
                if after is None or not np.array_equal(before, after, equal_nan=before.dtype.kind == "f"):
                    told = f"the result of call {number + 1} has changed after {len(replies)} calls"
                    found.wrong.append(f"{name}: {told}")
            if found.wrong:
                return


def _given(name: str) -> str:
    """Return what a gradient's name is of, in words."""
    if name.startswith("grad["):
        return f"input {name.removeprefix('grad')}"
    return name.replace("grad.", "parameter ", 1)

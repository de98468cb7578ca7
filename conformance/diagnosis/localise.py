"""Where a subject leaves the reference first: which layer, direction, step and gate of a recurrent case.

A subject is a black box that runs tasks: it is given smaller ones, made by diagnosis.refeeding of the
oracle's arrays, and judged as in a run. Of other cases the pattern of the wrong elements is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.diagnosis import refeeding
from conformance.diagnosis.asking import Asker
from conformance.diagnosis.gates import find_gates
from conformance.diagnosis.layers import Found, find_layer
from conformance.diagnosis.location import Location
from conformance.diagnosis.patterns import pattern
from conformance.diagnosis.refeeding import Problem
from conformance.diagnosis.steps import find_step
from conformance.errors import UnpreparedError, UsageError, unknown
from conformance.sampling.sample import Sample
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import EVERY_LANE, LANES, Task
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Case
    from conformance.diagnosis.asking import Asked
    from conformance.judging.prepared import Prepared
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Implementation


def localise(
    case: Case | str,
    sample: Sample | str,
    subject: Implementation,
    lane: str | None = None,
    stored: Mapping[str, Array] | None = None,
) -> Location:
    """Return the first layer, direction, step and gate in which a subject is out of tolerance.

    The subject is given at most 40 tasks: the sample, and smaller tasks of the same case that are made of its
    parts. Each is fed by the oracle: a layer gets the right output of the layer below, and a step the right
    state. What is wrong there is introduced there, and what is right there has inherited its error.
    Cotangents are drawn anew for each task.

    Args:
        case: the case, or its name.
        sample: a sample of it, or its text. Of a use, the plain call is looked at.
        subject: the implementation.
        lane: where to look; by default the first lane in which the subject fails.
        stored: arrays that replace drawn ones, as a bundle's.

    Raises:
        UsageError: the case or the lane is unknown, or the sample is not one of that case.

    Example:
        >>> from conformance.diagnosis.localise import localise
        >>> from conformance.faults import FAULTS, faulty
        >>> text = "nn.LSTMCell:seed=0,draw=0,class=small,regime=normal,N=3,I=4,H=3,bias=true,states=true"
        >>> localise("nn.LSTMCell", text, faulty(FAULTS["bias-o-dropped"])).gate
        'o'
    """
    if isinstance(case, str):
        if case not in CASES:
            raise unknown("case", case, CASES)
        case = CASES[case]
    drawn = Sample.parse(sample) if isinstance(sample, str) else sample
    if drawn.case != case.name:
        raise UsageError(f"sample: expected one of {case.name}, got {drawn.text!r}")
    names = {*case.space.sizes, *case.space.flags}
    if set(drawn.settings) != names:
        raise UsageError(f"sample: expected the settings {', '.join(sorted(names))}, got {drawn.text!r}")
    if lane is not None and lane not in EVERY_LANE:
        raise UsageError(f"lane: expected one of {', '.join(EVERY_LANE)}, got {lane!r}")
    with quietly_on_one_thread():
        return _localise(case, drawn, subject, lane, stored or {})


def _localise(
    case: Case, sample: Sample, subject: Implementation, lane: str | None, stored: Mapping[str, Array]
) -> Location:
    from conformance.judging.prepared import prepare

    asker = Asker(subject)
    lanes = (
        [lane]
        if lane
        else [each for each in (*LANES, *EVERY_LANE[2:]) if each in supports_of(subject).dtypes]
    )
    nothing = Location(case.name, sample.text, lane, told="cannot be told: the subject supports no dtype")
    for each in lanes:
        try:
            prepared = prepare(case, sample.plain, [each], stored, supports_of(subject).inside)
        except UnpreparedError as error:
            return replace(nothing, lane=each, told=f"cannot be told: {error}")
        found = asker.judged(prepared, each)
        nothing = replace(nothing, lane=each, calls=asker.calls)
        if found.wrong:
            return replace(_located(asker, prepared, each, found, nothing), calls=asker.calls)
        if found.why:
            return replace(nothing, told=f"cannot be told: {found.why}")
        plain = f"the plain call is right, and only the use {sample.use} wrong"
        nothing = replace(nothing, told=plain if sample.use else "nothing wrong")
    return nothing


def _located(asker: Asker, prepared: Prepared, lane: str, found: Asked, place: Location) -> Location:
    """Return the place of a failure, one way or the other, by the family of its case."""
    backward = not found.of(backward=False)
    wrong = found.of(backward=backward)
    first = refeeding.in_order(wrong)[0]
    place = replace(place, observable=first)
    formed = {name: mask for name, mask in wrong.items() if mask is not None and mask.any()}
    about = (
        "the forward is right; " if backward and any(not n.startswith("grad.") for n in found.trace) else ""
    )
    name = prepared.case.name
    if not formed or name not in refeeding.RECURRENT:
        told = pattern(first, wrong[first], found)
        return replace(place, told=f"{about}{told}")
    task = Task(prepared.case, prepared.sample, "float64", carrier=lane, stored=prepared.stored)
    problem = Problem(prepared.case, prepared.sample, lane, task.inputs())
    state = Found(
        problem, problem, found, found, backward=backward, told=[about.rstrip("; ")] if about else []
    )
    if name in refeeding.LAYERS:
        find_layer(asker, state)
    if name in refeeding.SEQUENCES:
        find_step(asker, state)
    return _with_gate(asker, state, place)


def _with_gate(asker: Asker, state: Found, place: Location) -> Location:
    """Return the place with what was found; the gate is looked for in the smallest task that fails."""
    problem, found, name = state.problem, state.found, state.problem.case.name
    gate = None
    if name in refeeding.CELLS:
        state.introduced = True
        state.told.append("introduced there: its input and its state were the oracle's")
    wrong = refeeding.in_order(found.of(backward=state.backward))
    if set(wrong) <= {"output", "outputs"} and name.startswith("models."):
        state.told.append("the states are right: wrong in the linear head")
    elif state.gates:
        gate, why = find_gates(asker, problem, state.ending, found, backward=state.backward)
        if state.introduced is False and gate in {None, "every gate"}:
            # What is fed or carried wrongly goes through all gates.
            gate = None
        else:
            state.notes += [why] if why else []
    first = wrong[0] if wrong else place.observable
    if state.backward and gate is not None:
        _, first = refeeding.gates_of(problem, state.ending, found.wrong)
    return replace(
        place,
        observable=state.named(first or ""),
        layer=state.layer,
        direction=state.direction,
        step=state.step,
        gate=gate,
        layers=state.whole.layers,
        steps=int(state.whole.config.get("L", 0)),
        introduced=state.introduced,
        inherited=tuple(state.inherited),
        told="; ".join(filter(None, state.told)),
        notes=tuple(dict.fromkeys(state.notes)),
    )

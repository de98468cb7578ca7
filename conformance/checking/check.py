"""`conformance.check`: judges a candidate that nobody trusts against a torch program.

Called by the command line and by tests. The right numbers are computed here, in float64 on the CPU; the
candidate runs in a process that is given inputs, parameters and cotangents only.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.checking.criteria import CRITERIA
from conformance.errors import UsageError, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.checking.candidate import Transport
    from conformance.checking.criteria import Criterion
    from conformance.checking.reference import Reference
    from conformance.checking.result import CheckResult
    from conformance.checking.row import Row
    from conformance.checking.trials import Trials

# Seeds that are drawn have as many bits: too many to be tried out.
_BITS = 62


def check(
    reference: Any,
    candidate: Any,
    *,
    inputs: Any = None,
    init: Sequence[Any] | None = None,
    dtype: Any = "float32",
    compute: Any = None,
    accumulate: Any = None,
    shapes: Sequence[Sequence[Sequence[int]]] | None = None,
    backward: bool = True,
    seed: int | None = None,
    device: str = "cpu",
    allow_tf32: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
) -> CheckResult:
    """Return a report on whether a candidate computes what a torch program computes, up to rounding.

    The candidate runs in a process of its own, which never sees the reference; docs/check.md describes the
    criteria.

    Args:
        reference: the program that is right: a function of tensors, a module or a class of modules, or as a
            text `module:name`, `path.py:name`, or `path.py` for its class `Model`.
        candidate: what is judged: a function or a class that another process can import, or as a text the
            same forms; `path.py` stands for its class `ModelNew`.
        inputs: the arguments, as a tuple of tensors or arrays, or a function that draws them, called under
            several seeds; by default `get_inputs` of the reference's file.
        init: the arguments of both classes; by default what `get_init_inputs` there returns.
        dtype: what the candidate's tensors are of: `float32`, `float64`, `bfloat16` or `float16`.
        compute: the dtype that its operations compute in, as in `conformance.tolerance`.
        accumulate: the dtype of its partial sums, as there.
        shapes: further shapes to judge, each one shape per tensor among the inputs; by default what
            `get_shapes` there returns, if it is there.
        backward: whether gradients are judged, where the reference has any.
        seed: of all that is drawn; by default one that nobody knows beforehand. The result tells it.
        device: where the candidate computes: `cpu` or `cuda`.
        allow_tf32: whether products on that device may round their factors to TF32.
        time_limit: how many seconds one call may take.
        host_command: a program with its arguments that starts the candidate's process.

    Raises:
        DegenerateError: rounding decides which branch the reference takes, as near a tie.
        NoiseError: an operation of the reference has no rounding rule, which the message names.
        UsageError: an argument cannot be used, or the parameters of the two do not match.

    Example:
        >>> import conformance, torch
        >>> x = torch.randn(4, 8)
        >>> found = conformance.check("torch:sigmoid", "torch:tanh", inputs=(x,), seed=1)
        >>> found.passed, found.failures[0].criterion
        (False, 'values')
    """
    # Here, because they import torch, which takes seconds.
    from conformance.checking.candidate import Hosted
    from conformance.checking.reference import CANDIDATE_CLASS, find_reference, spec_of, with_class
    from conformance.checking.result import CheckResult
    from conformance.checking.trials import Key
    from conformance.environment import environment
    from conformance.reference.program import of_dtype
    from conformance.running.subject import limits_of
    from conformance.subjects.devices import device_of
    from conformance.subjects.host import Process

    dtype, device = of_dtype(dtype), device_of(device)
    seed = secrets.randbits(_BITS) if seed is None else whole("seed", seed, 0)
    limits = limits_of(time_limit, host_command)
    if sys.platform == "win32":
        raise UsageError("candidate: expected a system with the signals that end its process, got Windows")
    found = find_reference(reference, None if init is None else tuple(init), seed_of_instances(seed))
    spec = with_class(candidate, CANDIDATE_CLASS) if isinstance(candidate, str) else spec_of(candidate)
    load = loading(_elsewhere(spec, found), found.files, dtype, device, allow_tf32=allow_tf32)
    program = ("conformance.checking.candidate_main", device)
    transport = Hosted(Process(load, limits=limits, program=program))
    apart = {
        name: of_dtype(given, name)
        for name, given in (("compute", compute), ("accumulate", accumulate))
        if given is not None
    }
    trials = trials_of(found, seed, inputs, shapes, dtype=dtype, backward=backward, **apart)
    about = environment(1) | apart
    rows, told = judged(transport, trials, device=device)
    reported = trials.get(Key()).right.told
    device_told = about | {"device": told}
    return CheckResult.of(rows, found.name, spec, dtype, seed, device_told, told=reported)


def seed_of_instances(seed: int) -> int:
    """Return the seed that instances are made under; a candidate is told it, and no other follows from it."""
    from conformance.sampling.sample import raw_words

    return int(raw_words(f"check|{seed}|instances", 1)[0] % 2**63)


def loading(spec: str, hidden: Sequence[str], dtype: str, device: str, *, allow_tf32: bool) -> dict[str, Any]:
    """Return the first question to a candidate's process."""
    return {
        "do": "load",
        "what": "candidate",
        "spec": spec,
        "hidden": list(hidden),
        "dtype": dtype,
        "device": device,
        "allow_tf32": allow_tf32,
    }


def trials_of(
    reference: Reference,
    seed: int,
    inputs: Any = None,
    shapes: Any = None,
    *,
    dtype: str,
    backward: bool = True,
    compute: str | None = None,
    accumulate: str | None = None,
) -> Trials:
    """Return what a candidate is compared with; see `check`.

    Raises:
        DegenerateError, NoiseError: see `check`.
        UsageError: no inputs are given or declared, or the inputs or shapes cannot be used.
    """
    from conformance.checking.inputs import declared
    from conformance.checking.trials import Key, Trials

    given = reference.declared("get_inputs") if inputs is None else inputs
    if given is None:
        raise UsageError(
            "inputs: expected some, or a function get_inputs() in the reference's file; got neither"
        )
    drawn, further = declared(given, dtype), _shapes(reference, shapes)
    trials = Trials(reference, drawn, dtype, backward, seed, further, compute, accumulate)
    # What the reference cannot do is told before anything is started.
    for key in (Key(), *(Key(shape=place) for place in range(len(trials.shapes)))):
        trials.get(key)
    return trials


def judged(
    transport: Transport,
    trials: Trials,
    *,
    device: str = "cpu",
    criteria: Sequence[Criterion] = CRITERIA,
) -> tuple[tuple[Row, ...], dict[str, str]]:
    """Judge a candidate by some criteria, and end its process.

    Args:
        transport: what carries questions to it.
        trials: what it is compared with.
        device: where it computes.
        criteria: the criteria.

    Returns:
        A row per criterion, and what it says of its device.

    Raises:
        UsageError: it cannot be imported, or its parameters do not match the reference's.
    """
    from conformance.checking.candidate import Candidate, RaisedError
    from conformance.checking.judge import Judge
    from conformance.checking.parameters import matched
    from conformance.checking.row import Row
    from conformance.subjects.protocol import Ended

    candidate = Candidate(transport, trials.reference.init, seed_of_instances(trials.seed))
    state, reference = trials.states[0], trials.reference.state
    parameters = {name: state[name] for name, (kind, _) in reference.items() if kind == "P"}
    try:
        kinds, values = candidate.make()
        candidate.names = matched(parameters, kinds, values)
        alike = {name for name in state if name in values and values[name].shape == state[name].shape}
        trials.own = {*parameters} | {name for name in alike if kinds.get(name) == "B"}
        rows = tuple(Judge(candidate, trials, criteria, device.partition(":")[0]).rows())
    except (RaisedError, Ended) as error:
        rows = (Row("values", "ERROR", reason=f"while it was made: {error}"),)
    finally:
        candidate.close()
    return rows, candidate.device


def _shapes(reference: Reference, given: Any) -> tuple[Any, ...]:
    if given is None:
        make: Callable[[], Any] | None = reference.declared("get_shapes")
        given = () if make is None else make()
    try:
        return tuple(tuple(tuple(map(int, shape)) for shape in shapes) for shapes in given)
    except (TypeError, ValueError) as error:
        expected = "a list of lists with one shape for each input"
        raise UsageError(f"shapes: expected {expected}, got {given!r:.80}") from error


def _elsewhere(spec: str, reference: Reference) -> str:
    """Return where a candidate is; not in the reference's file, which its process must not read."""
    path = spec.rpartition(":")[0]
    if not path.endswith(".py"):
        return spec
    resolved = str(Path(path).resolve())
    if resolved in reference.files:
        raise UsageError(
            f"candidate {spec!r}: expected another file than the reference's, which its process must not read"
        )
    return f"{resolved}:{spec.rpartition(':')[2]}"

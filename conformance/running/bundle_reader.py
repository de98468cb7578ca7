"""Reads a bundle and prepares its sample from its own arrays: what is not there is not drawn instead.

Called by running.replay; running.stored reads the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conformance.arithmetic.formats import FORMATS, THERE_ARE, TORCHS, Inside
from conformance.errors import ReferenceRaisedError, UsageError
from conformance.running.bundle import given, lanes_beside
from conformance.running.sample_text import parse
from conformance.running.stored import GIVEN, DamagedError, observables, read
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from conformance.cases.case import Case
    from conformance.judging.prepared import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array


class Bundle(NamedTuple):
    """A bundle, read.

    Attributes:
        prepared: its sample, prepared from its own arrays.
        implementation: the implementation that failed.
        given_as: what it was given as, where it cannot be found by that name; else empty.
        failed: how it failed in the run that wrote the bundle.
    """

    prepared: Prepared
    implementation: str
    given_as: str
    failed: Verdict


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and prepare its sample.

    Raises:
        UsageError: the folder is not a bundle, is damaged or of another version, or its arrays are not those
            of its sample; the message says what is wrong.
        DegenerateError: the sample cannot tell right from wrong.
        NoiseError: the arithmetic cannot follow the case's program.
    """
    from conformance.judging.verdict import Verdict

    try:
        about, arrays = read(folder)
        case, sample = parse(about["sample"])
        failed = Verdict.from_json(about["failure"])
        if (failed.case, failed.use or "") != (sample.case, sample.use):
            raise UsageError(f"the failure is of {failed.case}, and the sample {sample.text}")  # noqa: TRY301 - told below
        inputs = {name.partition("/")[2]: arrays[name] for name in arrays if name.startswith(f"{GIVEN}/")}
        # Before the oracle runs on them; it decides of which outputs there are cotangents.
        _check(
            {
                name: (a.shape, a.dtype.kind)
                for name, a in inputs.items()
                if not name.startswith("cotangent.")
            },
            {name: (array.shape, "f") for name, array in case.inputs(sample.settings).items()},
            "input",
        )
        prepared = prepare_any(case, sample, inputs, lanes_beside(failed), _inside(about["inside"]))
        _check(
            _forms(inputs),
            _forms({name.partition("/")[2]: a for name, a in given(prepared).items()}),
            "input",
        )
        expected = {
            f"{lane}/{name}": array.shape
            for lane, each in prepared.expectations.items()
            for name, array in each.oracle.items()
        }
        found = {
            f"{lane}/{name}": arrays[f"oracle/{lane}/{name}"].shape for lane, name in observables(arrays)
        }
        _check(found, expected, "oracle")
    except (DamagedError, UsageError, TypeError, ValueError) as error:
        raise UsageError(f"bundle {str(folder)!r} cannot be read: {error}") from error
    return Bundle(prepared, about["implementation"], about["given_as"], failed)


def prepare_any(
    case: Case,
    sample: Sample,
    inputs: Mapping[str, Array] | None = None,
    lanes: Sequence[str] = LANES,
    inside: Inside = TORCHS,
) -> Prepared:
    """Prepare a sample that nobody may have drawn, with its own inputs where there are some.

    Raises:
        UsageError: torch itself cannot run the sample, or a half type has no such arithmetic.
        DegenerateError: the sample cannot tell right from wrong.
        NoiseError: the arithmetic cannot follow the case's program.
    """
    from conformance.judging.prepared import prepare

    try:
        return prepare(case, sample, lanes, inputs, inside)
    except ReferenceRaisedError as error:
        if not error.refused:
            raise
        raise UsageError(f"torch cannot run {sample.text}: {error}") from error


def _inside(given: Mapping[str, object]) -> Inside:
    """Return what a bundle says that half types compute and add up in.

    Raises:
        UsageError: it names other things, or dtypes that are not known.
    """
    names = [name for name in given.values() if isinstance(name, str) and name in FORMATS]
    if given.keys() != set(Inside._fields) or len(names) < len(given):
        raise UsageError(f"inside: expected {' and '.join(Inside._fields)}, each {THERE_ARE}; got {given}")
    return Inside(**dict(zip(given, names, strict=True)))


def _forms(arrays: Mapping[str, Array]) -> dict[str, tuple[object, ...]]:
    return {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}


def _check(found: Mapping[str, object], expected: Mapping[str, object], kind: str) -> None:
    """Raise UsageError if arrays are missing, unexpected, or of another shape or dtype."""
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) != expected.get(name):
            wanted, got = expected.get(name, "no such array"), found.get(name, "none")
            raise UsageError(f"arrays.npz: {kind}/{name}: expected {wanted}, got {got}")

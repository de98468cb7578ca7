"""Judges the answers that programs left in the folders of an export, by the files next to them.

Called by `conformance judge`; the report of a run comes out. Nothing is computed again: expected values and
tolerances are read, so that the verdicts are the same on every machine, and torch is not needed.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases import find_cases
from conformance.cases._call import Unused
from conformance.environment import environment
from conformance.errors import UsageError
from conformance.judging.expectation import Expectation, nan_inputs
from conformance.judging.sample_judge import judge_supported
from conformance.judging.sight import NAMES
from conformance.judging.verdict import Status
from conformance.paths import check_folder
from conformance.report.record import Report
from conformance.report.scope import Scope
from conformance.running.export import (
    EXPECTED,
    EXPORT_VERSION,
    MANIFEST,
    ORACLE,
    REFERENCE,
    TASKS,
    TOLERANCE,
    digest,
)
from conformance.sampling.sample import Sample
from conformance.subjects.protocol import LANES
from conformance.subjects.supports import Supports
from conformance.subjects.task_directory import INPUTS, TASK, ProgramError, read_answer, read_arrays, told

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.judging.verdict import Verdict


# What is in an export; answers without gradients are judged as such.
_EXPORTED = Supports(backward=None, uses=(), bad_calls=False)


class Exported(NamedTuple):
    """One task of an export.

    Attributes:
        folder: where the program has left its answer.
        expected: what the answer is judged by.
    """

    folder: Path
    expected: Expectation


class Judged(NamedTuple):
    """The answers of an export, judged.

    Attributes:
        report: the report, as of a run.
        folders: the folder of each task, by the text of its sample and its lane.
    """

    report: Report
    folders: dict[tuple[str, str | None], Path]


def judge_answers(folder: Path) -> Judged:
    """Judge the answers in an export.

    Args:
        folder: the folder that `export` wrote, with `outputs.safetensors` in the folders of its tasks.

    Raises:
        UsageError: the folder is not an export, or a file of it is missing, damaged or altered.
    """
    began, clock = datetime.now(UTC), time.perf_counter()
    seed, tasks = _read(folder)
    verdicts = [verdict for task in tasks for verdict in _judge(task)]
    report = Report(
        seed=seed,
        implementation=f"the answers in {folder}",
        reference="torch",
        verdicts=tuple(verdicts),
        given_as="files",
        scope=Scope(tuple(dict.fromkeys(task.expected.sample.case for task in tasks)), _EXPORTED.words),
        environment=environment(threads=1),
        timing={
            "began": began.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
        },
    )
    return Judged(report, {(task.expected.sample.text, task.expected.lane): task.folder for task in tasks})


def _judge(task: Exported) -> list[Verdict]:
    """Judge one answer; one that is missing or cannot be read is an ERROR, as of a program that is called."""
    expected = task.expected
    try:
        trace = read_answer(task.folder, sum(array.nbytes for array in expected.oracle.values()))
    except Unused as unused:
        return [expected.verdict(None, Status.SKIP, reason=str(unused))]
    except ProgramError as error:
        return [expected.verdict(None, Status.ERROR, reason=str(error))]
    except Exception as error:  # noqa: BLE001 - a program may report any exception
        reason = f"the program reports {type(error).__name__}: {error}"
        return [expected.verdict(None, Status.ERROR, reason=reason)]
    return judge_supported(expected, trace, _EXPORTED.backward)


def _read(folder: Path) -> tuple[int, list[Exported]]:
    """Return the seed and the tasks of an export."""
    path = folder / MANIFEST
    check_folder("export", folder, MANIFEST, "the folder that `export` wrote")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        _check_version(about["export_version"])
        for entry in about["tasks"]:
            _check(folder, entry["sha256"])
        return int(about["seed"]), [_task(folder, entry) for entry in about["tasks"]]
    except UsageError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = told(f"{type(error).__name__}: {error}")
        raise UsageError(f"export {str(folder)!r} cannot be read: {what}") from error


def _check_version(version: object) -> None:
    if version != EXPORT_VERSION:
        raise UsageError(f"export: expected export_version {EXPORT_VERSION}, got {version!r}")


def _check(folder: Path, digests: dict[str, str]) -> None:
    """Raise UsageError where a file of the export is not what was written."""
    for name, expected in digests.items():
        path = folder / name
        if not path.is_file():
            raise UsageError(f"export: there is no {str(path)!r}")
        if digest(path) != expected:
            raise UsageError(
                f"export: {str(path)!r} is damaged or altered; expected SHA-256 {expected[:12]}…"
            )


def _would_pass(names: list[str] | None) -> list[str] | None:
    if names is not None and not set(names) <= set(NAMES):
        raise ValueError(f"would_pass: expected names of {', '.join(NAMES)}, got {names!r}")
    return names


def _task(folder: Path, entry: dict[str, Any]) -> Exported:
    name, lane, sample = entry["name"], entry["lane"], Sample.parse(entry["sample"])
    if lane not in LANES:
        raise UsageError(f"export: expected a lane of {', '.join(LANES)}, got {lane!r}")
    (case,) = find_cases([sample.case])
    given, kept = folder / TASKS / name, folder / EXPECTED / name
    oracle = read_arrays(kept / ORACLE)
    # In the reference's order, as the verdicts of a run are.
    about = json.loads((given / TASK).read_text(encoding="utf-8"))
    differentiable = [name for name, each in about["inputs"].items() if each["gradient"]]
    expected = Expectation(
        sample,
        case.training,
        lane,
        {name: oracle[name] for name in about["outputs"]},
        read_arrays(kept / TOLERANCE),
        read_arrays(kept / REFERENCE),
        case.distribution(sample.settings) if case.distribution else {},
        nan_inputs(sample, lambda: read_arrays(given / INPUTS), differentiable),
        case.axes(sample.settings),
        constant=case.constant_in(sample),
        known={name: _would_pass(wrong) for name, wrong in entry["would_pass"].items()},
    )
    return Exported(given, expected)

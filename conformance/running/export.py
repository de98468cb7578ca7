"""Golden vectors: the samples of a case as files, for programs that cannot be called from here.

Called by `conformance export`; running.answers judges what the programs leave. The files of a task are those
that a program gets that is called (subjects.task_directory). What is expected lies in a folder apart, so that
no program reads it by accident:

    export.json                       the tasks, and a digest of every file below
    tasks/NAME/                       task.json and inputs.safetensors; the program adds its answer
    expected/NAME/                    expected.safetensors, tolerance.safetensors and reference.safetensors
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.environment import environment
from conformance.errors import UsageError
from conformance.judging.prepared import prepare
from conformance.paths import made_folder
from conformance.running.plan import find_lanes, plan
from conformance.running.work import SampleWork
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import HALF_LANES
from conformance.subjects.task_directory import asked, write_arrays, write_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.prepared import Prepared

# 2 says of each observable which cheap wrong answers would pass, which the files do not tell.
EXPORT_VERSION = 2

MANIFEST, TASKS, EXPECTED = "export.json", "tasks", "expected"
# The oracle in float64, the tolerance of each element, and torch in the lane's dtype.
ORACLE, TOLERANCE, REFERENCE = "expected.safetensors", "tolerance.safetensors", "reference.safetensors"


def export(
    cases: Sequence[str],
    samples: int | None,
    seed: int,
    dtypes: Sequence[str],
    out: Path,
) -> int:
    """Write the samples that a run judges in the plain call, and return how many tasks there are.

    Args:
        cases: names of cases.
        samples: the number of samples per case; None for as many as each declares.
        seed: the seed of the samples.
        dtypes: the lanes: `float64`, `float32` or both.
        out: the folder, which must not exist or be empty.

    Raises:
        UsageError: an unknown case or dtype, or a half type; no samples, or a folder that holds
            something.
        DegenerateError: a sample cannot tell right from wrong.
        NoiseError: the arithmetic cannot follow a case's program.
    """
    if halves := [lane for lane in find_lanes(dtypes) if lane in HALF_LANES]:
        raise UsageError(f"dtypes: expected float64 or float32, got {halves[0]}, which is not exported")
    work = [each for each in plan(cases, samples, seed, dtypes) if isinstance(each, SampleWork)]
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"out: expected a folder that is empty or does not exist, got {str(out)!r}")
    made_folder("out", out.parent)
    # Written next to the folder and renamed, so that an export is whole or not there.
    with TemporaryDirectory(prefix=f"{out.name}-", dir=out.parent) as name, quietly_on_one_thread():
        part = Path(name) / out.name
        part.mkdir()
        tasks = []
        for piece in work:
            prepared = prepare(CASES[piece.case], piece.sample, piece.lanes)
            tasks += [_write(prepared, lane, part) for lane in prepared.expectations]
        about = {
            "export_version": EXPORT_VERSION,
            "seed": seed,
            "reference": "torch",
            "environment": environment(threads=1),
            "tasks": tasks,
        }
        (part / MANIFEST).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        if out.exists():
            out.rmdir()
        part.rename(out)
    return len(tasks)


def _write(prepared: Prepared, lane: str, out: Path) -> dict[str, object]:
    """Write one sample in one lane, and return its entry in the manifest."""
    sample, task, expected = prepared.sample, prepared.tasks[lane], prepared.expectations[lane]
    name = f"{sample.case}-{sample.draw}-{lane}"
    given, kept = out / TASKS / name, out / EXPECTED / name
    for folder in (given, kept):
        folder.mkdir(parents=True)
    write_task(given, task, asked(task))
    write_arrays(kept / ORACLE, expected.oracle)
    write_arrays(kept / TOLERANCE, expected.tolerance)
    write_arrays(kept / REFERENCE, expected.reference)
    files = [*sorted(given.iterdir()), *sorted(kept.iterdir())]
    digests = {path.relative_to(out).as_posix(): digest(path) for path in files}
    would_pass = {each: expected.would_pass(each) for each in expected.oracle}
    return {
        "name": name,
        "sample": sample.text,
        "lane": lane,
        "would_pass": would_pass,
        "sha256": digests,
    }


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

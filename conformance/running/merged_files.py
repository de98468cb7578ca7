"""The files of merged shards: which are read, and what is written, the bundles of the shards among it.

Called by `conformance merge`.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.paths import check_folder
from conformance.report.files import write
from conformance.running.output import BUNDLE_FILES, FAILURES, held, remove_bundles, whole_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.baseline import Baseline
    from conformance.running.merge import Merged

# So many files a process has open beside those of the shards, and more.
_OTHERS = 128


def open_files(shards: int) -> None:
    """Let this process have the temporary files of so many shards open, as far as the system lets it.

    Of a shard with many samples the verdicts are in one, and the pieces of work in another. A process may
    have 1,024 files open on most systems, and 256 on macOS, if it does not ask for more.

    Args:
        shards: how many shards are merged.
    """
    if sys.platform == "win32":  # where there is no such limit
        return
    import resource

    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * shards + _OTHERS
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        with suppress(OSError, ValueError):  # where the system has another limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def shard_files(shards: Sequence[Path], out: Path) -> list[Path]:
    """Return the file of each shard, which may be given by its folder.

    Args:
        shards: files and folders.
        out: the folder that is written to.

    Raises:
        UsageError: a folder has no report, or a file is given twice or is in the folder that is written to.
    """
    for path in shards:
        if path.is_dir():
            check_folder("shard", path, "parity.json", "the folder of a shard, or its parity.json")
    files = [path / "parity.json" if path.is_dir() else path for path in shards]
    for number, file in enumerate(files):
        if file.resolve().parent == out.resolve():
            raise UsageError(f"out: expected another folder than that of the shard {file}")
        if file.resolve() in {each.resolve() for each in files[:number]}:
            raise UsageError(f"merge: {file} is given twice")
    return files


def write_merged(merged: Merged, folder: Path, baseline: Baseline | None = None) -> None:
    """Write what the undivided run would write; a bundle is that of the shard that has its failure.

    Args:
        merged: the shards.
        folder: where.
        baseline: what the page compares the run with.

    Raises:
        UsageError: the folder cannot be written to, or another process writes to it.
        OSError: a file cannot be written, as on a full disk.
    """
    with held(folder):
        write(merged.report, folder, baseline)
        remove_bundles(folder / FAILURES)
        for verdict, file in merged.failures:
            bundle = _bundle(Path(file).parent / FAILURES, verdict)
            if bundle is not None:
                _copy(bundle, folder / FAILURES, verdict.case)


def _bundle(folder: Path, verdict: Verdict) -> Path | None:
    """Return the bundle of a failure; None where it was not kept, as where only reports were."""
    for bundle in folder.glob("*/bundle.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            failure = json.loads(bundle.read_text(encoding="utf-8"))["failure"]
            if (failure["case"], failure["sample"]) == (verdict.case, verdict.sample):
                return bundle.parent
    return None


def _copy(bundle: Path, folder: Path, name: str) -> None:
    with whole_bundle(folder, name) as copy:
        for file in (file for pattern in BUNDLE_FILES for file in bundle.glob(pattern)):
            if file.parent == bundle:
                shutil.copyfile(file, copy / file.name)

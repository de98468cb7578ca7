"""The journal of a run: its verdicts, appended to a file as they come, so that a killed run can go on.

Kept by running.run in the output folder. The first line says which run it is of; each further line is the
outcome of one piece of work, in the order of the plan. The file is removed when the reports are written.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from conformance.environment import environment
from conformance.errors import UsageError
from conformance.judging.verdict import Verdict
from conformance.report.parity_schema import SCHEMA_VERSION
from conformance.running.output import held
from conformance.running.source import source_code
from conformance.running.work import Outcome
from conformance.text import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from conformance.running.plan import Plan
    from conformance.subjects.protocol import Implementation

_log = logging.getLogger(__name__)

JOURNAL = "verdicts.jsonl"

JOURNAL_VERSION = 1


class Journal:
    """The outcomes of a run.

    Attributes:
        outcomes: those that an earlier process wrote, of the first pieces of work.
    """

    def __init__(self, path: Path | None, file: BinaryIO | None, outcomes: Collection[Outcome] = ()) -> None:
        self._path, self._file, self.outcomes = path, file, outcomes

    def add(self, outcome: Outcome) -> None:
        """Append the outcome of the next piece of work.

        Raises:
            OSError: it cannot be written, as on a full disk; what was written before remains.
        """
        self._write({**outcome._asdict(), "verdicts": [verdict.to_json() for verdict in outcome.verdicts]})

    def remove(self) -> None:
        """Remove the file: the run is over, and its reports are written."""
        if self._path:
            self._path.unlink()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        try:
            # In one call of the system, so that another process or a kill finds whole lines but for the last.
            self._file.write(json.dumps(line).encode("ascii") + b"\n")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error


@contextmanager
def kept(folder: Path | None, about: Mapping[str, Any], *, resume: bool) -> Iterator[Journal]:
    """Hold the folder of a run and keep the journal in it.

    Args:
        folder: the folder; None if nothing is to be written.
        about: what must be equal for a run to go on from the journal of another, by name.
        resume: read the journal that is there and append to it; otherwise it is begun anew.

    Raises:
        UsageError: the folder cannot be written to, another process holds it, or the journal to go on from is
            of another run or damaged.
    """
    if folder is None:
        yield Journal(None, None)
        return
    with held(folder):
        path = folder / JOURNAL
        outcomes = _Written(path, about) if resume and path.is_file() else None
        written = 0 if outcomes is None else outcomes.bytes
        if resume and not written:
            shown = safe_name(str(folder))
            _log.warning("conformance: there is nothing to go on from in %s: starts anew", shown)
        with path.open("ab" if written else "wb", buffering=0) as file:
            file.truncate(written)
            journal = Journal(path, file, outcomes or ())
            if not written:
                journal._write(about)  # noqa: SLF001 - of this module
            yield journal


class _Written(Collection[Outcome]):
    """The outcomes in a journal, read each time that they are asked for: all may not fit into memory.

    Args:
        path: the file. What follows its last line break was cut off.
        about: what must be equal to what the first line says.

    Attributes:
        bytes: how many bytes of the file are whole lines; with none it is as if the file was not there.

    Raises:
        UsageError: it is of another run, or damaged.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self._path, self.bytes, self._count = path, 0, 0
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    self.bytes += len(line)
                    self._count += 1
        self._about = json.loads(json.dumps(about))
        # Damage is found before anything is judged.
        for _ in self:
            pass

    def __len__(self) -> int:
        return max(self._count - 1, 0)

    def __contains__(self, outcome: object) -> bool:
        return any(each == outcome for each in self)

    def __iter__(self) -> Iterator[Outcome]:
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(map(json.loads, islice(file, self._count))):
                    if number:
                        verdicts = [Verdict.from_json(verdict) for verdict in line["verdicts"]]
                        yield Outcome(**{**line, "verdicts": verdicts})
                    else:
                        _check(dict(line), self._about, self._path)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            told = f"{self._path} is damaged ({type(error).__name__}: {error})"
            raise UsageError(f"resume: {told}; without --resume a run starts anew") from error


def _check(there: Mapping[str, Any], here: Mapping[str, Any], path: Path) -> None:
    """Raise UsageError unless two runs are the same."""
    names = dict.fromkeys((*here, *there))
    others = [
        f"{name} was {there.get(name)!r} and is {here.get(name)!r}"
        for name in names
        if there.get(name) != here.get(name)
    ]
    if others:
        raise UsageError(
            f"resume: {path} is of another run: {'; '.join(others)}; without --resume a run starts anew"
        )


def identity(run: Mapping[str, Any], shard: str | None = None) -> dict[str, Any]:
    """Return what must be equal for a run to go on from the journal of another.

    Args:
        run: what `common` returned.
        shard: which part of the run is done, if not all of it is.
    """
    return {"journal_version": JOURNAL_VERSION, **run, "shard": shard, **environment(threads=1)}


def common(
    asked: Mapping[str, Any], planned: Plan, subject: str | Implementation, name: str = ""
) -> dict[str, Any]:
    """Return what must be equal for verdicts of two processes to be of one run, on whatever machine.

    Args:
        asked: the arguments of the run that its verdicts depend on, by name.
        planned: the plan.
        subject: the implementation or its name.
        name: the name that it has itself, where it is known.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        **asked,
        "work": planned.digest,
        "pieces": len(planned),
        "source code": source_code(subject, name),
    }

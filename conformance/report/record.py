"""The record of a run: its verdicts, and under which versions it was made.

Made by running.run, written as `parity.json` and read back; the tables are made from it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from conformance.arithmetic.constants import constants, constants_sha256
from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.chosen_uses import use_table
from conformance.judging.excuses import not_needed
from conformance.judging.verdict import Status, Verdict, numbers_first
from conformance.judging.verdicts import Verdicts
from conformance.report.bitwise import Bitwise
from conformance.report.coverage import Covered, covered
from conformance.report.glance import Glance
from conformance.report.parity_json import parity_text
from conformance.report.parity_schema import check_data
from conformance.report.repeatability import Repeated, repeated
from conformance.report.scope import Scope
from conformance.report.seen import Seen, seen
from conformance.subjects.declarations import Declarations, declared
from conformance.text import safe_message, safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def constants_in_force() -> dict[str, float | str]:
    """Return the judge's constants and the hash of their file, as a report records them."""
    return {"sha256": constants_sha256(), **asdict(constants())}


@dataclass(frozen=True)
class Report:
    """The results of a run, or those of a check, which is a `CheckResult`.

    Attributes:
        seed: the seed of the samples.
        implementation: the subject, as it may be shown (`conformance.text`).
        reference: the name of the reference.
        verdicts: one per observable, sample and lane; of many, most are read from a file in each pass.
        minimums: the least number of samples of each shape class and regime; empty where none binds, in a run
            that is not of all cases.
        shrunk: the smallest failing sample found, by the text of the sample that failed.
        diagnosed: what is wrong, and where it begins, in one or two lines, by the text of the sample that
            failed.
        scope: the named cases, the limits that the subject declares, and of the report of a shard, which.
        environment: versions, BLAS, threads and CPU; as `subject`, why the subject ran in the judge's
            process, if it did.
        timing: when the run began and how long it took, in seconds; of a run that ended early, how.
        declarations: what the subject declares.
        given_as: what the subject was given as, e.g. `an object`, where the command line has no name for it.
        constants: those of the judge, and as `sha256` the hash of their file.
        bitwise: which relations between two calls hold bit for bit; empty where they were not measured.
    """

    seed: int
    implementation: str
    reference: str
    verdicts: Sequence[Verdict]
    minimums: dict[str, int] = field(default_factory=dict)
    shrunk: dict[str, str] = field(default_factory=dict)
    diagnosed: dict[str, list[str]] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    environment: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)
    declarations: Declarations = field(default_factory=Declarations)
    given_as: str = ""
    constants: dict[str, Any] = field(default_factory=constants_in_force)
    bitwise: Bitwise = field(default_factory=Bitwise)

    def __post_init__(self) -> None:
        # Verdicts do this themselves. Numbers and texts that are safe stay as they are.
        object.__setattr__(self, "implementation", safe_name(self.implementation))
        object.__setattr__(self, "reference", safe_name(self.reference))
        object.__setattr__(self, "given_as", safe_name(self.given_as))
        for name in ("minimums", "shrunk", "diagnosed", "environment", "timing", "constants"):
            object.__setattr__(self, name, _safe(getattr(self, name)))
        object.__setattr__(self, "scope", Scope.from_json(_safe(self.scope.to_json())))
        object.__setattr__(self, "bitwise", Bitwise.from_json(_safe(self.bitwise.to_json())))

    @cached_property
    def glance(self) -> Glance:
        """What one pass over the verdicts finds."""
        return Glance.at(self.verdicts)

    @property
    def totals(self) -> dict[str, int]:
        """How many verdicts ended how, and how many numbers were compared."""
        totals = {status.value.lower(): self.glance.counts[status] for status in Status}
        return totals | {"compared_elements": self.glance.elements}

    @property
    def stopped(self) -> str | None:
        """How the run ended before all of its work was done; None of a whole run."""
        return self.timing.get("stopped")

    @property
    def in_process(self) -> str | None:
        """Why the subject ran in the judge's process, which it could mislead there; None if it did not."""
        return self.environment.get("subject")

    @property
    def exit_code(self) -> int:
        """0 shown, 1 not shown, 3 nothing compared at all. A run that ended early shows nothing.

        Of a shard 0 means that nothing failed; what belongs to the whole run is asked of the merged report.
        """
        if self.totals["fail"] or self.totals["error"]:
            return 1
        if self.scope.shard:
            return 1 if self.totals["empty"] or self.stopped or self.bitwise.refusals else 0
        if not self.totals["compared_elements"]:
            return 3
        unshown = self.totals["empty"] or self.shortfalls or self.unseen or self.stopped
        alone = self.excused_alone or self.mistrusted_alone
        return 1 if unshown or self.not_needed or alone or self.bitwise.refusals else 0

    @property
    def passed(self) -> bool:
        """Whether it is shown that the implementation computes what the reference computes.

        The report of a shard alone shows nothing.
        """
        return self.exit_code == 0 and not self.scope.shard

    @cached_property
    def limits(self) -> str:
        """What was judged, in words, where the subject supports less than everything; else empty."""
        return self.scope.words(self.verdicts)

    @cached_property
    def unseen(self) -> dict[str, str]:
        """The cases that were named and of which nothing was compared, each with the reason."""
        return self.scope.unseen(self.verdicts, stopped=bool(self.stopped))

    @cached_property
    def covered(self) -> list[Covered]:
        """How much of each shape class and regime was judged."""
        return covered(self.verdicts, self.minimums)

    @property
    def shortfalls(self) -> list[Covered]:
        """The shape classes and regimes that were judged too seldom."""
        return [row for row in self.covered if row.short]

    @cached_property
    def not_needed(self) -> list[str]:
        """A line about each excuse that the run did not need."""
        if self.scope.shard:
            return []  # another shard may need it
        # Only a run of all samples of all cases has minimums.
        return not_needed(self.declarations.excuses, self.verdicts, whole=bool(self.minimums))

    @property
    def excused_alone(self) -> list[str]:
        """The cases in which something was excused, and no number passed in the plain call."""
        return self._alone(Status.EXCUSED)

    @property
    def mistrusted_alone(self) -> list[str]:
        """The cases in which something is MISTRUSTED, and no number passed in the plain call."""
        return self._alone(Status.MISTRUSTED)

    def _alone(self, status: Status) -> list[str]:
        if self.scope.shard:
            return []  # another shard may show them
        return [case for case in self.glance.of_status(status) if case not in self.glance.shown]

    @cached_property
    def repeated(self) -> Repeated:
        """The passing samples that were run more than once."""
        return repeated(self.verdicts)

    @cached_property
    def unused(self) -> dict[str, dict[str, str | None]]:
        """Why no sample is judged in a use, by use and case; only cases that were judged in any."""
        used = {verdict.case for verdict in self.glance.used}
        return use_table([case for name, case in CASES.items() if name in used], self.seed)

    @property
    def failures(self) -> list[Verdict]:
        """The verdicts that did not pass, in the run's order."""
        return self.glance.failures

    @cached_property
    def tightest(self) -> dict[tuple[str, str, str, str | None], Verdict]:
        """The verdict with the least headroom of each case, observable, lane and use."""
        found: dict[tuple[str, str, str, str | None], Verdict] = {}
        for verdict in self.verdicts:
            if verdict.headroom is None or verdict.lane is None or verdict.observable is None:
                continue
            key = verdict.case, verdict.observable, verdict.lane, verdict.use
            best = found.get(key)
            if best is None or best.headroom is None or verdict.headroom < best.headroom:
                found[key] = verdict
        return found

    @cached_property
    def seen(self) -> dict[str, Seen]:
        """How much of each case was seen."""
        return seen(self.verdicts)

    @property
    def failure_per_case(self) -> list[Verdict]:
        """The first failure of each case, so that a case with many does not hide another.

        It is of a sample where one fails: that is what a diagnosis is about.
        """
        first: dict[str, Verdict] = {}
        for verdict in numbers_first(self.failures):
            first.setdefault(verdict.case, verdict)
        return list(first.values())

    def to_json(self) -> str:
        """Return the report as JSON, one verdict per line, so that two reports can be compared by eye."""
        return "".join(self.json_pieces())

    def json_pieces(self) -> Iterator[str]:
        """Yield the text of `to_json` in pieces, the verdicts one by one, which may be many."""
        return parity_text(self)

    def to_markdown(self) -> str:
        """Return the tables for people, as they stand in parity.md."""
        from conformance.report.markdown import markdown

        return markdown(self)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read what `to_json` wrote.

        Raises:
            UsageError: the text is not a report, or one of another schema version; it has a key or a value
                that is not known, or counts that are not those of its verdicts.
        """
        try:
            data = json.loads(text)
        except (RecursionError, ValueError) as error:
            raise UsageError(f"report: not a parity report: {type(error).__name__}: {error}") from error
        return cls.from_data(data)

    @classmethod
    def from_data(cls, data: Any, verdicts: Iterable[Any] | None = None, held: int | None = None) -> Report:
        """Read the value of a JSON text.

        Args:
            data: the value.
            verdicts: those of the text, as they come, where `data` has none of them.
            held: how many of them stay in memory; None for as many as of a run.

        Raises:
            UsageError: as of `from_json`.
        """
        names = (
            *("seed", "implementation", "given_as", "reference", "minimums", "shrunk", "diagnosed"),
            *("environment", "timing", "constants"),
        )
        try:
            check_data(data)
            given = data["verdicts"] if verdicts is None else verdicts
            found = cls(
                verdicts=Verdicts(map(Verdict.from_json, given), held),
                scope=Scope.from_json(data.get("scope", {})),
                bitwise=Bitwise.from_json(data.get("bitwise", {})),
                declarations=declared(SimpleNamespace(**data["declarations"])),
                **{name: data[name] for name in names},
            )
        except UsageError as error:
            raise UsageError(f"report: {str(error).removeprefix('report: ')}") from error
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise UsageError(f"report: not a parity report: {type(error).__name__}: {error}") from error
        for name, counted in (("totals", found.totals), ("repeated", found.repeated._asdict())):
            if data[name] != counted:
                raise UsageError(f"report: {name}: the verdicts give {counted}, but it says {data[name]}")
        return found


def _safe(value: Any) -> Any:
    """Return what a report holds beside its verdicts, with every text as it may be shown."""
    if isinstance(value, str):
        return safe_message(value)
    if isinstance(value, dict):
        return {_safe(name): _safe(each) for name, each in value.items()}
    return [_safe(each) for each in value] if isinstance(value, (list, tuple)) else value

"""The kill matrix: which fault was seen where, of one seed, and what further seeds missed.

Made by running.selftest; report.kills writes it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.arithmetic.constants import constants_sha256
from conformance.cases import CASES
from conformance.faults import FAULTS
from conformance.faults.equivalents import EQUIVALENTS
from conformance.judging.criteria import CRITERIA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.cases.case import Case

    # A fault and a case that it applies to.
    Pair = tuple[str, str]

# Of kill_matrix.json; 3 has the seeds, and at which each fault was missed.
SCHEMA_VERSION = 3

# A fault may be missed at one seed of so many.
_SEEDS_PER_MISS = 10

# The correct program, judged next to the faults: where it fails is a false alarm, and no fault is caught.
CONTROL = "(none)"


class Cell(NamedTuple):
    """One cell of the matrix."""

    fault: str
    case: str
    shape_class: str
    regime: str
    lane: str


@dataclass(frozen=True)
class Trial:
    """The result of one fault on one sample in one lane.

    Attributes:
        cell: where.
        sample: the sample's text.
        seen_by: the first observable that failed, or None if none did.
        missed_by: the other criteria that pass it.
    """

    cell: Cell
    sample: str
    seen_by: str | None
    missed_by: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.sample}, {self.cell.lane}: {self.seen_by}"


class OtherSeed(NamedTuple):
    """The results of one further seed, where a fault is judged in a case until a sample shows it.

    Attributes:
        seed: the seed of the samples.
        missed: the faults that no sample of a case showed, with the case.
        false_alarms: the samples, with the lane, that called the correct program wrong.
        degenerate: why samples could not be prepared.
    """

    seed: int
    missed: tuple[Pair, ...] = ()
    false_alarms: tuple[str, ...] = ()
    degenerate: tuple[str, ...] = ()

    def joined(self, other: OtherSeed) -> OtherSeed:
        """Return these results and those of other cases at the same seed."""
        return OtherSeed(
            self.seed,
            self.missed + other.missed,
            self.false_alarms + other.false_alarms,
            self.degenerate + other.degenerate,
        )


@dataclass
class KillMatrix:
    """Every trial of every fault at one seed, and what was missed at others.

    Attributes:
        trials: the trials, in the order drawn.
        seed: the seed of the samples.
        asked: the faults and cases that had to be tried; by default those of the trials.
        degenerate: why samples could not be prepared, so that nothing was tried on them.
        others: the further seeds.
    """

    trials: list[Trial]
    seed: int
    asked: Sequence[Pair] = ()
    degenerate: Sequence[str] = ()
    others: Sequence[OtherSeed] = ()
    _tried: dict[str, Counter[Cell]] = field(init=False)
    _kills: dict[str, list[Trial]] = field(init=False)

    def __post_init__(self) -> None:
        self._tried, self._kills = defaultdict(Counter), defaultdict(list)
        for trial in self.trials:
            self._tried[trial.cell.fault][trial.cell] += 1
            if trial.seen_by is not None:
                self._kills[trial.cell.fault].append(trial)

    @property
    def faults(self) -> list[str]:
        """The names of the faults that were tried, in the order of their list."""
        return [name for name in FAULTS if name in self._tried]

    @property
    def seeds(self) -> list[int]:
        """The seeds, the matrix's own first."""
        return [self.seed, *(other.seed for other in self.others)]

    @property
    def survivors(self) -> list[Pair]:
        """The pairs of fault and case that no sample of the matrix's own seed caught and no proof excuses."""
        tried = ((t.cell.fault, t.cell.case) for t in self.trials if t.cell.fault != CONTROL)
        pairs = dict.fromkeys((*self.asked, *tried))
        killed = {(t.cell.fault, t.cell.case) for trials in self._kills.values() for t in trials}
        return [pair for pair in pairs if pair not in killed and pair not in EQUIVALENTS]

    @property
    def missed_at(self) -> dict[str, list[int]]:
        """The seeds at which a fault was missed in any case, by the fault's name."""
        found: dict[str, list[int]] = defaultdict(list)
        for seed, missed in [(self.seed, self.survivors), *((o.seed, o.missed) for o in self.others)]:
            for fault in dict.fromkeys(fault for fault, _ in missed):
                found[fault].append(seed)
        return dict(found)

    @property
    def missed_too_often(self) -> list[str]:
        """The faults that were missed at more than one seed of ten; of fewer seeds, at any."""
        allowed = len(self.seeds) // _SEEDS_PER_MISS
        return [fault for fault, seeds in self.missed_at.items() if len(seeds) > allowed]

    @property
    def alarmed(self) -> bool:
        """Whether a run of the correct program would be red at any seed."""
        others = any(other.false_alarms or other.degenerate for other in self.others)
        return bool(self.false_alarms or self.degenerate or others)

    @property
    def false_alarms(self) -> list[Trial]:
        """The trials in which the correct program was judged wrong."""
        return self._kills.get(CONTROL, [])

    @property
    def exit_code(self) -> int:
        """0 if every fault was caught and nothing else; 3 if nothing was tried."""
        if not self.faults and not self.degenerate:
            return 3
        return 1 if self.missed_too_often or self.alarmed else 0

    def cells(self, fault: str) -> dict[Cell, tuple[int, int]]:
        """Return kills and trials of a fault in each cell of the matrix."""
        killed = Counter(t.cell for t in self._kills.get(fault, []))
        return {cell: (killed[cell], count) for cell, count in self._tried[fault].items()}

    def criteria(self) -> dict[str, dict[str, int]]:
        """Return for this suite and each other criterion the faults caught and the false alarms.

        A false alarm is a sample and lane on which the correct program is judged wrong; no fault is caught
        there. The faults caught in float32 are counted apart, for suites that compare with torch in float32
        only. The other criteria do not judge random draws, nor residuals, which are zero but for rounding: a
        relative criterion finds any rounding of zero wrong, and suites that use one do not compare zeros.
        """
        rows = {}
        for name in ("this suite", *CRITERIA):
            ours = name == "this suite"
            asked = [t for t in self.trials if ours or _comparable(CASES[t.cell.case])]
            red = [t for t in asked if (t.seen_by if ours else name not in t.missed_by)]
            # Where the correct program is judged wrong too, no fault was caught.
            alarms = {(t.sample, t.cell.lane) for t in red if t.cell.fault == CONTROL}
            caught = [t.cell for t in red if (t.sample, t.cell.lane) not in alarms]
            rows[name] = {
                "caught": len({cell.fault for cell in caught}),
                "caught_in_float32": len({cell.fault for cell in caught if cell.lane == "float32"}),
                "faults": len({t.cell.fault for t in asked} - {CONTROL}),
                "false_alarms": len(alarms),
                "clean": sum(t.cell.fault == CONTROL for t in asked),
            }
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return the record that `kill_matrix.json` holds."""
        survivors, missed_at = {fault for fault, _ in self.survivors}, self.missed_at
        return {
            "schema_version": SCHEMA_VERSION,
            "constants_sha256": constants_sha256(),
            "seeds": self.seeds,
            "degenerate": list(self.degenerate),
            "criteria": self.criteria(),
            "faults": [
                self._fault_to_json(name, survivors) | {"missed_at": missed_at.get(name, [])}
                for name in self.faults
            ],
        }

    def _fault_to_json(self, name: str, survivors: set[str]) -> dict[str, Any]:
        kills = self._kills.get(name, [])
        first = kills[0] if kills else None
        where: dict[str, dict[str, str]] = defaultdict(dict)
        for cell, (killed, count) in self.cells(name).items():
            where[cell.case][f"{cell.shape_class}/{cell.regime}/{cell.lane}"] = f"{killed}/{count}"
        by = {"sample": first.sample, "lane": first.cell.lane, "observable": first.seen_by} if first else None
        cases = FAULTS[name].cases
        return {
            "name": name,
            "family": FAULTS[name].family,
            "story": FAULTS[name].story,
            "killed": name not in survivors,
            "killed_by": by,
            "equivalent": {case: EQUIVALENTS[name, case] for case in cases if (name, case) in EQUIVALENTS},
            "where": where,
        }


def _comparable(case: Case) -> bool:
    return not case.residuals and not case.distribution

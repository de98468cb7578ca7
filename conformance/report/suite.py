"""What is known about the suite itself: which faults it catches, and how often it is red for no reason.

`suite.json` is a summary of the committed kill matrix and calibration, shipped with the package because
those are not. report.renew writes it. The page shows it where it was measured with the constants of the run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("suite.json")


@dataclass(frozen=True)
class Family:
    """A family of faults.

    Attributes:
        name: its name.
        caught: how many of its faults were caught.
        faults: how many it has.
    """

    name: str
    caught: int
    faults: int


@dataclass(frozen=True)
class Criterion:
    """A criterion by which the same results were judged; the first is this suite.

    Attributes:
        name: its name.
        caught: how many faults it caught.
        faults: of how many that it was asked about.
        false_alarms: in how many runs it called the correct program wrong.
        clean: of how many runs of the correct program.
    """

    name: str
    caught: int
    faults: int
    false_alarms: int
    clean: int


@dataclass(frozen=True)
class Suite:
    """What is known about the suite.

    Attributes:
        constants_sha256: the hash of the constants with which it was measured.
        seeds: how many seeds the kill matrix is over.
        families: the faults by family.
        criteria: this suite and other people's criteria.
        false_reds: the upper bound on how many of 1,000 default runs of a correct subject are red; None where
            no calibration of these constants was summarised.
    """

    constants_sha256: str
    seeds: int
    families: tuple[Family, ...]
    criteria: tuple[Criterion, ...]
    false_reds: float | None

    @property
    def caught(self) -> int:
        """How many faults the suite catches."""
        return sum(family.caught for family in self.families)

    @property
    def faults(self) -> int:
        """How many faults there are."""
        return sum(family.faults for family in self.families)

    def in_words(self) -> str:
        """Return the suite's part of the first sentence of a page."""
        told = f"This suite catches {self.caught:,} of {self.faults:,} known faults"
        if self.false_reds is None:
            return f"{told}."
        return f"{told}; false reds: fewer than {ceil(self.false_reds)} in 1,000 runs."

    def to_json(self) -> str:
        """Return the text of `suite.json`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Suite:
        """Read the text that `to_json` returned."""
        data = json.loads(text)
        families = tuple(Family(**family) for family in data.pop("families"))
        criteria = tuple(Criterion(**criterion) for criterion in data.pop("criteria"))
        return cls(families=families, criteria=criteria, **data)


def known(constants_sha256: str) -> Suite | None:
    """Return what is known about the suite with these constants; None where it was measured with others."""
    suite = Suite.from_json(FILE.read_text(encoding="utf-8"))
    return suite if suite.constants_sha256 == constants_sha256 else None


def summarised(
    matrix: Mapping[str, Any], calibration: Mapping[str, Any] | None, before: Suite | None = None
) -> Suite:
    """Return the summary of a kill matrix and a calibration.

    Args:
        matrix: the record in `kill_matrix_details.json`.
        calibration: the record in `calibration.json`; None where there is no new one.
        before: the summary so far, whose false reds stay without a new calibration of other constants.

    Raises:
        UsageError: a record lacks what the summary needs.
    """
    try:
        families: dict[str, list[bool]] = {}
        for fault in matrix["faults"]:
            families.setdefault(fault["family"], []).append(bool(fault["killed"]))
        sha256 = matrix["constants_sha256"]
        if calibration is not None:
            whole = calibration["whole_runs"]
            parts = (whole["numbers"], whole["random_draws"], whole["anything_else"])
            false_reds = sum(part["bound"] for part in parts) + sum(whole["redraws"]["expected"].values())
        else:
            kept = before is not None and before.constants_sha256 == sha256
            false_reds = before.false_reds if before is not None and kept else None
        return Suite(
            constants_sha256=sha256,
            seeds=len(matrix["seeds"]),
            families=tuple(Family(name, sum(caught), len(caught)) for name, caught in families.items()),
            criteria=tuple(
                Criterion(name, *(row[key] for key in ("caught", "faults", "false_alarms", "clean")))
                for name, row in matrix["criteria"].items()
            ),
            false_reds=false_reds,
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(
            f"suite: expected the record of a self-test, got one without {error}: run the commands first"
        ) from error

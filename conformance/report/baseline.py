"""`baseline.json`: how the verdicts of a run ended, in a file small enough to commit.

A later run is compared with it by `gate`. Written by `files.write` next to `parity.json`, from which it
follows, and by `gate.accept`. The format, which `baseline.schema.json` holds:

- `schema_version`: 4.
- `seed`, `implementation`, `reference`, `environment`: those of the run. A headroom belongs to them: another
  seed draws other samples, and another version of torch or NumPy rounds differently.
- `constants`: what the subject was judged by: the values of `constants.toml`, the accuracy class and the
  conventions at NaN that it declares, and, where half types were judged, what it declares to compute and add
  up in.
- `accepted`: each time that something was lost and accepted, with the `reason` and what was `lost`.
- `uses`: the names of the uses in which anything was judged.
- `cases`: by the name of the case, an object of four entries.
    - `elements`: how many numbers were compared.
    - `classes`: how many samples of each shape class were judged.
    - `uses`: how the verdicts of each use ended, of all its observables and lanes, in the order of the names
      at the top.
    - `observables`: one list per check, lane and observable. The list holds the check, the lane (null for
      `errors`), the observable (for `errors` the label of the call, null for a whole sample), how its
      verdicts ended, and the least headroom of those that agree in four significant digits (`"inf"` where
      every bit agreed, null where nothing was measured).

How verdicts ended is a number where all of them are PASS, else an object of a number per status.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from math import inf, isinf
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.arithmetic.formats import Inside
from conformance.errors import UsageError
from conformance.judging.verdict import Status
from conformance.judging.verdicts import by_sample
from conformance.report.coverage import judged
from conformance.sampling.lanes import HALF_LANES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# 3 has the constants, what was accepted, the numbers compared, and verdicts that are not PASS; 4 may have
# MISTRUSTED among these, and is otherwise the same, so that a baseline of version 3 is read too.
SCHEMA_VERSION = 4
_READ = (3, SCHEMA_VERSION)

# Two runs are of the same samples and the same subject where these are equal.
BELONGS_TO = ("seed", "implementation", "reference")

# The check of a verdict about a use.
_USE = "use"


class Place(NamedTuple):
    """The key by which verdicts are counted.

    Attributes:
        case: the name of the case.
        check: `forward`, `backward`, `training`, `use` or `errors`.
        lane: the dtype that the subject computed in; None for `errors` and `use`.
        observable: the name of the observable, the label of a bad call or the name of a use; None for a whole
            sample.
    """

    case: str
    check: str
    lane: str | None
    observable: str | None

    @classmethod
    def of(cls, verdict: Verdict) -> Place:
        """Return the key that a verdict is counted under."""
        # Of a use, all observables are counted together: they are those of the plain call again.
        lane, observable = (None, verdict.use) if verdict.use else (verdict.lane, verdict.observable)
        return cls(verdict.case, verdict.check, lane, observable)


class Shown(NamedTuple):
    """How the verdicts of one key ended.

    Attributes:
        passed: how many verdicts passed.
        headroom: the least of those that agree; infinite where every bit agreed, None where nothing was
            measured.
        others: of the other verdicts, how many ended how.
    """

    passed: int
    headroom: float | None
    others: tuple[tuple[Status, int], ...] = ()

    def statuses(self) -> Counter[Status]:
        """Return how many verdicts ended how."""
        return Counter({Status.PASS: self.passed, **dict(self.others)})

    def __str__(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in self.statuses().items() if count)


@dataclass(frozen=True)
class Baseline:
    """How the verdicts of a run ended.

    Attributes:
        seed: the seed of the samples.
        implementation: the name of the subject.
        reference: the name of the reference.
        environment: versions, BLAS, threads and CPU.
        constants: what the subject was judged by, by name.
        shown: how the verdicts ended, by case, check, lane and observable.
        classes: how many samples were judged, by case and shape class.
        elements: how many numbers were compared, by case.
        accepted: what was lost since the first baseline, and the reason for which each was accepted.
    """

    seed: int
    implementation: str
    reference: str
    environment: dict[str, Any]
    constants: dict[str, Any]
    shown: dict[Place, Shown]
    classes: dict[str, dict[str, int]]
    elements: dict[str, int]
    accepted: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, report: Report) -> Baseline:
        """Return the baseline that a run makes."""
        ended: dict[Place, Counter[Status]] = defaultdict(Counter)
        least: dict[Place, float] = {}
        elements: Counter[str] = Counter()
        for v in report.verdicts:
            place = Place.of(v)
            ended[place][v.status] += 1
            elements[v.case] += v.elements
            # The tolerances of a use are those of the plain call, whose headrooms are there.
            if v.agrees and v.headroom is not None and not v.use:
                least[place] = min(v.headroom, least.get(place, inf))
        classes: dict[str, Counter[str]] = {place.case: Counter() for place in ended}
        for first, *_ in by_sample(judged(report.verdicts)):
            classes[first.case][str(first.shape_class)] += 1
        declared = report.declarations
        return cls(
            seed=report.seed,
            implementation=report.implementation,
            reference=report.reference,
            environment=dict(report.environment),
            constants=report.constants
            | {"accuracy": declared.accuracy, "nan_conventions": declared.nan_conventions}
            | _half_types(report),
            shown={place: _shown(counts, least.get(place)) for place, counts in ended.items()},
            classes={case: dict(counts) for case, counts in classes.items()},
            elements=dict(elements),
        )

    def only(self, cases: Collection[str]) -> Baseline:
        """Return the part of this baseline that is about some cases."""
        return replace(
            self,
            shown={place: shown for place, shown in self.shown.items() if place.case in cases},
            classes={case: counts for case, counts in self.classes.items() if case in cases},
            elements={case: count for case, count in self.elements.items() if case in cases},
        )

    def with_accepted(self, accepted: Sequence[dict[str, Any]]) -> Baseline:
        """Return this baseline with another list of what was accepted."""
        return replace(self, accepted=tuple(accepted))

    def to_json(self) -> str:
        """Return the file's text, with one line per observable, so that a difference is one line long."""
        rows: dict[str, list[str]] = defaultdict(list)
        uses: dict[str, dict[str | None, Any]] = defaultdict(dict)
        for (case, check, lane, observable), shown in self.shown.items():
            if check == _USE:
                uses[case][observable] = _ended(shown)
                continue
            headroom = shown.headroom
            number = "inf" if headroom is not None and isinf(headroom) else headroom
            rows[case].append(_line([check, lane, observable, _ended(shown), number]))
        names = list(dict.fromkeys(use for ended in uses.values() for use in ended))
        cases = ",\n".join(
            f"  {_line(case)}: {{\n"
            f'   "elements": {self.elements[case]},\n'
            f'   "classes": {_line(counts)},\n'
            f'   "uses": {_line([uses[case].get(name, 0) for name in names])},\n'
            '   "observables": [\n    ' + ",\n    ".join(rows[case]) + "\n   ]\n  }"
            for case, counts in self.classes.items()
        )
        head = {
            "schema_version": SCHEMA_VERSION,
            **{name: getattr(self, name) for name in _HEAD},
            "accepted": list(self.accepted),
            "uses": names,
        }
        body = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
        return f'{body},\n "cases": {{\n{cases}\n }}\n}}\n'

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """Read the text that `to_json` returned.

        Raises:
            UsageError: the text is not a baseline, or is of another schema version.
        """
        try:
            data = json.loads(text)
            _check_kind(data)
            _check_version(data["schema_version"])
            cases = data["cases"]
            shown = {
                Place(case, check, lane, observable): _read(ended, headroom)
                for case, entry in cases.items()
                for check, lane, observable, ended, headroom in entry["observables"]
            } | {
                Place(case, _USE, None, use): _read(ended, None)
                for case, entry in cases.items()
                for use, ended in zip(data["uses"], entry["uses"], strict=True)
                if ended
            }
            return cls(
                shown=shown,
                classes={case: dict(entry["classes"]) for case, entry in cases.items()},
                elements={case: int(entry["elements"]) for case, entry in cases.items()},
                accepted=tuple(map(dict, data["accepted"])),
                **{name: data[name] for name in _HEAD},
            )
        except UsageError:
            raise
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"baseline: not a baseline: {type(error).__name__}: {error}") from error


# The fields that stand at the top of the file as they are.
_HEAD = ("seed", "implementation", "reference", "environment", "constants")


def _half_types(report: Report) -> dict[str, str]:
    """Return what the operations of half types were judged as, if any half type was."""
    if not report.glance.lanes & {*HALF_LANES}:
        return {}
    return {"half_types": Inside(**report.scope.half_types).words}


def _shown(counts: Counter[Status], headroom: float | None) -> Shown:
    """Return counts in the order of the statuses, and a headroom in four significant digits."""
    others = tuple((status, counts[status]) for status in Status if status is not Status.PASS)
    return Shown(
        counts[Status.PASS],
        None if headroom is None else float(f"{headroom:.4g}"),
        tuple((status, count) for status, count in others if count),
    )


def _ended(shown: Shown) -> int | dict[str, int]:
    """Return how verdicts ended, as it stands in the file."""
    if not shown.others:
        return shown.passed
    return {status.value: count for status, count in shown.statuses().items() if count}


def _read(ended: Any, headroom: Any) -> Shown:
    counts = ended if isinstance(ended, dict) else {Status.PASS: ended}
    return _shown(
        Counter({Status(name): int(count) for name, count in counts.items()}),
        None if headroom is None else float(headroom),
    )


def _check_kind(data: Any) -> None:
    if not isinstance(data, dict) or "schema_version" not in data:
        raise UsageError("baseline: not a baseline: expected an object with a schema_version")
    if "verdicts" in data:
        raise UsageError("baseline: this is the parity.json of a run, next to which there is a baseline.json")


def _check_version(version: object) -> None:
    if version not in _READ:
        raise UsageError(f"baseline: expected schema_version {SCHEMA_VERSION}, got {version}")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

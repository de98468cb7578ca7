"""`baseline.json`: the verdicts that passed in a run, in a file small enough to commit.

A later run can be compared with it. Written by `files.write` next to `parity.json`, from which it follows.
The format, which `baseline.schema.json` holds:

- `schema_version`: 2.
- `seed`, `implementation`, `reference`, `environment`: those of the run. A headroom belongs to them: another
  seed draws other samples, and another version of torch or NumPy rounds differently.
- `uses`: the names of the uses in which anything passed.
- `cases`: by the name of the case, an object of three entries.
    - `classes`: how many samples of each shape class were judged.
    - `uses`: how many verdicts of each use are PASS, of all its observables and lanes, in the order of the
      names at the top.
    - `observables`: one list per check, lane and observable that passed at least once. The list holds the
      check, the lane (null for `errors`), the observable (for `errors` the label of the call, null for a
      whole sample), how many of its verdicts are PASS, and the least headroom of those in four significant
      digits (`"inf"` where every bit agreed, null where nothing was measured).

Only verdicts that are PASS are counted, so an observable that a later run skips is missing from its baseline.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.errors import UsageError
from conformance.judging.verdict import Status
from conformance.report.coverage import judged

if TYPE_CHECKING:
    from conformance.report.record import Report

# 2 has the uses.
SCHEMA_VERSION = 2


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


class Shown(NamedTuple):
    """The verdicts that passed for one key.

    Attributes:
        passed: how many verdicts passed.
        headroom: the least of them; infinite where every bit agreed, None where nothing was measured.
    """

    passed: int
    headroom: float | None


@dataclass(frozen=True)
class Baseline:
    """The verdicts that passed in a run.

    Attributes:
        seed: the seed of the samples.
        implementation: the name of the subject.
        reference: the name of the reference.
        environment: versions, BLAS, threads and CPU.
        shown: the verdicts that passed, by case, check, lane and observable.
        classes: how many samples were judged, by case and shape class.
    """

    seed: int
    implementation: str
    reference: str
    environment: dict[str, Any]
    shown: dict[Place, Shown]
    classes: dict[str, dict[str, int]]

    @classmethod
    def of(cls, report: Report) -> Baseline:
        """Return the baseline that a run makes."""
        passed: dict[Place, list[float | None]] = defaultdict(list)
        for v in report.verdicts:
            if v.status is Status.PASS:
                # Of a use, all observables are counted together: they are those of the plain call again.
                lane, observable = (None, v.use) if v.use else (v.lane, v.observable)
                passed[Place(v.case, v.check, lane, observable)].append(v.headroom)
        shown = {}
        for place, headrooms in passed.items():
            least = min((each for each in headrooms if each is not None), default=None)
            if place.check == _USE:
                # The tolerances are those of the plain call, whose headrooms are there.
                least = None
            shown[place] = Shown(len(headrooms), None if least is None else float(f"{least:.4g}"))
        samples = {v.sample: (v.case, str(v.shape_class)) for v in judged(report.verdicts)}
        classes: dict[str, dict[str, int]] = {place.case: {} for place in shown}
        for (case, name), count in Counter(samples.values()).items():
            classes.setdefault(case, {})[name] = count
        return cls(
            report.seed, report.implementation, report.reference, dict(report.environment), shown, classes
        )

    def to_json(self) -> str:
        """Return the file's text, with one line per observable, so that a difference is one line long."""
        rows: dict[str, list[str]] = defaultdict(list)
        uses: dict[str, Counter[str | None]] = defaultdict(Counter)
        for (case, check, lane, observable), (count, headroom) in self.shown.items():
            if check == _USE:
                uses[case][observable] = count
                continue
            number = "inf" if headroom is not None and isinf(headroom) else headroom
            rows[case].append(_line([check, lane, observable, count, number]))
        names = list(dict.fromkeys(use for counts in uses.values() for use in counts))
        cases = ",\n".join(
            f"  {_line(case)}: {{\n"
            f'   "classes": {_line(counts)},\n'
            f'   "uses": {_line([uses[case][name] for name in names])},\n'
            '   "observables": [\n    ' + ",\n    ".join(rows[case]) + "\n   ]\n  }"
            for case, counts in self.classes.items()
        )
        head = {
            "schema_version": SCHEMA_VERSION,
            "seed": self.seed,
            "implementation": self.implementation,
            "reference": self.reference,
            "environment": self.environment,
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
            _check_version(data["schema_version"])
            shown = {
                Place(case, check, lane, observable): Shown(
                    int(count), None if headroom is None else float(headroom)
                )
                for case, entry in data["cases"].items()
                for check, lane, observable, count, headroom in entry["observables"]
            } | {
                Place(case, _USE, None, use): Shown(int(count), None)
                for case, entry in data["cases"].items()
                for use, count in zip(data["uses"], entry["uses"], strict=True)
                if count
            }
            classes = {case: dict(entry["classes"]) for case, entry in data["cases"].items()}
            names = ("seed", "implementation", "reference", "environment")
            return cls(**{name: data[name] for name in names}, shown=shown, classes=classes)
        except UsageError:
            raise
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"baseline: not a baseline: {type(error).__name__}: {error}") from error


def _check_version(version: object) -> None:
    if version != SCHEMA_VERSION:
        raise UsageError(f"baseline: expected schema_version {SCHEMA_VERSION}, got {version}")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

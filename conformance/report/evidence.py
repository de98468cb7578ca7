"""`calibration.md`: the evidence of a calibration, as tables.

Called by `calibration.write` and by the command line, which prints some of the tables. `calibration.json` has
the ratios of every observable; here are the largest of each case.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.calibration.choose import CONFIDENCE, QUIET, RUNS, SHARE_OF_EACH, informative
from conformance.calibration.tail import SHARE
from conformance.report.tables import number, render
from conformance.report.whole_runs import paragraphs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.calibration.choose import Choice
    from conformance.calibration.measure import Ratio
    from conformance.calibration.rules import MeasuredRule
    from conformance.calibration.run import Calibration

# How many verdicts are listed, the nearest to their tolerance first.
_NEAREST = 12
# How many candidates are listed on either side of the constant that was picked.
_AROUND = 4

_RATIOS = (
    "Two correct implementations are compared with the oracle, observable by observable. `tensor` is the "
    "largest error of a tensor over the tensor's deviation, `element` the largest of its elements' errors, "
    "each over its own deviation, so that a small element does not hide behind a large one. A constant is "
    "the largest ratio that passes."
)
_ORACLE = (
    "torch in float64 is the oracle itself, so its float64 verdicts would be no evidence and are not made. "
    "Instead, torch runs the same program written out step by step, where a case has one. Observables in "
    "which nothing rounds must agree bit for bit under any constants, and are not counted as informative."
)
_TAILS = (
    f"The law of the largest {SHARE:.0%} of the ratios of each lane, fitted on the picking seeds: a "
    "generalised Pareto law, whose shape may not be below 0, since that would be an end of the tail."
)
_CANDIDATES = (
    f"False alarms expected in {RUNS:,} default runs, and their upper {CONFIDENCE:.0%} bound by a bootstrap "
    f"over samples. Each constant is the least whose bound is at most {SHARE_OF_EACH:g}, so that both "
    "together stay below one on other seeds too."
)
_RULES = (
    "Real float32 errors of each operation, in units of the rounding that its noise rule states, over "
    "regimes, sizes and layouts. A rule is either a bound, which no error may exceed (a ratio of 1), or, "
    "where many errors add up, a standard deviation (times √3), of which an error may reach 6 (a ratio of "
    f"{6 / sqrt(3):.2f}) and the spread 1. A rule of which real errors use less than 1/20 would make the "
    "judge blind."
)


def plain(ratio: Ratio) -> dict[str, Any]:
    """Return the fields of a ratio by name, non-finite numbers as text."""
    return {
        name: str(value) if isinstance(value, float) and not isfinite(value) else value
        for name, value in ratio._asdict().items()
    }


def counts(found: Calibration) -> list[dict[str, Any]]:
    """Return one row per subject and lane: its verdicts, and how many of them the constants decide."""
    all_of = Counter((ratio.subject, ratio.lane) for ratio in found.ratios)
    usable = Counter((ratio.subject, ratio.lane) for ratio in informative(found.ratios))
    return [
        {"subject": subject, "lane": lane, "verdicts": count, "informative": usable[subject, lane]}
        for (subject, lane), count in all_of.items()
    ]


def distributions(ratios: tuple[Ratio, ...]) -> list[dict[str, Any]]:
    """Return one row per observable and lane: median, 99th percentile and largest of both ratios."""
    grouped: dict[tuple[str, str, str], list[Ratio]] = defaultdict(list)
    for ratio in informative(ratios):
        # In a use, what follows the last slash is an observable of the plain call.
        grouped[ratio.case, ratio.observable.rpartition("/")[2], ratio.lane].append(ratio)
    rows = []
    for (case, observable, lane), mine in grouped.items():
        row: dict[str, Any] = {"case": case, "observable": observable, "lane": lane, "verdicts": len(mine)}
        for name in ("tensor", "element"):
            values = np.array([getattr(ratio, name) for ratio in mine])
            for word, share in (("median", 0.5), ("99 %", 0.99), ("largest", 1.0)):
                row[f"{name} {word}"] = float(f"{np.quantile(values, share):.4g}")
        rows.append(row)
    return rows


def largest(observables: Sequence[dict[str, Any]]) -> list[dict[str, object]]:
    """Return one row per case: the largest ratios in each lane, from the rows of `distributions`."""
    lanes = list(dict.fromkeys(row["lane"] for row in observables))
    by_case: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in observables:
        by_case[row["case"]].append(row)
    rows: list[dict[str, object]] = []
    for case, mine in by_case.items():
        table: dict[str, object] = {"case": case, "verdicts": sum(row["verdicts"] for row in mine)}
        for lane in lanes:
            for name in ("tensor", "element"):
                ratios = [row[f"{name} largest"] for row in mine if row["lane"] == lane]
                table[f"{name} {lane}"] = number(max(ratios, default=None))
        rows.append(table)
    return rows


def summary(found: Calibration) -> list[dict[str, object]]:
    """Return one row per constant: in force, picked, and the alarms that each means."""
    now, choice = constants(), found.choice
    rows: list[dict[str, object]] = []
    for name in ("tensor", "element"):
        picked, each = getattr(choice, name), choice.estimates[name]
        point, bound = each.at(picked)
        before, before_bound = each.at(getattr(now, name))
        rows.append(
            {
                "constant": name,
                "in force": f"{getattr(now, name):g}",
                f"alarms in {RUNS:,} runs": f"{RUNS * before:.2g} (bound {RUNS * before_bound:.2g})",
                "picked": f"{picked:g}",
                f"alarms in {RUNS:,} runs then": f"{RUNS * point:.2g} (bound {RUNS * bound:.2g})",
            }
        )
    return rows


def rules(found: tuple[MeasuredRule, ...]) -> list[dict[str, object]]:
    """Return one row per rule: the largest real error of each library, and the spread of the errors."""
    rows: list[dict[str, object]] = []
    for rule in found:
        row: dict[str, object] = {
            "operation": rule.name,
            "rule": "deviation" if rule.accumulates else "bound",
            "results": f"{sum(m.elements for m in rule.measured):,}",
        }
        for implementation in ("torch", "mytorch"):
            mine = [m for m in rule.measured if m.implementation == implementation]
            worst = max(mine, key=lambda m: m.largest, default=None)
            row[implementation] = f"{worst.largest:.2f} ({worst.regime})" if worst else "not measured"
        row["spread"] = f"{max(m.rms for m in rule.measured) * sqrt(3):.2f}"
        row["verdict"] = rule.wrong or "shown"
        rows.append(row)
    return rows


def _candidates(choice: Choice) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name in ("tensor", "element"):
        each, picked = choice.estimates[name], getattr(choice, name)
        at = int(np.searchsorted(each.candidates, picked))
        rows += [
            {
                "constant": name,
                "value": f"{each.candidates[k]:g}" + (" (picked)" if k == at else ""),
                f"expected in {RUNS:,} runs": f"{RUNS * each.point[k]:.2g}",
                "upper bound": f"{RUNS * each.bound[k]:.2g}",
            }
            for k in range(max(0, at - _AROUND), min(at + _AROUND + 1, each.candidates.size))
        ]
    return rows


def _tails(choice: Choice) -> list[dict[str, object]]:
    return [
        {
            "ratio": name,
            "lane": lane,
            "threshold": number(tail.threshold),
            "share above": f"{tail.share:.1%}",
            "verdicts above": tail.peaks,
            "shape": number(tail.shape),
            "scale": number(tail.scale),
        }
        for name in ("tensor", "element")
        for lane, tail in choice.estimates[name].tails.items()
    ]


def _nearest(found: Calibration) -> list[dict[str, object]]:
    ratios = sorted(informative(found.ratios), key=found.choice.use, reverse=True)[:_NEAREST]
    return [
        {
            "headroom": number(1 / found.choice.use(ratio)) if found.choice.use(ratio) else "exact",
            "tensor": number(ratio.tensor),
            "element": number(ratio.element),
            "subject": ratio.subject,
            "lane": ratio.lane,
            "observable": ratio.observable,
            "sample": ratio.sample,
        }
        for ratio in ratios
    ]


def validated(found: Calibration) -> str:
    """Return in words how often the picked constants alarm on the validating seeds."""
    validation = found.validation
    return (
        f"Seeds {_seeds(found.validating)}: {len(validation.alarms)} alarms in {validation.verdicts:,} "
        f"verdicts. Counting alone bounds the false alarms in {RUNS:,} default runs by "
        f"{validation.counted_bound:.3g} ({CONFIDENCE:.0%}, Clopper and Pearson); the tails fitted on these "
        f"seeds say {validation.expected:.2g}, with an upper bound of {validation.expected_bound:.2g}. "
        f"{validation.warnings} verdicts are below the headroom of {found.choice.warn:g} at which a run "
        "warns."
    )


def _seeds(seeds: tuple[int, ...]) -> str:
    return f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"


def markdown(found: Calibration) -> str:
    """Return the evidence in markdown."""
    choice = found.choice
    parts = [
        f"# Calibration: {'shown' if found.exit_code == 0 else 'NOT shown'}",
        (
            f"Of {len(found.cases)} cases; picked on seeds {_seeds(found.picking)}, validated on "
            f"{_seeds(found.validating)}. {_RATIOS}"
        ),
        _ORACLE,
        render(counts(found), "markdown"),
        "## Constants",
        render(summary(found), "markdown"),
        (
            f"A run warns below a headroom of {choice.warn:g}: the upper bound on the warnings of a clean "
            f"default run is there at most 1/{QUIET}. A verdict below it still passes."
        ),
        _CANDIDATES,
        render(_candidates(choice), "markdown"),
        "## Validation",
        validated(found),
        *paragraphs(found),
        "## Tails",
        _TAILS,
        render(_tails(choice), "markdown"),
        "## Noise rules",
        _RULES,
        render(rules(found.rules), "markdown"),
    ]
    if found.incorrect:
        rows = [plain(ratio) for ratio in found.incorrect[:_NEAREST]]
        text = f"{len(found.incorrect)} verdicts are wrong under any constants:"
        parts += ["## Incorrect", text, render(rows, "markdown")]
    parts += [
        "## Nearest to their tolerance",
        render(_nearest(found), "markdown"),
        "## Largest ratios per case",
        "Over all subjects, seeds and observables of the case.",
        render(largest(distributions(found.ratios)), "markdown"),
        "## Environment",
        "\n".join(f"- {name}: {value}" for name, value in found.environment.items()),
    ]
    return "\n\n".join(parts) + "\n"

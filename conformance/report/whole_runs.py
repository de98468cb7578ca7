"""The false reds of whole runs, as a table and in words.

Called by `evidence`, `calibration` and the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.calibration.choose import CONFIDENCE, RUNS
from conformance.report.tables import number, render

if TYPE_CHECKING:
    from conformance.calibration.run import Calibration
    from conformance.calibration.whole_runs import WholeRuns

# How many cases and red runs are listed.
_SHOWN = 12

_TEXT = (
    f"How many of {RUNS:,} default runs of a correct subject are red, for any reason. Numbers: by the tails "
    "fitted on the validating seeds. Redraws: noise changes a branch in every repetition of a draw; the "
    "chance of one repetition is its share among the draws of the case and regime. Random draws: at most, "
    "by the critical values of all tests of a run together. Anything else, such as a sample with nothing to "
    "compare or a class that is drawn too seldom, is counted in runs that are drawn but not measured. "
    f"The bounds of counts are those of Clopper and Pearson, {CONFIDENCE:.0%}."
)


def rows(whole: WholeRuns) -> list[dict[str, object]]:
    """Return one row per kind of red, and one for the measured runs."""
    head = f"red in {RUNS:,} runs"

    def row(reason: str, how: str, red: str, bound: float | None) -> dict[str, object]:
        return {"reason": reason, "by": how, head: red, "upper bound": number(bound)}

    return [
        row("numbers", "fitted tails", number(whole.numbers), whole.numbers_bound),
        row(
            "redraws",
            f"their rate, {whole.redraws:.3g} in a run",
            number(sum(whole.exhausted.values())),
            None,
        ),
        row("random draws", "critical values of their tests", "", whole.random),
        row(
            "anything else",
            f"drawing {whole.drawn} runs",
            f"{len(whole.troubled)} counted",
            whole.troubled_bound,
        ),
        row("any", f"measuring {whole.measured} runs", f"{len(whole.red)} counted", whole.red_bound),
    ]


def paragraphs(found: Calibration) -> list[str]:
    """Return the section of `calibration.md`."""
    whole = found.whole
    parts = ["## Whole runs", _TEXT, render(rows(whole), "markdown")]
    if most := sorted(whole.exhausted.items(), key=lambda pair: pair[1], reverse=True)[:_SHOWN]:
        cases = ", ".join(f"{case} {number(expected)}" for case, expected in most)
        parts.append(f"The cases of most redraws, with the runs of {RUNS:,} in which they are red: {cases}.")
    if reds := told(whole):
        parts.append("\n".join(f"- {red}" for red in reds))
    return parts


def told(whole: WholeRuns) -> list[str]:
    """Return why runs were red."""
    return [*whole.red, *whole.troubled][:_SHOWN]


def to_json(whole: WholeRuns) -> dict[str, Any]:
    """Return the record in `calibration.json`."""
    return {
        "expected_in_1000_runs": whole.expected,
        "numbers": {"expected": whole.numbers, "bound": whole.numbers_bound},
        "redraws": {"per_run": whole.redraws, "expected": dict(whole.exhausted)},
        "random_draws": {"bound": whole.random},
        "anything_else": {"runs": whole.drawn, "red": list(whole.troubled), "bound": whole.troubled_bound},
        "measured": {"runs": whole.measured, "red": list(whole.red), "bound": whole.red_bound},
    }

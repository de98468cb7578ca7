"""Writes `performance.md`: the machine, the targets, and a table of ratios per family.

Called by `conformance bench`, with the record that `running.run` returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.bench.suite import EVERY
from conformance.bench.targets import SUBJECTS, outcomes
from conformance.report.tables import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.bench.rows import Record, Row
    from conformance.bench.targets import Outcome
    from conformance.bench.timing import Ratio

    Rows = list[dict[str, object]]

PICTURE = "performance.svg"
# What a side is called in the head of a column.
_COLUMNS = {"mytorch": "mytorch", "numba": "mytorch with numba", "products": "NumPy's products"}
_FIRST = (
    "How long mytorch takes next to others, as a ratio of CPU times on one thread each: below 1, mytorch "
    "is faster. All sides of a row run in one process on the same numbers, and their results are "
    "compared before they are timed. After a warm-up they are timed in turn, A B A B; each round gives a "
    "ratio, and a cell has the median of these, and their quartiles in brackets. Written by `conformance "
    "bench`, which [Performance](../docs/performance.md) explains."
)
_ABOUT = {
    "recurrent layers": (
        "Against torch's layers. NumPy's products are the matrix products of the layer alone, into "
        "arrays that are there: what is left of the time if everything else cost nothing."
    ),
    "the seed's text": (
        "The lesson that the project was created from, gate by gate, and `mytorch.models.LSTM`, which "
        "has its parameters; both against the lesson's text on torch."
    ),
    "other frameworks": (
        "A training step of an LSTM: JAX's is compiled as one, with `lax.scan`, MyGrad's and autograd's "
        "runs step by step."
    ),
    "operations": (
        "A chain of one operation on 16 numbers; forward is without gradients. The last column says by "
        "how much a call takes longer than NumPy's."
    ),
    "layers": "Forward and backward against torch, or one step of an optimiser, or one epoch of a loader.",
    "memory": (
        "The peak of resident memory in a training step, above parameters and inputs, against torch's: "
        "by the kernel's count, in a process for each library, three steps. Memory that is asked for and "
        "never written to does not count."
    ),
}
_OF_THE_SUITE = (
    f"Where the time of `conformance run` goes: every {EVERY}th piece of its work, in one process, without "
    "imports, under cProfile. What torch and NumPy compute counts for the part that calls them."
)


def markdown(record: Record) -> str:
    """Return the report as text."""
    families = dict.fromkeys(row.family for row in record.rows)
    parts = [
        "# Performance",
        _FIRST,
        f"![Ratio to torch against the size of the layer, for training and inference.]({PICTURE})",
        "## Machine",
        render([{"what": name, "here": told} for name, told in record.machine.items()], "markdown"),
        *_targets(record),
        *(part for family in families for part in _table(family, record)),
        *_suite(record),
        *_left_out(record),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def line(row: Row) -> str:
    """Return a row in one line, for the terminal."""
    if row.refused:
        return f"{row.name}, {row.label}: REFUSED: {row.refused}"
    ratios = ", ".join(f"{a}/{b} {_cell(each)}" for (a, b), each in row.ratios.items())
    return f"{row.name}, {row.label}: {ratios}"


def _targets(record: Record) -> list[str]:
    found = outcomes(record)
    counts = {
        name: (sum(each.holds is True for each in mine), sum(each.holds is not None for each in mine))
        for subject, name in SUBJECTS.items()
        for mine in ([each for each in found if each.subject == subject],)
    }
    told = "; ".join(f"{name}: {held} of {all_} hold" for name, (held, all_) in counts.items() if all_)
    by_what: dict[str, dict[str, object]] = {}
    for each in found:
        cells = dict.fromkeys((part for name in SUBJECTS.values() for part in (name, f"{name}: holds")), "–")
        row = by_what.setdefault(each.target.what, {"target": each.target.what, **cells})
        name = SUBJECTS[each.subject]
        row[name] = f"{_figure(each)} (at most {each.bound:g})"
        row[f"{name}: holds"] = _verdict(each)
    missed = [each for each in found if each.holds is False]
    return [
        "## Targets",
        f"{told}." if told else "None was measured whole.",
        render([*by_what.values()], "markdown"),
        "### Misses" if missed else "",
        render(_misses(missed, record), "markdown"),
    ]


def _figure(found: Outcome) -> str:
    return "–" if found.measured is None else _number(found.measured)


def _verdict(found: Outcome) -> str:
    if found.holds is None:
        return f"incomplete: {found.rows} of {found.target.expected} rows" if found.rows else "not measured"
    return "holds" if found.holds else "**missed**"


def _misses(missed: Sequence[Outcome], record: Record) -> Rows:
    rows: Rows = []
    for each in missed:
        worst = each.worst
        if worst is None:
            continue
        products = next((ratio for (who, _), ratio in worst.ratios.items() if who == "products"), None)
        reasons = [
            each.target.reasons.get(each.subject, ""),
            f"NumPy's products alone take {_number(products.median)}" if products else "",
            record.profiles.get((worst.name, worst.size, each.subject), ""),
        ]
        rows.append(
            {
                "target": f"{each.target.what}, {SUBJECTS[each.subject]}",
                "worst row": f"{worst.name}, {worst.label}",
                "measured": f"{_figure(each)}, at most {each.bound:g}",
                "where the time goes": "; ".join(filter(None, reasons)),
            }
        )
    return rows


def _table(family: str, record: Record) -> list[str]:
    mine = [row for row in record.rows if row.family == family and not row.refused]
    pairs = dict.fromkeys(pair for row in mine for pair in row.ratios)
    if not mine:
        return []
    # Where each workload has a library of its own, it is not in the head of the column.
    whom = {b for _, b in pairs}
    shared = whom == {"torch"} or family == "operations"
    rows: Rows = []
    for row in mine:
        cells: dict[str, object] = {"what": row.name, "size": row.label}
        for a, b in pairs:
            head = f"{_COLUMNS[a]} / {b}" if shared else f"{_COLUMNS[a]} / that"
            if (a, b) in row.ratios or head not in cells:
                cells[head] = _cell(row.ratios[a, b]) if (a, b) in row.ratios else "–"
        if family == "operations":
            cells["µs over NumPy's"] = _number(row.overhead["mytorch"]) if row.overhead else "–"
        rows.append(cells)
    return [f"## {family[0].upper()}{family[1:]}", _ABOUT[family], render(rows, "markdown")]


def _suite(record: Record) -> list[str]:
    rows: Rows = [{"part": part, "share": f"{share:.1%}"} for part, share in record.suite.items()]
    return ["## A run of the suite", _OF_THE_SUITE, render(rows, "markdown")] if rows else []


def _left_out(record: Record) -> list[str]:
    skipped = [f"- {name}: {why}" for name, why in record.skipped.items()]
    refused = [f"- {line(row)}" for row in record.rows if row.refused]
    return [
        "## Left out" if skipped else "",
        "\n".join(skipped),
        "## Refused, because the sides do not compute the same" if refused else "",
        "\n".join(refused),
    ]


def _cell(ratio: Ratio) -> str:
    return f"{_number(ratio.median)} ({_number(ratio.low)}–{_number(ratio.high)})"


def _number(value: float) -> str:
    """Return a number in two decimals below 10, where a hundredth is less than what it varies by."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"

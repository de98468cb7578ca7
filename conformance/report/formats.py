"""The formats of a report, by name: each is a function of the record, so that it can be made again.

Called by `conformance report`. `conformance run` writes the same bytes.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from typing import TYPE_CHECKING

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.report.baseline import Baseline
    from conformance.report.record import Report

# The module and the function of each. They are imported when one is asked for: `--help` needs none.
_FORMATS = {
    "terminal": ("conformance.report.terminal", "terminal"),
    "markdown": ("conformance.report.markdown", "markdown"),
    "details": ("conformance.report.details", "details"),
    "html": ("conformance.report.page", "render_page"),
    "junit": ("conformance.report.junit", "junit"),
    "json": ("conformance.report.record", "Report.to_json"),
}


def names() -> list[str]:
    """Return the names of the formats that are installed."""
    return [name for name, (module, _) in _FORMATS.items() if find_spec(module)]


def rendered(report: Report, name: str, baseline: Baseline | None = None) -> str:
    """Return a report in a format.

    Args:
        report: the record.
        name: one of `names()`.
        baseline: what the page compares the run with; the other formats compare it with nothing.

    Raises:
        UsageError: there is a baseline, and the format is not `html`.
    """
    if baseline is not None and name != "html":
        raise UsageError(f"baseline: expected the format html, which says what changed, got {name}")
    module, function = _FORMATS[name]
    render: Callable[..., str] = attrgetter(function)(import_module(module))
    return render(report) if baseline is None else render(report, baseline)

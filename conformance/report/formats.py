"""The formats of a report, by name: each is a function of the record alone, so that it can be made again.

Called by `conformance report`. `conformance run` writes the same bytes.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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


def rendered(report: Report, name: str) -> str:
    """Return a report in a format.

    Args:
        report: the record.
        name: one of `names()`.
    """
    module, function = _FORMATS[name]
    render: Callable[[Report], str] = attrgetter(function)(import_module(module))
    return render(report)

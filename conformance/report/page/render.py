"""Puts the sections of the page together and renders the template.

Called by report.files and wherever a report is rendered again; the text of `parity.html` comes out.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.report import bitwise, coverage, excuses, uses
from conformance.report.page import changes as baseline_changes
from conformance.report.page import strip
from conformance.report.page.cells import CHECKS, lines
from conformance.report.page.drawers import drawers
from conformance.report.page.first import first
from conformance.report.page.provenance import command, provenance
from conformance.report.sentence import sentence
from conformance.report.suite import known
from conformance.report.tables import in_words

if TYPE_CHECKING:
    from jinja2 import Template

    from conformance.report.baseline import Baseline
    from conformance.report.record import Report

_FOLDER = Path(__file__).parent


def render_page(report: Report, baseline: Baseline | None = None) -> str:
    """Return the page of a report. The same arguments give the same text.

    Args:
        report: the record of a run.
        baseline: what the run is compared with; None where there is none.
    """
    warn, sha256 = report.constants["warn"], report.constants["sha256"]
    suite = known(sha256)
    changes = None if baseline is None else baseline_changes.changes(report, baseline)
    rows, more = first(report, changes)
    dots, how_much = strip.dots(report), report.seen
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    return _template().render(
        # Two texts of ours that are not escaped, and a drawing in which matplotlib has escaped all names.
        style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        plot=Markup(strip.draw(dots, warn)),  # noqa: S704 - drawn by matplotlib, which escapes
        script_sha256=_sha256(script),
        report=report,
        sentence=sentence(report, suite),
        changes=changes,
        rows=rows,
        more=more,
        dots=dots,
        legend=strip.legend(dots),
        warn=warn,
        checks=CHECKS,
        lines=lines(report, warn),
        drawers=drawers(report, how_much, warn, changes),
        suite=suite,
        coverage=_without_marks(coverage.summary(report.covered)),
        uses=[_with_words(row) for row in uses.summary(report)],
        excused=excuses.summary(report),
        outside=report.scope.lines(),
        bits_legend=_without_marks([{"": bitwise.LEGEND}])[0][""],
        partly=[each for each in how_much.values() if each.skipped],
        provenance=provenance(report, sha256),
        command=command(report),
    )


@cache
def _template() -> Template:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html.j2")


def _with_words(row: dict[str, object]) -> dict[str, object]:
    """Return the row of a use with how the layer is called in it."""
    return {"use": row["use"], "how the layer is called": in_words(str(row["use"])), **row}


def _without_marks(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows for markdown without its marks of code."""
    return [{name: str(cell).replace("`", "") for name, cell in row.items()} for row in rows]


def _sha256(script: str) -> str:
    """Return the hash by which the page's policy allows its one script, and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

"""The first sentence about a run: whether parity is shown, of how much, and how narrowly.

Called by `page` and by `gate`: the page and the comment on a pull request begin with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from conformance.judging.verdict import Status
from conformance.report import excuses
from conformance.report.drift import nearest
from conformance.report.tables import headroom
from conformance.subjects.declarations import Declarations

if TYPE_CHECKING:
    from conformance.report.record import Report
    from conformance.report.suite import Suite

# The entries of the environment with the versions of what is named.
_PACKAGES = {"mytorch": "mytorch-conformance", "torch": "torch"}

# How many cases are named in a headline.
_NAMED = 3

# What has a meaning in markdown.
_MARKS = re.compile(r"[\\`*_\[\]<>|~]")


class Sentence(NamedTuple):
    """The first sentence.

    Attributes:
        shown: whether parity is shown.
        headline: the verdict in a few words.
        text: what was compared, and how it ended.
        suite: how far the suite itself can be relied on; empty where that is not known for these constants.
        limits: what was judged, where that is not everything; else empty.
    """

    shown: bool
    headline: str
    text: str
    suite: str
    limits: str

    def markdown(self) -> str:
        """Return it as one paragraph of markdown, or two where not everything was judged."""
        # The names in it are others', and may hold what has a meaning in markdown.
        headline, text, suite, limits = (_MARKS.sub(r"\\\g<0>", part) for part in self[1:])
        told = " ".join(filter(None, (f"**{headline}.**", text, suite)))
        return f"{told}\n\nJudged: {limits}." if limits else told


def sentence(report: Report, suite: Suite | None) -> Sentence:
    """Return the first sentence of a report."""
    totals = report.totals
    subject, reference = _named(report, report.implementation), _named(report, report.reference)
    what = f"what {reference} computes"
    if named := report.scope.named:
        # A run of some cases says nothing about the others.
        what = f"{', '.join(named) if len(named) <= _NAMED else f'{len(named)} cases'} as {reference} does"
    wrong = [verdict for verdict in report.failures if verdict.status is not Status.EMPTY]
    comparisons = report.glance.comparisons
    numbers = _in_millions(totals["compared_elements"])
    compared = f"{comparisons:,} comparisons of {numbers} numbers"
    if report.scope.shard:
        headline, text = _of_shard(report, subject, compared)
    elif report.passed:
        headline = f"{subject} computes {what}"
        text = f"In {compared}{_mistrusted(report)}."
    elif report.exit_code == 3:
        headline = f"Nothing of {subject} was compared with {reference}"
        text = "So nothing is shown."
    elif wrong:
        headline = f"{subject} does not compute {what}"
        cases, of = len({verdict.case for verdict in wrong}), len(report.glance.by_case)
        share = f"{len(wrong):,} of {len(report.verdicts):,} verdicts fail"
        text = f"{share}, in {cases} of {of} cases ({compared})."
    else:
        headline = f"It is not shown that {subject} computes {what}"
        text = f"No number is wrong in {compared}, but not enough was seen: the reasons are below."
    if near := nearest(report)[:1]:
        at = f"{near[0].case}, {near[0].observable}"
        text += f" Nearest to its tolerance{' of all that passes' if wrong else ''}: "
        text += f"{headroom(near[0].headroom)} × away ({at})."
    if report.stopped:
        text = f"{report.stopped}. {text}"
    # Only a run of all cases with all of their samples has minimums.
    fewer = "" if report.minimums or named or report.scope.shard else "fewer samples than by default"
    stated = excuses.stated(report) if report.declarations != Declarations() else ""
    where = f"{report.implementation} ran {report.in_process}" if report.in_process else ""
    limits = ", ".join(filter(None, (report.limits, stated, fewer, where)))
    return Sentence(report.passed, headline, text, suite.in_words() if suite else "", limits)


def _of_shard(report: Report, subject: str, compared: str) -> tuple[str, str]:
    """Return the headline and the text of a part of a run, which alone shows nothing."""
    failed = "Not everything agrees" if report.exit_code else "Nothing failed"
    headline = f"{failed} in shard {report.scope.shard} of a run of {subject}"
    return headline, f"In {compared}; conformance merge says what all shards show."


def _named(report: Report, name: str) -> str:
    """Return a name, with its version where it is known."""
    version = report.environment.get(_PACKAGES.get(name, ""))
    # Without the build, as in 2.13.0+cpu.
    return f"{name} {str(version).partition('+')[0]}" if version else name


def _mistrusted(report: Report) -> str:
    count = report.totals["mistrusted"]
    return (
        f", of which {count:,} {'is' if count == 1 else 'are'} MISTRUSTED: zeros would agree too"
        if count
        else ""
    )


def _in_millions(count: int) -> str:
    """Return a count as people say it, e.g. `6.2 million`."""
    return f"{count / 1e6:.1f} million" if count >= 1_000_000 else f"{count:,}"

"""`conformance replay`: runs one sample again and prints the comparison.

Calls running.replay; returns 0 if every observable agrees in each of ten runs, 3 if the subject runs none of
them, else 1. Of a bundle whose failure did not repeat in the run either, it returns 1 even if all agree.
"""

from __future__ import annotations

from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING

from conformance.cli._options import SHOWN, add_implementation, hosting
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from conformance.cli._options import Commands
    from conformance.judging.verdict import Verdict


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "replay", help="run one sample again", description="Run one sample again and show the comparison."
    )
    parser.add_argument("sample", metavar="BUNDLE_OR_SAMPLE", help="a sample's text, or a bundle's folder")
    add_implementation(parser, None)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.judging.repeat import RUNS
    from conformance.judging.verdict import Status
    from conformance.report.tables import explain, render
    from conformance.running.replay import replay

    found = replay(options.sample, options.implementation, **hosting(options))
    print(render(_comparison(found.verdicts), "terminal"))
    failures = [verdict for verdict in found.verdicts if not verdict.passed]
    for verdict in failures[:SHOWN]:
        print("\n" + explain(verdict, found.implementation, run=found.verdicts))
    for verdict in found.verdicts:
        if verdict.passed and verdict.repeatable is False:
            where = f"{verdict.observable} · {verdict.lane}"
            print(f"\nOTHER BITS {where}: within the tolerance in each of {RUNS} runs")
    none = all(verdict.status is Status.SKIP for verdict in found.verdicts)
    if found.failed and not failures and not none:
        print("\n" + _unrepeated(found.failed, found.implementation))
    for line in filter(None, (found.in_process, found.inside)):
        print("\n" + safe_name(line))
    if none:
        reasons = dict.fromkeys(verdict.reason for verdict in found.verdicts if verdict.reason)
        print(f"\nNOTHING COMPARED {found.sample}: {'; '.join(reasons)}")
        return 3
    ended = Counter(verdict.status for verdict in found.verdicts)
    agree = ended[Status.PASS] + ended[Status.MISTRUSTED]
    apart = {Status.EXCUSED: "are excused", Status.SKIP: "are skipped"}
    also = "".join(f", {ended[each]} {words}" for each, words in apart.items() if ended[each])
    print(
        f"\n{agree} of {len(found.verdicts)} observables of {found.sample} agree in each of {RUNS} runs{also}"
    )
    at_times = found.failed is not None and found.failed.repeatable is False
    return 1 if failures or at_times else 0


def _unrepeated(failed: Verdict, implementation: str) -> str:
    """Return what is known of a bundle's failure that did not occur in the replay."""
    what = f"{failed.status} {failed.observable or 'whole sample'} · {failed.lane}"
    if failed.repeatable is False:
        how_often = (failed.reason or "").partition(";")[0]
        return (
            f"NOT REPEATED {what}: it fails in no run here. When the bundle was written it failed at times "
            f"({how_often}), so it counts as a failure until a run of the case is without it."
        )
    return (
        f"AGREES NOW {what}: it failed in each run when the bundle was written. If nothing was mended "
        "since, it depends on what ran before: "
        f"conformance run {failed.case} --implementation {quote(safe_name(implementation))}"
    )


def _comparison(verdicts: Sequence[Verdict]) -> list[dict[str, object]]:
    """Return a row per observable: its worst element, with the expected value and the subject's."""
    from conformance.report.tables import headroom

    return [
        {
            "lane": v.lane or v.check,
            "observable": v.observable or "whole sample",
            "status": v.status.value,
            "numbers": v.elements,
            "worst at": v.worst_index,
            "expected": _shown(v, v.expected),
            "got": _shown(v, v.got),
            "largest error": v.max_error,
            "tolerance": v.tolerance,
            "headroom": headroom(v.headroom),
        }
        for v in verdicts
    ]


def _shown(verdict: Verdict, value: float | None) -> str:
    """Return a value in all its digits; what is compared exactly, as flags are, without a decimal point."""
    text = "" if value is None else repr(value)
    return text.removesuffix(".0") if verdict.tolerance == 0 else text

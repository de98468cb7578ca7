"""Where the numbers come from: environment, seed, constants, and the command that makes them again.

Called by `render`.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from conformance.report.page.words import implementation
from conformance.subjects.protocol import EVERY_LANE, LANES

if TYPE_CHECKING:
    from conformance.report.record import Report


def provenance(report: Report, constants_sha256: str) -> list[tuple[str, str]]:
    """Return names and values."""
    timing = report.timing
    rows = {
        "seed": report.seed,
        "constants.toml": f"sha256 {constants_sha256}",
        "implementation": report.implementation,
        "reference": report.reference,
        **report.environment,
        "began": timing.get("began"),
        "took": f"{timing['seconds']:,.0f} s" if "seconds" in timing else None,
    }
    return [(name, str(value)) for name, value in rows.items() if value is not None]


def command(report: Report) -> str:
    """Return the command that judges the same samples, where as many are drawn as by default."""
    lanes = report.glance.lanes - {None}
    parts = [
        "conformance",
        "run",
        *map(quote, report.scope.named),
        "--implementation",
        implementation(report),
    ]
    if lanes != set(LANES):
        parts += [word for lane in EVERY_LANE if lane in lanes for word in ("--dtype", lane)]
    if report.bitwise.required:
        parts += ["--require-bitwise", ",".join(report.bitwise.required)]
    return " ".join([*parts, "--seed", str(report.seed)])

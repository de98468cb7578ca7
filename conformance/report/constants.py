"""`constants.toml` as a calibration would write it, with the evidence next to each number.

Called by `calibration.write`; the file is reviewed, and then copied over the one in force.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from conformance.arithmetic.constants import constants, gate_table
from conformance.calibration.choose import CONFIDENCE, QUIET, RUNS, SHARE_OF_EACH
from conformance.cases import CASES

if TYPE_CHECKING:
    from conformance.calibration.run import Calibration

_FILE = """\
# The constants of the judge. Loosening anything here needs the evidence run again in the same commit.
# Tolerances are multiples of the deviation that Monte Carlo arithmetic measured on the oracle (mode.py).

schema_version = 1

[monte_carlo]
# How many noisy values every number of the oracle has. The root mean square of n of them is below 0.6 of its
# true value with a probability of {chance:.0e}, and with {of_half:.0e} for half as many
# (scipy.stats.chi2.cdf(0.36 * n, n)).
replicates = {replicates}
# A sample in which noise changes a branch is drawn again, at most this often.
redraws = {redraws}

[tolerance]
{evidence}
# Per tensor: times the largest deviation over all elements and replicates.
# {tensor_evidence}
tensor = {tensor}
# Per element: times the root mean square over the replicates.
# {element_evidence}
element = {element}
# Per element, the deviation is at least this fraction of the tensor's largest.
floor = {floor}
# The float64 lane compares two float64 computations, each with its own rounding.
oracle_share = {oracle_share}
# A headroom below this is reported as drift, though it passes: the upper bound on the warnings of a clean
# default run is there at most 1/{quiet}.
warn = {warn}
{gate}"""


def command(found: Calibration) -> str:
    """Return the command that makes the same files."""
    seeds = (*found.picking, *found.validating)
    named = "" if len(found.cases) == len(CASES) else " " + " ".join(found.cases)
    return f"conformance calibrate{named} --seed {seeds[0]} --runs {len(seeds)}"


def toml(found: Calibration) -> str:
    """Return the file's text."""
    from scipy.stats import chi2

    now, choice, validation = constants(), found.choice, found.validation
    evidence = (
        f"Picked by `{command(found)}` on seeds {found.picking[0]} to {found.picking[-1]}, "
        f"{len(found.cases)} cases: the least numbers for which the upper {CONFIDENCE:.0%} bound on the "
        f"false alarms in {RUNS} default runs is at most {SHARE_OF_EACH:g} each. Validated on seeds "
        f"{found.validating[0]} to {found.validating[-1]}: {len(validation.alarms)} alarms in "
        f"{validation.verdicts} verdicts, by counting at most {validation.counted_bound:.3g} in {RUNS} runs, "
        f"by fitted tails {validation.expected:.2g} (bound {validation.expected_bound:.2g})."
    )
    words = {}
    for name in ("tensor", "element"):
        point, bound = choice.estimates[name].at(getattr(choice, name))
        words[f"{name}_evidence"] = (
            f"{RUNS * point:.2g} false alarms in {RUNS} runs, at most {RUNS * bound:.2g}."
        )
    return _FILE.format(
        replicates=now.replicates,
        chance=chi2.cdf(0.36 * now.replicates, now.replicates),
        of_half=chi2.cdf(0.36 * now.replicates / 2, now.replicates / 2),
        redraws=now.redraws,
        evidence="\n".join(wrap(evidence, 105, initial_indent="# ", subsequent_indent="# ")),
        tensor=choice.tensor,
        element=choice.element,
        floor=now.floor,
        oracle_share=now.oracle_share,
        quiet=QUIET,
        warn=choice.warn,
        gate=gate_table(),
        **words,
    )

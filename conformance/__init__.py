"""Decides, with evidence, whether an implementation computes what PyTorch computes.

This module exports what other programs use: `run`, `parametrize`, and the parts of an implementation.
"""

from conformance.cases.case import BadCall, Built, Case, LayerProgram, Mapped, Values
from conformance.checking.check import check
from conformance.checking.result import CheckResult
from conformance.diagnosis.divergence import Divergence
from conformance.diagnosis.first_divergence import first_divergence
from conformance.errors import DegenerateError, NoiseError, UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.pytest_plugin import parametrize
from conformance.reference.closeness import assert_close
from conformance.reference.tolerance import Bound, Tolerance, tolerance
from conformance.report.record import Report
from conformance.running.run import run
from conformance.subjects.declarations import Excuse
from conformance.subjects.functional import Functional
from conformance.subjects.protocol import Implementation, Task, Trace
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike
from conformance.subjects.weights import Entry, WeightMap

__all__ = [
    "BadCall",
    "Bound",
    "Built",
    "Case",
    "CheckResult",
    "DegenerateError",
    "Divergence",
    "Entry",
    "Excuse",
    "Functional",
    "Implementation",
    "LayerProgram",
    "Mapped",
    "NoiseError",
    "Report",
    "Status",
    "Supports",
    "Task",
    "Tolerance",
    "TorchLike",
    "Trace",
    "UsageError",
    "Values",
    "Verdict",
    "WeightMap",
    "assert_close",
    "check",
    "first_divergence",
    "parametrize",
    "run",
    "tolerance",
]

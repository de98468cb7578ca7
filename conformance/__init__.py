"""Decides, with evidence, whether an implementation computes what PyTorch computes."""

from conformance.adapters.torchlike import TorchLike
from conformance.case import BadCall, Case, Mapped, Values
from conformance.contract import Implementation, Task, Trace
from conformance.errors import DegenerateError, NoiseError, UsageError
from conformance.pytest_plugin import parametrize
from conformance.report.record import Report
from conformance.runner import run
from conformance.verdict import Status, Verdict
from conformance.weights import Entry, WeightMap

__all__ = [
    "BadCall",
    "Case",
    "DegenerateError",
    "Entry",
    "Implementation",
    "Mapped",
    "NoiseError",
    "Report",
    "Status",
    "Task",
    "TorchLike",
    "Trace",
    "UsageError",
    "Values",
    "Verdict",
    "WeightMap",
    "parametrize",
    "run",
]

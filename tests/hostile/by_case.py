"""A subject that does another harm in each case, so that one run from the command line meets them all."""

from __future__ import annotations

from pathlib import Path

from conformance.registry import find_implementation
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike

SUBJECTS = Path(__file__).with_name("subjects.py")

# The subject of each case, the status that it deserves, and what its reason says.
# The command line shows the failures of the first three cases.
HARMS = {
    "square": ("LongMessage", "ERROR", "characters cut]xxx"),
    "exp": ("ControlCharacters", "ERROR", "ValueError: \\x1b[2J\\x07\\udc80"),
    "clone": ("Unreadable", "ERROR", "UnreadableError: <exception str() failed>"),
    "relu": (
        "ExitsAtOnce",
        "ERROR",
        "ended with exit code 0 instead of an answer",
    ),
    "abs": ("SegmentationFault", "ERROR", "the subject's process was killed by SIGSEGV"),
    "neg": ("Aborts", "ERROR", "the subject's process was killed by SIGABRT"),
    "sign": ("KillsItself", "ERROR", "the subject's process was killed by SIGKILL"),
    "floor": ("Garbage", "ERROR", "the subject's process sent what is not an answer"),
    "ceil": ("Exits", "ERROR", "SystemExit: 0"),
    "round": ("Interrupts", "ERROR", "KeyboardInterrupt"),
    "trunc": ("Leaves", "ERROR", "GeneratorExit: on purpose"),
    "log": ("NoReturn", "ERROR", "expected a mapping of arrays by name, got NoneType"),
    "sin": ("NumbersForNames", "ERROR", "got dict with the keys [0, 1]"),
    "cos": ("ReturnsRaisingMapping", "ERROR", "LookupError: on purpose"),
    "sigmoid": ("NoReason", "ERROR", "unsupported: expected None or the reason, got False"),
    "tanh": ("EmptyReason", "ERROR", "unsupported: expected None or the reason, got ''"),
    "nn.ReLU": ("Masked", "FAIL", "type: expected an array, got MaskedArray"),
    "nn.Tanh": ("WrongEveryThirdCall", "FAIL", "not repeatable: failed "),
    "nn.Sigmoid": ("Prints", "PASS", None),
    "absolute": ("ChangesDirectory", "PASS", None),
    "reciprocal": ("Undisturbed", "PASS", None),
}


class ByCase(TorchLike):
    """Runs each case by its subject, in plain calls."""

    supports = Supports(uses=())

    def __init__(self):
        super().__init__("by-case", "mytorch")
        self._subjects = {
            case: find_implementation(f"{SUBJECTS}:{name}") for case, (name, *_) in HARMS.items()
        }

    def unsupported(self, task):
        return self._subjects[task.case.name].unsupported(task)

    def run(self, task):
        return self._subjects[task.case.name].run(task)

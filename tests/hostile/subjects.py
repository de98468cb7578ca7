"""Subjects that harm themselves or whoever runs them. Each computes what mytorch does, but for one thing."""

from __future__ import annotations

import collections.abc
import ctypes
import os
import signal
import sys
import time

import numpy as np

from conformance.subjects.torchlike import TorchLike


class Undisturbed(TorchLike):
    """Does no harm."""

    def __init__(self):
        super().__init__("undisturbed", "mytorch")

    def run(self, task):
        return {name: self.harm(value) for name, value in super().run(task).items()}

    def harm(self, value):
        return value


class Exits(Undisturbed):
    def run(self, task):
        sys.exit(0)


class ExitsAtOnce(Undisturbed):
    def run(self, task):
        print("the last words")
        os._exit(0)


class SegmentationFault(Undisturbed):
    def run(self, task):
        return ctypes.string_at(0)


class Aborts(Undisturbed):
    def run(self, task):
        os.abort()


class KillsItself(Undisturbed):
    def run(self, task):
        os.kill(os.getpid(), signal.SIGKILL)


class EndsBeforeItsChild(Undisturbed):
    def run(self, task):
        if os.fork():
            os._exit(3)
        time.sleep(600)  # holds the pipes open
        return {}


class Loops(Undisturbed):
    def run(self, task):
        while True:
            pass


class LoopsInC(Undisturbed):
    """Holds the interpreter's lock."""

    def run(self, task):
        ctypes.PyDLL(None).sleep(600)


class LoopsInItsReason(Undisturbed):
    def unsupported(self, task):
        while True:
            pass


class Interrupts(Undisturbed):
    def run(self, task):
        raise KeyboardInterrupt


class Leaves(Undisturbed):
    def run(self, task):
        raise GeneratorExit("on purpose")


class UnreadableError(Exception):
    def __str__(self):
        raise ValueError("on purpose")


class Unreadable(Undisturbed):
    def run(self, task):
        raise UnreadableError


class LongMessage(Undisturbed):
    def run(self, task):
        raise ValueError("x" * 10_000_000)


class ControlCharacters(Undisturbed):
    def run(self, task):
        raise ValueError("\x1b[2J\x07\udc80")


class NoReturn(Undisturbed):
    def run(self, task):
        super().run(task)


class NumbersForNames(Undisturbed):
    def run(self, task):
        return dict(enumerate(super().run(task).values()))


class RaisingMapping(collections.abc.Mapping):
    def __getitem__(self, name):
        raise LookupError("on purpose")

    def __iter__(self):
        raise LookupError("on purpose")

    def __len__(self):
        return 1


class ReturnsRaisingMapping(Undisturbed):
    def run(self, task):
        return RaisingMapping()


class Garbage(Undisturbed):
    """Writes to every file that is open."""

    def run(self, task):
        for file in range(3, 64):
            try:
                os.write(file, b"garbage that is longer than the beginning of an answer")
            except OSError:
                continue
        return super().run(task)


class ReadsItsInput(Undisturbed):
    def run(self, task):
        return input()


class TooMuchMemory(Undisturbed):
    def run(self, task):
        return {"output": np.zeros(8 * 2**30, np.uint8)}


class HugeAnswer(Undisturbed):
    def harm(self, value):
        return np.broadcast_to(value.flat[0], (10**9,))


class Masked(Undisturbed):
    """Of a masked element every comparison is masked, and so none is False."""

    def harm(self, value):
        return np.ma.masked_array(np.zeros_like(value), mask=True)


class Reducing:
    def __reduce__(self):
        return os._exit, (0,)


class Objects(Undisturbed):
    def harm(self, value):
        return np.full(value.shape, Reducing(), object)


class Lists(Undisturbed):
    def harm(self, value):
        return value.tolist()


class HalfTypes(Undisturbed):
    def harm(self, value):
        return value.astype(np.float16)


class NoReason(Undisturbed):
    def unsupported(self, task):
        return False


class EmptyReason(Undisturbed):
    def unsupported(self, task):
        return ""


class DeclinesRelu(Undisturbed):
    def unsupported(self, task):
        return "not today" if task.case.name == "relu" else None


class WrongEveryThirdCall(Undisturbed):
    calls = 0

    def run(self, task):
        self.calls += 1
        return super().run(task)

    def harm(self, value):
        return value if self.calls % 3 else value + 1


class NamelessError(RuntimeError):
    pass


class RaisesItsOwn(Undisturbed):
    def run(self, task):
        print("before it")
        raise NamelessError("of its own")


# Those that do no harm to their own verdicts.


class Prints(Undisturbed):
    def run(self, task):
        print("x" * 1_000_000)
        os.write(1, b"\x93answer\x01" * 1000)
        sys.stderr.write("\udc80")
        return super().run(task)


class PrintsAndIsWrong(Prints):
    def harm(self, value):
        return value + 1


class ClosesItsOutput(Undisturbed):
    def run(self, task):
        sys.stdout.close()
        return super().run(task)


class ChangesDirectory(Undisturbed):
    def run(self, task):
        os.chdir("/")
        return super().run(task)


class Forks(Undisturbed):
    """Its copy answers too."""

    def run(self, task):
        os.fork()
        return super().run(task)


class Nameless(Undisturbed):
    @property
    def name(self):
        raise ValueError("no name")

    @name.setter
    def name(self, value):
        pass


class FactoryExits(Undisturbed):
    def __init__(self):
        os._exit(0)


class FactoryRaisesExit(Undisturbed):
    def __init__(self):
        sys.exit(0)

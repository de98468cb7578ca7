"""Subjects that alter modes of torch where they run; in the judge's process they are the reference's."""

from __future__ import annotations

import ctypes
import importlib

from conformance.subjects.torchlike import TorchLike


class Alters(TorchLike):
    def __init__(self):
        super().__init__("altering", "mytorch")
        self.torch = importlib.import_module("torch")

    def run(self, task):
        self.alter(self.torch)
        return super().run(task)


class DefaultDtype(Alters):
    def alter(self, t):
        t.set_default_dtype(t.float16)


class DefaultDevice(Alters):
    def alter(self, t):
        t.set_default_device("meta")


class Gradients(Alters):
    def alter(self, t):
        t.set_grad_enabled(False)


class Inference(Alters):
    def alter(self, t):
        self.kept = t.inference_mode()
        self.kept.__enter__()


class Threads(Alters):
    def alter(self, t):
        t.set_num_threads(2)


class Denormals(Alters):
    """As a library does that was linked with -ffast-math."""

    def alter(self, t):
        t.set_flush_denormal(True)


class Rounding(Alters):
    def alter(self, t):
        ctypes.CDLL(None).fesetround(0x800)


class Deterministic(Alters):
    def alter(self, t):
        t.use_deterministic_algorithms(True)

"""torch in other forms than the reference's: each computes the same function by other kernels.

Found by the table of peers, in each process that runs one; torch is imported when they run. What a form
changes of torch's settings is set back after each sample, so that it can run in the judge's process too.
"""

from __future__ import annotations

import atexit
import os
from contextlib import contextmanager
from dataclasses import replace
from shutil import which
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError
from conformance.subjects.devices import OnDevice, device_of
from conformance.subjects.peers._layers import layers
from conformance.subjects.pytorch import PROGRAMS
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from conformance.sampling.values import Array
    from conformance.subjects.functional import Functional
    from conformance.subjects.peers._layers import Arrays, Back, Direction, States
    from conformance.subjects.protocol import Task, Trace

    # One step of a cell: from the input (N, I), the states and the parameters to the next states.
    Step = Callable[..., tuple[Any, ...]]

# More than most machines have cores, so that sums are split there too.
THREADS = 8

# Settings change how numbers are computed, not what a use or a bad call does.
_PLAIN = Supports(uses=(), bad_calls=False)

# The cases of recurrent layers, whose text is also there gate by gate.
RECURRENT = tuple(f"nn.{kind}{end}" for kind in ("LSTM", "GRU", "RNN") for end in ("", "Cell"))


class _Set(TorchLike):
    """torch with other settings, which hold while a sample runs."""

    def __init__(self, name: str, setting: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(name, "torch", PROGRAMS, supports=_PLAIN)
        self._setting = setting

    def run(self, task: Task) -> Trace:
        """Run a task; see `Implementation.run`."""
        with self._setting():
            return super().run(task)


def without_onednn() -> TorchLike:
    """Return torch with oneDNN off, which is what its float32 layers run by default."""

    @contextmanager
    def off() -> Iterator[None]:
        import torch

        # Its own context manager also sets TF32 on Intel's GPUs, and warns where there are none.
        mkldnn: Any = torch.backends.mkldnn
        before, mkldnn.enabled = mkldnn.enabled, False
        try:
            yield
        finally:
            mkldnn.enabled = before

    return _Set("torch without oneDNN", off)


def threaded() -> TorchLike:
    """Return torch on many threads, whose sums are split otherwise."""

    @contextmanager
    def many() -> Iterator[None]:
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(THREADS)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    return _Set(f"torch on {THREADS} threads", many)


def gate_by_gate() -> TorchLike:
    """Return torch's layers written out in its products, sigmoids and tanhs."""
    return TorchLike(
        "torch gate by gate",
        "torch",
        seams={case: {} for case in RECURRENT},
        supports=replace(_PLAIN, cases=RECURRENT),
    )


def step_by_step() -> Functional:
    """Return torch's layers made of its cells, one step at a time."""
    return layers("torch step by step", _taped(_stepped(_cell)))


def compiled() -> Functional:
    """Return torch's LSTM made of its cell, each step compiled by `torch.compile`.

    Compiling takes seconds for each set of sizes that are 1 or not, of gradients and dtypes.

    Raises:
        UsageError: there is no C++ compiler, which its code for a CPU needs.
    """
    compiler = os.environ.get("CXX", "g++")
    if not which(compiler):
        raise UsageError(
            f"torch-compiled: expected a C++ compiler, which torch.compile needs, got no {compiler}"
        )
    # Of a cache that all processes share, a file that one left half written when it ended would be loaded.
    cache = TemporaryDirectory(prefix="torch-compiled-", ignore_cleanup_errors=True)
    atexit.register(cache.cleanup)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache.name
    import torch
    from torch import _dynamo, _inductor

    # Each kind, dtype and set of gradients is a program of its own; beyond the limit it would run uncompiled.
    _dynamo.config.cache_size_limit = _dynamo.config.accumulated_cache_size_limit = 10_000
    _dynamo.config.fail_on_recompile_limit_hit = True
    # Other processes would count against the limits of this one.
    _inductor.config.compile_threads = 1
    step = torch.compile(_cell, fullgraph=True, dynamic=True)
    return layers("torch.compile", _taped(_stepped(step)), kinds=["LSTM"])


def on_cuda() -> TorchLike:
    """Return torch on a CUDA device.

    Raises:
        UsageError: torch finds none.
    """
    return OnDevice(device_of("cuda"))


def _cell(
    kind: str, nonlinearity: str, x: Any, states: tuple[Any, ...], p: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Return the next states of torch's cell."""
    import torch

    if kind == "LSTM":
        return tuple(torch.lstm_cell(x, states, *p))
    cell = torch.gru_cell if kind == "GRU" else getattr(torch, f"rnn_{nonlinearity}_cell")
    return (cell(x, states[0], *p),)


def _stepped(step: Step) -> Callable[..., tuple[Any, tuple[Any, ...]]]:
    """Return what runs one direction of a layer on tensors, from what runs one step."""

    def run(
        kind: str, p: Mapping[str, Any], x: Any, states: tuple[Any, ...], nonlinearity: str
    ) -> tuple[Any, tuple[Any, ...]]:
        import torch

        outputs = []
        for each in x:
            states = step(kind, nonlinearity, each, states, tuple(p.values()))
            outputs.append(states[0])
        return torch.stack(outputs), states

    return run


def _taped(run: Callable[..., tuple[Any, tuple[Any, ...]]]) -> Direction:
    """Return a direction of NumPy arrays from one of tensors; torch's tape has the gradients."""

    def direction(
        kind: str, p: Arrays, x: Array, states: States, nonlinearity: str
    ) -> tuple[tuple[Array, States], Back]:
        import torch

        given = [torch.from_numpy(each).requires_grad_() for each in (x, *states, *p.values())]
        count = 1 + len(states)
        named = dict(zip(p, given[count:], strict=True))
        output, lasts = run(kind, named, given[0], tuple(given[1:count]), nonlinearity)

        def back(of_output: Array, of_lasts: States) -> tuple[Arrays, Array, States]:
            cotangents = [torch.from_numpy(each) for each in (of_output, *of_lasts)]
            found = [each.numpy() for each in torch.autograd.grad([output, *lasts], given, cotangents)]
            return dict(zip(p, found[count:], strict=True)), found[0], tuple(found[1:count])

        return (output.detach().numpy(), tuple(each.detach().numpy() for each in lasts)), back

    return direction

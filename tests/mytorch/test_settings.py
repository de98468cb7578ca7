"""Settings of the process, against torch: determinism, the precision of products, threads."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

import mytorch
from mytorch._core import threads


@pytest.fixture(autouse=True)
def _restored():
    before = [t.get_num_threads() for t in (torch, mytorch)]
    yield
    for t, count in zip((torch, mytorch), before, strict=True):
        t.use_deterministic_algorithms(False)
        t.set_float32_matmul_precision("highest")
        if t is torch or threads._threads.library is not None:
            t.set_num_threads(count)


def modes(t):
    return (
        t.are_deterministic_algorithms_enabled(),
        t.is_deterministic_algorithms_warn_only_enabled(),
        t.get_deterministic_debug_mode(),
    )


SAME = {
    "at first": modes,
    "use": lambda t: (t.use_deterministic_algorithms(True), modes(t)),
    "use, only warn": lambda t: (t.use_deterministic_algorithms(mode=True, warn_only=True), modes(t)),
    "use no more": lambda t: (t.use_deterministic_algorithms(False), modes(t)),
    "warn": lambda t: (t.set_deterministic_debug_mode("warn"), modes(t)),
    "error": lambda t: (t.set_deterministic_debug_mode(2), modes(t)),
    "default": lambda t: (t.set_deterministic_debug_mode(0), modes(t)),
    "another word": lambda t: t.set_deterministic_debug_mode("foo"),
    "another number": lambda t: t.set_deterministic_debug_mode(5),
    "medium": lambda t: (t.set_float32_matmul_precision("medium"), t.get_float32_matmul_precision()),
    "precision at first": lambda t: t.get_float32_matmul_precision(),
    "precision of a number": lambda t: t.set_float32_matmul_precision(3),
    "one thread": lambda t: (t.set_num_threads(1), t.get_num_threads()),
    "no threads": lambda t: t.set_num_threads(0),
    "threads below zero": lambda t: t.set_num_threads(-1),
    "threads of a float": lambda t: t.set_num_threads(1.5),
    "threads of a bool": lambda t: t.set_num_threads(True),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME)
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


BAD = {
    "a number": lambda t: t.use_deterministic_algorithms(1),
    "by position": lambda t: t.use_deterministic_algorithms(True, True),
    "a float": lambda t: t.set_deterministic_debug_mode(1.5),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16", "int64", "uint8", "bool"])
def test_new_memory_is_filled_where_all_must_be_deterministic(dtype, same_text):
    def filled(t):
        t.use_deterministic_algorithms(True)
        like = t.ones(2, dtype=getattr(t, dtype))
        return t.empty(2, 2, dtype=like.dtype), t.empty_like(like), like.new_empty(3)

    same_text(filled)


def test_another_precision_is_warned_of():
    for t in (torch, mytorch):
        with pytest.warns(UserWarning, match="foo is not one of 'highest', 'high', or 'medium'; the current"):
            t.set_float32_matmul_precision("foo")
        assert t.get_float32_matmul_precision() == "highest"


def test_threads_are_those_of_numpys_library():
    mytorch.set_num_threads(1)
    numpys = [
        each["num_threads"]
        for each in threadpool_info()
        if "numpy" in each["filepath"] and "64_" in each["filepath"]
    ]
    assert numpys in ([], [1])
    assert mytorch.get_num_threads() == 1
    with contextlib.suppress(UserWarning):
        mytorch.set_num_threads(2)
    assert mytorch.get_num_threads() == 2


def test_a_library_that_cannot_be_told_is_warned_of(monkeypatch):
    unknown = threads._Threads()
    unknown.sought = True
    monkeypatch.setattr(threads, "_threads", unknown)
    mytorch.set_num_threads(1)
    assert mytorch.get_num_threads() == 1
    with pytest.warns(UserWarning, match=r"set_num_threads\(3\) has no effect.*OMP_NUM_THREADS"):
        mytorch.set_num_threads(3)
    mytorch.set_num_threads(3)
    assert mytorch.get_num_threads() == 3


def test_without_the_setting_new_memory_is_only_taken(monkeypatch):
    monkeypatch.setattr(np, "empty", lambda *_: np.full(2, 7.0))
    assert mytorch.empty(2).tolist() == [7, 7]

"""The switches of libraries that mytorch does not call: set as in torch, and nothing is available."""

from __future__ import annotations

import importlib
import sys

import pytest
import torch

import mytorch

NAMES = ("cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp")


@pytest.fixture(autouse=True)
def _restored():
    yield
    for t in (torch, mytorch):
        t.backends.cudnn.enabled = t.backends.cudnn.allow_tf32 = True
        t.backends.cudnn.benchmark = t.backends.cudnn.deterministic = t.backends.cuda.matmul.allow_tf32 = (
            False
        )
        t.backends.mkldnn.enabled = True


def switches(t):
    return {
        name: (getattr(t.backends.cudnn, name))
        for name in ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32")
    }


def inside(t, **options):
    with t.backends.cudnn.flags(**options):
        found = switches(t)
    return found, switches(t)


def changed(t):
    t.backends.cudnn.deterministic = True
    t.backends.cudnn.benchmark = True
    t.backends.cudnn.enabled = False
    return switches(t)


def products(t):
    matmul = t.backends.cuda.matmul
    before = matmul.allow_tf32, matmul.allow_fp16_reduced_precision_reduction
    matmul.allow_tf32 = True
    return before, matmul.allow_tf32


SAME = {
    "at first": switches,
    "changed": changed,
    "inside": inside,
    "inside, given": lambda t: inside(t, enabled=True, deterministic=True, allow_tf32=False),
    "cudnn": lambda t: (
        t.backends.cudnn.is_available(),
        t.backends.cudnn.version(),
        t.backends.cudnn.is_acceptable(t.ones(1)),
    ),
    "cuda": lambda t: t.backends.cuda.is_built(),
    "products": products,
    "mps": lambda t: (t.backends.mps.is_available(), t.backends.mps.is_built()),
    "mkldnn": lambda t: (t.backends.mkldnn.enabled, t.backends.mkldnn.deterministic),
    "another name": lambda t: t.backends.cudnn.bar,
    "another name of products": lambda t: setattr(t.backends.cuda.matmul, "foo", True),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME)
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


BAD = {
    "a number": lambda t: setattr(t.backends.cudnn, "deterministic", 1),
    "None": lambda t: setattr(t.backends.cudnn, "benchmark", None),
    "text": lambda t: setattr(t.backends.cuda.matmul, "allow_tf32", "yes"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_no_library_is_there():
    for name in ("mkl", "mkldnn", "openmp"):
        assert not getattr(mytorch.backends, name).is_available()


@pytest.mark.parametrize("name", NAMES)
def test_each_is_imported_by_its_path(name):
    assert importlib.import_module(f"mytorch.backends.{name}") is getattr(mytorch.backends, name)
    assert sys.modules[f"mytorch.backends.{name}"] is getattr(mytorch.backends, name)

"""Every public name of mytorch has a case, or is called by one, or says why not."""

from __future__ import annotations

import importlib
import inspect
import re
from functools import reduce
from pathlib import Path
from types import ModuleType

import pytest
import torch

import conformance.cases
import mytorch
from conformance.cases import CASES
from conformance.cases._unjudged import JUDGED_BY, UNJUDGED

NAMESPACES = (
    "",
    "autograd",
    "backends.cuda",
    "backends.cudnn",
    "backends.mkl",
    "backends.mkldnn",
    "backends.mps",
    "backends.openmp",
    "cuda",
    "distributions",
    "distributions.constraints",
    "linalg",
    "models",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.utils",
    "nn.utils.rnn",
    "optim",
    "optim.lr_scheduler",
    "utils.data",
)
SOURCES = {path.stem: path.read_text() for path in Path(conformance.cases.__file__).parent.glob("*.py")}


def exports(namespace):
    module = importlib.import_module(".".join(filter(None, ("mytorch", namespace))))
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("__")
    ]
    return {
        ".".join(filter(None, (namespace, name))): getattr(module, name)
        for name in names
        if not isinstance(getattr(module, name), ModuleType)
    }


def public():
    found = {name: value for namespace in NAMESPACES for name, value in exports(namespace).items()}
    methods = {
        f"Tensor.{name}": inspect.getattr_static(mytorch.Tensor, name)
        for name in dir(mytorch.Tensor)
        if not name.startswith("_") and hasattr(mytorch.Tensor, name)
    }
    return found | methods


PUBLIC = public()
CALLED = {name: case for case, names in JUDGED_BY.items() for name in names}
JUDGED = {name.partition("@")[0] for name in CASES}
ACCOUNTED = JUDGED | set(CALLED) | set(UNJUDGED)


def is_accounted(name):
    """A second name of one function or class needs no case of its own."""
    same = {other for other, value in PUBLIC.items() if value is PUBLIC[name]}
    return bool(same & ACCOUNTED)


def cases_file(name):
    """Name the file in which a case of a public name stands: a function's is that of its family."""
    family = (
        inspect.unwrap(PUBLIC[name]).__module__.rpartition(".")[2] if callable(PUBLIC[name]) else "FAMILY"
    )
    return f"conformance/cases/{family}.py"


def test_every_public_name_is_judged_or_says_why_not():
    missing = sorted(name for name in PUBLIC if not is_accounted(name))
    assert not missing, "\n".join(f"{name} has no case: add a row to {cases_file(name)}" for name in missing)


def test_no_name_has_both_a_case_and_a_reason():
    assert set(UNJUDGED) & (JUDGED | set(CALLED)) == set()


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_what_a_case_judges_is_a_public_name(name):
    assert any(is_there(namespace, name) for namespace in (torch, mytorch))


def is_there(namespace, name):
    try:
        reduce(getattr, name.split("."), namespace)
    except AttributeError:
        return False
    return True


@pytest.mark.parametrize("name", ["add-alpha", "nn.LSTM.nothing", ""])
def test_what_is_no_public_name_is_not_there(name):
    assert not any(is_there(namespace, name) for namespace in (torch, mytorch))


def test_an_aspect_is_a_word_that_files_and_shells_take():
    assert [name for name in CASES if not re.fullmatch(r"[\w.]+(@[a-z0-9-]+)?", name)] == []


def test_nothing_is_accounted_for_that_is_not_there():
    assert sorted((set(CALLED) | set(UNJUDGED)) - set(PUBLIC)) == []


def test_the_cases_that_are_named_are_there():
    assert sorted(set(JUDGED_BY) - set(CASES)) == []


@pytest.mark.parametrize("name", CALLED)
def test_the_case_that_judges_a_name_calls_it(name):
    case = CASES[CALLED[name]]
    families = [SOURCES[stem] for stem in SOURCES if case in family_cases(stem)]
    short = name.rpartition(".")[2]
    # What is called by a name that is put together, as `new_zeros`, ends like it.
    assert any(re.search(rf"\b{short}\b", text) or made_up(short, text) for text in families)


def made_up(short, text):
    # Of MaxPool1d, a case makes f"{kind}Pool{rank}d".
    if short[-2:] in ("1d", "2d") and re.search(r"[A-Za-z]+{rank}d", text):
        ends = re.findall(r"(\w+){rank}d", text)
        return any(short[:-2].lower().endswith(end.lower()) for end in ends)
    return (short.endswith("_like") and "_like" in text) or (short.startswith("new_") and "new_{" in text)


def family_cases(stem):
    return (
        getattr(importlib.import_module(f"conformance.cases.{stem}"), "CASES", ())
        if stem != "__init__"
        else ()
    )


def test_files_that_reasons_name_are_there():
    root = Path(__file__).parents[3]
    for reason in UNJUDGED.values():
        for path in re.findall(r"tests/\S+?\.py", reason):
            assert (root / path).is_file(), path

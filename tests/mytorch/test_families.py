"""One name per family: functions/X applies the ops of ops/X, and its `__all__` says what is exported."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest
import torch

import mytorch
from mytorch.nn import functional as F

ROOT = Path(mytorch.__file__).parent


def families(package):
    """Return the modules of a package but those that all families share."""
    names = {path.stem for path in (ROOT / package).glob("*.py")}
    return {name for name in names if not name.startswith("_") and name != "op"}


FUNCTIONS = sorted(families("functions"))

CAST = "computes in another dtype"
# What functions/X uses of ops/Y, where Y is not X, and why.
OTHER_OPS = {
    ("elementary", "conversion"): CAST,
    ("joining", "conversion"): CAST,
    ("reduction", "conversion"): CAST,
    ("selection", "conversion"): CAST,
    ("softmax", "conversion"): CAST,
    ("statistics", "conversion"): CAST,
    ("linalg", "conversion"): CAST,
    ("matmul", "shape"): "a vector is viewed as a matrix of one row or column, on the shortest way",
    ("normalization", "channel_norm"): "what normalizes channels has a module of its own",
    ("sorting", "reduction"): "sorted elements are picked by their positions, as the elements of max are",
}
FUNCTIONS_WITHOUT_OPS = {
    "comparison": "has no gradient",
    "dropout": "a product with random factors",
    "logic": "has no gradient",
    "searching": "positions have no gradient",
    "sorting": "the order has no gradient; see OTHER_OPS for the elements",
}
# What torch has at top level too, though the family is one of nn.functional. There, relu takes `inplace`.
IN_BOTH = {"activation": {"relu", "sigmoid", "tanh"}}
# Methods that torch has deprecated for the function of torch.linalg.
DEPRECATED = {"cholesky"}
OPS_WITHOUT_FUNCTIONS = {
    "channel_norm": "called by batch and group normalization",
    "derivative": "recorded by create_graph",
    "gru": "called by nn.GRU and nn.GRUCell",
    "lstm": "called by nn.LSTM and nn.LSTMCell",
    "memory": "recorded by changes in place",
    "packing": "called by nn.utils.rnn",
    "recurrence": "shared by gru, lstm and rnn",
    "rnn": "called by nn.RNN and nn.RNNCell",
    "rows": "shared by what normalizes rows: softmax, the cross entropy and layer normalization",
    "windows": "shared by convolution and pooling",
}


def test_each_family_has_a_file_of_tests():
    assert [name for name in FUNCTIONS if not Path(__file__).with_name(f"test_{name}.py").exists()] == []


def module_of(family):
    return importlib.import_module(f"mytorch.functions.{family}")


def public_functions(module):
    """Return the functions that a module defines without an underscore, by name; aliases included."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def ops_used(family):
    """Return the modules of ops whose classes a module of functions imports; annotations do not count."""
    used = set()
    for node in ast.parse((ROOT / "functions" / f"{family}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module == "mytorch.ops":
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mytorch.ops."):
            used.add(node.module.rpartition(".")[2])
    return used


@pytest.mark.parametrize("family", FUNCTIONS)
def test_functions_use_the_ops_of_their_family(family):
    stated = {ops for functions, ops in OTHER_OPS if functions == family}
    assert ops_used(family) - {family} == stated, "state the reason in OTHER_OPS, or remove it from there"


def test_both_packages_have_the_same_families():
    functions, ops = families("functions"), families("ops")
    assert functions - ops == set(FUNCTIONS_WITHOUT_OPS)
    assert ops - functions == set(OPS_WITHOUT_FUNCTIONS)


@pytest.mark.parametrize("family", FUNCTIONS)
def test_every_public_function_can_be_called_by_users(family):
    module = module_of(family)
    methods = {
        getattr(value, "fget", value)
        for each in mytorch.Tensor.__mro__
        for value in vars(each).values()
        if inspect.isfunction(value) or isinstance(value, property)
    }
    elsewhere = {
        name
        for name, function in public_functions(module).items()
        if function in methods or getattr(F, name, None) is function
    }
    unlisted = set(public_functions(module)) - set(module.__all__) - IN_BOTH.get(family, set())
    torchs = {name for name in unlisted if inspect.isroutine(getattr(torch, name, None))}
    assert torchs | (unlisted - elsewhere) == set(), (
        f"add the name to __all__ of functions/{family}.py, or bind the method that it is"
    )


@pytest.mark.parametrize("family", FUNCTIONS)
def test_a_function_that_torch_has_as_a_method_too_is_one(family):
    missing = [
        name
        for name in module_of(family).__all__
        if hasattr(torch.Tensor, name) and not hasattr(mytorch.Tensor, name) and name not in DEPRECATED
    ]
    assert not missing, "add to mytorch/_tensor/methods.py: " + ", ".join(
        f"{name} = {family}.{name}" for name in missing
    )


@pytest.mark.parametrize("family", FUNCTIONS)
def test_all_is_exported_under_torchs_name(family):
    module = module_of(family)
    assert set(module.__all__) <= set(public_functions(module)), "__all__ names a function of this family"
    exported = [
        namespace
        for namespace in (mytorch, F, mytorch.linalg)
        if all(getattr(namespace, name, None) is getattr(module, name) for name in module.__all__)
    ]
    assert exported, f"mytorch/__init__.py or nn/functional.py has no star import of functions/{family}.py"
    theirs = {mytorch: torch, F: torch.nn.functional, mytorch.linalg: torch.linalg}[exported[0]]
    assert [name for name in module.__all__ if not hasattr(theirs, name)] == []


def test_mytorch_has_no_other_function_of_the_families():
    for family in FUNCTIONS:
        module = module_of(family)
        exported = {
            name
            for name, function in public_functions(module).items()
            if getattr(mytorch, name, None) is function
        }
        assert exported in (set(module.__all__), IN_BOTH.get(family, set())), family
    names = set(mytorch.__all__) - {"__version__", "models"}
    # As NumPy's; torch has `torch.__config__.show()`.
    assert [name for name in names if not hasattr(torch, name)] == ["show_config"]

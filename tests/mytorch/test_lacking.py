"""What mytorch lacks is written down truly, and asking for it says so."""

from __future__ import annotations

import importlib.util
import math
import pkgutil
import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
import torch

import mytorch
from mytorch import nn
from mytorch._core.alternatives import ROWS
from mytorch._core.lacking import LACKING, lacking_text
from mytorch._core.torch_names import NAMES
from mytorch._tensor.torch_names import METHODS

ROOT = Path(__file__).parents[2]
RENEW = "run `python docs/lacking.py`"


def command():
    """Return the program that writes the tables."""
    spec = importlib.util.spec_from_file_location("lacking_command", ROOT / "docs" / "lacking.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMMAND = command()
LISTED = {name: row.instead for row in ROWS for name in row.names.split()}


@pytest.mark.parametrize("namespace", COMMAND.NAMESPACES)
def test_each_public_name_of_torchs_is_here_or_in_the_table(namespace):
    module = COMMAND.dotted("mytorch", namespace)
    theirs = import_module(COMMAND.dotted("torch", namespace))
    listed = NAMES.get(module, "").split()
    assert listed == COMMAND.lacking_names(namespace), RENEW
    found = COMMAND.submodules(theirs)
    assert [name for name in listed if name not in found and not hasattr(theirs, name)] == []
    assert set(listed) & set(getattr(import_module(module), "__all__", ())) == set()


def test_each_method_of_torchs_tensors_is_here_or_in_the_table():
    assert METHODS.split() == COMMAND.lacking_methods(), RENEW


def packages_of(module):
    """Return the names of the public packages in a module, without those that need an import to be found."""
    found = set()
    waiting = [(path, "") for path in module.__path__]
    while waiting:
        path, prefix = waiting.pop()
        for each in pkgutil.iter_modules([path]):
            if each.ispkg and each.name[0] != "_":
                found.add(prefix + each.name)
                waiting.append((f"{path}/{each.name}", f"{prefix}{each.name}."))
    return found


def test_each_package_that_torch_has_says_what_it_lacks():
    needed = packages_of(mytorch) & packages_of(torch)
    assert needed <= set(COMMAND.NAMESPACES), "add it to docs/lacking.py, and a __getattr__ to the package"
    for namespace in COMMAND.NAMESPACES:
        assert hasattr(import_module(COMMAND.dotted("mytorch", namespace)), "__getattr__"), namespace


def test_the_files_are_as_the_command_writes_them():
    texts = COMMAND.texts()
    assert {
        name for name, path in COMMAND.FILES.items() if path.read_text(encoding="utf-8") != texts[name]
    } == set(), RENEW


def test_each_row_is_of_names_that_are_missing():
    names = [name for row in ROWS for name in row.names.split()]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    missing = {
        f"{module}.{name}".partition(".")[2] for module, listed in NAMES.items() for name in listed.split()
    }
    missing |= {f"Tensor.{name}" for name in METHODS.split()}
    assert set(names) - missing == set(), "it is not missing: take it out of its row"


CODE = re.compile(r"`([^`]*)`")
OURS = re.compile(
    r"(?<![\w.])(?:mytorch|nn|optim|utils|autograd|distributions|Tensor|Module)(?:\.[a-zA-Z_]\w*)+"
)


def test_what_a_row_names_instead_is_here():
    missing = []
    for row in ROWS:
        for path in OURS.findall(" ".join(CODE.findall(row.instead))):
            found = f"nn.{path}" if path.startswith("Module.") else path.removeprefix("mytorch.")
            try:
                attrgetter(found)(mytorch)
            except AttributeError:
                missing.append((row.names, path))
    assert missing == []


X = [[0.5, -2.0, 3.0], [1.5, 0.25, -0.75]]
POSITIVE = [[0.5, 2.0, 3.0], [1.5, 0.25, 0.75]]
# What torch's function gives, and a formula of the row that gives the same; with `x` and `y` as tensors.
FORMULAS = {
    "log2": ("log2(y)", "mytorch.log(x) / math.log(2)", "y"),
    "exp2": ("exp2(x)", "2.0 ** x", "x"),
    "logit": ("logit(y / 4)", "mytorch.log(x / (1 - x))", "y / 4"),
    "tan": ("tan(x)", "mytorch.sin(x) / mytorch.cos(x)", "x"),
    "log10": ("log10(y)", "mytorch.log(x) / math.log(10)", "y"),
    "sinh": ("sinh(x)", "(mytorch.expm1(x) - mytorch.expm1(-x)) / 2", "x"),
    "cosh": ("cosh(x)", "(mytorch.exp(x) + mytorch.exp(-x)) / 2", "x"),
    "logaddexp": ("logaddexp(x, y)", "mytorch.logsumexp(mytorch.stack([x, y]), 0)", "x"),
    "hypot": ("hypot(x, y)", "mytorch.sqrt(x * x + y * y)", "x"),
    "erfc": ("erfc(x)", "1 - mytorch.erf(x)", "x"),
    "fmod": ("fmod(x, y)", "x - y * mytorch.trunc(x / y)", "x"),
    "frac": ("frac(x)", "x - mytorch.trunc(x)", "x"),
    "xlogy": ("xlogy(x, y)", "x * mytorch.log(mytorch.where(x == 0, 1.0, y))", "x"),
    "signbit": ("signbit(x)", "x < 0", "x"),
    "nan_to_num": ("nan_to_num(x)", "mytorch.where(mytorch.isnan(x), 0.0, x)", "x"),
    "diff": ("diff(x, dim=0)", "x[1:] - x[:-1]", "x"),
    "dist": ("dist(x, y)", "(x - y).norm(p)", "x"),
    "renorm": ("renorm(x, 2, 0, 1.0)", "x * (maxnorm / x.norm(dim=1, keepdim=True)).clamp(max=1.0)", "x"),
    "count_nonzero": ("count_nonzero(x, 1)", "(x != 0).sum(dim)", "x"),
    "trace": ("trace(x)", "x.diagonal().sum()", "x"),
    "nn.ReLU6": ("nn.ReLU6()(x)", "nn.Hardtanh(0, 6)", "x"),
    "nn.PReLU": ("nn.functional.prelu(x, weight)", "mytorch.where(x > 0, x, weight * x)", "x"),
    "nn.Mish": ("nn.functional.mish(x)", "x * mytorch.tanh(nn.functional.softplus(x))", "x"),
    "nn.RMSNorm": (
        "nn.functional.rms_norm(x, (3,), eps=eps) * weight",
        "weight * x * mytorch.rsqrt(x.square().mean(-1, keepdim=True) + eps)",
        "x",
    ),
    "nn.Softsign": ("nn.functional.softsign(x)", "x / (1 + x.abs())", "x"),
    "nn.Tanhshrink": ("nn.functional.tanhshrink(x)", "x - mytorch.tanh(x)", "x"),
    "nn.Softmin": ("nn.functional.softmin(x, dim=1)", "nn.functional.softmax(-x, dim)", "x"),
    "nn.Hardsigmoid": ("nn.functional.hardsigmoid(x)", "nn.functional.hardtanh(x / 6 + 0.5, 0.0, 1.0)", "x"),
    "nn.Hardswish": ("nn.functional.hardswish(x)", "x * nn.functional.hardtanh(x / 6 + 0.5, 0.0, 1.0)", "x"),
    "nn.PairwiseDistance": ("nn.functional.pairwise_distance(x, y)", "(x1 - x2).norm(dim=-1)", "x"),
    "nn.functional.normalize": (
        "nn.functional.normalize(x)",
        "x / x.norm(dim=1, keepdim=True).clamp(min=eps)",
        "x",
    ),
    "nn.GaussianNLLLoss": (
        "nn.functional.gaussian_nll_loss(x, y, var)",
        "0.5 * (var.log() + (x - y).square() / var).mean()",
        "x",
    ),
    "nn.PoissonNLLLoss": ("nn.functional.poisson_nll_loss(x, y)", "(x.exp() - y * x).mean()", "x"),
    "nn.SoftMarginLoss": (
        "nn.functional.soft_margin_loss(x, sign)",
        "nn.functional.softplus(-y * x).mean()",
        "x",
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_torchs(name):
    theirs, formula, x = FORMULAS[name]
    assert f"`{formula}`" in LISTED[name]
    found = []
    for t in (torch, mytorch):
        values = {"x": t.tensor(X).double(), "y": t.tensor(POSITIVE).double()}
        values |= {"var": values["y"] + 1, "weight": t.tensor([0.3]).double(), "eps": 1e-6, "dim": 1, "p": 2}
        values |= {"maxnorm": 1.0, "sign": t.sign(values["x"]), "math": math, "nn": t.nn, "mytorch": t}
        if t is torch:
            found.append(eval(f"torch.{theirs}", {**values, "torch": t}))  # noqa: S307 - the table's own text
            continue
        values["x1"], values["x2"] = values["x"], values["y"]
        values["x"] = eval(x, values)  # noqa: S307 - the table's own text
        if name == "nn.SoftMarginLoss":
            values["y"] = values["sign"]
        result = eval(formula, values)  # noqa: S307 - the table's own text
        found.append(result(values["x"]) if callable(result) else result)
    np.testing.assert_allclose(found[1].numpy(), found[0].numpy(), rtol=1e-5, atol=1e-5)


MESSAGES = {
    "mytorch.compile": f"module 'mytorch' has no attribute 'compile': {LACKING}; leave it out",
    "mytorch.lobpcg": f"module 'mytorch' has no attribute 'lobpcg': {LACKING}",
    "mytorch.nn.Conv3d": f"module 'mytorch.nn' has no attribute 'Conv3d': {LACKING}; no alternative",
    "mytorch.nn.modules.Conv3d": f"{LACKING}; no alternative: there are convolutions",
    "mytorch.nn.functional.pad": f"'pad': {LACKING}; instead: `mytorch.cat` with",
    "mytorch.optim.Adamax": f"{LACKING}; instead: `optim.Adam`",
    "mytorch.utils.tensorboard": f"{LACKING}; instead: the package tensorboardX",
    "mytorch.cuda.Event": f"{LACKING}; leave it out: there is only the CPU",
    "mytorch.Tensor.tan": f"type object 'Tensor' has no attribute 'tan': {LACKING}; instead: `mytorch.sin(x)",
    "mytorch.nn.flatten": "module 'mytorch.nn' has no attribute 'flatten'",
    "mytorch.cat_": "module 'mytorch' has no attribute 'cat_'",
    "mytorch.__wrapped__": "module 'mytorch' has no attribute '__wrapped__'",
}


@pytest.mark.parametrize("path", MESSAGES)
def test_a_missing_name_says_whether_torch_has_it(path):
    names = path.split(".")[1:]
    with pytest.raises(AttributeError) as caught:
        attrgetter(".".join(names))(mytorch)
    assert MESSAGES[path] in str(caught.value)
    assert (LACKING in MESSAGES[path]) == (LACKING in str(caught.value))
    assert caught.value.name == names[-1]
    # Python suggests another name where it knows the object.
    assert (caught.value.obj is None) == (LACKING in MESSAGES[path])
    assert not hasattr(attrgetter(".".join(names[:-1]))(mytorch) if names[1:] else mytorch, names[-1])


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "from mytorch.nn import Conv3d",
            f"cannot import name 'Conv3d' from 'mytorch.nn': {LACKING}; no alternative",
        ),
        (
            "from mytorch import compile",
            f"import name 'compile' from 'mytorch': {LACKING}; leave it",
        ),
        ("from mytorch.nn.functional import pad as p", LACKING),
        ("import mytorch.optim.Adamax", "No module named 'mytorch.optim.Adamax'"),
        ("from mytorch.nn import Cnov1d", "cannot import name 'Cnov1d' from 'mytorch.nn' ("),
    ],
)
def test_an_import_says_it_too(statement, words):
    with pytest.raises(ImportError, match=re.escape(words)):
        exec(statement, {})  # noqa: S102 - the statements above


def test_tensors_say_it():
    for x in (mytorch.ones(2), nn.Parameter(mytorch.ones(2))):
        kind = type(x).__name__
        with pytest.raises(
            AttributeError, match=re.escape(f"'{kind}' object has no attribute 'tan': {LACKING}; inst")
        ):
            x.tan()
        with pytest.raises(AttributeError, match=f"'{kind}' object has no attribute 'tna'"):
            x.tna()
        assert not hasattr(x, "tan_")
        assert not {"tan", "tan_", "H", "is_sparse"} & set(dir(x))
        assert {"sin", "grad"} <= set(dir(x))


def test_a_row_of_a_function_is_one_of_its_methods():
    assert lacking_text("Tensor.tan_") == lacking_text("Tensor.tan") == lacking_text("tan")
    assert lacking_text("Tensor.lu_solve") == LACKING


def test_an_attribute_may_have_the_name_of_a_missing_method():
    weight = nn.Parameter(mytorch.ones(2))
    weight.mode = "fan_in"
    assert weight.mode == "fan_in"

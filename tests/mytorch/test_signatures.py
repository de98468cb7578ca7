"""Every public signature takes what torch's takes: the same names, places, kinds and defaults.

torch's signatures are read from its stubs, where the function is written in C++, and by `inspect` otherwise.
An overloaded name has several.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import typing
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

import mytorch

STUBS = Path(torch.__file__).parent / "_C"
KIND = inspect.Parameter
STARS = (KIND.VAR_POSITIONAL, KIND.VAR_KEYWORD)
PLACED = (KIND.POSITIONAL_ONLY, KIND.POSITIONAL_OR_KEYWORD)

# Differences that may be anywhere, with the reason.
EVERYWHERE = {
    "lacks out": "results are new tensors; `copy_` writes one into another",
    "lacks layout": "all tensors are dense",
    "lacks pin_memory": "there is no other device to copy to",
    "lacks memory_format": "new tensors are in row-major order",
    "lacks names": "dimensions have no names",
    "lacks out_dtype": "the product of two matrices has their dtype",
}
DECORATOR = "given where it decorates a function without parentheses"
IN_A_PLACE = "an overload of torch's has it at the place of {}; here the type of what stands there decides"
NONE_FOR_TRUE = "None, so that giving `correction` too is noticed"
OVERLOADS = "given or not as the overloads of torch's have it; the function checks which"
NO_PROJECTION = "its base class has it in torch, where it is refused as it is here"
FACTOR_FIRST = "torch's deprecated form, with the factor before the operand"
UNKNOWN = "None, where torch has a class of its own for what is not known"
OLD_FORM = "sizes or data: test_legacy.py"
NO_CUDNN = "there is no cuDNN that it would set"
MADE_HERE = "users have such objects, and do not make them"
# Differences of one function or class, with the reason of each.
ALLOWED = {
    "mytorch.Generator.set_state": {
        "lacks _new_state": "torch takes it by position only",
        "adds new_state": "torch takes it by position only",
    },
    "mytorch.Tensor.expand": {"lacks implicit": "internal; it changes nothing"},
    "mytorch.Tensor.max": {"other is keyword-only": IN_A_PLACE.format("`dim`")},
    "mytorch.Tensor.min": {"other is keyword-only": IN_A_PLACE.format("`dim`")},
    "mytorch.Tensor.to": {
        "adds *": "what stands first is a dtype, a device or a tensor",
        "lacks other": "a tensor is told by its type",
    },
    "mytorch.Tensor.uniform_": {
        "adds *": "`from` and `to`",
        "adds **": "`from` and `to`: the first cannot be a parameter",
        "lacks from_": "the stub's name of `from`",
        "lacks to": "`from` and `to` are among the keywords",
    },
    "mytorch.Tensor.view": {"lacks dtype": "no view of the bytes in another dtype"},
    "mytorch.arange": {"end need not be given": OVERLOADS},
    "mytorch.autograd.function.FunctionCtx": {"adds arguments": MADE_HERE},
    "mytorch.autograd.graph.Node": {
        f"adds {name}": MADE_HERE for name in ("op", "saved", "inputs", "outputs", "single")
    },
    "mytorch.dtype": {"adds name": MADE_HERE},
    "mytorch.einsum": {"adds equation": "torch takes it by position only"},
    "mytorch.enable_grad": {"lacks orig_func": DECORATOR, "adds function": DECORATOR},
    "mytorch.load": {"lacks **": "options of pickle, which is not used"},
    "mytorch.nn.GRU": {
        "adds proj_size": NO_PROJECTION,
        "device is at another place": NO_PROJECTION,
        "dtype is at another place": NO_PROJECTION,
    },
    "mytorch.nn.RNN": {
        "adds proj_size": NO_PROJECTION,
        "device is at another place": NO_PROJECTION,
        "dtype is at another place": NO_PROJECTION,
    },
    "mytorch.nn.Module.state_dict": {"lacks *": "the deprecated way to give them by position"},
    "mytorch.nn.Sequential": {"lacks arg": "the dict of modules, by position only"},
    "mytorch.nn.functional.avg_pool1d": {"stride=None": "as documented, and as avg_pool2d has it"},
    "mytorch.nn.functional.gelu": {
        "approximate is not keyword-only": "nn.GELU gives it by position, as all layers of one function do"
    },
    "mytorch.no_grad": {"adds function": DECORATOR},
    "mytorch.norm": {"dtype is keyword-only": "`out` stands before it"},
    "mytorch.randint": {"high need not be given": OVERLOADS, "size need not be given": OVERLOADS},
    "mytorch.result_type": {
        **{f"lacks {name}": "numbers, by position only" for name in ("scalar", "scalar1", "scalar2")},
        "tensor must be given": OVERLOADS,
        "other must be given": OVERLOADS,
    },
    "mytorch.save": {
        "lacks _disable_byteorder_record": "internal",
        "pickle_module=None": "nothing is pickled",
    },
    "mytorch.Tensor.new": {
        "lacks storage": OLD_FORM,
        "lacks other": OLD_FORM,
        "adds data": OLD_FORM,
    },
    "mytorch.backends.cudnn.flags": {
        "lacks fp32_precision": NO_CUDNN,
        "lacks depthwise_kernel": NO_CUDNN,
    },
    "mytorch.distributions.constraints.dependent_property": {
        "is_discrete=None": UNKNOWN,
        "event_dim=None": UNKNOWN,
    },
    "mytorch.repeat_interleave": {"repeats need not be given": OVERLOADS},
    **{
        f"mytorch.{where}{name}": {"adds *": FACTOR_FIRST}
        for name in ("add", "addcdiv", "addcmul", "sub")
        for where in ("", "Tensor.")
    },
    **{
        f"mytorch.{name}": {"adds *": FACTOR_FIRST}
        for name in ("subtract", "Tensor.subtract", "Tensor.subtract_")
    },
    **{f"mytorch.Tensor.{name}_": {"adds *": FACTOR_FIRST} for name in ("add", "addcdiv", "addcmul", "sub")},
    "mytorch.utils.data.random_split": {"generator=None": "it is the default generator"},
    **{
        f"mytorch.{name}": {
            "value is keyword-only": IN_A_PLACE.format("`src`"),
        }
        for name in ("scatter", "Tensor.scatter", "Tensor.scatter_")
    },
    **{
        f"mytorch.{name}": {"unbiased=None": NONE_FOR_TRUE}
        for name in ("std", "var", "Tensor.std", "Tensor.var")
    },
    **{f"mytorch.{name}": {"other is keyword-only": IN_A_PLACE.format("`dim`")} for name in ("max", "min")},
}
# Classes of which torch has no text, with the reason why nothing is lost.
NOT_COMPARED = {
    "mytorch.Generator": "`device` is called below",
    **{
        f"mytorch.{kind}Tensor": OLD_FORM
        for kind in ("Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")
    },
    "mytorch.autograd.Variable": "test_variable.py",
    "mytorch.finfo": "a dtype, by position: test_type_info.py",
    "mytorch.iinfo": "a dtype, by position: test_type_info.py",
    "mytorch.Tensor": "sizes or data, by position; test_tensor.py",
    "mytorch.autograd.gradcheck.GradcheckError": "an exception like any other",
    "mytorch.backends.mps.is_available": "it takes nothing",
    "mytorch.device": "test_devices.py",
    "mytorch.linalg.LinAlgError": "an exception like any other",
}
# Where a stub of torch's says other than the function takes, or says nothing.
TENSOR = "data, *, dtype=None, device=None, requires_grad=False, pin_memory=False"
CORRECTED = {
    "mytorch.Tensor.new_tensor": [f"self, {TENSOR}"],
    "mytorch.Tensor.requires_grad_": ["self, requires_grad=True"],
    "mytorch.Tensor.subtract": ["self, other, *, alpha=1"],  # a number's alpha may stand in a place, too
    "mytorch.Tensor.subtract_": ["self, other, *, alpha=1"],
    "mytorch.linalg.cholesky": ["input, *, upper=False"],
    "mytorch.linalg.solve_triangular": ["input, B, *, upper, left=True, unitriangular=False"],
    "mytorch.linspace": ["start, end, steps, *, dtype=None, device=None, requires_grad=False"],
    "mytorch.nn.functional.gelu": ["input, *, approximate='none'"],
    "mytorch.nn.functional.logsigmoid": ["input"],
    "mytorch.nn.functional.one_hot": ["input, num_classes=-1"],
    "mytorch.nn.functional.softplus": ["input, beta=1, threshold=20"],
    "mytorch.rsub": ["input, other, *, alpha=1"],
    "mytorch.subtract": ["input, other, *, alpha=1"],
    "mytorch.tensor": [TENSOR],
    "mytorch.unique": ["input, sorted=True, return_inverse=False, return_counts=False, dim=None"],
}


class Parameter(NamedTuple):
    """A parameter; `default` is a literal or a text, and REQUIRED where it must be given."""

    name: str
    kind: object
    default: object


REQUIRED = "REQUIRED"


def literal(text):
    """Return the value of a default in source code, or its text where it has none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def parameters_of(function):
    """Return the parameters of a function or a class that is written in Python."""
    return [
        Parameter(
            p.name,
            p.kind,
            REQUIRED if p.default is p.empty else literal(repr(p.default).replace("mytorch.", "torch.")),
        )
        for p in inspect.signature(function).parameters.values()
    ]


def parsed(text):
    """Return the parameters in a text such as `self, dim: int = 0, *, out=None`."""
    given = ast.parse(f"def f({text}): ...").body[0].args
    placed = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(placed) - len(given.defaults)), *given.defaults]
    found = [
        (each, KIND.POSITIONAL_OR_KEYWORD, default) for each, default in zip(placed, defaults, strict=True)
    ]
    found += [(given.vararg, KIND.VAR_POSITIONAL, None)] if given.vararg else []
    found += [
        (each, KIND.KEYWORD_ONLY, default)
        for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    found += [(given.kwarg, KIND.VAR_KEYWORD, None)] if given.kwarg else []
    return [
        Parameter(each.arg, kind, REQUIRED if default is None else literal(ast.unparse(default)))
        for each, kind, default in found
    ]


@cache
def stubs(file, owner=None):
    """Return the texts of the parameters in a stub by function, or by method of a class."""
    text = (STUBS / file).read_text(encoding="utf-8")
    if owner:
        text = text.partition(f"\nclass {owner}")[2].partition("\nclass ")[0]
    found = {}
    indent = "    " if owner else ""
    for name, given in re.findall(rf"^{indent}def (\w+)\((.*?)\)\s*->", text, re.DOTALL | re.MULTILINE):
        found.setdefault(name, []).append(given)
    return found


def overloads(path, theirs, owner=None):
    """Return torch's signatures of a function, class or method; none where there is no text of them."""
    if path in CORRECTED:
        return [parsed(text) for text in CORRECTED[path]]
    if is_native(theirs):
        return in_stubs(path.rpartition(".")[2], owner)
    if inspect.isclass(theirs) and inspect.isfunction(theirs.__init__):
        several = [parameters_of(each)[1:] for each in typing.get_overloads(theirs.__init__)]
        if several:
            return [each for each in several if not says_nothing(each)]
    try:
        return [parameters_of(theirs)]
    except ValueError:
        return []


def is_native(function):
    """Return whether a function is written in C++."""
    return inspect.isbuiltin(function) or inspect.ismethoddescriptor(function)


def in_stubs(name, owner):
    if owner:
        return [parsed(text) for text in stubs("__init__.pyi", owner).get(name, ())]
    for file in ("_VariableFunctions.pyi", "_nn.pyi", "__init__.pyi"):
        if name in stubs(file):
            # Where the first operand may be a number it is called `self`, and given by position.
            found = [parsed(text) for text in stubs(file)[name]]
            return [[p._replace(name="input") if p.name == "self" else p for p in each] for each in found]
    return []


def says_nothing(parameters):
    """Return whether a signature is `*args, **kwargs`: of a wrapper, or of a module without settings."""
    return [p.kind for p in parameters] == [KIND.VAR_POSITIONAL, KIND.VAR_KEYWORD]


def namespaces():
    """Return the modules of mytorch that torch has under the same name."""
    found = [mytorch]
    for module in pkgutil.walk_packages(mytorch.__path__, "mytorch."):
        if "._" in module.name:
            continue
        try:
            import_module(module.name.replace("mytorch", "torch", 1))
        except ModuleNotFoundError:
            continue
        found.append(import_module(module.name))
    return found


def pairs():
    """Return (path, ours, theirs, class of stub or None, whether it is a method) of all that is compared."""
    seen = set()
    for module in namespaces():
        counterpart = import_module(module.__name__.replace("mytorch", "torch", 1))
        names = getattr(module, "__all__", None) or [name for name in vars(module) if name[0] != "_"]
        for name in names:
            ours, theirs = getattr(module, name), getattr(counterpart, name, None)
            defined_here = getattr(ours, "__module__", "").startswith("mytorch")
            is_there = inspect.isroutine(ours) or inspect.isclass(ours)
            if not is_there or not callable(theirs) or not defined_here or (name, ours) in seen:
                continue
            seen.add((name, ours))
            path = f"{module.__name__}.{name}"
            yield path, ours, theirs, None, False
            if inspect.isclass(ours):
                yield from methods(path, ours, theirs, seen)


def methods(path, ours, theirs, seen):
    """Return the pairs of the methods that both classes have, but for those seen in a base class."""
    owner = {"Tensor": "TensorBase", "Generator": "Generator"}.get(ours.__name__)
    for name in sorted(dir(ours)):
        own, other = getattr(ours, name, None), getattr(theirs, name, None)
        if name[0] == "_" or not (inspect.isfunction(own) or inspect.ismethod(own)) or not callable(other):
            continue
        key = name, getattr(own, "__func__", own), getattr(other, "__func__", other)
        if key not in seen:
            seen.add(key)
            bound = inspect.ismethod(own) or isinstance(inspect.getattr_static(ours, name), staticmethod)
            # Under the name of the class of torch's that defines it.
            where = f"{path}.{name}" if owner else f"{path.rpartition('.')[0]}.{other.__qualname__}"
            if "._" not in where:
                yield where, own, other, owner, not bound


def differences(ours, theirs):
    """Return how a signature differs from torch's overloads."""
    if all(says_nothing(overload) for overload in theirs):
        return []
    found = []
    for kind, star in ((KIND.VAR_POSITIONAL, "*"), (KIND.VAR_KEYWORD, "**")):
        has, wanted = (any(p.kind is kind for p in each) for each in (ours, chain(*theirs)))
        if has != wanted:
            found.append(f"{'adds' if has else 'lacks'} {star}")
    expected = {}
    for overload in theirs:
        for place, p in enumerate(overload):
            if p.kind not in STARS:
                expected.setdefault(p.name, []).append((place if p.kind in PLACED else None, p.default))
    mine = {p.name: (place, p) for place, p in enumerate(ours) if p.kind not in STARS}
    found += [f"lacks {name}" for name in expected if name not in mine]
    any_number = any(p.kind is KIND.VAR_POSITIONAL for p in ours)
    for name, (place, p) in mine.items():
        if name in expected:
            places = {each for each, _ in expected[name]}
            found += misplaced(name, place if p.kind in PLACED else None, places, any_number)
            defaults = [default for _, default in expected[name]]
            found += otherwise_given(name, p.default, defaults, everywhere=len(defaults) == len(theirs))
        else:
            found.append(f"adds {name}")
    return found


def misplaced(name, place, places, any_number):
    """Return how the place of a parameter differs from those in torch's overloads; None is by name only."""
    if place is None:
        return [f"{name} is keyword-only"] if None not in places and not any_number else []
    if places == {None}:
        return [f"{name} is not keyword-only"]
    return [] if place in places else [f"{name} is at another place"]


def otherwise_given(name, default, defaults, everywhere):
    """Return how the default of a parameter differs from those in torch's overloads."""
    optional = [each for each in defaults if each is not REQUIRED]
    if default is REQUIRED:
        return [f"{name} must be given"] if optional or not everywhere else []
    if not optional:
        return [f"{name} need not be given"] if everywhere else []
    return [] if default in optional or ... in optional else [f"{name}={default}"]


@cache
def compared():
    """Return the differences by path, and the paths that could not be compared."""
    found, impossible = {}, set()
    for path, ours, theirs, owner, method in pairs():
        known = overloads(path, theirs, owner)
        if not known:
            impossible.add(path)
            continue
        cut = 1 if method else 0
        found[path] = differences(parameters_of(ours)[cut:], [overload[cut:] for overload in known])
    return found, impossible


def test_every_signature_is_torchs():
    found, _ = compared()
    unexplained = [
        f"{path}: {each}"
        for path, listed in found.items()
        for each in listed
        if each not in EVERYWHERE and each not in ALLOWED.get(path, {})
    ]
    assert not unexplained, "\n".join(["otherwise than torch:", *unexplained])


def test_every_explained_difference_is_there():
    found, impossible = compared()
    gone = [f"{path}: {each}" for path in ALLOWED for each in ALLOWED[path] if each not in found[path]]
    assert not gone, "\n".join(["no difference any more:", *gone])
    assert set(EVERYWHERE) <= {each for listed in found.values() for each in listed}
    assert sorted(impossible) == sorted(NOT_COMPARED)
    assert set(CORRECTED) <= set(found)


def test_all_is_compared():
    found, impossible = compared()
    assert len(found) > 600
    public = {f"mytorch.{name}" for name in mytorch.__all__ if callable(getattr(mytorch, name))}
    public -= {
        f"mytorch.{name}" for name in mytorch.__all__ if isinstance(getattr(mytorch, name), mytorch.dtype)
    }
    # As NumPy's; torch has `torch.__config__.show()`.
    assert public - found.keys() - impossible == {"mytorch.show_config"}
    assert {"mytorch.Tensor.flip", "mytorch.nn.LSTM.forward", "mytorch.optim.Adam.step"} <= set(found)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("input, dim=0", ["input, dim=0"], []),
        ("input, axis=0", ["input, dim=0"], ["lacks dim", "adds axis"]),
        ("dim, input", ["input, dim"], ["dim is at another place", "input is at another place"]),
        ("input, dim=1", ["input, dim=0"], ["dim=1"]),
        ("input, dim=1.0", ["input, dim=1"], []),
        ("input, dim", ["input, dim=0"], ["dim must be given"]),
        ("input, dim", ["input", "input, dim"], ["dim must be given"]),
        ("input, dim=None", ["input", "input, dim"], []),
        ("input, dim=None", ["input, dim"], ["dim need not be given"]),
        ("input, *, dim=0", ["input, dim=0"], ["dim is keyword-only"]),
        ("input, dim=0", ["input, *, dim=0"], ["dim is not keyword-only"]),
        ("input, *dims", ["input, dims", "input, *dims"], ["lacks dims"]),
        ("input, *rest, dims=None", ["input, dims", "input, *dims"], []),
        ("input, dims", ["input, dims", "input, *dims"], ["lacks *", "dims must be given"]),
        ("input, **rest", ["input"], ["adds **"]),
    ],
)
def test_differences_are_noticed(ours, theirs, expected):
    assert differences(parsed(ours), [parsed(text) for text in theirs]) == expected


def numpys_names_are_taken(function):
    """Return whether a function, or one that it wraps, is `numpy_names`'."""
    while function is not None:
        if getattr(getattr(function, "__code__", None), "co_name", "") == "renaming":
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def test_axis_is_taken_where_torch_takes_it():
    # torch's parser of the functions in C++ takes it for every `dim`.
    wrong = [
        path
        for path, ours, theirs, owner, _ in pairs()
        if path != "mytorch.Tensor.unflatten"  # torch's function alone is written in C++
        and numpys_names_are_taken(ours)
        != any(
            p.name in ("dim", "keepdim")
            for overload in overloads(path, theirs, owner)
            for p in overload
            if is_native(theirs)
        )
    ]
    assert wrong == []

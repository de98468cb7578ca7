"""A NumPy library with PyTorch's API for building and training recurrent networks.

The examples of all docstrings assume:

    >>> import mytorch
    >>> from mytorch import nn, optim
    >>> from mytorch.utils import data
"""

# Names are exported where they are defined: the `__all__` of a module lists those that belong here too, and
# no second list repeats them. Type checkers count star imports and `x as x` as exports.

from importlib import import_module as _import_module
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

from mytorch._core import dtypes as _dtypes
from mytorch._core.device import device as device
from mytorch._core.dtypes import *
from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch._core.promotion import *
from mytorch._core.settings import *
from mytorch._core.size import Size as Size
from mytorch._core.threads import *
from mytorch._core.type_info import *
from mytorch._tensor import Tensor as Tensor
from mytorch._tensor.legacy import *
from mytorch._tensor.text import *
from mytorch.autograd.anomaly_mode import *
from mytorch.autograd.grad_mode import *
from mytorch.creation.distributions import *
from mytorch.creation.filled import *
from mytorch.creation.from_data import *
from mytorch.creation.like import *
from mytorch.creation.random_tensors import *
from mytorch.creation.ranges import *
from mytorch.functions.activation import relu as relu
from mytorch.functions.activation import sigmoid as sigmoid
from mytorch.functions.activation import tanh as tanh
from mytorch.functions.arithmetic import *
from mytorch.functions.combination import *
from mytorch.functions.comparison import *
from mytorch.functions.conversion import *
from mytorch.functions.einsum import *
from mytorch.functions.elementary import *
from mytorch.functions.gather_scatter import *
from mytorch.functions.indexing import *
from mytorch.functions.joining import *
from mytorch.functions.logic import *
from mytorch.functions.matmul import *
from mytorch.functions.rearrange import *
from mytorch.functions.reduction import *
from mytorch.functions.rounding import *
from mytorch.functions.searching import *
from mytorch.functions.selection import *
from mytorch.functions.shape import *
from mytorch.functions.softmax import *
from mytorch.functions.sorting import *
from mytorch.functions.statistics import *
from mytorch.functions.transpose import *
from mytorch.random import *
from mytorch.version import __version__ as __version__

# isort: split
# The submodules build on what stands above.
from mytorch import autograd as autograd
from mytorch import random as random

# torch's other names of dtypes.
bool = _dtypes.bool_
half = _dtypes.float16
float = _dtypes.float32
double = _dtypes.float64
short = _dtypes.int16
int = _dtypes.int32
long = _dtypes.int64

if _TYPE_CHECKING:
    from mytorch import backends as backends
    from mytorch import cuda as cuda
    from mytorch import distributions as distributions
    from mytorch import linalg as linalg
    from mytorch import models as models
    from mytorch import nn as nn
    from mytorch import optim as optim
    from mytorch import serialization as serialization
    from mytorch import utils as utils
    from mytorch.backends._config import show_config as show_config
    from mytorch.serialization import load as load
    from mytorch.serialization import save as save

# Half of all modules are layers, optimizers, data and files, which a program that uses tensors only does not
# need. Without them the import costs 1.2 times NumPy's, with them 1.4 times.
_ON_DEMAND = (
    *("backends", "cuda", "distributions", "linalg", "models", "nn", "optim", "serialization", "utils"),
)
_FROM_MODULES = {
    "load": "mytorch.serialization",
    "save": "mytorch.serialization",
    "show_config": "mytorch.backends._config",
}


def __getattr__(name: str) -> object:
    if name in _ON_DEMAND:
        return _import_module(f"mytorch.{name}")
    if name in _FROM_MODULES:
        return getattr(_import_module(_FROM_MODULES[name]), name)
    raise _no_attribute(__name__, name)


if not _TYPE_CHECKING:  # a list that mypy cannot evaluate would hide all names from it
    _MODULES = {"autograd", "random", *_ON_DEMAND} - {"serialization"}
    __all__ = sorted(  # noqa: PLE0605 - computed, so that nothing has to be listed again
        {name for name, value in globals().items() if name[0] != "_" and not isinstance(value, _ModuleType)}
        | {"__version__", *_MODULES, *_FROM_MODULES}
    )

    def __dir__() -> list[str]:
        return __all__

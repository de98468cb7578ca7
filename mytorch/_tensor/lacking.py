"""Attributes of torch's Tensor that this one lacks: to read one is an error that says so.

To set one that holds data is an error too, never a new attribute: a subclass such as Parameter has attributes
of its own, and would take any name. Under the name of a method an attribute may be set, as in torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase
from mytorch._core.lacking import lacking_text
from mytorch._tensor.torch_names import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

# A test compares.
NAMES = (
    # Views, and complex numbers.
    *("H", "mH", "real", "imag", "_base"),
    # Devices and layouts.
    *(
        "is_cpu",
        "is_ipu",
        "is_maia",
        "is_meta",
        "is_mkldnn",
        "is_mps",
        "is_mtia",
        "is_vulkan",
        "is_xla",
        "is_xpu",
    ),
    *("is_nested", "is_quantized", "is_sparse", "is_sparse_csr", "layout"),
    # Autograd.
    *("_backward_hooks", "_grad_fn", "_post_accumulate_grad_hooks", "grad_dtype", "volatile"),
    # Others.
    *("_cdata", "_has_symbolic_sizes_strides", "_python_dispatch", "name"),
)


class LackingMethod:
    """Raises an AttributeError, which names the method, wherever it is read.

    Descriptors, and not a `__getattr__`: that would be called for each of a tensor's slots that is not set,
    and not for what is asked of the class.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: object, kind: type) -> Any:
        self._refuse(f"type object '{kind.__name__}'" if tensor is None else f"'{kind.__name__}' object")

    def _refuse(self, whose: str) -> NoReturn:
        text = lacking_text(f"Tensor.{self.name}")
        # Without the object, so that Python suggests no other name, which does something else.
        raise AttributeError(f"{whose} has no attribute '{self.name}': {text}", name=self.name)


class Lacking(LackingMethod):
    """The same wherever it is set or deleted, too.

    Descriptors, and not a `__setattr__`, which every assignment to a tensor's slots would pay for.
    """

    __slots__ = ()

    def __set__(self, tensor: object, value: object) -> None:
        self._refuse(f"'{type(tensor).__name__}' object")

    def __delete__(self, tensor: object) -> None:
        self._refuse(f"'{type(tensor).__name__}' object")


class LackingAttributes(TensorBase):
    """The part of Tensor that refuses torch's other attributes."""

    __slots__ = ()

    # Into the body of the class: set afterwards, 300 attributes take a millisecond.
    vars().update({name: LackingMethod(name) for name in METHODS.split()})
    vars().update({name: Lacking(name) for name in NAMES})

    def __dir__(self) -> Iterable[str]:
        return sorted(set(super().__dir__()) - {*NAMES, *METHODS.split()})

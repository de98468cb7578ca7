"""Attributes of torch's Tensor that this one lacks: to read or set one is an error, never a new attribute.

A subclass such as Parameter has attributes of its own, and would take any name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase

if TYPE_CHECKING:
    from typing import Any, NoReturn

# torch's methods are not among them: there too an attribute of that name may be set. A test compares.
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


class Lacking:
    """Raises an AttributeError, which names the attribute, wherever it is read, set or deleted.

    Descriptors, and not a `__setattr__`, which every assignment to a tensor's slots would pay for.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: object, kind: type) -> Any:
        self._refuse(kind)

    def __set__(self, tensor: object, value: object) -> None:
        self._refuse(type(tensor))

    def __delete__(self, tensor: object) -> None:
        self._refuse(type(tensor))

    def _refuse(self, kind: type) -> NoReturn:
        raise AttributeError(
            f"'{kind.__name__}' object has no attribute '{self.name}': torch has it, mytorch does not"
        )


class LackingAttributes(TensorBase):
    """The part of Tensor that refuses torch's other attributes."""

    __slots__ = ()


for _name in NAMES:
    setattr(LackingAttributes, _name, Lacking(_name))

"""Cases of conversion to another dtype, promotion of dtypes, and properties of size and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._facts import DTYPES, made
from conformance.cases._table import row

if TYPE_CHECKING:
    from conformance.cases._table import Form


def _to(name: str) -> Form:
    return lambda t, a: a.to(getattr(t, name))


def _names(t: Any) -> tuple[Any, ...]:
    return tuple(getattr(t, name) for name in DTYPES)


CASES = (
    made(
        "Tensor.to",
        {
            **{name: _to(name) for name in ("float16", "int32", "bool")},
            "long": lambda t, a: (a * 4).long(),
            "int": lambda t, a: (a * 4).int(),
            "short": lambda t, a: (a * 4).short(),
            "bool": lambda t, a: a.bool(),
            "half": lambda t, a: a.half(),
            "double": lambda t, a: a.double(),
            "float": lambda t, a: a.float(),
            "type": lambda t, a: a.type(t.float16),
            "type by name": lambda t, a: a.type("torch.IntTensor"),
            "type by type": lambda t, a: (a * 4).type(t.CharTensor),
            "char": lambda t, a: (a * 4).char(),
            "byte": lambda t, a: (a.abs() * 4).byte(),
            "type_as": lambda t, a: a.type_as(t.zeros(1)),
            "device": lambda t, a: a.to("cpu", t.float64),
            "other": lambda t, a: a.to(t.zeros(1, dtype=t.int16)),
        },
        {
            "device": (lambda t, a: a.to("cuda"), ("CUDA|cuda",)),
            "cuda": (lambda t, a: a.cuda(), ("CUDA|cuda",)),
            "type": (lambda t, a: a.type("torch.FooTensor"), ("FooTensor",)),
        },
    ),
    row(
        "result_type",
        "-",
        {
            "promote_types": lambda t, a: t.tensor(
                [_names(t).index(t.promote_types(x, y)) for x in _names(t) for y in _names(t)]
            ),
            "can_cast": lambda t, a: t.tensor([t.can_cast(x, y) for x in _names(t) for y in _names(t)]),
            "result_type": lambda t, a: t.tensor(
                [
                    _names(t).index(t.result_type(t.zeros(2, dtype=x), y))
                    for x in _names(t)
                    for y in (True, 1, 1.5, t.tensor(1.5, dtype=t.float64), t.zeros(2, dtype=t.int16))
                ]
            ),
            "arithmetic": lambda t, a: t.tensor(
                [
                    _names(t).index((t.ones(2, dtype=x) * t.ones(2, dtype=y)).dtype)
                    for x in _names(t)
                    for y in _names(t)
                ]
            ),
            "division": lambda t, a: t.tensor(
                [
                    _names(t).index((t.ones(2, dtype=x) / t.ones(2, dtype=y)).dtype)
                    for x in _names(t)
                    for y in _names(t)
                ]
            ),
        },
        {"no operand": (lambda t, a: t.result_type("a", 1), ("str",))},
        grad=False,
    ),
    row(
        "Tensor.size",
        "NLF",
        {
            "size": lambda t, a: t.tensor([*a.size(), a.size(-1), a.dim(), a.ndim, a.numel(), len(a)]),
            "stride": lambda t, a: t.tensor([*a.contiguous().stride(), a.contiguous().stride(1)]),
            "contiguous": lambda t, a: t.tensor(
                [a.transpose(0, 2).contiguous().is_contiguous(), a.is_floating_point()]
            ),
            "bytes": lambda t, a: t.tensor([(a > 0).element_size(), (a > 0).nbytes, a.long().itemsize]),
            "list": lambda t, a: t.tensor(a.tolist() or [0.0], dtype=a.dtype),
            "item": lambda t, a: t.tensor(
                [a[0, 0, 0].item() == a[0, 0, 0], float(a[0, 0, 0]) == a[0, 0, 0], int(t.tensor(3)) == 3]
            ),
            "leaf": lambda t, a: t.tensor(
                [a.is_leaf, (a * 2).is_leaf, a.requires_grad, a.detach().requires_grad]
            ),
        },
        {"dim": (lambda t, a: a.size(5), ("-3", "2", "5")), "item of many": (lambda t, a: a.item(), ("24",))},
        classes=("small", "one", "strided"),
        grad=False,
    ),
)

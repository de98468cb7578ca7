"""Cases of tensors made from a fill value, from a range, or from Python scalars and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._facts import facts, made, random

if TYPE_CHECKING:
    from conformance.cases.case import Case

_TYPES = (
    "FloatTensor",
    "DoubleTensor",
    "HalfTensor",
    "LongTensor",
    "IntTensor",
    "ShortTensor",
    "CharTensor",
    "ByteTensor",
    "BoolTensor",
)


def _filled(name: str, *fill: Any) -> Case:
    make = {
        "sizes": lambda t, a: getattr(t, name)(a.shape, *fill, dtype=a.dtype),
        "default": lambda t, a: getattr(t, name)((2, 3), *fill),
        "integers": lambda t, a: getattr(t, name)((2,), *fill, dtype=t.int64),
        "requires grad": lambda t, a: getattr(t, name)(tuple(a.shape), *fill, requires_grad=True),
        "like": lambda t, a: getattr(t, f"{name}_like")(a, *fill),
        "like of a dtype": lambda t, a: getattr(t, f"{name}_like")(a > 0, *fill, dtype=t.int32),
        "new": lambda t, a: getattr(a, f"new_{name}")((3,), *fill),
    }
    if not fill:
        make["numbers"] = lambda t, a: getattr(t, name)(2, 3)
        make["keyword"] = lambda t, a: getattr(t, name)(size=(2, 3), dtype=t.bool)
    return made(
        name,
        make,
        {
            "negative size": (lambda t, a: getattr(t, name)((2, -1), *fill), ("-1|negative",)),
            "device": (lambda t, a: getattr(t, name)((2,), *fill, device="cuda"), ("CUDA|cuda",)),
            "no size": (lambda t, a: getattr(t, name)("a", *fill), ("str",)),
            "gradients of integers": (
                lambda t, a: getattr(t, name)((2,), *fill, dtype=t.int64, requires_grad=True),
                ("floating",),
            ),
        },
        {"values": "they are 0"} if name == "zeros" else None,
    )


CASES = (
    _filled("zeros"),
    _filled("ones"),
    _filled("full", 2.5),
    random(
        "empty",
        {
            "sizes": lambda t, a: t.empty(2, 3),
            "like": lambda t, a: t.empty_like(a),
            "new": lambda t, a: a.new_empty(3),
        },
        lambda t, made: t.tensor(True),
        {"negative size": (lambda t, a: t.empty(2, -1), ("-1|negative",))},
    ),
    made(
        "eye",
        {"square": lambda t, a: t.eye(3), "wide": lambda t, a: t.eye(2, 4, dtype=t.int64)},
        {"negative": (lambda t, a: t.eye(-1), ("-1|0",))},
    ),
    made(
        "arange",
        {
            "end": lambda t, a: t.arange(5),
            "step": lambda t, a: t.arange(1, 10, 3),
            "back": lambda t, a: t.arange(5, 0, -2),
            "floats": lambda t, a: t.arange(0.0, 1.0, 0.25),
            "dtype": lambda t, a: t.arange(3, dtype=t.float64),
        },
        {
            "direction": (lambda t, a: t.arange(1, 5, -1), ("bound|step",)),
            "no step": (lambda t, a: t.arange(0, 5, 0), ("step",)),
        },
    ),
    made(
        "linspace",
        {
            "floats": lambda t, a: t.linspace(-1.0, 1.0, 5),
            "one": lambda t, a: t.linspace(2, 3, 1),
            "none": lambda t, a: t.linspace(0, 1, steps=0),
        },
        {"negative": (lambda t, a: t.linspace(0, 1, -1), ("steps|number",))},
    ),
    made(
        "tensor",
        {
            "floats": lambda t, a: t.tensor([[1.5, 2], [3, 4]]),
            "integers": lambda t, a: t.tensor([1, 2]),
            "bools": lambda t, a: t.tensor([True, False]),
            "number": lambda t, a: t.tensor(2.5),
            "dtype": lambda t, a: t.tensor([1, 2], dtype=t.float16, requires_grad=True),
            "nothing": lambda t, a: t.tensor([]),
            "as_tensor": lambda t, a: t.as_tensor([1.0, 2.0], dtype=t.float64),
            "as itself": lambda t, a: t.as_tensor(a, dtype=t.float64),
            "new": lambda t, a: a.new_tensor([1, 2]),
            "old": lambda t, a: t.Tensor([1, 2]),
            "old types": lambda t, a: t.cat([facts(t, getattr(t, name)([0, 1, 2])) for name in _TYPES]),
            "old type of sizes": lambda t, a: t.LongTensor(a.size()).fill_(3),
            "old type of a tensor": lambda t, a: t.DoubleTensor(a) * 2,
            "is of an old type": lambda t, a: t.tensor([isinstance(a, getattr(t, name)) for name in _TYPES]),
            "of the same type": lambda t, a: a.new([1, 2]),
            "of the same type from sizes": lambda t, a: a.new(2, 3).zero_(),
        },
        {
            "ragged": (lambda t, a: t.tensor([[1, 2], [3]]), ("2", "1")),
            "text": (lambda t, a: t.tensor("a"), ("str",)),
            "old type of another dtype": (lambda t, a: t.IntTensor(a), ("float", "int")),
            "old type of a float": (lambda t, a: t.FloatTensor(2.5), ("sequence", "float")),
        },
        {"values": where("they are set to 0", form="of the same type from sizes")},
    ),
)

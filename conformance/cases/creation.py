"""Making tensors, and asking about them: numbers in the lane's dtype, and facts as whole numbers.

What is random cannot equal torch's: shape, dtype, and what the numbers must be like, are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import row

if TYPE_CHECKING:
    from conformance.cases._table import Bad, Form
    from conformance.cases.case import Case

_DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")


def facts(t: Any, x: Any) -> Any:
    """Return dtype and shape as numbers, and whether a gradient would be recorded."""
    return t.tensor([_DTYPES.index(str(x.dtype).rpartition(".")[2]), int(x.requires_grad), x.dim(), *x.shape])


def _made(t: Any, x: Any, like: Any) -> dict[str, Any]:
    return {"facts": facts(t, x), "values": x.to(like.dtype).detach()}


def _filled(name: str, *fill: Any) -> Case:
    make = {
        "sizes": lambda t, a: getattr(t, name)(a.shape, *fill, dtype=a.dtype),
        "default": lambda t, a: getattr(t, name)((2, 3), *fill),
        "integers": lambda t, a: getattr(t, name)((2,), *fill, dtype=t.int64),
        "requires grad": lambda t, a: getattr(t, name)(tuple(a.shape), *fill, requires_grad=True),
        "like": lambda t, a: getattr(t, f"{name}_like")(a, *fill),
        "like, of a dtype": lambda t, a: getattr(t, f"{name}_like")(a > 0, *fill, dtype=t.int32),
        "new": lambda t, a: getattr(a, f"new_{name}")((3,), *fill),
    }
    if not fill:
        make["numbers"] = lambda t, a: getattr(t, name)(2, 3)
        make["keyword"] = lambda t, a: getattr(t, name)(size=(2, 3), dtype=t.bool)
    return _rows(
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
    )


def _rows(name: str, made: dict[str, Form], bad: dict[str, Bad] | None = None) -> Case:
    def as_facts(form: Form) -> Form:
        # A dtype that is the lane's would be another fact in each lane.
        return lambda t, a: _made(t, form(t, a.double()), a)

    return row(
        name,
        "NF",
        {label: as_facts(form) for label, form in made.items()},
        bad,
        grad=False,
    )


def _random(name: str, forms: dict[str, Form], within: Form, bad: dict[str, Bad] | None = None) -> Case:
    def judged(form: Form) -> Form:
        def call(t: Any, a: Any) -> dict[str, Any]:
            made = form(t, a.double())
            return {"facts": facts(t, made), "within": within(t, made)}

        return call

    return row(name, "NF", {label: judged(form) for label, form in forms.items()}, bad, grad=False)


def _to(name: str) -> Form:
    return lambda t, a: a.to(getattr(t, name))


def _restored(t: Any, a: Any) -> Any:
    del a
    state = t.get_rng_state()
    first = t.rand(4)
    t.set_rng_state(state)
    return t.stack([first, t.rand(4)])


def _names(t: Any) -> tuple[Any, ...]:
    return tuple(getattr(t, name) for name in _DTYPES)


CASES = (
    _filled("zeros"),
    _filled("ones"),
    _filled("full", 2.5),
    _random(
        "empty",
        {
            "sizes": lambda t, a: t.empty(2, 3),
            "like": lambda t, a: t.empty_like(a),
            "new": lambda t, a: a.new_empty(3),
        },
        lambda t, made: t.tensor(True),
        {"negative size": (lambda t, a: t.empty(2, -1), ("-1|negative",))},
    ),
    _rows(
        "eye",
        {"square": lambda t, a: t.eye(3), "wide": lambda t, a: t.eye(2, 4, dtype=t.int64)},
        {"negative": (lambda t, a: t.eye(-1), ("-1|0",))},
    ),
    _rows(
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
    _rows(
        "linspace",
        {
            "floats": lambda t, a: t.linspace(-1.0, 1.0, 5),
            "one": lambda t, a: t.linspace(2, 3, 1),
            "none": lambda t, a: t.linspace(0, 1, steps=0),
        },
        {"negative": (lambda t, a: t.linspace(0, 1, -1), ("steps|number",))},
    ),
    _rows(
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
        },
        {
            "ragged": (lambda t, a: t.tensor([[1, 2], [3]]), ("2", "1")),
            "text": (lambda t, a: t.tensor("a"), ("str",)),
        },
    ),
    _rows(
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
            "type_as": lambda t, a: a.type_as(t.zeros(1)),
            "device": lambda t, a: a.to("cpu", t.float64),
            "other": lambda t, a: a.to(t.zeros(1, dtype=t.int16)),
        },
        {
            "device": (lambda t, a: a.to("cuda"), ("CUDA|cuda",)),
            "cuda": (lambda t, a: a.cuda(), ("CUDA|cuda",)),
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
    _random(
        "rand",
        {
            "sizes": lambda t, a: t.rand(2, 50),
            "dtype": lambda t, a: t.rand((3,), dtype=t.float64),
            "like": lambda t, a: t.rand_like(a.float()),
        },
        lambda t, made: ((made >= 0) & (made < 1)).all(),
        {"integers": (lambda t, a: t.rand(2, dtype=t.int64), ("int64|Long",))},
    ),
    _random(
        "randn",
        {
            "sizes": lambda t, a: t.randn(40, 50),
            "like": lambda t, a: t.randn_like(t.ones(40, 50, dtype=t.float64)),
        },
        # Ten standard deviations of the mean of 2000 numbers.
        lambda t, made: (made.mean().abs() < 0.25) & ((made.std() - 1).abs() < 0.25),
        {"integers": (lambda t, a: t.randn(2, dtype=t.int64), ("int64|Long",))},
    ),
    _random(
        "randint",
        {
            "high": lambda t, a: t.randint(6, (20,)),
            "low": lambda t, a: t.randint(2, 5, (4, 5)),
            "dtype": lambda t, a: t.randint(0, 6, (3,), dtype=t.int32),
        },
        lambda t, made: ((made >= 0) & (made < 6)).all(),
        {"empty range": (lambda t, a: t.randint(5, 5, (2,)), ("5",))},
    ),
    _random(
        "randperm",
        {
            "seven": lambda t, a: t.randperm(7),
            "none": lambda t, a: t.randperm(0),
            "dtype": lambda t, a: t.randperm(5, dtype=t.int32),
        },
        lambda t, made: (made.sort().values == t.arange(made.numel())).all(),
        {"negative": (lambda t, a: t.randperm(-1), ("-1|negative",))},
    ),
    _random(
        "manual_seed",
        {
            "again": lambda t, a: t.stack([(t.manual_seed(3), t.rand(4))[1] for _ in range(2)]),
            "generator": lambda t, a: t.stack(
                [t.rand(4, generator=t.Generator().manual_seed(5)) for _ in range(2)]
            ),
            "state": _restored,
        },
        lambda t, made: (made[0] == made[1]).all(),
    ),
)

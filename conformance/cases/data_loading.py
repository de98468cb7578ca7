"""Cases of datasets, samplers and loaders of utils.data: the samples of a batch, their form and order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._draws import Form, draws
from conformance.cases._law import DRAWS, ORDERS, PLACES, Discrete, Permutations
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

    # Returns the tensors that a program compares, in order.
    Use = Callable[[Any, Any, Config], list[Any]]


def _inputs(config: Config) -> dict[str, Input]:
    n, f = int(config["N"]), int(config["F"])
    return {"input": Input((n, f)), "target": Input((int(config["rows"]) if config.get("rows") else n,))}


def _loading(
    name: str,
    use: Use,
    flags: dict[str, tuple[Scalar, ...]],
    *bad: BadCall,
    classes: tuple[str, ...] = ("small", "one", "empty", "strided"),
) -> Case:
    """Return the case of a loader: exact, as it only copies, with gradients to the loaded rows."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        dataset = t.utils.data.TensorDataset(x["input"], x["target"])
        return {f"output {i}": part for i, part in enumerate(use(t, dataset, x.config))}

    return Case(
        name=f"utils.data.{name}",
        space=Space({"N": "batch", "F": "feature"}, classes, ("normal",), flags),
        inputs=_inputs,
        program=program,
        samples=12,
        base={"N": 5, "F": 3, "rows": 0} | {key: values[0] for key, values in flags.items()},
        bad_calls=bad,
    )


def _flat(batches: Any) -> list[Any]:
    return [part for batch in batches for part in batch]


def _loader(t: Any, dataset: Any, config: Config) -> list[Any]:
    size = None if config["batch_size"] == "none" else config["batch_size"]
    options: dict[str, Any] = {"batch_size": size, "drop_last": config["drop_last"] and size is not None}
    if config["order"] == "backwards":
        options["sampler"] = range(len(dataset) - 1, -1, -1)
    elif config["order"] == "both":
        options |= {"sampler": range(3), "shuffle": True}
    loader = t.utils.data.DataLoader(dataset, **options)
    return [t.tensor(len(loader)), *_flat(loader)]


def _shuffled(t: Any, dataset: Any, config: Config) -> list[Any]:
    """Return every sample once; the random order is not compared, as the samples are sorted again."""
    numbers = t.utils.data.TensorDataset(t.arange(len(dataset)))
    sampler = t.utils.data.RandomSampler(numbers, num_samples=config["draws"] or None)
    order = [int(i) for i in sampler]
    first = sorted(order[: len(dataset)])
    return [t.tensor(len(order)), t.tensor(first), *_flat(dataset[i] for i in first)]


def _parts(t: Any, dataset: Any, config: Config) -> list[Any]:
    lengths = {"halves": [0.5, 0.5], "all": [len(dataset), 0], "too many": [len(dataset), 1]}
    parts = t.utils.data.random_split(dataset, lengths[str(config["lengths"])])
    members = sorted(i for part in parts for i in part.indices)
    return [t.tensor([len(part) for part in parts]), t.tensor(members, dtype=t.int64)]


def _some(t: Any, dataset: Any, config: Config) -> list[Any]:
    subset = t.utils.data.Subset(dataset, [1, 1, 0])
    return [t.tensor(len(subset)), *subset[0], *subset[config["last"]]]


def _joined(t: Any, dataset: Any, config: Config) -> list[Any]:
    whole = t.utils.data.ConcatDataset([dataset, dataset] if config["datasets"] else [])
    return [t.tensor(len(whole)), *_flat(whole[i] for i in (0, -1, len(dataset)))]


def _collated(t: Any, dataset: Any, config: Config) -> list[Any]:
    samples = [dataset[i] for i in range(len(dataset))]
    collate = t.utils.data.default_collate
    if config["form"] == "ragged":
        samples[0] = samples[0][:1]
    if config["form"] == "mapping":
        joined = collate([{"x": x, "y": y} for x, y in samples])
        return [joined["x"], joined["y"]]
    if config["form"] == "numbers":
        return [collate(list(range(len(samples)))), collate([i % 2 == 0 for i in range(len(samples))])]
    return list(collate(samples))


def _sampled(t: Any, dataset: Any, config: Config) -> list[Any]:
    order = t.utils.data.SequentialSampler(dataset)
    batches = t.utils.data.BatchSampler(order, config["batch_size"], config["drop_last"])
    return [t.tensor(len(batches)), *(t.tensor(batch) for batch in batches)]


def _streamed(t: Any, dataset: Any, config: Config) -> list[Any]:
    class Backwards(t.utils.data.IterableDataset):  # type: ignore[misc]  # a base class by namespace
        def __iter__(self) -> Any:
            return (dataset[i] for i in range(len(dataset) - 1, -1, -1))

    shuffle = True if config["shuffled"] else None
    return _flat(t.utils.data.DataLoader(Backwards(), config["batch_size"], shuffle=shuffle))


def _ordered(orders: Callable[[Any], Any]) -> Form:
    """Return the form of shuffling: `orders` returns the order of each epoch, of `PLACES` samples."""
    return Form(lambda t, dtype: {"draws": t.tensor(orders(t))}, {"draws": Permutations()})


def _epochs(t: Any, **options: Any) -> list[list[int]]:
    """Return the samples of many epochs of one loader, in the order in which it yields them."""
    loader = t.utils.data.DataLoader(range(PLACES), batch_size=5, shuffle=True, collate_fn=list, **options)
    return [_flat(loader) for _ in range(ORDERS)]


def _generator(t: Any) -> Any:
    return t.Generator().manual_seed(int(t.randint(2**31, (1,))))


def _rounds(t: Any) -> list[list[int]]:
    """Return the orders of a sampler that goes through the data twice."""
    sampler = t.utils.data.RandomSampler(range(PLACES), num_samples=2 * PLACES)
    twice = [list(sampler) for _ in range(ORDERS // 2)]
    return [order for each in twice for order in (each[:PLACES], each[PLACES:])]


def _again(t: Any, dtype: Any) -> dict[str, Any]:
    sampler = t.utils.data.RandomSampler(range(PLACES), replacement=True, num_samples=DRAWS)
    return {"draws": t.tensor(list(sampler))}


def _some_in_order(t: Any, **options: Any) -> list[list[int]]:
    """Return the orders of every third index, as numbers from 0."""
    sampler = t.utils.data.SubsetRandomSampler(range(1, 3 * PLACES, 3), **options)
    return [[(int(i) - 1) // 3 for i in sampler] for _ in range(ORDERS)]


# The third index has no weight; codes of two indices that differ.
_WEIGHTS = (1.0, 2.0, 0.0, 3.0, 4.0)
_CERTAIN = tuple(k for k, weight in enumerate(_WEIGHTS) if weight)
_PAIRS = tuple(float(5 * i + j) for i in _CERTAIN for j in _CERTAIN if i != j)


def _weighted(t: Any, **options: Any) -> dict[str, Any]:
    return {"draws": t.tensor(list(t.utils.data.WeightedRandomSampler(_WEIGHTS, DRAWS, **options)))}


def _weighted_pairs(t: Any, dtype: Any) -> dict[str, Any]:
    # As many as the counts of eleven pairs can tell apart; a sampler that is made anew would cost more.
    sampler = t.utils.data.WeightedRandomSampler(t.tensor(_WEIGHTS, dtype=dtype), 2, replacement=False)
    return {"draws": t.tensor([5 * i + j for i, j in (tuple(sampler) for _ in range(ORDERS))])}


def _split(t: Any, **options: Any) -> list[list[int]]:
    parts = [t.utils.data.random_split(range(PLACES), [3, 5], **options) for _ in range(ORDERS)]
    return [[i for part in each for i in part.indices] for each in parts]


_SHUFFLED = (
    draws(
        "utils.data.DataLoader@orders",
        {
            "default": _ordered(_epochs),
            "own": _ordered(lambda t: _epochs(t, generator=_generator(t))),
        },
    ),
    draws(
        "utils.data.RandomSampler@orders",
        {
            "rounds": _ordered(_rounds),
            "replacement": Form(_again, {"draws": Discrete(tuple(float(k) for k in range(PLACES)))}),
        },
    ),
    draws(
        "utils.data.SubsetRandomSampler@orders",
        {
            "default": _ordered(_some_in_order),
            "own": _ordered(lambda t: _some_in_order(t, generator=_generator(t))),
        },
        {"without a length": (lambda t: list(t.utils.data.SubsetRandomSampler(iter("ab"))), ("len",))},
    ),
    draws(
        "utils.data.WeightedRandomSampler@draws",
        {
            "default": Form(
                lambda t, dtype: _weighted(t), {"draws": Discrete(tuple(float(k) for k in _CERTAIN))}
            ),
            "own": Form(
                lambda t, dtype: _weighted(t, generator=_generator(t)),
                {"draws": Discrete(tuple(float(k) for k in _CERTAIN))},
            ),
            "without": Form(_weighted_pairs, {"draws": Discrete(_PAIRS)}),
        },
        {
            "no draws": (lambda t: t.utils.data.WeightedRandomSampler([1.0], 0), ("num_samples", "0")),
            "a matrix": (lambda t: t.utils.data.WeightedRandomSampler([[1.0]], 1), ("weights", "(1, 1)")),
        },
    ),
    draws(
        "utils.data.random_split@orders",
        {
            "default": _ordered(_split),
            "own": _ordered(lambda t: _split(t, generator=_generator(t))),
        },
    ),
)


CASES = (
    _loading(
        "BatchSampler",
        _sampled,
        {"batch_size": (2, 1, 7), "drop_last": (False, True)},
        BadCall("batch_size of zero", ("batch_size", "0"), config={"batch_size": 0}),
    ),
    _loading(
        "IterableDataset",
        _streamed,
        {"batch_size": (2, 1, 7), "shuffled": (False,)},
        BadCall("shuffling a stream", ("shuffle", "True"), config={"shuffled": True}),
    ),
    _loading(
        "TensorDataset",
        lambda t, dataset, config: [t.tensor(len(dataset)), *dataset[0], *dataset[-1]],
        {},
        BadCall("rows of the tensors", ("ize",), shapes={"target": (4,)}),
        classes=("small", "one", "strided"),
    ),
    _loading(
        "DataLoader",
        _loader,
        {"batch_size": (2, 1, 3, "none"), "drop_last": (False, True), "order": ("forwards", "backwards")},
        BadCall("batch_size of zero", ("batch_size", "0"), config={"batch_size": 0}),
        BadCall("two orders", ("sampler", "shuffle"), config={"order": "both"}),
    ),
    _loading(
        "RandomSampler",
        _shuffled,
        {"draws": (0, 7)},
        BadCall("draws below zero", ("num_samples", "-1"), config={"draws": -1}),
        classes=("small", "one"),
    ),
    _loading(
        "Subset",
        _some,
        {"last": (2, 0)},
        BadCall("beyond the subset", ("range",), config={"last": 3}),
        classes=("small", "strided"),
    ),
    _loading(
        "ConcatDataset",
        _joined,
        {"datasets": (True,)},
        BadCall("no dataset", ("empty",), config={"datasets": False}),
        classes=("small", "one", "strided"),
    ),
    _loading(
        "random_split",
        _parts,
        {"lengths": ("halves", "all")},
        BadCall("lengths beyond the whole", ("length",), config={"lengths": "too many"}),
        classes=("small", "strided"),
    ),
    _loading(
        "default_collate",
        _collated,
        {"form": ("tuples", "mapping", "numbers")},
        BadCall("samples of two lengths", ("equal size",), config={"form": "ragged"}),
        classes=("small", "one", "strided"),
    ),
    *_SHUFFLED,
)

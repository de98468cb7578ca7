"""Faults of random orders: of randperm, samplers, loaders and random_split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

    # From the namespace and the number of places to an order.
    Order = Callable[[Any, int], list[int]]

_CASES = (
    "randperm@orders",
    *(
        f"utils.data.{name}@orders"
        for name in ("DataLoader", "RandomSampler", "SubsetRandomSampler", "random_split")
    ),
)


def _below(t: Any, ends: list[int]) -> list[int]:
    """Return a drawn number from 0 up to, but without, each end."""
    return [int(u * end) for u, end in zip(t.rand(len(ends), dtype=t.float64).tolist(), ends, strict=True)]


def _swapped(order: list[int], places: list[int]) -> list[int]:
    for i, j in enumerate(places):
        order[i], order[j] = order[j], order[i]
    return order


def _naive(t: Any, count: int) -> list[int]:
    return _swapped(list(range(count)), _below(t, [count] * count))


def _cyclic(t: Any, count: int) -> list[int]:
    drawn = _below(t, list(range(1, count)))
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = drawn[i - 1]
        order[i], order[j] = order[j], order[i]
    return order


def _rotated(t: Any, count: int) -> list[int]:
    (start,) = _below(t, [count])
    return [(start + i) % count for i in range(count)]


def _first_stays(t: Any, count: int) -> list[int]:
    return [0, *(1 + i for i in t.randperm(count - 1).tolist())]


def _last_stays(t: Any, count: int) -> list[int]:
    return [*t.randperm(count - 1).tolist(), count - 1]


def _fault(name: str, order: Callable[[], Order], story: str, cases: tuple[str, ...] = _CASES) -> Fault:
    """Return the fault of a library that takes its orders from `order()`, made anew for each run."""

    def around(t: Any, x: Values, correct: Callable[..., Any]) -> Any:
        draw = order()

        class Sampler:
            def __init__(self, source: Any, num_samples: int | None = None, **options: Any) -> None:
                del options
                self.count, self.rounds = len(source), (num_samples or len(source)) // len(source)

            def __len__(self) -> int:
                return self.count * self.rounds

            def __iter__(self) -> Any:
                return iter([i for _ in range(self.rounds) for i in draw(t, self.count)])

        def loader(dataset: Any, *, shuffle: bool, generator: Any = None, **options: Any) -> Any:
            return t.utils.data.DataLoader(dataset, sampler=Sampler(dataset), **options)

        def split(dataset: Any, lengths: list[int], **options: Any) -> list[Any]:
            rest = iter(draw(t, len(dataset)))
            return [t.utils.data.Subset(dataset, [next(rest) for _ in range(n)]) for n in lengths]

        class Some:
            def __init__(self, indices: Any, **options: Any) -> None:
                del options
                self.indices = indices

            def __iter__(self) -> Any:
                return iter([self.indices[i] for i in draw(t, len(self.indices))])

        names = {
            "randperm": lambda count: t.tensor(draw(t, count)),
            "utils.data.RandomSampler": Sampler,
            "utils.data.SubsetRandomSampler": Some,
            "utils.data.DataLoader": loader,
            "utils.data.random_split": split,
        }
        return correct(Overlay(t, names), x)

    return Fault(name, "shuffling", cases, story, around=around)


def _once() -> Order:
    kept: list[list[int]] = []

    def order(t: Any, count: int) -> list[int]:
        if not kept:
            kept.append(t.randperm(count).tolist())
        return kept[0]

    return order


FAULTS = (
    _fault("shuffle-never", lambda: lambda t, count: list(range(count)), "keeps the order"),
    _fault("shuffle-once", _once, "draws one order, and repeats it in every epoch"),
    _fault("shuffle-first-stays", lambda: _first_stays, "leaves the first sample at its place"),
    _fault("shuffle-last-stays", lambda: _last_stays, "leaves the last sample at its place"),
    _fault(
        "shuffle-naive",
        lambda: _naive,
        "swaps each place with any place, which prefers some orders to others",
    ),
    _fault("shuffle-cyclic", lambda: _cyclic, "never leaves a sample at its place: Sattolo's algorithm"),
    _fault("shuffle-rotates", lambda: _rotated, "begins at a random sample, and goes on in order"),
)

"""The recorded graph: one node per op with what backward needs, and the counters of changes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.ops.op import OUT

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable, Sequence
    from typing import Any

    import numpy as np

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Hook
    from mytorch.autograd._views import Family
    from mytorch.ops.op import Op


SAVED = -2
"""In `Node.watched`, a tensor that a `Function` saved."""


class Counter:
    """How often the memory of a tensor was changed in place; its views share the object.

    Attributes:
        value: how often.
        family: the tensor and its views, None as long as there are none.
    """

    __slots__ = ("family", "value")

    def __init__(self) -> None:
        self.value = 0
        self.family: Family | None = None

    def __deepcopy__(self, memo: object) -> Counter:
        """Return a new counter: the memory of a copied tensor is its own."""
        return Counter()


class DetachedCounter(Counter):
    """The counter of a detached tensor: it counts with its origin's, but its views are a family of their own.

    Args:
        origin: the counter of the tensor that it was detached from.
    """

    __slots__ = ("origin",)

    def __init__(self, origin: Counter) -> None:
        self.origin = origin
        self.family = None

    @property
    def value(self) -> int:
        """How often the memory was changed in place."""
        return self.origin.value

    @value.setter
    def value(self, value: int) -> None:
        self.origin.value = value


def counter_of(tensor: TensorBase) -> Counter:
    """Return the counter of a tensor's memory, made on first use: most tensors never need one."""
    counter = tensor.counter
    if counter is None:
        counter = tensor.counter = Counter()
    return counter


# Returns the calls that led to an op, while nodes keep them; see `anomaly_mode`.
_tracer: Callable[[], str] | None = None


def trace_nodes(tracer: Callable[[], str] | None) -> None:
    """Let new nodes keep the calls that led to them.

    Args:
        tracer: returns these calls as text; None to keep nothing.
    """
    global _tracer  # noqa: PLW0603 - a global is read faster than any holder, and a node is made for every op
    _tracer = tracer


_ZEROS = ((), (0,), (0, 0), (0, 0, 0))


def _slots(inputs: Sequence[TensorBase | None]) -> tuple[int, ...]:
    return tuple([0 if x is None else x.output for x in inputs])


def _watched(
    uses: tuple[tuple[int, ...], ...] | None,
    parents: Sequence[Node | TensorBase | None],
    inputs: Sequence[TensorBase | None],
    outputs: Sequence[TensorBase],
) -> tuple[tuple[int, Counter, int], ...] | None:
    # Each use once: the gradients of an op with many inputs depend on the same few. A dict keeps the order.
    used: dict[int, None] = {}
    for position, parent in enumerate(parents):
        if parent is not None:
            # The default, "everything", is for ops that declare nothing.
            for use in (*range(len(inputs)), OUT) if uses is None else uses[position]:
                used[use] = None
    watched = []
    for use in used:
        for x in outputs if use < 0 else (inputs[use],):
            if x is not None:
                counter = x.counter
                if counter is None:
                    counter = x.counter = Counter()
                watched.append((use, counter, counter.value))
    return tuple(watched) or None


class Watch:
    """Who waits for the gradient of one output of a node.

    Attributes:
        hooks: the hooks of the tensor, by the id of their handles.
        retained: the tensor, if it keeps its gradient.
    """

    __slots__ = ("hooks", "retained")

    def __init__(self) -> None:
        self.hooks: dict[int, Hook] = {}
        self.retained: weakref.ref[TensorBase] | None = None


class Node:
    """One recorded application of an op.

    Attributes:
        op: the op, or None once backward has freed it.
        saved: what its forward saved.
        parents: for each input, the node that made it, the leaf tensor itself, or None if it needs no
            gradient.
        slots: for each input, which output of its parent it is.
        watched: (input position, OUT or SAVED, counter, its value when saved) of each tensor that backward
            depends on; None if there is none.
        shapes: shape of every output.
        dtypes: NumPy dtype of every output.
        single: whether the op has one output and not a tuple.
        watches: the hooks and retained gradients of the outputs, by slot; None if there are none.
        calls: where the op was called, as text; unset unless anomaly detection was on.
    """

    __slots__ = (
        "calls",
        "dtypes",
        "freed",
        "op",
        "parents",
        "saved",
        "shapes",
        "single",
        "slots",
        "watched",
        "watches",
    )

    def __init__(
        self,
        op: type[Op],
        saved: Any,
        inputs: Sequence[TensorBase | None],
        outputs: Sequence[TensorBase],
        single: bool,
    ) -> None:
        self.op = op
        self.saved = saved
        self.single = single
        self.freed = False
        self.watches: dict[int, Watch] | None = None
        # This runs for every recorded op: loops, because a comprehension is a call, and tuples, because the
        # garbage collector stops visiting a tuple that holds only numbers, and visits a list for ever.
        parents: list[Node | TensorBase | None] = []
        first_outputs = True
        for x in inputs:
            if x is None or not x.tracked:
                parents.append(None)
            else:
                parents.append(x.node or x)
                if x.output:
                    first_outputs = False
        self.parents = tuple(parents)
        self.slots = _ZEROS[len(parents)] if first_outputs and len(parents) < 4 else _slots(inputs)
        if single:
            array = outputs[0].array
            self.shapes: tuple[tuple[int, ...], ...] = (array.shape,)
            self.dtypes: tuple[np.dtype[Any], ...] = (array.dtype,)
        else:
            self.shapes = tuple([y.array.shape for y in outputs])
            self.dtypes = tuple([y.array.dtype for y in outputs])
        if _tracer is not None:
            self.calls = _tracer()
        uses = op.uses
        self.watched = None if uses == () else _watched(uses, parents, inputs, outputs)

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def name(self) -> str:
        """Return the name that torch gives such a node, such as MulBackward0."""
        return f"{self.op.__name__}Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Node | TensorBase | None, int], ...]:
        """The parents with the number of their output; a leaf stands for itself."""
        return tuple(zip(self.parents, self.slots, strict=True))

"""What one recorded op left behind for backward, and the counters that notice changes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.ops.op import OUT

if TYPE_CHECKING:
    import weakref
    from collections.abc import Sequence
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch.ops.op import Op


class Counter:
    """How often the memory of a tensor was changed in place; its views share the object."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


def counter_of(tensor: Tensor) -> Counter:
    """Return the counter of a tensor's memory, made on first use: most tensors never need one."""
    counter = tensor.counter
    if counter is None:
        counter = tensor.counter = Counter()
    return counter


class Node:
    """One recorded application of an op.

    Attributes:
        op: the op, or None once backward has freed it.
        saved: what its forward saved.
        parents: for each input, the node that made it, the leaf tensor itself, or None if it needs no
            gradient.
        slots: for each input, which output of its parent it is.
        watched: (input position or OUT, counter, value when saved) of the tensors that backward depends on.
        shapes: shape of every output.
        dtypes: NumPy dtype of every output.
        single: whether the op has one output and not a tuple.
        retained: weak references to the outputs that keep their gradient, by slot.
    """

    __slots__ = (
        "__weakref__",
        "dtypes",
        "freed",
        "op",
        "parents",
        "retained",
        "saved",
        "shapes",
        "single",
        "slots",
        "watched",
    )

    def __init__(
        self,
        op: type[Op],
        saved: Any,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
        single: bool,
    ) -> None:
        self.op = op
        self.saved = saved
        self.single = single
        self.freed = False
        self.retained: dict[int, weakref.ref[Tensor]] | None = None
        # Loops and not comprehensions: this runs for every recorded op, and a comprehension is a call.
        parents: list[Node | Tensor | None] = []
        slots = []
        for x in inputs:
            if x is None or not x.tracked:
                parents.append(None)
                slots.append(0)
            else:
                parents.append(x.grad_fn or x)
                slots.append(x.output_nr)
        self.parents = parents
        self.slots = slots
        shapes = []
        dtypes = []
        for y in outputs:
            shapes.append(y.array.shape)
            dtypes.append(y.array.dtype)
        self.shapes = shapes
        self.dtypes = dtypes
        self.watched: list[tuple[int, Counter, int]] | None = None
        if op.uses != ():
            self._watch(op, inputs, outputs)

    def _watch(self, op: type[Op], inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        watched = []
        for position, parent in enumerate(self.parents):
            if parent is None:
                continue
            # The default, "everything", is for ops that declare nothing.
            used = (*range(len(inputs)), OUT) if op.uses is None else op.uses[position]
            for use in used:
                for x in outputs if use < 0 else (inputs[use],):
                    if x is not None:
                        counter = x.counter
                        if counter is None:
                            counter = x.counter = Counter()
                        watched.append((use, counter, counter.value))
        self.watched = watched or None

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def name(self) -> str:
        """Return the name that torch gives such a node, such as MulBackward0."""
        return f"{self.op.__name__}Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Node | Tensor | None, int], ...]:
        """The parents with the number of their output; a leaf stands for itself."""
        return tuple(zip(self.parents, self.slots, strict=True))

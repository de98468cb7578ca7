"""The formulas of all ops, by op: those of each family stand in its module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.autograd._formulas import elements, positions, products, reductions
from mytorch.ops.op import GradientError, Op

if TYPE_CHECKING:
    from mytorch.autograd._formulas.formula import Formula

FORMULAS: dict[type[Op], Formula] = {
    **elements.FORMULAS,
    **products.FORMULAS,
    **reductions.FORMULAS,
    **positions.FORMULAS,
}


def formula_of(op: type[Op]) -> Formula:
    """Return the formula of an op's gradient.

    Args:
        op: the op.

    Raises:
        GradientError: there is none; the message names the op.
    """
    own: Formula | None = getattr(op, "recorded", None)
    if own is not None:
        return own
    for base in op.__mro__:
        # An op that inherits the rule of another has its formula, too.
        if base in FORMULAS and base.backward is op.backward:
            return FORMULAS[base]
    raise GradientError(
        f"create_graph=True is not supported through {op.__name__}: its backward cannot be differentiated"
    )

"""Parameter: a tensor that a module trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.creation.filled import empty

if TYPE_CHECKING:
    from typing import Any


class Parameter(Tensor):
    """A tensor that becomes a module's parameter when it is assigned to one.

    Operations on it return plain Tensors.

    Args:
        data: the values, (*), whose memory is shared and whose history is dropped; None for no elements.
        requires_grad: whether operations on it are recorded.

    Raises:
        AttributeError: `data` is not a Tensor.
        RuntimeError: `requires_grad` is set, and `data` is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html

    Examples:
        >>> model = nn.Module()
        >>> model.scale = nn.Parameter(mytorch.ones(2))
        >>> dict(model.named_parameters())
        {'scale': Parameter containing:
        tensor([1., 1.], requires_grad=True)}
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        source = (empty(0) if data is None else data).detach()
        if not isinstance(source, Tensor):
            # torch's class: there another library's tensor lacks an attribute of its own.
            raise AttributeError(  # noqa: TRY004
                f"Parameter(): argument 'data' must be Tensor, not {typename(data)}"
            )
        if requires_grad and not source.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients, "
                f"but data has {source.dtype}"
            )
        # Tensor's own constructor makes new memory; a parameter is a view of `data`.
        self.array = source.array
        self.counter = source.counter
        self.node = None
        self.output = 0
        self.tracked = bool(requires_grad)
        self.accumulated = None

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        # As in torch, the gradient is not copied. The memo keeps shared parameters shared.
        twin = memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return twin

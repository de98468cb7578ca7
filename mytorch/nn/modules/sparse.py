"""Embedding: a learned vector for every integer below a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.autograd import no_grad
from mytorch.creation.filled import empty
from mytorch.functions._check import checked_padding
from mytorch.nn import functional as F
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from typing import Self

    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor


class Embedding(Module):
    """Look up a learned vector for each integer of the input.

    Args:
        num_embeddings: V, the number of vectors.
        embedding_dim: D, their length.
        padding_idx: an index whose vector starts as 0 and is not trained; may count from the end.
        max_norm: vectors that are longer than this are shortened to it when they are looked up.
        norm_type: p of the p-norm that `max_norm` limits.
        scale_grad_by_freq: whether a vector's gradient is divided by the number of its look-ups.
        sparse: only False.
        device: only "cpu" or None.
        dtype: of the parameter; the default dtype if None.

    Attributes:
        weight: the vectors, (V, D), drawn from N(0, 1).

    Raises:
        AssertionError: `padding_idx` is out of range, or `_weight` has another shape (torch's class).
        RuntimeError: a size is negative.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html

    Examples:
        >>> embedding = nn.Embedding(num_embeddings=10, embedding_dim=3, padding_idx=0)
        >>> embedding(mytorch.tensor([[4, 2, 4], [1, 0, 0]])).shape
        mytorch.Size([2, 3, 3])
        >>> embedding(mytorch.tensor([0])).tolist()
        [[0.0, 0.0, 0.0]]
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else checked_padding(padding_idx, num_embeddings)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            table = empty((num_embeddings, embedding_dim), device=device, dtype=dtype)
            self.weight = Parameter(table, requires_grad=not _freeze)
            self.reset_parameters()
        else:
            if _weight.shape != (num_embeddings, embedding_dim):
                raise AssertionError(
                    "Shape of weight does not match num_embeddings and embedding_dim: expected "
                    f"{[num_embeddings, embedding_dim]}, got {list(_weight.shape)}"
                )
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self) -> None:
        """Draw the vectors anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """Return a layer with given vectors.

        Args:
            embeddings: the vectors, (V, D); the layer shares their memory.
            freeze: whether they require no gradients.
            padding_idx: an index whose vector is not trained.
            max_norm: as for the class.
            norm_type: as for the class.
            scale_grad_by_freq: as for the class.
            sparse: only False.

        Returns:
            The layer.

        Raises:
            AssertionError: `embeddings` is not a matrix, or `padding_idx` is out of range (torch's class).
        """
        if embeddings.dim() != 2:
            raise AssertionError(
                f"Embeddings parameter is expected to be 2-dimensional, got {embeddings.dim()}"
            )
        rows, columns = embeddings.shape
        return cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors, (*, D), of integers, (*); see `functional.embedding` for the errors."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        parts = [str(self.num_embeddings), str(self.embedding_dim)]
        for name, default in (
            ("padding_idx", None),
            ("max_norm", None),
            ("norm_type", 2),
            ("scale_grad_by_freq", False),
            ("sparse", False),
        ):
            value = getattr(self, name)
            if value != default:
                parts.append(f"{name}={value}")
        return ", ".join(parts)

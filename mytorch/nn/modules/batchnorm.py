"""Batch normalization as layers, with the mean and the variance of all batches for evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mytorch._core.dtypes import int64
from mytorch.creation.filled import empty, ones, zeros
from mytorch.creation.from_data import tensor
from mytorch.nn import functional as F
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor


class _BatchNorm(Module):
    """Base class of batch normalization; a subclass says which ranks it takes."""

    _ranks: ClassVar[tuple[int, ...]]

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Device | str | None = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            own = empty(num_features, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if own is None else Parameter(own))
        tracked: dict[str, Tensor | None] = dict.fromkeys(
            ("running_mean", "running_var", "num_batches_tracked")
        )
        if track_running_stats:
            tracked = {
                "running_mean": zeros(num_features, device=device, dtype=dtype),
                "running_var": ones(num_features, device=device, dtype=dtype),
                "num_batches_tracked": tensor(0, dtype=int64),
            }
        for name, each in tracked.items():
            self.register_buffer(name, each)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1, and forget how many batches there were."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0, and reset the running statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` normalized; in training, and where nothing is tracked, by its own statistics.

        Raises:
            ValueError: `input` has another number of dimensions, or in training one value per channel only.
            RuntimeError: `input` has another number of channels, or another dtype than the parameters.
        """
        if input.dim() not in self._ranks:
            expected = " or ".join(f"{rank}D" for rank in self._ranks)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                # The mean of all batches.
                momentum = 1.0 / float(self.num_batches_tracked)
        own = self.training or (self.running_mean is None and self.running_var is None)
        kept = not self.training or self.track_running_stats
        mean, variance = (self.running_mean, self.running_var) if kept else (None, None)
        return F.batch_norm(input, mean, variance, self.weight, self.bias, own, momentum, self.eps)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # States from before torch 0.4.1 have no count, and no version; a plain dict has none either.
        name = f"{prefix}num_batches_tracked"
        metadata = args[0] if args and isinstance(args[0], dict) else {}
        if self.num_batches_tracked is not None and metadata.get("version") is None:
            state_dict.setdefault(name, self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Normalize each feature over the batch, and over the steps of sequences, then scale and shift it.

    Args:
        num_features: C, the features of (N, C), or the channels of (N, C, L).
        eps: added to the variance.
        momentum: share of a batch in the running statistics; None for the mean of all batches.
        affine: whether the layer has a weight and a bias.
        track_running_stats: whether mean and variance are kept for evaluation; else each batch's own are
            taken there, too.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.
        bias: whether the layer has a bias next to the weight.

    Attributes:
        weight: the factor, (C,), initially 1; or None.
        bias: the summand, (C,), initially 0; or None.
        running_mean: (C,), initially 0; or None.
        running_var: (C,), initially 1; divided by the count minus one, unlike the variance of a batch; or
            None.
        num_batches_tracked: how many batches there were in training, (), int64; or None.

    Source: Ioffe & Szegedy, "Batch Normalization", 2015, arXiv:1502.03167; torch.nn.BatchNorm1d.

    Examples:
        >>> layer = nn.BatchNorm1d(2)
        >>> x = mytorch.tensor([[0.0, 1.0], [2.0, 5.0]])
        >>> layer(x)
        tensor([[-1.0000, -1.0000],
                [ 1.0000,  1.0000]], grad_fn=<ChannelNormBackward0>)
        >>> layer.running_mean, layer.num_batches_tracked
        (tensor([0.1000, 0.3000]), tensor(1))
    """

    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalize each channel over the batch and over the positions of images, then scale and shift it.

    Args:
        num_features: C, the channels of (N, C, H, W); all other arguments, and the attributes, are those of
            `BatchNorm1d`.

    Source: Ioffe & Szegedy, "Batch Normalization", 2015, arXiv:1502.03167; torch.nn.BatchNorm2d.

    Examples:
        >>> layer = nn.BatchNorm2d(3, momentum=None)
        >>> layer(mytorch.ones(2, 3, 4, 4)).shape
        mytorch.Size([2, 3, 4, 4])
        >>> layer.running_mean, layer.running_var
        (tensor([1., 1., 1.]), tensor([0., 0., 0.]))
        >>> [*layer.state_dict()]
        ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    _ranks = (4,)

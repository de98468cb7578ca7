"""Losses as layers: each stores the options of its function, where the formula and the errors are described.

`reduction` is checked when the loss is computed, as in torch. `size_average` and `reduce`, torch's deprecated
spellings of it, are arguments of the constructors only.
"""

from __future__ import annotations

from dataclasses import InitVar  # noqa: TC003 - dataclass looks the name up when the class is made
from operator import attrgetter
from typing import TYPE_CHECKING

from mytorch.functions._loss import legacy_reduction
from mytorch.nn import functional as F
from mytorch.nn.modules._functional_layer import FunctionalLayer, layer_of
from mytorch.nn.modules.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mytorch._tensor import Tensor

# Options that are buffers of the layer, and so part of its state_dict where they are given.
_BUFFERS = ("weight", "pos_weight")


class _Loss(FunctionalLayer):
    """Base class of the losses, which are functions of an input and a target."""

    forward: Callable[[Tensor, Tensor], Tensor]
    reduction: str

    @staticmethod
    def _forward_of(function: Callable[..., Tensor], names: list[str]) -> Callable[..., Tensor]:
        read = attrgetter(*names)

        def forward(self: _Loss, input: Tensor, target: Tensor) -> Tensor:
            """Return the loss of `input` against `target`."""
            return function(input, target, *read(self))

        return forward

    def __post_init__(self, size_average: bool | None = None, reduce: bool | None = None) -> None:
        # The warning names the line that constructs the layer, which is three calls further up.
        self.reduction = legacy_reduction(size_average, reduce, stacklevel=5) or self.reduction
        for name in _BUFFERS:
            if name in self._option_names:
                value = getattr(self, name)
                delattr(self, name)
                self.register_buffer(name, value)


@layer_of(F.mse_loss)
class MSELoss(_Loss):
    """Measure the mean squared difference of two tensors, both (*).

    Args:
        size_average: deprecated; leave it out.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the squared differences themselves.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html

    Examples:
        >>> output, target = mytorch.tensor([1.0, 2.0]), mytorch.tensor([1.0, 5.0])
        >>> nn.MSELoss()(output, target)
        tensor(4.5000)
        >>> nn.MSELoss(reduction="none")(output, target)
        tensor([0., 9.])
    """

    size_average: InitVar[bool | None] = None
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"


@layer_of(F.l1_loss)
class L1Loss(_Loss):
    """Measure the mean absolute difference of two tensors, both (*).

    Args:
        size_average: deprecated; leave it out.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the absolute differences themselves.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html

    Examples:
        >>> output, target = mytorch.tensor([1.0, 2.0]), mytorch.tensor([1.0, 5.0])
        >>> nn.L1Loss()(output, target)
        tensor(1.5000)
        >>> nn.L1Loss(reduction="sum")(output, target)
        tensor(3.)
    """

    size_average: InitVar[bool | None] = None
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"


@layer_of(F.smooth_l1_loss)
class SmoothL1Loss(_Loss):
    """Measure the absolute difference of two tensors, both (*), rounded to a parabola where it is below β.

    Args:
        size_average: deprecated; leave it out.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the elements.
        beta: β, at least 0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html

    Examples:
        >>> output, target = mytorch.tensor([1.0, 2.0]), mytorch.tensor([1.5, 5.0])
        >>> nn.SmoothL1Loss(reduction="none")(output, target)
        tensor([0.1250, 2.5000])
    """

    size_average: InitVar[bool | None] = None
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"
    beta: float = 1.0


@layer_of(F.huber_loss)
class HuberLoss(_Loss):
    """Measure half the squared difference of two tensors, both (*), continued by straight lines beyond δ.

    Args:
        reduction: "mean", "sum", or "none" for the losses of the elements.
        delta: δ, above 0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html

    Examples:
        >>> output, target = mytorch.tensor([1.0, 2.0]), mytorch.tensor([1.5, 5.0])
        >>> nn.HuberLoss(reduction="none", delta=2.0)(output, target)
        tensor([0.1250, 4.0000])
    """

    reduction: str = "mean"
    delta: float = 1.0


@layer_of(F.binary_cross_entropy)
class BCELoss(_Loss):
    """Measure the binary cross entropy of probabilities and a target, both (*).

    Args:
        weight: factor of every element's loss; broadcasts to the input.
        size_average: deprecated; leave it out.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html

    Examples:
        >>> probabilities, target = mytorch.tensor([0.9, 0.2]), mytorch.tensor([1.0, 1.0])
        >>> nn.BCELoss(reduction="none")(probabilities, target)
        tensor([0.1054, 1.6094])
    """

    weight: Tensor | None = None
    size_average: InitVar[bool | None] = None
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"


@layer_of(F.binary_cross_entropy_with_logits)
class BCEWithLogitsLoss(_Loss):
    """Measure the binary cross entropy of the sigmoid of log-odds and a target, both (*).

    Args:
        weight: factor of every element's loss; broadcasts to the input.
        size_average: deprecated; leave it out.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the elements.
        pos_weight: factor of the losses of positive targets; broadcasts to the input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html

    Examples:
        >>> logits, target = mytorch.tensor([2.0, -100.0]), mytorch.tensor([1.0, 1.0])
        >>> nn.BCEWithLogitsLoss(reduction="none")(logits, target)
        tensor([  0.1269, 100.0000])
    """

    weight: Tensor | None = None
    size_average: InitVar[bool | None] = None
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"
    pos_weight: Tensor | None = None


@layer_of(F.nll_loss)
class NLLLoss(_Loss):
    """Measure the negative log-likelihood, (N, C, *), of the target classes, (N, *).

    Args:
        weight: factor of the losses of each class, (C).
        size_average: deprecated; leave it out.
        ignore_index: a target class that is ignored.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the samples.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html

    Examples:
        >>> log_probabilities = mytorch.tensor([[0.5, 0.5], [0.9, 0.1]]).log()
        >>> nn.NLLLoss(reduction="none")(log_probabilities, mytorch.tensor([0, 1]))
        tensor([0.6931, 2.3026])
    """

    weight: Tensor | None = None
    size_average: InitVar[bool | None] = None
    ignore_index: int = -100
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"


@layer_of(F.cross_entropy)
class CrossEntropyLoss(_Loss):
    """Measure the cross entropy of the softmax of log-odds, (N, C, *), and a target.

    The target holds a class, (N, *), or the probabilities of all classes, (N, C, *).

    Args:
        weight: factor of the losses of each class, (C).
        size_average: deprecated; leave it out.
        ignore_index: a target class that is ignored.
        reduce: deprecated; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the samples.
        label_smoothing: share of the target that is spread over all classes, in [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html

    Examples:
        >>> logits, target = mytorch.tensor([[2.0, 0.0], [0.0, 0.0]]), mytorch.tensor([0, 1])
        >>> nn.CrossEntropyLoss(reduction="none")(logits, target)
        tensor([0.1269, 0.6931])
        >>> nn.CrossEntropyLoss(ignore_index=1)(logits, target)
        tensor(0.1269)
    """

    weight: Tensor | None = None
    size_average: InitVar[bool | None] = None
    ignore_index: int = -100
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"
    label_smoothing: float = 0.0


@layer_of(F.kl_div)
class KLDivLoss(_Loss):
    """Measure the Kullback-Leibler divergence of a target from the logarithms of probabilities, both (*).

    Args:
        size_average: deprecated; leave it out.
        reduce: deprecated; leave it out.
        reduction: "batchmean", "mean", "sum", or "none" for the losses of the elements.
        log_target: whether the target is given as a logarithm.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html

    Examples:
        >>> input, target = mytorch.tensor([[0.5, 0.5]]).log(), mytorch.tensor([[0.9, 0.1]])
        >>> nn.KLDivLoss(reduction="batchmean")(input, target)
        tensor(0.3681)
    """

    size_average: InitVar[bool | None] = None
    reduce: InitVar[bool | None] = None
    reduction: str = "mean"
    log_target: bool = False


class CTCLoss(Module):
    """Measure the negative log-likelihood of sequences of labels, over all their alignments with the steps.

    Args:
        blank: the class that is no label.
        reduction: "mean" of the losses divided by the numbers of labels, "sum", or "none".
        zero_infinity: whether the loss and the gradient of a sequence that is too short for its labels are 0.

    Source: Graves et al., "Connectionist Temporal Classification", ICML 2006; torch.nn.CTCLoss.

    Examples:
        >>> x = mytorch.zeros(3, 1, 2).log_softmax(2)
        >>> nn.CTCLoss()(x, mytorch.tensor([[1]]), (3,), (1,)).neg().exp()
        tensor(0.7500)
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__()
        self.reduction = reduction
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """Return the loss; see `functional.ctc_loss` for shapes and errors."""
        lengths = input_lengths, target_lengths
        return F.ctc_loss(log_probs, targets, *lengths, self.blank, self.reduction, self.zero_infinity)

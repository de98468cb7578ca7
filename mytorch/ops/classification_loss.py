"""The negative log-likelihood of the true classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class NegativeLogLikelihood(Op):
    """-w x[t] of each sample, x (N, C, *) along its second dimension, w the weight of the class t.

    Where `counts`, (N, *), is False the loss is 0 for any x; `target` may name any class there.
    """

    uses = ()

    @staticmethod
    def forward(x: Array, target: Array, weight: Array, counts: Array) -> tuple[Array, Any]:
        places = target[:, None]
        picked = np.take_along_axis(x, places, 1)[:, 0]
        return np.where(counts, -picked * weight, x.dtype.type(0)), (x.shape, places, weight, counts)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, places, weight, counts = saved
        whole = np.zeros(shape, grad.dtype)
        # Not a product with 0: the upstream gradient of a mean over no sample is infinite.
        each = np.where(counts, grad * -weight, grad.dtype.type(0))
        np.put_along_axis(whole, places, each[:, None], 1)
        return (whole,)

"""The tail of a distribution beyond the measured values: peaks over a threshold, by a generalised Pareto law.

Source: Pickands 1975, "Statistical inference using extreme order statistics"; the likelihood in one unknown
is Grimshaw's, 1993, "Computing maximum likelihood estimates for the generalized Pareto distribution".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from conformance.sampling.values import Array

# How much of a distribution is its tail. Half as much leads to the same shapes, 0 to 0.07, with half the
# certainty.
SHARE = 0.1


@dataclass(frozen=True)
class Tail:
    """The fitted law of values above a threshold.

    Attributes:
        threshold: where the tail begins.
        share: how much of the distribution lies above it.
        shape: the shape of the Pareto law; 0 is exponential. Never below 0, which would be an end beyond
            which nothing comes, and no sample can show that.
        scale: the scale of the Pareto law.
        peaks: how many values it was fitted to.
    """

    threshold: float
    share: float
    shape: float
    scale: float
    peaks: int

    def rate(self, value: float | Array) -> Array:
        """Return the share of the distribution above some values, none of them below the threshold."""
        excess = np.maximum(np.asarray(value, dtype=np.float64) - self.threshold, 0.0) / self.scale
        if self.shape < 1e-9:
            return np.asarray(self.share * np.exp(-excess))
        return np.asarray(self.share * (1 + self.shape * excess) ** (-1 / self.shape))


def fit(values: Array, weights: Array | None = None) -> Tail:
    """Fit the tail by maximum likelihood.

    Args:
        values: finite, and not all of them the same.
        weights: how often each counts; by default once.
    """
    weights = np.ones(values.shape) if weights is None else weights
    order = np.argsort(values)
    above = 1.0 - np.cumsum(weights[order]) / weights.sum()
    # The least value with no more than the share above it.
    threshold = float(values[order][int(np.argmax(above <= SHARE + 1e-12))])
    peaks = (values > threshold) & (weights > 0)
    excess, counts = values[peaks] - threshold, weights[peaks]
    total = float(counts.sum())
    mean = float((excess * counts).sum() / total)
    shape, scale = _pareto(excess / mean, counts / total)
    return Tail(threshold, total / float(weights.sum()), shape, scale * mean, int(np.count_nonzero(peaks)))


def _pareto(excess: Array, weights: Array) -> tuple[float, float]:
    """Return shape and scale for excesses whose mean is 1."""
    from scipy.optimize import minimize_scalar

    def shape(theta: float) -> float:
        return float((weights * np.log1p(theta * excess)).sum())

    def loss(log_theta: float) -> float:
        theta = float(np.exp(log_theta))
        return float(np.log(shape(theta) / theta) + shape(theta))

    found = minimize_scalar(loss, bounds=(-8.0, 4.0), method="bounded")
    # The exponential law's likelihood, at the edge of the range; with a mean of 1 its logarithm vanishes.
    if found.fun >= 0:
        return 0.0, 1.0
    theta = float(np.exp(found.x))
    return shape(theta), shape(theta) / theta


def upper_bound(hits: int, trials: int, confidence: float = 0.95) -> float:
    """Return the largest rate that the hits do not rule out; near 3 / trials where there are none.

    Source: Clopper & Pearson 1934, one-sided.
    """
    from scipy.stats import beta

    return 1.0 if hits >= trials else float(beta.ppf(confidence, hits + 1, trials - hits))

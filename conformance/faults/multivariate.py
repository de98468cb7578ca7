"""Faults of distributions whose events are of several numbers."""

from __future__ import annotations

from typing import Any

from conformance.faults.distribution_classes import with_methods


def _mean_of_elements(t: Any, right: Any, self: Any, value: Any) -> Any:
    added = right.log_prob(self, value)
    return added / max(1, self.event_shape.numel())


def _one_dimension(t: Any, right: Any, self: Any, value: Any) -> Any:
    each = self.base_dist.log_prob(value)
    return each.sum(-1) if self.reinterpreted_batch_ndims else each


FAULTS = (
    with_methods(
        "independent-mean-of-elements",
        ("Independent",),
        "takes the mean of the elements' log-probabilities instead of their sum",
        {"log_prob": _mean_of_elements},
    ),
    with_methods(
        "independent-one-dimension",
        ("Independent",),
        "adds along the last dimension only, however many are reinterpreted",
        {"log_prob": _one_dimension},
    ),
    with_methods(
        "independent-entropy-of-each",
        ("Independent",),
        "returns the entropy of each element",
        {"entropy": lambda t, right, self: self.base_dist.entropy()},
    ),
)

"""Settings of windows over one or two dimensions: one number for both, as most people write, or a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

# The names of the sizes that windows slide over, by rank.
LENGTHS = {1: ("L",), 2: ("H", "W")}

# The second number of a pair, by the first.
_SECOND = {
    "kernel": lambda first: first % 3 + 1,
    "stride": lambda first: first % 2 + 1,
    "dilation": lambda first: 3 - first,
    "padding": lambda first: max(0, first - 1),
}


def settings(rank: int) -> dict[str, tuple[Scalar, ...]]:
    """Return the flag of two dimensions that says how settings are given."""
    return {} if rank == 1 else {"given": ("number", "pair")}


def each(config: Config, name: str) -> int | tuple[int, int]:
    """Return a setting as it is given: a number for every dimension, or a pair of two."""
    first = int(config[name])
    return (first, _SECOND[name](first)) if config.get("given") == "pair" else first


def by_dimension(rank: int, config: Config, name: str) -> tuple[int, ...]:
    """Return a setting by dimension."""
    given = each(config, name)
    return (given,) * rank if isinstance(given, int) else given

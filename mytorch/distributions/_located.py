"""The distributions that lie around their parameter `loc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.distributions.distribution import Distribution

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


class Located(Distribution):
    """A distribution whose mean and mode are `loc`; the base class of the normal ones."""

    loc: Tensor

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

"""Functions that make tensors: from data, filled, like another tensor, of ranges, and at random."""

from mytorch.creation.distributions import bernoulli, multinomial, normal
from mytorch.creation.filled import empty, eye, full, ones, zeros
from mytorch.creation.from_data import as_tensor, from_numpy, tensor
from mytorch.creation.like import empty_like, full_like, ones_like, zeros_like
from mytorch.creation.random_tensors import rand, rand_like, randint, randn, randn_like, randperm
from mytorch.creation.ranges import arange, linspace

__all__ = [
    "arange",
    "as_tensor",
    "bernoulli",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "linspace",
    "multinomial",
    "normal",
    "ones",
    "ones_like",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "tensor",
    "zeros",
    "zeros_like",
]

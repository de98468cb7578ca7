"""Optimizers, and the schedules of their learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.optim import lr_scheduler
from mytorch.optim.adadelta import Adadelta
from mytorch.optim.adagrad import Adagrad
from mytorch.optim.adam import Adam
from mytorch.optim.adamw import AdamW
from mytorch.optim.lbfgs import LBFGS
from mytorch.optim.nadam import NAdam
from mytorch.optim.optimizer import Optimizer
from mytorch.optim.radam import RAdam
from mytorch.optim.rmsprop import RMSprop
from mytorch.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

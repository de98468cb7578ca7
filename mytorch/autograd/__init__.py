"""Automatic differentiation: recording, the gradient mode, and the backward walk."""

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.autograd._apply import apply, apply_many, binary
from mytorch.autograd._gradients import backward, grad
from mytorch.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from mytorch.autograd.function import Function
from mytorch.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from mytorch.autograd.gradcheck import gradcheck, gradgradcheck
from mytorch.autograd.variable import Variable
from mytorch.ops.op import GradientError, Op

__all__ = [
    "Function",
    "GradientError",
    "Op",
    "Variable",
    "apply",
    "apply_many",
    "backward",
    "binary",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)

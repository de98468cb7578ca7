"""Anomaly detection: where backward gives nan, or fails, it says in which op, and where that was called."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch.autograd.graph import trace_nodes
from mytorch.ops.op import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mytorch.autograd.graph import Node

__all__ = ["is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_anomaly_enabled"]

# Folders whose calls stand between that of the user's, or of a layer's, and the recording.
# Without pathlib, which starting up does not load otherwise.
_PACKAGE = __file__.rpartition("autograd")[0]
_INNER = tuple([_PACKAGE + folder for folder in ("autograd", "functions", "_tensor")])


class _Flags:
    """What is on, for all threads."""

    enabled = False
    check_nan = True


def is_anomaly_enabled() -> bool:
    """Return whether anomaly detection is on."""
    return _Flags.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Return whether anomaly detection looks for nan, if it is on."""
    return _Flags.check_nan


def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
    """Turn anomaly detection on or off, for all threads; see `autograd.detect_anomaly`.

    Args:
        enabled: whether it is on.
        check_nan: whether a gradient with nan is an error.
    """
    _Flags.enabled, _Flags.check_nan = bool(enabled), bool(check_nan)
    trace_nodes(_calls if enabled else None)


class set_detect_anomaly:  # noqa: N801 - torch's name
    """Turn anomaly detection on or off immediately; a context manager restores the previous mode at its end.

    Args:
        mode: whether it is on.
        check_nan: whether a gradient with nan is an error.

    Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly

    Examples:
        >>> with mytorch.autograd.set_detect_anomaly(True):
        ...     mytorch.is_anomaly_enabled()
        True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = is_anomaly_enabled()
        self.prev_check_nan = is_anomaly_check_nan_enabled()
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        """Do nothing: the mode was set when the object was made."""

    def __exit__(self, *args: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


class detect_anomaly:  # noqa: N801 - torch's name
    """Detect anomalies of backward inside the block: for debugging, as everything takes longer there.

    - Where the gradient that an op gives has a nan, backward raises a RuntimeError that names the op.
    - For this error, and any other in an op's backward, a warning says where the op was called, if that was
      inside the block, too.

    Args:
        check_nan: whether nan is an error.

    Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly

    Examples:
        >>> import warnings
        >>> warnings.simplefilter("ignore")  # its warnings say that it is on, and where `sqrt` was called
        >>> x = mytorch.zeros(2, requires_grad=True)
        >>> with mytorch.autograd.detect_anomaly():
        ...     (0 * mytorch.sqrt(x)).sum().backward()
        Traceback (most recent call last):
            ...
        RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = is_anomaly_enabled()
        self.check_nan = check_nan
        self.prev_check_nan = is_anomaly_check_nan_enabled()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be "
            "enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *args: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


def checked(node: Node, compute: Callable[[], Sequence[Any]]) -> list[Any]:
    """Return the gradients that a node gives, after a look at them.

    Args:
        node: the recorded op.
        compute: returns the gradients of its inputs: arrays, parts, tensors, functions of these, or None.

    Raises:
        RuntimeError: one has a nan. For this error and those of `compute`, a warning says where the op was
            called.
    """
    try:
        grads = [
            grad() if parent is not None and callable(grad) else grad
            for parent, grad in zip(node.parents, compute(), strict=True)
        ]
    except Exception:
        _report(node)
        raise
    if _Flags.check_nan:
        for position, (parent, grad) in enumerate(zip(node.parents, grads, strict=True)):
            if parent is not None and grad is not None and np.isnan(_values(grad)).any():
                _report(node)
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {position}th output."
                )
    return grads


def _values(grad: Any) -> Any:
    if isinstance(grad, Part):
        return grad.values
    return grad.array if isinstance(grad, TensorBase) else grad


def _report(node: Node) -> None:
    """Warn with the call that recorded a node."""
    # Only a node that was made while the detection was on has the attribute.
    calls = getattr(node, "calls", None)
    where = (
        "No forward pass information available. "
        "Enable detect anomaly during forward pass for more information."
        if calls is None
        else f"Traceback of forward call that caused the error:\n{calls}"
    )
    warnings.warn(f"Error detected in {node.name()}. {where}", UserWarning, stacklevel=2)


def _calls() -> str:
    """Return the calls that led to the recording of an op, the innermost last, as tracebacks show them."""
    import traceback  # noqa: PLC0415 - only debugging needs it, and starting up must not load it

    frames = traceback.extract_stack(sys._getframe(2))  # noqa: SLF001 - that which called Node
    while len(frames) > 1 and frames[-1].filename.startswith(_INNER):
        frames.pop()
    return "".join(traceback.format_list(frames))

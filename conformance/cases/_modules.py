"""Which layers are modules, and what the uses of modules have in common.

`mytorch.models` are modules that torch lacks; the reference computes them with functions. There a use does
the same to the parameters, and compares values only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases._call import Unused, flag, results
from conformance.cases.case import is_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._call import Call, Layer
    from conformance.cases.case import Case, Config

_WITHOUT_MODULE = "models."


def is_module(case: Case, config: Config) -> bool:
    """Return whether a case's layer is a module with some settings, and not a function."""
    named = case.name.startswith("nn.") and not case.name.startswith("nn.functional.")
    chosen = bool(config.get("module", named)) or config.get("door") == "module"
    return case.name.startswith(_WITHOUT_MODULE) or (case.build is not None and chosen)


def of_modules(case: Case, config: Config) -> str | None:
    return None if is_module(case, config) else "it is not a module"


def evaluated(case: Case, config: Config) -> str | None:
    trained = config.get("dropout") == "all" or config.get("training")
    return "it drops everything, as in training" if trained else of_modules(case, config)


def with_state(case: Case, config: Config) -> str | None:
    none = not any(is_parameter(name) for name in case.inputs(config))
    return of_modules(case, config) or ("it has no parameters" if none else None)


def learning(case: Case, config: Config) -> str | None:
    learns = any(is_parameter(name) and spec.grad for name, spec in case.inputs(config).items())
    return of_modules(case, config) or (None if learns else "it has no parameters with gradients")


def module_of(call: Call, layer: Layer) -> Any:
    """Return the layer's module, or None where the reference has none."""
    call.own()
    if layer.built.module is None and not call.case.name.startswith(_WITHOUT_MODULE):
        raise Unused("its layer has no module")
    return layer.built.module


def flagged(call: Call, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return flags as arrays; none where the reference has no module."""
    without = call.case.name.startswith(_WITHOUT_MODULE)
    return {} if without else {name: flag(value) for name, value in flags.items()}


def observed(layer: Layer) -> dict[str, Any]:
    """Forget all gradients, run forward and backward, and return outputs and gradients."""
    layer.forget()
    outputs = layer()
    layer.backward(outputs)
    return results(outputs) | layer.gradients()


def share_memory(a: Any, b: Any) -> bool:
    """Return whether two tensors share memory."""
    return bool(np.shares_memory(a.detach().numpy(), b.detach().numpy()))

"""`conformance.first_divergence`: which module of a candidate is the first that computes something else.

Modules are matched by name here; diagnosis.comparison runs both models and compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError, flag, unknown

if TYPE_CHECKING:
    from conformance.diagnosis.divergence import Divergence


def first_divergence(
    reference: Any,
    candidate: Any,
    inputs: Any,
    *,
    names: Mapping[str, str] | None = None,
    dtype: Any = None,
    parameters: bool = True,
) -> Divergence | None:
    """Return the first module of a candidate that leaves its own tolerance, given its own inputs.

    The candidate runs once, with hooks. Each of its modules, in the order in which they end, is compared
    with the reference's module, run in float64 on the inputs that the candidate's module was given. A module
    is so not blamed for what it inherits. Each element's tolerance is what rounding explains, as of
    `conformance.tolerance`. A module whose submodules all agree differs in its own code.

    Args:
        reference: the model that is right, a torch.nn.Module. It is copied.
        candidate: the model that is compared: a module of torch, of mytorch, or of any library with torch's
            `named_modules` and forward hooks. On a device of torch's, it is given its inputs there.
        inputs: the arguments of both models: a tuple of tensors or arrays, or one of them. Floating ones are
            rounded to the dtype.
        names: the reference's names of modules → the candidate's, also for what is below them. Other modules
            are matched by equal names.
        dtype: what the candidate computes in: `float32`, `float64`, `bfloat16` or `float16`. The default is
            the widest dtype of its parameters.
        parameters: whether parameters and buffers of matched modules with equal names and shapes have to be
            equal, which is seen before anything runs. False where the candidate stores them otherwise.

    Returns:
        The first divergence, or None if every matched module agrees.

    Raises:
        DegenerateError: rounding decides which branch a module takes, as near a tie.
        NoiseError: an operation of a module has no rounding rule, which the message names.
        UsageError: an argument cannot be used, no submodule is matched, a model draws at random, as dropout
            in training, or a model raises an exception.

    Example:
        >>> import conformance, torch
        >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
        >>> other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4, eps=1e-3))
        >>> other.load_state_dict(model.state_dict())
        <All keys matched successfully>
        >>> found = conformance.first_divergence(model, other, torch.randn(2, 3))
        >>> found.name, found.origin
        ('1', 'introduced here; its inputs agree')
    """
    import torch  # here, because it takes seconds

    from conformance.diagnosis.comparison import compare

    if not isinstance(reference, torch.nn.Module):
        raise UsageError(f"reference: expected a torch.nn.Module, got {type(reference).__name__}")
    if not callable(candidate) or not hasattr(candidate, "named_modules"):
        raise UsageError(f"candidate: expected a module with named_modules, got {type(candidate).__name__}")
    given = inputs if isinstance(inputs, tuple) and not hasattr(inputs, "_fields") else (inputs,)
    if not given:
        raise UsageError("inputs: expected the arguments of both models, got none")
    right, ours = dict(reference.named_modules()), dict(candidate.named_modules())
    pairs = _matched(right, ours, {} if names is None else names)
    for name, other in pairs.items():
        modes = [getattr(module, "training", None) for module in (right[name], ours[other])]
        if None not in modes and modes[0] != modes[1]:
            which = "candidate" if modes[1] else "reference"
            raise UsageError(
                f"{which}: {name or 'the model'} is in training mode; call eval() on both models"
            )
    return compare(reference, candidate, given, pairs, dtype=dtype, parameters=flag("parameters", parameters))


def _matched(right: Mapping[str, Any], ours: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Return the reference's names → the candidate's, in the reference's order."""
    if not isinstance(names, Mapping):
        raise UsageError(f"names: expected a dict of names, got {type(names).__name__}")
    for name, other in names.items():
        if name not in right:
            raise unknown("module of the reference", str(name), filter(None, right))
        if other not in ours:
            raise unknown("module of the candidate", str(other), filter(None, ours))
    if len({*names.values()}) < len(names):
        raise UsageError(f"names: expected each module of the candidate once, got {names!r:.200}")
    pairs = {name: _translated(name, names) for name in right}
    # What a map names is not also matched by an equal name.
    taken = {other for name, other in pairs.items() if other != name or name in names}
    pairs = {
        name: other
        for name, other in pairs.items()
        if other in ours and (other != name or name in names or other not in taken)
    }
    if len(right) > 1 and not any(pairs):
        has, got = (", ".join(list(filter(None, each))[:5]) or "none" for each in (right, ours))
        raise UsageError(
            f"names: no submodule has the same name in both; the reference has {has}, the candidate {got}"
        )
    return pairs


def _translated(name: str, names: Mapping[str, str]) -> str:
    for above in sorted(names, key=len, reverse=True):
        if name == above or (above and name.startswith(f"{above}.")):
            return names[above] + name[len(above) :]
    return name

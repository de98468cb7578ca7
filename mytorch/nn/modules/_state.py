"""Stateful: the part of Module that returns its state as a dictionary, and loads one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mytorch._tensor import Tensor
from mytorch.autograd import no_grad
from mytorch.nn.modules._tree import Tree
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_EXTRA_STATE = "_extra_state"


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class _IncompatibleKeys(_Keys):
    """The result of `load_state_dict`: the keys that did not match."""

    __slots__ = ()

    def __repr__(self) -> str:
        if self.missing_keys or self.unexpected_keys:
            return super().__repr__()
        return "<All keys matched successfully>"

    __str__ = __repr__


class Stateful(Tree):
    """The part of Module that saves and restores parameters and persistent buffers."""

    def get_extra_state(self) -> Any:
        """Return additional state for `state_dict`; a subclass that has such state overrides this.

        Raises:
            RuntimeError: the subclass does not override it.
        """
        raise RuntimeError(f"{type(self).__name__} has no get_extra_state: override it")

    def set_extra_state(self, state: Any) -> None:
        """Restore the state that `get_extra_state` returned; a subclass that has such state overrides this.

        Raises:
            RuntimeError: the subclass does not override it.
        """
        raise RuntimeError(f"{type(self).__name__} has no set_extra_state that takes {state!r}")

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return the parameters and persistent buffers of this module and all below it.

        Args:
            destination: a dictionary to add to; a new one otherwise.
            prefix: put before every key.
            keep_vars: whether the values are the parameters themselves; detached tensors that share their
                memory otherwise.

        Returns:
            Dotted names to tensors, in the order of registration, parents first.
        """
        if destination is None:
            destination = OrderedDict()
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Add this module's own entries, without its children's; a subclass may override it, as in torch."""
        for name, tensor in self._local_state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def _local_state(self) -> dict[str, Tensor]:
        transient = self._non_persistent_buffers_set
        named = [*self._parameters.items(), *((k, v) for k, v in self._buffers.items() if k not in transient)]
        return {name: tensor for name, tensor in named if tensor is not None}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy the tensors of `state_dict` into this module and all below it.

        Args:
            state_dict: dotted names to tensors, as `state_dict` returns them.
            strict: whether a missing or an unexpected key is an error.
            assign: whether the given tensors themselves, dtype included, take the places of the present ones,
                instead of being copied into them. Optimizers know the present ones only.

        Returns:
            The missing and the unexpected keys, both empty when everything matched.

        Raises:
            TypeError: `state_dict` is not a mapping.
            RuntimeError: keys or shapes do not match; the message lists every one of them.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []

        def load(module: Stateful, state: dict[str, Any], prefix: str) -> None:
            metadata = {"assign_to_params_buffers": assign}
            module._load_from_state_dict(state, prefix, metadata, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    path = f"{prefix}{name}."
                    load(child, {k: v for k, v in state.items() if k.startswith(path)}, path)

        # A copy, because a subclass's _load_from_state_dict may rename keys of old checkpoints in it.
        load(self, OrderedDict(state_dict), "")
        if strict:
            for kind, keys in (("Unexpected", unexpected), ("Missing", missing)):
                if keys:
                    listed = ", ".join(f'"{key}"' for key in keys)
                    errors.insert(0, f"{kind} key(s) in state_dict: {listed}. ")
        if errors:
            report = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{report}")
        return _IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own entries, without its children's; a subclass may override it, as in torch."""
        own = self._local_state()
        for name, present in own.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            error = self._load_one(name, key, present, state_dict[key], local_metadata)
            if error:
                error_msgs.append(error)
        known = set(own)
        if type(self).set_extra_state is not Stateful.set_extra_state:
            known.add(_EXTRA_STATE)
            if prefix + _EXTRA_STATE in state_dict:
                self.set_extra_state(state_dict[prefix + _EXTRA_STATE])
            elif strict:
                missing_keys.append(prefix + _EXTRA_STATE)
        if strict:
            unexpected_keys += self._unexpected(state_dict, prefix, known)

    def _unexpected(self, state_dict: dict[str, Any], prefix: str, known: set[str]) -> Iterator[str]:
        for key in state_dict:
            if key.startswith(prefix):
                first, dot, _ = key.removeprefix(prefix).partition(".")
                if first not in (self._modules if dot else known):
                    yield key

    def _load_one(
        self, name: str, key: str, present: Tensor, given: object, local_metadata: dict[str, Any]
    ) -> str | None:
        """Copy or assign one tensor; return the error, if any, to be reported with the others."""
        if not isinstance(given, Tensor):
            theirs = hasattr(given, "detach") and hasattr(given, "numpy")
            way = "; mytorch.from_numpy(x.detach().numpy()) converts a tensor x of torch's" if theirs else ""
            return (
                f'While copying the parameter named "{key}", expected mytorch.Tensor or Tensor-like object '
                f"from checkpoint but received {type(given)}{way}"
            )
        if present.shape == () and given.shape == (1,):
            # Checkpoints written before there were 0-dimensional tensors hold scalars as one-element vectors.
            given = given[0]
        if given.shape != present.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, "
                f"the shape in current model is {present.shape}."
            )
        if not local_metadata.get("assign_to_params_buffers", False):
            with no_grad():
                present.copy_(given)
        elif isinstance(present, Parameter):
            taken = given if isinstance(given, Parameter) else Parameter(given, requires_grad=False)
            setattr(self, name, taken.requires_grad_(present.requires_grad))
        else:
            setattr(self, name, given)
        return None

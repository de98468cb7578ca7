"""ModuleDict, which holds modules by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mytorch.nn.modules.module import Module

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView


class ModuleDict(Module):
    """Hold modules in a dictionary, in the order of insertion; the container has no forward.

    Args:
        modules: a mapping from names to modules, or pairs of both.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html

    Examples:
        >>> heads = nn.ModuleDict({"value": nn.Linear(4, 1)})
        >>> heads["policy"] = nn.Linear(4, 3)
        >>> heads["policy"](mytorch.zeros(2, 4)).shape
        mytorch.Size([2, 3])
    """

    _modules: dict[str, Module]  # type: ignore[assignment]  # a container has no None

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove the module of that name and return it.

        Raises:
            KeyError: no module has that name.
        """
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Return the pairs of name and module."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """Return the modules."""
        return self._modules.values()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, which replace those of the same names.

        Args:
            modules: a mapping from names to modules, or pairs of both.

        Raises:
            TypeError: `modules` is neither, or a member is not a module.
            ValueError: a pair does not have two members.
            KeyError: a name is empty, contains a dot, or is taken by another attribute.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(modules).__name__}"
            )
        if isinstance(modules, (Mapping, ModuleDict)):
            modules = modules.items()
        for i, pair in enumerate(modules):
            if not isinstance(pair, Iterable):
                raise TypeError(
                    f"ModuleDict update sequence element #{i} should be Iterable; is {type(pair).__name__}"
                )
            if len(pair) != 2:
                raise ValueError(
                    f"ModuleDict update sequence element #{i} has length {len(pair)}; 2 is required"
                )
            name, module = pair
            self[name] = module

"""Tree: the part of Module that finds members, children and descendants, by walking or by dotted name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.nn.modules._registry import Registry, is_module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch.nn.modules.module import Module


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


class Tree(Registry):
    """The part of Module that finds its parameters, buffers and modules."""

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over the parameters, each once.

        Args:
            recurse: whether to descend into the children.
        """
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over (dotted name, parameter).

        Args:
            prefix: put before every name, with a dot.
            recurse: whether to descend into the children.
            remove_duplicate: whether a shared parameter appears once, under its first name.
        """
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over the buffers, each once.

        Args:
            recurse: whether to descend into the children.
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over (dotted name, buffer).

        Args:
            prefix: put before every name, with a dot.
            recurse: whether to descend into the children.
            remove_duplicate: whether a shared buffer appears once, under its first name.
        """
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def _named_members(
        self, table: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        owners = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, owner in owners:
            for name, member in owner.__dict__[table].items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield _join(path, name), member

    def children(self) -> Iterator[Module]:
        """Iterate over the immediate children, each once."""
        for _, child in self.named_children():
            yield child

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over (name, immediate child), each child once."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Iterate over this module and all below it, parents first.

        Args:
            remove_duplicate: whether a shared module appears once.
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Iterate over (dotted name, module) for this module and all below it, parents first.

        Args:
            memo: modules to skip; those that are yielded are added to it.
            prefix: the name of this module itself, with which every name starts.
            remove_duplicate: whether a shared module appears once, under its first name.
        """
        seen: set[Module] = set() if memo is None else memo
        if not is_module(self) or self in seen:
            return
        if remove_duplicate:
            seen.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(seen, _join(prefix, name), remove_duplicate)

    def get_submodule(self, target: str) -> Module:
        """Return the module below this one at the dotted path `target`; "" is this module itself.

        Raises:
            AttributeError: a part of the path does not exist or is not a module.
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not is_module(module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module  # type: ignore[no-any-return]  # checked at every step of the path

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at the dotted path `target`, instead of the module there or as a new one.

        Args:
            target: the path; its parent must exist.
            module: the new module.
            strict: whether the path must have a module already.

        Raises:
            ValueError: `target` is empty, or `module` is not a Module.
            AttributeError: the parent does not exist, another attribute than a module has that name, or
                `strict` is set and the path does not exist.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not is_module(module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if hasattr(parent, name):
            if not is_module(getattr(parent, name)):
                raise AttributeError(f"`{name}` is not an nn.Module")
        elif strict:
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at the dotted path `target`.

        Raises:
            AttributeError: the path does not exist or leads to something else.
        """
        _, _, found = self._find(target)
        if not isinstance(found, Parameter):
            name = target.rpartition(".")[2]
            raise AttributeError(f"`{name}` is not an nn.Parameter")  # noqa: TRY004 - torch's class
        return found

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at the dotted path `target`.

        Raises:
            AttributeError: the path does not exist or leads to something else.
        """
        owner, name, found = self._find(target)
        if name not in owner.__dict__["_buffers"]:
            raise AttributeError(f"`{name}` is not a buffer")
        return found  # type: ignore[no-any-return]  # it is in the table of buffers

    def _find(self, target: str) -> tuple[Module, str, Any]:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{type(owner).__name__} has no attribute `{name}`")
        return owner, name, getattr(owner, name)

"""Registry: the part of Module that sorts its attributes into parameters, buffers, children and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeGuard

    from mytorch.nn.modules.module import Module


def is_module(value: object) -> TypeGuard[Module]:
    """Tell whether `value` is a Module, without importing the class that is built on this file."""
    return isinstance(value, Registry)


class Registry:
    """The part of Module that owns the three tables and keeps attribute access in step with them."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Module | None]

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, reachable afterwards as the attribute `name`.

        Args:
            name: attribute name; no dot, not empty, not taken by anything but a parameter.
            param: the parameter, or None to reserve the name; None is in no state_dict.

        Raises:
            AttributeError: Module.__init__ has not run yet.
            KeyError: the name is empty, contains a dot, or is taken.
            TypeError: the name is not a string, or `param` is not a Parameter.
        """
        self._check_name("parameter", name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' "
                "(mytorch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained.

        Args:
            name: attribute name; no dot, not empty, not taken by anything but a buffer.
            tensor: the buffer, any shape and dtype, or None to reserve the name.
            persistent: whether state_dict contains it.

        Raises:
            AttributeError: Module.__init__ has not run yet.
            KeyError: the name is empty, contains a dot, or is taken.
            TypeError: the name is not a string, or `tensor` is not a Tensor.
        """
        self._check_name("buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(mytorch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module, reachable afterwards as the attribute `name`.

        Args:
            name: attribute name; no dot, not empty, not taken by anything but a module.
            module: the child, or None to reserve the name.

        Raises:
            AttributeError: Module.__init__ has not run yet.
            KeyError: the name is empty, contains a dot, or is taken.
            TypeError: the name is not a string, or `module` is not a Module.
        """
        if module is not None and not is_module(module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, "_modules")
        self._modules[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child module: another name of `add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: object, table: str) -> None:
        if table not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in self.__dict__[table] and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def __getattr__(self, name: str) -> Tensor | Module:
        # Python calls this only when ordinary lookup failed. The tables are read through __dict__ because a
        # module that is being unpickled or copied has none yet, and self._parameters would recurse.
        tables = self.__dict__
        for table in ("_parameters", "_modules", "_buffers"):
            members = tables.get(table)
            if members is not None and name in members:
                # A name registered as None reads as None; a type that says so would burden every caller.
                return members[name]  # type: ignore[no-any-return]  # the tables hold anything
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        ready = "_parameters" in tables
        if isinstance(value, Parameter):
            if not ready:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._release(name, self._buffers, self._modules)
            self.register_parameter(name, value)
        elif ready and name in self._parameters:
            self._require_none(name, value, "parameter", "mytorch.nn.Parameter")
            self._parameters[name] = None
        elif is_module(value):
            if not ready:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._release(name, self._parameters, self._buffers)
            self._modules[name] = value
        elif ready and name in self._modules:
            self._require_none(name, value, "child module", "mytorch.nn.Module")
            self._modules[name] = None
        elif ready and name in self._buffers:
            if not isinstance(value, Tensor):
                self._require_none(name, value, "buffer", "mytorch.Tensor")
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def _release(self, name: str, *tables: dict[str, Any]) -> None:
        """Free `name` for another kind of member; it stays in its own table, which keeps the order."""
        self.__dict__.pop(name, None)
        for table in tables:
            table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    @staticmethod
    def _require_none(name: str, value: object, kind: str, expected: str) -> None:
        if value is not None:
            raise TypeError(
                f"cannot assign '{typename(value)}' as {kind} '{name}' ({expected} or None expected)"
            )

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> Iterable[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        # A child called "0" (Sequential) cannot be written as an attribute, so completion leaves it out.
        return sorted(name for name in names if not name[:1].isdigit())

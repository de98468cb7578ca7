"""Modules whose switches are set as attributes, as in `backends.cudnn.benchmark = True`."""

from __future__ import annotations

from types import ModuleType


class Switches(ModuleType):
    """A module that takes only a bool for a switch that is one."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(self.__dict__.get(name), bool) and not isinstance(value, bool):
            raise RuntimeError(  # noqa: TRY004 - torch's class
                f"{self.__name__}.{name} expects a bool, but got {type(value).__name__}"
            )
        super().__setattr__(name, value)

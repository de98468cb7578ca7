"""What a missing attribute is: a name of torch's that mytorch does not have, or one that torch lacks too.

torch is not asked: its names are a table, which `python docs/lacking.py` writes. It is read when an attribute
is missing, and not before.
"""

from __future__ import annotations

import sys

# How the message of such a name ends; an alternative may follow.
LACKING = "torch has it, mytorch does not"


def no_attribute(module: str, name: str) -> Exception:
    """Return the error that the `__getattr__` of a module raises; only that calls it.

    Args:
        module: the full name of the module.
        name: the attribute.

    Returns:
        An AttributeError. Of a name that torch has it says so, and what to write instead; for a
        `from module import name` it is an ImportError then, because Python drops the text of the other.
    """
    if not name.startswith("_"):
        from mytorch._core.torch_names import NAMES  # noqa: PLC0415 - see the module

        if name in NAMES.get(module, "").split():
            text = lacking_text(f"{module}.{name}".partition(".")[2])
            if _is_import(sys._getframe(2).f_code, sys._getframe(2).f_lasti):  # noqa: SLF001 - the only way
                return ImportError(f"cannot import name {name!r} from {module!r}: {text}", name=module)
            # Without the object, so that Python suggests no other name, which does something else.
            return AttributeError(f"module {module!r} has no attribute {name!r}: {text}", name=name)
    return AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module])


def lacking_text(path: str) -> str:
    """Return what to say about a name of torch's that mytorch lacks.

    Args:
        path: the name without "torch.", such as "nn.Conv1d" or "Tensor.svd".

    Returns:
        The text, with what to write instead if that is known.
    """
    from mytorch._core.alternatives import ROWS  # noqa: PLC0415 - see the module

    known = {name: row.instead for row in ROWS for name in row.names.split()}
    if path.startswith("nn.modules."):
        path = path.replace("modules.", "")
    function = path.removeprefix("Tensor.")
    for name in (path, function, function.removesuffix("_")):
        if name in known:
            instead = known[name]
            return f"{LACKING}; {'' if instead.startswith(('no ', 'leave ')) else 'instead: '}{instead}"
    return LACKING


def _is_import(code: object, position: int) -> bool:
    from opcode import opmap  # noqa: PLC0415 - see the module

    return bytes(getattr(code, "co_code", b""))[position] == opmap["IMPORT_FROM"]

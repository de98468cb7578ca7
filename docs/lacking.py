"""Write down which of torch's names mytorch does not have: ``python docs/lacking.py``.

Three files come of it, and tests hold that they are true:

- `mytorch/_core/torch_names.py`: the names of modules, in which a missing attribute is looked up;
- `mytorch/_tensor/torch_names.py`: the names of tensors' methods;
- the tables in `docs/lacking.md`, of the rows in `mytorch/_core/alternatives.py`.

A row names what mytorch lacks, so whoever adds one of these names to mytorch takes it out of its row first.
"""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
import textwrap
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
FILES = {
    "modules": ROOT / "mytorch/_core/torch_names.py",
    "methods": ROOT / "mytorch/_tensor/torch_names.py",
    "document": ROOT / "docs/lacking.md",
}
# The modules whose `__getattr__` says what they lack, by torch's name without "torch."; "" is torch itself.
NAMESPACES = (
    "",
    "autograd",
    "backends",
    "cuda",
    "distributions",
    "linalg",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.modules",
    "nn.utils",
    "nn.utils.rnn",
    "optim",
    "optim.lr_scheduler",
    "utils",
    "utils.data",
)
# In the document, what follows this line is written here.
MARK = "<!-- What follows is written by `python docs/lacking.py`. -->\n"


def dotted(package: str, namespace: str) -> str:
    """Return the full name of a module of mytorch or torch."""
    return f"{package}.{namespace}" if namespace else package


def submodules(module: ModuleType) -> set[str]:
    """Return the names of a package's public modules, whether they were imported or not."""
    found = pkgutil.iter_modules(getattr(module, "__path__", ()))
    return {each.name for each in found if each.name[0] != "_"}


def is_torchs(value: object) -> bool:
    """Return whether a value is defined in torch, as far as it says where; submodules are found otherwise."""
    if isinstance(value, ModuleType):
        return False
    return str(getattr(value, "__module__", None) or "torch").partition(".")[0] == "torch"


def public(module: ModuleType) -> set[str]:
    """Return the names that users find in a module of torch: its own and its submodules."""
    listed = getattr(module, "__all__", None)
    found = set(listed or ())
    if listed is None or module.__name__ == "torch":  # the list of torch itself is not complete
        found |= {name for name, value in vars(module).items() if is_torchs(value)}
    return {name for name in found if name[0] != "_"} | submodules(module)


def lacking_names(namespace: str) -> list[str]:
    """Return torch's public names of a module that mytorch lacks."""
    ours = import_module(dotted("mytorch", namespace))
    names = public(import_module(dotted("torch", namespace))) - submodules(ours)
    return sorted(name for name in names if not hasattr(ours, name))


def lacking_methods() -> list[str]:
    """Return the public methods of torch's tensors that mytorch's lack."""
    torch, mytorch = import_module("torch"), import_module("mytorch")
    return [
        name
        for name in sorted(dir(torch.Tensor))
        if name[0] != "_"
        and not inspect.isdatadescriptor(inspect.getattr_static(torch.Tensor, name))
        and not hasattr(mytorch.Tensor, name)
    ]


def _quoted(names: list[str], indent: str) -> str:
    filled = textwrap.fill(" ".join(names), 110, initial_indent=indent, subsequent_indent=indent)
    return f'"""\n{filled}\n{indent}"""'


def modules_file(found: dict[str, list[str]]) -> str:
    """Return the text of the names of modules."""
    entries = "".join(f'    "{module}": {_quoted(names, " " * 8)},\n' for module, names in found.items())
    return (
        '"""Names of torch\'s that mytorch lacks, by module: written by `python docs/lacking.py`."""\n\n'
        f"NAMES = {{\n{entries}}}\n"
    )


def methods_file(names: list[str]) -> str:
    """Return the text of the names of methods."""
    return (
        '"""Methods of torch\'s tensors that mytorch\'s lack: written by `python docs/lacking.py`."""\n\n'
        f"METHODS = {_quoted(names, ' ' * 4)}\n"
    )


def tables(rows: tuple[Any, ...]) -> str:
    """Return the tables of the document, one per topic."""
    lines: list[str] = []
    for topic in dict.fromkeys(row.topic for row in rows):
        lines += ["", f"## {topic}", "", "| torch | here |", "| --- | --- |"]
        for row in rows:
            if row.topic == topic:
                names = ", ".join(f"`{name}`" for name in row.names.split())
                instead = row.instead.replace("|", "\\|")
                lines.append(f"| {names} | {instead} |")
    return "\n".join([*lines, ""])


def rows() -> tuple[Any, ...]:
    """Return the rows of the checkout, which need not be those of the installed package."""
    spec = importlib.util.spec_from_file_location("alternatives", ROOT / "mytorch/_core/alternatives.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - a file that is there
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: tuple[Any, ...] = module.ROWS
    return found


def texts() -> dict[str, str]:
    """Return what should be in the files."""
    found = {dotted("mytorch", namespace): lacking_names(namespace) for namespace in NAMESPACES}
    head, _, _ = FILES["document"].read_text(encoding="utf-8").partition(MARK)
    return {
        "modules": modules_file({module: names for module, names in found.items() if names}),
        "methods": methods_file(lacking_methods()),
        "document": head + MARK + tables(rows()),
    }


def main() -> None:
    """Write the files, and end with an error where a row has names that are not missing."""
    found = texts()
    for name, text in found.items():
        FILES[name].write_text(text, encoding="utf-8")
    namespaces = {dotted("mytorch", namespace).partition(".")[2]: namespace for namespace in NAMESPACES}
    missing = {f"Tensor.{name}" for name in lacking_methods()}
    for prefix, namespace in namespaces.items():
        missing |= {f"{prefix}.{name}".removeprefix(".") for name in lacking_names(namespace)}
    there = [name for row in rows() for name in row.names.split() if name not in missing]
    if there:
        raise SystemExit(f"not missing, take them out of mytorch/_core/alternatives.py: {' '.join(there)}")


if __name__ == "__main__":
    main()

"""Saving and loading. A saved object is its structure and its arrays; a form of files holds them.

The forms are safetensors (`_safetensors`), where the package of that name is installed, and npz (`_npz`), for
which NumPy suffices. Neither can hold anything that would be executed.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

from mytorch._core.base import wrap
from mytorch._core.device import check_device, device
from mytorch.serialization import _npz, _safetensors
from mytorch.serialization._structure import put_together, take_apart
from mytorch.serialization._whole_file import write_whole

if TYPE_CHECKING:
    from typing import IO, Any, TypeAlias

    from mytorch._core.types import Array

    File: TypeAlias = str | os.PathLike[str] | IO[bytes]


def save(
    obj: Any,
    f: File,
    pickle_module: object = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write an object to a file that `load` reads.

    The file is a safetensors file where the package safetensors is installed, and an npz file elsewhere, for
    any suffix of its name. Both hold the tensors by name, and structure and scalars as JSON: a safetensors
    file in its metadata, an npz file in the array "__metadata__". Each tensor is written with its own
    elements, so that two that share memory (tied weights, views) are two when they are loaded; a tied model's
    `load_state_dict` fills its one parameter with either. The same object gives the same bytes.

    A file appears under its name when it is complete, in place of an older one, whose mode it keeps. If the
    path is a symbolic link, the file that the link points to is written.

    Args:
        obj: a Tensor; numbers, text, None; or dicts, lists and tuples of these, nested in any way: the
            state_dict of a module, an optimizer or a scheduler, or several of them in a checkpoint. A dict
            from text to tensors can be read by every safetensors library, or by `numpy.load`, under the same
            names. A whole module is refused: save its `state_dict()`.
        f: path, or a binary file to write to.
        pickle_module: accepted; nothing is pickled.
        pickle_protocol: the same.
        _use_new_zipfile_serialization: the same.

    Raises:
        AttributeError: `f` is neither a path nor a file.
        OSError: the file cannot be written; the message names it.
        TypeError: something in the object cannot be saved; the message names its place.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.save.html
    """
    del pickle_module, pickle_protocol, _use_new_zipfile_serialization
    _check_file("save", "write", f)
    tree, tensors = take_apart(obj)
    structure = json.dumps(tree, allow_nan=False, separators=(",", ":"))
    arrays = {name: x.array for name, x in tensors.items()}
    library = _safetensors.installed()
    data = (
        _npz.write(arrays, structure) if library is None else _safetensors.write(library, arrays, structure)
    )
    if isinstance(f, (str, os.PathLike)):
        write_whole(os.fsdecode(f), data)
    else:
        f.write(data)


def load(
    f: File,
    map_location: object = None,
    pickle_module: object = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
) -> Any:
    """Read what `save` wrote, or any other safetensors or npz file, told apart by its content.

    Args:
        f: path, or a binary file to read from.
        map_location: "cpu"; a dict or a function, as programs give them to move tensors to the CPU, is
            accepted, as they are all there.
        pickle_module: accepted; nothing is ever unpickled.
        weights_only: accepted; nothing in such a file is ever executed.
        mmap: accepted; the whole file is read.

    Returns:
        The object that was saved; of a file that another library wrote, a dict from names to tensors.

    Raises:
        AttributeError: `f` is neither a path nor a file.
        ImportError: a safetensors file, and the package safetensors is missing.
        RuntimeError: the file is neither a safetensors nor an npz file (a pickle, such as torch.save writes),
            is damaged, or holds a tensor of a dtype that mytorch lacks; or another device.
        TypeError: `f` was opened as text, or `map_location` is not a device.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.load.html

    Examples:
        >>> import io
        >>> file = io.BytesIO()
        >>> mytorch.save({"weight": mytorch.ones(2), "epoch": 3}, file)
        >>> start = file.seek(0)
        >>> mytorch.load(file)
        {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    del pickle_module, weights_only, mmap
    _check_file("load", "read", f)
    _check_location(map_location)
    if isinstance(f, (str, os.PathLike)):
        name = os.fsdecode(f)
        with open(name, "rb") as stream:  # noqa: PTH123 - pathlib is slow to import
            data = stream.read()
    else:
        name, data = str(getattr(f, "name", "the file")), f.read()
    arrays, structure = _read(name, data)
    tensors = {key: wrap(array) for key, array in arrays.items()}
    if structure is None:
        return tensors
    try:
        return put_together(json.loads(structure), tensors)
    except (KeyError, TypeError, ValueError, StopIteration, RecursionError, RuntimeError) as error:
        raise RuntimeError(f"{name}: the structure in its metadata is damaged: {error!r}") from None


def _check_file(function: str, method: str, f: object) -> None:
    if isinstance(f, (str, os.PathLike)):
        return
    if not hasattr(f, method):
        raise AttributeError(
            f"{function}() expected 'f' to be string, path, or a file-like object with a {method!r} "
            f"attribute, got {type(f).__name__}"
        )
    if isinstance(f, io.TextIOBase):
        raise TypeError(f"{function}() expected 'f' to be a binary file, got one that is opened as text")


def _check_location(given: object) -> None:
    # torch calls a function with a storage and its place, which is the CPU already.
    if given is None or callable(given):
        return
    place = given.get("cpu", "cpu") if isinstance(given, dict) else given
    if not isinstance(place, (str, device)):
        raise TypeError(
            "load() expected 'map_location' to be a device, its name, a dict of them or a function, "
            f"got {type(place).__name__}"
        )
    try:
        check_device(place)
    except AssertionError as error:  # what everything else raises, but not torch.load
        raise RuntimeError(f"load(): argument 'map_location': {error}") from None


def _read(name: str, data: bytes) -> tuple[dict[str, Array], str | None]:
    if _safetensors.recognized(data):
        return _safetensors.read(_safetensors.installed(), name, data)
    _refuse_pickle(name, data)
    if _npz.recognized(data):
        return _npz.read(name, data)
    raise RuntimeError(
        f"{name}: expected a complete safetensors file or npz file, as mytorch.save writes them"
    )


def _refuse_pickle(name: str, data: bytes) -> None:
    # torch.save writes a zip file whose first member is data.pkl, in a folder of the file's name. Pickles of
    # protocols 2 to 5 begin with their number.
    first = data[30 : 30 + int.from_bytes(data[26:28], "little")] if _npz.recognized(data) else b""
    if first.endswith(b".pkl") or (data[:1] == b"\x80" and data[1:2] in {b"\2", b"\3", b"\4", b"\5"}):
        raise RuntimeError(
            f"{name}: expected a safetensors or npz file, got a pickle, as torch.save writes it, which can "
            "execute any code and is never loaded. Convert it once, in torch: "
            'safetensors.torch.save_file(model.state_dict(), "model.safetensors") or, with NumPy alone, '
            'numpy.savez("model.npz", **{name: x.numpy() for name, x in model.state_dict().items()})'
        )

"""What a subject raised, told in a few plain texts, and raised again on the judge's side.

Called by running.host_main, which tells it, and by subjects.hosted and subjects.in_process, which raise it
again: an exception of the same class as far as the judge can know it, with the same message.
"""

from __future__ import annotations

import builtins
import sys
import traceback
from typing import Any

from conformance.subjects.wire import printable

# How many characters are kept of a message and of a traceback.
MESSAGE = 4_000
TRACEBACK = 8_000


def text_of(error: BaseException) -> str:
    """Return the message of an exception, which may raise another when it is asked for its message."""
    try:
        return printable(str(error), MESSAGE)
    except BaseException as other:  # noqa: BLE001 - a subject may raise anything
        return f"<its message cannot be had: {type(other).__name__}>"


def told(error: BaseException) -> dict[str, Any]:
    """Return the classes, the message and the traceback of an exception, as JSON holds them."""
    try:
        lines = traceback.format_exception(error, limit=-8)
        formatted = printable("".join(lines).strip(), TRACEBACK)
    except BaseException:  # noqa: BLE001 - as above
        formatted = f"{type(error).__name__}: {text_of(error)}"
    classes = [[each.__module__, each.__qualname__] for each in type(error).__mro__]
    return {"classes": classes, "message": text_of(error), "traceback": formatted}


def again(told: object) -> Exception:
    """Return an exception as it was told; one that would end the process becomes an `Exception`.

    Raises:
        ValueError: this does not tell of an exception.
    """
    match told:
        case {"classes": [*classes], "message": str(message), "traceback": str(formatted)}:
            pass
        case _:
            raise ValueError("it tells of no exception")
    if not classes or not all(isinstance(each, list) and len(each) == 2 for each in classes):
        raise ValueError("it tells of an exception without a class")
    name = printable(str(classes[0][1]), 200).rpartition(".")[2]
    known = [found for each in classes if (found := _known(*each)) is not None]
    text = printable(message, 2 * MESSAGE)
    body = {"__str__": lambda _: text, "formatted": printable(formatted, 2 * TRACEBACK)}
    return _made(name, known, body, text)


def _known(module: object, name: object) -> type[Exception] | None:
    """Return a class of exceptions of Python's own, or of torch's, that the judge has too."""
    if module not in {"builtins", "torch", "torch._C"}:
        return None
    found = getattr(builtins if module == "builtins" else sys.modules.get(str(module)), str(name), None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _made(name: str, known: list[type[Exception]], body: dict[str, Any], text: str) -> Exception:
    """Return an exception that is of all known classes, or of the first of them, or of none."""
    fewest = [each for each in known if not any(issubclass(o, each) for o in known if o is not each)]
    for bases in (tuple(fewest), tuple(fewest[:1]), ()):
        try:
            kind: Any = type(name, bases or (Exception,), body)
            error: Exception = kind.__new__(kind)
        except TypeError:
            # Two of Python's classes may not go together, and some need arguments.
            continue
        error.args = (text,)
        return error
    raise AssertionError("an Exception can always be made")

"""`python -m conformance.checking.candidate_main DEVICE`: the process of a candidate.

Started by subjects.host for checking.candidate. The files that hold the reference cannot be opened here, and
so not imported either, and their folder is not on the path.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.checking.server import Server
from conformance.errors import UsageError
from conformance.running.serving import MOST_MEMORY, serve
from conformance.subjects import raised
from conformance.subjects.wire import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.subjects.wire import Message


def hide(files: list[str], candidate: str) -> None:
    """Let nothing in this process open some files from now on, and take their folders off the path.

    It keeps a candidate from finding the reference where it is. What reads files without Python, such as a
    program that it starts, is not kept from it.

    Args:
        files: the paths.
        candidate: the form by which the candidate is found; `module:name` needs the path as it is.
    """
    hidden = set()
    for file in (each for path in files for each in (path, cache_from_source(path))):
        if Path(file).exists():
            found = Path(file).stat()
            hidden.add((found.st_dev, found.st_ino))
    if candidate.rpartition(":")[0].endswith(".py"):
        folders = {str(Path(path).resolve().parent) for path in files}
        sys.path[:] = [path for path in sys.path if str(Path(path).resolve()) not in folders]
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], (str, bytes)):
            return
        try:
            found = os.stat(arguments[0])  # noqa: PTH116 - bytes are names, too, and each file pays for this
        except (OSError, ValueError):
            return
        if (found.st_dev, found.st_ino) in hidden:
            raise PermissionError("the reference's file cannot be read in the candidate's process")

    if hidden:
        # It cannot be taken away again.
        sys.addaudithook(refuse)


def _answers(server: Server, message: Message) -> Iterator[bytes]:
    """Yield the answer to a question; a candidate may raise anything, in a call or turned to bytes."""
    question: Mapping[str, Any] = message.header
    try:
        if question["do"] == "load":
            hide(question["hidden"], question["spec"])
        answer = encode(message.number, *server.answer(question, message.arrays))
    except UsageError as error:
        answer = encode(message.number, {"usage": str(error)})
    except BaseException as error:  # noqa: BLE001 - see above
        if question["do"] == "load":
            what = f"candidate {question['spec']!r}: {type(error).__name__}: {raised.text_of(error)}"
            answer = encode(message.number, {"usage": what})
        else:
            answer = encode(message.number, {"error": raised.told(error)})
    yield answer


def main() -> None:
    """Answer questions until there are no more."""
    # The driver of a device maps more memory than it uses.
    serve(partial(_answers, Server()), MOST_MEMORY if sys.argv[1:] == ["cpu"] else None)


if __name__ == "__main__":
    main()

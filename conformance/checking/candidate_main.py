"""`python -m conformance.checking.candidate_main DEVICE`: the process of a candidate.

Started by subjects.host for checking.candidate. The files that hold the reference cannot be opened here
(checking.hiding).
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.checking.hiding import hide
from conformance.checking.server import Server
from conformance.errors import UsageError
from conformance.running.serving import MOST_MEMORY, serve
from conformance.subjects import raised
from conformance.subjects.wire import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.subjects.wire import Message


def _answers(server: Server, message: Message) -> Iterator[bytes]:
    """Yield the answer to a question; a candidate may raise anything, in a call or turned to bytes."""
    question: Mapping[str, Any] = message.header
    try:
        if question["do"] == "load":
            hide(question["hidden"], question["spec"])
        answer = encode(message.number, *server.answer(question, message.arrays))
    except BaseException as error:  # noqa: BLE001 - see above
        told: dict[str, Any] = {"error": raised.told(error)}
        if question["do"] == "load":
            what = f"{type(error).__name__}: {raised.text_of(error)}"
            own = isinstance(error, UsageError)
            told = {"usage": str(error) if own else f"candidate {question['spec']!r}: {what}"}
        answer = encode(message.number, told)
    yield answer


def main() -> None:
    """Answer questions until there are no more."""
    # The driver of a device maps more memory than it uses.
    serve(partial(_answers, Server()), MOST_MEMORY if sys.argv[1:] == ["cpu"] else None)


if __name__ == "__main__":
    main()

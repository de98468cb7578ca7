"""The names of the bitwise relations, and what the second call of each is.

Read by judging.bitwise, which measures them, by the formats of a report and by the command line, whose help
may not wait for the cases to be imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RELATIONS: Mapping[str, str] = {
    "repeat": "the same call again",
    "permute": "the rows in another order",
    "rows": "each row in a batch of its own",
    "pad-rows": "rows of zeros behind the others",
    "pad-steps": "steps of zeros behind the others, where no step depends on a later one",
    "threads": "the same call in a process with two threads",
}

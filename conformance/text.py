"""Text written by others, made safe to show: without control characters, and cut where it is long.

Names and messages of a subject may hold escape sequences of a terminal, or ten megabytes. Called by
judging.verdict and report.record, so that every format of a report holds safe text only, and by the command
line and report.tables for what they print themselves.
"""

from __future__ import annotations

# The longest text that is shown, and how much of either end is kept of a longer one. The ends and the note
# between them are shorter than the limit: a cut text stays as it is, also behind a few words.
LIMIT = 2_000
_END = 900


def safe_message(text: str) -> str:
    r"""Return a text of several lines as it may be shown.

    Characters that cannot be printed become their escapes in Python; line breaks stay. Of a text of more than
    2,000 characters, the middle is cut.

    Example:
        >>> from conformance.text import safe_message
        >>> print(safe_message("red: \x1b[31m"))
        red: \x1b[31m
        >>> safe_message("a" * 12_000)[898:930]
        'aa[10,200 characters cut]aaaaaaa'
    """
    if len(text) <= LIMIT and text.replace("\n", "").isprintable():
        return text
    # Cut twice: escapes are longer than what they stand for, and most of a long text need not be escaped.
    return _cut("\n".join(_escaped(line) for line in _cut(text).split("\n")))


def safe_name(text: str) -> str:
    """Return a text as it may be shown within a line: as `safe_message`, with line breaks escaped too."""
    if len(text) <= LIMIT and text.isprintable():
        return text
    return _cut(_escaped(_cut(text)))


def one_line(text: str) -> str:
    """Return a text as one line: as `safe_name`, with a space for each line break."""
    return safe_name(" ".join(text.splitlines()))


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _cut(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    return f"{text[:_END]}[{len(text) - 2 * _END:,} characters cut]{text[-_END:]}"

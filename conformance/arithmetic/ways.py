"""The way that mode.py takes for an operation, as far as its overload and its rule tell: found once for each.

Made by mode.py in the first call of an overload; a program calls the same few overloads thousands of times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from conformance.arithmetic.overloads import Overload
    from conformance.arithmetic.rules.rule import Rule

# Operations that are not defined below zero.
FROM_ZERO = frozenset({"sqrt", "rsqrt", "pow", "log"})

VIEW: Final = "a view of its operand"
NEW: Final = "elementwise, to a new tensor"
IN_PLACE: Final = "elementwise, in place"


class Way(NamedTuple):
    """A way.

    Attributes:
        facts: the facts about the overload.
        rule: its rule; None where there is none.
        short: `VIEW`, `NEW` or `IN_PLACE`; None where more must be asked in each call.
    """

    facts: Overload
    rule: Rule | None
    short: str | None


def way(facts: Overload, rule: Rule | None) -> Way:
    """Return the way of an overload."""
    if rule is None:
        return Way(facts, rule, None)
    if rule.view:
        return Way(facts, rule, VIEW)
    asks: tuple[Any, ...] = (rule.decides, rule.nearby, rule.draws, rule.valueless, rule.name in FROM_ZERO)
    if any(asks) or rule.elementwise is False:
        return Way(facts, rule, None)
    if facts.written:
        # The others write by `out`.
        return Way(facts, rule, IN_PLACE if facts.written == ((0, "self"),) else None)
    return Way(facts, rule, NEW if rule.elementwise is True else None)

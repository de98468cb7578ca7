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

# The result is made of no operand's numbers, or shares their replicates.
VIEW: Final = "a view of its operand"
NEW: Final = "elementwise, to a new tensor"
TOGETHER: Final = "not elementwise, of all replicates at once, to one new tensor"
IN_PLACE: Final = "elementwise, in place"


class Way(NamedTuple):
    """A way.

    Attributes:
        facts: the facts about the overload.
        rule: its rule; None where there is none.
        short: `VIEW`, `NEW`, `TOGETHER` or `IN_PLACE`; None where more must be asked in each call.
    """

    facts: Overload
    rule: Rule | None
    short: str | None


def way(facts: Overload, rule: Rule | None) -> Way:
    """Return the way of an overload."""
    return Way(facts, rule, None if rule is None else _short(facts, rule))


def _short(facts: Overload, rule: Rule) -> str | None:
    if rule.view or _of_given_numbers(facts, rule):
        return VIEW
    asks: tuple[Any, ...] = (rule.decides, rule.nearby, rule.draws, rule.valueless, rule.name in FROM_ZERO)
    if any(asks):
        return None
    if facts.written:
        # The others write by `out`.
        return IN_PLACE if rule.elementwise and facts.written == ((0, "self"),) else None
    if rule.elementwise is True:
        return NEW
    return TOGETHER if rule.together is not None and facts.single else None


def _of_given_numbers(facts: Overload, rule: Rule) -> bool:
    """Whether the result depends on no operand's value, and is not rounded: there is nothing to follow."""
    if rule.rounds is not None or rule.decides or facts.written:
        return False
    schema = getattr(facts.call, "_schema", None)
    without = schema is not None and not any("Tensor" in str(each.type) for each in schema.arguments)
    return rule.valueless or without

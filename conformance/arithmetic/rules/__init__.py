"""One entry per aten operation: how it rounds, how it runs on replicates, how it is measured, and its source.

`RULES` is made of the families' files, which are found here and hold each operation once. Add a rule to the
file of the operation's family. An operation without a rule is an error, because a result without noise would
look perfectly accurate.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.arithmetic.rules import activation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.arithmetic.rules.rule import Rule

FOLDER = "conformance/arithmetic/rules/"

# The modules `rule` and `measuring` hold what rules are made of.
_FAMILIES: Mapping[str, Sequence[Rule]] = {
    name: importlib.import_module(f"{__name__}.{name}").RULES
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
    if name not in {"rule", "measuring"}
}


def compose(families: Mapping[str, Sequence[Rule]]) -> dict[str, Rule]:
    """Return the rules of all families by the operation's name, each with the file that holds it.

    Raises:
        ValueError: an operation has two entries.
    """
    rules: dict[str, Rule] = {}
    for family, entries in families.items():
        file = f"{FOLDER}{family}.py"
        for rule in entries:
            if rule.name in rules:
                raise ValueError(
                    f"{rule.name}: expected one rule, got two: {rules[rule.name].file} and {file}"
                )
            rules[rule.name] = replace(rule, file=file)
    return rules


RULES = compose(_FAMILIES)

# The rules by the accuracy that is asked of tanh and sigmoid: relative to the result, or to 1.
ACCURACIES: Mapping[str, Mapping[str, Rule]] = {
    "relative": RULES,
    "absolute": {**RULES, **{rule.name: rule for rule in activation.ABSOLUTE}},
}

_YES = {True: "yes", False: "no", "in place": "in place"}


def table() -> list[dict[str, str]]:
    """Return a row per rule, for `conformance list rules`."""
    return [
        {
            "operation": rule.name,
            "rounds": "exact" if rule.rounds is None else str(rule.rounds),
            "elementwise": _YES[rule.elementwise],
            "measured by": _measured(rule),
            "source": rule.source,
            "file": rule.file,
        }
        for rule in RULES.values()
    ]


def _measured(rule: Rule) -> str:
    if rule.rounds is None:
        return "nothing: it is exact"
    count = len(rule.measured)
    calls = f"{count} call{'s' * (count != 1)}"
    without = next(
        (f", not mytorch: {each.without}" for each in rule.measured if each.without), " and mytorch"
    )
    return f"{calls} on torch{without}"

"""What a run could judge: the cases that it was asked for, and the limits that its subject declares.

Made by running.plan, held by `record`; the words come out that stand next to the verdict.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from conformance.judging.verdicts import by_sample
from conformance.report.shard import Shard
from conformance.sampling.lanes import EVERY_LANE
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.judging.verdict import Verdict


def undeclared_words(dtypes: Iterable[str]) -> tuple[str, ...]:
    """Return the words for dtypes that were asked for and that the subject does not declare."""
    return tuple(f"no {dtype}" for dtype in dtypes)


_UNDECLARED = frozenset(undeclared_words(EVERY_LANE))


@dataclass(frozen=True)
class Scope:
    """What a run could judge.

    Attributes:
        named: the cases that were asked for by name; none in a run of all.
        limits: what the subject declares that it does not support, in words, and the dtypes that were asked
            for and that it does not declare.
        outside: how much of a run of any other subject is beyond these limits: `dtypes`, `cases`, and of the
            other cases `samples`, each replaced by a later one of the stream, and `bad calls`.
        fewer: by case, in words, of how many samples only fewer were found within the limits.
        half_types: the dtypes that it declares to `compute` and `accumulate` in, in half types; empty where
            they are those of torch's kernels.
        shard: which part of a run it is; None of an undivided one.
    """

    named: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    outside: Mapping[str, int] = field(default_factory=dict)
    fewer: Mapping[str, str] = field(default_factory=dict)
    half_types: Mapping[str, str] = field(default_factory=dict)
    shard: Shard | None = None

    def words(self, verdicts: Sequence[Verdict]) -> str:
        """Return what was judged, in words; empty where nothing limits it."""
        told = list(self.limits)
        # A subject that declares nothing may return no gradients: they are skipped.
        lacking = (v for v in verdicts if v.check == "backward" and v.status == "SKIP")
        if skipped := sum(1 for _ in by_sample(lacking)):
            some = any(v.check == "backward" and v.status != "SKIP" for v in verdicts)
            told = [f"forward only in {skipped} samples" if some else "forward only", *told]
        if left := self.outside.get("cases"):
            asked = len(self.named) or left + len({verdict.case for verdict in verdicts})
            told.append(f"{asked - left} of {asked} cases")
        return ", ".join([*([self.shard.words] if self.shard else []), *told])

    def unseen(self, verdicts: Sequence[Verdict], *, stopped: bool = False) -> dict[str, str]:
        """Return the named cases of which nothing failed and no numbers were compared, with the reasons.

        Args:
            verdicts: those of the run.
            stopped: whether the run ended before all of its work was done.
        """
        if self.shard:
            return {}  # another shard may have seen them
        compared, reasons = set[str](), dict[str, str]()
        for v in verdicts:
            if v.elements or not v.passed:
                compared.add(v.case)
            if v.reason:
                reasons.setdefault(v.case, v.reason)
        why = "the subject supports no sample of it"
        if undeclared := [limit for limit in self.limits if limit in _UNDECLARED]:
            dtypes = " and ".join(undeclared)
            why += f" in the dtypes asked for: its Supports(dtypes=…) has {dtypes}"
        if stopped:
            # It is only counted how many cases are outside the limits.
            why = (
                f"the run ended before it, or {why}"
                if self.outside.get("cases")
                else "the run ended before it"
            )
        return {case: one_line(reasons.get(case) or why) for case in self.named if case not in compared}

    def lines(self) -> list[str]:
        """Return a line about what is outside, and one per case of which too few samples were found."""
        counts = ", ".join(
            f"{count:,} {what if count > 1 else what.removesuffix('s')}"
            for what, count in self.outside.items()
        )
        return [*([counts] if counts else []), *(f"{case}: {few}" for case, few in self.fewer.items())]

    def to_json(self) -> dict[str, Any]:
        """Return the fields that say something; none in a run of all cases by a subject without limits."""
        fields = {name: value for name, value in asdict(replace(self, shard=None)).items() if value}
        return fields | ({"shard": self.shard.to_json()} if self.shard else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scope:
        """Read what `to_json` wrote.

        Raises:
            TypeError: a field is unknown.
            ValueError: a field of the shard is wrong.
        """
        fields: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}
        shard = fields.pop("shard", None)
        return cls(**fields, shard=None if shard is None else Shard.from_json(shard))

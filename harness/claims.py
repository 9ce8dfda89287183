"""Claim kinds, and ``judge(claim, observations)`` → ``Verdict`` (pure).

A claim is what a write-up says, put so that it can come out false. Sizes are
judged per repetition: every repetition has to agree, else the verdict is
``inconclusive``. A claim about the listing that something is *absent* counts
only where the code in question was emitted at all.
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from harness.memstats import KIB, MIB, Output
from harness.toolchains import VersionRange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from harness.assembly import Call, Facts, NilStore
    from harness.observations import Observations

LISTING_KINDS = frozenset({"call", "reference", "nil-store"})

Result = Literal["reproduced", "not reproduced", "inconclusive", "not applicable"]
Unit = Literal["bytes", "KiB", "MB", "count", "ratio"]
UNIT_BYTES: Mapping[str, int] = {"bytes": 1, "KiB": KIB, "MB": MIB, "count": 1, "ratio": 1}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one claim on one cell.

    Attributes:
        claim: The claim's id within its scenario.
        says: The claim in a sentence.
        in_scope: Whether the claim was made for this Go version.
        result: The verdict.
        expected: The figure as printed, or what has to be in the listing.
        measured: The figure as measured (the median of the repetitions).
        unit: The unit of expected, measured, tolerance and spread; empty for listings.
        tolerance: How far measured may be from expected.
        spread: Largest minus smallest measurement.
        reason: What the verdict rests on, in words.
        known: Why a deviation is expected, where the manifest documents it.
        disagree: Whether the repetitions do not all say the same.
        evidence: Instructions the verdict rests on, ``main.go:26  CALL ...``.
    """

    claim: str
    says: str
    in_scope: bool
    result: Result
    expected: str = ""
    measured: str = ""
    unit: str = ""
    tolerance: str = ""
    spread: str = ""
    reason: str = ""
    known: str = ""
    disagree: bool = False
    evidence: tuple[str, ...] = ()

    @property
    def deviates_as_documented(self) -> bool:
        """Whether the claim is not reproduced, for the reason its manifest gives."""
        return self.result == "not reproduced" and bool(self.known)

    @property
    def failed(self) -> bool:
        """Whether this verdict makes a run fail: in scope and neither reproduced nor documented."""
        undecided = self.result in {"not reproduced", "inconclusive"}
        return self.in_scope and undecided and not self.known


def _range(value: object) -> object:
    return VersionRange.parse(value) if isinstance(value, str) else value


Range = Annotated[
    VersionRange,
    BeforeValidator(_range),
    PlainSerializer(lambda found: found.text, return_type=str),
]


class Quantity(BaseModel):
    """A MemStats field at a snapshot, or its growth since an earlier one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = "Alloc"
    at: str
    since: str | None = None
    scenario: str | None = None

    def of(self, output: Output) -> int:
        """Return the quantity in bytes (or as a count). Raises ``Unmeasured``."""
        value = _stat(output, self.at, self.field)
        return value - _stat(output, self.since, self.field) if self.since else value

    def snapshots(self) -> set[str]:
        """Return the snapshots of its own scenario that it needs."""
        return set() if self.scenario else {self.at, *([self.since] if self.since else [])}

    def __str__(self) -> str:
        growth = f" since {self.since}" if self.since else ""
        where = f" of {self.scenario}" if self.scenario else ""
        return f"{self.field} at {self.at}{growth}{where}"


class Unmeasured(Exception):  # noqa: N818  not an error, an answer
    """A quantity is not there to be judged, and why."""


def _stat(output: Output, snapshot: str, field: str) -> int:
    for found in output.snapshots:
        if found.name == snapshot:
            if field not in found.stats:
                raise Unmeasured(f"this program prints no {field}")
            return found.stats[field]
    raise Unmeasured(f"the program printed no snapshot {snapshot!r}")


class _Claim(BaseModel):
    """What every claim has.

    Attributes:
        id: Its name within the scenario.
        says: The claim in a sentence.
        go: The releases it was made for.
        known: Why it is known not to hold as printed; shown beside the verdict.
        known_go: The releases that ``known`` is about; without it, all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    says: str
    go: Range
    known: str = ""
    known_go: Range | None = None

    def needs(self) -> set[str]:
        """Return the other scenarios whose observations it is judged on."""
        return set()

    def snapshots(self) -> set[str]:
        """Return the snapshots of its own scenario that it is judged on."""
        return set()

    def judge(self, own: Observations, others: Mapping[str, Observations]) -> Verdict:
        raise NotImplementedError

    def verdict(self, own: Observations, result: Result, **details: Any) -> Verdict:  # noqa: ANN401
        """Make this claim's verdict; ``known`` goes along only with a deviation."""
        about_this = self.known_go is None or own.cell.version in self.known_go
        return Verdict(
            claim=self.id,
            says=self.says,
            in_scope=own.cell.version in self.go,
            result=result,
            known=self.known if result == "not reproduced" and about_this else "",
            **details,
        )


class _Measured(_Claim):
    """A claim on the figures of each repetition."""

    def judge(self, own: Observations, others: Mapping[str, Observations]) -> Verdict:
        try:
            judged = [self.measure(run.output, others) for run in own.repetitions]
        except Unmeasured as why:
            return self.verdict(own, "inconclusive", reason=str(why))
        return self._combine(own, judged)

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:
        raise NotImplementedError

    def _combine(self, own: Observations, judged: Sequence[Measurement]) -> Verdict:
        numbers = [one.number for one in judged if one.number is not None]
        middle = sorted(judged, key=lambda one: one.number or 0)[(len(judged) - 1) // 2]
        spread = max(numbers) - min(numbers) if numbers else None
        details: dict[str, Any] = {
            "expected": middle.expected,
            "measured": middle.shown,
            "unit": middle.unit,
            "tolerance": middle.tolerance,
            "spread": "" if spread is None else _shown(spread / UNIT_BYTES[middle.unit or "count"]),
        }
        reason = middle.reason
        result: Result = "reproduced" if middle.holds else "not reproduced"
        details["disagree"] = len({one.holds for one in judged}) > 1
        if details["disagree"]:
            share = sum(one.holds for one in judged)
            reason = (
                f"{share} of {len(judged)} repetitions are as claimed "
                f"({', '.join(one.shown for one in judged)})"
            )
            # What has no tolerance is exact: there a single repetition apart decides nothing.
            if not numbers or not middle.allowed or _middle_half(numbers) > middle.allowed:
                result = "inconclusive"
                reason = f"the repetitions disagree: {reason}"
        return self.verdict(own, result, reason=reason, **details)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A claim on one repetition: whether it holds, and the numbers.

    ``number`` and ``allowed`` are in bytes, or as they are for counts and ratios.
    """

    holds: bool
    number: float | None
    shown: str
    expected: str
    reason: str
    unit: str = ""
    tolerance: str = ""
    allowed: float = 0


def _middle_half(numbers: Sequence[float]) -> float:
    """Return the interquartile range: the spread without the outliers."""
    lower, _, upper = statistics.quantiles(numbers, n=4, method="inclusive")
    return upper - lower


def _shown(number: float) -> str:
    """Write a number without needless decimals."""
    near = round(number)  # an integer, so that there is no -0
    return str(near) if abs(number - near) < 0.005 else f"{number:.2f}"  # noqa: PLR2004


class _Growth(_Measured):
    """A claim about what remains of a growth."""

    grown: tuple[str, str]
    at: str
    field: str = "Alloc"

    def snapshots(self) -> set[str]:
        """Return both ends of the growth, and where its rest is looked for."""
        return {*self.grown, self.at}

    def share(self, output: Output) -> tuple[float, int]:
        """Return which share of the growth is there at ``at``, and the growth in bytes."""
        low, high = (_stat(output, name, self.field) for name in self.grown)
        if high <= low:
            raise Unmeasured(f"{self.field} did not grow from {self.grown[0]} to {self.grown[1]}")
        return (_stat(output, self.at, self.field) - low) / (high - low), high - low

    def _measurement(self, output: Output, *, holds: bool, expected: str) -> Measurement:
        share, growth = self.share(output)
        return Measurement(
            holds=holds,
            number=share,
            shown=f"{share:.3f}",
            expected=expected,
            unit="ratio",
            reason=f"{share:.1%} of the {growth / KIB:,.0f} KiB that {self.field} grew from "
            f"{self.grown[0]} to {self.grown[1]} is there at {self.at}",
        )


class Kept(_Growth):
    """Memory that grew is still there: at least ``share`` of the growth."""

    kind: Literal["kept"]
    threshold: float = Field(0.9, alias="share", gt=0, le=1)

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:  # noqa: ARG002
        """Compare what remains with the threshold."""
        holds = self.share(output)[0] >= self.threshold
        return self._measurement(output, holds=holds, expected=f">= {self.threshold:g}")


class Released(_Growth):
    """Memory that grew is gone: at most ``share`` of the growth is left."""

    kind: Literal["released"]
    threshold: float = Field(0.1, alias="share", ge=0, lt=1)

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:  # noqa: ARG002
        """Compare what remains with the threshold."""
        holds = self.share(output)[0] <= self.threshold
        return self._measurement(output, holds=holds, expected=f"<= {self.threshold:g}")


class Figure(_Measured):
    """A printed figure: a size, a growth, a ratio of two, or an exact count.

    Sizes that a program prints after dividing (``461 MB``) are truncated the
    same way before they are compared; growths are not.
    """

    kind: Literal["figure"]
    printed: float
    unit: Unit
    at: str
    since: str | None = None
    field: str = "Alloc"
    of: Quantity | None = None
    tolerance: float = 0
    tolerance_percent: float = 0

    explained_by: Quantity | None = None

    def needs(self) -> set[str]:
        """Return the scenarios that it is a ratio of, or explained by."""
        sides = (self.of, self.explained_by)
        return {side.scenario for side in sides if side is not None and side.scenario}

    def snapshots(self) -> set[str]:
        """Return where the figure is read, and the quantity that it is a ratio of."""
        own = {self.at, *([self.since] if self.since else [])}
        return own | (self.of.snapshots() if self.of else set())

    def judge(self, own: Observations, others: Mapping[str, Observations]) -> Verdict:
        """Judge it; a deviation counts as documented only if its explanation is measured."""
        verdict = super().judge(own, others)
        if not verdict.deviates_as_documented or self.explained_by is None:
            return verdict
        try:
            found = _elsewhere(self.explained_by, Output(), others) / UNIT_BYTES[self.unit]
        except Unmeasured as why:
            return replace(verdict, known="", reason=f"{verdict.reason}; {why}")
        explained = abs(int(found) - self.printed) <= max(self.tolerance, 0)
        told = f"{self.explained_by} is {int(found)} {self.unit}, measured here"
        if not explained:
            return replace(verdict, known="", reason=f"{verdict.reason}; but {told}")
        return replace(verdict, known=f"{self.known} {told[:1].upper()}{told[1:]}.")

    @model_validator(mode="after")
    def _ratio_has_two_sides(self) -> Figure:
        if (self.unit == "ratio") != (self.of is not None):
            raise ValueError(
                "a figure with unit ratio has `of`, the quantity it is a ratio of; no other has"
            )
        return self

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:
        """Compare with the printed figure."""
        quantity = Quantity(field=self.field, at=self.at, since=self.since)
        raw = quantity.of(output)
        if self.of is not None:
            below = _elsewhere(self.of, output, others)
            if not below:
                raise Unmeasured(f"{self.of} is 0")
            value = raw / below
        else:
            value = raw / UNIT_BYTES[self.unit]
            if self.unit in {"KiB", "MB"} and self.since is None:
                value = float(int(value))
        allowed = max(self.tolerance, abs(self.printed) * self.tolerance_percent / 100)
        difference = value - self.printed
        return Measurement(
            holds=abs(difference) <= allowed,
            number=value * UNIT_BYTES[self.unit],
            shown=_shown(value),
            expected=_shown(self.printed),
            unit=self.unit,
            tolerance=_shown(allowed),
            allowed=allowed * UNIT_BYTES[self.unit],
            reason=f"{quantity} is {_shown(value)} where {_shown(self.printed)} is printed "
            f"({difference:+.1f}, allowed {_shown(allowed)} either way)",
        )


class SequenceClaim(_Measured):
    """A list of exact numbers: a counter over the snapshots, or a value printed many times."""

    kind: Literal["sequence"]
    printed: tuple[int, ...]
    field: str | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SequenceClaim:
        if (self.field is None) == (self.value is None):
            raise ValueError(
                "a sequence has either `field` (of MemStats) or `value` (printed by the program)"
            )
        return self

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:  # noqa: ARG002
        """Compare number by number."""
        if self.field is not None:
            found = tuple(_stat(output, snapshot.name, self.field) for snapshot in output.snapshots)
        else:
            found = tuple(output.numbers.get(self.value or "", ()))
        if not found:
            raise Unmeasured(f"the program printed no {self.field or self.value}")
        return Measurement(
            holds=found == self.printed,
            number=None,
            shown=_listed(found),
            expected=_listed(self.printed),
            unit="count",
            tolerance="0",
            reason=f"{self.field or self.value} is {_listed(found)}",
        )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


class Bounds(_Measured):
    """Numbers that chance moves: each value printed lies between its own two ends, both allowed."""

    kind: Literal["bounds"]
    value: str
    at_least: tuple[int, ...]
    at_most: tuple[int, ...]

    @model_validator(mode="after")
    def _two_ends_each(self) -> Bounds:
        if len(self.at_least) != len(self.at_most) or any(low > high for low, high in self._ends()):
            raise ValueError(
                "`at_least` and `at_most` have a number for each value, the lower in `at_least`"
            )
        return self

    def _ends(self) -> list[tuple[int, int]]:
        return list(zip(self.at_least, self.at_most, strict=False))

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:  # noqa: ARG002
        """Compare number by number with both ends."""
        found = output.numbers.get(self.value, ())
        if not found:
            raise Unmeasured(f"the program printed no {self.value}")
        ends = self._ends()
        outside = [
            str(number)
            for number, (low, high) in zip(found, ends, strict=False)
            if not low <= number <= high
        ]
        reason = f"{self.value} is {_listed(found)}"
        if len(found) != len(ends):
            reason += f"; {len(ends)} numbers are claimed"
        elif outside:
            reason += f"; outside its ends: {', '.join(outside)}"
        shown = [f"{low}" if low == high else f"{low}-{high}" for low, high in ends]
        return Measurement(
            holds=len(found) == len(ends) and not outside,
            number=None,
            shown=_listed(found),
            expected=f"within {', '.join(shown)}",
            unit="count",
            reason=reason,
        )


class Comparison(_Measured):
    """One quantity against another, maybe of another scenario on the same toolchain."""

    kind: Literal["comparison"]
    left: Quantity
    relation: Literal["equals", "at most", "at least"]
    factor: float = Field(1, gt=0)
    right: Quantity
    tolerance_percent: float = 0

    def needs(self) -> set[str]:
        """Return the scenarios of both sides, but for its own."""
        return {side.scenario for side in (self.left, self.right) if side.scenario}

    def snapshots(self) -> set[str]:
        """Return the snapshots of the sides that are its own scenario's."""
        return self.left.snapshots() | self.right.snapshots()

    def measure(self, output: Output, others: Mapping[str, Observations]) -> Measurement:
        """Compare left with factor times right."""
        left = _elsewhere(self.left, output, others)
        right = _elsewhere(self.right, output, others)
        if right <= 0:
            raise Unmeasured(f"{self.right} is {right}")
        ratio = left / right
        slack = self.factor * self.tolerance_percent / 100
        holds = {
            "equals": abs(ratio - self.factor) <= slack,
            "at most": ratio <= self.factor + slack,
            "at least": ratio >= self.factor - slack,
        }[self.relation]
        return Measurement(
            holds=holds,
            number=ratio,
            shown=f"{ratio:.3f}",
            expected=f"{self.relation} {self.factor:g}",
            unit="ratio",
            tolerance=f"{slack:.3g}",
            allowed=slack,
            reason=f"{self.left} is {left / MIB:,.1f} MB, {self.right} is {right / MIB:,.1f} MB",
        )


def _elsewhere(quantity: Quantity, output: Output, others: Mapping[str, Observations]) -> float:
    """Return a quantity of this run, or the median over the runs of another scenario."""
    if quantity.scenario is None:
        return quantity.of(output)
    other = others.get(quantity.scenario)
    if other is None:
        raise Unmeasured(f"{quantity.scenario} was not measured in this run; add it to the command")
    if reason := unusable(other):
        raise Unmeasured(f"{quantity.scenario}: {reason}")
    return statistics.median(quantity.of(run.output) for run in other.repetitions)


class _Listed(_Claim):
    """A claim about the compiler's listing.

    Attributes:
        line: The source line it is about: its number, or text that it contains.
            Without it the whole program is meant.
        file: The file that line is in, where the program has several.
        present: False claims the absence.
        count: How many there have to be; without it, any number but none.
    """

    line: int | str | None = None
    file: str | None = None
    present: bool = True
    count: int | None = Field(None, ge=1)

    def judge(self, own: Observations, others: Mapping[str, Observations]) -> Verdict:  # noqa: ARG002
        facts = own.facts
        if facts is None:
            return self.verdict(own, "inconclusive", reason="there is no listing to read")
        lines = self._lines(own.source)
        if lines is not None and not lines:
            return self.verdict(
                own, "inconclusive", reason=f"no line of the program contains {self.line!r}"
            )
        asked = set(facts.code_lines) if lines is None else lines & facts.code_lines
        if not asked:
            return self.verdict(
                own, "inconclusive", reason=f"the compiler emitted no code for {_places(lines)}"
            )
        found = [one for one in self.matching(facts) if (one.file, one.line) in asked]
        return self._decide(own, facts, found, asked)

    def _lines(self, source: Mapping[str, tuple[str, ...]]) -> set[tuple[str, int]] | None:
        """Return the lines the claim is about, as (file, line); None for all of them."""
        if self.line is None:
            return None
        files = {name: lines for name, lines in source.items() if self.file in {None, name}}
        if isinstance(self.line, int):
            return {(file, self.line) for file in files}
        return {
            (file, number)
            for file, lines in files.items()
            for number, text in enumerate(lines, start=1)
            if self.line in text.partition("//")[0]
        }

    def _decide(
        self,
        own: Observations,
        facts: Facts,
        found: Sequence[Call | NilStore],
        asked: AbstractSet[tuple[str, int]],
    ) -> Verdict:
        what = self.what() if self.count is None else f"{self.count} x {self.what()}"
        measured = f"{len(found)} found" if found else "none"
        place = _places(asked) if self.line is not None else f"any of {len(asked)} lines with code"
        details: dict[str, Any] = {
            "expected": what if self.present else f"no {what}",
            "measured": measured,
            "evidence": tuple(f"{one.file}:{one.line}\t{one.instruction}" for one in found),
        }
        if found and all(getattr(one, "uncertain", False) for one in found):
            reason = str(getattr(found[0], "uncertain_because", ""))
            return self.verdict(own, "inconclusive", reason=reason, **details)
        there = bool(found) if self.count is None else len(found) == self.count
        reason = f"{measured} at {place}"
        if there == self.present:
            return self.verdict(own, "reproduced", reason=reason, **details)
        if self.line is not None:
            everything: list[Call | NilStore] = [*facts.calls, *facts.nil_stores]
            beside = [one.instruction for one in everything if (one.file, one.line) in asked]
            reason += f"; what is there: {', '.join(beside) or 'no map call and no nil store'}"
        return self.verdict(own, "not reproduced", reason=reason, **details)

    def matching(self, facts: Facts) -> Sequence[Call | NilStore]:
        raise NotImplementedError

    def what(self) -> str:
        raise NotImplementedError


def _places(lines: AbstractSet[tuple[str, int]] | None) -> str:
    return ", ".join(f"{file}:{line}" for file, line in sorted(lines or ())) or "the program"


class CallClaim(_Listed):
    """A call of a runtime function, or a reference to one, is in the listing.

    A reference takes the function's address: the runtime calls it later, as
    for ``defer delete(m, k)``.
    """

    kind: Literal["call", "reference"]
    callee: str

    def matching(self, facts: Facts) -> Sequence[Call]:
        """Return the calls of that function, anywhere."""
        return [one for one in facts.calls if (one.kind, one.callee) == (self.kind, self.callee)]

    def what(self) -> str:
        """Say it as the listing does."""
        return f"CALL {self.callee}" if self.kind == "call" else f"reference to {self.callee}"


class NilStoreClaim(_Listed):
    """The machine code stores nil into a package-level variable.

    Attributes:
        variable: ``main.intMap``; without it, any variable of the program.
        form: Text that the instruction form must hold, as ``XORL``.
    """

    kind: Literal["nil-store"]
    variable: str | None = None
    form: str | None = None

    def matching(self, facts: Facts) -> Sequence[NilStore]:
        """Return the nil stores of that variable in that form, anywhere."""
        return [
            one
            for one in facts.nil_stores
            if self.variable in {None, one.variable}
            and (self.form is None or self.form in one.form)
        ]

    def what(self) -> str:
        """Say what is looked for."""
        form = f" through {self.form}" if self.form else ""
        return f"nil store of {self.variable or 'any package-level variable'}{form}"


AnyClaim = (
    Kept | Released | Figure | SequenceClaim | Bounds | Comparison | CallClaim | NilStoreClaim
)
Claim = Annotated[AnyClaim, Field(discriminator="kind")]


_COMMENT = re.compile(r"//\s*goclaim(?P<go>\s+\S+)?:\s*(?P<expectation>\S.*?)\s*$")
_EXPECTATION = re.compile(
    r"(?P<negated>-)?((?P<count>\d+)\s+)?"
    r"((?P<call>call|reference)\s+(?P<callee>\S+)"
    r"|nil-store\s+(?P<variable>\S+)(\s+(?P<form>\S+))?)"
)


def claims_in_comments(file: str, text: str) -> tuple[CallClaim | NilStoreClaim, ...]:
    """Read the expectations that stand beside the code they are about.

    In the way of the Go project's own ``test/codegen``, with the releases it
    is about and with counts and negation::

        delete(m, k) // goclaim 1.9..: call runtime.mapdelete_fast64
        // goclaim 1.10..1.20: nil-store main.m XORL
        // goclaim 1.21..: -nil-store main.m XORL
        m = nil

    A comment on a line of its own is about the next line of code. Raises
    ``ValueError`` beginning with the line number.
    """
    claims: list[CallClaim | NilStoreClaim] = []
    waiting: list[tuple[int, re.Match[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        comment = _COMMENT.search(line)
        if comment:
            waiting.append((number, comment))
        code = line[: comment.start()] if comment else line
        if code.strip() and not code.strip().startswith("//"):
            claims += [_commented(file, at, found, number) for at, found in waiting]
            waiting = []
    if waiting:
        raise ValueError(f"{waiting[0][0]}: there is no code behind this expectation")
    return tuple(claims)


def _commented(file: str, at: int, comment: re.Match[str], line: int) -> CallClaim | NilStoreClaim:
    expectation = _EXPECTATION.fullmatch(comment["expectation"])
    if expectation is None:
        raise ValueError(
            f"{at}: {comment['expectation']!r} is no expectation; write call FUNCTION, "
            "reference FUNCTION or nil-store VARIABLE [FORM], with - before it for its absence "
            "or a number for how many"
        )
    if expectation["negated"] and expectation["count"]:
        raise ValueError(f"{at}: an expectation is negated or counted, not both")
    same: dict[str, Any] = {
        "id": f"line-{at}",
        "says": comment["expectation"],
        "go": (comment["go"] or "1.2..").strip(),
        "file": file,
        "line": line,
        "present": not expectation["negated"],
        "count": expectation["count"],
    }
    try:
        if expectation["call"]:
            callee = f"runtime.{expectation['callee'].removeprefix('runtime.')}"
            return CallClaim(kind=expectation["call"], callee=callee, **same)
        variable = expectation["variable"]
        return NilStoreClaim(
            kind="nil-store",
            variable=variable if "." in variable else f"main.{variable}",
            form=expectation["form"],
            **same,
        )
    except ValidationError as error:
        raise ValueError(f"{at}: {error.errors()[0]['msg']}") from error


def unusable(observations: Observations) -> str:
    """Say why a cell's figures can't be judged, or return an empty string."""
    if observations.not_applicable:
        return observations.not_applicable
    if observations.failure:
        return observations.failure
    failures = [run for run in observations.repetitions if run.failure]
    if failures:
        total = len(observations.repetitions)
        return f"repetition {failures[0].number} of {total}: {failures[0].failure}"
    return "" if observations.repetitions else "it was not run"


def judge(claim: AnyClaim, own: Observations, others: Mapping[str, Observations]) -> Verdict:
    """Judge a claim on a cell; ``others`` are the cells of the same toolchain by scenario."""
    if own.not_applicable:
        return claim.verdict(own, "not applicable", reason=own.not_applicable)
    if own.failure:
        return claim.verdict(own, "inconclusive", reason=own.failure)
    if isinstance(claim, _Measured) and (reason := unusable(own)):
        return claim.verdict(own, "inconclusive", reason=reason)
    return claim.judge(own, others)

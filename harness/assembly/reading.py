"""What a listing says of a program: its map calls and its nil stores."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from harness.assembly import flow
from harness.assembly.listing import (
    PADDING,
    PSEUDO,
    Datum,
    Package,
    Text,
    modern,
    names_package,
    parts,
    read,
)
from harness.assembly.operands import operands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.assembly.flow import Address, Proof, Store
    from harness.assembly.listing import Function, Instruction

WORD = flow.WORD

_MAP_FUNCTION = re.compile(
    r"runtime\.(?:map(?:access[12]|assign|delete|clear|clone|iter|Iter|initnoop)\w*|makemap\w*)\Z"
    r"|internal/runtime/maps\.[\w.()*]+\Z"
)
_VALUE = "·f"  # a function's value: what a go or defer statement hands to the runtime
_ANY_CALL = frozenset({"CALL", "BL"})
_JUMP = frozenset({"JMP", "B"})
_NOT_VARIABLES = re.compile(
    r"(?:type|go|gclocals|runtime)[.:·]|.*(?:·f|\.stkobj|\.opendefer|\.jump[0-9]+)\Z"
    r"|.*\.(?:\.stmp_|statictmp_|\.dict)"
)
_STATIC = re.compile(r".*\.(?:\.stmp_|statictmp_)[0-9]+\Z")

# Symbol kinds by their number, up to Go 1.8. The numbers moved with every release; what they were
# in this one shows in the number of read-only data, which every listing has.
_NUMBERED = {
    (True, 7): {18: "NOPTRDATA", 20: "DATA", 21: "BSS", 22: "NOPTRBSS"},
    (True, 8): {
        20: "NOPTRDATA", 22: "DATA", 23: "BSS", 24: "NOPTRBSS",
        27: "NOPTRDATA", 29: "DATA", 30: "BSS", 31: "NOPTRBSS",
    },
    (False, 9): {30: "NOPTRDATA", 32: "DATA", 33: "BSS", 34: "NOPTRBSS"},
    (False, 8): {28: "NOPTRDATA", 30: "DATA", 31: "BSS", 32: "NOPTRBSS"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, or a reference to it; one per function, source line and callee."""

    kind: Literal["call", "reference"]
    callee: str
    function: str
    file: str
    line: int
    instruction: str


@dataclass(frozen=True, slots=True)
class NilStore:
    """Nil stored into a package-level variable; one per function, source line and variable."""

    variable: str
    function: str
    file: str
    line: int
    forms: tuple[str, ...]
    uses_xorl: bool
    uncertain: bool
    uncertain_because: str
    instruction: str

    @property
    def form(self) -> str:
        """All forms in one text."""
        return " | ".join(self.forms)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a listing says; ``code_lines`` are the lines that emitted machine code."""

    calls: tuple[Call, ...]
    nil_stores: tuple[NilStore, ...]
    code_lines: frozenset[tuple[str, int]]
    functions: int
    instructions: int


def facts(
    lines: Iterable[str], *, package: str = "main", calls: Literal["map", "all"] = "map"
) -> Facts:
    """Read a listing to its end and say what it holds."""
    reader = _Reader(package, every=calls == "all")
    for part in parts(lines):
        if isinstance(part, Text):
            reader.function(part)
        elif isinstance(part, Datum):
            reader.datum(part)
        else:
            reader.package(part)
    return reader.facts()


@dataclass(slots=True)
class _Pending:
    """A store of zero, to be judged when the package has been read."""

    function: str
    at: Instruction
    store: Store
    sites: tuple[Instruction, ...]


@dataclass(slots=True)
class _Known:
    """What a package's listing tells of its variables."""

    path: str
    stores: list[_Pending] = field(default_factory=list)
    pointers: set[tuple[str, int]] = field(default_factory=set)
    moving: set[tuple[str, int]] = field(default_factory=set)
    scalars: set[tuple[str, int]] = field(default_factory=set)
    # By function, file, line and variable.
    moving_at: set[tuple[str, str, int, str]] = field(default_factory=set)
    regions: dict[tuple[str, str, int, str], int] = field(default_factory=dict)
    typed: set[tuple[str, str, int, str, int]] = field(default_factory=set)
    data: dict[str, Datum] = field(default_factory=dict)
    read_only: int = 0
    named_kinds: bool = False  # "SBSS" rather than a number: Go 1.9 on


class _Reader:
    """Collects facts, package by package."""

    def __init__(self, package: str, *, every: bool) -> None:
        self.main = package
        self.every = every
        self.calls: dict[tuple[str, ...], Call] = {}
        self.nil_stores: list[NilStore] = []
        self.code_lines: set[tuple[str, int]] = set()
        self.functions = 0
        self.instructions = 0
        self.known = _Known(package)

    def package(self, part: Package) -> None:
        self._judge()
        self.known = _Known(part.path if names_package(part.path) else self.main)

    def function(self, part: Text) -> None:
        known = self.known
        function = read(part, known.path)
        known.named_kinds |= part.word == "TEXT"
        self.functions += 1
        self.instructions += len(function.instructions)
        self._code_lines(function)
        self._calls(function)
        self._flow(function)

    def datum(self, part: Datum) -> None:
        known = self.known
        known.named_kinds |= not part.word.isdigit()
        if part.word.isdigit() and part.name.startswith("gclocals·"):
            known.read_only = int(part.word)
        part.name = modern(part.name, known.path)
        if not _NOT_VARIABLES.match(part.name) or _STATIC.match(part.name):
            known.data[part.name] = part

    def facts(self) -> Facts:
        self._judge()
        return Facts(
            tuple(self.calls.values()),
            tuple(self.nil_stores),
            frozenset(self.code_lines),
            self.functions,
            self.instructions,
        )

    # Lines and calls.

    def _code_lines(self, function: Function) -> None:
        """Note the lines of instructions that take room in the machine code."""
        previous: Instruction | None = None
        for each in function.instructions:
            if previous is not None and previous.pc != each.pc:
                self.code_lines.add((previous.file, previous.line))
            previous = each if each.op not in PSEUDO and each.op not in PADDING else None
        if previous is not None:
            self.code_lines.add((previous.file, previous.line))

    def _calls(self, function: Function) -> None:
        for each in function.instructions:
            args = each.args
            if "(SB)" not in args or each.op in PSEUDO:
                continue
            if each.op in _ANY_CALL or each.op in _JUMP:
                callee = operands(args)[-1]
                if callee.base == "SB" and (self.every or _MAP_FUNCTION.match(callee.name)):
                    self._call("call", callee.name, function.name, each)
            elif _VALUE in args or "runtime." in args:
                for operand in operands(args):
                    name = operand.name
                    if operand.base != "SB":
                        continue
                    if name.endswith(_VALUE):
                        name = name[: -len(_VALUE)]
                    elif not _MAP_FUNCTION.match(name):
                        continue
                    if self.every or _MAP_FUNCTION.match(name):
                        self._call("reference", name, function.name, each)

    def _call(
        self, kind: Literal["call", "reference"], callee: str, function: str, each: Instruction
    ) -> None:
        key = (kind, callee, function, each.file, str(each.line))
        if key not in self.calls:
            self.calls[key] = Call(kind, callee, function, each.file, each.line, each.text)

    # Nil stores.

    def _flow(self, function: Function) -> None:
        known = self.known
        effects = flow.analyse(function)
        code = [each for each in function.instructions if each.op not in PSEUDO]
        for store in effects.stores:
            if not _NOT_VARIABLES.match(store.address.symbol):
                at = code[store.site]
                sites = tuple(code[site] for site in sorted(store.sites) if site != store.site)
                known.stores.append(_Pending(function.name, at, store, sites))
        for proof in effects.proofs:
            self._prove(proof, function.name, code[proof.site])
        for site, symbol, offset in effects.typed:
            at = code[site]
            known.typed.add((function.name, at.file, at.line, symbol, offset))

    def _prove(self, proof: Proof, function: str, at: Instruction) -> None:
        known = self.known
        symbol, offset, moving = proof.address
        place = (function, at.file, at.line, symbol)
        if proof.region:
            known.regions[place] = min(offset, known.regions.get(place, offset))
        elif not proof.pointer:
            if not moving:
                known.scalars.add((symbol, offset - offset % WORD))
        elif moving:
            known.moving.add((symbol, offset))
            known.moving_at.add(place)
        else:
            known.pointers.add((symbol, offset))

    def _judge(self) -> None:
        """Say which of the package's stores of zero are nil stores."""
        known = self.known
        grouped: dict[tuple[str, str, int, str], list[_Pending]] = {}
        for pending in known.stores:
            if pending.store.source and not self._empty(pending.store.source):
                continue
            at = pending.at
            place = (pending.function, at.file, at.line, pending.store.address.symbol)
            grouped.setdefault(place, []).append(pending)
        for place, stores in grouped.items():
            self._judge_line(place, stores)

    def _empty(self, symbol: str) -> bool:
        """Say whether a symbol that values were copied from is read-only and all zero."""
        datum = self.known.data.get(symbol)
        return bool(_STATIC.match(symbol)) and datum is not None and datum.zero

    def _judge_line(self, place: tuple[str, str, int, str], stores: list[_Pending]) -> None:
        certain = []
        doubtful = []
        why = ""
        for pending in stores:
            verdict, reason = self._is_pointer(place, pending.store, stores)
            if verdict is None:
                doubtful.append(pending)
                why = why or reason
            elif verdict:
                certain.append(pending)
        chosen = certain or doubtful
        if not chosen:
            return
        function, file, line, symbol = place
        chosen.sort(key=lambda pending: pending.at.pc)
        forms = dict.fromkeys(pending.store.form for pending in chosen)
        sites = [site for pending in chosen for site in pending.sites]
        shown = dict.fromkeys(_evidence(pending) for pending in chosen)
        self.nil_stores.append(
            NilStore(
                symbol,
                function,
                file,
                line,
                tuple(forms),
                any(site.op in ("XORL", "XORQ") for site in sites),
                not certain,
                "" if certain else why,
                " | ".join(shown),
            )
        )

    def _is_pointer(
        self, place: tuple[str, str, int, str], store: Store, stores: list[_Pending]
    ) -> tuple[bool | None, str]:
        """Say whether a pointer is among the words that a store clears; None: can't be told."""
        known = self.known
        symbol, offset, moving = store.address
        kind = self._kind(symbol)
        if kind.startswith("NOPTR"):
            return False, ""
        words = range(offset, offset + store.size, WORD)
        if moving:
            return self._moving_pointer(place, store.address, kind)
        if any((*place, word - WORD) in known.typed for word in words):
            return False, ""
        if any((symbol, word) in known.pointers for word in words):
            return True, ""
        region = known.regions.get(place)
        if region is not None and offset + max(store.size, WORD) > region:
            return True, ""
        datum = known.data.get(symbol)
        if kind and datum is not None and self._covers(datum.size, stores):
            return True, ""
        if all((symbol, word) in known.scalars for word in words) and words:
            return False, ""
        if self._barriers():
            return False, ""
        if kind:
            return None, "up to Go 1.7 a listing doesn't say which words of a variable are pointers"
        return None, "this listing doesn't say whether the variable holds a pointer or a number"

    def _moving_pointer(
        self, place: tuple[str, str, int, str], address: Address, kind: str
    ) -> tuple[bool | None, str]:
        known = self.known
        if (address.symbol, address.offset) in known.moving or place in known.moving_at:
            return True, ""
        if place in known.regions:
            return True, ""
        if self._barriers():
            return False, ""
        if kind:
            return None, "up to Go 1.7 a listing doesn't say which elements are pointers"
        return None, "this listing doesn't say whether the elements are pointers or numbers"

    def _covers(self, size: int, stores: list[_Pending]) -> bool:
        """Say whether the stores of one line clear the whole variable."""
        cleared: set[int] = set()
        for pending in stores:
            store = pending.store
            start = store.address.offset
            if store.address.moving:
                continue
            end = start + store.size if store.size else size
            cleared.update(range(start, min(end, size), WORD))
        return cleared.issuperset(range(0, size, WORD))

    def _kind(self, symbol: str) -> str:
        """The section of a variable: BSS, NOPTRBSS, ...; "" where the listing doesn't say."""
        known = self.known
        datum = known.data.get(symbol)
        if datum is None:
            return ""
        if not datum.word.isdigit():
            return datum.word
        numbers = _NUMBERED.get((datum.valued, known.read_only), {})
        return numbers.get(int(datum.word), "")

    def _barriers(self) -> bool:
        """Say whether this release has a write barrier for nil: Go 1.8 and later."""
        known = self.known
        return (
            known.named_kinds
            or (known.read_only == 8
            and not any(
                datum.valued for datum in known.data.values()
            ))
        )


def _evidence(pending: _Pending) -> str:
    """The instructions of a store, with those that made its zero."""
    return "; ".join(each.text for each in (*pending.sites, pending.at))

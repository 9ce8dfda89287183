"""What a listing says of a program: its map calls and its nil stores."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from harness.assembly import flow
from harness.assembly.listing import (
    PADDING,
    PSEUDO,
    Datum,
    Package,
    Text,
    escaped,
    instruction,
    is_main,
    is_variable,
    modern,
    names_package,
    parts,
    position,
    read,
)
from harness.assembly.operands import operands
from harness.assembly.sieve import needs_flow, serves_as_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.assembly.flow import Address, Proof, Store
    from harness.assembly.listing import Function, Instruction

WORD = flow.WORD

_MAP_FUNCTION = re.compile(
    r"runtime\.(?:map(?:access[12]|assign|delete|clear|clone|iter|Iter|initnoop)\w*|makemap\w*)\Z"
    r"|internal/runtime/maps\.[\w.()*]+\Z"
)
_VALUE = "·f"  # a function's value: what a go or defer statement hands to the runtime
_CALLS = frozenset({"CALL", "BL", "JMP", "B"})  # a jump to a symbol is a call that doesn't return
_STATIC = re.compile(r".*\.(?:\.stmp_|statictmp_)[0-9]+\Z")
_TABLE = re.compile(r".*\.jump[0-9]+\Z")
_UNNAMED = "\0"  # stands for a package's path until it is known
_SILENT = frozenset(
    op + end for op in (*PSEUDO, *PADDING - {"XCHGL"}) for end in ("", "\n", "\r\n")
)

# Symbol kinds by their number, up to Go 1.8. The numbers moved with every release; which one this
# is shows in the number of read-only data (every listing has some) and in the headers' fields.
_NUMBERED = {
    (True, 7): {18: "NOPTRDATA", 20: "DATA", 21: "BSS", 22: "NOPTRBSS"},
    (True, 8): {
        20: "NOPTRDATA", 22: "DATA", 23: "BSS", 24: "NOPTRBSS",
        27: "NOPTRDATA", 29: "DATA", 30: "BSS", 31: "NOPTRBSS",
    },
    (False, 9): {30: "NOPTRDATA", 32: "DATA", 33: "BSS", 34: "NOPTRBSS"},
    (False, 8): {28: "NOPTRDATA", 30: "DATA", 31: "BSS", 32: "NOPTRBSS"},
}  # fmt: skip
_READ_ONLY_1_8 = (False, 8)

_BATCH = 400  # instructions that stores under one test of the barrier take at most

_BY_SYMBOL = "this listing doesn't say whether the variable holds a pointer or a number"
_BY_WORD = "up to Go 1.7 a listing doesn't say which words of a variable are pointers"
_BY_PAIR = "that is how this release stores an empty string too"
_BY_COPY = "the listing doesn't print the contents of the value that is copied"


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
    zeroed: tuple[Instruction, ...]


_Place = tuple[str, str, int, str]  # function, file, line, variable


@dataclass(slots=True)
class _Known:
    """What a package's listing tells of its variables."""

    path: str
    stores: list[_Pending] = field(default_factory=list)
    calls: dict[tuple[str | int, ...], Call] = field(default_factory=dict)
    pointers: set[tuple[str, int]] = field(default_factory=set)
    moving: set[tuple[str, int]] = field(default_factory=set)
    scalars: set[tuple[str, int]] = field(default_factory=set)
    strings: set[tuple[str, int]] = field(default_factory=set)
    taken: set[tuple[str, int]] = field(default_factory=set)  # pointers that no string holds
    described: set[str] = field(default_factory=set)  # variables whose type is named: Go 1.17 on
    moving_at: set[_Place] = field(default_factory=set)
    regions: dict[_Place, int] = field(default_factory=dict)
    mixed: dict[_Place, int] = field(default_factory=dict)  # from here on, some are pointers
    typed: set[tuple[_Place, int]] = field(default_factory=set)
    data: dict[str, Datum] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)  # Go 1.2: functions, as the listing names them
    waiting: list[Text] = field(default_factory=list)  # functions whose jump tables come later
    read_only: int = 0
    valued: bool = False
    named_kinds: bool = False  # "SBSS" rather than a number: Go 1.9 on
    main: bool = False


class _Reader:
    """Collects facts, package by package."""

    def __init__(self, package: str, *, every: bool) -> None:
        self.given = package
        self.every = every
        self.calls: list[Call] = []
        self.nil_stores: list[NilStore] = []
        self.code_lines: set[tuple[str, int]] = set()
        self.functions = 0
        self.instructions = 0
        self.known = _Known(package)

    def package(self, part: Package) -> None:
        self._finish()
        # A command's folder has another path than its symbols: wait for what the listing tells.
        self.known = _Known(_UNNAMED + part.path if names_package(part.path) else self.given)

    def function(self, part: Text) -> None:
        known = self.known
        known.named_kinds |= part.word == "TEXT" or _is_recent(part)
        known.valued |= part.valued
        known.main |= is_main(part, known.path.removeprefix(_UNNAMED))
        self.functions += 1
        self.instructions += len(part.lines)
        if part.old:
            known.defined.add(part.name)
            function = read(part, self._prefix())
            self._code_lines(function)
            self._calls(function.name, function.instructions)
            self._flow(function, part)
            return
        calling, flows = self._scan(part)
        if calling:
            name = modern(part.name, self._prefix())
            self._calls(name, self._instructions(calling))
        if flows:
            if known.named_kinds and any("*8)" in line for line in part.lines if "JMP" in line):
                known.waiting.append(part)
            else:
                self._flow(read(part, self._prefix()), part)

    def _instructions(self, lines: list[str]) -> Iterator[Instruction]:
        prefix = escaped(self._prefix()) + "."
        for line in lines:
            each = instruction(line, prefix, {})
            if each is not None:
                yield each

    def datum(self, part: Datum) -> None:
        if not part.word:
            return
        known = self.known
        known.named_kinds |= not part.word.isdigit()
        if part.word == "DWARFVAR":
            name = modern(part.name, self._prefix())
            known.described.add(name)
            if part.filled:
                known.strings.add((name, 0))
            return
        if part.word.isdigit() and part.name.startswith("gclocals·"):
            known.read_only = int(part.word[:9])
        part.name = modern(part.name, self._prefix())
        if (
            is_variable(part.name)
            or _STATIC.match(part.name)
            or (known.waiting and _TABLE.match(part.name))
        ):
            known.data[part.name] = part

    def facts(self) -> Facts:
        self._finish()
        return Facts(
            tuple(self.calls),
            tuple(self.nil_stores),
            frozenset(self.code_lines),
            self.functions,
            self.instructions,
        )

    def _prefix(self) -> str:
        path = self.known.path
        return _UNNAMED if path.startswith(_UNNAMED) else path

    # Lines and calls.

    def _scan(self, text: Text) -> tuple[list[str], bool]:
        """Note the lines with machine code; return those that may call, and whether to follow."""
        places = set()
        before = place = ""
        calling = []
        every = self.every
        flows = False
        named = text.word == "TEXT"
        lines = text.lines
        for number, line in enumerate(lines):
            fields = line.split("\t", 3)
            if len(fields) < 3:  # noqa: PLR2004
                continue
            op = fields[2]
            pc, _, at = fields[1].partition(" (")
            if pc != before:
                places.add(place)
                before = pc
            place = "" if op in _SILENT or (op == "XCHGL" and "AX, AX" in line) else at
            if "(SB)" not in line or op in PSEUDO:
                continue
            rest = fields[-1]
            if every or ("map" in rest and "runtime" in rest):
                calling.append(line)
            if not flows and op not in _CALLS:
                flows = needs_flow(lines, number, op, rest)
            if not named and op == "MOVQ" and serves_as_address(lines, number, rest):
                self._loaded_pointer(line)
        places.add(place)
        places.discard("")
        self.code_lines.update(position(each.rstrip("\r\n").removesuffix(")")) for each in places)
        return calling, flows

    def _loaded_pointer(self, line: str) -> None:
        """Note that the word that an instruction loads is used as an address."""
        for each in self._instructions([line]):
            source = operands(each.args)[0]
            if is_variable(source.name):
                self.known.pointers.add((source.name, source.offset))

    def _code_lines(self, function: Function) -> None:
        """Note the lines with machine code, where there are no addresses (Go 1.2)."""
        for each in function.instructions:
            if each.op not in PSEUDO and each.op not in PADDING:
                self.code_lines.add((each.file, each.line))

    def _calls(self, function: str, instructions: Iterable[Instruction]) -> None:
        for each in instructions:
            if "(SB)" not in each.args or each.op in PSEUDO:
                continue
            called = each.op in _CALLS
            for operand in operands(each.args):
                name = operand.name
                value = name.endswith(_VALUE)
                if operand.base == "SB" and (called or value or _MAP_FUNCTION.match(name)):
                    name = name.removesuffix(_VALUE)
                    if self.every or _MAP_FUNCTION.match(name):
                        self._call("call" if called else "reference", name, function, each)

    def _call(
        self, kind: Literal["call", "reference"], callee: str, function: str, each: Instruction
    ) -> None:
        key = (kind, callee, function, each.file, each.line)
        if key not in self.known.calls:
            call = Call(kind, callee, function, each.file, each.line, each.text)
            self.known.calls[key] = call

    # Nil stores.

    def _flow(self, function: Function, text: Text) -> None:
        known = self.known
        tables = {name: datum.targets for name, datum in known.data.items() if datum.targets}
        effects = flow.analyse(function, tables, text.duffs)
        code = [each for each in function.instructions if each.op not in PSEUDO]
        for store, at in _on_own_lines(code, effects):
            if is_variable(store.address.symbol):
                zeroed = tuple(code[site] for site in sorted(store.zeroed) if site != store.site)
                known.stores.append(_Pending(function.name, at, store, zeroed))
        for proof in effects.proofs:
            self._prove(proof, function.name, code[proof.site])
        known.strings.update(address[:2] for address in effects.strings if not address.moving)
        for site, address in effects.typed:
            at = code[site]
            place = (function.name, at.file, at.line, address.symbol)
            known.typed.add((place, address.offset))

    def _prove(self, proof: Proof, function: str, at: Instruction) -> None:
        known = self.known
        symbol, offset, moving = proof.address
        place = (function, at.file, at.line, symbol)
        if proof.region and not proof.pointer:
            known.mixed[place] = min(offset, known.mixed.get(place, offset))
        elif proof.region:
            known.regions[place] = min(offset, known.regions.get(place, offset))
        elif not proof.pointer:
            if not moving:
                known.scalars.add((symbol, offset - offset % WORD))
        elif moving:
            known.moving.add((symbol, offset))
            known.moving_at.add(place)
        else:
            known.pointers.add((symbol, offset))
            if proof.taken:
                known.taken.add((symbol, offset))

    def _finish(self) -> None:
        """Judge a package's stores of zero, now that all is known of it; give it its name."""
        known = self.known
        for text in known.waiting:
            self._flow(read(text, self._prefix()), text)
        grouped: dict[_Place, list[_Pending]] = {}
        for pending in known.stores:
            at = pending.at
            place = (pending.function, at.file, at.line, pending.store.address.symbol)
            grouped.setdefault(place, []).append(pending)
        verdicts = (self._judge(place, stores) for place, stores in grouped.items())
        found = [each for each in verdicts if each is not None]
        calls = [each for each in known.calls.values() if each.callee not in known.defined]
        if known.path.startswith(_UNNAMED):
            name = "main" if known.main else escaped(known.path.removeprefix(_UNNAMED))
            found = [
                replace(
                    each,
                    variable=each.variable.replace(_UNNAMED, name),
                    function=each.function.replace(_UNNAMED, name),
                    instruction=each.instruction.replace(_UNNAMED, name),
                )
                for each in found
            ]
            calls = [
                replace(
                    each,
                    callee=each.callee.replace(_UNNAMED, name),
                    function=each.function.replace(_UNNAMED, name),
                    instruction=each.instruction.replace(_UNNAMED, name),
                )
                for each in calls
            ]
        self.nil_stores += found
        self.calls += calls

    def _judge(self, place: _Place, stores: list[_Pending]) -> NilStore | None:
        """Say what the stores into one variable on one line are."""
        certain: list[_Pending] = []
        doubtful: list[_Pending] = []
        why = ""
        for pending in stores:
            verdict = self._is_nil(place, pending.store, stores)
            if isinstance(verdict, str):
                doubtful.append(pending)
                why = why or verdict
            elif verdict:
                certain.append(pending)
        chosen = certain or doubtful
        if not chosen:
            return None
        chosen.sort(key=lambda pending: pending.at.pc)
        zeroed = [each for pending in chosen for each in pending.zeroed]
        shown = dict.fromkeys(
            "; ".join(each.text for each in (*pending.zeroed, pending.at)) for pending in chosen
        )
        function, file, line, variable = place
        return NilStore(
            variable,
            function,
            file,
            line,
            forms=tuple(dict.fromkeys(pending.store.form for pending in chosen)),
            uses_xorl=any(each.op in ("XORL", "XORQ") for each in zeroed),
            uncertain=not certain,
            uncertain_because="" if certain else why,
            instruction=" | ".join(shown),
        )

    def _is_nil(self, place: _Place, store: Store, stores: list[_Pending]) -> bool | str:
        """Say whether a store puts nil into a pointer word; a text says why it can't be told."""
        known = self.known
        kind = self._kind(store.address.symbol)
        words = self._without_strings(store, self._cleared(store))
        if kind.startswith("NOPTR") or (words == [] and (store.size or store.source)):
            return False
        if words is None:
            return self._unless_scalar(store, _BY_COPY)
        if store.address.moving:
            nil = self._moving(place, store.address)
        elif any((place, word - WORD) in known.typed for word in words):
            return False
        else:
            nil = self._proven(place, store, words) or (
                bool(kind) and self._covers(known.data[store.address.symbol].size, stores)
            )
        copied = store.address.offset >= known.mixed.get(place, 1 << 62)
        if copied and store.source and not store.size:
            return True  # a whole value of a type with pointers, all zero
        if nil or (self._barriers() and not copied):
            return _BY_PAIR if nil and self._like_a_string(stores) else nil
        return self._unless_scalar(store, _BY_WORD if kind else _BY_SYMBOL)

    def _without_strings(self, store: Store, words: list[int] | None) -> list[int] | None:
        """Leave out the words of strings: "" has a nil pointer, but it isn't nil."""
        symbol, strings = store.address.symbol, self.known.strings
        if not words or not strings:
            return words
        return [
            word
            for word in words
            if (symbol, word) not in strings and (symbol, word - WORD) not in strings
        ]

    def _like_a_string(self, stores: list[_Pending]) -> bool:
        """Say whether a line clears a pointer word, and before that the word behind it.

        So it does for a string: its length needs no barrier and comes first.
        """
        known = self.known
        first: dict[int, int] = {}
        for each in stores:
            if each.store.size != WORD or each.store.address.moving or each.store.source:
                return False
            offset = each.store.address.offset
            first[offset] = min(each.at.pc, first.get(offset, each.at.pc))
            if len(first) > 2:  # noqa: PLR2004  a whole array is no string, and long to go through
                return False
        symbol, low = stores[0].store.address.symbol, min(first)
        datum = known.data.get(symbol)
        whole = datum is not None and datum.size == 2 * WORD
        return (
            first.keys() == {low, low + WORD}
            and first[low + WORD] < first[low]
            and (symbol, low) in known.pointers
            and (symbol, low) not in known.taken
            and (symbol, low + WORD) not in known.pointers
            and not (whole and symbol in known.described)
        )

    def _proven(self, place: _Place, store: Store, words: list[int]) -> bool:
        """Say whether the listing proves that one of some words is a pointer."""
        symbol, offset, _ = store.address
        region = self.known.regions.get(place)
        return any((symbol, word) in self.known.pointers for word in words) or (
            region is not None and offset + max(store.size, WORD) > region
        )

    def _cleared(self, store: Store) -> list[int] | None:
        """Return the words that a store clears; None if the value copied isn't known."""
        start = store.address.offset
        words = list(range(start, start + store.size, WORD))
        if store.source is None:
            return words
        symbol, offset, moving = store.source
        if not _STATIC.match(symbol) and "statictmp_" not in symbol:
            return []
        datum = self.known.data.get(symbol)
        if datum is None:
            return None if self.known.defined else []
        if moving or not self._read_only(datum):
            return []
        if not store.size:
            return [start] if not datum.filled else []
        return [word for word in words if word - start + offset not in datum.filled]

    def _unless_scalar(self, store: Store, why: str) -> bool | str:
        """Say no if all words are known to be numbers, otherwise why it can't be told."""
        symbol, offset, moving = store.address
        words = range(offset, offset + max(store.size, WORD), WORD)
        scalar = not moving and all((symbol, word) in self.known.scalars for word in words)
        return False if scalar else why

    def _moving(self, place: _Place, address: Address) -> bool:
        """Judge a store at an offset that isn't known, such as an element's."""
        known = self.known
        return (
            (address.symbol, address.offset) in known.moving
            or place in known.moving_at
            or place in known.regions
        )

    def _covers(self, size: int, stores: list[_Pending]) -> bool:
        """Say whether the stores of one line clear the whole variable."""
        left = set(range(0, size, WORD))
        for pending in stores:
            if not pending.store.address.moving:
                left.difference_update(self._cleared(pending.store) or ())
        return not left

    def _kind(self, symbol: str) -> str:
        """Return the section of a variable: BSS, NOPTRBSS, ...; "" where the listing has none."""
        datum = self.known.data.get(symbol)
        if datum is None or not datum.word.isdigit():
            return datum.word if datum else ""
        numbers = _NUMBERED.get((self.known.valued, self.known.read_only), {})
        return numbers.get(int(datum.word[:9]), "")

    def _read_only(self, datum: Datum) -> bool:
        return datum.word in ("RODATA", str(self.known.read_only))

    def _barriers(self) -> bool:
        """Say whether this release has a write barrier for nil: Go 1.8 and later."""
        known = self.known
        return known.named_kinds or (known.valued, known.read_only) == _READ_ONLY_1_8


def _is_recent(text: Text) -> bool:
    """Say whether a function pasted without its first line is from Go 1.9 or later."""
    return not text.word and any(
        "gcWriteBarrier" in line or "ABIInternal" in line for line in text.lines
    )


def _batches(code: list[Instruction]) -> dict[int, int]:
    """Say which instructions belong to which test of the write barrier (Go 1.21 on).

    One way from the test leads through the barrier's part, both lead to the stores.
    """
    index_of = {each.pc: index for index, each in reversed(list(enumerate(code)))}
    found: dict[int, int] = {}
    for index, each in enumerate(code):
        if "runtime.writeBarrier(SB)" not in each.args or each.op in ("CALL", "LEAQ"):
            continue
        jump = next(
            (at for at in range(index + 1, min(index + 6, len(code))) if _skips(code[at])), 0
        )
        if jump:
            target = index_of.get(_target(code[jump]), len(code))
            for start in (jump + 1, target):
                for at in _walk(code, start, index_of):
                    found.setdefault(at, index)
    return found


def _walk(code: list[Instruction], start: int, index_of: dict[int, int]) -> Iterator[int]:
    """Go on from an instruction as far as a batch of stores may reach."""
    at = start
    for _ in range(_BATCH):
        if at >= len(code):
            return
        each = code[at]
        yield at
        if each.op in ("JMP", "B"):
            at = index_of.get(_target(each), len(code))
            continue
        if each.op == "CALL" and not each.args.startswith(("runtime.gcW", "runtime.wb")):
            return
        if each.op in ("RET", "UNDEF") or "runtime.writeBarrier(SB)" in each.args or _skips(each):
            return
        at += 1


def _skips(each: Instruction) -> bool:
    """Say whether an instruction is the jump behind a test of the barrier."""
    return each.op in ("JEQ", "JNE", "CBZW", "CBZ", "CBNZW", "CBNZ") and _target(each) >= 0


def _target(each: Instruction) -> int:
    last = each.args.rpartition(",")[2].strip()
    return int(last[:12]) if last.isdigit() else -1


def _logged_lines(
    code: list[Instruction], proofs: list[Proof], batches: dict[int, int]
) -> dict[tuple[int, str, int, bool], Instruction]:
    """Return the instructions that log old values, by batch, variable and offset."""
    lines: dict[tuple[int, str, int, bool], Instruction] = {}
    for proof in proofs:
        if proof.site in batches and (
            proof.logged or (proof.region and code[proof.site].args.startswith("runtime.wbZero"))
        ):
            offset = -1 if proof.region else proof.address.offset
            address = proof.address
            key = (batches[proof.site], address.symbol, offset, address.moving and offset >= 0)
            lines.setdefault(key, code[proof.site])
    return lines


def _on_own_lines(
    code: list[Instruction], effects: flow.Effects
) -> Iterator[tuple[Store, Instruction]]:
    """Return the stores with their instructions, each at the line that its own statement has.

    Go 1.21 prints all stores of a batch with the line of its first one; later releases do when
    they make one store of two. What the barrier logs has the right line.
    """
    batches: dict[int, int] = {}
    if any(proof.logged or proof.region for proof in effects.proofs):
        batches = _batches(code)
    lines = _logged_lines(code, effects.proofs, batches) if batches else {}
    for store in effects.stores:
        at = code[store.site]
        batch = batches.get(store.site)
        logged: list[Instruction] = []
        if lines and batch is not None and at.op != "CALL":
            symbol, start, moving = store.address
            keys = [
                (batch, symbol, word, moving) for word in range(start, start + store.size, WORD)
            ]
            logged = [lines[key] for key in keys if key in lines]
            logged = logged or [lines[key] for key in [(batch, symbol, -1, False)] if key in lines]
        places = dict.fromkeys((one.file, one.line) for one in logged or [at])
        for file, line in places:
            yield store, replace(at, file=file, line=line)


def instructions_of(said: str, here: Sequence[Instruction]) -> Iterator[Instruction]:
    """Yield those instructions of a source line that a fact names: ``A; B | C``.

    The forms of a store stand beside each other, the steps of a form one after the other.
    """
    for form in said.split(" | "):
        steps = form.split("; ")
        for number, last in enumerate(here):
            if last.text != steps[-1]:
                continue
            yield last
            before = number
            for step in reversed(steps[:-1]):
                found = [index for index in range(before) if here[index].text == step]
                if found:
                    before = found[-1]
                    yield here[before]

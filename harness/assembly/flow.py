"""What each register holds: values are followed to their definition, addresses to their symbol.

A forward analysis over a function's basic blocks. What it knows of a register holds on every
path to the instruction, so a value that is nil on one path only is unknown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from harness.assembly.listing import PSEUDO
from harness.assembly.operands import Operand, operands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.assembly.listing import Function, Instruction

WORD = 8


class Zero(NamedTuple):
    """Nil, or zero: with the instructions that made it; none for a register that is always zero."""

    sites: frozenset[int]


class Address(NamedTuple):
    """The address of a symbol, at an offset; with ``moving`` something unknown is added."""

    symbol: str
    offset: int
    moving: bool = False


class Loaded(NamedTuple):
    """What a place in a symbol held, and the instruction that loaded it."""

    place: Address
    size: int
    site: int


class Number(NamedTuple):
    """A constant other than zero."""

    value: int


class Slot(NamedTuple):
    """A place on the stack, or its address."""

    base: str
    name: str
    offset: int


class Buffer(NamedTuple):
    """The write barrier's buffer (Go 1.21 on)."""

    site: int


class Result(NamedTuple):
    """A pointer that a runtime function returned."""

    callee: str


Value = Zero | Address | Loaded | Number | Slot | Buffer | Result
State = dict[str | Slot, Value]  # what registers and places on the stack hold


class Store(NamedTuple):
    """A store of zero into a symbol; or a copy from one, whose contents decide."""

    site: int
    address: Address
    size: int  # 0: not known
    form: str
    zeroed: frozenset[int] = frozenset()
    source: Address | None = None


class Proof(NamedTuple):
    """That a word is a pointer, or that it isn't."""

    site: int
    address: Address
    pointer: bool
    region: bool = False  # a pointer is among the words from here on
    logged: bool = False  # the word's old value goes into the barrier's buffer
    taken: bool = False  # a function takes it for what it points to; none does so with a string's


class Typed(NamedTuple):
    """A type, or a method table, stored: the first word of an interface that isn't nil."""

    site: int
    address: Address


@dataclass(slots=True)
class Effects:
    """What a function does that matters to package-level variables."""

    stores: list[Store] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    strings: list[Address] = field(default_factory=list)  # places that hold strings


class _Block(NamedTuple):
    """A block of memory that one instruction clears."""

    site: int
    form: str
    size: int  # 0: not known
    skipped: int
    zeroed: frozenset[int]


class Machine(NamedTuple):
    """What differs between the processors."""

    zero: str  # a register that is always zero
    destination: str  # of gcWriteBarrier, up to Go 1.20
    value: str
    buffer: str  # what gcWriteBarrierN returns, from Go 1.21
    arguments: tuple[str, ...]  # from Go 1.17
    stack: tuple[str, int]  # where the arguments start up to Go 1.16


AMD64 = Machine("X15", "DI", "AX", "R11", ("AX", "BX", "CX"), ("SP", 0))
ARM64 = Machine("ZR", "R2", "R3", "R25", ("R0", "R1", "R2"), ("RSP", 8))

_SIZES = {
    "MOVQ": 8, "MOVL": 4, "MOVW": 2, "MOVB": 1, "MOVUPS": 16, "MOVOU": 16, "MOVOA": 16, "MOVO": 16,
    "MOVAPS": 16, "MOVUPD": 16, "MOVAPD": 16, "MOVSD": 8, "MOVSS": 4, "MOVD": 8, "FMOVD": 8,
    "FMOVQ": 16, "MOVWU": 4, "MOVHU": 2, "MOVH": 2, "MOVBU": 1, "FMOVS": 4,
    "VMOVDQU": 32, "VMOVDQA": 32, "VMOVUPS": 32,
}  # fmt: skip
_FLOATS = frozenset({"MOVSD", "MOVSS", "FMOVD", "FMOVS"})
_CLEARS = frozenset({"XORL", "XORQ", "XORPS", "XORPD", "PXOR", "SUBL", "SUBQ", "VPXOR"})
_XORL = frozenset({"XORL", "XORQ"})
_ADDS = frozenset({"ADDQ", "SUBQ", "ADD", "SUB"})
_STRINGS = {"STOSQ": 8, "STOSL": 4, "STOSW": 2, "STOSB": 1}
_COPIES = {"MOVSQ": 8, "MOVSL": 4, "MOVSW": 2, "MOVSB": 1}
_NOTHING = re.compile(
    r"CMP|TEST|UCOMI|COMI|BT[QLW]\Z|PREFETCH|CCMP|TST|CMN|FCMP|NOP|REPN?\Z|RET\Z|UNDEF\Z|J"
    r"|PCALIGN|B\Z|B[A-Z]{2}\Z|[CT]BN?ZW?\Z|NOOP|XCHGL\Z|DMB|LOCK\Z|CLD\Z|STD\Z|[MLS]FENCE\Z|PAUSE\Z"
)
_EXTENDS = re.compile(r"MOV[BWL][QLW](?:ZX|SX)\Z|MOVLQ[SZ]X\Z|MOV[BHW]U?\Z")
_ARITHMETIC = re.compile(r"(?:ADD|SUB|INC|DEC|NEG|NOT|OR|AND|XOR|SHL|SHR|SAR|ROL)[QLWB]\Z")
_WIDE = re.compile(r"I?(?:MUL|DIV)[QLWB]\Z|CQO|CDQ|CWD|CPUID|RDTSC|XGETBV|CMPXCHG|SYSCALL|CLTS")
_TWO_RESULTS = re.compile(r"XCHG|XADD|MULX|LDP|FLDP|CAS")
_LEAVES = frozenset({"RET", "UNDEF", "JMP", "B"})
_JUMPS = re.compile(r"J[A-Z]+\Z|LOOP\Z|XBEGIN\Z|RET\Z|UNDEF\Z")
_ARM_JUMPS = re.compile(r"B(?:EQ|NE|LT|LE|GT|GE|LO|LS|HI|HS|MI|PL|CC|CS|VS|VC)?\Z|[CT]BN?ZW?\Z")
_BARRIER = re.compile(r"runtime\.gcWriteBarrier([A-Z]\w*)?\Z")
_BUFFERED = re.compile(r"runtime\.gcWriteBarrier[0-9]\Z")
_OLD_BARRIER = re.compile(
    r"runtime\.writebarrier(ptr|iface|eface|slice|string|fat(?:[01]+|[2-4]))\Z"
)
_SHAPES = {"ptr": "1", "iface": "11", "eface": "11", "slice": "100", "string": "10"}
_TAKES = re.compile(
    r"runtime\.(?:map(?:access|assign|delete|iterinit)|(?:chan|select)(?:send|recv)|closechan)"
)
_MAKES = re.compile(r"runtime\.(?:new|newobject|makemap\w*|makechan\w*|mallocgc|typ2Itab)\Z")
_NUMBERS = frozenset(f"runtime.print{kind}" for kind in ("int", "uint", "hex", "float"))
_TYPE = re.compile(r"type[.:]|go[.:]itab\.")
_TABLE = Result("runtime.typ2Itab")  # a method table, which up to Go 1.6 is made when first used
_STRING = re.compile(r"go[.:]string\.")
_FIXED = Zero(frozenset())
_PATIENCE = 40  # visits of a block, after which nothing is taken for known there
_LONGEST = 1 << 14  # of a block on the stack whose words are followed one by one
_TABLE_DISTANCE = 16  # how far before its jump the address of a jump table stands


def analyse(
    function: Function, tables: Mapping[str, list[int]] | None = None, duffs: Iterable[int] = ()
) -> Effects:
    """Follow a function's values and say which stores and proofs it holds.

    ``tables`` are the targets (pc) of its jump tables, by their symbol; ``duffs`` say where each
    of its DUFFZERO enters, which in Go 1.4 stands beside the instruction.
    """
    return _Analysis(function, tables or {}, duffs).effects()


class _Duff(NamedTuple):
    """The code of DUFFZERO: blocks of four stores and an addition, the last one at its end."""

    blocks: int
    block: int  # bytes of code in a block
    store: int  # ... in a store
    step: int  # what a store clears
    tail: int = 0  # STOSQ of 2 bytes of code behind the blocks


_DUFF_1_5 = _Duff(31, 19, 4, 8, tail=4)
_DUFF_1_6 = _Duff(16, 19, 4, 16)
_DUFF_1_17 = _Duff(16, 23, 5, 16)
_DUFF_ADDITION = 4  # bytes of code


def _duff_size(start: int, duff: _Duff) -> tuple[int, int]:
    """Say what DUFFZERO clears when it is entered at an offset: how much, from DI plus how much."""
    left = duff.blocks * duff.block + 2 * duff.tail - start
    if left < 2 * duff.tail:
        return max(0, left // 2) * duff.step, 0
    blocks, rest = divmod(left - 2 * duff.tail, duff.block)
    steps = max(0, rest - _DUFF_ADDITION) // duff.store
    size = max(0, blocks * 4 + steps + duff.tail) * duff.step
    return size, (4 - steps) * duff.step if steps else 0


_KINDS = {
    "CALL": "_call",
    "BL": "_call",
    "DUFFZERO": "_duffzero",
    "DUFFCOPY": "_copy",
    "STP": "_pair",
    **dict.fromkeys(_COPIES, "_copy"),
    **dict.fromkeys(_STRINGS, "_fill"),
    **dict.fromkeys(_ADDS, "_add"),
    **dict.fromkeys(_CLEARS, "_clear"),
    **dict.fromkeys(_SIZES, "_move"),
}
_FAMILIES = {"LEA": "_lea", "PUSH": "_push", "POP": "_push", "CMOV": "_choose"}


@cache
def _kind(op: str) -> str:
    """Name the method of ``_Analysis`` that takes an operation; none if it changes nothing."""
    kind = _KINDS.get(op)
    for prefix, family in _FAMILIES.items():
        if kind is None and op.startswith(prefix):
            kind = family
    if kind is None:
        kind = "" if _NOTHING.match(op) else "_other"
    return kind


def _merge(one: Value, other: Value) -> Value | None:
    """Say what is known when either value may be there."""
    if isinstance(one, Zero) and isinstance(other, Zero):
        return Zero(one.sites | other.sites)
    if isinstance(one, Address) and isinstance(other, Address) and one.symbol == other.symbol:
        return Address(one.symbol, min(one.offset, other.offset), moving=True)
    if _TABLE in (one, other):
        against = other if one == _TABLE else one
        known = isinstance(against, Loaded) and _TYPE.match(against.place.symbol)
        return _TABLE if known else None
    if isinstance(one, Loaded) and isinstance(other, Loaded) and one[:2] == other[:2]:
        return Loaded(one.place, one.size, min(one.site, other.site))
    return None


def _join(one: State, other: State) -> State:
    joined: State = {}
    for key, value in one.items():
        against = other.get(key)
        if against is not None:
            merged = value if value == against else _merge(value, against)
            if merged is not None:
                joined[key] = merged
    return joined


class _Analysis:
    """The analysis of one function."""

    def __init__(
        self, function: Function, tables: Mapping[str, list[int]], duffs: Iterable[int]
    ) -> None:
        self.code = [each for each in function.instructions if each.op not in PSEUDO]
        sites = [site for site, each in enumerate(self.code) if each.op == "DUFFZERO"]
        self.duffs = dict(zip(sites, duffs, strict=False))
        arm = any(each.op in ("MOVD", "STP", "MOVWU") for each in self.code)
        self.machine = ARM64 if arm else AMD64
        self.jump = _ARM_JUMPS if arm else _JUMPS
        self.tables = tables
        self.lost = False  # a jump leads to where the listing doesn't say
        self.found = Effects()
        self.exposed = self._exposed()
        self.zero = "" if self._overwritten(self.machine.zero) else self.machine.zero
        self.steps: list[tuple[Callable[..., None] | None, tuple[Operand, ...]]] = []
        for each in self.code:
            kind = _kind(each.op)
            self.steps.append((getattr(_Analysis, kind) if kind else None, operands(each.args)))

    def _exposed(self) -> set[tuple[str, str]]:
        """Name the stack variables whose address is taken."""
        taken = set()
        for each in self.code:
            if ("LEA" in each.op or "$" in each.args) and "P)" in each.args:
                for operand in operands(each.args):
                    # The place of arguments, which has no name, is written where one sees it.
                    if operand.name and (operand.kind == "address" or each.op.startswith("LEA")):
                        taken.add((operand.base, operand.name))
        return taken

    def _overwritten(self, register: str) -> bool:
        """Say whether the register that is zero by convention is used as any other."""
        for each in self.code:
            if register in each.args and each.op not in _CLEARS:
                last = operands(each.args)[-1]
                if last.kind == "register" and last.name == register:
                    return True
        return False

    # Blocks.

    def effects(self) -> Effects:
        """Iterate to a fixed point; what each block's last visit found is what counts."""
        blocks, follows = self._blocks()
        if not blocks:
            return self.found
        rank = _order(follows)
        incoming: list[State | None] = [None] * len(blocks)
        results: dict[int, Effects] = {}
        visits = [0] * len(blocks)
        work: list[tuple[int, int]] = []
        for block in range(len(blocks)):
            if block == 0 or self.lost or rank[block] < 0:
                incoming[block] = {}
                heappush(work, (rank[block], block))
        while work:
            _, block = heappop(work)
            if work and work[0][1] == block:
                continue
            visits[block] += 1
            state = dict(incoming[block] or {})
            results[block] = self._visit(blocks[block], state)
            for follow in follows[block]:
                if rank[block] < 0 <= rank[follow] and not self.lost:
                    continue  # padding that nothing leads to
                before = incoming[follow]
                after = state if before is None else _join(before, state)
                after = {} if visits[follow] > _PATIENCE else after
                if after != before:
                    incoming[follow] = dict(after)
                    heappush(work, (rank[follow], follow))
        whole = Effects()
        for _, part in sorted(results.items()):
            whole.stores += part.stores
            whole.proofs += part.proofs
            whole.typed += part.typed
            whole.strings += part.strings
        return whole

    def _visit(self, block: range, state: State) -> Effects:
        """Go through a block's instructions; return what they do."""
        self.found = Effects()
        for site in block:
            step, args = self.steps[site]
            if step is not None:
                step(self, site, args, state)
        return self.found

    def _blocks(self) -> tuple[list[range], list[list[int]]]:
        """Cut the code into basic blocks; say which follow which."""
        code = self.code
        places = [each.pc for each in code]
        targets: dict[int, list[int]] = {}
        leaders = {0} if code else set()
        for index, each in enumerate(code):
            if each.op in _LEAVES or self.jump.match(each.op):
                leaders.add(index + 1)
                targets[index] = []
                for pc in self._targets(each, index):
                    place = bisect_left(places, pc)
                    if place < len(places) and places[place] == pc:
                        leaders.add(place)
                        targets[index].append(place)
        starts = sorted(place for place in leaders if place < len(code))
        number = {place: block for block, place in enumerate(starts)}
        blocks = []
        follows = []
        for block, place in enumerate(starts):
            end = starts[block + 1] if block + 1 < len(starts) else len(code)
            blocks.append(range(place, end))
            after = [number[target] for target in targets.get(end - 1, ())]
            if code[end - 1].op not in _LEAVES and block + 1 < len(starts):
                after.append(block + 1)
            follows.append(after)
        return blocks, follows

    def _targets(self, each: Instruction, index: int) -> list[int]:
        """Return the places (pc) that a jump leads to."""
        last = each.args.rpartition(",")[2].strip()
        if last.isdigit():
            return [int(last[:12])]
        if each.op in ("JMP", "B") and not each.args.endswith("(SB)"):
            for before in range(index - 1, max(-1, index - _TABLE_DISTANCE), -1):
                for operand in operands(self.code[before].args):
                    if operand.base == "SB" and operand.name in self.tables:
                        return self.tables[operand.name]
            self.lost = True
        return []

    # Values and places.

    def _value(self, site: int, operand: Operand, state: State, size: int = WORD) -> Value | None:
        kind = operand.kind
        if kind == "register":
            return self._register(operand.name, state)
        if kind == "number":
            return Number(operand.offset) if operand.offset else Zero(frozenset((site,)))
        if kind == "memory":
            place = self._place(site, operand, state)
            if isinstance(place, Slot):
                return _held(place, size, state)
            return Loaded(place, size, site) if isinstance(place, Address) else None
        return self._place(site, operand, state) if kind == "address" else None

    def _register(self, name: str, state: State) -> Value | None:
        value = state.get(name)
        return _FIXED if value is None and name == self.zero else value

    def _place(
        self, site: int, operand: Operand, state: State, *, used: bool = True
    ) -> Address | Slot | None:
        """Return the place in memory that an operand names; say that what it is based on points."""
        base, scaled = operand.base, operand.scaled
        if base == "SB":
            return Address(operand.name, operand.offset, bool(scaled))
        if base in ("SP", "FP", "RSP"):
            return None if scaled else Slot(base, operand.name, operand.offset)
        value = state.get(base)
        if value is None or isinstance(value, Number):
            value, base, scaled = state.get(scaled), scaled, base
            if value is None:
                return None
        if isinstance(value, Address):
            return Address(
                value.symbol, value.offset + operand.offset, value.moving or bool(scaled)
            )
        if isinstance(value, Slot) and not scaled:
            return Slot(value.base, value.name, value.offset + operand.offset)
        if isinstance(value, Loaded) and value.size == WORD and used and not scaled:
            self.found.proofs.append(Proof(site, value.place, pointer=True))
        return None

    def _set(self, site: int, operand: Operand, value: Value | None, state: State) -> None:
        """Put a value into a register or a place on the stack."""
        if operand.kind == "register":
            if operand.name in ("SP", "RSP"):
                _forget_stack(state)
            elif value is None:
                state.pop(operand.name, None)
            else:
                state[operand.name] = value
        elif operand.kind == "memory":
            place = self._place(site, operand, state)
            if isinstance(place, Slot):
                _put(place, value, WORD, state)
            elif place is None:
                self._forget_exposed(state)
        for name in operand.members:
            state.pop(name, None)

    def _forget_exposed(self, state: State) -> None:
        """Forget the stack variables that a store through an unknown address may change."""
        if self.exposed:
            for key in [key for key in state if isinstance(key, Slot)]:
                if key[:2] in self.exposed:
                    del state[key]

    # Moves.

    def _move(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        if len(args) < 2:  # noqa: PLR2004
            return
        source, target = args[0], args[-1]
        op = self.code[site].op
        size = _SIZES[op]
        if size > WORD and (source.name[:1] == "X" or target.name[:1] == "X"):
            size = 16
        value = self._value(site, source, state, size)
        if target.kind == "register":
            if size < WORD and not isinstance(value, Zero | Number):
                value = None  # a part of it
            elif size < 4 and source.kind == "register":  # noqa: PLR2004
                value = None  # the upper part stays
            self._set(site, target, value, state)
            return
        place = self._place(site, target, state)
        if isinstance(place, Slot):
            _put(place, value, size, state)
        elif isinstance(place, Address):
            self._store(Store(site, place, size, self._form(op, source, value)), value)
        else:
            self._log(target, value, state)

    def _log(self, target: Operand, value: Value | None, state: State) -> None:
        """Take a store through an address that is no symbol's; it may be the barrier's buffer's."""
        if target.base == "NONE":
            return  # Go 1.4's way to fault when a pointer is nil
        if isinstance(state.get(target.base), Buffer):
            if isinstance(value, Loaded) and value.size == WORD:
                self.found.proofs.append(Proof(value.site, value.place, pointer=True, logged=True))
        else:
            self._forget_exposed(state)

    def _store(self, store: Store, value: Value | None) -> None:
        """Record a store into a symbol, if it tells anything."""
        site, place, size = store[:3]
        if size < WORD or isinstance(value, Number) or self.code[site].op in _FLOATS:
            self.found.proofs.append(Proof(site, place, pointer=False))
        elif isinstance(value, Zero):
            self.found.stores.append(store._replace(zeroed=value.sites))
        elif isinstance(value, Address | Result):
            self.found.proofs.append(Proof(site, place, pointer=True))
            if isinstance(value, Address) and _STRING.match(value.symbol):
                self.found.strings.append(place)
            if value == _TABLE or (isinstance(value, Address) and _TYPE.match(value.symbol)):
                self.found.typed.append(Typed(site, place))
        elif isinstance(value, Loaded):
            self.found.stores.append(store._replace(source=value.place))
            if _STRING.match(value.place.symbol) and not value.place.offset:
                self.found.strings.append(place)  # Go 1.4: there, that is a string's two words
            if _TYPE.match(value.place.symbol):
                self.found.typed.append(Typed(site, place))

    def _form(self, op: str, source: Operand, value: Value | None) -> str:
        """Name the way in which zero is stored."""
        if source.kind == "number":
            return f"{op} $0"
        return f"XORL+{op}" if self._by_xorl(value) else f"{op} {source.name}"

    def _by_xorl(self, value: Value | None) -> bool:
        return isinstance(value, Zero) and any(self.code[site].op in _XORL for site in value.sites)

    def _pair(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        """arm64's store of two registers."""
        if len(args) != 2 or args[1].kind != "memory":  # noqa: PLR2004
            return
        for number, name in enumerate(args[0].members):
            source = Operand("register", name)
            at = args[1]._replace(offset=args[1].offset + number * WORD)
            place = self._place(site, at, state)
            value = self._register(name, state)
            if isinstance(place, Slot):
                _put(place, value, WORD, state)
            elif isinstance(place, Address):
                self._store(Store(site, place, WORD, self._form("STP", source, value)), value)
            else:
                self._log(at, value, state)

    def _lea(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        if args:
            self._set(site, args[-1], self._place(site, args[0], state, used=False), state)

    def _clear(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        """XORL AX, AX and the like; with two registers it is arithmetic."""
        if args and args[0].kind == "register" and len(set(args)) == 1:
            state[args[0].name] = Zero(frozenset((site,)))
        elif self.code[site].op in _ADDS:
            self._add(site, args, state)
        else:
            self._other(site, args, state)

    def _add(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        if len(args) < 2:  # noqa: PLR2004
            return
        target, added = args[-1], args[0]
        value = self._register(args[-2].name if len(args) > 2 else target.name, state)  # noqa: PLR2004
        if target.kind != "register":
            self._other(site, args, state)
            return
        result: Value | None = None
        if added.kind == "number" and isinstance(value, Address | Slot):
            step = added.offset if self.code[site].op.startswith("ADD") else -added.offset
            result = value._replace(offset=value.offset + step)
        else:
            for each in (value, state.get(added.name)):
                if isinstance(each, Address):
                    result = each._replace(moving=True)
        self._set(site, target, result, state)

    def _choose(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        """CMOV: the one value or the other."""
        one, other = self._value(site, args[0], state), self._value(site, args[-1], state)
        merged = None
        if one is not None and other is not None:
            merged = one if one == other else _merge(one, other)
        self._set(site, args[-1], merged, state)

    def _push(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        _forget_stack(state)
        if self.code[site].op.startswith("POP"):
            self._other(site, args, state)

    def _other(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        """Forget what an instruction changes of which nothing else is known."""
        op = self.code[site].op
        if _EXTENDS.match(op) and len(args) == 2 and args[1].kind == "register":  # noqa: PLR2004
            value = self._value(site, args[0], state, 1)
            self._set(site, args[1], value if isinstance(value, Zero) else None, state)
            return
        if not args or (_WIDE.match(op) and (len(args) == 1 or op[0] != "I")):
            for name in ("AX", "BX", "CX", "DX"):
                state.pop(name, None)
        for operand in args if _TWO_RESULTS.match(op) else args[-1:]:
            if operand.kind == "memory" and _ARITHMETIC.match(op):
                place = self._place(site, operand, state)
                if isinstance(place, Address):
                    self.found.proofs.append(Proof(site, place, pointer=False))
            self._set(site, operand, None, state)

    # Blocks of memory.

    def _repeated(self, site: int, step: int, state: State) -> int:
        """Return how much a string instruction moves: 0 where it can't be told."""
        if site == 0 or self.code[site - 1].op != "REP":
            return step
        count = state.pop("CX", None)
        return count.value * step if isinstance(count, Number) else 0

    def _duffzero(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        target = state.pop("DI", None)
        start = args[-1].offset if args and args[-1].kind == "number" else -1
        size = skipped = 0
        if self.machine is AMD64:
            if start < 0:  # Go 1.4: 128 STOSQ of 2 bytes
                size = max(0, 128 - self.duffs.get(site, 256) // 2) * WORD
            elif isinstance(state.get("X0"), Zero):
                size, skipped = _duff_size(start, _DUFF_1_6)
            else:
                size, skipped = _duff_size(start, _DUFF_1_5 if self.duffs else _DUFF_1_17)
        self._cleared(target, _Block(site, "DUFFZERO", size, skipped, frozenset()), state)
        if size and isinstance(target, Address | Slot):
            state["DI"] = target._replace(offset=target.offset + skipped + size)

    def _fill(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        """STOSQ, alone or repeated."""
        del args
        op = self.code[site].op
        value = state.get("AX")
        target = state.pop("DI", None)
        repeated = site > 0 and self.code[site - 1].op == "REP"
        size = self._repeated(site, _STRINGS[op], state)
        if isinstance(value, Zero):
            form = f"REP {op}" if repeated else op
            self._cleared(target, _Block(site, form, size, 0, value.sites), state)
        else:
            self._forget_exposed(state)
        if size and isinstance(target, Address | Slot):
            state["DI"] = target._replace(offset=target.offset + size)

    def _cleared(self, target: Value | None, block: _Block, state: State) -> None:
        """Record that a block of memory was cleared."""
        site, form, size, skipped, zeroed = block
        if isinstance(target, Address):
            place = target._replace(offset=target.offset + skipped)
            self.found.stores.append(Store(site, place, size, form, zeroed))
        elif isinstance(target, Slot):
            start = target.offset + skipped
            for key in [key for key in state if isinstance(key, Slot) and key[:2] == target[:2]]:
                if key.offset >= start:
                    del state[key]
            for offset in range(start, start + min(size, _LONGEST), WORD):
                state[Slot(target.base, target.name, offset)] = Zero(zeroed)
        else:
            self._forget_exposed(state)

    def _copy(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        """MOVSQ, alone or repeated, and DUFFCOPY."""
        del args
        op = self.code[site].op
        target, source = state.pop("DI", None), state.pop("SI", None)
        repeated = site > 0 and self.code[site - 1].op == "REP"
        size = self._repeated(site, _COPIES[op], state) if op in _COPIES else 0
        form = f"REP {op}" if repeated else op
        if isinstance(target, Address):
            self._copied(Store(site, target, size, form), source, state)
        elif isinstance(target, Slot) and size:
            for offset in range(0, min(size, _LONGEST), WORD):
                at = target._replace(offset=target.offset + offset)
                value = None
                if isinstance(source, Slot):
                    value = state.get(source._replace(offset=source.offset + offset))
                elif isinstance(source, Address):
                    place = source._replace(offset=source.offset + offset)
                    value = Loaded(place, WORD, site)
                _put(at, value, WORD, state)
        else:
            self._forget_exposed(state)
        if op == "DUFFCOPY":
            state.pop("X0", None)
        elif size:
            for name, value in (("DI", target), ("SI", source)):
                if isinstance(value, Address | Slot):
                    state[name] = value._replace(offset=value.offset + size)

    def _copied(self, store: Store, source: Value | None, state: State) -> None:
        """Record a copy into a symbol: from another symbol, or from zeros on the stack."""
        if isinstance(source, Address):
            self.found.stores.append(store._replace(source=source))
        elif isinstance(source, Slot) and store.size:
            for offset in range(0, min(store.size, _LONGEST), WORD):
                value = state.get(source._replace(offset=source.offset + offset))
                place = store.address._replace(offset=store.address.offset + offset)
                if isinstance(value, Zero | Loaded):
                    self._store(store._replace(address=place, size=WORD), value)
        elif isinstance(source, Slot):
            words = [
                value
                for key, value in state.items()
                if isinstance(key, Slot) and key[:2] == source[:2] and key.offset >= source.offset
            ]
            if words and all(isinstance(value, Zero) for value in words):
                self.found.stores.append(store)

    # Calls.

    def _call(self, site: int, args: tuple[Operand, ...], state: State) -> None:
        callee = args[-1].name if args and args[-1].base == "SB" else ""
        if callee.startswith("runtime."):
            barrier = _BARRIER.match(callee)
            if barrier:
                self._barrier(site, barrier[1], state)
                return
            if _BUFFERED.match(callee):
                state[self.machine.buffer] = Buffer(site)
                return
            self._runtime(site, callee, state)
        for key in list(state):
            if isinstance(key, str) or not key.name or key[:2] in self.exposed:
                del state[key]
        if _MAKES.match(callee):
            # Where the result is: a register, or the stack behind the arguments.
            state[self.machine.arguments[0]] = Result(callee)
            base, first = self.machine.stack
            for number in range(1, 5):
                state[Slot(base, "", first + number * WORD)] = Result(callee)

    def _barrier(self, site: int, register: str | None, state: State) -> None:
        """gcWriteBarrier, Go 1.10 to 1.20: stores one register at the address in another."""
        target = state.get(self.machine.destination)
        value = self._register(register or self.machine.value, state)
        if isinstance(target, Address):
            self.found.proofs.append(Proof(site, target, pointer=True))
            self._barrier_store(site, target, value, "gcWriteBarrier")

    def _barrier_store(self, site: int, place: Address, value: Value | None, name: str) -> None:
        if isinstance(value, Zero):
            form = name
            if self._by_xorl(value):
                form = f"XORL+{name}"
            elif value.sites:
                form = f"{self.code[min(value.sites)].op} $0+{name}"
            self.found.stores.append(Store(site, place, WORD, form, value.sites))

    def _argument(self, number: int, state: State) -> Value | None:
        """Return an argument, which is on the stack (up to Go 1.16) or in a register."""
        base, first = self.machine.stack
        if Slot(base, "", first) in state:
            return state.get(Slot(base, "", first + number * WORD))
        return state.get(self.machine.arguments[number])

    def _runtime(self, site: int, callee: str, state: State) -> None:
        """Take a call of a runtime function that stores, clears or takes a variable."""
        old = _OLD_BARRIER.match(callee)
        if old:
            self._old_barrier(site, old[1], state)
        elif callee in ("runtime.typedmemclr", "runtime.wbZero", "runtime.typedmemmove"):
            target = self._argument(1, state)
            if isinstance(target, Address):
                self._typed_block(site, callee.partition(".")[2], target, state)
        elif callee.startswith("runtime.memclr"):
            target, size = self._argument(0, state), self._argument(1, state)
            if isinstance(target, Address):
                length = size.value if isinstance(size, Number) else 0
                if callee == "runtime.memclrHasPointers":
                    self.found.proofs.append(Proof(site, target, pointer=True, region=True))
                self.found.stores.append(Store(site, target, length, callee.partition(".")[2]))
        elif callee.startswith("runtime.print"):
            self._printed(site, callee, self._argument(0, state))
        elif _TAKES.match(callee):
            taken = self._argument(1, state)
            if isinstance(taken, Loaded) and taken.size == WORD:
                self.found.proofs.append(Proof(site, taken.place, pointer=True, taken=True))

    def _printed(self, site: int, callee: str, value: Value | None) -> None:
        """Take what print says of the type of a variable."""
        if isinstance(value, Loaded) and value.size == WORD:
            if callee == "runtime.printstring":
                self.found.strings.append(value.place)
            elif callee == "runtime.printpointer" or callee in _NUMBERS:
                pointer = callee not in _NUMBERS
                self.found.proofs.append(Proof(site, value.place, pointer=pointer))

    def _typed_block(self, site: int, name: str, target: Address, state: State) -> None:
        store = Store(site, target, 0, name)
        if name != "typedmemmove":
            self.found.proofs.append(Proof(site, target, pointer=True, region=True))
            if name == "typedmemclr":
                self.found.stores.append(store)
            return
        source = self._argument(2, state)
        before = len(self.found.stores)
        self._copied(store, source, state)
        whole = isinstance(source, Slot) and len(self.found.stores) > before
        # Some of the words are pointers; if all are zero it doesn't matter which.
        self.found.proofs.append(Proof(site, target, pointer=whole, region=True))
        if isinstance(source, Slot) and not whole:
            for key, value in state.items():
                if isinstance(key, Slot) and key[:2] == source[:2] and isinstance(value, Zero):
                    place = target._replace(offset=target.offset + key.offset - source.offset)
                    if key.offset >= source.offset:
                        self.found.stores.append(Store(site, place, WORD, name, value.sites))

    def _old_barrier(self, site: int, kind: str, state: State) -> None:
        """The barriers of Go 1.4 to 1.9, which take the address and the value on the stack."""
        base, start = self.machine.stack
        target = state.get(Slot(base, "", start))
        if not isinstance(target, Address):
            return
        shape = _SHAPES.get(kind) or (
            kind[3:] if kind[3:].strip("01") == "" else "?" * int(kind[3:])
        )
        first = start + (2 * WORD if kind.startswith("fat") else WORD)
        values = [state.get(Slot(base, "", first + each * WORD)) for each in range(len(shape))]
        if kind == "string":
            self.found.strings.append(target)
        typed = kind in ("iface", "eface") and not isinstance(values[0], Zero)
        if "?" in shape and all(isinstance(value, Zero) for value in values):
            self.found.proofs.append(Proof(site, target, pointer=True, region=True))
        for number, (bit, value) in enumerate(zip(shape, values, strict=True)):
            place = target._replace(offset=target.offset + number * WORD)
            if bit != "?":
                self.found.proofs.append(Proof(site, place, pointer=bit == "1"))
            if bit != "0" and not typed:
                self._barrier_store(site, place, value, f"writebarrier{kind}")


def _order(follows: list[list[int]]) -> list[int]:
    """Rank blocks so that a block comes behind those that lead to it; -1: none is known to."""
    rank = [-1] * len(follows)
    finished: list[int] = []
    seen = [False] * len(follows)
    for root in range(len(follows)):
        if seen[root]:
            continue
        if root:
            rank[root] = -2
        stack: list[tuple[int, Iterable[int]]] = [(root, iter(follows[root]))]
        seen[root] = True
        while stack:
            block, rest = stack[-1]
            for follow in rest:
                if not seen[follow]:
                    seen[follow] = True
                    stack.append((follow, iter(follows[follow])))
                    break
            else:
                finished.append(block)
                stack.pop()
    unreached = {block for block, value in enumerate(rank) if value == -2}  # noqa: PLR2004
    for number, block in enumerate(reversed(finished)):
        rank[block] = -1 if block in unreached else number
    return rank


def _held(place: Slot, size: int, state: State) -> Value | None:
    """Return what a place on the stack holds; more than a word is known only if all zero."""
    if size <= WORD:
        return state.get(place)
    sites: frozenset[int] = frozenset()
    for offset in range(0, size, WORD):
        word = state.get(place._replace(offset=place.offset + offset))
        if not isinstance(word, Zero):
            return None
        sites |= word.sites
    return Zero(sites)


def _put(place: Slot, value: Value | None, size: int, state: State) -> None:
    """Put a value onto the stack; what it overlaps is gone."""
    start, end = place.offset, place.offset + size
    if size != WORD or start % WORD:
        for key in [key for key in state if isinstance(key, Slot) and key[:2] == place[:2]]:
            if start - WORD < key.offset < end:
                del state[key]
    if value is None or size < WORD:
        state.pop(place, None)
    elif size == WORD:
        state[place] = value
    elif isinstance(value, Zero):
        for offset in range(0, size, WORD):
            state[place._replace(offset=start + offset)] = value


def _forget_stack(state: State) -> None:
    for key in [key for key in state if isinstance(key, Slot)]:
        del state[key]

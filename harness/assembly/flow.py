"""What each register holds: values are followed to their definition, addresses to their symbol.

A forward analysis over a function's basic blocks. What it knows of a register holds on every
path to the instruction, so a value that is nil on one path only is unknown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from harness.assembly.listing import PSEUDO
from harness.assembly.operands import Operand, operands

if TYPE_CHECKING:
    from harness.assembly.listing import Function, Instruction

WORD = 8


class Zero(NamedTuple):
    """Nil, zero: with the instructions that made it (their index), none for a fixed register."""

    sites: frozenset[int]


class Address(NamedTuple):
    """The address of a symbol, at an offset; with ``moving`` something unknown is added."""

    symbol: str
    offset: int
    moving: bool = False


class Loaded(NamedTuple):
    """What a word of a symbol held."""

    symbol: str
    offset: int
    moving: bool
    size: int


class Number(NamedTuple):
    """A constant other than zero."""

    value: int


class Slot(NamedTuple):
    """The address of a place on the stack."""

    base: str
    name: str
    offset: int


class Buffer(NamedTuple):
    """The write barrier's buffer (Go 1.21 on)."""


class Result(NamedTuple):
    """What a runtime function returned: a pointer."""

    callee: str


Value = Zero | Address | Loaded | Number | Slot | Buffer | Result
State = dict[object, Value]  # by register name, or by Slot


class Store(NamedTuple):
    """A store of zero into a package-level variable (or an address that may be one)."""

    site: int
    address: Address
    size: int  # 0: not known, all that follows may be cleared
    form: str
    sites: frozenset[int]
    source: str  # the symbol that the zero was copied from, whose contents have to be looked up


class Proof(NamedTuple):
    """That a word is a pointer, or that it isn't."""

    site: int
    address: Address
    pointer: bool
    region: bool = False  # a pointer is among the words from here on


@dataclass(slots=True)
class Effects:
    """What a function does that matters to package-level variables."""

    stores: list[Store] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    typed: set[tuple[int, str, int]] = field(default_factory=set)  # (site, symbol, offset)


class Machine(NamedTuple):
    """What differs between the processors."""

    zero: str  # a register that is always zero
    destination: str  # of gcWriteBarrier, up to Go 1.20
    value: str
    buffer: str  # of gcWriteBarrier, from Go 1.21
    arguments: tuple[str, ...]
    calls: frozenset[str]
    block: str  # what DUFFZERO clears from


AMD64 = Machine("X15", "DI", "AX", "R11", ("AX", "BX", "CX", "DI"), frozenset({"CALL"}), "DI")
ARM64 = Machine("ZR", "R2", "R3", "R25", ("R0", "R1", "R2", "R3"), frozenset({"CALL", "BL"}), "R20")

_SIZES = {
    "MOVQ": 8, "MOVL": 4, "MOVW": 2, "MOVB": 1, "MOVUPS": 16, "MOVOU": 16, "MOVOA": 16, "MOVO": 16,
    "MOVAPS": 16, "MOVUPD": 16, "MOVAPD": 16, "MOVSD": 8, "MOVSS": 4, "MOVD": 8, "FMOVD": 8,
    "FMOVQ": 16, "FSTPQ": 32, "MOVWU": 4, "MOVHU": 2, "MOVH": 2, "MOVBU": 1, "FMOVS": 4,
}  # fmt: skip
_EXTENDING = re.compile(r"MOV[BWL][QLW](?:ZX|SX)\Z|MOVLQ[SZ]X\Z")
_VECTOR = re.compile(r"V?MOV(?:DQ[UA]\d*|UPS|APS|UPD|APD)\Z")
_CLEARS = frozenset({"XORL", "XORQ", "XORPS", "PXOR", "SUBL", "SUBQ", "XORPD", "VPXOR"})
_READS = re.compile(r"CMP|TEST|UCOMI|COMI|BT[QLW]\Z|PREFETCH|PUSH|PCALIGN|CCMP|TST|CMN|FCMP")
_ARITHMETIC = re.compile(r"(?:ADD|SUB|INC|DEC|IMUL|MUL|NEG|NOT|OR|AND|XOR|SHL|SHR|SAR|ROL)[QLWB]\Z")
_MANY = frozenset(
    {"MULQ", "MULL", "DIVQ", "DIVL", "IDIVQ", "IDIVL", "CQO", "CDQ", "CPUID", "RDTSC", "XGETBV",
     "CMPXCHGQ", "CMPXCHGL", "LOCK", "SYSCALL", "CWD", "IDIVW", "DIVW", "IMULQ", "IMULL", "RDTSCP",
     "MULW", "MULB", "IMULW", "IMULB", "DIVB", "IDIVB"}
)  # fmt: skip
_LEAVES = frozenset({"RET", "UNDEF", "JMP", "B"})
_ARM_JUMPS = re.compile(r"B(?:EQ|NE|LT|LE|GT|GE|LO|LS|HI|HS|MI|PL|CC|CS|VS|VC)?\Z|[CT]BN?ZW?\Z")
_BARRIER = re.compile(r"runtime\.gcWriteBarrier([A-Z]\w*)?\Z")
_BUFFERED = re.compile(r"runtime\.gcWriteBarrier[0-9]\Z")
_OLD_BARRIER = re.compile(r"runtime\.writebarrier(ptr|iface|eface|slice|string|fat[01]+)\Z")
_SHAPES = {"ptr": "1", "iface": "11", "eface": "11", "slice": "100", "string": "10"}
_MAP_CALL = re.compile(
    r"runtime\.(?:map(?:access|assign|delete|iterinit)|chan(?:send|recv)|closechan)"
)
_MAKES = re.compile(r"runtime\.(?:new|newobject|makemap\w*|makechan\w*|mallocgc)\Z")
_TYPE = re.compile(r"type[.:]|go[.:]itab\.")
_FIXED = Zero(frozenset())
_ROUNDS = 40


def analyse(function: Function, jumps: dict[str, list[int]] | None = None) -> Effects:
    """Follow a function's values and say which stores and proofs it holds."""
    return _Analysis(function, jumps or {}).effects()


def _merge(one: Value, other: Value) -> Value | None:
    """What is known when either value may be there."""
    if one == other:
        return one
    if isinstance(one, Zero) and isinstance(other, Zero):
        return Zero(one.sites | other.sites)
    if isinstance(one, Address) and isinstance(other, Address) and one.symbol == other.symbol:
        return Address(one.symbol, min(one.offset, other.offset), moving=True)
    return None


class _Analysis:
    """The analysis of one function."""

    def __init__(self, function: Function, jumps: dict[str, list[int]]) -> None:
        self.code = [each for each in function.instructions if each.op not in PSEUDO]
        self.machine = AMD64
        for each in self.code:
            if each.op in ("MOVD", "STP"):
                self.machine = ARM64
                break
        self.jumps = jumps
        self.found = Effects()
        self.recording = False
        self.exposed = self._exposed()
        self.zero = "" if self._overwritten(self.machine.zero) else self.machine.zero

    def _exposed(self) -> set[tuple[str, str]]:
        """Name the stack variables whose address is taken."""
        taken = set()
        for each in self.code:
            if "(SP)" in each.args or "(FP)" in each.args:
                lea = each.op.startswith("LEA")
                for operand in operands(each.args):
                    if operand.base in ("SP", "FP") and (lea or operand.kind == "address"):
                        taken.add((operand.base, operand.name))
        return taken

    def _overwritten(self, register: str) -> bool:
        """Say whether the register that is zero by convention is used as any other."""
        for each in self.code:
            if register in each.args and each.op not in _CLEARS:
                args = operands(each.args)
                if args[-1].kind == "register" and args[-1].name == register:
                    return True
        return False

    def effects(self) -> Effects:
        """Iterate to a fixed point, then record."""
        starts, blocks, follows = self._blocks()
        if not starts:
            return self.found
        entry: State = {}
        incoming: list[State | None] = [None] * len(starts)
        incoming[0] = entry
        work = [0]
        reached: set[int] = set()
        rounds = [0] * len(starts)
        while work or len(reached) < len(starts):
            if not work:
                # Nothing known leads here (an indirect jump, say): nothing is known of it.
                block = next(each for each in range(len(starts)) if each not in reached)
                incoming[block] = {}
                work.append(block)
            block = work.pop()
            reached.add(block)
            state = self._run(blocks[block], dict(incoming[block] or {}))
            for follow in follows[block]:
                before = incoming[follow]
                if before is None:
                    incoming[follow] = dict(state)
                    work.append(follow)
                    continue
                rounds[follow] += 1
                after = self._join(before, state) if rounds[follow] < _ROUNDS else {}
                if after != before:
                    incoming[follow] = after
                    work.append(follow)
        self.recording = True
        for block, lines in enumerate(blocks):
            self._run(lines, dict(incoming[block] or {}))
        return self.found

    @staticmethod
    def _join(one: State, other: State) -> State:
        joined: State = {}
        for key, value in one.items():
            against = other.get(key)
            if against is not None:
                merged = _merge(value, against)
                if merged is not None:
                    joined[key] = merged
        return joined

    def _blocks(self) -> tuple[list[int], list[range], list[list[int]]]:
        """Cut the code into basic blocks; say which follow which."""
        code = self.code
        places = [each.pc for each in code]
        targets: dict[int, list[int]] = {}
        leaders = {0} if code else set()
        for index, each in enumerate(code):
            if not self._jumps(each):
                continue
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
            last = end - 1
            after = [number[target] for target in targets.get(last, ())]
            if code[last].op not in _LEAVES and block + 1 < len(starts):
                after.append(block + 1)
            follows.append(after)
        return starts, blocks, follows

    def _jumps(self, each: Instruction) -> bool:
        if each.op in _LEAVES:
            return True
        if self.machine is ARM64:
            return _ARM_JUMPS.match(each.op) is not None
        return each.op[0] == "J" or each.op in ("LOOP", "XBEGIN")

    def _targets(self, each: Instruction, index: int) -> list[int]:
        """The places (pc) that a jump leads to."""
        last = each.args.rpartition(",")[2].strip()
        if last.isdigit():
            return [int(last[:12])]
        if each.op == "JMP" and "(SB)" not in each.args:
            # A jump table, whose symbol stands in an instruction before.
            for before in range(index - 1, max(-1, index - 12), -1):
                for operand in operands(self.code[before].args):
                    if operand.base == "SB" and operand.name in self.jumps:
                        return self.jumps[operand.name]
        return []

    # One instruction after the other.

    def _run(self, lines: range, state: State) -> State:
        code = self.code
        for index in lines:
            each = code[index]
            self._step(index, each.op, operands(each.args), state)
        return state

    def _step(self, index: int, op: str, args: tuple[Operand, ...], state: State) -> None:  # noqa: C901, PLR0912
        if self.recording:
            self._dereferences(index, op, args, state)
        if op in _SIZES or _VECTOR.match(op):
            self._move(index, op, args, state)
        elif op.startswith("LEA") or (op == "MOVD" and args and args[0].kind == "address"):
            if len(args) == 2:  # noqa: PLR2004
                self._set(args[1], self._place(args[0], state), state)
        elif op in self.machine.calls:
            self._call(index, args, state)
        elif op in _CLEARS and len(set(args)) == 1 and args[0].kind == "register":
            state[args[0].name] = Zero(frozenset({index}))
        elif op in ("ADDQ", "SUBQ", "ADD", "SUB") and args and args[-1].kind == "register":
            self._add(op, args, state)
        elif op == "DUFFZERO" or op.startswith("STOS"):
            self._clear_block(index, op, args, state)
        elif op == "DUFFCOPY" or op.startswith("MOVS"):
            self._copy_block(index, op, args, state)
        elif op == "STP":
            self._pair(index, args, state)
        elif _READS.match(op) or op in ("NOP", "REP", "RET", "UNDEF") or op[0] == "J":
            if op.startswith("PUSH"):
                self._forget_stack(state)
        else:
            self._other(index, op, args, state)

    def _other(self, index: int, op: str, args: tuple[Operand, ...], state: State) -> None:
        """An instruction of which only the place of its result matters."""
        extends = _EXTENDING.match(op)
        if extends and len(args) == 2 and args[1].kind == "register":  # noqa: PLR2004
            value = self._value(index, args[0], state)
            self._set(args[1], value if isinstance(value, Zero) else None, state)
            return
        if op in _MANY or not args:
            for name in ("AX", "BX", "CX", "DX"):
                state.pop(name, None)
        for operand in (
            args if op.startswith(("XCHG", "XADD", "MULX", "LDP", "VMOV")) else args[-1:]
        ):
            if operand.kind == "memory" and self.recording and _ARITHMETIC.match(op):
                place = self._place(operand, state)
                if isinstance(place, Address):
                    self.found.proofs.append(Proof(index, place, pointer=False))
            if operand.kind == "list":
                for name in operand.members:
                    state.pop(name, None)
            self._set(operand, None, state)
        if op.startswith("POP"):
            self._forget_stack(state)

    # Values and places.

    def _value(self, index: int, operand: Operand, state: State, size: int = WORD) -> Value | None:
        if operand.kind == "number":
            return Number(operand.offset) if operand.offset else Zero(frozenset({index}))
        if operand.kind == "register":
            return self._register(operand.name, state)
        if operand.kind == "address":
            return self._place(operand, state)
        if operand.kind == "memory":
            place = self._place(operand, state)
            if isinstance(place, Slot):
                return self._slot(place, size, state)
            if isinstance(place, Address):
                return Loaded(place.symbol, place.offset, place.moving, size)
        return None

    def _register(self, name: str, state: State) -> Value | None:
        value = state.get(name)
        if value is None and name == self.zero:
            return _FIXED
        return value

    @staticmethod
    def _slot(place: Slot, size: int, state: State) -> Value | None:
        if size <= WORD:
            return state.get(place)
        words = [
            state.get(place._replace(offset=place.offset + each)) for each in range(0, size, 8)
        ]
        zeros = [word for word in words if isinstance(word, Zero)]
        if len(zeros) < len(words):
            return None
        return Zero(frozenset().union(*(each.sites for each in zeros)))

    def _place(self, operand: Operand, state: State) -> Address | Slot | None:
        """The place in memory that an operand names."""
        if operand.base == "SB":
            return Address(operand.name, operand.offset, moving=bool(operand.scaled))
        if operand.base in ("SP", "FP") or (operand.base == "RSP"):
            if operand.scaled:
                return None
            return Slot(operand.base, operand.name, operand.offset)
        for name, other in ((operand.base, operand.scaled), (operand.scaled, operand.base)):
            value = state.get(name)
            if isinstance(value, Address):
                moving = value.moving or bool(other)
                return Address(value.symbol, value.offset + operand.offset, moving)
            if isinstance(value, Slot) and not other:
                return value._replace(offset=value.offset + operand.offset)
        return None

    def _set(self, operand: Operand, value: Value | None, state: State) -> None:
        """Put a value into a register or a place on the stack."""
        if operand.kind == "register":
            if operand.name in ("SP", "RSP"):
                self._forget_stack(state)
            elif value is None:
                state.pop(operand.name, None)
            else:
                state[operand.name] = value
        elif operand.kind == "memory":
            place = self._place(operand, state)
            if isinstance(place, Slot):
                self._put(place, value, state)
            elif place is None:
                self._forget_exposed(state)

    @staticmethod
    def _put(place: Slot, value: Value | None, state: State) -> None:
        if value is None:
            state.pop(place, None)
        else:
            state[place] = value

    def _forget_stack(self, state: State) -> None:
        for key in [key for key in state if isinstance(key, Slot)]:
            del state[key]

    def _forget_exposed(self, state: State) -> None:
        """Forget the stack variables that a store through an unknown address may change."""
        for key in [key for key in state if isinstance(key, Slot)]:
            if (key.base, key.name) in self.exposed:
                del state[key]

    # Moves.

    def _move(self, index: int, op: str, args: tuple[Operand, ...], state: State) -> None:
        if len(args) != 2:  # noqa: PLR2004
            return
        source, target = args
        size = _SIZES.get(op, 16)
        if op not in _SIZES or op == "MOVUPS":
            for each in args:
                if each.kind == "register" and each.name[0] in "YZ":
                    size = 32 if each.name[0] == "Y" else 64
        value = self._value(index, source, state, size)
        if target.kind == "register":
            if size < WORD and not isinstance(value, (Zero, Number)) and self.machine is AMD64:
                value = None
            if size < 4 and source.kind == "register":  # noqa: PLR2004 - keeps the upper part
                value = None
            self._set(target, value, state)
            return
        place = self._place(target, state)
        if isinstance(place, Slot):
            self._spill(place, value, size, state)
        elif isinstance(place, Address):
            if self.recording:
                self._store(index, op, source, value, place, size)
        else:
            base = state.get(target.base)
            if isinstance(base, Buffer):
                if self.recording and isinstance(value, Loaded) and value.size == WORD:
                    place = Address(value.symbol, value.offset, value.moving)
                    self.found.proofs.append(Proof(index, place, pointer=True))
            else:
                self._forget_exposed(state)

    def _spill(self, place: Slot, value: Value | None, size: int, state: State) -> None:
        for key in [key for key in state if isinstance(key, Slot) and key[:2] == place[:2]]:
            if place.offset - WORD < key.offset < place.offset + size:
                del state[key]
        if size == WORD:
            self._put(place, value, state)
        elif size > WORD and isinstance(value, Zero):
            for each in range(0, size, WORD):
                self._put(place._replace(offset=place.offset + each), value, state)
        elif size < WORD:
            self._put(place, None, state)

    def _store(
        self, index: int, op: str, source: Operand, value: Value | None, place: Address, size: int
    ) -> None:
        """Record a store into a symbol."""
        if isinstance(value, Zero):
            if size >= WORD:
                form = self._form(op, source, value)
                self.found.stores.append(Store(index, place, size, form, value.sites, ""))
            else:
                self.found.proofs.append(Proof(index, place, pointer=False))
        elif isinstance(value, Number) or size < WORD:
            self.found.proofs.append(Proof(index, place, pointer=False))
        elif isinstance(value, Address):
            if _TYPE.match(value.symbol):
                self.found.typed.add((index, place.symbol, place.offset))
            self.found.proofs.append(Proof(index, place, pointer=True))
        elif isinstance(value, Result):
            self.found.proofs.append(Proof(index, place, pointer=True))
        elif isinstance(value, Loaded) and not value.moving:
            self.found.stores.append(
                Store(index, place, size, f"{op} {source.name}", frozenset(), value.symbol)
            )

    def _form(self, op: str, source: Operand, value: Zero) -> str:
        """Name the way in which zero is stored."""
        if source.kind == "number":
            return f"{op} $0"
        if self._xorl(value):
            return f"XORL+{op}"
        return f"{op} {source.name}"

    def _xorl(self, value: Zero) -> bool:
        return any(self.code[site].op in ("XORL", "XORQ") for site in value.sites)

    def _pair(self, index: int, args: tuple[Operand, ...], state: State) -> None:
        """arm64's store of two registers."""
        if len(args) != 2 or args[0].kind != "list" or args[1].kind != "memory":  # noqa: PLR2004
            return
        place = self._place(args[1], state)
        for number, name in enumerate(args[0].members):
            value = self._register(name, state)
            source = Operand("register", name)
            if isinstance(place, Address):
                if self.recording:
                    at = place._replace(offset=place.offset + number * WORD)
                    self._store(index, "STP", source, value, at, WORD)
            elif isinstance(place, Slot):
                self._spill(place._replace(offset=place.offset + number * WORD), value, WORD, state)
            elif isinstance(state.get(args[1].base), Buffer):
                if self.recording and isinstance(value, Loaded) and value.size == WORD:
                    at = Address(value.symbol, value.offset, value.moving)
                    self.found.proofs.append(Proof(index, at, pointer=True))
            else:
                self._forget_exposed(state)

    def _add(self, op: str, args: tuple[Operand, ...], state: State) -> None:
        target = args[-1]
        value = state.get(target.name) if len(args) == 2 else None  # noqa: PLR2004
        added = args[0]
        result: Value | None = None
        if added.kind == "number" and isinstance(value, Address):
            step = added.offset if op.startswith("ADD") else -added.offset
            result = value._replace(offset=value.offset + step)
        elif isinstance(value, Address):
            result = value._replace(moving=True)
        elif added.kind == "register" and isinstance(state.get(added.name), Address):
            address = state[added.name]
            if isinstance(address, Address):
                result = address._replace(moving=True)
        elif added.kind == "number" and isinstance(value, Slot):
            step = added.offset if op.startswith("ADD") else -added.offset
            result = value._replace(offset=value.offset + step)
        self._set(target, result, state)

    # Blocks of memory.

    def _clear_block(self, index: int, op: str, args: tuple[Operand, ...], state: State) -> None:
        target = state.get(self.machine.block)
        value = self._register("X0", state) if op == "DUFFZERO" else state.get("AX")
        repeated = op != "DUFFZERO" and index > 0 and self.code[index - 1].op == "REP"
        step = WORD if op == "STOSQ" else 4
        size = 0 if op == "DUFFZERO" else step
        if repeated:
            count = state.get("CX")
            size = count.value * step if isinstance(count, Number) else 0
        zero = op == "DUFFZERO" or isinstance(value, Zero)
        sites = value.sites if isinstance(value, Zero) and op != "DUFFZERO" else frozenset()
        if isinstance(target, Address):
            if self.recording and zero:
                form = f"REP {op}" if repeated else op
                self.found.stores.append(Store(index, target, size, form, sites, ""))
            state[self.machine.block] = target._replace(
                offset=target.offset + size, moving=not size
            )
        elif isinstance(target, Slot):
            for key in [key for key in state if isinstance(key, Slot) and key[:2] == target[:2]]:
                if key.offset >= target.offset:
                    del state[key]
            if zero:
                length = size or _duff_size(args)
                for each in range(0, length, WORD):
                    state[target._replace(offset=target.offset + each)] = Zero(sites)
            if size:
                state[self.machine.block] = target._replace(offset=target.offset + size)
            else:
                state.pop(self.machine.block, None)
        else:
            self._forget_exposed(state)
            state.pop(self.machine.block, None)
        if repeated:
            state.pop("CX", None)

    def _copy_block(self, index: int, op: str, args: tuple[Operand, ...], state: State) -> None:  # noqa: ARG002
        target, source = state.get("DI"), state.get("SI")
        repeated = op != "DUFFCOPY" and index > 0 and self.code[index - 1].op == "REP"
        step = WORD if op == "MOVSQ" else 4
        size = 0 if op == "DUFFCOPY" else step
        if repeated:
            count = state.get("CX")
            size = count.value * step if isinstance(count, Number) else 0
        if isinstance(target, Address):
            if self.recording:
                form = f"REP {op}" if repeated else op
                if isinstance(source, Address):
                    self.found.stores.append(
                        Store(index, target, size, form, frozenset(), source.symbol)
                    )
                elif isinstance(source, Slot) and self._all_zero(source, state):
                    self.found.stores.append(Store(index, target, size, form, frozenset(), ""))
        else:
            self._forget_exposed(state)
        for name, value in (("DI", target), ("SI", source)):
            if size and isinstance(value, (Address, Slot)):
                state[name] = value._replace(offset=value.offset + size)
            else:
                state.pop(name, None)
        if op == "DUFFCOPY":
            state.pop("X0", None)
        if repeated:
            state.pop("CX", None)

    @staticmethod
    def _all_zero(source: Slot, state: State) -> bool:
        words = [
            value
            for key, value in state.items()
            if isinstance(key, Slot) and key[:2] == source[:2] and key.offset >= source.offset
        ]
        return bool(words) and all(isinstance(value, Zero) for value in words)

    # Calls.

    def _call(self, index: int, args: tuple[Operand, ...], state: State) -> None:
        callee = args[-1].name if args and args[-1].base == "SB" else ""
        barrier = _BARRIER.match(callee)
        if barrier:
            self._barrier(index, callee, barrier[1], state)
            return
        if _BUFFERED.match(callee):
            state[self.machine.buffer] = Buffer()
            return
        if self.recording:
            self._runtime(index, callee, state)
        for key in list(state):
            if isinstance(key, str) or not key.name or (key.base, key.name) in self.exposed:  # type: ignore[attr-defined]
                del state[key]
        if _MAKES.match(callee):
            # The result's place: a register, or the stack behind the arguments.
            state[self.machine.arguments[0]] = Result(callee)
            for offset in (8, 16, 24, 32):
                state[Slot("SP", "", offset)] = Result(callee)

    def _barrier(self, index: int, callee: str, register: str | None, state: State) -> None:
        """gcWriteBarrier, Go 1.10 to 1.20: stores a register at the address in another."""
        if not self.recording:
            return
        target = state.get(self.machine.destination)
        value = self._register(register or self.machine.value, state)
        if not isinstance(target, Address):
            return
        self.found.proofs.append(Proof(index, target, pointer=True))
        if isinstance(value, Zero):
            form = "gcWriteBarrier"
            if self._xorl(value):
                form = "XORL+gcWriteBarrier"
            elif value.sites:
                form = f"{self.code[min(value.sites)].op} $0+gcWriteBarrier"
            self.found.stores.append(Store(index, target, WORD, form, value.sites, ""))

    def _argument(self, number: int, state: State) -> Value | None:
        """An argument, on the stack (up to Go 1.16) or in a register."""
        on_stack = state.get(Slot("SP", "", number * WORD))
        if Slot("SP", "", 0) in state:
            return on_stack
        return state.get(self.machine.arguments[number]) if number < 4 else None  # noqa: PLR2004

    def _runtime(self, index: int, callee: str, state: State) -> None:
        """A call of a runtime function that stores, clears or takes a variable."""
        old = _OLD_BARRIER.match(callee)
        if old:
            self._old_barrier(index, old[1], state)
        elif callee in ("runtime.typedmemclr", "runtime.wbZero", "runtime.typedmemmove"):
            target = self._argument(1, state)
            if not isinstance(target, Address):
                return
            self.found.proofs.append(Proof(index, target, pointer=True, region=True))
            form = callee.partition(".")[2]
            if form == "typedmemclr":
                self.found.stores.append(Store(index, target, 0, form, frozenset(), ""))
            elif form == "typedmemmove":
                source = self._argument(2, state)
                if isinstance(source, Address):
                    self.found.stores.append(
                        Store(index, target, 0, form, frozenset(), source.symbol)
                    )
                elif isinstance(source, Slot) and self._all_zero(source, state):
                    self.found.stores.append(Store(index, target, 0, form, frozenset(), ""))
        elif callee.startswith("runtime.memclr"):
            target, size = self._argument(0, state), self._argument(1, state)
            if isinstance(target, Address):
                form = callee.partition(".")[2]
                length = size.value if isinstance(size, Number) else 0
                if form == "memclrHasPointers":
                    self.found.proofs.append(Proof(index, target, pointer=True, region=True))
                self.found.stores.append(Store(index, target, length, form, frozenset(), ""))
        elif _MAP_CALL.match(callee):
            taken = self._argument(1, state)
            if isinstance(taken, Loaded) and taken.size == WORD:
                place = Address(taken.symbol, taken.offset, taken.moving)
                self.found.proofs.append(Proof(index, place, pointer=True))

    def _old_barrier(self, index: int, kind: str, state: State) -> None:
        """The barriers of Go 1.4 to 1.9, which take the address and the value on the stack."""
        target = state.get(Slot("SP", "", 0))
        if not isinstance(target, Address):
            return
        shape = _SHAPES.get(kind) or kind[3:]
        first = 2 * WORD if kind.startswith("fat") else WORD
        values = [state.get(Slot("SP", "", first + each * WORD)) for each in range(len(shape))]
        if kind in ("iface", "eface") and not isinstance(values[0], Zero):
            shape = "00"  # it has a type, so it isn't nil
        for number, bit in enumerate(shape):
            place = target._replace(offset=target.offset + number * WORD)
            value = values[number]
            if bit == "1":
                self.found.proofs.append(Proof(index, place, pointer=True))
                if isinstance(value, Zero):
                    form = f"writebarrier{kind}"
                    if self._xorl(value):
                        form = f"XORL+{form}"
                    elif value.sites:
                        form = f"{self.code[min(value.sites)].op} $0+{form}"
                    self.found.stores.append(Store(index, place, WORD, form, value.sites, ""))
            elif kind.startswith("fat") or kind in ("slice", "string"):
                self.found.proofs.append(Proof(index, place, pointer=False))

    def _dereferences(self, index: int, op: str, args: tuple[Operand, ...], state: State) -> None:
        """A loaded word that serves as an address is a pointer."""
        if op.startswith("LEA") or op == "NOP":
            return
        for operand in args:
            if operand.kind == "memory" and operand.base and not operand.scaled:
                value = state.get(operand.base)
                if isinstance(value, Loaded) and value.size == WORD:
                    place = Address(value.symbol, value.offset, value.moving)
                    self.found.proofs.append(Proof(index, place, pointer=True))


def _duff_size(args: tuple[Operand, ...]) -> int:
    """How much a DUFFZERO of Go 1.7 or 1.8 clears on the stack, at most."""
    return 1024 if args else 0

"""Which functions are worth following: those where zero may get into a package-level variable.

Following values costs more than reading, and few functions write to variables. The sieve looks at
single lines; when in doubt it says yes.
"""

from __future__ import annotations

import re

from harness.assembly.listing import is_variable

_OFFSET = re.compile(r"\+?[+-][0-9]+\Z")
_TARGET = re.compile(r"(?:.*, ?|,)([A-Z][A-Z0-9]*)\s*\Z", re.DOTALL)
_CLEARS = re.compile(
    r",?runtime\.(?:typedmemclr|wbZero|memclr|typedmemmove|gcWriteBarrier|writebarrier)"
)
_NEAR = 12  # lines
_ENDS = frozenset({"RET", "RET\n", "RET\r\n", "UNDEF", "UNDEF\n", "UNDEF\r\n"})
_BLOCKS = ("DUFF", "STOS", "REP", "MOVSQ")
_QUIET = frozenset({"PCDATA", "FUNCDATA", "NOP", "NOP\n", "TEXT"})


def needs_flow(lines: list[str], number: int, op: str, args: str) -> bool:
    """Say whether an instruction that names a symbol may be part of a store."""
    args = args.rstrip()
    stored = args.endswith("(SB)") and not op.startswith("CMP")
    symbol = args[:-4].rpartition(",")[2] if stored else args.partition("(SB)")[0].lstrip("$")
    if not is_variable(_OFFSET.sub("", symbol.strip())):
        return False
    if op.startswith("LEA") or args.startswith("$"):
        target = _TARGET.match(args)
        return target is None or _clears_through(lines, number + 1, target[1])
    return stored and not op.startswith("TEST")


def serves_as_address(lines: list[str], number: int, args: str) -> bool:
    """Say whether the word that an instruction loads is the address of what is read then.

    Up to Go 1.8 that may be all that tells a pointer from a number.
    """
    target = _TARGET.match(args)
    if target is None or args.rstrip().endswith(")") or "(SB)" not in args:
        return False
    register = target[1]
    for line in lines[number + 1 : number + _NEAR]:
        fields = line.rstrip().split("\t", 3)
        op, rest = fields[2] if len(fields) > 2 else "", fields[-1]  # noqa: PLR2004
        if f"({register})" in rest and not op.startswith("LEA"):
            return f"({register})(" not in rest
        if op in ("CALL", "RET", "JMP", "RET\n") or rest.endswith((f",{register}", f" {register}")):
            return False
    return False


def _clears_through(lines: list[str], start: int, register: str) -> bool:
    """Say whether a store, or a block operation, may use the address that a register holds."""
    known = {register}
    for line in lines[start:]:
        fields = line.split("\t", 3)
        op = fields[2] if len(fields) > 2 else ""  # noqa: PLR2004
        if op in _QUIET:
            continue
        if op in _ENDS:
            return False
        if op in ("CALL", "BL"):
            return _CLEARS.match(fields[-1]) is not None
        if op[:1] in ("J", "B", "C", "T") and _leaves(op):
            return _anywhere(lines, known)
        source, target = _ends(fields[-1].strip())
        if _uses(op, source, target, known):
            return True
        _follow(op, source, target, known)
        if not known:
            return False
    return False


def _ends(args: str) -> tuple[str, str]:
    """Return the first and the last operand (or what stands for them in a long one)."""
    source, _, target = args.rpartition(", " if ", " in args else ",")
    return source, target


def _uses(op: str, source: str, target: str, known: set[str]) -> bool:
    """Say whether an instruction stores through an address, or puts it away for later."""
    if op.startswith(_BLOCKS):
        return True
    if target.endswith(")") and any(f"({name}" in target for name in known):
        return op.startswith(("MOV", "STP", "FMOV", "VMOV", "ST"))
    return source in known and target.endswith("P)") and target[0] not in "(0123456789"


def _follow(op: str, source: str, target: str, known: set[str]) -> None:
    """Note which registers hold the address behind an instruction."""
    through = any(f"({name})" in source for name in known)
    if source in known or (through and op.startswith("LEA")):
        if target.isalnum():
            known.add(target)
    elif target in known and op.startswith(("MOV", "LEA", "XOR", "POP")):
        known.discard(target)


def _anywhere(lines: list[str], known: set[str]) -> bool:
    """Say whether a function may clear through, copy or keep one of some registers."""
    names = "|".join(known)
    use = re.compile(
        rf"\t(?:V?F?MOV\w*|STP)\t(?:(?:\$0|\(?[A-Z][A-Z0-9]*|.*\)), ?-?[0-9]*\((?:{names})\)"
        rf"|(?:{names}), ?(?:[A-Z]|[^(0-9-].*\([SF]P\)))"
        rf"|\tLEAQ\t-?[0-9]*(?:\([A-Z0-9]+\))?\((?:{names})[)*]"
        r"|\t(?:DUFF|STOS|REP|MOVSQ)|runtime\.(?:typedmem|wbZero|memclr|gcWriteB\w*\(|writebarrier)"
    )
    return use.search("".join(lines)) is not None


def _leaves(op: str) -> bool:
    return not op.startswith(("CMP", "CMOV", "TEST", "BT", "BSF", "BSR", "BSWAP", "CQO", "CLZ"))

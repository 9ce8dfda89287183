"""The operands of an instruction, as the flow analysis needs them."""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.assembly.listing import split

_MEMORY = re.compile(r"(.*)\(([A-Z][A-Z0-9]*)\)\Z", re.DOTALL)
_INDEXED = re.compile(
    r"(.*)\(([A-Z][A-Z0-9]*)\)\(([A-Z][A-Z0-9]*)(?:(?:\*|<<)[0-9]+)?\)\Z", re.DOTALL
)
_SCALED = re.compile(r"(-?[0-9]*)\(([A-Z][A-Z0-9]*)\*([0-9]+)\)\Z")
_REGISTER = re.compile(r"[A-Z][A-Z0-9]*\Z")
_OFFSET = re.compile(r"(.*?)(?:\+?([+-][0-9]+)|([0-9]+))?\Z", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+\Z")
_BYTE = {
    "AL": "AX",
    "AH": "AX",
    "BL": "BX",
    "CL": "CX",
    "DL": "DX",
    **{f"{name}B": name for name in ("SI", "DI", "BP", *(f"R{each}" for each in range(8, 16)))},
}
_CACHE_LIMIT = 20_000


class Operand(NamedTuple):
    """A register, a number, an address or a place in memory."""

    kind: str  # "register", "number", "address", "memory", "list" or "other"
    name: str = ""  # the register, or the symbol (or name of a stack slot)
    offset: int = 0  # the number, or the offset
    base: str = ""  # of an address or memory: SB, SP, FP or a register
    scaled: str = ""  # the index register
    members: tuple[str, ...] = ()  # arm64's register pairs


_OTHER = Operand("other")
_cache: dict[str, tuple[Operand, ...]] = {}


def operands(args: str) -> tuple[Operand, ...]:
    """Read all operands of an instruction."""
    known = _cache.get(args)
    if known is None:
        if len(_cache) > _CACHE_LIMIT:
            _cache.clear()
        known = tuple(_operand(part) for part in split(args)) if args else ()
        if len(args) < 200:  # noqa: PLR2004 - long ones are rare and would fill the cache
            _cache[args] = known
    return known


def _operand(text: str) -> Operand:
    if _REGISTER.match(text):
        return Operand("register", _BYTE.get(text, text))
    if text.startswith("$"):
        if _NUMBER.match(text, 1):
            return Operand("number", offset=int(text[1:]) if len(text) < 24 else 1)  # noqa: PLR2004
        place = _memory(text[1:])
        return place._replace(kind="address") if place else _OTHER
    if text.startswith("(") and "," in text:
        return Operand("list", members=tuple(part.strip() for part in text[1:-1].split(",")))
    return _memory(text) or _OTHER


def _memory(text: str) -> Operand | None:
    match = _INDEXED.match(text) if ")(" in text else None
    scaled = ""
    if match:
        front, base, scaled = match.groups()
    elif match := _MEMORY.match(text):
        front, base = match.groups()
    elif match := _SCALED.match(text):
        front, scaled, _ = match.groups()
        base = ""
    else:
        return None
    name, signed, plain = _OFFSET.match(front).groups()  # type: ignore[union-attr]
    if plain and name:  # the digits belong to the name: x10(SB)
        name, plain = name + plain, None
    if name.endswith(">"):  # a version of the function for one calling convention: f<ABI0>
        name = name.partition("<")[0]
    return Operand("memory", name, int((signed or plain or "0")[:18]), base, scaled)

"""From the text of a listing to its functions, instructions and data symbols."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# These take no machine code: they describe the function, or the place of the next instruction.
PSEUDO = frozenset(
    {"TEXT", "PCDATA", "FUNCDATA", "TYPE", "LOCALS", "ARGS", "VARDEF", "VARKILL", "VARLIVE"}
)
PADDING = frozenset({"NOP", "NOPW", "NOPL", "NOOP", "PCALIGN", "XCHGL"})

_OWN = '"".'  # the package's own path, up to Go 1.18
_COMMAND_LINE = "command-line-arguments"  # what go build calls a package given as files

_INSTRUCTION = re.compile(
    r"\t0x([0-9a-f]+) ([0-9]+) \((.*?)\)\t([A-Z][A-Z0-9_.]*)(?:\t(.*?))?\r?\n?\Z", re.DOTALL
)
_OLD_INSTRUCTION = re.compile(
    r"([0-9]{4,}) \((.*?:[0-9]+(?:\[.*?\])?|<[^>]*>(?::[0-9]+)?)\) ([A-Z][A-Z0-9]*)[ \t]*(.*?)\r?\n?\Z",
    re.DOTALL,
)
_HEADER = re.compile(
    r"(.+) (?:t=([0-9]+)|S([A-Z]+))(?: [a-z]+)* size=([0-9]+)((?: [a-z]+=\S+)*)\s*\Z"
)
_OLD_HEADER = re.compile(r'--- prog list "(.*)" ---\s*\Z')
_PACKAGE = re.compile(r"# (\S+)(?: \[\S+\])?\s*\Z")
_POSITION = re.compile(r"(.*):([0-9]+)\Z", re.DOTALL)
_TWO_POSITIONS = re.compile(r"(.*?:[0-9]+)\[.*\]\Z", re.DOTALL)
# In Go 1.2 a symbol of the package itself has no prefix.
_OLD_SYMBOL = re.compile(r"(?<![\w.·\"/*%)\]{])((?:\(\*\w+\)\.)?[^\W\d][\w·]*)(\+-?[0-9]+\(SB\))")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, at the position that the listing prints (line 0 where it has none)."""

    pc: int
    file: str
    line: int
    op: str
    args: str

    @property
    def text(self) -> str:
        """The instruction as a reader would like it shown."""
        return f"{self.op} {self.args}".rstrip()


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its instructions, pseudo-instructions included."""

    name: str
    instructions: tuple[Instruction, ...]


@dataclass(slots=True)
class Package:
    """The start of a package: its import path, or "" where the listing doesn't say."""

    path: str


@dataclass(slots=True)
class Text:
    """The lines of one function, not yet read."""

    name: str
    old: bool  # Go 1.2's format
    word: str  # how the header names the kind of symbol: "TEXT", or a number
    valued: bool  # the header has value= (Go 1.4 to 1.6)
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Datum:
    """A data symbol."""

    name: str
    word: str  # "BSS", "NOPTRBSS", ... or a number
    valued: bool
    size: int
    zero: bool = True  # neither a byte nor an address in it
    links: list[str] = field(default_factory=list)


Part = Package | Text | Datum


def parts(lines: Iterable[str]) -> Iterator[Part]:
    """Cut a listing into its packages, functions and data symbols."""
    text: Text | None = None
    datum: Datum | None = None
    body: list[str] = []
    for line in lines:
        first = line[:1]
        if first == "\t":
            if text is not None:
                if " (" in line[8:26] and line.startswith("\t0x"):
                    body.append(line)
            elif datum is not None:
                _fill(datum, line)
            elif " (" in line[8:26] and line.startswith("\t0x"):
                # A pasted piece of a listing, without its first line.
                text = Text("", old=False, word="", valued=False)
                body = text.lines
                body.append(line)
        elif first.isdigit():
            if text is not None and text.old:
                body.append(line)
        elif first == "#" or " size=" in line or first == "-":
            part = _start(line)
            if part is None:
                continue
            if text is not None:
                yield text
            elif datum is not None:
                yield datum
            text = datum = None
            if isinstance(part, Text):
                text = part
                body = part.lines
            elif isinstance(part, Datum):
                datum = part
            else:
                yield part
    if text is not None:
        yield text
    elif datum is not None:
        yield datum


def _start(line: str) -> Part | None:
    """Read a line that starts a package, a function or a data symbol."""
    if line[0] == "#":
        package = _PACKAGE.match(line)
        return Package(package[1]) if package else None
    if line[0] == "-":
        old = _OLD_HEADER.match(line)
        return Text(old[1], old=True, word="", valued=False) if old else None
    header = _HEADER.match(line)
    if header is None:
        return None
    name, number, word, size, rest = header.groups()
    valued = rest.startswith(" value=")
    if number == "1" or word == "TEXT":
        return Text(name, old=False, word=word or number, valued=valued)
    return Datum(name, word or number, valued, int(size))


def _fill(datum: Datum, line: str) -> None:
    """Take note of a line of a data symbol's contents."""
    if line.startswith("\trel "):
        datum.zero = False
        datum.links.append(line.split(" ", 3)[-1].strip())
    elif datum.zero and line.startswith("\t0x"):
        datum.zero = not line[8:57].split("  ", 1)[0].strip(" 0")


def position(text: str) -> tuple[str, int]:
    """Split a position; where there are two, the first one counts."""
    if text.endswith("]"):
        two = _TWO_POSITIONS.match(text)
        if two:
            text = two[1]
    match = _POSITION.match(text)
    return (match[1], int(match[2][:9])) if match else ("", 0)


def escaped(path: str) -> str:
    """Spell an import path as symbols do: a dot in its last element is %2e."""
    head, slash, last = path.rpartition("/")
    return head + slash + last.replace("%", "%25").replace(".", "%2e").replace('"', "%22")


def modern(symbol: str, package: str) -> str:
    """Put the package's path where old releases print two quotes."""
    return symbol.replace(_OWN, escaped(package) + ".") if _OWN in symbol else symbol


def _spaced(args: str) -> str:
    """Write operands as from Go 1.5 on: no empty operand, no offset of 0."""
    return ", ".join(part.replace("+0(SB)", "(SB)") for part in split(args) if part)


def split(args: str) -> list[str]:
    """Split operands at their commas, those within quotes or brackets left alone."""
    if not any(mark in args for mark in '"[{('):
        return [part.strip() for part in args.split(",")]
    result = []
    start = depth = 0
    quoted = escape = False
    for index, char in enumerate(args):
        if quoted:
            if escape:
                escape = False
            elif char == "\\":
                escape = True
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char in "[{(":
            depth += 1
        elif char in ")}]":
            depth = max(0, depth - 1)
        elif char == "," and not depth:
            result.append(args[start:index].strip())
            start = index + 1
    result.append(args[start:].strip())
    return result


def read(text: Text, package: str) -> Function:
    """Read the instructions of a function."""
    if text.old:
        return _read_old(text, package)
    prefix = escaped(package) + "."
    instructions = []
    places: dict[str, tuple[str, int]] = {}
    name = text.name
    for line in text.lines:
        match = _INSTRUCTION.match(line)
        if match is None:
            continue
        _, pc, place, op, args = match.groups()
        at = places.get(place)
        if at is None:
            at = places[place] = position(place)
        args = args or ""
        if _OWN in args:
            args = args.replace(_OWN, prefix)
        if text.valued and (args[:1] == "," or "+0(" in args or ("," in args and ", " not in args)):
            args = _spaced(args)
        if op == "TEXT" and not name:
            name = args.partition("(SB)")[0]
        instructions.append(Instruction(int(pc[:12]), at[0], at[1], op, args))
    return Function(modern(name, package), tuple(instructions))


def _read_old(text: Text, package: str) -> Function:
    """Read a function in Go 1.2's format, where the package's own symbols have no prefix."""
    prefix = escaped(package) + "."
    instructions = []
    for line in text.lines:
        match = _OLD_INSTRUCTION.match(line)
        if match is None:
            continue
        index, place, op, args = match.groups()
        file, number = position(place)
        if "(SB)" in args:
            args = _OLD_SYMBOL.sub(rf"{prefix}\1\2", args.replace(_OWN, prefix))
        instructions.append(Instruction(int(index[:12]), file, number, op, _spaced(args)))
    return Function(_old_name(text.name, package), tuple(instructions))


def _old_name(name: str, package: str) -> str:
    """Give a function of Go 1.2 its package; the compiler's own (type..eq) have none."""
    if name.startswith(("type..", "go.")):
        return modern(name, package)
    return f"{escaped(package)}.{modern(name, package)}"


def names_package(path: str) -> bool:
    """Say whether a "# path" line names the package (it doesn't for files on a command line)."""
    return bool(path) and path != _COMMAND_LINE


def functions(lines: Iterable[str], *, package: str = "main") -> Iterator[Function]:
    """Read the functions of a listing, one at a time."""
    current = package
    for part in parts(lines):
        if isinstance(part, Package):
            current = part.path if names_package(part.path) else package
        elif isinstance(part, Text):
            yield read(part, current)

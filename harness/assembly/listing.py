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
    r"\t0x[0-9a-f]+ ([0-9]+) \((.*?)\)\t([A-Z][A-Z0-9_.]*)(?:\t(.*?))?\r?\n?\Z", re.DOTALL
)
_OLD_INSTRUCTION = re.compile(
    r"([0-9]{4,}) \((.*?:[0-9]+(?:\[.*?\])?|<[^>]*>(?::[0-9]+)?)\) ([A-Z][A-Z0-9]*)"
    r"[ \t]*(.*?)\r?\n?\Z",
    re.DOTALL,
)
_HEADER = re.compile(
    r"(.*) (?:t=([0-9]+)|S([A-Z]+))(?: [a-z]+)* size=([0-9]+)((?: [a-z]+=\S+)*)\s*\Z"
)
_OLD_HEADER = re.compile(r'--- prog list "(.*)" ---\s*\Z')
_PACKAGE = re.compile(r"# (\S+)(?: \[\S+\])?\s*\Z")
_RELOCATION = re.compile(r"\trel ([0-9]+)\+[0-9]+ t=\S+ .*\+(-?[0-9]+)\s*\Z")
_CONTENT = re.compile(r"\t0x([0-9a-f]{4,8}) ((?:[0-9a-f]{2} ){1,16})")
_VARIABLE = re.compile(r"(?:[^\s\",()]*/)?(?:\"\"|[^\s\"/.,()]+)\.[^\W\d]\w*\Z")
_NOT_PACKAGES = (
    *("type.", "type:", "go:", "go.string.", "go.itab.", "go.info.", "go.importpath.", "go.weak."),
    *("go.typelink.", "go.range.", "go.loc.", "go.cuinfo.", "go.debuglines.", "runtime.zero"),
    *("runtime.staticuint64s", "gclocals"),
)
_COMPILERS = ("type.", "type:", "go:", "go.string.", "go.info.", "gclocals")
_STRING_TYPE = re.compile(r" go[.:]info\.string\+0\s*\Z")
_DESCRIBED = re.compile(r"\trel [0-9]+\+8 t=\S+ (.+)\+0\s*\Z")
_ALWAYS = re.compile(r" (?:STEXT|SDWARFVAR|t=[0-9]+) ")
_MATTERS = re.compile(r".*(?:\.stmp_|statictmp_|\.jump)[0-9]+\Z")
_STARTS = ("#", "-")
_ENTRY = "\t0x0000 00000 ("
_WORD = 8
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
    word: str = ""  # how the header names the kind of symbol: "TEXT", or a number
    old: bool = False  # Go 1.2's format
    valued: bool = False  # the header has value=: Go 1.4 to 1.6
    lines: list[str] = field(default_factory=list)
    duffs: list[int] = field(default_factory=list)  # where each DUFFZERO enters (Go 1.4)


@dataclass(slots=True)
class Datum:
    """A data symbol."""

    name: str
    word: str  # "BSS", "NOPTRBSS", ... or a number
    valued: bool
    size: int
    # Only of a symbol that values are copied from, of a jump table, or of a variable's description:
    filled: set[int] = field(default_factory=set)  # the words that aren't zero
    targets: list[int] = field(default_factory=list)


Part = Package | Text | Datum
_OF_NO_INTEREST = Datum("", "", valued=False, size=0)


def parts(lines: Iterable[str]) -> Iterator[Part]:  # noqa: C901, PLR0912 - one loop, for speed
    """Cut a listing into its packages, functions and data symbols."""
    current: Part | None = None
    body: list[str] | None = None  # of the current function
    datum: Datum | None = None  # the current data symbol, if its contents matter
    for line in lines:
        if line[:1] != "\t":
            part = _start(line) if " size=" in line or line[:1] in _STARTS else None
            if part is not None:
                if current is not None:
                    yield current
                current = part
                body = part.lines if isinstance(part, Text) else None
                datum = part if isinstance(part, Datum) and _matters(part) else None
            elif line[:1].isdigit() and isinstance(current, Text) and current.old:
                current.lines.append(line)
        elif body is None or line.startswith(_ENTRY):
            if line.startswith(_ENTRY) and (body is None or (body and "\tTEXT\t" in line)):
                # A pasted piece of a listing, without the line before a function.
                if current is not None:
                    yield current
                name = line.partition("\tTEXT\t")[2].partition("(SB)")[0]
                current = Text(name.removesuffix("+0"))
                body = current.lines
            if body is not None:
                body.append(line)
            elif datum is not None:
                _fill(datum, line)
        elif line[1:2] == "r":
            if "runtime.duffzero+" in line and isinstance(current, Text):
                _enter(current, line)
        elif " " not in line[10:12]:  # there, the machine code's bytes have a space
            body.append(line)
    if current is not None:
        yield current


def _start(line: str) -> Part | None:
    """Read a line that starts a package, a function or a data symbol."""
    if line[0] == "#":
        package = _PACKAGE.match(line)
        return Package(package[1]) if package else None
    if line[0] == "-":
        old = _OLD_HEADER.match(line)
        return Text(old[1], old=True) if old else None
    if line.startswith(_COMPILERS) and not _ALWAYS.search(line):
        return _OF_NO_INTEREST
    header = _HEADER.match(line)
    if header is None:
        return None
    name, number, word, size, rest = header.groups()
    valued = rest.startswith(" value=")
    if number == "1" or word == "TEXT":
        return Text(name, word or number, valued=valued)
    return Datum(name, word or number, valued, int(size[:18]))


def _enter(text: Text, line: str) -> None:
    """Take note of where a DUFFZERO enters."""
    offset = line.rpartition("+")[2].strip()
    if text.valued:
        text.duffs.append(int(offset[:9]) if offset.isdigit() else -1)


def _matters(datum: Datum) -> bool:
    """Say whether the contents of a data symbol are worth reading."""
    return datum.word == "DWARFVAR" or _MATTERS.match(datum.name) is not None


def _fill(datum: Datum, line: str) -> None:
    """Take note of a line of a data symbol's contents."""
    if datum.word == "DWARFVAR":
        described = _DESCRIBED.match(line)
        if described:
            datum.name = described[1]
        elif _STRING_TYPE.search(line):
            datum.filled.add(0)
    elif line[1] == "r":
        relocation = _RELOCATION.match(line)
        if relocation:
            datum.filled.add(int(relocation[1][:12]) // _WORD * _WORD)
            if ".jump" in datum.name:
                datum.targets.append(int(relocation[2][:12]))
    else:
        content = _CONTENT.match(line)
        if content:
            start = int(content[1], 16)
            for index, byte in enumerate(content[2].split()):
                if byte != "00":
                    datum.filled.add((start + index) // _WORD * _WORD)


def position(text: str) -> tuple[str, int]:
    """Split a position; where there are two, the first one counts."""
    file, _, line = text.rpartition(":")
    if line.isdecimal() and file:
        return file, int(line[:9])
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
    found: list[str] = []
    for part in split(args, ","):
        if found and found[-1].lstrip("$").startswith("go.itab.") and "(SB)" not in found[-1]:
            found[-1] += "," + part  # the name of a method table has a comma
        elif part:
            found.append(part)
    return ", ".join(part.replace("+0(SB)", "(SB)") for part in found)


def split(args: str, comma: str = ", ") -> list[str]:  # noqa: C901 - a scanner's cases
    """Split operands at their commas, those within quotes or brackets left alone."""
    if not any(mark in args for mark in '"[{('):
        return [part.strip() for part in args.split(comma)]
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
        elif char == "," and not depth and args.startswith(comma, index):
            result.append(args[start:index].strip())
            start = index + 1
    result.append(args[start:].strip())
    return result


def read(text: Text, package: str) -> Function:
    """Read the instructions of a function."""
    take = _instruction_old if text.old else instruction
    prefix = escaped(package) + "."
    found = []
    places: dict[str, tuple[str, int]] = {}
    name = _old_name(text.name, prefix) if text.old else text.name.replace(_OWN, prefix)
    for line in text.lines:
        each = take(line, prefix, places)
        if each is not None:
            found.append(each)
    return Function(name, tuple(found))


def instruction(line: str, prefix: str, places: dict[str, tuple[str, int]]) -> Instruction | None:
    """Read an instruction; ``prefix`` stands for two quotes, ``places`` keeps positions read."""
    match = _INSTRUCTION.match(line)
    if match is None:
        return None
    pc, place, op, args = match.groups()
    at = places.get(place)
    if at is None:
        at = places[place] = position(place)
    if args is None:
        args = ""
    elif _OWN in args:
        args = args.replace(_OWN, prefix)
    if "," in args and (args[0] == "," or "+0(" in args or ", " not in args):
        args = _spaced(args)
    return Instruction(int(pc[:12]), at[0], at[1], op, args)


def _instruction_old(
    line: str, prefix: str, places: dict[str, tuple[str, int]]
) -> Instruction | None:
    """Read an instruction in Go 1.2's format."""
    match = _OLD_INSTRUCTION.match(line)
    if match is None:
        return None
    index, place, op, args = match.groups()
    at = places.get(place)
    if at is None:
        at = places[place] = position(place)
    if "(SB)" in args:
        args = _OLD_SYMBOL.sub(lambda own: prefix + own[0], args.replace(_OWN, prefix))
    return Instruction(int(index[:12]), at[0], at[1], op, _spaced(args))


def _old_name(name: str, prefix: str) -> str:
    """Give a function of Go 1.2 its package; the compiler's own (type..eq) have none."""
    own = name.replace(_OWN, prefix)
    return own if name.startswith(("type..", "go.")) else prefix + own


def is_variable(symbol: str) -> bool:
    """Say whether a symbol can be a package-level variable's: one dot behind the path, no more.

    So it is no closure (main.main.func1), method, or table of the compiler's (main..stmp_1); those
    of Go 1.9 and before (main.statictmp_1) have no name that a program could not have.
    """
    return _VARIABLE.match(symbol) is not None and not symbol.startswith(_NOT_PACKAGES)


def names_package(path: str) -> bool:
    """Say whether a "# path" line names the package (it doesn't for files on a command line)."""
    return bool(path) and path != _COMMAND_LINE


def is_main(text: Text, path: str) -> bool:
    """Say whether this is the function that only package main has, by its old spelling.

    Up to Go 1.18 go build prints the path of a command's folder, but its symbols are main's. The
    runtime has a function main too.
    """
    return path != "runtime" and (text.name == _OWN + "main" or (text.old and text.name == "main"))


def functions(lines: Iterable[str], *, package: str = "main") -> Iterator[Function]:
    """Read the functions of a listing, one at a time."""
    path = package
    held: list[Text] = []
    holding = False
    for part in parts(lines):
        if isinstance(part, Package):
            yield from (read(text, path) for text in held)
            held = []
            holding = names_package(part.path)
            path = part.path if holding else package
        elif isinstance(part, Text):
            held.append(part)
            if is_main(part, path):
                path = "main" if holding else path
                holding = False
            if not (holding and part.name.startswith(_OWN)):
                yield from (read(text, path) for text in held)
                held = []
    yield from (read(text, path) for text in held)

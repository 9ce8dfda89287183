"""What a run kept of its programs: the sources, and the instructions of the lines that matter.

A line matters where the listing has a call or a nil store on any release that
compiled the same text, so that what is gone on another release can be seen there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.assembly import functions, instructions_of
from harness.assembly.listing import PADDING, PSEUDO
from harness.observations import Cell
from harness.results import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.assembly import Instruction
    from harness.results import Tables
    from harness.toolchains import GoVersion

Key = tuple[str, "GoVersion"]  # scenario, release
Place = tuple[str, int]  # file, line
_Sources = tuple[tuple[str, str], ...]  # name and text of each file


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of ``assembly.csv``: a call, a reference or a nil store."""

    kind: str
    function: str
    place: Place
    instruction: str


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction.

    Attributes:
        pc: Its offset in the function; in Go 1.2's listings, its number.
        text: As the listing has it.
        mark: ``call``, ``reference`` or ``nil-store``; empty for all others.
    """

    pc: int
    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class Block:
    """What one source line became in one function."""

    file: str
    line: int
    function: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One cell's program.

    Attributes:
        sources: Name and text of each Go file.
        blocks: The lines that matter, in the order of the source.
        listed: Whether there is a listing.
    """

    sources: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    listed: bool


def read(tables: Tables) -> dict[Key, Evidence]:
    """Read what is there of a run's artifacts; a cell without any is left out."""
    folders = _folders(tables)
    sources = {key: found for key, folder in folders.items() if (found := _sources(folder))}
    facts = _facts(tables)
    places: dict[tuple[str, _Sources], set[Place]] = {}
    for key, text in sources.items():
        here = {fact.place for fact in facts.get(key, ())}
        places.setdefault((key[0], text), set()).update(here)
    evidence = {}
    for key, text in sources.items():
        listing = folders[key] / "listing.txt"
        listed = listing.is_file() and not listing.is_symlink()
        wanted = places[key[0], text]
        blocks = tuple(_blocks(listing, wanted, facts.get(key, ()))) if listed and wanted else ()
        evidence[key] = Evidence(text, blocks, listed)
    return evidence


def _folders(tables: Tables) -> dict[Key, Path]:
    """Return the cells' folders, looked up by name: no row of a table leads out of the run."""
    artifacts = tables.folder / "artifacts"
    if not artifacts.is_dir():
        return {}
    there = {path.name: path for path in artifacts.iterdir() if not path.is_symlink()}
    cells = {
        (row["scenario"], version_of(row)): Cell(
            row["scenario"], version_of(row), row["goos"], row["goarch"]
        ).id
        for row in tables.measurements.drop_duplicates(
            ["go_version", "go_experiment", "scenario"]
        ).to_dict("records")
    }
    return {key: there[name] for key, name in cells.items() if name in there}


def _sources(folder: Path) -> _Sources:
    files = (path for path in sorted(folder.glob("*.go")) if not path.is_symlink())
    return tuple((path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files)


def _facts(tables: Tables) -> dict[Key, list[Fact]]:
    facts: dict[Key, list[Fact]] = {}
    for row in tables.assembly.to_dict("records"):
        fact = Fact(
            row["kind"], row["function"], (row["file"], int(row["line"])), row["instruction"]
        )
        facts.setdefault((row["scenario"], version_of(row)), []).append(fact)
    return facts


def _blocks(listing: Path, places: set[Place], facts: Sequence[Fact]) -> Iterator[Block]:
    text = listing.read_text(encoding="utf-8", errors="replace")
    found: dict[tuple[Place, str], list[Instruction]] = {}
    for function in functions(_lines_at(text, places)):
        for one in function.instructions:
            place = (one.file, one.line)
            if place in places and one.op not in PSEUDO | PADDING:
                found.setdefault((place, function.name), []).append(one)
    for (place, name), here in sorted(found.items()):
        marks = _marks(here, [one for one in facts if (one.place, one.function) == (place, name)])
        steps = tuple(Step(one.pc, one.text, marks.get(id(one), "")) for one in here)
        yield Block(*place, name, steps)


def _marks(here: Sequence[Instruction], facts: Sequence[Fact]) -> Mapping[int, str]:
    """Return the mark of each instruction, by its identity: two may look the same."""
    return {id(one): fact.kind for fact in facts for one in instructions_of(fact.instruction, here)}


def _lines_at(text: str, places: set[Place]) -> Iterator[str]:
    """Yield a listing's lines at some places, and those that start a symbol.

    Reading instructions is slow, and of a listing few are wanted.
    """
    wanted = "|".join(f"{re.escape(file)}:{line}" for file, line in sorted(places))
    lines = re.finditer(rf"^(?:[^\t\d\n].*|.*\((?:{wanted})[)\[].*)$", text, re.MULTILINE)
    return (match[0] for match in lines)

"""Compile a program with several releases, or take a saved listing, and read what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness import assembly
from harness.build import assert_version, build
from harness.engines import Limits
from harness.errors import CellError, GoclaimError, UnavailableError, UsageError
from harness.scenarios import Program, Scenario, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from harness.assembly import Facts, Function
    from harness.build import Build
    from harness.engines import Engine
    from harness.toolchains import GoVersion


@dataclass(frozen=True, slots=True)
class Listed:
    """A program's listing on one release, read.

    Attributes:
        version: The release.
        program: What was compiled; None where a listing was given.
        functions: Its functions with their instructions.
        facts: The calls and nil stores; None if it does not compile.
        failure: The compiler's message, or why it could not be asked.
        error: Our own failure, None when all went well.
    """

    version: GoVersion | None
    program: Program | None = None
    functions: tuple[Function, ...] = ()
    facts: Facts | None = None
    failure: str = ""
    error: GoclaimError | None = None


def list_assembly(
    scenario: Scenario,
    versions: Sequence[GoVersion],
    engine: Engine,
    cache: Path,
    *,
    calls: Literal["map", "all"],
    goarch: str,
    notify: Callable[[str], None],
) -> Iterator[Listed]:
    """Compile a scenario's program with each release and read its listing."""
    for version in versions:
        notify(f"compiling with Go {version}")
        if why := scenario.not_applicable(version):
            yield Listed(version, failure=why)
            continue
        try:
            program = render(scenario, version)
            with engine.open(version, memory=Limits().memory) as session:
                assert_version(session, version)
                cross = "" if goarch in {"", engine.platform[1]} else goarch
                built = build(session, version, [program], cache, goarch=cross)[program.name]
        except (UnavailableError, CellError) as error:
            yield Listed(version, failure=str(error), error=error)
            continue
        if built.listing is None:
            yield Listed(version, program, failure=built.error)
            continue
        with built.listing.open(encoding="utf-8", errors="replace") as lines:
            functions = tuple(assembly.functions(lines))
        yield Listed(version, program, functions, read_facts(built, calls))


def read_listing(path: Path, calls: Literal["map", "all"]) -> Listed:
    """Read a listing that somebody saved. Raises ``UsageError`` if it can't be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            facts = assembly.facts(lines, calls=calls)
        with path.open(encoding="utf-8", errors="replace") as lines:
            functions = tuple(assembly.functions(lines))
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    if not functions:
        raise UsageError(
            f"{path}: there is no assembly listing in it. "
            "Make one with: go build -gcflags=-S 2> listing.txt"
        )
    return Listed(None, None, functions, facts)


def read_facts(built: Build, calls: Literal["map", "all"] = "map") -> Facts | None:
    """Read the facts out of a build's listing, None if it has none."""
    if built.listing is None:
        return None
    with built.listing.open(encoding="utf-8", errors="replace") as lines:
        return assembly.facts(lines, calls=calls)

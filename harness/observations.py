"""What was measured on one cell: the values that claims are judged on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.memstats import Output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.assembly import Facts
    from harness.toolchains import GoVersion


@dataclass(frozen=True, slots=True)
class Cell:
    """One scenario on one toolchain."""

    scenario: str
    version: GoVersion
    goos: str
    goarch: str

    @property
    def id(self) -> str:
        """A stable name: ``local-delete-go1.14.15-linux-amd64``."""
        return f"{self.scenario}-go{self.version}-{self.goos}-{self.goarch}"


@dataclass(frozen=True, slots=True)
class Repetition:
    """One run of a cell's program.

    Attributes:
        number: From 1 on.
        output: What it said; empty when it failed.
        failure: Why nothing can be judged on it, empty when it went well.
        max_rss: Peak resident size in bytes.
        duration: Wall time in seconds.
    """

    number: int
    output: Output = field(default_factory=Output)
    failure: str = ""
    max_rss: int = 0
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Observations:
    """Everything measured on one cell.

    Attributes:
        cell: Which scenario on which toolchain.
        source: The program's files by name, one line an item (line 1 first).
        facts: What the listing says, None where there is none.
        repetitions: The runs, by number.
        failure: Why there is nothing to judge: the build's error. Else empty.
        not_applicable: Why the program can't exist on this release. Else empty.
    """

    cell: Cell
    source: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: Facts | None = None
    repetitions: tuple[Repetition, ...] = ()
    failure: str = ""
    not_applicable: str = ""

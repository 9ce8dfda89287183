"""Go versions, version specs and the table of per-version facts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go release on this machine.

    Attributes:
        name: ``go1.14.15``.
        goroot: Its read-only tree.
        sum: The module checksum (``h1:...``) that the checksum database vouches for.
    """

    name: str
    goroot: Path
    sum: str

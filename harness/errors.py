"""What can go wrong, one class per exit code of the command line.

    GoclaimError
    ├── UsageError          2  the command, a manifest or a version spec is wrong
    │   └── ManifestError   2  ... and the file and line are known
    ├── UnavailableError    3  no such toolchain, or no engine that answers
    └── CellError           4  a build, a run or a save failed

A message says what happened, then what to do next. The command line catches
``GoclaimError`` once; nothing else turns an error into output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class GoclaimError(Exception):
    """An error that a user can act on."""

    exit_code = 1


class UsageError(GoclaimError):
    """The command asks for something that does not exist or contradicts itself."""

    exit_code = 2


class ManifestError(UsageError):
    """A scenario manifest or a template is wrong, at a known place."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {problem}")


class UnavailableError(GoclaimError):
    """A toolchain or an engine can't be had on this machine."""

    exit_code = 3


class CellError(GoclaimError):
    """Something of ours failed while cells were built, run or saved."""

    exit_code = 4

"""Programs → builds: one ``go`` command a toolchain for all of its programs.

The listing comes from the very compile that makes the binary. A build is
kept under a key of everything that could change it, so a program that was
built before costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.engines import File, Limits
from harness.errors import UnavailableError
from harness.toolchains import facts_of, go_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.engines import Session
    from harness.scenarios import Program
    from harness.toolchains import GoVersion

_LIMITS = Limits(timeout=900, memory=8 << 30, output=512 << 20)
_FORMAT = "1"  # raise it when what is kept under a key changes its meaning


@dataclass(frozen=True, slots=True)
class Build:
    """A program that was built, or the compiler's reason why not.

    Attributes:
        program: What was built.
        binary: The executable, on this machine.
        listing: The ``-S`` listing, on this machine; positions are ``main.go:26``.
        error: The compiler's message; empty when it was built.
    """

    program: Program
    binary: Path
    listing: Path
    error: str = ""


def assert_version(session: Session, version: GoVersion) -> None:
    """Make sure that a session's ``go`` is the release it is said to be.

    A matrix of versions that all run one Go is worse than none. Raises
    ``UnavailableError``.
    """
    outcome = session.call(
        [f"{session.goroot}/bin/go", "version"], env=_environment(session, version), limits=_LIMITS
    )
    said = outcome.stdout.decode(errors="replace").strip()
    if said.split()[:3] != ["go", "version", f"go{version.release}"]:
        complaint = outcome.stderr.decode(errors="replace").strip()
        raise UnavailableError(
            f"The toolchain for Go {version.release} says {said or complaint or 'nothing'!r} "
            "when asked for its version."
        )


def _environment(session: Session, version: GoVersion) -> dict[str, str]:
    return go_environment(
        goroot=session.goroot,
        root=session.root,
        cache=session.go_cache,
        experiment=version.experiment,
    )


def build(
    session: Session, version: GoVersion, programs: Sequence[Program], cache: Path
) -> dict[str, Build]:
    """Build programs, all that are not in the cache with one command; by program name."""
    builds = {one.name: _kept(one, _folder(session, version, one, cache)) for one in programs}
    missing = [one for one in programs if builds[one.name] is None]
    if missing:
        builds.update(_build(session, version, missing, cache))
    return {name: found for name, found in builds.items() if found is not None}


def _folder(session: Session, version: GoVersion, program: Program, cache: Path) -> Path:
    files = [part for name, text in sorted(program.files.items()) for part in (name, text)]
    parts = [_FORMAT, session.identity, str(version), program.name, *files]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return cache / "builds" / key


def _kept(program: Program, folder: Path) -> Build | None:
    found = Build(program, folder / "program", folder / "listing.txt")
    return found if found.binary.is_file() and found.listing.is_file() else None


def _build(
    session: Session, version: GoVersion, programs: Sequence[Program], cache: Path
) -> dict[str, Build]:
    environment = _environment(session, version)
    session.write(
        {
            f"src/goclaim/{one.name}/{name}": File(text.encode())
            for one in programs
            for name, text in one.files.items()
        }
    )
    go = f"{session.goroot}/bin/go"
    by_compiler = facts_of(version).listing == "compiler"
    flags = [] if by_compiler else ["-gcflags=-S"]
    # `go install` is the one form that builds many programs at once on every release.
    outcome = session.call(
        [go, "install", *flags, *(f"goclaim/{one.name}" for one in programs)],
        env=environment,
        limits=_LIMITS,
    )
    said = outcome.stderr.decode(errors="replace") + outcome.stdout.decode(errors="replace")
    sections = _sections(said, session.root)
    builds = {}
    for program in programs:
        text = sections.get(program.name, "")
        binary = session.read(f"bin/{program.name}")
        if binary is None:
            reason = _complaint(text) or _complaint(said) or _ended(outcome.stopped)
            builds[program.name] = Build(program, Path(), Path(), reason)
            continue
        if by_compiler:
            text = _compiler_listing(session, program, environment)
        folder = _folder(session, version, program, cache)
        builds[program.name] = _keep(program, binary, text, folder)
    return builds


def _compiler_listing(session: Session, program: Program, environment: Mapping[str, str]) -> str:
    outcome = session.call(
        [
            f"{session.goroot}/bin/go",
            "tool",
            "6g",
            "-S",
            "-o",
            f"{session.root}/{program.name}.6",
            *program.files,
        ],
        env=environment,
        limits=_LIMITS,
        directory=f"src/goclaim/{program.name}",
    )
    return _sections(outcome.stdout.decode(errors="replace"), session.root, program.name)[
        program.name
    ]


def _sections(said: str, root: str, first: str = "") -> dict[str, str]:
    """Split what ``go install`` said by program, and shorten the programs' paths to ``main.go``."""
    parts: dict[str, list[str]] = {first: []}
    current = parts[first]
    for line in said.splitlines(keepends=True):
        if line.startswith("# "):
            name = line[2:].strip()
            current = parts.setdefault(name.removeprefix("goclaim/"), [])
        else:
            current.append(line)
    sections = {name: "".join(lines) for name, lines in parts.items()}
    return {
        name: re.sub(rf"(?:{re.escape(root)}/|\./)?\bsrc/goclaim/{re.escape(name)}/", "", text)
        for name, text in sections.items()
    }


def _complaint(text: str) -> str:
    """Return the lines of a compiler's output that are messages, not listing; at most 20."""
    messages = [
        line
        for line in text.splitlines()
        if line and not line.startswith(("\t0x", "\trel ", '"".', "# "))
    ]
    errors = [line for line in messages if re.match(r"\S+\.go:\d+", line)] or messages
    return "\n".join(errors[:20])


def _ended(stopped: str) -> str:
    return (
        f"the build was stopped ({stopped})"
        if stopped
        else "the build made no program and said nothing"
    )


def _keep(program: Program, binary: bytes, listing: str, folder: Path) -> Build:
    """Put a build into the cache, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as name:
        fresh = Path(name, "build")
        fresh.mkdir()
        (fresh / "program").write_bytes(binary)
        (fresh / "program").chmod(0o755)
        (fresh / "listing.txt").write_text(listing)
        (fresh / "build.json").write_text(json.dumps({"program": program.name}) + "\n")
        try:
            fresh.rename(folder)
        except OSError:  # another run has put it there meanwhile
            if _kept(program, folder) is None:
                shutil.rmtree(folder, ignore_errors=True)
                fresh.rename(folder)
    return Build(program, folder / "program", folder / "listing.txt")

"""Programs → builds: one ``go`` command a toolchain for all of its programs.

The listing comes from the very compile that makes the binary. A build is
kept under a key of everything that could change it, so a program that was
built before costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.engines import File, Limits
from harness.errors import CellError, UnavailableError
from harness.toolchains import facts_of, go_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engines import Outcome, Session
    from harness.scenarios import Program
    from harness.toolchains import GoVersion

_LIMITS = Limits(timeout=900, memory=8 << 30, output=512 << 20)
_FORMAT = "3"  # raise it when what is kept under a key changes its meaning


@dataclass(frozen=True, slots=True)
class Build:
    """A program that was built, or the compiler's reason why not.

    Attributes:
        program: What was built.
        binary: The executable, on this machine; None for a library or another architecture.
        listing: The ``-S`` listing, on this machine; positions are ``main.go:26``.
        error: The compiler's message; empty when it was built.
    """

    program: Program
    binary: Path | None
    listing: Path | None
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
    if version.experiment and b"unknown GOEXPERIMENT" in outcome.stderr:
        raise UnavailableError(
            f"Go {version.release} does not know the GOEXPERIMENT {version.experiment}."
        )
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
    session: Session,
    version: GoVersion,
    programs: Sequence[Program],
    cache: Path,
    *,
    goarch: str = "",
) -> dict[str, Build]:
    """Build programs, all that are not in the cache with one command; by program name.

    With ``goarch`` they are compiled for another architecture, for the
    listing only: such a build has no binary, nor has one of a library.
    """
    bench = _Bench(session, version, goarch, cache)
    builds = {one.name: bench.kept(one) for one in programs}
    missing = [one for one in programs if builds[one.name] is None]
    if missing:
        builds.update(bench.build(missing))
    return {name: found for name, found in builds.items() if found is not None}


@dataclass(frozen=True, slots=True)
class _Bench:
    """A session and what to build for in it."""

    session: Session
    version: GoVersion
    goarch: str
    cache: Path

    def kept(self, program: Program) -> Build | None:
        """Return a build from the cache."""
        folder = self._folder(program)
        binary = folder / "program"
        if not (folder / "listing.txt").is_file():
            return None
        return Build(program, binary if binary.is_file() else None, folder / "listing.txt")

    def build(self, programs: Sequence[Program]) -> dict[str, Build]:
        """Build with one command, and put what was built into the cache."""
        self.session.write(
            {
                f"src/goclaim/{one.name}/{name}": File(text.encode())
                for one in programs
                for name, text in one.files.items()
            }
        )
        by_compiler = facts_of(self.version).listing == "compiler"
        # `go install` is the one form that builds many programs at once on every
        # release; for another architecture it would install a standard library.
        # Without DWARF, which no program here reads, a link takes two thirds of the time.
        verb = ["build", "-o", "other"] if self.goarch else ["install", "-ldflags=-w"]
        flags = [] if by_compiler else ["-gcflags=-S"]
        outcome = self._go(*verb, *flags, *(f"goclaim/{one.name}" for one in programs))
        said = outcome.stderr.decode(errors="replace") + outcome.stdout.decode(errors="replace")
        sections = _sections(said, self.session.root)
        builds = {}
        for program in programs:
            text = sections.get(program.name, "")
            binary = None if self.goarch else self.session.read(f"bin/{program.name}")
            if binary is None and not outcome.ok:
                reason = _complaint(text) or _complaint(said) or _ended(outcome)
                builds[program.name] = Build(program, None, None, reason)
                continue
            if by_compiler:
                text = self._listing(program)
            builds[program.name] = self._keep(program, binary, text)
        return builds

    def _go(self, *arguments: str, directory: str = "") -> Outcome:
        environment = _environment(self.session, self.version)
        if self.goarch:
            environment["GOARCH"] = self.goarch
        return self.session.call(
            [f"{self.session.goroot}/bin/go", *arguments],
            env=environment,
            limits=_LIMITS,
            directory=directory,
        )

    def _listing(self, program: Program) -> str:
        """Have the compiler itself list a program (Go 1.2 to 1.4)."""
        target = f"{self.session.root}/{program.name}.6"
        folder = f"src/goclaim/{program.name}"
        outcome = self._go("tool", "6g", "-S", "-o", target, *program.files, directory=folder)
        said = outcome.stdout.decode(errors="replace")
        return _sections(said, self.session.root, program.name)[program.name]

    def _folder(self, program: Program) -> Path:
        files = [part for name, text in sorted(program.files.items()) for part in (name, text)]
        about = [_FORMAT, self.session.identity, str(self.version), self.goarch, program.name]
        key = hashlib.sha256("\0".join([*about, *files]).encode()).hexdigest()[:32]
        return self.cache / "builds" / key

    def _keep(self, program: Program, binary: bytes | None, listing: str) -> Build:
        """Put a build into the cache, whole or not at all."""
        folder = self._folder(program)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as name:
                fresh = Path(name, "build")
                fresh.mkdir()
                if binary is not None:
                    (fresh / "program").write_bytes(binary)
                    (fresh / "program").chmod(0o755)
                (fresh / "listing.txt").write_text(listing, encoding="utf-8")
                if self.kept(program) is None:
                    shutil.rmtree(folder, ignore_errors=True)  # what is left of a damaged one
                # Another run may have put it there meanwhile; then that one is as good.
                with contextlib.suppress(OSError):
                    fresh.rename(folder)
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        kept = self.kept(program)
        if kept is None:
            raise self._unwritable("the build is not there after writing it")
        return kept

    def _unwritable(self, why: str) -> CellError:
        return CellError(
            f"{self.cache / 'builds'} can't be written: {why}. "
            "Point GOCLAIM_CACHE at a folder with room."
        )


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


def _ended(outcome: Outcome) -> str:
    if outcome.stopped:
        return f"the build was stopped ({outcome.stopped})"
    return f"the build ended with exit code {outcome.exit_code} and said nothing"

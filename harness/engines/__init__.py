"""Engines: the places where a Go toolchain builds and runs programs.

An engine opens a *session* on one toolchain. A session can do three things:
take files in, give a file out, and run a command under limits. Everything
else (what to build, with which flags, what the output means) is the same for
every engine and stands elsewhere.

Programs are started by ``runner.go``, compiled with the toolchain itself: it
measures peak RSS from the program's own exec on, and it is the one place that
enforces the limits, so two engines cannot disagree about what a limit means.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from harness.errors import CellError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from harness.toolchains import GoVersion, ToolchainStore

    Notify = Callable[[str], None]

RUNNER_SOURCE = Path(__file__).with_name("runner.go")
SERVER_SOURCE = Path(__file__).with_name("server.go")  # the runner's verbs in a container

Stopped = Literal["", "timeout", "output", "memory", "abandoned"]
_STOPPED: Mapping[str, Stopped] = {one: one for one in get_args(Stopped)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use: seconds, bytes of memory, bytes per output stream."""

    timeout: float = 60.0
    memory: int = 2 << 30
    output: int = 8 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file to put into a session."""

    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Attributes:
        stdout: The bytes of standard output, up to ``Limits.output``.
        stderr: The same of standard error.
        exit_code: The exit code, or -1 when a signal ended it.
        signal: The signal's name as Go prints it (``killed``), else empty.
        stopped: The limit that ended it, else empty.
        duration: Wall time in seconds.
        cpu: User and system time in seconds.
        max_rss: Peak resident size in bytes (``ru_maxrss``).
    """

    stdout: bytes
    stderr: bytes
    exit_code: int
    signal: str = ""
    stopped: Stopped = ""
    duration: float = 0.0
    cpu: float = 0.0
    max_rss: int = 0

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit_code == 0 and not self.stopped


class Session(Protocol):
    """One toolchain, ready to build and run.

    Attributes:
        goroot: The toolchain's GOROOT as commands in the session see it.
        root: A writable directory in the session, for GOPATH and programs.
        go_cache: A writable directory for GOCACHE, kept between sessions where the engine can.
        identity: Changes whenever a program built here could come out otherwise.
        provenance: Facts to store with the results (image ids, sums, limits).
    """

    goroot: str
    root: str
    go_cache: str
    identity: str
    provenance: Mapping[str, str]

    def write(self, files: Mapping[str, File]) -> None:
        """Put files into the session, by path relative to ``root``."""

    def read(self, path: str) -> bytes | None:
        """Return a file of the session, by path relative to ``root``; None if there is none."""

    def call(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        limits: Limits,
        directory: str = "",
    ) -> Outcome:
        """Run a command; ``env`` is its whole environment, ``directory`` is relative to ``root``.

        Safe to call from several threads. Raises ``CellError`` when the
        command could not be started or the engine went away.
        """


class Engine(Protocol):
    """A way to get sessions.

    Attributes:
        name: As on the command line.
        platform: GOOS and GOARCH of the programs it runs.
    """

    name: str
    platform: tuple[str, str]

    def unavailable(self) -> str | None:
        """Say why this engine can't be used here and what to do, or None if it can."""

    def open(self, version: GoVersion, *, memory: int) -> AbstractContextManager[Session]:
        """Open a session on a release; each of its programs gets ``memory`` bytes.

        Fetches what is missing. Raises ``UnavailableError`` when the release
        can't be had. Leaving the context leaves nothing behind, however it is
        left.
        """


def _local(store: ToolchainStore, cache: Path, _: Notify) -> Engine:
    from harness.engines.local import LocalEngine  # noqa: PLC0415  each engine imports this module

    return LocalEngine(store, cache)


def _docker(store: ToolchainStore, _: Path, notify: Notify) -> Engine:
    from harness.engines.docker import DockerEngine  # noqa: PLC0415  and its SDK is slow to import

    return DockerEngine(store, notify)


# Every engine by name, in the order in which ``auto`` tries them.
ENGINES: Mapping[str, Callable[[ToolchainStore, Path, Notify], Engine]] = {
    "docker": _docker,
    "local": _local,
}


def choose(name: str, store: ToolchainStore, cache: Path, notify: Notify) -> Engine:
    """Return the engine of that name; ``auto`` takes the first that can be used and says which.

    Raises ``UnavailableError`` when the one asked for can't be used here.
    """
    if name != "auto":
        engine = ENGINES[name](store, cache, notify)
        if why := engine.unavailable():
            raise UnavailableError(why)
        return engine
    refused: list[str] = []
    for make in ENGINES.values():
        engine = make(store, cache, notify)
        why = engine.unavailable()
        if why is None:
            notify(f"engine: {engine.name}" + "".join(f" ({one})" for one in refused))
            return engine
        refused.append(f"not {engine.name}: {why.rstrip('.')}")
    raise UnavailableError("; ".join(refused))


def runner_request(
    argv: Sequence[str],
    env: Mapping[str, str],
    limits: Limits,
    directory: str,
    *,
    limit_data: bool,
    watch_stdin: bool,
) -> list[str]:
    """Return the arguments that have ``runner`` run a command; see ``runner.go``.

    ``limit_data`` sets RLIMIT_DATA to the memory.
    """
    memory = limits.memory if limit_data else 0
    numbers = [repr(float(limits.timeout)), str(memory), str(limits.output)]
    variables = [f"{name}={value}" for name, value in env.items()]
    watch = "1" if watch_stdin else "0"
    return ["call", *numbers, watch, directory, str(len(variables)), *variables, *argv]


def runner_reply(argv: Sequence[str], output: bytes, complaint: bytes) -> Outcome:
    """Decode what ``runner call`` printed on standard output.

    Raises ``CellError`` when the runner gave no reply or could not start the
    command: that is our failure, never the program's.
    """
    try:
        head, _, streams = output.partition(b"\n\n")
        said = dict(line.split(" ", 1) for line in head.decode(errors="replace").split("\n"))
        stdout, stderr = int(said["stdout"]), int(said["stderr"])
        error = said["error"]
        if not error and len(streams) == stdout + stderr:
            return Outcome(
                stdout=streams[:stdout],
                stderr=streams[stdout:],
                exit_code=int(said["exit"]),
                signal=said["signal"],
                stopped=_STOPPED[said["stopped"]],
                duration=float(said["duration"]),
                cpu=float(said["cpu"]),
                max_rss=int(said["max_rss"]),
            )
    except (ValueError, KeyError):
        error = complaint.decode(errors="replace").strip()
    raise CellError(f"{argv[0]} could not be run: {error or 'the runner gave no reply'}")

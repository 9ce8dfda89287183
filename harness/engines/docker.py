"""The docker engine: one hardened container per session, one image per Go release.

An image is ``docker/Dockerfile`` over the official ``golang`` image of that
exact release, or, where that can't be had, over an image imported from the
toolchain's GOROOT. Which of the two it was stands in the provenance.

A session is one container. Its main process waits for the end of its standard
input, which this process holds: when we are gone, by whatever means, it ends,
and the Docker engine removes the container.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import struct
import subprocess
import tarfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from harness.engines import RUNNER_SOURCE, File, Limits, runner_reply, runner_request
from harness.errors import CellError, GoclaimError, UnavailableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from docker.models.images import Image as DockerImage

    from docker import APIClient, DockerClient
    from harness.engines import Outcome
    from harness.toolchains import Toolchain

REPOSITORY = "goclaim"
LABEL = "org.goclaim"
PLATFORM = "linux/amd64"
MACHINES = {"amd64", "x86_64", "arm64", "aarch64"}  # the latter two by emulation
GOROOT = "/usr/local/go"  # in images that we import
ROOT = "/tmp/goclaim"  # noqa: S108  # in the container's own tmpfs
RUNNER = "/goclaim/runner"
DOCKERFILE = "docker/Dockerfile"
NOBODY = "65534:65534"
PIDS = 2048

API_TIMEOUT = 30.0  # seconds for an answer of the Docker engine
BUILD_TIMEOUT = 900.0  # ... while it builds or imports an image
PULL_STALL = 20.0  # ... without a word of progress from a pull
PULL_TIMEOUT = 600.0
GRACE = 15.0  # seconds a runner may be late beyond a command's own timeout
TRANSFER_TIMEOUT = 120.0  # seconds for files into or out of a container

TOOLS = {"6a", "6c", "6g", "6l", "asm", "buildid", "cgo", "compile", "link", "pack", "preprofile"}


def say_nothing(_: str) -> None:
    """Drop a progress line."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that sessions run in.

    Attributes:
        tag: Its name, which carries a hash of all it was made from.
        id: Its content id.
        goroot: Where the release stands in it.
        provenance: What it was made from.
    """

    tag: str
    id: str
    goroot: str
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Base:
    """The image with the Go release that ours is built on; ``kind`` is official or goroot."""

    kind: str
    name: str
    id: str
    digest: str = ""


# --- errors -----------------------------------------------------------------


@contextlib.contextmanager
def docker_errors(kind: type[GoclaimError], doing: str) -> Iterator[None]:
    """Turn whatever the docker SDK and its transport raise into an error of ours."""
    from docker.errors import DockerException  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except (DockerException, RequestException, HTTPError, OSError, ValueError) as error:
        raise kind(f"Docker could not {doing}: {explanation(error)}") from error


def explanation(error: BaseException) -> str:
    """Return the sentence of the Docker engine inside an exception, else its own words."""
    return str(getattr(error, "explanation", None) or error).strip().rstrip(".")


def connection_advice(error: BaseException) -> str:
    """Say why the Docker engine can't be reached and what to do about it."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    words = " ".join(repr(link) for link in chain)
    where = os.environ.get("DOCKER_HOST", "the default socket")
    if "PermissionError" in words or "Permission denied" in words:
        return (
            f"Docker refuses us at {where}: join the docker group "
            "(sudo usermod -aG docker $USER, then log in again), use sudo, or use --engine local"
        )
    if "FileNotFoundError" in words or "ConnectionRefusedError" in words:
        return f"no Docker engine answers at {where}: start it, or use --engine local"
    if isinstance(error, ImportError):
        return f"the docker package is broken ({error}): reinstall goclaim, or use --engine local"
    return (
        f"Docker can't be used at {where} ({explanation(error)}): "
        "check DOCKER_HOST, or use --engine local"
    )


# --- what goes into images --------------------------------------------------


def recipe() -> dict[str, bytes]:
    """Return the build context of our Dockerfile, by path."""
    package = Path(__file__).resolve().parents[1]
    dockerfile = package / "_data" / DOCKERFILE
    if not dockerfile.exists():
        dockerfile = package.parent / DOCKERFILE
    return {
        DOCKERFILE: dockerfile.read_bytes(),
        "harness/engines/runner.go": RUNNER_SOURCE.read_bytes(),
    }


def image_tag(toolchain: Toolchain, base: Base) -> str:
    """Name our image after everything that it is made from."""
    digest = hashlib.sha256(base.id.encode())
    for name, content in sorted(recipe().items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return f"{REPOSITORY}:{toolchain.name}-{digest.hexdigest()[:12]}"


def goroot_tag(toolchain: Toolchain) -> str:
    """Name the image that is imported from a GOROOT after the toolchain's checksum."""
    digest = hashlib.sha256(f"{toolchain.sum} {sorted(TOOLS)}".encode())
    return f"{REPOSITORY}:{toolchain.name}-goroot-{digest.hexdigest()[:12]}"


def belongs(path: PurePosixPath) -> bool:
    """Whether a file of a GOROOT is needed to build and list programs."""
    top, parts = path.parts[0], path.parts
    if top == "pkg":
        kind = parts[1]
        return kind in {"include", "linux_amd64"} or (kind == "tool" and path.name in TOOLS)
    if top == "src":
        is_test = path.name.endswith("_test.go") or "testdata" in parts
        return parts[1] != "cmd" and not is_test
    return str(path) in {"VERSION", "go.env", "bin/go"} or top in {"include", "lib"}


def goroot_files(goroot: Path) -> dict[PurePosixPath, Path]:
    """Return the files of a GOROOT that an image needs: path in the image → path here."""
    files: dict[PurePosixPath, Path] = {}
    for folder, folders, names in os.walk(goroot):
        folders.sort()
        for name in sorted(names):
            source = Path(folder, name)
            relative = PurePosixPath(source.relative_to(goroot).as_posix())
            if belongs(relative):
                files[PurePosixPath(GOROOT) / relative] = source
    return files


def interpreter(program: Path) -> str:
    """Return the loader that a 64-bit ELF program asks for, empty when it is static."""
    segment_interp = 3
    with program.open("rb") as elf:
        header = elf.read(64)
        if header[:5] != b"\x7fELF\x02":
            raise UnavailableError(f"{program} is no 64-bit ELF program")
        offset, size, count = (
            *struct.unpack_from("<Q", header, 32),
            *struct.unpack_from("<HH", header, 54),
        )
        for index in range(count):
            elf.seek(offset + index * size)
            kind, _, start, _, _, length = struct.unpack("<IIQQQQ", elf.read(40))
            if kind == segment_interp:
                elf.seek(start)
                return elf.read(length).rstrip(b"\0").decode()
    return ""


def shared_libraries(program: Path) -> dict[PurePosixPath, Path]:
    """Return the loader and libraries of a dynamic program, as this host resolves them.

    Raises ``UnavailableError`` where the host has not got them.
    """
    loader = interpreter(program)
    if not loader:
        return {}
    try:
        listing = subprocess.run(  # noqa: S603  # the loader lists, it does not run the program
            [loader, "--list", str(program)],
            env={},
            capture_output=True,
            text=True,
            check=True,
            timeout=API_TIMEOUT,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(
            f"{program} needs {loader} and the libraries of glibc on amd64, which this host has "
            "not got: load the official golang image into Docker, or use --engine local",
        ) from error
    files = [line.split("=>")[-1].split()[0] for line in listing.splitlines() if "/" in line]
    return {PurePosixPath(file): Path(file) for file in [loader, *files]}


def tar_entry(name: PurePosixPath, size: int, *, executable: bool) -> bytes:
    """Return the tar header of a file that belongs to root and that everybody may read."""
    entry = tarfile.TarInfo(str(name).lstrip("/"))
    entry.size = size
    entry.mode = 0o755 if executable else 0o644
    return entry.tobuf(tarfile.GNU_FORMAT)


def tar_files(files: Mapping[PurePosixPath, Path]) -> Iterator[bytes]:
    """Stream files, and an empty /tmp, as a tar archive, a piece at a time."""
    temporary = tarfile.TarInfo("tmp")
    temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
    yield temporary.tobuf(tarfile.GNU_FORMAT)
    for name, source in files.items():
        with source.open("rb") as file:
            status = os.fstat(file.fileno())
            executable = bool(status.st_mode & stat.S_IXUSR)
            yield tar_entry(name, status.st_size, executable=executable)
            left = status.st_size
            while left:
                piece = file.read(min(left, 1 << 20))
                if not piece:
                    raise UnavailableError(f"{source} shrank while it was read: try again")
                left -= len(piece)
                yield piece
        yield bytes(-status.st_size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def tar_bytes(files: Mapping[str, File]) -> Iterator[bytes]:
    """Stream files that are in memory as a tar archive."""
    for name, file in files.items():
        size = len(file.content)
        yield tar_entry(PurePosixPath(name), size, executable=file.executable)
        yield file.content
        yield bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


# --- containers -------------------------------------------------------------


def host_config(api: APIClient, memory: int) -> dict[str, Any]:
    """Return how a session's container is shut in; ``memory`` is in bytes.

    Files in the tmpfs count as memory, so they get half of it at most.
    """
    from docker.types import LogConfig  # noqa: PLC0415

    return api.create_host_config(
        network_mode="none",
        ipc_mode="none",  # else /dev/shm could be written to
        read_only=True,
        tmpfs={"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={memory // 2}"},  # noqa: S108
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=PIDS,
        mem_limit=memory,
        memswap_limit=memory,
        init=True,
        auto_remove=True,
        log_config=LogConfig(type="none"),
    )


class Stream:
    """The two-way connection to a process in a container."""

    def __init__(self, connection: object) -> None:
        self._connection = connection  # keeps the HTTP response alive, and it the socket
        self._socket = cast("socket.socket", getattr(connection, "_sock", connection))

    def send(self, pieces: Iterable[bytes]) -> None:
        """Send to standard input."""
        for piece in pieces:
            self._socket.sendall(piece)

    def frames(self, deadline: float) -> Iterator[tuple[int, bytes]]:
        """Yield (1 for stdout or 2 for stderr, bytes) until the process closes them.

        Raises ``TimeoutError`` at the deadline (``time.monotonic``).
        """
        while header := self._exactly(8, deadline):
            descriptor, length = struct.unpack(">BxxxL", header)
            yield descriptor, self._exactly(length, deadline)

    def _exactly(self, size: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self._socket.settimeout(left)
            piece = self._socket.recv(min(size - len(received), 1 << 20))
            if not piece:
                break
            received += piece
        return bytes(received)

    def close(self) -> None:
        """Close it at once, whoever else holds the connection object."""
        import socket  # noqa: PLC0415

        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._socket.close()


@dataclass(frozen=True, slots=True)
class DockerSession:
    """A container with a Go toolchain, as ``harness.engines.Session`` describes it."""

    goroot: str
    root: str
    identity: str
    provenance: Mapping[str, str]
    _api: APIClient
    _container: str

    def write(self, files: Mapping[str, File]) -> None:
        """Put files into the container, by path relative to ``root``."""
        code, _, complaint = self._exec(
            [RUNNER, "unpack", self.root],
            deadline=time.monotonic() + TRANSFER_TIMEOUT,
            stdin=tar_bytes(files),
        )
        if code:
            raise CellError(
                f"files could not be put into the container: {complaint.decode(errors='replace')}",
            )

    def read(self, path: str) -> bytes | None:
        """Return a file of the container, by path relative to ``root``; None if there is none."""
        no_file = 3
        code, content, complaint = self._exec(
            [RUNNER, "read", f"{self.root}/{path}"],
            deadline=time.monotonic() + TRANSFER_TIMEOUT,
        )
        if code == no_file:
            return None
        if code:
            raise CellError(f"{path} could not be read: {complaint.decode(errors='replace')}")
        return content

    def call(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        limits: Limits,
        directory: str = "",
    ) -> Outcome:
        """Run a command in the container; see ``harness.engines.Session.call``."""
        request = runner_request(
            argv,
            env,
            limits,
            f"{self.root}/{directory}",
            limit_data=False,  # the container's own limit counts all of its processes
            watch_stdin=False,
        )
        _, reply, complaint = self._exec(
            [RUNNER, "call", request],
            deadline=time.monotonic() + limits.timeout + GRACE,
        )
        return runner_reply(argv, reply, complaint)

    def _exec(
        self,
        argv: Sequence[str],
        *,
        deadline: float,
        stdin: Iterable[bytes] = (),
    ) -> tuple[int, bytes, bytes]:
        output = {1: bytearray(), 2: bytearray()}
        with docker_errors(CellError, f"run {argv[1]} in the container"):
            execution = self._api.exec_create(self._container, argv, stdin=bool(stdin))["Id"]
            stream = Stream(self._api.exec_start(execution, socket=True))
            try:
                stream.send(stdin)
                for descriptor, piece in stream.frames(deadline):
                    output[descriptor] += piece
            except TimeoutError:
                self._api.kill(self._container)
                raise
            finally:
                stream.close()
            code = self._api.exec_inspect(execution)["ExitCode"]
        return code, bytes(output[1]), bytes(output[2])


@contextlib.contextmanager
def container(api: APIClient, image: Image, memory: int) -> Iterator[str]:
    """Run a container while the context lasts; yield its id.

    Raises ``UnavailableError`` when it does not come up.
    """
    with docker_errors(UnavailableError, f"start a container of {image.tag}"):
        identifier: str = api.create_container(
            image.id,
            labels={LABEL: "session"},
            stdin_open=True,
            host_config=host_config(api, memory),
        )["Id"]
    stream = None
    try:
        with docker_errors(UnavailableError, f"start a container of {image.tag}"):
            # Attached before the start: from its first moment on the container
            # lives no longer than this connection.
            stream = Stream(
                api.attach_socket(
                    identifier,
                    params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1},
                ),
            )
            api.start(identifier)
            _, greeting = next(stream.frames(time.monotonic() + API_TIMEOUT), (0, b""))
        if greeting != b"ready\n":
            raise UnavailableError(
                f"{image.tag} does not start: {greeting.decode(errors='replace').strip()}",
            )
        yield identifier
    finally:
        if stream is not None:
            stream.close()
        remove(api, identifier)


def remove(api: APIClient, identifier: str) -> None:
    """Remove a container and wait until it is gone."""
    from docker.errors import APIError, NotFound  # noqa: PLC0415

    deadline = time.monotonic() + API_TIMEOUT
    with docker_errors(CellError, "remove the container"):
        while time.monotonic() < deadline:
            try:
                api.remove_container(identifier, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != 409:  # noqa: PLR2004  # it is being removed already
                    raise
            time.sleep(0.02)


# --- the engine -------------------------------------------------------------


@dataclass
class DockerEngine:
    """Runs sessions in containers of a Docker engine that answers.

    Attributes:
        notify: Takes a progress line, when an image is built or pulled.
    """

    notify: Callable[[str], None] = say_nothing
    name: str = field(default="docker", init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _docker: DockerClient | None = field(default=None, init=False, repr=False)
    _images: dict[str, Image] = field(default_factory=dict, init=False, repr=False)
    _offline: str = field(default="", init=False, repr=False)

    def unavailable(self) -> str | None:
        """Say why there is no Docker engine to use and what to do, or None if there is one."""
        try:
            version = self._connection().api.version()
        except Exception as error:  # noqa: BLE001  # whatever it is, Docker can't be used
            return connection_advice(error)
        system, machine = version.get("Os"), version.get("Arch")
        if system != "linux" or machine not in MACHINES:
            return (
                f"Docker runs {system}/{machine} containers, goclaim needs {PLATFORM}: "
                "point DOCKER_HOST at such an engine, or use --engine local"
            )
        return None

    @contextlib.contextmanager
    def open(self, toolchain: Toolchain, *, memory: int) -> Iterator[DockerSession]:
        """Open a session in a container of its own; see ``harness.engines.Engine.open``."""
        if reason := self.unavailable():
            raise UnavailableError(reason)
        image = self._image(toolchain)
        with container(self._connection().api, image, memory) as identifier:
            session = DockerSession(
                goroot=image.goroot,
                root=ROOT,
                identity=image.tag,
                provenance={
                    **image.provenance,
                    **engine_facts(self._connection().api),
                    "memory": str(memory),
                    "pids": str(PIDS),
                    "toolchain_sum": toolchain.sum,
                },
                _api=self._connection().api,
                _container=identifier,
            )
            check_release(session, toolchain)
            yield session

    def _connection(self) -> DockerClient:
        if self._docker is None:
            self._docker = connect(API_TIMEOUT)
        return self._docker

    # Images, from the outermost to the innermost.

    def _image(self, toolchain: Toolchain) -> Image:
        with self._lock, docker_errors(UnavailableError, f"get an image for {toolchain.name}"):
            if toolchain.name not in self._images:
                self._images[toolchain.name] = self._find_or_build(toolchain)
            return self._images[toolchain.name]

    def _find_or_build(self, toolchain: Toolchain) -> Image:
        base = self._official(toolchain) or self._imported(toolchain)
        tag = image_tag(toolchain, base)
        found = self._find(tag)
        if found is None:
            self._build(tag, toolchain, base)
            found = self._made(tag)
        return Image(
            tag=tag,
            id=str(found.id),
            goroot=found.labels[f"{LABEL}.goroot"],
            provenance={
                "image": tag,
                "image_id": str(found.id),
                "base": base.kind,
                "base_image": base.name,
                "base_image_id": base.id,
                "base_digest": base.digest,
            },
        )

    def _official(self, toolchain: Toolchain) -> Base | None:
        """Return the official image of exactly this release, from here or from its registry."""
        name = f"golang:{toolchain.name.removeprefix('go')}"
        found = self._find(name)
        if found is None and self._find(goroot_tag(toolchain)) is None and self._pull(name):
            found = self._find(name)
        if found is None:
            return None
        digests = found.attrs.get("RepoDigests") or [""]
        return Base("official", name, str(found.id), digests[0])

    def _imported(self, toolchain: Toolchain) -> Base:
        """Return an image made from the toolchain's GOROOT, imported if it is not there yet."""
        tag = goroot_tag(toolchain)
        found = self._find(tag)
        if found is None:
            self._import(tag, toolchain)
            found = self._made(tag)
        return Base("goroot", tag, str(found.id))

    def _find(self, name: str) -> DockerImage | None:
        from docker.errors import ImageNotFound  # noqa: PLC0415

        try:
            return self._connection().images.get(name)
        except ImageNotFound:
            return None

    def _made(self, name: str) -> DockerImage:
        found = self._find(name)
        if found is None:
            raise UnavailableError(f"Docker has made {name}, but it is not there: try again")
        return found

    def _pull(self, name: str) -> bool:
        """Try to pull an image; after a failure that is not its absence, try no other."""
        if self._offline:
            return False
        self.notify(f"pulling {name} (linux/amd64)")
        try:
            with docker_errors(UnavailableError, f"pull {name}"):
                pull(name)
        except UnavailableError as error:
            self.notify(f"{name} can't be pulled: {error}")
            self._offline = str(error)
            return False
        return True

    def _import(self, tag: str, toolchain: Toolchain) -> None:
        libraries = shared_libraries(toolchain.goroot / "bin" / "go")
        files = {**goroot_files(toolchain.goroot), **libraries}
        size = sum(source.stat().st_size for source in files.values()) / 1e6
        self.notify(
            f"building the image for {toolchain.name} from its GOROOT, {size:.0f} MB, once",
        )
        connect(BUILD_TIMEOUT).api.import_image(
            src=tar_files(files),
            repository=REPOSITORY,
            tag=tag.partition(":")[2],
            changes=[f"ENV PATH={GOROOT}/bin", f"ENV GOROOT={GOROOT}", f"LABEL {LABEL}=base"],
            stream_src=True,
        )

    def _build(self, tag: str, toolchain: Toolchain, base: Base) -> None:
        goroot = GOROOT if base.kind == "goroot" else self._goroot_of(base, toolchain)
        context = io.BytesIO(
            b"".join(tar_bytes({name: File(text) for name, text in recipe().items()})),
        )
        steps = connect(BUILD_TIMEOUT).api.build(
            fileobj=context,
            custom_context=True,
            dockerfile=DOCKERFILE,
            tag=tag,
            buildargs={"BASE": base.name},
            labels={LABEL: "image", f"{LABEL}.goroot": goroot},
            network_mode="none",
            rm=True,
            forcerm=True,
            decode=True,
        )
        transcript = ""
        for step in steps:
            transcript += step.get("stream", "")
            if "error" in step:
                raise UnavailableError(
                    f"the image for {toolchain.name} can't be built: {step['error'].strip()}\n"
                    f"{transcript.strip()}",
                )

    def _goroot_of(self, base: Base, toolchain: Toolchain) -> str:
        """Ask an image for its GOROOT; raises ``UnavailableError`` when it is another release."""

        def go(*arguments: str) -> str:
            output = connect(API_TIMEOUT).containers.run(
                base.id,
                ["go", *arguments],
                entrypoint="",
                labels={LABEL: "question"},
                network_mode="none",
                remove=True,
            )
            return output.decode().strip()

        if release(go("version")) != toolchain.name:
            raise UnavailableError(f"{base.name} holds {go('version')}, not {toolchain.name}")
        return go("env", "GOROOT")


def connect(timeout: float) -> DockerClient:
    """Connect to the Docker engine of the environment, else of the current Docker context."""
    import docker  # noqa: PLC0415

    return docker.from_env(timeout=int(timeout))


def pull(name: str) -> None:
    """Pull an image for linux/amd64, within bounded time."""
    from docker.errors import APIError  # noqa: PLC0415

    deadline = time.monotonic() + PULL_TIMEOUT
    repository, _, tag = name.partition(":")
    steps = connect(PULL_STALL).api.pull(
        repository,
        tag=tag,
        platform=PLATFORM,
        stream=True,
        decode=True,
    )
    for step in steps:
        if "error" in step:
            raise APIError(step["error"])
        if time.monotonic() > deadline:
            raise TimeoutError(f"it takes longer than {PULL_TIMEOUT:.0f} s")


def engine_facts(api: APIClient) -> dict[str, str]:
    """Return what a reader of the results may want to know about the Docker engine."""
    version = api.version()
    return {
        "docker": str(version.get("Version", "")),
        "docker_kernel": str(version.get("KernelVersion", "")),
        "docker_machine": str(version.get("Arch", "")),
    }


def release(words: str) -> str:
    """Return ``go1.14.15`` of ``go version go1.14.15 linux/amd64``, empty if it is not that."""
    prefix = "go version "
    return words.removeprefix(prefix).split()[0] if words.startswith(prefix) else ""


def check_release(session: DockerSession, toolchain: Toolchain) -> None:
    """Raise ``UnavailableError`` unless the container's go is that very release."""
    outcome = session.call(
        [f"{session.goroot}/bin/go", "version"],
        env={"GOROOT": session.goroot, "HOME": session.root, "GOTOOLCHAIN": "local"},
        limits=Limits(timeout=API_TIMEOUT),
    )
    words = outcome.stdout.decode(errors="replace").strip()
    if release(words) != toolchain.name:
        complaint = outcome.stderr.decode(errors="replace").strip()
        raise UnavailableError(
            f"the image of {toolchain.name} answers {words or complaint!r} to go version: "
            f"docker rmi {session.identity}, then try again",
        )

"""The docker engine: one hardened container per session, one image per Go release.

An image is ``docker/Dockerfile`` over the official ``golang`` image of that
exact release, or, where that can't be had, over an image imported from the
toolchain's GOROOT. Which of the two it was stands in the provenance.

A session is one container. Its main process serves requests on its standard
input, which this process holds: when we are gone, by whatever means, it ends,
and the Docker engine removes the container.

The docker SDK is imported where it is used: it takes longer than ``--help`` may.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import itertools
import json
import os
import socket
import struct
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import filelock

from harness import resources
from harness.engines import RUNNER_SOURCE, SERVER_SOURCE, File, Limits, runner_reply, runner_request
from harness.engines.goroot import GOROOT, TOOLS, image_files, tar_files, tar_paths
from harness.errors import CellError, GoclaimError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from docker import APIClient, DockerClient
    from docker.models.images import Image as DockerImage

    from harness.engines import Outcome
    from harness.toolchains import GoVersion, ToolchainStore

REPOSITORY: Final = "goclaim"  # the name of all our images
LABEL: Final = "org.goclaim"  # on all that we make; its value says what it is
PLATFORM: Final = "linux/amd64"
PIDS: Final = 2048  # processes and threads in a container

_OFFICIAL = "golang"  # the repository of the official images
_MACHINES = {"amd64", "x86_64", "arm64", "aarch64"}  # the latter two by emulation
_ROOT = "/tmp/goclaim"  # noqa: S108  # in the container's own tmpfs
_GO_CACHE = f"{_ROOT}/gocache"
_DOCKERFILE = "docker/Dockerfile"
_IMPORTED_CONFIG = (f"ENV PATH={GOROOT}/bin", f"ENV GOROOT={GOROOT}", f"LABEL {LABEL}=base")
_LAYOUT = 2  # raised when an imported image comes to look different
_NO_FILE = 3  # the exit code of the runner's read

_PING_TIMEOUT = 5  # seconds to find out whether there is a Docker engine
_API_TIMEOUT = 60  # ... for an answer of it
_BUILD_TIMEOUT = 900  # ... while it builds or imports an image
_PULL_STALL = 20  # ... without a word of progress from a pull
_PULL_TIMEOUT = 900  # ... for a whole pull
_TRANSFER_TIMEOUT = 120  # ... for files into or out of a container
_GRACE = 15  # ... that a runner may be late beyond a command's own timeout
_ABANDONED = 60  # ... after which a container that was never started is nobody's


# --- errors and the connection -------------------------------------------------


@contextlib.contextmanager
def docker_errors(kind: type[GoclaimError], doing: str) -> Iterator[None]:
    """Turn whatever the docker SDK and its transport raise into an error of ours."""
    from docker.errors import DockerException, StreamParseError
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (
        DockerException,
        StreamParseError,
        RequestException,
        HTTPError,
        http.client.HTTPException,
        OSError,
    ) as error:
        raise kind(f"Docker could not {doing}: {explanation(error)}.") from error


def explanation(error: BaseException) -> str:
    """Return the sentence of the Docker engine inside an exception, else its own words."""
    words = str(getattr(error, "explanation", None) or error) or type(error).__name__
    return words.strip().rstrip(".")


def connection_advice(error: BaseException) -> str:
    """Say why the Docker engine can't be reached and what to do about it."""
    if isinstance(error, ImportError):
        return (
            f"The docker package does not work ({error}). Reinstall goclaim, or use --engine local."
        )
    where = os.environ.get("DOCKER_HOST") or "its default address"
    words = " ".join(repr(link) for link in _causes(error))
    if "PermissionError" in words:
        return (
            f"Docker at {where} refuses this user. Join the docker group (sudo usermod -aG docker "
            "$USER, then log in again), use sudo, or use --engine local."
        )
    if "FileNotFoundError" in words or "ConnectionRefusedError" in words:
        return f"No Docker engine answers at {where}. Start it, or use --engine local."
    return (
        f"Docker at {where} can't be used: {explanation(error)}. "
        "Check DOCKER_HOST, or use --engine local."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def connect(timeout: int) -> DockerClient:
    """Connect to the Docker engine of the environment, else of the current Docker context.

    Raises ``OSError`` when nobody listens on its socket.
    """
    import docker
    from docker.context import ContextAPI

    if address := os.environ.get("DOCKER_HOST"):
        _knock(address)
        return docker.from_env(timeout=timeout)
    context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    if context is None or not context.Host:
        return docker.from_env(timeout=timeout)
    _knock(context.Host)
    return docker.DockerClient(context.Host, tls=context.TLSConfig or False, timeout=timeout)


def _knock(address: str) -> None:
    """Try a local socket first: the SDK hides the reason and leaves its own socket open."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_PING_TIMEOUT)
            knocking.connect(address.removeprefix("unix://"))


def engine_facts(client: DockerClient) -> dict[str, str]:
    """Return what a reader of the results may want to know about the Docker engine."""
    version = client.version()
    return {
        "docker": str(version.get("Version", "")),
        "docker_kernel": str(version.get("KernelVersion", "")),
        "docker_machine": str(version.get("Arch", "")),
    }


# --- images --------------------------------------------------------------------


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
    """The image with the Go release that ours is built on.

    Attributes:
        kind: ``official`` or ``goroot``.
        name: Its name in this Docker engine.
        id: Its content id.
        proof: The registry's digest, or the checksum of the toolchain it was imported from.
    """

    kind: str
    name: str
    id: str
    proof: str = ""


def build_context() -> dict[str, File]:
    """Return the files that our Dockerfile is built from, by their path in the repository."""
    return {
        _DOCKERFILE: File((resources.path("docker") / "Dockerfile").read_bytes()),
        **{
            f"harness/engines/{source.name}": File(source.read_bytes())
            for source in (RUNNER_SOURCE, SERVER_SOURCE)
        },
    }


def image_tag(release: str, base: Base, context: Mapping[str, File]) -> str:
    """Name an image after everything that it is made from."""
    digest = hashlib.sha256(base.id.encode())
    for name, file in sorted(context.items()):
        digest.update(f"\0{name}\0{len(file.content)}\0".encode() + file.content)
    return f"{REPOSITORY}:{release}-{digest.hexdigest()[:12]}"


def imported_tag(release: str) -> str:
    """Name an image that is imported from a GOROOT after the release and what is left out."""
    digest = hashlib.sha256(repr((_LAYOUT, sorted(TOOLS), _IMPORTED_CONFIG)).encode())
    return f"{REPOSITORY}:{release}-goroot-{digest.hexdigest()[:12]}"


def release_in(words: str) -> str:
    """Return ``go1.14.15`` of ``go version go1.14.15 linux/amd64``, empty if it is not that."""
    match words.split():
        case ["go", "version", release, *_]:
            return release
    return ""


class Images:
    """The images of a Docker engine; every release's is found or built once.

    ``store`` gives the toolchain of a release where it must be imported.
    """

    def __init__(
        self, client: DockerClient, store: ToolchainStore, notify: Callable[[str], None]
    ) -> None:
        self._client = client
        self._store = store
        self._notify = notify
        self._lock = threading.Lock()
        self._known: dict[str, Image] = {}
        self._offline = False

    def get(self, version: GoVersion) -> Image:
        """Return the image of a release.

        Raises ``UnavailableError`` when it can neither be found nor built.
        """
        release = f"go{version.release}"
        with self._lock:
            if release not in self._known:
                with (
                    _one_at_a_time(release),
                    docker_errors(UnavailableError, f"make an image for {release}"),
                ):
                    self._known[release] = self._find_or_build(version, release)
            return self._known[release]

    def _find_or_build(self, version: GoVersion, release: str) -> Image:
        context = build_context()
        official = self._official(version)
        tag = image_tag(release, official, context) if official else ""
        found = self._find(tag) if tag else None
        if found is None and official and self._holds(official, release):
            found = self._build(tag, official, context)
        base = official
        if base is None or found is None:
            base = self._imported(version, release)
            tag = image_tag(release, base, context)
            found = self._find(tag) or self._build(tag, base, context)
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
                "base_proof": base.proof,
            },
        )

    def _find(self, name: str) -> DockerImage | None:
        from docker.errors import ImageNotFound

        try:
            return self._client.images.get(name)
        except ImageNotFound:
            return None

    def _official(self, version: GoVersion) -> Base | None:
        """Return the official image of exactly this release, from here or from its registry.

        What was imported before is not given up for it: a pull that fails may
        cost seconds, in every run.
        """
        name = f"{_OFFICIAL}:{version.release}"
        found = self._find(name)
        if found is None and self._find(imported_tag(f"go{version.release}")) is None:
            found = self._pull(name)
        if found is None:
            return None
        digests = found.attrs.get("RepoDigests") or [""]
        return Base("official", name, str(found.id), str(digests[0]))

    def _pull(self, name: str) -> DockerImage | None:
        """Try to pull an image; when the registry can't be reached, ask it for no other."""
        if self._offline:
            return None
        self._notify(f"pulling {name} for {PLATFORM}")
        try:
            with docker_errors(UnavailableError, "pull it"):
                pull(name)
        except UnavailableError as error:
            self._offline = "not found" not in str(error) and "manifest" not in str(error)
            self._notify(f"{name} can't be had. {error}")
            return None
        return self._find(name)

    def _holds(self, base: Base, release: str) -> bool:
        """Whether an image's ``go`` is that release: a tag can say what it likes."""
        said = self._ask_go(base, "version")
        if release_in(said) == release:
            return True
        self._notify(f"{base.name} is not used: its go says {said or 'nothing'!r}")
        return False

    def _ask_go(self, base: Base, *arguments: str) -> str:
        from docker.errors import APIError, ContainerError

        try:
            output = self._client.containers.run(
                base.id,
                ["go", *arguments],
                entrypoint=[],
                labels={LABEL: "question"},
                network_mode="none",
                remove=True,
            )
        except (APIError, ContainerError) as error:
            return explanation(error)
        return output.decode(errors="replace").strip()

    def _imported(self, version: GoVersion, release: str) -> Base:
        """Return an image made from the toolchain's GOROOT, imported if it is not there yet."""
        tag = imported_tag(release)
        found = self._find(tag) or self._import(tag, version)
        return Base("goroot", tag, str(found.id), found.labels.get(f"{LABEL}.sum", ""))

    def _import(self, tag: str, version: GoVersion) -> DockerImage:
        toolchain = self._store.get(version)
        files = image_files(toolchain.goroot)
        size = sum(source.stat().st_size for source in files.values()) / 1e6
        self._notify(
            f"building the image for {toolchain.name} from its GOROOT, {size:.0f} MB, once"
        )
        # One archive straight into one layer: with a build the engine would
        # keep the context too, and an interrupted one would leave its layers.
        with contextlib.closing(connect(_BUILD_TIMEOUT)) as client:
            client.api.import_image(
                src=tar_paths(files),
                repository=REPOSITORY,
                tag=tag.partition(":")[2],
                changes=[*_IMPORTED_CONFIG, f"LABEL {LABEL}.sum={toolchain.sum}"],
                stream_src=True,
            )
        return self._client.images.get(tag)

    def _build(self, tag: str, base: Base, context: Mapping[str, File]) -> DockerImage:
        goroot = str(GOROOT) if base.kind == "goroot" else self._ask_go(base, "env", "GOROOT")
        self._notify(f"building {tag} on {base.name}, once")
        transcript: list[str] = []
        with contextlib.closing(connect(_BUILD_TIMEOUT)) as client:
            steps: Iterable[dict[str, Any]] = client.api.build(
                fileobj=io.BytesIO(tar_files(context)),
                custom_context=True,
                dockerfile=_DOCKERFILE,
                tag=tag,
                buildargs={"BASE": base.name},
                labels={LABEL: "image", f"{LABEL}.goroot": goroot},
                network_mode="none",
                rm=True,
                forcerm=True,
                decode=True,
            )
            for step in steps:
                transcript.append(step.get("stream", ""))
                if "error" in step:
                    raise UnavailableError(
                        f"The image {tag} can't be built on {base.name}: {step['error'].strip()}\n"
                        + "".join(transcript).strip(),
                    )
        return self._client.images.get(tag)


@contextlib.contextmanager
def _one_at_a_time(release: str) -> Iterator[None]:
    """Keep other processes from making the same image: one of the two would be left untagged."""
    folder = resources.cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"image-{release}.lock")
        lock.acquire()
    except OSError as error:
        raise CellError(
            f"The cache {folder} can't be written: {error}. Point GOCLAIM_CACHE at a folder with "
            "room.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def pull(name: str) -> None:
    """Pull an image for linux/amd64, within bounded time."""
    from docker.errors import APIError

    deadline = time.monotonic() + _PULL_TIMEOUT
    repository, _, tag = name.partition(":")
    with contextlib.closing(connect(_PULL_STALL)) as client:
        steps = client.api.pull(repository, tag=tag, platform=PLATFORM, stream=True, decode=True)
        for step in cast("Iterable[dict[str, str]]", steps):
            if "error" in step:
                raise APIError(step["error"])
            if time.monotonic() > deadline:
                raise TimeoutError(f"it takes longer than {_PULL_TIMEOUT} s")


# --- a container ---------------------------------------------------------------


def host_config(api: APIClient, memory: int) -> dict[str, Any]:
    """Return how a session's container is shut in; ``memory`` is in bytes.

    Files in the tmpfs count as memory, so they get half of it at most.
    """
    from docker.types import LogConfig

    return api.create_host_config(
        network_mode="none",
        ipc_mode="none",  # else /dev/shm could be written to
        read_only=True,
        tmpfs={"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={memory // 2}"},  # noqa: S108  its own
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=PIDS,
        mem_limit=memory,
        memswap_limit=memory,
        init=True,
        auto_remove=True,
        log_config=LogConfig(type="none"),
    )


class Closable(Protocol):
    """What the SDK gives for a connection differs by transport; this is common to all."""

    def close(self) -> None:
        """Close it."""


class Stream:
    """The two-way connection to a container's main process."""

    def __init__(self, connection: Closable) -> None:
        self._connection = connection  # keeps the HTTP response alive, and it the socket
        self._socket = cast("socket.socket", getattr(connection, "_sock", connection))
        self._socket.settimeout(None)

    def send(self, content: bytes) -> None:
        """Send to its standard input."""
        self._socket.sendall(content)

    def receive(self) -> Iterator[tuple[int, bytes]]:
        """Yield 1 for stdout or 2 for stderr with what came, until either side closes it."""
        while len(header := self._exactly(8)) == 8:  # noqa: PLR2004  # Docker's frame header
            descriptor, length = struct.unpack(">BxxxL", header)
            yield descriptor, self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            piece = self._socket.recv(min(size - len(received), 1 << 20))
            if not piece:
                break
            received += piece
        return bytes(received)

    def close(self) -> None:
        """Close it now, even while another thread receives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._connection.close()
        with contextlib.suppress(OSError):
            self._socket.close()


def answer_frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, int, int, bytes]]:
    """Split what ``runner serve`` prints into (request, stream, exit code, content).

    ``stream`` is 1 or 2 for a piece of the process's output, 0 for its end,
    where alone the exit code means something.
    """
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while (end := buffer.find(b"\n")) >= 0:
            request, stream, number = map(int, buffer[:end].split())
            stop = end + 1 + (number if stream else 0)
            if len(buffer) < stop:
                break
            yield request, stream, 0 if stream else number, bytes(buffer[end + 1 : stop])
            del buffer[:stop]


@dataclass(slots=True)
class _Answer:
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    exit_code: int | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Runner:
    """The runner in a container: several requests at a time over one connection."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._sending = threading.Lock()
        self._ids = itertools.count(1)
        self._ready = _Answer()
        self._answers = {0: self._ready}
        self._last_words = b""
        self._ended = False
        self._reader = threading.Thread(target=self._receive, name="docker-answers", daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """Return when the runner serves; raises ``UnavailableError`` when it does not come up."""
        self._ready.done.wait(_API_TIMEOUT)
        if self._ready.exit_code is None:
            raise UnavailableError(f"The container does not start: {self._said()}.")

    def ask(self, argv: Sequence[str], timeout: float, content: bytes = b"") -> _Answer:
        """Run a verb of the runner with ``content`` as its standard input.

        Raises ``CellError`` when there is no answer in time (seconds), or the
        container ends; then no further request is answered.
        """
        request, answer = next(self._ids), _Answer()
        head = json.dumps({"id": request, "argv": list(argv), "size": len(content)})
        self._answers[request] = answer
        try:
            with self._sending, docker_errors(CellError, f"run {argv[0]} in the container"):
                if not self._ended:
                    self._stream.send(head.encode() + b"\n" + content)
            if not self._ended and not answer.done.wait(timeout):
                self.close()
                raise CellError(
                    f"The container did not answer within {timeout:.0f} s and was ended."
                )
        finally:
            del self._answers[request]
        if answer.exit_code is None:
            raise CellError(f"The container ended while it was in use: {self._said()}.")
        return answer

    def close(self) -> None:
        """Close the connection, which ends the container."""
        self._stream.close()
        self._reader.join(_API_TIMEOUT)

    def _said(self) -> str:
        return self._last_words.decode(errors="replace").strip().rstrip(".") or "it said nothing"

    def _receive(self) -> None:
        try:
            with contextlib.suppress(OSError):
                for request, stream, code, content in answer_frames(self._stdout()):
                    if answer := self._answers.get(request):
                        _add(answer, stream, code, content)
        finally:
            self._ended = True
            for answer in list(self._answers.values()):
                answer.done.set()

    def _stdout(self) -> Iterator[bytes]:
        for descriptor, content in self._stream.receive():
            if descriptor == 1:
                yield content
            else:
                self._last_words = (self._last_words + content)[-2000:]


def _add(answer: _Answer, stream: int, code: int, content: bytes) -> None:
    if stream == 0:
        answer.exit_code = code
        answer.done.set()
    elif stream == 1:
        answer.stdout += content
    else:
        answer.stderr += content


@contextlib.contextmanager
def container(api: APIClient, image: Image, memory: int) -> Iterator[Runner]:
    """Run a container while the context lasts, and yield its runner.

    Raises ``UnavailableError`` when it does not come up.
    """
    name = f"goclaim-{uuid.uuid4().hex[:12]}"
    runner = None
    try:
        with docker_errors(UnavailableError, f"start a container of {image.tag}"):
            api.create_container(
                image.id,
                name=name,
                labels={LABEL: "session"},
                stdin_open=True,  # and closed with the connection: StdinOnce
                host_config=host_config(api, memory),
            )
            # Attached before the start: from its first moment on the container
            # lives no longer than this connection.
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            runner = Runner(Stream(api.attach_socket(name, params=streams)))
            api.start(name)
        runner.wait_until_ready()
        yield runner
    finally:
        if runner is not None:
            runner.close()
        remove(api, name)


def remove(api: APIClient, name: str) -> None:
    """Remove a container, and return when it is gone."""
    from docker.errors import APIError, NotFound

    deadline = time.monotonic() + _API_TIMEOUT
    with docker_errors(CellError, f"remove the container {name}"):
        while time.monotonic() < deadline:
            try:
                api.remove_container(name, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != http.client.CONFLICT:  # it is being removed already
                    raise
            time.sleep(0.01)
        raise TimeoutError(f"it is still there after {_API_TIMEOUT} s")


def remove_abandoned(api: APIClient) -> None:
    """Remove containers of ours that were made and never started.

    There is a moment between the two in which a kill leaves one.
    """
    filters = {"label": LABEL, "status": "created"}
    for found in api.containers(all=True, filters=filters):
        if time.time() - found["Created"] > _ABANDONED:
            remove(api, found["Id"])


# --- the engine ----------------------------------------------------------------


class DockerSession:
    """A container with a Go toolchain; see ``engines.Session``."""

    def __init__(self, runner: Runner, image: Image, provenance: Mapping[str, str]) -> None:
        self.goroot = image.goroot
        self.root = _ROOT
        self.go_cache = _GO_CACHE
        self.identity = image.tag
        self.provenance = provenance
        self._runner = runner

    def write(self, files: Mapping[str, File]) -> None:
        """Put files under the root."""
        answer = self._runner.ask(["unpack", self.root], _TRANSFER_TIMEOUT, tar_files(files))
        if answer.exit_code:
            raise CellError(f"Files could not be put into the container: {_text(answer.stderr)}.")

    def read(self, path: str) -> bytes | None:
        """Return a file under the root, or None."""
        answer = self._runner.ask(["read", self._path(path)], _TRANSFER_TIMEOUT)
        if answer.exit_code == _NO_FILE:
            return None
        if answer.exit_code:
            raise CellError(f"{path} could not be read: {_text(answer.stderr)}.")
        return bytes(answer.stdout)

    def call(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        limits: Limits,
        directory: str = "",
    ) -> Outcome:
        """Run a command in the container, whose memory limit counts all of its processes."""
        request = runner_request(
            argv, env, limits, self._path(directory), limit_data=False, watch_stdin=False
        )
        answer = self._runner.ask(request, limits.timeout + _GRACE)
        return runner_reply(argv, bytes(answer.stdout), bytes(answer.stderr))

    def _path(self, path: str) -> str:
        return str(PurePosixPath(self.root, path))


def _text(output: bytearray) -> str:
    return output.decode(errors="replace").strip().rstrip(".") or "no reason given"


class DockerEngine:
    """Builds and runs in containers of a Docker engine; see ``engines.Engine``."""

    name = "docker"
    platform = ("linux", "amd64")

    def __init__(self, store: ToolchainStore, notify: Callable[[str], None]) -> None:
        self._store = store
        self._notify = notify
        self._lock = threading.Lock()
        self._opened: tuple[DockerClient, Images] | None = None

    def unavailable(self) -> str | None:
        """Say why there is no Docker engine to use and what to do, or None if there is one."""
        try:
            with contextlib.closing(connect(_PING_TIMEOUT)) as client:
                version = client.version()
        except Exception as error:  # noqa: BLE001  # whatever it is, Docker can't be used
            return connection_advice(error)
        system, machine = version.get("Os"), version.get("Arch")
        if system != "linux" or machine not in _MACHINES:
            return (
                f"Docker runs {system}/{machine} containers, and goclaim's are {PLATFORM}. "
                "Point DOCKER_HOST at an engine for those, or use --engine local."
            )
        return None

    @contextlib.contextmanager
    def open(self, version: GoVersion, *, memory: int) -> Iterator[DockerSession]:
        """Open a session in a container; ``memory`` bytes are for all that runs in it."""
        client, images = self._connected()
        image = images.get(version)
        with docker_errors(UnavailableError, "say what it is"):
            facts = engine_facts(client)
        limits = {"container_memory": str(memory), "container_pids": str(PIDS)}
        with container(client.api, image, memory) as runner:
            session = DockerSession(runner, image, {**image.provenance, **facts, **limits})
            _check_release(session, f"go{version.release}")
            yield session

    def _connected(self) -> tuple[DockerClient, Images]:
        with self._lock:
            if self._opened is None:
                if reason := self.unavailable():
                    raise UnavailableError(reason)
                with docker_errors(UnavailableError, "be used"):
                    client = connect(_API_TIMEOUT)
                    remove_abandoned(client.api)
                self._opened = client, Images(client, self._store, self._notify)
            return self._opened


def _check_release(session: DockerSession, release: str) -> None:
    """Raise ``UnavailableError`` unless the container's ``go`` is that very release."""
    environment = {"GOROOT": session.goroot, "HOME": session.root, "GOTOOLCHAIN": "local"}
    outcome = session.call(
        [f"{session.goroot}/bin/go", "version"],
        env=environment,
        limits=Limits(timeout=_API_TIMEOUT),
    )
    said = (outcome.stdout or outcome.stderr).decode(errors="replace").strip()
    if release_in(said) != release:
        raise UnavailableError(
            f"The image of {release} says {said!r} when asked for its version. "
            f"Remove it with docker rmi {session.identity}, then try again.",
        )

"""The docker engine's pure parts: archives, names, limits, frames, error messages."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import docker.errors
import pytest
import requests.exceptions
from docker import APIClient
from hypothesis import given
from hypothesis import strategies as st

from harness.engines import File
from harness.engines.docker import (
    Base,
    DockerEngine,
    answer_frames,
    build_context,
    connection_advice,
    docker_errors,
    host_config,
    image_tag,
    imported_tag,
    release_in,
)
from harness.engines.goroot import (
    belongs,
    image_files,
    interpreter,
    listed_libraries,
    tar_files,
    tar_paths,
)
from harness.errors import CellError, UnavailableError
from harness.toolchains import ToolchainStore


def elf(*, machine: int = 62, loader: bytes = b"") -> bytes:
    """Return the start of an ELF program, with a loader if it is dynamic."""
    header = bytearray(64)
    header[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<H", header, 18, machine)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 2)
    kinds = (1, 3 if loader else 1)
    segments = [struct.pack("<IIQQQQQQ", kind, 0, 176, 0, 0, len(loader), 0, 0) for kind in kinds]
    return bytes(header) + b"".join(segments) + loader


@pytest.mark.parametrize(
    "path",
    [
        "VERSION",
        "go.env",
        "bin/go",
        "include/u.h",
        "pkg/include/textflag.h",
        "pkg/linux_amd64/fmt.a",
        "pkg/linux_amd64/runtime/debug.a",
        "pkg/tool/linux_amd64/compile",
        "pkg/tool/linux_amd64/6g",
        "src/fmt/print.go",
        "src/pkg/runtime/hashmap.c",
        "src/internal/cmd/keep.go",
    ],
)
def test_image_keeps_what_building_needs(path: str) -> None:
    """What `go build` and `go tool` read goes into an image."""
    assert belongs(PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "bin/gofmt",
        "doc/go1.html",
        "test/map.go",
        "api/go1.txt",
        "blog/blog.go",
        "misc/cgo/x.go",
        "pkg/linux_amd64_race/fmt.a",
        "pkg/obj/x.a",
        "pkg/tool/linux_amd64/pprof",
        "src/cmd/go/main.go",
        "src/fmt/fmt_test.go",
        "src/go/build/testdata/x.go",
    ],
)
def test_image_leaves_out_what_building_does_not_need(path: str) -> None:
    """Tests, documents, other builds of the library and half of the tools stay outside."""
    assert not belongs(PurePosixPath(path))


def test_goroot_becomes_an_archive_with_its_exec_bits(tmp_path: Path) -> None:
    """A GOROOT is streamed whole: contents, exec bits, and a /tmp that everybody may use."""
    contents = {
        "bin/go": elf(),
        "VERSION": b"go1.99",
        "src/fmt/print.go": b"x" * 1025,
        "doc/x.html": b"no",
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "bin/go").chmod(0o555)

    stream = io.BytesIO(b"".join(tar_paths(image_files(tmp_path))))

    with tarfile.open(fileobj=stream) as archive:
        entries = {entry.name: entry for entry in archive}
        read = {
            name: file.read() for name in entries if (file := archive.extractfile(name)) is not None
        }
    assert entries["tmp"].isdir()
    assert entries["tmp"].mode == 0o777 | stat.S_ISVTX
    assert entries["usr/local/go/bin"].isdir()
    assert {entry.mode for entry in archive if entry.isdir() and entry.name != "tmp"} == {0o755}
    assert entries["usr/local/go/bin/go"].mode == 0o755
    assert entries["usr/local/go/VERSION"].mode == 0o644
    assert read == {
        f"usr/local/go/{name}": content for name, content in contents.items() if "doc" not in name
    }


@given(
    st.dictionaries(st.text("ab/", min_size=1).map("x/{}".format), st.binary(max_size=2000)),
    st.booleans(),
)
def test_files_in_memory_survive_the_archive(contents: dict[str, bytes], executable: bool) -> None:  # noqa: FBT001
    """Whatever is written into a session arrives byte for byte, with its exec bit."""
    archive = tar_files({name: File(content, executable) for name, content in contents.items()})

    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        entries = opened.getmembers()
        read = [file.read() for entry in entries if (file := opened.extractfile(entry))]
    assert read == list(contents.values())
    assert {entry.mode for entry in entries} <= {0o755 if executable else 0o644}


def test_static_program_needs_no_loader(tmp_path: Path) -> None:
    """From Go 1.21 on the go command is static, and nothing goes beside it."""
    program = tmp_path / "go"
    program.write_bytes(elf())

    assert interpreter(program) == ""


def test_dynamic_program_names_its_loader(tmp_path: Path) -> None:
    """Older go commands name the loader that they need."""
    program = tmp_path / "go"
    program.write_bytes(elf(loader=b"/lib64/ld-linux-x86-64.so.2\0"))

    assert interpreter(program) == "/lib64/ld-linux-x86-64.so.2"


@pytest.mark.parametrize("content", [b"\xcf\xfa\xed\xfe" * 20, b"", elf(machine=183)])
def test_foreign_go_command_makes_no_image(tmp_path: Path, content: bytes) -> None:
    """A GOROOT for macOS or arm64 is refused with a way out."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_bytes(content)

    with pytest.raises(UnavailableError, match=r"not for linux/amd64.*--engine local"):
        interpreter(program)


def test_host_without_the_loader_makes_no_image(tmp_path: Path) -> None:
    """A host with another C library is told to load the official image."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_bytes(elf(loader=b"/no/such/loader\0"))

    with pytest.raises(UnavailableError, match=r"/no/such/loader.*official golang image"):
        image_files(tmp_path)


def test_libraries_are_read_from_the_loader() -> None:
    """The vDSO has no file; everything else is taken from where the host resolved it."""
    listing = (
        "\tlinux-vdso.so.1 (0x00007f57ec727000)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f57ec52f000)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f57ec729000)\n"
    )

    assert listed_libraries(listing) == [
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib64/ld-linux-x86-64.so.2",
    ]


def test_tag_changes_with_all_that_goes_into_an_image() -> None:
    """Another base, Dockerfile or runner is another image; the same is the same."""
    base, context = Base("goroot", "b", "sha256:1"), build_context()
    changed = {**context, "docker/Dockerfile": File(b"FROM scratch")}

    tags = {
        image_tag("go1.14.15", base, context),
        image_tag("go1.14.14", base, context),
        image_tag("go1.14.15", Base("goroot", "b", "sha256:2"), context),
        image_tag("go1.14.15", base, changed),
    }

    assert len(tags) == 4
    assert image_tag("go1.14.15", base, build_context()) in tags
    assert all(tag.startswith("goclaim:go1.14.1") for tag in tags)
    assert imported_tag("go1.14.15").startswith("goclaim:go1.14.15-goroot-")


@pytest.mark.parametrize(
    ("words", "release"),
    [
        ("go version go1.14.15 linux/amd64", "go1.14.15"),
        ("go version go1.2.2 linux/amd64\n", "go1.2.2"),
        ("go version devel +abc linux/amd64", "devel"),
        ("exec format error", ""),
        ("", ""),
    ],
)
def test_release_is_read_from_go_version(words: str, release: str) -> None:
    """Only what `go version` prints names a release."""
    assert release_in(words) == release


def test_container_is_shut_in() -> None:
    """No network, no writable root, no capability, no swap, bounded processes and files."""
    with contextlib.closing(APIClient(base_url="unix:///none", version="1.41")) as api:
        config = host_config(api, memory=1 << 30)

    assert config["NetworkMode"] == "none"
    assert config["ReadonlyRootfs"] is True
    assert config["CapDrop"] == ["ALL"]
    assert config["SecurityOpt"] == ["no-new-privileges"]
    assert config["Memory"] == config["MemorySwap"] == 1 << 30
    assert config["PidsLimit"] == 2048
    assert config["Tmpfs"] == {"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=536870912"}  # noqa: S108
    assert config["AutoRemove"] is True
    assert config["Init"] is True


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=8
    ),
    st.integers(1, 7),
)
def test_answers_survive_any_cut(frames: list[tuple[int, int, bytes]], size: int) -> None:
    """However the connection cuts the runner's output, the same frames come out."""
    wire = b"".join(b"%d %d %d\n%b" % (one, out, len(text), text) for one, out, text in frames)
    wire += b"7 0 3\n"
    chunks = [wire[start : start + size] for start in range(0, len(wire), size)]

    answers = list(answer_frames(chunks))

    assert answers == [*((one, out, 0, text) for one, out, text in frames), (7, 0, 3, b"")]


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        (PermissionError(13, "Permission denied"), "docker group"),
        (FileNotFoundError(2, "No such file or directory"), "Start it"),
        (ConnectionRefusedError(111, "Connection refused"), "Start it"),
        (TimeoutError("timed out"), "Check DOCKER_HOST"),
    ],
)
def test_unreachable_engine_says_what_to_do(cause: OSError, advice: str) -> None:
    """The reason is found below the SDK's own exceptions, and each has its way out."""
    error = docker.errors.DockerException("Error while fetching server API version")
    error.__cause__ = requests.exceptions.ConnectionError("aborted")
    error.__cause__.__context__ = cause

    message = connection_advice(error)

    assert advice in message
    assert "--engine local" in message


def test_missing_socket_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no daemon listens, the engine says so and opening a session fails likewise."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    engine = DockerEngine(ToolchainStore(tmp_path, print), print)

    reason = engine.unavailable()

    assert reason is not None
    assert "No Docker engine answers" in reason
    assert str(tmp_path) in reason


@pytest.mark.parametrize(
    "error",
    [
        docker.errors.APIError("500", explanation="no space left on device"),
        requests.exceptions.ConnectionError("no space left on device"),
        BrokenPipeError("no space left on device"),
    ],
)
def test_no_foreign_exception_escapes(error: Exception) -> None:
    """What the SDK or its transport raises becomes one of our errors, with its words."""
    with (
        pytest.raises(CellError, match=r"Docker could not run it: no space left on device\."),
        docker_errors(CellError, "run it"),
    ):
        raise error


def test_our_own_errors_pass() -> None:
    """An error that already says what to do is not wrapped again."""
    with pytest.raises(UnavailableError, match=r"^as it was$"), docker_errors(CellError, "run it"):
        raise UnavailableError("as it was")


def test_engine_module_does_not_load_the_sdk() -> None:
    """The docker SDK takes longer to import than --help may take."""
    check = "import sys, harness.engines.docker; sys.exit('docker' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0

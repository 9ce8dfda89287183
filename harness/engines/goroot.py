"""What of a GOROOT an image needs, and how it is streamed there as a tar archive."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from harness.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.engines import File

GOROOT = PurePosixPath("/usr/local/go")  # in the image, as in the official ones

# Those that `go build` and `go tool` run for pure Go; the others are half of a release's size.
TOOLS = frozenset(
    "6a 6c 6g 6l asm buildid cgo compile link pack preprofile".split(),  # noqa: SIM905  # shorter
)

_PIECE = 1 << 20  # bytes held at a time
_LISTING_TIMEOUT = 30  # seconds for the loader to list a program's libraries


def belongs(path: PurePosixPath) -> bool:
    """Whether a file of a GOROOT is needed to build and list programs."""
    match path.parts:
        case ("VERSION" | "go.env",) | ("bin", "go") | ("include" | "lib", *_):
            return True
        case ("pkg", "include" | "linux_amd64", *_):
            return True
        case ("pkg", "tool", *_, name):
            return name in TOOLS
        case ("src", "cmd", *_):
            return False
        case ("src", *folders, name):
            return "testdata" not in folders and not name.endswith("_test.go")
    return False


def image_files(goroot: Path) -> dict[PurePosixPath, Path]:
    """Return the files of an image around a GOROOT: path in the image → path here.

    Raises ``UnavailableError`` when this host has not got the libraries that
    its ``go`` command needs.
    """
    files: dict[PurePosixPath, Path] = {}
    for folder, folders, names in os.walk(goroot):
        folders.sort()
        for name in sorted(names):
            source = Path(folder, name)
            path = PurePosixPath(source.relative_to(goroot).as_posix())
            if belongs(path):
                files[GOROOT / path] = source
    return {**files, **shared_libraries(goroot / "bin" / "go")}


def interpreter(program: Path) -> str:
    """Return the loader that an amd64 ELF program asks for, empty when it is static.

    Raises ``UnavailableError`` when it is no such program.
    """
    amd64, segment_interp = 62, 3
    with program.open("rb") as elf:
        header = elf.read(64)
        if header[:6] != b"\x7fELF\x02\x01" or header[18] != amd64:
            raise UnavailableError(
                f"An image can't be built from {program.parents[1]}: it is not for linux/amd64. "
                "Load that release's official golang image into Docker, or use --engine local.",
            )
        (offset,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        for index in range(count):
            elf.seek(offset + index * size)
            kind, _, start, _, _, length = struct.unpack("<IIQQQQ", elf.read(40))
            if kind == segment_interp:
                elf.seek(start)
                return elf.read(length).rstrip(b"\0").decode()
    return ""


def shared_libraries(program: Path) -> dict[PurePosixPath, Path]:
    """Return the loader and libraries of a dynamic program, as this host resolves them.

    They keep their paths, because a loader looks where its own build told it
    to. Raises ``UnavailableError`` where the host has not got them.
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
            timeout=_LISTING_TIMEOUT,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(
            f"An image can't be built from {program.parents[1]}: its go command needs {loader} and "
            "glibc for amd64, which this host has not got. Load the official golang image of that "
            "release into Docker, or use --engine local.",
        ) from error
    return {PurePosixPath(file): Path(file) for file in [loader, *listed_libraries(listing)]}


def listed_libraries(listing: str) -> list[str]:
    """Return the paths in what a loader prints for ``--list``; the vDSO has none."""
    resolved = (line.rpartition("=>")[2].split() for line in listing.splitlines())
    return [words[0] for words in resolved if words and words[0].startswith("/")]


def tar_paths(files: Mapping[PurePosixPath, Path]) -> Iterator[bytes]:
    """Stream files, their folders and an empty /tmp as a tar archive, a piece at a time.

    A folder that is not named is made by the Docker engine, and with some of
    its storage drivers for root alone.
    """
    folders = {parent for name in files for parent in name.parents if parent.name}
    yield _folder("tmp", 0o1777)
    for folder in sorted(folders):
        yield _folder(str(folder), 0o755)
    for name, source in files.items():
        with source.open("rb") as file:
            status = os.fstat(file.fileno())
            executable = bool(status.st_mode & stat.S_IXUSR)
            yield _header(str(name), status.st_size, executable=executable)
            left = status.st_size
            while left:
                piece = file.read(min(left, _PIECE))
                if not piece:
                    raise UnavailableError(f"{source} changed while it was read: try again.")
                left -= len(piece)
                yield piece
        yield bytes(-status.st_size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def tar_files(files: Mapping[str, File]) -> bytes:
    """Return files that are in memory as a tar archive."""
    pieces: list[bytes] = []
    for name, file in files.items():
        size = len(file.content)
        padding = bytes(-size % tarfile.BLOCKSIZE)
        pieces += [_header(name, size, executable=file.executable), file.content, padding]
    return b"".join([*pieces, bytes(2 * tarfile.BLOCKSIZE)])


def _folder(name: str, mode: int) -> bytes:
    entry = tarfile.TarInfo(name.lstrip("/"))
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    return entry.tobuf(tarfile.GNU_FORMAT)


def _header(name: str, size: int, *, executable: bool) -> bytes:
    """Return the tar header of a file that belongs to root and that everybody may read."""
    entry = tarfile.TarInfo(name.lstrip("/"))
    entry.size = size
    entry.mode = 0o755 if executable else 0o644
    return entry.tobuf(tarfile.GNU_FORMAT)

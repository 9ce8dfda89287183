"""Building: what is asked of go, how its output is split, what is kept. Go itself is a script."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.build import Build, assert_version, build
from harness.engines import File, Outcome
from harness.engines.local import LocalSession
from harness.errors import CellError, UnavailableError
from harness.scenarios import Program
from harness.toolchains import GoVersion, Toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.engines import Limits

CAPTURES = Path(__file__).parent.parent / "captures" / "builds"
GO14, GO114, GO127 = GoVersion(4, 3), GoVersion(14, 15), GoVersion(27, 4)
GOOD = Program("good", {"main.go": "package main\n"})
BAD = Program("bad", {"main.go": "package main\n"})


def captured(release: str) -> bytes:
    """Return what ``go install`` said of a good and a bad program."""
    return (CAPTURES / f"install-go{release}.txt").read_bytes()


class Scripted:
    """A session whose go commands end as told."""

    goroot, root, go_cache = "/go", "/session", "/cache"
    provenance: Mapping[str, str] = {}

    def __init__(self, *ends: Outcome, binaries: Sequence[str] = ("good",)) -> None:
        self.identity = "scripted"
        self.ends = list(ends)
        self.binaries = {f"bin/{name}" for name in binaries}
        self.calls: list[tuple[str, ...]] = []
        self.environments: list[Mapping[str, str]] = []
        self.files: dict[str, File] = {}

    def write(self, files: Mapping[str, File]) -> None:
        """Note the files."""
        self.files.update(files)

    def read(self, path: str) -> bytes | None:
        """Return the binary of a program that was built."""
        return b"binary" if path in self.binaries else None

    def call(
        self, argv: Sequence[str], *, env: Mapping[str, str], limits: Limits, directory: str = ""
    ) -> Outcome:
        """Note the command and end as told."""
        assert limits.timeout > 60
        self.calls.append((*argv, *([f"in {directory}"] if directory else [])))
        self.environments.append(env)
        return self.ends.pop(0)


def said(stderr: bytes, code: int = 2, stdout: bytes = b"") -> Outcome:
    """Return how a go command ended."""
    return Outcome(stdout, stderr, code)


# --- the right Go ------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "stdout"),
    [
        (GO114, b"go version go1.14.15 linux/amd64\n"),
        (GoVersion(9, 0), b"go version go1.9 linux/amd64\n"),
        (GoVersion(24, 13, "noswissmap"), b"go version go1.24.13 X:noswissmap linux/amd64\n"),
    ],
)
def test_a_session_of_the_right_release_passes(version: GoVersion, stdout: bytes) -> None:
    """The release is compared; what stands behind it is not."""
    session = Scripted(said(b"", 0, stdout))
    assert_version(session, version)
    assert session.calls == [("/go/bin/go", "version")]


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        (b"go version go1.27.4 linux/amd64\n", b"", "says 'go version go1.27.4 linux/amd64'"),
        (b"go version go1.14 linux/amd64\n", b"", "says 'go version go1.14 linux/amd64'"),
        (b"go version go1.14.1 linux/amd64\n", b"", "go1.14.1"),
        (b"", b"exec format error\n", "says 'exec format error'"),
        (b"", b"", "says 'nothing'"),
    ],
)
def test_a_session_of_another_release_is_refused(stdout: bytes, stderr: bytes, words: str) -> None:
    """A matrix of versions that all run one Go is worse than none."""
    with pytest.raises(UnavailableError, match=r"The toolchain for Go 1\.14\.15 says") as caught:
        assert_version(Scripted(said(stderr, 0, stdout)), GO114)
    assert words in str(caught.value)


# --- one command for all programs --------------------------------------------


@pytest.mark.parametrize("version", [GO114, GO127])
def test_all_programs_are_built_with_one_command(tmp_path: Path, version: GoVersion) -> None:
    """A program that does not compile gets the compiler's words; the other one is built."""
    session = Scripted(said(captured(version.release)))
    found = build(session, version, [GOOD, BAD], tmp_path)
    assert session.calls == [
        ("/go/bin/go", "install", "-ldflags=-w", "-gcflags=-S", "goclaim/good", "goclaim/bad")
    ]
    assert set(session.files) == {"src/goclaim/good/main.go", "src/goclaim/bad/main.go"}
    good, bad = found["good"], found["bad"]
    assert good.error == ""
    assert good.binary
    assert good.binary.read_bytes() == b"binary"
    assert bad == Build(BAD, None, None, bad.error)
    lines = bad.error.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("main.go:3:8: ")
    assert lines[1] == "main.go:6:2: undefined: undeclared"


@pytest.mark.parametrize("version", [GO114, GO127])
def test_a_listing_names_the_program_s_own_file(tmp_path: Path, version: GoVersion) -> None:
    """Positions are main.go:6, wherever the session lies; the other program is not in it."""
    session = Scripted(said(captured(version.release)))
    listing = build(session, version, [GOOD, BAD], tmp_path)["good"].listing
    assert listing
    text = listing.read_text(encoding="utf-8")
    assert "(main.go:6)" in text
    assert "mapdelete_fast64" in text
    assert "/session" not in text
    assert "undeclared" not in text


def test_up_to_go_1_4_the_compiler_itself_makes_the_listing(tmp_path: Path) -> None:
    """``go install -gcflags=-S`` would list the standard library there."""
    session = Scripted(
        said(captured("1.4.3")), said(b"", 0, b'"".main t=1 size=80\n\t0x0000 (main.go:5)\n')
    )
    found = build(session, GO14, [GOOD, BAD], tmp_path)
    assert session.calls == [
        ("/go/bin/go", "install", "-ldflags=-w", "goclaim/good", "goclaim/bad"),
        ("/go/bin/go", "tool", "6g", "-S", "-o", "/session/good.6", "main.go",
         "in src/goclaim/good"),
    ]  # fmt: skip
    assert found["bad"].error == (
        'main.go:3: imported and not used: "fmt"\nmain.go:6: undefined: undeclared'
    )
    listing = found["good"].listing
    assert listing
    assert "(main.go:5)" in listing.read_text()


def test_the_environment_is_scrubbed_and_has_the_experiment(tmp_path: Path) -> None:
    """For every go command."""
    session = Scripted(said(b"# goclaim/good\n", 0))
    build(session, GoVersion(24, 13, "noswissmap"), [GOOD], tmp_path)
    (environment,) = session.environments
    assert environment["GOEXPERIMENT"] == "noswissmap"
    assert (environment["GOENV"], environment["GOPATH"]) == ("off", "/session")
    assert "GOARCH" not in environment


def test_for_another_architecture_there_is_a_listing_and_no_binary(tmp_path: Path) -> None:
    """``go install`` would install a standard library for it."""
    session = Scripted(said(b"# goclaim/good\nmain.main STEXT\n", 0))
    found = build(session, GO114, [GOOD], tmp_path, goarch="arm64")["good"]
    assert session.calls[0][1:4] == ("build", "-o", "other")
    assert session.environments[0]["GOARCH"] == "arm64"
    assert found.binary is None
    assert found.listing


def test_a_library_has_a_listing_and_no_binary(tmp_path: Path) -> None:
    """It compiles, and there is nothing to run."""
    session = Scripted(said(b"# goclaim/good\nlib.F STEXT\n", 0), binaries=())
    found = build(session, GO114, [GOOD], tmp_path)["good"]
    assert (found.binary, found.error) == (None, "")
    assert found.listing


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (Outcome(b"", b"", -1, stopped="timeout"), "the build was stopped (timeout)"),
        (said(b""), "the build ended with exit code 2 and said nothing"),
        (said(b"go: no space left on device\n", 1), "go: no space left on device"),
        (said(b"# goclaim/other\nother.go:1: x\n"), "other.go:1: x"),
    ],
)
def test_a_build_that_fails_without_the_program_s_own_message(
    tmp_path: Path, end: Outcome, error: str
) -> None:
    """What go said at all, or how it ended."""
    found = build(Scripted(end, binaries=()), GO114, [GOOD], tmp_path)["good"]
    assert found.error == error


def test_a_compiler_s_message_is_cut(tmp_path: Path) -> None:
    """Twenty lines are enough; a listing in between is no message."""
    errors = b"".join(b"src/goclaim/good/main.go:%d: x\n\t0x0000 y\n" % n for n in range(99))
    end = said(b"# goclaim/good\n" + errors)
    found = build(Scripted(end, binaries=()), GO114, [GOOD], tmp_path)["good"]
    assert len(found.error.splitlines()) == 20
    assert "0x0000" not in found.error


# --- what is kept ------------------------------------------------------------


def fine() -> Scripted:
    """Return a session that builds one program once."""
    return Scripted(said(b"# goclaim/good\nmain.main STEXT\n", 0))


def test_what_was_built_before_costs_nothing(tmp_path: Path) -> None:
    """The same program on the same toolchain is not built again."""
    first = build(fine(), GO114, [GOOD], tmp_path)
    idle = Scripted()
    assert build(idle, GO114, [GOOD], tmp_path) == first
    assert idle.calls == []


def test_only_what_is_missing_is_built(tmp_path: Path) -> None:
    """One new program does not rebuild the others."""
    build(fine(), GO114, [GOOD], tmp_path)
    other = Program("other", GOOD.files)
    session = Scripted(said(b"# goclaim/other\nx STEXT\n", 0), binaries=["other"])
    assert set(build(session, GO114, [GOOD, other], tmp_path)) == {"good", "other"}
    assert session.calls == [
        ("/go/bin/go", "install", "-ldflags=-w", "-gcflags=-S", "goclaim/other")
    ]


def test_a_program_that_failed_is_built_again(tmp_path: Path) -> None:
    """A full disk may have been the reason."""
    assert build(Scripted(said(b"no room"), binaries=()), GO114, [GOOD], tmp_path)["good"].error
    assert not build(fine(), GO114, [GOOD], tmp_path)["good"].error


@pytest.mark.parametrize(
    ("version", "program", "goarch"),
    [
        (GoVersion(14, 14), GOOD, ""),
        (GoVersion(14, 15, "x"), GOOD, ""),
        (GO114, Program("good", {"main.go": "package main // x\n"}), ""),
        (GO114, Program("good", {"a.go": "package main\n"}), ""),
        (GO114, GOOD, "arm64"),
    ],
    ids=["release", "experiment", "source", "file name", "architecture"],
)
def test_whatever_changes_a_build_makes_another_one(
    tmp_path: Path, version: GoVersion, program: Program, goarch: str
) -> None:
    """Nothing stale is ever run."""
    build(fine(), GO114, [GOOD], tmp_path)
    session = fine()
    build(session, version, [program], tmp_path, goarch=goarch)
    assert len(session.calls) == 1


def test_another_toolchain_of_the_same_release_makes_another_build(tmp_path: Path) -> None:
    """An image and a GOROOT may hold the same release, built in another way."""
    build(fine(), GO114, [GOOD], tmp_path)
    session = fine()
    session.identity = "other"
    build(session, GO114, [GOOD], tmp_path)
    assert len(session.calls) == 1


def test_nothing_half_written_is_kept_and_what_is_damaged_is_made_anew(tmp_path: Path) -> None:
    """A folder without its listing is no build, and no temporary folder stays."""
    kept = build(fine(), GO114, [GOOD], tmp_path)["good"]
    assert kept.listing
    folder = kept.listing.parent
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    kept.listing.unlink()
    assert build(fine(), GO114, [GOOD], tmp_path)["good"] == kept
    assert kept.listing.is_file()


def test_a_full_disk_is_our_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is named, why, and the way to another one."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CellError) as caught:
        build(fine(), GO114, [GOOD], tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'builds'} can't be written: No space left on device. "
        "Point GOCLAIM_CACHE at a folder with room."
    )


def test_a_full_disk_under_a_local_session_is_our_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs go into a session before they are built and before they run."""
    toolchain = Toolchain("go1.14.15", tmp_path, "h1:x")
    session = LocalSession(toolchain, tmp_path / "work", tmp_path / "cache", tmp_path / "runner")
    session.write({"a/b.go": File(b"x"), "c": File(b"y", executable=True)})
    assert session.read("a/b.go") == b"x"
    assert (tmp_path / "work" / "c").stat().st_mode & 0o111
    assert session.read("nothing") is None

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CellError, match="can't be written: No space left on device"):
        session.write({"d": File(b"x")})

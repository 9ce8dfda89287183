"""The shipped programs on real toolchains: formatted, compiling, and undisturbed."""

from __future__ import annotations

import re
import statistics
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness import resources
from harness.memstats import KIB, read_output
from harness.scenarios import find, render, shipped
from harness.toolchains import GoVersion, ToolchainStore, catalogue, parse_spec

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.go

GO_1_14 = parse_spec("1.14")[0]
NEWEST = catalogue()[-1]


def goroot_of(version: GoVersion) -> Path:
    """Return a toolchain's tree, fetched on first use."""
    return ToolchainStore(resources.cache(), print).get(version).goroot


def write(folder: Path, source: str) -> Path:
    """Write a program into a folder of its own and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_text(source)
    return folder


def build(goroot: Path, folder: Path, experiment: str = "") -> Path:
    """Compile ``main.go`` in a folder with a toolchain and nothing of this shell."""
    done = subprocess.run(
        [goroot / "bin" / "go", "build", "-o", "program", "main.go"],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder.parent),
            "GOROOT": str(goroot),
            "GOPATH": str(folder.parent / "gopath"),
            "GOCACHE": str(folder.parent / "gocache"),
            "GOENV": "off",
            "GO111MODULE": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            **({"GOEXPERIMENT": experiment} if experiment else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{folder.name}: {done.stderr}"
    return folder / "program"


@pytest.mark.parametrize("formatter", [GO_1_14, NEWEST], ids=str)
def test_programs_are_formatted(formatter: GoVersion, tmp_path: Path) -> None:
    """Gofmt of Go 1.14 and of the newest release has nothing to change in any program."""
    releases = [*parse_spec("1.2,1.6,1.9"), GO_1_14, NEWEST]
    for version in releases:
        for scenario in shipped():
            if not scenario.not_applicable(version):
                write(
                    tmp_path / str(version) / scenario.name,
                    render(scenario, version).files["main.go"],
                )
    gofmt = goroot_of(formatter) / "bin" / "gofmt"
    done = subprocess.run(
        [gofmt, "-l", tmp_path], capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout == ""
    # On each release one of the two that look into a map can't exist.
    assert len(list(tmp_path.glob("*/*/main.go"))) == len(releases) * (len(shipped()) - 1)


def test_programs_compile_on_go_1_14(tmp_path: Path) -> None:
    """Every shipped program that can exist on Go 1.14 compiles there."""
    goroot = goroot_of(GO_1_14)
    for scenario in shipped():
        if scenario.not_applicable(GO_1_14):
            continue
        assert build(
            goroot, write(tmp_path / scenario.name, render(scenario, GO_1_14).files["main.go"])
        ).is_file()


def test_a_map_laid_out_otherwise_is_not_believed(tmp_path: Path) -> None:
    """The program that reads a Swiss map's directory stops on a classic map of the same release."""
    (version,) = parse_spec("1.24.13")
    folder = write(tmp_path / "it", render(find(["directory-growth"])[0], version).files["main.go"])
    for experiment, code, said in (
        ("", 0, "goclaim value slots_released=0\n"),
        ("noswissmap", 2, "panic: this is not how this release lays out a map"),
    ):
        program = build(goroot_of(version), folder, experiment)
        done = subprocess.run([program], env={}, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert ("slots=" in done.stderr) == (code == 0)


def test_the_tagged_line_moves_no_figure(tmp_path: Path) -> None:
    """The heap grows alike with and without the lines that are not the write-up's."""
    goroot = goroot_of(GO_1_14)
    source = render(find(["global-delete"])[0], GO_1_14).files["main.go"]
    plain = re.sub(r'\n\tprint\("goclaim .*?"\\n"\)', "", source, flags=re.DOTALL)
    assert "goclaim" not in plain
    assert len(re.findall(r"\bprint\(", source)) == 2
    growths = {}
    for name, text in (("tagged", source), ("plain", plain)):
        program = build(goroot, write(tmp_path / name, text))
        growths[name] = statistics.median(growth_of(program) for _ in range(9))
    assert abs(growths["tagged"] - growths["plain"]) <= 4 * KIB


def growth_of(program: Path) -> int:
    """Run write-up A's first program and return the growth that its own lines print."""
    done = subprocess.run(
        [program], env={"GOMAXPROCS": "4"}, capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith("goclaim")]
    snapshots = read_output("", "\n".join(lines)).snapshots
    assert len(snapshots) == 4
    return snapshots[1].stats["Alloc"] - snapshots[0].stats["Alloc"]

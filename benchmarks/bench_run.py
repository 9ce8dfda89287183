"""What goclaim costs beside plain commands: the same programs on the same toolchains.

    python benchmarks/bench_run.py --go 1.14,1.20,1.24,1.27 --rounds 3

Side by side in every round, so that a machine's mood hits all alike; medians and ratios are
printed. Each way starts with an empty cache of programs; ``cold`` also without a compiled
standard library, ``warm`` with it.

    loop     per program: go build -gcflags=-S, then the program; one shared build cache
    floor    per toolchain one go install for all programs, then the programs, as many as cores
    goclaim  goclaim run --repeat 1 --no-report, as many programs at once as cores

The page that a run ends with is left out, for the others make none; ``--parts`` tells its time.

With ``--docker`` instead, on images that are there:

    docker   per program: docker run of go build -gcflags=-S, then docker run of the program
    goclaim  goclaim run --repeat 1 --no-report --engine docker

CPU seconds are those of all processes started, without Docker's.

With ``--parts`` instead: where the time goes, a toolchain a row, each part by itself.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import resources, scenarios
from harness.engines.docker import imported_tag
from harness.toolchains import GoVersion, ToolchainStore, go_environment, parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable

CORES = os.cpu_count() or 1
PROCS = {"GOMAXPROCS": "4"}
STANDARD = ("fmt", "log", "os", "runtime", "syscall", "time", "sync", "unsafe")


def environment(
    store: ToolchainStore, version: GoVersion, root: Path, cache: Path
) -> dict[str, str]:
    """Return the environment that goclaim builds in, with a cache of this benchmark's own."""
    goroot = str(store.get(version).goroot)
    return go_environment(goroot=goroot, root=str(root), cache=str(cache / f"go{version.release}"))


def write_programs(version: GoVersion, root: Path) -> list[str]:
    """Render every scenario that applies, as packages of a GOPATH; their names."""
    names = []
    for scenario in scenarios.shipped():
        if not scenario.not_applicable(version):
            folder = root / "src" / scenario.name
            folder.mkdir(parents=True)
            for name, text in scenarios.render(scenario, version).files.items():
                (folder / name).write_text(text)
            names.append(scenario.name)
    return names


def run(command: list[str], env: dict[str, str], folder: Path) -> None:
    """Run a command to its end, its output dropped."""
    subprocess.run(command, env=env, cwd=folder, capture_output=True, check=True)


def loop(store: ToolchainStore, versions: tuple[GoVersion, ...], work: Path, cache: Path) -> None:
    """Do what a shell loop does: build one, run it, build the next."""
    for version in versions:
        root = work / str(version)
        env = environment(store, version, root, cache)
        for name in write_programs(version, root):
            folder = root / "src" / name
            go = f"{env['GOROOT']}/bin/go"
            run([go, "build", "-gcflags=-S", "-o", "prog", "main.go"], env, folder)
            run([str(folder / "prog")], PROCS, folder)


def floor(store: ToolchainStore, versions: tuple[GoVersion, ...], work: Path, cache: Path) -> None:
    """Do as little as possible: one build a toolchain, programs on all cores."""
    done: list[concurrent.futures.Future[None]] = []
    with concurrent.futures.ThreadPoolExecutor(CORES) as executor:
        for version in versions:
            root = work / str(version)
            env = environment(store, version, root, cache)
            names = write_programs(version, root)
            run([f"{env['GOROOT']}/bin/go", "install", "-gcflags=-S", *names], env, root)
            programs = [str(root / "bin" / name) for name in names]
            done += [executor.submit(run, [one], PROCS, root) for one in programs]
        for one in done:
            one.result()


def docker_loop(versions: tuple[GoVersion, ...], work: Path) -> None:
    """Do what a shell loop does in Docker: a container to build one program, another to run it."""
    for version in versions:
        root = work / str(version)
        for name in write_programs(version, root):
            folder = root / "src" / name
            docker = ["docker", "run", "--rm", "--tmpfs", "/tmp:exec", "-v", f"{folder}:/bench"]  # noqa: S108  the container's
            settings = ("GOCACHE=/tmp/cache", "GO111MODULE=off", "CGO_ENABLED=0", "GOPATH=/tmp/go")
            variables = [part for one in settings for part in ("-e", one)]
            image = imported_tag(f"go{version.release}")
            build = ["go", "build", "-gcflags=-S", "-o", "prog", "main.go"]
            run([*docker, "-w", "/bench", *variables, image, *build], dict(os.environ), folder)
            run([*docker, "-e", "GOMAXPROCS=4", image, "/bench/prog"], dict(os.environ), folder)


def goclaim(
    versions: tuple[GoVersion, ...], work: Path, home: Path, engine: str = "local"
) -> dict[str, float]:
    """Run goclaim in a cache of its own; the seconds that it tells."""
    spec = ",".join(str(version) for version in versions)
    out = work / "out"
    command = [sys.executable, "-m", "harness", "run", "--engine", engine, "--repeat", "1",
               "--no-report", "--jobs", str(CORES), "--go", spec, "--out", str(out)]  # fmt: skip
    subprocess.run(
        command, env={**os.environ, "GOCLAIM_CACHE": str(home)}, capture_output=True, check=False
    )
    found: dict[str, float] = json.loads((out / "run.json").read_text())["seconds"]
    return found


def report(out: Path) -> None:
    """Write the page about a run."""
    command = [sys.executable, "-m", "harness", "report", str(out)]
    subprocess.run(command, capture_output=True, check=True)


def prime(store: ToolchainStore, versions: tuple[GoVersion, ...], cache: Path) -> None:
    """Compile the standard library's packages into a build cache."""
    for version in versions:
        with tempfile.TemporaryDirectory() as root:
            env = environment(store, version, Path(root), cache)
            run([f"{env['GOROOT']}/bin/go", "build", *STANDARD], env, Path(root))


def home_with(cache: Path | None, home: Path) -> Path:
    """Make a cache for goclaim: the toolchains that are here, a build cache or none."""
    home.mkdir(parents=True)
    (home / "toolchains").symlink_to(resources.cache() / "toolchains")
    if cache:
        shutil.copytree(cache, home / "go-build")
    return home


@dataclass(frozen=True)
class Took:
    """What one way took in one round, in seconds."""

    wall: float
    cpu: float


def timed(do: Callable[[], object]) -> Took:
    """Do it, and say what it and the processes that it started took."""
    started, before = time.monotonic(), os.times()
    do()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Took(time.monotonic() - started, cpu)


Rounds = dict[str, list[Took]]


def local_rounds(versions: tuple[GoVersion, ...], count: int, *, warm: bool) -> Rounds:
    """Measure the local ways side by side, round by round."""
    store = ToolchainStore(resources.cache(), print)
    found: Rounds = {"loop": [], "floor": [], "goclaim": [], "again": [], "programs": []}
    for _ in range(count):
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            library = work / "library"
            if warm:
                prime(store, versions, library)
            for way, do in (("loop", loop), ("floor", floor)):
                cache = work / f"{way}-cache"
                if warm:
                    shutil.copytree(library, cache)
                found[way].append(timed(lambda: do(store, versions, work / way, cache)))  # noqa: B023  called at once
            home = home_with(library if warm else None, work / "home")
            found["goclaim"].append(timed(lambda: goclaim(versions, work / "first", home)))  # noqa: B023
            told: dict[str, float] = {}
            found["again"].append(
                timed(lambda: told.update(goclaim(versions, work / "second", home)))  # noqa: B023
            )
            found["programs"].append(Took(told["programs"], told["programs"]))
    return found


def docker_rounds(versions: tuple[GoVersion, ...], count: int) -> Rounds:
    """Measure the ways in Docker side by side, on images that are made before."""
    found: Rounds = {"docker": [], "goclaim": []}
    with tempfile.TemporaryDirectory() as name:
        goclaim(versions, Path(name), home_with(None, Path(name, "home")), "docker")
    for _ in range(count):
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            found["docker"].append(timed(lambda: docker_loop(versions, work)))  # noqa: B023
            home = home_with(None, work / "home")
            found["goclaim"].append(timed(lambda: goclaim(versions, work, home, "docker")))  # noqa: B023
    return found


def parts(versions: tuple[GoVersion, ...]) -> None:
    """Print what each part of the work takes by itself, as a Markdown table."""
    print("| Go | fetch | standard library | build | run | ours | the page |")
    print("|---|---|---|---|---|---|---|")
    for version in versions:
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            home = work / "home"
            home.mkdir()
            store = ToolchainStore(home, lambda _: None)
            took = [timed(lambda: store.get(version))]  # noqa: B023  called at once
            took.append(timed(lambda: prime(store, (version,), work / "cache")))  # noqa: B023
            env = environment(store, version, work, work / "cache")
            names = write_programs(version, work)
            command = [f"{env['GOROOT']}/bin/go", "install", "-gcflags=-S", *names]
            took.append(timed(lambda: run(command, env, work)))  # noqa: B023
            programs = [timed(lambda: run([str(work / "bin" / one)], PROCS, work)) for one in names]  # noqa: B023
            took.append(Took(sum(one.wall for one in programs), sum(one.cpu for one in programs)))
            shutil.copytree(work / "cache", home / "go-build")
            ours = goclaim((version,), work / "out", home)["harness_cpu"]
            page = timed(lambda: report(work / "out" / "out"))  # noqa: B023
            row = " | ".join(
                f"{one:.1f} s" for one in (*(one.wall for one in took), ours, page.cpu)
            )
            print(f"| {version.series} | {row} |", flush=True)
            for path in home.rglob("*"):
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o755)  # the go command leaves its modules read-only


def show(title: str, found: Rounds, *, cpu: bool = True) -> None:
    """Print the medians, and those of the ratios within each round."""
    print(title)
    for way, took in found.items():
        if way in {"again", "programs"}:
            continue
        pairs = list(zip(found["goclaim"], took, strict=True))
        line = f"  {way:<8} {statistics.median(one.wall for one in took):7.1f} s"
        if cpu:
            line += f"  {statistics.median(one.cpu for one in took):7.1f} s CPU"
        if way != "goclaim":
            ratio = statistics.median(ours.wall / theirs.wall for ours, theirs in pairs)
            line += f"   goclaim / {way}: {ratio:.2f}"
        if way != "goclaim" and cpu:
            ratio = statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs)
            line += f" ({ratio:.2f} of its CPU)"
        print(line)
    if "again" in found:
        again = statistics.median(
            (ours.wall - 1) / programs.wall
            for ours, programs in zip(found["again"], found["programs"], strict=True)
        )
        print(f"  goclaim again, less a second, / the programs' own time: {again:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--go", default="1.14,1.20,1.24,1.27")
    parser.add_argument("--rounds", type=int, default=3)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--docker", action="store_true", help="in Docker instead")
    instead.add_argument("--parts", action="store_true", help="where the time goes instead")
    chosen = parser.parse_args()
    versions = parse_spec(chosen.go)
    print(f"{len(versions)} toolchains ({chosen.go}), {chosen.rounds} rounds, {CORES} cores")
    if chosen.parts:
        parts(versions)
        return
    if chosen.docker:
        show("images made before:", docker_rounds(versions, chosen.rounds), cpu=False)
        return
    for title, warm in (("empty caches:", False), ("standard library compiled before:", True)):
        show(title, local_rounds(versions, chosen.rounds, warm=warm))


if __name__ == "__main__":
    main()

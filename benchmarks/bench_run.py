"""What goclaim costs beside plain commands: the same programs on the same toolchains.

    python benchmarks/bench_run.py --go 1.14,1.20,1.24,1.27 --rounds 3

Side by side in every round, so that a machine's mood hits all alike; medians and ratios are
printed. Each way starts with an empty cache of programs; ``cold`` also without a compiled
standard library, ``warm`` with it.

    loop    per program: go build -gcflags=-S, then the program; one shared build cache
    floor   per toolchain one go install for all programs, then the programs, as many as cores
    goclaim goclaim run --repeat 1, as many programs at once as cores
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
from pathlib import Path

from harness import resources, scenarios
from harness.toolchains import GoVersion, ToolchainStore, go_environment, parse_spec

CORES = os.cpu_count() or 1
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
            run([str(folder / "prog")], {"GOMAXPROCS": "4"}, folder)


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
            procs = {"GOMAXPROCS": "4"}
            done += [executor.submit(run, [one], procs, root) for one in programs]
        for one in done:
            one.result()


def goclaim(versions: tuple[GoVersion, ...], work: Path, home: Path) -> dict[str, float]:
    """Run goclaim in a cache of its own; the seconds that it tells."""
    spec = ",".join(str(version) for version in versions)
    out = work / "out"
    command = [sys.executable, "-m", "harness", "run", "--engine", "local", "--repeat", "1",
               "--jobs", str(CORES), "--go", spec, "--out", str(out)]  # fmt: skip
    subprocess.run(
        command, env={**os.environ, "GOCLAIM_CACHE": str(home)}, capture_output=True, check=False
    )
    found: dict[str, float] = json.loads((out / "run.json").read_text())["seconds"]
    return found


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


def rounds(versions: tuple[GoVersion, ...], count: int, *, warm: bool) -> dict[str, list[float]]:
    """Measure all ways side by side, round by round; seconds by way."""
    store = ToolchainStore(resources.cache(), print)
    seconds: dict[str, list[float]] = {"loop": [], "floor": [], "goclaim": [], "again": []}
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
                started = time.monotonic()
                do(store, versions, work / way, cache)
                seconds[way].append(time.monotonic() - started)
            home = home_with(library if warm else None, work / "home")
            started = time.monotonic()
            goclaim(versions, work / "first", home)
            seconds["goclaim"].append(time.monotonic() - started)
            started = time.monotonic()
            told = goclaim(versions, work / "second", home)
            seconds["again"].append((time.monotonic() - started - 1) / told["programs"])
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--go", default="1.14,1.20,1.24,1.27")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    versions = parse_spec(chosen.go)
    print(f"{len(versions)} toolchains ({chosen.go}), {chosen.rounds} rounds, {CORES} cores")
    for warm in (False, True):
        found = rounds(versions, chosen.rounds, warm=warm)
        medians = {way: statistics.median(took) for way, took in found.items()}
        print("standard library compiled before:" if warm else "empty caches:")
        for way in ("loop", "floor", "goclaim"):
            ratio = statistics.median(
                ours / theirs for ours, theirs in zip(found["goclaim"], found[way], strict=True)
            )
            print(f"  {way:<8} {medians[way]:7.1f} s   goclaim / {way}: {ratio:.2f}")
        print(f"  goclaim again, less a second, / the programs' own time: {medians['again']:.2f}")


if __name__ == "__main__":
    main()

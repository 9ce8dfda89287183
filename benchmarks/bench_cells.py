"""What a cell costs goclaim itself: recorded cells replayed, 10 to 10,000 of them.

    python benchmarks/bench_cells.py --rounds 3

Everything is real but the engine, which gives back what the reference run recorded: plans are
rendered, listings read, claims judged, artifacts and tables written. No go command, no program and
no container runs, so that the CPU time of this process is the harness's own. Each round is a new
process, and replays a few cells before the clock starts: imports are paid once, not by cell.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness import scenarios
from harness.engines import Outcome
from harness.toolchains import GoVersion, catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.engines import Engine, File, Limits, Session
    from harness.scenarios import Scenario

RECORDED = Path(__file__).parents[1] / "results" / "reference" / "artifacts"
SIZES = (10, 100, 1_000, 10_000)


@cache
def recorded(version: GoVersion, scenario: str) -> tuple[tuple[Outcome, ...], str]:
    """Return the runs and the listing of a cell of the reference run."""
    folder = RECORDED / f"{scenario}-go{version}-linux-amd64"
    kept = json.loads((folder / "cell.json").read_text())
    runs = tuple(
        Outcome(**{**one, "stdout": one["stdout"].encode(), "stderr": one["stderr"].encode()})
        for one in kept["runs"]
    )
    return runs, (folder / "listing.txt").read_text()


def original(program: str) -> str:
    """Return the scenario whose recorded cells a copy of it replays."""
    return program.partition("-copy")[0]


class Replay:
    """A session whose every answer was recorded; see ``engines.Session``."""

    goroot = "/go"
    root = "/replay"
    go_cache = "/replay/gocache"
    provenance: Mapping[str, str] = {"toolchain": "recorded"}

    def __init__(self, asked: GoVersion, version: GoVersion) -> None:
        self.identity = str(asked)
        self._asked = asked
        self._version = version
        self._runs: dict[str, int] = {}

    def write(self, files: Mapping[str, File]) -> None:
        """Take files, which nothing here needs."""

    def read(self, path: str) -> bytes | None:
        """Give a binary: its name, for it never runs."""
        return path.encode()

    def call(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],  # noqa: ARG002
        limits: Limits,  # noqa: ARG002
        directory: str = "",
    ) -> Outcome:
        """Answer as the toolchain or the program did."""
        match argv[1:]:
            case ["version"]:
                return Outcome(f"go version go{self._asked.release} linux/amd64".encode(), b"", 0)
            case ["install", *rest]:
                names = [one.removeprefix("goclaim/") for one in rest if not one.startswith("-")]
                if "-gcflags=-S" not in rest:
                    return Outcome(b"", b"", 0)
                said = [f"# goclaim/{one}\n{self._listing(one)}" for one in names]
                return Outcome(b"", "".join(said).encode(), 0)
            case ["tool", *_]:
                return Outcome(self._listing(Path(directory).name).encode(), b"", 0)
        name = Path(argv[0]).name
        runs, _ = recorded(self._version, original(name))
        number = self._runs[name] = self._runs.get(name, -1) + 1
        return runs[number % len(runs)]

    def _listing(self, name: str) -> str:
        return recorded(self._version, original(name))[1]


class ReplayEngine:
    """Opens recorded releases; see ``engines.Engine``. A patch release replays its series."""

    name = "local"
    platform = ("linux", "amd64")

    def unavailable(self) -> str | None:
        """It always is available."""
        return None

    @contextlib.contextmanager
    def open(self, version: GoVersion, *, memory: int) -> Iterator[Session]:  # noqa: ARG002
        """Open a release."""
        yield Replay(version, newest_of_series()[version.series])


def newest_of_series() -> dict[str, GoVersion]:
    """Return the release of each series that the reference run holds."""
    return {one.series: one for one in catalogue()}


def copies(count: int) -> list[Scenario]:
    """Return the shipped scenarios again under other names, so often that there are enough."""
    shipped = scenarios.shipped()
    releases = len(catalogue())
    times = -(-count // (len(shipped) * releases))
    return [
        one if number == 0 else replace(one, name=f"{one.name}-copy{number}")
        for number in range(times)
        for one in shipped
    ]


def measure(count: int) -> float:
    """Replay ``count`` cells; CPU seconds a cell."""
    from harness import changes, experiment, results  # noqa: PLC0415  not what is measured

    engine: Engine = ReplayEngine()
    found, releases = copies(count), catalogue()
    versions = releases[:: max(1, len(releases) * len(found) // count)]
    for version in versions:
        for one in scenarios.shipped():
            if not one.not_applicable(version):
                recorded(newest_of_series()[version.series], one.name)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        started = time.process_time()
        planned = experiment.plan(found, versions, engine.platform)[:count]
        settings = experiment.Settings()
        provenance = {"plan": experiment.identity(planned, engine.name, settings)}
        kept = results.Run.start(work / "out", provenance)
        cells = experiment.run(planned, engine, work, settings, kept, lambda _: None).cells
        changes.matrix(results.read(work / "out"))
        took = time.process_time() - started
    if len(cells) != count:
        raise SystemExit(f"{len(cells)} cells of {count} were measured")
    return took / count


def main() -> None:
    """Measure each size in new processes, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", type=int, help="measure one size in this process")
    chosen = parser.parse_args()
    if chosen.once:
        measure(SIZES[0])
        print(measure(chosen.once))
        return
    if not RECORDED.is_dir():
        raise SystemExit(f"{RECORDED} is not there; it is made with: make reference")
    print(f"goclaim's own CPU time a cell, {chosen.rounds} rounds")
    for size in SIZES:
        command = [sys.executable, __file__, "--once", str(size)]
        told = [
            float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            for _ in range(chosen.rounds)
        ]
        print(f"  {size:>6,} cells  {statistics.median(told) * 1000:6.2f} ms a cell")


if __name__ == "__main__":
    main()

"""Plan → build → run → observe: the only place that sequences work."""

from __future__ import annotations

import concurrent.futures
import os
import platform as machine
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness import assembly, memstats
from harness.build import Build, assert_version, build
from harness.claims import judge
from harness.engines import File, Limits, Outcome
from harness.errors import CellError, GoclaimError, UnavailableError
from harness.observations import Cell, Observations, Repetition
from harness.scenarios import Program, Scenario, render
from harness.toolchains import host_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.claims import Verdict
    from harness.engines import Engine, Session
    from harness.results import Run
    from harness.toolchains import GoVersion

Step = Literal["toolchain", "build", "run", "done"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How programs are run; stored with the results because it moves the numbers.

    Attributes:
        repeat: How often each program runs, each time as a new process.
        gomaxprocs: GOMAXPROCS of the programs: the heap before anything
            happens and garbage before a collection depend on it.
        limits: What one program may use.
        jobs: How many programs run at the same time.
    """

    repeat: int = 3
    gomaxprocs: int = 4
    limits: Limits = field(default_factory=Limits)
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell and the scenario it is one of."""

    cell: Cell
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a watcher may want to see.

    Attributes:
        step: What is being done.
        version: On which release.
        text: In words.
        done: How many of the run's steps are finished, of ``total``.
    """

    step: Step
    version: GoVersion
    text: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A cell's observations and what they were read from.

    Attributes:
        observations: What claims are judged on.
        program: The source, None where none was rendered.
        build: The build, None where there is none.
        outcomes: The raw runs, in order.
        provenance: Facts of the session (image, sums).
        error: Our own failure, which made this cell fail; None when all went well.
    """

    observations: Observations
    program: Program | None = None
    build: Build | None = None
    outcomes: tuple[Outcome, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    error: GoclaimError | None = None

    @property
    def failed(self) -> bool:
        """Whether a build or a run of this cell failed, whoever's fault it was."""
        found = self.observations
        return bool(found.failure) or any(run.failure for run in found.repetitions)


def plan(
    scenarios: Sequence[Scenario], versions: Sequence[GoVersion], platform: tuple[str, str]
) -> tuple[Planned, ...]:
    """Lay out the cells: every scenario on every release, release by release."""
    goos, goarch = platform
    return tuple(
        Planned(Cell(scenario.name, version, goos, goarch), scenario)
        for version in versions
        for scenario in scenarios
    )


def measure(
    planned: Sequence[Planned],
    engine: Engine,
    cache: Path,
    settings: Settings,
    watch: Callable[[Event], None],
) -> Iterator[Measured]:
    """Build and run cells; yields each when its last repetition is done.

    A release that can't be had and a program that fails cost only their own
    cells. Raises only for what ends everything: a full disk, an interrupt.
    """
    versions = list(dict.fromkeys(one.cell.version for one in planned))
    total = len(planned) * settings.repeat
    done = 0
    for version in versions:
        ours = [one for one in planned if one.cell.version == version]

        def step(kind: Step, text: str, finished: int, version: GoVersion = version) -> None:
            watch(Event(kind, version, text, finished, total))

        shown: set[str] = set()
        try:
            step("toolchain", f"preparing Go {version} ({engine.name})", done)
            with engine.open(version, memory=settings.limits.memory) as session:
                assert_version(session, version)
                runner = _Toolchain(session, version, cache, settings, step, done)
                for found in runner.measure(ours):
                    shown.add(found.observations.cell.id)
                    yield found
        except (UnavailableError, CellError) as error:
            for one in ours:
                if one.cell.id not in shown:
                    yield Measured(Observations(one.cell, failure=str(error)), error=error)
        done += len(ours) * settings.repeat


class _Toolchain:
    """The cells of one release, in one session."""

    def __init__(
        self,
        session: Session,
        version: GoVersion,
        cache: Path,
        settings: Settings,
        step: Callable[[Step, str, int], None],
        done: int,
    ) -> None:
        self._session = session
        self._version = version
        self._cache = cache
        self._settings = settings
        self._step = step
        self._done = done

    def measure(self, planned: Sequence[Planned]) -> Iterator[Measured]:
        programs: dict[str, Program] = {}
        for one in planned:
            why = one.scenario.not_applicable(self._version)
            if why:
                yield Measured(Observations(one.cell, not_applicable=why))
            else:
                programs[one.cell.scenario] = render(one.scenario, self._version)
        if not programs:
            return
        self._step(
            "build", f"building {len(programs)} programs with Go {self._version}", self._done
        )
        builds = build(self._session, self._version, list(programs.values()), self._cache)
        built = [one for one in planned if one.cell.scenario in builds]
        runnable = [one for one in built if not builds[one.cell.scenario].error]
        runs: dict[str, list[Outcome | CellError]] = {one.cell.scenario: [] for one in built}
        interrupted: KeyboardInterrupt | None = None
        try:
            self._run(runnable, builds, runs)
        except KeyboardInterrupt as error:  # what was measured before it is kept
            interrupted = error
        for one in built:
            name = one.cell.scenario
            if runs[name] or builds[name].error:
                yield self._observe(one, programs[name], builds[name], runs[name])
        if interrupted:
            raise interrupted

    def _run(
        self,
        planned: Sequence[Planned],
        builds: Mapping[str, Build],
        runs: Mapping[str, list[Outcome | CellError]],
    ) -> None:
        """Run every program, repetitions as the outer loop so that drift spreads evenly."""
        self._session.write(
            {
                f"programs/{one.cell.scenario}": File(
                    builds[one.cell.scenario].binary.read_bytes(), executable=True
                )
                for one in planned
            }
        )
        executor = concurrent.futures.ThreadPoolExecutor(self._settings.jobs)
        try:
            for number in range(1, self._settings.repeat + 1):
                futures = {
                    executor.submit(self._run_one, one.cell.scenario): one for one in planned
                }
                for future in concurrent.futures.as_completed(futures):
                    name = futures[future].cell.scenario
                    runs[name].append(future.result())
                    self._done += 1
                    of = f"repetition {number} of {self._settings.repeat}"
                    self._step("run", f"{name} on Go {self._version}, {of}", self._done)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _run_one(self, name: str) -> Outcome | CellError:
        try:
            return self._session.call(
                [f"{self._session.root}/programs/{name}"],
                env={"GOMAXPROCS": str(self._settings.gomaxprocs)},
                limits=self._settings.limits,
            )
        except CellError as error:
            return error

    def _observe(
        self, planned: Planned, program: Program, built: Build, runs: Sequence[Outcome | CellError]
    ) -> Measured:
        failure = f"it does not build: {built.error}" if built.error else ""
        facts = None
        if not failure:
            with built.listing.open(encoding="utf-8", errors="replace") as lines:
                facts = assembly.facts(lines)
        observations = Observations(
            cell=planned.cell,
            source=program.lines(),
            facts=facts,
            repetitions=tuple(
                observe(number, outcome, planned.scenario, self._settings.limits)
                for number, outcome in enumerate(runs, start=1)
            ),
            failure=failure,
        )
        return Measured(
            observations,
            program,
            built,
            tuple(run for run in runs if isinstance(run, Outcome)),
            self._session.provenance,
            next((run for run in runs if isinstance(run, CellError)), None),
        )


def observe(
    number: int, outcome: Outcome | CellError, scenario: Scenario, limits: Limits
) -> Repetition:
    """Read one run: its snapshots, or why there is nothing to judge."""
    if isinstance(outcome, CellError):
        return Repetition(number, failure=str(outcome))
    stdout, stderr = (text.decode(errors="replace") for text in (outcome.stdout, outcome.stderr))
    failure = _failure(outcome, stderr, limits)
    output = memstats.Output()
    try:
        output = memstats.read_output(stdout, stderr)
    except ValueError as error:
        failure = failure or str(error)
    expected = scenario.manifest.snapshots
    found = tuple(snapshot.name for snapshot in output.snapshots)
    if not failure and not found:
        failure = "it printed no MemStats figures that goclaim can read"
    if not failure and expected and found != expected:
        failure = (
            f"it printed the snapshots {', '.join(found)} where {', '.join(expected)} were to come"
        )
    return Repetition(number, output, failure, outcome.max_rss, outcome.duration)


def _failure(outcome: Outcome, stderr: str, limits: Limits) -> str:
    """Say in words why a run went wrong, or return an empty string."""
    exhausted = outcome.stopped == "memory" or (
        outcome.exit_code != 0 and ("out of memory" in stderr or "cannot allocate memory" in stderr)
    )
    if exhausted:
        return f"it needed more memory than its limit of {limits.memory >> 20} MB (--memory)"
    match outcome.stopped:
        case "timeout":
            return f"it did not end within {limits.timeout:g} s (--timeout)"
        case "output":
            return f"it printed more than {limits.output >> 20} MB"
        case "abandoned":
            return "it was interrupted"
    if outcome.signal:
        return f"a signal ended it: {outcome.signal}"
    if outcome.exit_code != 0:
        lines = [
            line for line in stderr.splitlines() if line.strip() and not line.startswith("goclaim ")
        ]
        panics = [line for line in lines if line.startswith(("panic:", "fatal error:"))]
        said = (panics or lines[-1:] or ["it said nothing"])[0]
        return f"it ended with exit code {outcome.exit_code}: {said[:200]}"
    return ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A cell, what was measured on it, and the verdicts on its scenario's claims."""

    scenario: Scenario
    measured: Measured
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A run as far as it came.

    Attributes:
        cells: In the order of the plan.
        interrupted: Whether Ctrl-C ended it.
    """

    cells: tuple[Judged, ...]
    interrupted: bool

    @property
    def exit_code(self) -> int:
        """The exit code of ``goclaim run``: see the command's help."""
        if self.interrupted:
            return 130
        codes = [0]
        for cell in self.cells:
            if cell.measured.error:
                codes.append(cell.measured.error.exit_code)
            elif cell.measured.failed:
                codes.append(CellError.exit_code)
            codes += [1 for verdict in cell.verdicts if verdict.failed]
        return max(codes)


def run(
    planned: Sequence[Planned],
    engine: Engine,
    cache: Path,
    settings: Settings,
    results: Run,
    watch: Callable[[Event], None],
) -> Finished:
    """Measure all cells, judge them and save everything; after an interrupt what there is."""
    measured: list[Measured] = []
    interrupted = False
    started = time.monotonic()
    try:
        for found in measure(planned, engine, cache, settings, watch):
            measured.append(found)
            results.add(found)
    except KeyboardInterrupt:
        interrupted = True
    finished = Finished(judge_all(planned, measured), interrupted)
    for cell in finished.cells:
        results.judged(cell.measured.observations.cell, cell.verdicts)
    programs = sum(one.duration for found in measured for one in found.outcomes)
    results.finish(
        interrupted=interrupted,
        exit_code=finished.exit_code,
        seconds={"all": round(time.monotonic() - started, 3), "programs": round(programs, 3)},
    )
    return finished


def judge_all(planned: Sequence[Planned], measured: Sequence[Measured]) -> tuple[Judged, ...]:
    """Judge every cell, each beside the other cells of its release."""
    scenarios = {one.cell.id: one.scenario for one in planned}
    order = {one.cell.id: number for number, one in enumerate(planned)}
    beside: dict[GoVersion, dict[str, Observations]] = {}
    for found in measured:
        cell = found.observations.cell
        beside.setdefault(cell.version, {})[cell.scenario] = found.observations
    judged = []
    for found in sorted(measured, key=lambda one: order[one.observations.cell.id]):
        own = found.observations
        scenario = scenarios[own.cell.id]
        # Our own failure is no verdict on a claim.
        claims = () if found.error else scenario.manifest.claims
        verdicts = (judge(claim, own, beside[own.cell.version]) for claim in claims)
        judged.append(Judged(scenario, found, tuple(verdicts)))
    return tuple(judged)


def host() -> dict[str, str]:
    """Describe this machine for provenance: what influences a number, no names or paths."""
    goos, goarch = host_platform()
    return {
        "os": goos,
        "arch": goarch,
        "kernel": machine.release(),
        "cpu": _cpu_model(),
        "cpus": str(os.cpu_count() or 0),
        "memory_bytes": str(_memory()),
        "python": machine.python_version(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return machine.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), ""
    )


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0

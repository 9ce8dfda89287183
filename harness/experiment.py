"""Plan → build → run → observe: the only place that sequences work."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import itertools
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from harness import memstats
from harness.build import Build, assert_version, build
from harness.claims import judge
from harness.engines import File, Limits, Outcome
from harness.errors import CellError, GoclaimError, UnavailableError
from harness.listings import read_facts
from harness.observations import Cell, Observations, Repetition
from harness.scenarios import Program, Scenario, render
from harness.toolchains import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.assembly import Facts
    from harness.claims import Verdict
    from harness.engines import Engine, Session
    from harness.results import Run
    from harness.toolchains import GoVersion

Step = Literal["toolchain", "build", "run", "done"]
ENOUGH = 3  # repetitions from which on a disagreement is followed up


@dataclass(frozen=True, slots=True)
class Settings:
    """How programs are run; stored with the results because it moves the numbers.

    Attributes:
        repeat: How often each program runs, each time as a new process; from 3
            on, a program whose repetitions disagree runs twice as often again.
        gomaxprocs: GOMAXPROCS of the programs: the heap before anything
            happens and garbage before a collection depend on it.
        limits: What one program may use.
        jobs: How many programs run at the same time.
    """

    repeat: int = 3
    gomaxprocs: int = 4
    limits: Limits = field(default_factory=Limits)
    jobs: int = 1

    @property
    def environment(self) -> Mapping[str, str]:
        """The whole environment of a program.

        Logging asks for the local time. What is read for it counts in
        TotalAlloc, 40 KiB where a container has no time zone file (initLocal
        in time/zoneinfo_unix.go); for UTC nothing is.
        """
        return {"GOMAXPROCS": str(self.gomaxprocs), "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell, decided on before anything runs.

    Attributes:
        cell: Which scenario on which toolchain.
        scenario: The scenario.
        program: What to build; None where it can't exist on that release.
        not_applicable: Why not, else empty.
    """

    cell: Cell
    scenario: Scenario
    program: Program | None
    not_applicable: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a watcher may want to see.

    Attributes:
        step: What is being done; ``done`` when nothing more comes of that release.
        version: On which release.
        text: In words.
        done: How many repetitions of that release are finished, of ``total``.
        all_done: How many of the whole run are, of ``all_total``.
    """

    step: Step
    version: GoVersion
    text: str
    done: int
    total: int
    all_done: int
    all_total: int


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
    """Lay out the cells, every scenario on every release, and render their programs.

    Raises ``ManifestError`` for a template that does not render, before anything runs.
    """
    goos, goarch = platform
    planned = []
    for version in versions:
        for scenario in scenarios:
            why = scenario.not_applicable(version)
            program = None if why else render(scenario, version)
            cell = Cell(scenario.name, version, goos, goarch)
            planned.append(Planned(cell, scenario, program, why))
    return tuple(planned)


def shard(planned: Sequence[Planned], index: int, of: int) -> tuple[Planned, ...]:
    """Return one of the parts that a plan falls into, ``index`` from 1 on.

    A part is a stretch of whole releases, so that no toolchain is fetched
    twice and no comparison between scenarios is torn apart. Every cell is in
    exactly one part; the parts past the number of releases are empty.
    """
    releases: dict[str, list[Planned]] = {}
    for one in planned:
        releases.setdefault(one.cell.version.release, []).append(one)
    stretches = _stretches([_work(cells) for cells in releases.values()], of)
    mine = stretches[index - 1] if index <= len(stretches) else range(0)
    names = {name for number, name in enumerate(releases) if number in mine}
    return tuple(one for one in planned if one.cell.version.release in names)


def _work(planned: Sequence[Planned]) -> int:
    """Guess what one release costs, in seconds: the fetch, the builds, the runs."""
    facts = facts_of(planned[0].cell.version)
    runs = sum(1 + one.scenario.manifest.memory // 256 for one in planned if one.program)
    return (10 if facts.precompiled_std else 15) + runs


def _stretches(work: Sequence[int], parts: int) -> list[range]:
    """Cut a row of works into stretches of about the same work, none of them empty.

    The best cut is the one with the smallest sum of squares; ``best[n]`` is
    that of the first n works, with its cuts.
    """
    count = len(work)
    sums = [0, *itertools.accumulate(work)]
    best: list[tuple[int, tuple[int, ...]]] = [(total * total, (0,)) for total in sums]
    for part in range(2, min(parts, count) + 1):
        best = best[:part] + [
            min(
                (best[cut][0] + (sums[end] - sums[cut]) ** 2, (*best[cut][1], cut))
                for cut in range(part - 1, end)
            )
            for end in range(part, count + 1)
        ]
    cuts = (*best[count][1], count)
    return [range(low, high) for low, high in itertools.pairwise(cuts)] if count else []


def measure(
    planned: Sequence[Planned],
    engine: Engine,
    cache: Path,
    settings: Settings,
    watch: Callable[[Event], None],
    done_with: Callable[[GoVersion], object] | None = None,
) -> Iterator[Measured]:
    """Build and run cells; yields each when its last repetition is done.

    While one release's programs run, the next release is fetched and its
    programs are built. A release that can't be had and a program that fails
    cost only their own cells. ``done_with`` hears of a release after its last
    cell. Raises only for what ends everything.
    """
    for one in planned:
        if not one.program:
            yield Measured(Observations(one.cell, not_applicable=one.not_applicable))
    releases: dict[GoVersion, list[Planned]] = {}
    for one in planned:
        if one.program:
            releases.setdefault(one.cell.version, []).append(one)
    progress = _Progress(
        watch, {version: len(cells) * settings.repeat for version, cells in releases.items()}
    )

    def prepare(version: GoVersion) -> _Release:
        return _prepare(version, releases[version], engine, cache, settings, progress)

    # The same release may come again, with an experiment, and be in the making already.
    last = {version.release: version for version in releases}
    with _Ahead(prepare, list(releases)) as ahead:
        for version, coming in ahead:
            yield from _cells(coming, releases[version])
            progress.end(version)
            if done_with and version == last[version.release]:
                done_with(version)


def _cells(
    coming: concurrent.futures.Future[_Release], planned: Sequence[Planned]
) -> Iterator[Measured]:
    """Yield a release's cells; those that it could not come to, as failed."""
    shown: set[str] = set()
    try:
        release = coming.result()
        with release.close:
            for found in release.measure():
                shown.add(found.observations.cell.id)
                yield found
    except (UnavailableError, CellError) as error:
        for one in planned:
            if one.cell.id not in shown:
                yield Measured(Observations(one.cell, failure=str(error)), error=error)


class _Ahead:
    """Releases in the making: while one is used, the next is prepared."""

    def __init__(
        self, prepare: Callable[[GoVersion], _Release], versions: Sequence[GoVersion]
    ) -> None:
        self._prepare = prepare
        self._versions = versions
        self._executor = concurrent.futures.ThreadPoolExecutor(1)
        self._pending: list[concurrent.futures.Future[_Release]] = []

    def __enter__(self) -> Iterator[tuple[GoVersion, concurrent.futures.Future[_Release]]]:
        return self._releases()

    def _releases(self) -> Iterator[tuple[GoVersion, concurrent.futures.Future[_Release]]]:
        for number, version in enumerate(self._versions):
            for wanted in self._versions[len(self._pending) : number + 2]:
                self._pending.append(self._executor.submit(self._prepare, wanted))
            yield version, self._pending[number]

    def __exit__(self, *_: object) -> None:
        for future in self._pending:
            if not future.cancel():
                with contextlib.suppress(GoclaimError):
                    future.result().close.close()
        self._executor.shutdown()


@dataclass(slots=True)
class _Progress:
    """Counts the repetitions of a run, by release, and tells the watcher."""

    watch: Callable[[Event], None]
    total: dict[GoVersion, int]
    done: Counter[GoVersion] = field(default_factory=Counter)

    def say(self, step: Step, version: GoVersion, text: str) -> None:
        done, total = self.done[version], self.total[version]
        everything = (self.done.total(), sum(self.total.values()))
        self.watch(Event(step, version, text, done, total, *everything))

    def end(self, version: GoVersion) -> None:
        """Count what a release did not run, because it could not be had, as done."""
        self.done[version] = self.total[version]
        self.say("done", version, f"done with Go {version}")


def _prepare(
    version: GoVersion,
    planned: Sequence[Planned],
    engine: Engine,
    cache: Path,
    settings: Settings,
    progress: _Progress,
) -> _Release:
    """Open a session on a release and build its programs."""
    progress.say("toolchain", version, f"preparing Go {version} ({engine.name})")
    with contextlib.ExitStack() as stack:
        memory = settings.limits.memory * settings.jobs
        session = stack.enter_context(engine.open(version, memory=memory))
        assert_version(session, version)
        programs = [one.program for one in planned if one.program]
        progress.say("build", version, f"building {len(programs)} programs with Go {version}")
        builds = build(session, version, programs, cache)
        facts = {name: read_facts(one) for name, one in builds.items()}
        progress.say("build", version, f"built {len(programs)} programs with Go {version}")
        return _Release(
            session, version, planned, builds, facts, settings, progress, stack.pop_all()
        )


@dataclass(slots=True)
class _Release:
    """A release whose programs are built, ready to run them; ``close`` ends its session."""

    session: Session
    version: GoVersion
    planned: Sequence[Planned]
    builds: Mapping[str, Build]
    facts: Mapping[str, Facts | None]
    settings: Settings
    progress: _Progress
    close: contextlib.ExitStack
    _runs: dict[str, list[Outcome | CellError]] = field(default_factory=dict)

    def measure(self) -> Iterator[Measured]:
        interrupted: KeyboardInterrupt | None = None
        try:
            self._run_all()
        except KeyboardInterrupt as error:  # what was measured before it is kept
            interrupted = error
        for one in self.planned:
            if self._runs.get(one.cell.scenario) or not self.builds[one.cell.scenario].binary:
                yield self._observe(one)
        if interrupted:
            raise interrupted

    def _run_all(self) -> None:
        """Run every program; those whose repetitions disagree, again.

        What a program allocated before a collection depends on when the
        collector ran, so on a busy machine a repetition now and then falls
        out of line. More repetitions tell an outlier from a real spread.
        """
        binaries = {name: one.binary for name, one in self.builds.items() if one.binary}
        self.session.write(
            {
                f"programs/{name}": File(binary.read_bytes(), executable=True)
                for name, binary in binaries.items()
            }
        )
        runnable = [one for one in self.planned if one.cell.scenario in binaries]
        self._run(runnable, self.settings.repeat)
        if self.settings.repeat < ENOUGH:
            return
        judged = judge_all(self.planned, [self._observe(one) for one in self.planned])
        undecided = {
            one.scenario.name
            for one in judged
            if any(verdict.disagree and verdict.in_scope for verdict in one.verdicts)
        }
        again = [one for one in runnable if one.cell.scenario in undecided]
        self.progress.total[self.version] += len(again) * 2 * self.settings.repeat
        self._run(again, 2 * self.settings.repeat)

    def _run(self, planned: Sequence[Planned], times: int) -> None:
        """Run programs, repetitions as the outer loop so that drift spreads evenly."""
        room = _Room(self.settings.jobs * self.settings.limits.memory)
        executor = concurrent.futures.ThreadPoolExecutor(self.settings.jobs)
        try:
            futures = {
                executor.submit(self._run_one, one, room): one.cell.scenario
                for _ in range(times)
                for one in planned
            }
            for future in concurrent.futures.as_completed(futures):
                runs = self._runs.setdefault(futures[future], [])
                runs.append(future.result())
                self.progress.done[self.version] += 1
                text = f"ran {futures[future]} on Go {self.version}, repetition {len(runs)}"
                self.progress.say("run", self.version, text)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _run_one(self, planned: Planned, room: _Room) -> Outcome | CellError:
        try:
            with room.taken(planned.scenario.manifest.memory << 20):
                return self.session.call(
                    [f"{self.session.root}/programs/{planned.cell.scenario}"],
                    env=self.settings.environment,
                    limits=self.settings.limits,
                )
        except CellError as error:
            return error

    def _observe(self, planned: Planned) -> Measured:
        name = planned.cell.scenario
        return observed(
            planned,
            self.builds[name],
            self.facts[name],
            self._runs.get(name, []),
            self.session.provenance,
            self.settings.limits,
        )


class _Room:
    """Memory that programs share: one waits until what it declares is free."""

    def __init__(self, size: int) -> None:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self._size = self._free = min(size, machine * 3 // 4)
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, wanted: int) -> Iterator[None]:
        """Hold ``wanted`` bytes; all there is, if that is less."""
        wanted = min(wanted, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= wanted)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()


def observed(
    planned: Planned,
    built: Build,
    facts: Facts | None,
    runs: Sequence[Outcome | CellError],
    provenance: Mapping[str, str],
    limits: Limits,
) -> Measured:
    """Read a cell's runs, beside the facts of its listing."""
    failure = ""
    if built.error:
        failure = f"it does not build: {built.error}"
    elif not built.binary and not runs:
        failure = "it is a library: only package main can be run"
    observations = Observations(
        cell=planned.cell,
        source=built.program.lines(),
        facts=facts,
        repetitions=tuple(
            observe(number, outcome, planned.scenario, limits)
            for number, outcome in enumerate(runs, start=1)
        ),
        failure=failure,
    )
    return Measured(
        observations,
        built.program,
        built,
        tuple(run for run in runs if isinstance(run, Outcome)),
        provenance,
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
    if not failure and not found and not output.numbers and scenario.needs_figures:
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
        error: What else ended it before its time, as a full disk.
    """

    cells: tuple[Judged, ...]
    interrupted: bool = False
    error: CellError | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of ``goclaim run``: see the command's help."""
        if self.interrupted:
            return 130
        codes = [self.error.exit_code if self.error else 0]
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
    done_with: Callable[[GoVersion], object] | None = None,
) -> Finished:
    """Measure all cells that the results do not hold yet, judge all, save everything.

    After an interrupt, or when the disk is full, what there is is judged and
    saved. Raises ``CellError`` when not even the tables can be written.
    """
    started = time.monotonic()
    measured = [found for one in planned if (found := _stored(one, results, settings))]
    there = {found.observations.cell.id for found in measured}
    missing = [one for one in planned if one.cell.id not in there]
    trouble: KeyboardInterrupt | CellError | None = None
    try:
        for found in measure(missing, engine, cache, settings, watch, done_with):
            measured.append(found)
            if not found.error:
                results.keep(found)
    except (KeyboardInterrupt, CellError) as error:
        trouble = error
    finished = Finished(
        judge_all(planned, measured),
        interrupted=isinstance(trouble, KeyboardInterrupt),
        error=trouble if isinstance(trouble, CellError) else None,
    )
    programs = sum(one.duration for found in measured for one in found.outcomes)
    results.write(
        engine.name,
        finished.cells,
        interrupted=finished.interrupted,
        exit_code=finished.exit_code,
        resumed_cells=len(there),
        seconds={
            "all": round(time.monotonic() - started, 3),
            "programs": round(programs, 3),
            "harness_cpu": round(time.process_time(), 3),
        },
    )
    return finished


def _stored(planned: Planned, results: Run, settings: Settings) -> Measured | None:
    """Return a cell that an earlier run finished, read again from what it left."""
    kept = results.stored(planned.cell)
    if kept is None or planned.program is None:
        return None
    if not kept.failure and len(kept.outcomes) < settings.repeat:
        return None  # an interrupt came before its last repetition
    built = Build(planned.program, None, kept.listing, kept.failure)
    facts = read_facts(built)
    return observed(planned, built, facts, kept.outcomes, kept.provenance, settings.limits)


def identity(planned: Sequence[Planned], engine: str, settings: Settings) -> str:
    """Return what tells one plan from another: the programs, the releases, the settings.

    How many programs run at once is not part of it: that is up to the machine.
    """
    same = (engine, replace(settings, jobs=1), settings.environment)
    digest = hashlib.sha256(repr(same).encode())
    for one in planned:
        files = sorted(one.program.files.items()) if one.program else []
        digest.update(repr((one.cell.id, files)).encode())
    return digest.hexdigest()[:16]


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

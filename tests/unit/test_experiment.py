"""How a run is read and sequenced: failures in words, exit codes, order, what is kept."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import experiment
from harness.build import Build
from harness.claims import Verdict
from harness.engines import Limits, Outcome
from harness.errors import CellError, GoclaimError, UnavailableError
from harness.experiment import (
    Event,
    Finished,
    Judged,
    Measured,
    Planned,
    Settings,
    identity,
    judge_all,
    measure,
    observe,
    observed,
    plan,
)
from harness.observations import Cell, Observations, Repetition
from harness.results import Run
from harness.scenarios import Manifest, Program, Scenario, find
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.claims import Result
    from harness.engines import File

OUTPUTS = Path(__file__).parent.parent / "captures" / "outputs"
GO114, GO124 = GoVersion(14, 15), GoVersion(24, 13)
LIMITS = Limits(timeout=2.5, memory=256 << 20, output=8 << 20)


def captured(name: str) -> bytes:
    """Return what a real program printed."""
    return (OUTPUTS / f"{name}.txt").read_bytes()


def scenario(name: str = "own", **fields: object) -> Scenario:
    """Make a scenario with some fields of its manifest set."""
    about = {"title": "", "shows": "", "program": "", **fields}
    return Scenario(name, Manifest.model_validate(about), Path(f"{name}.toml"))


GOOD = Outcome(b"", captured("tagged-write-up-a.stderr"), 0, duration=0.5, max_rss=2482176)


# --- reading one run ---------------------------------------------------------


def test_a_good_run_has_its_snapshots_and_no_failure() -> None:
    """Number, peak RSS and duration come along."""
    about = scenario(snapshots=["start", "filled", "deleted", "end"])
    run = observe(2, GOOD, about, LIMITS)
    assert (run.number, run.failure, run.max_rss, run.duration) == (2, "", 2482176, 0.5)
    assert [one.name for one in run.output.snapshots] == ["start", "filled", "deleted", "end"]


MEMORY = "it needed more memory than its limit of 256 MB (--memory)"


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        (Outcome(b"", b"", -1, "killed", "timeout"), "it did not end within 2.5 s (--timeout)"),
        (Outcome(b"x", b"", -1, "killed", "output"), "it printed more than 8 MB"),
        (Outcome(b"", b"", -1, "killed", "memory"), MEMORY),
        (Outcome(b"", b"", -1, "killed", "abandoned"), "it was interrupted"),
        (Outcome(b"", captured("out-of-memory.stderr"), 2), MEMORY),
        (Outcome(b"", b"fork: cannot allocate memory\n", 1), MEMORY),
        (Outcome(b"", b"", -1, "segmentation fault"), "a signal ended it: segmentation fault"),
        (Outcome(b"", b"", -1, "killed"), "a signal ended it: killed"),
        (
            Outcome(b"", captured("panic.stderr"), 2),
            "it ended with exit code 2: panic: assignment to entry in nil map",
        ),
        (
            Outcome(b"", captured("deadlock.stderr"), 2),
            "it ended with exit code 2: fatal error: all goroutines are asleep - deadlock!",
        ),
        (Outcome(b"", b"first\nusage: x\n\n", 64), "it ended with exit code 64: usage: x"),
        (Outcome(b"out", b"", 3), "it ended with exit code 3: it said nothing"),
        (Outcome(b"", b"goclaim snapshot=a Alloc=1\n", 3), "it ended with exit code 3: it said no"),
        (Outcome(b"", b"", 0), "it printed no MemStats figures that goclaim can read"),
        (Outcome(b"hello\n", b"", 0), "it printed no MemStats figures that goclaim can read"),
        (
            Outcome(b"", b"goclaim snapshot=a Alloc=many\n", 0),
            "line 1 of the output is a damaged goclaim line",
        ),
        (Outcome(b"\xff\xfe461 MB\xff\n", b"\x80", 0), "it printed no MemStats figures"),
    ],
)
def test_a_bad_run_says_in_words_why(outcome: Outcome, failure: str) -> None:
    """The limit, the signal, the panic or the exit code, in this order; then what it printed."""
    run = observe(1, outcome, scenario(), LIMITS)
    assert run.failure.startswith(failure)
    assert "\n" not in run.failure


def test_the_message_of_a_crash_is_cut() -> None:
    """A panic with a megabyte of text does not fill the table."""
    said = observe(1, Outcome(b"", b"panic: " + b"x" * 9999, 2), scenario(), LIMITS).failure
    assert len(said) < 250


def test_out_of_memory_in_a_good_run_is_no_failure() -> None:
    """A program may print those words."""
    stderr = GOOD.stderr + b"2021/01/06 we are never out of memory\n"
    assert observe(1, replace(GOOD, stderr=stderr), scenario(), LIMITS).failure == ""


def test_what_a_crashed_run_printed_is_kept() -> None:
    """Its snapshots are figures for the reader, though nothing is judged on them."""
    run = observe(1, replace(GOOD, exit_code=2), scenario(), LIMITS)
    assert run.failure
    assert len(run.output.snapshots) == 4


def test_a_crash_is_told_rather_than_the_half_line_it_left() -> None:
    """The first cause comes first."""
    outcome = Outcome(b"", b"goclaim snapshot=a Alloc=\npanic: out of cheese\n", 2)
    assert "panic: out of cheese" in observe(1, outcome, scenario(), LIMITS).failure


def test_other_snapshots_than_the_manifest_s_are_a_failure() -> None:
    """Missing, further and renamed ones: claims name snapshots."""
    for names in (["start", "end"], ["start", "filled", "deleted", "gone"]):
        run = observe(1, GOOD, scenario(snapshots=names), LIMITS)
        assert run.failure == (
            "it printed the snapshots start, filled, deleted, end "
            f"where {', '.join(names)} were to come"
        )


def test_a_program_about_its_listing_need_not_print() -> None:
    """Numbers other than MemStats are figures too."""
    call = {"kind": "call", "id": "x", "says": "", "go": "1.14", "callee": "f"}
    assert observe(1, Outcome(b"", b"", 0), scenario(claims=[call]), LIMITS).failure == ""
    numbers = Outcome(b"", b"goclaim value B=1\n", 0)
    assert observe(1, numbers, scenario(), LIMITS).failure == ""


def test_our_own_failure_is_a_failed_repetition() -> None:
    """An engine that went away is told in its own words."""
    run = observe(3, CellError("the runner gave no reply"), scenario(), LIMITS)
    assert (run.number, run.failure) == (3, "the runner gave no reply")


# --- reading a cell ----------------------------------------------------------

PROGRAM = Program("own", {"main.go": "package main\n"})


def planned(name: str = "own", version: GoVersion = GO114, **fields: object) -> Planned:
    """Plan a cell of a scenario with some fields of its manifest set."""
    cell = Cell(name, version, "linux", "amd64")
    return Planned(cell, scenario(name, **fields), Program(name, PROGRAM.files))


@pytest.mark.parametrize(
    ("build", "failure"),
    [
        (Build(PROGRAM, Path("x"), None), ""),
        (Build(PROGRAM, None, None, "main.go:3: x"), "it does not build: main.go:3: x"),
        (Build(PROGRAM, None, None), "it is a library: only package main can be run"),
    ],
)
def test_a_cell_that_could_not_run_says_why(build: Build, failure: str) -> None:
    """The compiler's message, or that there is nothing to run."""
    found = observed(planned(), build, None, [], {}, LIMITS)
    assert found.observations.failure == failure
    assert found.observations.source == {"main.go": ("package main",)}
    assert found.failed is bool(failure)


def test_a_cell_holds_its_runs_and_the_first_failure_of_ours() -> None:
    """Outcomes without the runs that could not be started; those are the cell's error."""
    gone = CellError("the engine went away")
    build = Build(PROGRAM, Path("x"), None)
    found = observed(planned(), build, None, [GOOD, gone, GOOD], {"image": "i"}, LIMITS)
    assert found.outcomes == (GOOD, GOOD)
    assert found.error is gone
    assert found.failed
    assert [one.number for one in found.observations.repetitions] == [1, 2, 3]
    assert found.provenance == {"image": "i"}


# --- exit codes --------------------------------------------------------------


def ended(
    *verdicts: tuple[Result, bool],
    error: GoclaimError | None = None,
    failure: str = "",
    crashed: bool = False,
) -> Judged:
    """Return a cell with verdicts (result, in scope), and what went wrong with it."""
    runs = (Repetition(1, failure="it crashed"),) if crashed else (Repetition(1),)
    found = Observations(planned().cell, repetitions=runs, failure=failure)
    told = tuple(Verdict("x", "", in_scope, result) for result, in_scope in verdicts)
    return Judged(scenario(), Measured(found, error=error), told)


KNOWN = Verdict("x", "", in_scope=True, result="not reproduced", known="why")


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([], 0),
        ([ended(("reproduced", True))], 0),
        ([ended(("not reproduced", True))], 1),
        ([ended(("inconclusive", True))], 1),
        ([ended(("not applicable", True))], 0),
        ([ended(("not reproduced", False), ("inconclusive", False))], 0),
        ([replace(ended(), verdicts=(KNOWN,))], 0),
        ([ended(error=UnavailableError("no such toolchain"))], 3),
        ([ended(error=CellError("the engine went away"))], 4),
        ([ended(failure="it does not build")], 4),
        ([ended(crashed=True)], 4),
        ([ended(("not reproduced", True)), ended(error=UnavailableError("no"))], 3),
        ([ended(crashed=True), ended(error=UnavailableError("no"))], 4),
        ([ended(("reproduced", True)), ended(("not reproduced", True))], 1),
    ],
)
def test_the_exit_code_is_the_highest_of_the_cells(cells: list[Judged], code: int) -> None:
    """0 as claimed, 1 a claim not, 3 no toolchain, 4 a cell failed."""
    assert Finished(tuple(cells)).exit_code == code


def test_an_interrupt_and_a_full_disk_have_their_codes() -> None:
    """130 whatever was measured; a full disk is our failure."""
    cells = (ended(crashed=True),)
    assert Finished(cells, interrupted=True).exit_code == 130
    assert Finished((), error=CellError("full")).exit_code == 4


# --- plan and identity -------------------------------------------------------


def test_a_plan_has_every_scenario_on_every_release() -> None:
    """Release by release, with programs rendered; what can't exist has its reason."""
    found = find(["global-delete", "bucket-growth"])
    cells = plan(found, [GO114, GO124], ("linux", "amd64"))
    assert [one.cell.id for one in cells] == [
        "global-delete-go1.14.15-linux-amd64",
        "bucket-growth-go1.14.15-linux-amd64",
        "global-delete-go1.24.13-linux-amd64",
        "bucket-growth-go1.24.13-linux-amd64",
    ]
    assert [one.program is None for one in cells] == [False, False, False, True]
    assert "classic map" in cells[3].not_applicable


def test_a_plan_s_identity_changes_with_what_is_measured() -> None:
    """Programs, releases, engine and settings; not with how many run at once."""
    one = planned()
    same = identity([one], "local", Settings())
    assert identity([planned()], "local", Settings(jobs=3)) == same
    other_program = replace(one, program=Program("own", {"main.go": "package main // x\n"}))
    others = [
        identity([one], "docker", Settings()),
        identity([one], "local", Settings(repeat=5)),
        identity([one], "local", Settings(limits=Limits(memory=1))),
        identity([other_program], "local", Settings()),
        identity([planned(version=GO124)], "local", Settings()),
        identity([one, planned("other")], "local", Settings()),
    ]
    assert len({same, *others}) == 7


# --- judging -----------------------------------------------------------------


def figure(**fields: object) -> dict[str, object]:
    """Return a claim that the end is 0 MB."""
    return {
        "id": "x", "says": "", "go": "1.2..", "kind": "figure", "at": "end", "printed": 0,
        "unit": "MB", **fields,
    }  # fmt: skip


COMPARED = {
    "id": "x", "says": "", "go": "1.2..", "kind": "comparison", "relation": "equals",
    "left": {"at": "end"}, "right": {"at": "end", "scenario": "b"},
}  # fmt: skip


def found_in(one: Planned, outcome: Outcome = GOOD) -> Measured:
    """Return a cell as measured with one run."""
    build = Build(one.program or PROGRAM, Path("x"), None)
    return observed(one, build, None, [outcome], {}, LIMITS)


def test_cells_are_judged_in_the_order_of_the_plan() -> None:
    """Whatever order they were measured in."""
    cells = [planned("a"), planned("b"), planned("a", GO124), planned("b", GO124)]
    judged = judge_all(cells, [found_in(one) for one in reversed(cells)])
    assert [one.measured.observations.cell for one in judged] == [one.cell for one in cells]


def test_a_comparison_is_within_its_own_release() -> None:
    """The other scenario on another Go is not what is meant."""
    first, second = planned("a", claims=[COMPARED]), planned("b", GO124)
    (judged, _) = judge_all([first, second], [found_in(first), found_in(second)])
    assert judged.verdicts[0].reason.startswith("b was not measured in this run")
    beside = planned("b")
    (judged, _) = judge_all([first, beside], [found_in(first), found_in(beside)])
    assert judged.verdicts[0].result == "reproduced"


def test_our_own_failure_is_no_verdict_on_a_claim() -> None:
    """A program's crash is inconclusive; an engine's failure says nothing of the claim."""
    one = planned("a", claims=[figure()])
    (crashed,) = judge_all([one], [found_in(one, replace(GOOD, exit_code=2))])
    assert [verdict.result for verdict in crashed.verdicts] == ["inconclusive"]
    ours = Measured(Observations(one.cell, failure="no"), error=UnavailableError("no"))
    (failed,) = judge_all([one], [ours])
    assert failed.verdicts == ()


# --- sequencing, with an engine that runs nothing ----------------------------


class Scripted:
    """An engine whose programs end as told; it builds nothing and starts nothing."""

    name = "scripted"
    platform = ("linux", "amd64")

    def __init__(self, ends: Callable[[str, int], Outcome | BaseException]) -> None:
        self.ends = ends
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.calls: list[str] = []

    def unavailable(self) -> str | None:
        """It can always be used."""
        return None

    @contextlib.contextmanager
    def open(self, version: GoVersion, *, memory: int) -> Iterator[ScriptedSession]:
        """Open a session and note it; there is no Go 1.14.99."""
        assert memory > 0
        if version == GoVersion(14, 99):
            raise UnavailableError("there is no Go 1.14.99")
        self.opened.append(str(version))
        try:
            yield ScriptedSession(self)
        finally:
            self.closed.append(str(version))


class ScriptedSession:
    """See ``Scripted``."""

    goroot, root, go_cache, identity = "/go", "/session", "/cache", "scripted"
    provenance: Mapping[str, str] = {"engine": "scripted"}

    def __init__(self, engine: Scripted) -> None:
        self._engine = engine

    def write(self, files: Mapping[str, File]) -> None:
        """Take files."""
        assert files

    def read(self, path: str) -> bytes | None:
        """Never be asked: there is no build to read from."""
        raise NotImplementedError(path)

    def call(
        self, argv: Sequence[str], *, env: Mapping[str, str], limits: Limits, directory: str = ""
    ) -> Outcome:
        """End as told."""
        assert env == {"GOMAXPROCS": "4", "TZ": "UTC"}
        assert (limits.memory, directory) == (2 << 30, "")
        name = argv[0].rpartition("/")[2]
        end = self._engine.ends(name, self._engine.calls.count(name))
        self._engine.calls.append(name)
        if isinstance(end, BaseException):
            raise end
        return end


@pytest.fixture
def _built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have every program built, but for one that does not compile."""
    binary = tmp_path / "binary"
    binary.touch()

    def build(_session: object, _version: object, programs: Sequence[Program], _cache: object
              ) -> dict[str, Build]:  # fmt: skip
        return {
            one.name: Build(one, None, None, "main.go:3: x")
            if one.name == "bad"
            else Build(one, binary, None)
            for one in programs
        }

    monkeypatch.setattr(experiment, "build", build)
    monkeypatch.setattr(experiment, "assert_version", lambda *_: None)


def measured_by(
    engine: Scripted, cells: Sequence[Planned], watch: Callable[[Event], None] = lambda _: None
) -> dict[str, Measured]:
    """Measure cells and return them by id."""
    found = measure(cells, engine, Path("/nonexistent"), Settings(), watch)
    return {one.observations.cell.id: one for one in found}


@pytest.mark.usefixtures("_built")
def test_repetitions_are_the_outer_loop() -> None:
    """Drift of the machine spreads evenly over the programs."""
    engine = Scripted(lambda *_: GOOD)
    measured_by(engine, [planned("a"), planned("b")])
    assert engine.calls == ["a", "b"] * 3
    assert engine.opened == engine.closed == ["1.14.15"]


@pytest.mark.usefixtures("_built")
def test_what_fails_costs_only_its_own_cell() -> None:
    """A crash, a program that does not compile, a release that is not there."""
    crash = Outcome(b"", captured("panic.stderr"), 2)
    engine = Scripted(lambda name, _: crash if name == "crash" else GOOD)
    gone = GoVersion(14, 99)
    cells = [
        planned("crash"),
        planned("bad"),
        planned("a", gone),
        planned("a"),
        planned("a", GO124),
    ]
    by_id = measured_by(engine, cells)
    found = [by_id[one.cell.id] for one in cells]
    assert [one.failed for one in found] == [True, True, True, False, False]
    assert isinstance(found[2].error, UnavailableError)
    assert found[1].observations.failure == "it does not build: main.go:3: x"
    assert engine.opened == engine.closed


@pytest.mark.usefixtures("_built")
def test_a_release_is_done_with_after_its_last_cell() -> None:
    """Whether it came to anything or not; with an experiment it is the same release again."""
    engine = Scripted(lambda *_: GOOD)
    again = replace(GO124, experiment="noswissmap")
    cells = [planned("a", one) for one in (GO124, GoVersion(14, 99), again, GO114)]
    done: list[tuple[str, int]] = []
    found = measure(
        cells,
        engine,
        Path("/nonexistent"),
        Settings(repeat=1),
        lambda _: None,
        lambda version: done.append((str(version), len(engine.calls))),
    )
    assert len(list(found)) == len(cells)
    assert done == [("1.14.99", 1), ("1.24.13+noswissmap", 2), ("1.14.15", 3)]


@pytest.mark.usefixtures("_built")
def test_programs_that_disagree_with_themselves_run_twice_as_often_again() -> None:
    """An outlier is told from a real spread; those that agree are left alone."""
    large = replace(GOOD, stderr=GOOD.stderr.replace(b"end Alloc=69576", b"end Alloc=99999999"))
    engine = Scripted(lambda name, number: large if (name, number) == ("odd", 1) else GOOD)
    found = measured_by(
        engine, [planned("odd", claims=[figure()]), planned("even", claims=[figure()])]
    )
    assert engine.calls.count("odd") == 9
    assert engine.calls.count("even") == 3
    repetitions = found["odd-go1.14.15-linux-amd64"].observations.repetitions
    assert [one.number for one in repetitions] == list(range(1, 10))


@pytest.mark.usefixtures("_built")
def test_two_repetitions_that_disagree_are_left_at_that() -> None:
    """Who asks for one or two runs gets no more."""
    large = replace(GOOD, stderr=GOOD.stderr.replace(b"end Alloc=69576", b"end Alloc=99999999"))
    engine = Scripted(lambda _, number: large if number == 1 else GOOD)
    cells = [planned("odd", claims=[figure()])]
    found = list(measure(cells, engine, Path("x"), Settings(repeat=2), lambda _: None))
    assert engine.calls == ["odd", "odd"]
    assert len(found[0].outcomes) == 2


@pytest.mark.usefixtures("_built")
def test_a_claim_out_of_scope_starts_no_further_runs() -> None:
    """Nobody waits for a claim that was not made for this Go."""
    large = replace(GOOD, stderr=GOOD.stderr.replace(b"end Alloc=69576", b"end Alloc=99999999"))
    engine = Scripted(lambda _, number: large if number == 1 else GOOD)
    measured_by(engine, [planned("odd", claims=[figure(go="1.24")])])
    assert engine.calls.count("odd") == 3


@pytest.mark.usefixtures("_built")
def test_the_watcher_sees_every_step_and_the_end() -> None:
    """A bar that ends full, whatever could not be run."""
    events: list[Event] = []
    cells = [planned("a"), planned("bad"), planned("a", GoVersion(14, 99)), planned("a", GO124)]
    measured_by(Scripted(lambda *_: GOOD), cells, events.append)
    assert {event.step for event in events} == {"toolchain", "build", "run", "done"}
    assert events[-1].all_done == events[-1].all_total == 12
    ran = [event for event in events if event.step == "run"]
    assert [one.all_done for one in ran] == sorted(one.all_done for one in ran)
    assert {(one.version, one.done, one.total) for one in events if one.step == "done"} == {
        (GO114, 6, 6), (GoVersion(14, 99), 3, 3), (GO124, 3, 3),
    }  # fmt: skip


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), CellError("the disk is full")])
def test_what_was_measured_before_trouble_is_judged_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    """An interrupt or a full disk ends the run; its tables hold all cells before it."""
    cells = [planned("a", claims=[figure()]), planned("b", GO124)]
    kept = Run.start(tmp_path / "out", {"plan": "x"})
    keep = kept.keep

    def trouble_at_b(found: Measured) -> None:
        if found.observations.cell.scenario == "b":
            raise trouble
        keep(found)

    monkeypatch.setattr(Run, "keep", lambda _, found: trouble_at_b(found))
    engine = Scripted(lambda *_: GOOD)
    finished = experiment.run(cells, engine, tmp_path, Settings(), kept, lambda _: None)
    assert finished.exit_code == (130 if isinstance(trouble, KeyboardInterrupt) else 4)
    assert finished.cells[0].verdicts[0].result == "reproduced"
    assert ",a," in (tmp_path / "out" / "measurements.csv").read_text()
    assert engine.opened == engine.closed


@pytest.mark.usefixtures("_built")
def test_resuming_runs_only_what_is_missing(tmp_path: Path) -> None:
    """Cells that were measured to their end are read again, not run again."""
    cells = [planned("a", claims=[figure()]), planned("b"), planned("bad")]
    kept = Run.start(tmp_path / "out", {"plan": "x"})
    first = Scripted(lambda *_: GOOD)
    experiment.run(cells[::2], first, tmp_path, Settings(), kept, lambda _: None)
    again = Run.start(tmp_path / "out", {"plan": "x"}, resume=True)
    second = Scripted(lambda *_: GOOD)
    finished = experiment.run(cells, second, tmp_path, Settings(), again, lambda _: None)
    assert second.calls == ["b"] * 3
    assert [one.scenario.name for one in finished.cells] == ["a", "b", "bad"]
    assert finished.cells[0].verdicts[0].result == "reproduced"
    assert finished.cells[2].measured.observations.failure == "it does not build: main.go:3: x"
    assert again.provenance["resumed_cells"] == 2
    more = Scripted(lambda *_: GOOD)
    experiment.run(cells, more, tmp_path, Settings(repeat=5), again, lambda _: None)
    assert more.calls == ["a", "b"] * 5


@pytest.mark.usefixtures("_built")
def test_a_cell_that_we_failed_is_measured_again(tmp_path: Path) -> None:
    """An engine that went away is no result to keep."""
    kept = Run.start(tmp_path / "out", {"plan": "x"})
    gone = Scripted(lambda *_: CellError("the engine went away"))
    finished = experiment.run([planned()], gone, tmp_path, Settings(), kept, lambda _: None)
    assert finished.exit_code == 4
    back = Scripted(lambda *_: GOOD)
    finished = experiment.run([planned()], back, tmp_path, Settings(), kept, lambda _: None)
    assert finished.exit_code == 0
    assert back.calls == ["own"] * 3


@pytest.mark.usefixtures("_built")
def test_a_cell_that_does_not_apply_needs_no_toolchain() -> None:
    """Nothing is fetched for it."""
    engine = Scripted(lambda *_: GOOD)
    one = replace(planned(), program=None, not_applicable="needs Go 1.21")
    (found,) = measured_by(engine, [one]).values()
    assert found.observations.not_applicable == "needs Go 1.21"
    assert not found.failed
    assert engine.opened == []

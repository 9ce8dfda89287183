"""The command line: help, wrong usage, exit codes, JSON; nothing here starts go or Docker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from harness import __version__, cli, doctor, engines, experiment
from harness.claims import Verdict
from harness.errors import CellError, GoclaimError, ManifestError, UnavailableError, UsageError
from harness.experiment import Finished, Judged, Measured
from harness.memstats import read_output
from harness.observations import Cell, Observations, Repetition
from harness.scenarios import find
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.testing import Result

TESTS = Path(__file__).parent.parent
COMMANDS = {"run", "asm", "list", "doctor", "toolchains"}


@pytest.fixture
def goclaim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli.cli, [str(one) for one in arguments], prog_name="goclaim")

    return invoke


def refused(result: Result, code: int, *words: str) -> None:
    """Check that a command ended with a message on standard error and no traceback."""
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.stdout == ""
    for one in words:
        assert one in result.stderr


# --- help --------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_command(goclaim: Callable[..., Result], flag: str) -> None:
    """And examples, each on its own line."""
    result = goclaim(flag)
    assert result.exit_code == 0
    assert set(cli.cli.commands) >= COMMANDS
    for name in cli.cli.commands:
        assert f"\n  {name} " in result.stdout
    assert "  goclaim run path/to/main.go " in result.stdout


def test_run_s_help_tells_every_exit_code(goclaim: Callable[..., Result]) -> None:
    """The codes that a script tells apart, and every option with its default."""
    text = goclaim("run", "--help").stdout
    words = " ".join(text.split())
    assert "Exit codes: 0 every claim" in words
    for code in ("1 one is not", "2 wrong usage", "3 no such toolchain or engine", "4 a build or"):
        assert f"; {code}" in words
    for default in ("default: 1.14", "default: auto", "default: 3", "default: 60"):
        assert default in words


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(goclaim: Callable[..., Result], name: str) -> None:
    """A first sentence, and the help of every option."""
    result = goclaim(name, "--help")
    assert result.exit_code == 0
    command = cli.cli.commands[name]
    assert (command.help or "").strip()
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert all(one.help for one in options)


def test_the_version_is_the_package_s(goclaim: Callable[..., Result]) -> None:
    """What a bug report names."""
    assert goclaim("--version").stdout == f"goclaim, version {__version__}\n"


def test_help_imports_nothing_of_weight() -> None:
    """It answers at once: pandas, pydantic, docker and rich take longer than the answer may."""
    script = (
        "import sys\n"
        "from harness import cli\n"
        "try:\n    cli.cli(['--help'], prog_name='goclaim')\n"
        "except SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "Commands:" in done.stdout
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not loaded & {"pandas", "numpy", "pydantic", "docker", "rich", "jinja2", "requests"}


# --- mistakes ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "globl-delete"), ("no scenario 'globl-delete'", "Did you mean global-delete")),
        (("asm", "globl-delete"), ("no scenario 'globl-delete'",)),
        (("run", "none.go"), ("none.go: there is no such Go file",)),
        (("run", "none.toml"), ("none.toml: there is no such manifest",)),
        (("run", "--go", "1.x"), ("'1.x' is no Go version. Write 1.14.15",)),
        (("run", "--go", ""), ("'' is no Go version",)),
        (("run", "--go", "1.16..1.14"), ("holds no Go series",)),
        (("toolchains", "fetch", "newest"), ("'newest' is no Go version",)),
        (("toolchains", "remove", "newest"), ("'newest' is no Go version",)),
        (("asm",), ("Name a program or a scenario, or a listing",)),
        (("asm", "x", "--listing", "y"), ("Name a program or a scenario, or a listing",)),
        (("asm", "--listing", "none.txt"), ("none.txt: can't be read: No such file",)),
        (("run", "--repeat", "0"), ("Invalid value for '--repeat'",)),
        (("run", "--engine", "podman"), ("Invalid value for '--engine'",)),
        (("asm", "x", "--line", "0"), ("Invalid value for '--line'",)),
        (("asm", "x", "--calls", "some"), ("Invalid value for '--calls'",)),
        (("run", "--nonsense"), ("No such option",)),
        (("rum",), ("No such command 'rum'",)),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    goclaim: Callable[..., Result], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Exit code 2, on standard error, before anything is fetched or run."""
    refused(goclaim(*arguments), 2, *words)


def test_a_series_that_does_not_exist_is_no_mistake_of_spelling(
    goclaim: Callable[..., Result],
) -> None:
    """There is no such toolchain: exit code 3."""
    refused(goclaim("run", "--go", "1.99"), 3, "There is no Go 1.99 in the catalogue")


def test_a_wrong_manifest_is_told_with_file_and_line(
    goclaim: Callable[..., Result], tmp_path: Path
) -> None:
    """In the form that editors jump to."""
    path = tmp_path / "mine.toml"
    path.write_text('title = ""\nshows = ""\nprogramme = "x"\n')
    refused(goclaim("run", path), 2, f"{path}: program: field required")
    path.write_text('title = ""\nshows = ""\nprogram = "x"\nprogramme = "x"\n')
    refused(goclaim("run", path), 2, f"{path}:4: unknown key `programme`")


def test_a_file_without_a_listing_is_told_how_to_make_one(
    goclaim: Callable[..., Result], tmp_path: Path
) -> None:
    """Any other text file."""
    (tmp_path / "notes.txt").write_text("hello\n")
    refused(goclaim("asm", "--listing", "notes.txt"), 2, "no assembly listing", "-gcflags=-S")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("wrong"), 2),
        (ManifestError(Path("x.toml"), 3, "wrong"), 2),
        (UnavailableError("wrong"), 3),
        (CellError("wrong"), 4),
        (GoclaimError("wrong"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_of_ours_is_a_message_and_an_exit_code(
    goclaim: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
) -> None:
    """Caught once, wherever it comes from; an interrupt too."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("harness.scenarios.shipped", fail)
    refused(goclaim("list"), code, f"goclaim: {error or 'interrupted'}")


def test_a_bug_is_no_message(
    goclaim: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not ours is not dressed up: the traceback is what a report needs."""

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("harness.scenarios.shipped", fail)
    assert isinstance(goclaim("list").exception, ZeroDivisionError)


# --- list --------------------------------------------------------------------


def test_list_shows_a_line_a_scenario(goclaim: Callable[..., Result]) -> None:
    """Experiment, name and what it shows, in the order of the write-ups."""
    lines = goclaim("list").stdout.splitlines()
    assert lines[0].split()[:2] == ["A1", "global-delete"]
    assert [line.split()[1] for line in lines] == [one.name for one in find([])]


def test_list_json_has_every_claim(goclaim: Callable[..., Result]) -> None:
    """The keys are a promise to other programs."""
    listed = json.loads(goclaim("list", "--json").stdout)
    assert [one["scenario"] for one in listed] == [one.name for one in find([])]
    for one in listed:
        assert list(one) == [
            "scenario", "write_up", "experiment", "title", "shows", "oldest_go", "claims",
        ]  # fmt: skip
        assert all(list(claim) == ["id", "kind", "go", "says"] for claim in one["claims"])
    (counted,) = [claim for claim in listed[0]["claims"] if claim["id"] == "num-gc"]
    says = "Each explicit collection counts once: 0, 1, 2, 3."
    assert counted == {"id": "num-gc", "kind": "sequence", "go": "1.14", "says": says}


# --- asm on a saved listing --------------------------------------------------


def test_asm_json_of_a_saved_listing(goclaim: Callable[..., Result], tmp_path: Path) -> None:
    """A list with one object, its facts under the promised keys."""
    text = (TESTS / "captures" / "builds" / "install-go1.14.15.txt").read_text(encoding="utf-8")
    (tmp_path / "listing.txt").write_text(text)
    result = goclaim("asm", "--listing", "listing.txt", "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert found["go"] is None
    (call,) = [one for one in found["calls"] if "mapdelete" in one["callee"]]
    assert call.pop("file").endswith("good/main.go")
    assert call == {"callee": "runtime.mapdelete_fast64", "function": "main.main", "line": 6}
    assert found["nil_stores"] == []


def test_asm_of_a_saved_listing_can_be_narrowed_down(
    goclaim: Callable[..., Result], tmp_path: Path
) -> None:
    """By function, with or without its package, and by line; noise is left out unless asked for."""
    text = (TESTS / "captures" / "builds" / "install-go1.14.15.txt").read_text(encoding="utf-8")
    (tmp_path / "listing.txt").write_text(text)
    everything = goclaim("asm", "--listing", "listing.txt").stdout
    assert "main.main" in everything
    assert "main.init" in everything
    assert "PCDATA" not in everything
    assert "CALL runtime.mapdelete_fast64(SB)   <- map call" in everything
    for name in ("main", "main.main"):
        one = goclaim("asm", "--listing", "listing.txt", "--func", name).stdout
        assert "main.init" not in one
        assert "mapdelete_fast64" in one
    line = goclaim("asm", "--listing", "listing.txt", "--line", "7").stdout
    assert "mapdelete_fast64" not in line
    assert "PCDATA" in goclaim("asm", "--listing", "listing.txt", "--noise").stdout


# --- run, with measuring replaced --------------------------------------------

VERDICT = Verdict("kept", "It stays.", in_scope=True, result="reproduced", measured="1.000")


class Idle:
    """An engine that is there and does nothing."""

    name = "local"
    platform = ("linux", "amd64")

    def unavailable(self) -> str | None:
        """It can be used."""
        return None


@pytest.fixture
def finish(monkeypatch: pytest.MonkeyPatch) -> Callable[[Finished], None]:
    """Return a function that decides how ``goclaim run`` ends."""
    monkeypatch.setattr(engines, "ENGINES", {"local": lambda *_: Idle()})

    def end(finished: Finished) -> None:
        monkeypatch.setattr(experiment, "run", lambda *_, **__: finished)

    return end


def cell(*verdicts: Verdict, failure: str = "") -> Judged:
    """Return a cell with a real run and some verdicts."""
    stderr = (TESTS / "captures" / "outputs" / "tagged-write-up-a.stderr.txt").read_text()
    run = Repetition(1, read_output("", stderr), failure, max_rss=4096, duration=0.5)
    found = Observations(Cell("global-delete", GoVersion(14, 15), "linux", "amd64"),
                         repetitions=(run,))  # fmt: skip
    (scenario,) = find(["global-delete"])
    return Judged(scenario, Measured(found), verdicts)


@pytest.mark.parametrize(
    ("finished", "code"),
    [
        (Finished((cell(VERDICT),)), 0),
        (Finished((cell(replace(VERDICT, result="not reproduced")),)), 1),
        (Finished((cell(VERDICT, failure="it crashed"),)), 4),
        (Finished((cell(VERDICT),), error=CellError("full")), 4),
        (Finished((cell(VERDICT),), interrupted=True), 130),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_run_ends_with_the_code_of_what_it_found(
    goclaim: Callable[..., Result],
    finish: Callable[[Finished], None],
    finished: Finished,
    code: int,
    *,
    as_json: bool,
) -> None:
    """Shown or as JSON, the results are there whatever the code is."""
    finish(finished)
    result = goclaim("run", "global-delete", "--out", "out", *(["--json"] if as_json else []))
    assert result.exit_code == code, result.output
    if as_json:
        assert json.loads(result.stdout)["exit_code"] == code
    else:
        assert "written: out/" in result.stdout
    assert ("goclaim: full" in result.stderr) is (finished.error is not None)


def test_run_json_has_cells_repetitions_and_verdicts(
    goclaim: Callable[..., Result], finish: Callable[[Finished], None]
) -> None:
    """Only JSON stands on standard output; progress goes to standard error."""
    finish(Finished((cell(VERDICT),)))
    result = goclaim("run", "global-delete", "--out", "out", "--json")
    told = json.loads(result.stdout)
    assert list(told) == ["out", "engine", "exit_code", "interrupted", "cells"]
    (one,) = told["cells"]
    assert (one["cell"], one["go"]) == ("global-delete-go1.14.15-linux-amd64", "1.14.15")
    (repetition,) = one["repetitions"]
    assert repetition["snapshots"][0]["snapshot"] == "start"
    assert repetition["snapshots"][0]["HeapAlloc"] == 76936
    assert repetition["values"] == {"len": [8192, 0]}
    (verdict,) = one["verdicts"]
    assert list(verdict) == [
        "claim", "says", "in_scope", "verdict", "expected", "measured", "unit", "tolerance",
        "spread", "reason", "known", "evidence",
    ]  # fmt: skip
    assert verdict["verdict"] == "reproduced"
    assert "engine: local" in result.stderr


def test_run_writes_what_it_was_told_into_its_provenance(
    goclaim: Callable[..., Result], finish: Callable[[Finished], None], tmp_path: Path
) -> None:
    """Settings that move numbers, the command, the plan and the host; no name of the machine."""
    finish(Finished(()))
    goclaim(
        "run", "global-delete", "--out", "out", "--repeat", "2", "--memory", "64", "--jobs", "2"
    )
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["settings"] == {
        "repeat": 2, "gomaxprocs": 4, "jobs": 2, "timeout_seconds": 60,
        "memory_bytes": 64 << 20, "output_bytes": 8 << 20,
    }  # fmt: skip
    assert run["environment"]["programs"] == {"GOMAXPROCS": "4", "TZ": "UTC"}
    assert (run["go"], run["engine"], run["goclaim"]) == ("1.14", "local", __version__)
    assert set(run["host"]) == {
        "os", "arch", "kernel", "cpu", "cpus", "memory_bytes", "python",
    }  # fmt: skip
    assert os.uname().nodename not in run["host"].values()
    assert run["plan"]


def test_a_report_that_cannot_be_written_costs_nothing_else(
    goclaim: Callable[..., Result], finish: Callable[[Finished], None]
) -> None:
    """The tables are shown, the exit code is the run's, and why stands on standard error."""
    finish(Finished((cell(VERDICT),)))  # a run that left no files to read
    done = goclaim("run", "global-delete", "--out", "out")
    assert done.exit_code == 0
    assert "reproduced" in done.stdout
    assert "goclaim: no report: out holds no finished run" in done.stderr


@pytest.mark.parametrize(
    ("finished", "arguments"),
    [(Finished((cell(VERDICT),)), ["--no-report"]), (Finished((), interrupted=True), [])],
)
def test_no_report_is_written_where_nobody_waits_for_one(
    goclaim: Callable[..., Result],
    finish: Callable[[Finished], None],
    finished: Finished,
    arguments: list[str],
) -> None:
    """Told so, or interrupted."""
    finish(finished)
    assert "report" not in goclaim("run", "global-delete", "--out", "out", *arguments).output


def test_run_refuses_a_folder_that_holds_something(
    goclaim: Callable[..., Result], finish: Callable[[Finished], None], tmp_path: Path
) -> None:
    """Before anything is measured; --resume wants the same plan."""
    finish(Finished(()))
    (tmp_path / "notes.txt").touch()
    result = goclaim("run", "global-delete", "--out", ".")
    assert result.exit_code == 2
    assert "is not empty" in result.stderr
    assert goclaim("run", "global-delete", "--out", "out").exit_code == 0
    assert goclaim("run", "global-delete", "--out", "out").exit_code == 2
    assert goclaim("run", "global-delete", "--out", "out", "--resume").exit_code == 0
    other = goclaim("run", "global-delete", "--out", "out", "--resume", "--repeat", "4")
    assert other.exit_code == 2
    assert "holds another plan" in other.stderr


def test_run_without_an_engine_says_why_each_can_not_be_used(
    goclaim: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, and every reason."""

    class Gone(Idle):
        def __init__(self, name: str) -> None:
            self.name = name
            self.why = f"{name} is gone."

        def unavailable(self) -> str | None:
            return self.why

    makers = {name: lambda *_, name=name: Gone(name) for name in ("docker", "local")}
    monkeypatch.setattr(engines, "ENGINES", makers)
    result = goclaim("run", "global-delete")
    refused(result, 3, "goclaim: not docker: docker is gone; not local: local is gone")
    refused(goclaim("run", "global-delete", "--engine", "docker"), 3, "goclaim: docker is gone.")


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put Go 1.14.15 into a cache of its own and return its tree, of 3 MB."""
    monkeypatch.setenv("GOCLAIM_CACHE", str(tmp_path / "cache"))
    goroot = tmp_path / "cache" / "toolchains" / "tree"
    (goroot / "bin").mkdir(parents=True)
    (goroot / "bin" / "go").write_bytes(b"x" * 3_000_000)
    record = {"goroot": str(goroot), "sum": "h1:x"}
    (goroot.parent / "go1.14.15.json").write_text(json.dumps(record))
    return goroot


PLANNED = ["run", "bucket-growth", "--go", "1.14,1.24,1.24+noswissmap", "--dry-run"]


@pytest.fixture
def _only_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if anything is measured."""
    monkeypatch.setattr(engines, "ENGINES", {"local": lambda *_: Idle()})
    monkeypatch.setattr(experiment, "run", lambda *_, **__: pytest.fail("it was measured"))


@pytest.mark.usefixtures("_only_planned", "fetched")
def test_a_dry_run_lists_cells_and_downloads_and_does_nothing(
    goclaim: Callable[..., Result], tmp_path: Path
) -> None:
    """What can't exist needs no release; one with an experiment is downloaded once."""
    before = sorted(tmp_path.rglob("*"))
    result = goclaim(*PLANNED)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "bucket-growth-go1.14.15-linux-amd64",
        (
            "bucket-growth-go1.24.13-linux-amd64  (not applicable: the program looks into the "
            "classic map, and Go 1.24.13 has the swiss map; see directory-growth)"
        ),
        "bucket-growth-go1.24.13+noswissmap-linux-amd64",
        "3 cells on 2 releases",
        "to download: go1.24.13, about 74 MB",
    ]
    one = goclaim("run", "--go", "1.24,1.24+noswissmap", "--dry-run").stdout.splitlines()
    assert one[-1] == "to download: go1.24.13, about 74 MB"
    here = goclaim("run", "global-delete", "--dry-run", "--out", "out").stdout.splitlines()
    assert here == [
        "global-delete-go1.14.15-linux-amd64", "1 cells on 1 releases", "nothing to download",
    ]  # fmt: skip
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("_only_planned", "fetched")
def test_a_dry_run_as_json(goclaim: Callable[..., Result]) -> None:
    """Every cell with why it does not apply, every download with its size in bytes."""
    told = json.loads(goclaim(*PLANNED, "--json").stdout)
    assert [one["cell"].partition("-go")[2] for one in told["cells"]] == [
        "1.14.15-linux-amd64", "1.24.13-linux-amd64", "1.24.13+noswissmap-linux-amd64",
    ]  # fmt: skip
    assert [bool(one["not_applicable"]) for one in told["cells"]] == [False, True, False]
    assert told["download"] == [{"go": "1.24.13", "about_bytes": 74 << 20}]
    here = json.loads(goclaim("run", "global-delete", "--dry-run", "--json").stdout)
    assert here["download"] == []


@pytest.mark.parametrize(
    ("keep", "stays"),
    [(["--keep-toolchains", "none"], False), (["--keep-toolchains", "fetched"], True), ([], True)],
)
def test_releases_stay_unless_none_are_to_be_kept(
    goclaim: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    fetched: Path,
    keep: Sequence[str],
    *,
    stays: bool,
) -> None:
    """A release that a run is done with is removed for `none` alone."""

    def measured(*_: object, done_with: Callable[[GoVersion], object] | None = None) -> Finished:
        if done_with:
            done_with(GoVersion(14, 15))
        return Finished((cell(VERDICT),))

    monkeypatch.setattr(engines, "ENGINES", {"local": lambda *_: Idle()})
    monkeypatch.setattr(experiment, "run", measured)
    assert goclaim("run", "global-delete", "--out", "out", *keep).exit_code == 0
    assert fetched.exists() is stays
    listed = json.loads(goclaim("toolchains", "list", "--json").stdout)
    assert [one["name"] for one in listed] == (["go1.14.15"] if stays else [])


def test_what_is_kept_is_one_of_two(goclaim: Callable[..., Result]) -> None:
    """Anything else is wrong usage, and both are named."""
    refused(goclaim("run", "--keep-toolchains", "all"), 2, "'fetched', 'none'")


# --- doctor and toolchains ---------------------------------------------------


@pytest.mark.parametrize(("usable", "code"), [(True, 0), (False, 3)])
def test_doctor_ends_with_3_when_no_engine_can_be_used(
    goclaim: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, code: int, *, usable: bool
) -> None:
    """A sign a line; the same as JSON."""
    checks = (
        doctor.Check("go command", ok=False, text="none"),
        doctor.Check("engine local", ok=usable, text="told"),
    )
    monkeypatch.setattr(doctor, "examine", lambda: checks)
    shown = goclaim("doctor")
    assert shown.exit_code == code
    assert shown.stdout.splitlines() == [
        "✗ go command    none", f"{'✓' if usable else '✗'} engine local  told",
    ]  # fmt: skip
    listed = goclaim("doctor", "--json")
    assert listed.exit_code == code
    assert json.loads(listed.stdout)[1] == {"name": "engine local", "ok": usable, "text": "told"}


@pytest.mark.usefixtures("fetched")
def test_toolchains_are_listed_with_their_sizes(goclaim: Callable[..., Result]) -> None:
    """Each with what it takes, and the sum; none when they are removed."""
    assert goclaim("toolchains", "list").stdout == ("go1.14.15         3 MB\n1 toolchains, 3 MB\n")
    (listed,) = json.loads(goclaim("toolchains", "list", "--json").stdout)
    assert (listed["name"], listed["sum"]) == ("go1.14.15", "h1:x")
    assert goclaim("toolchains", "remove", "1.14,1.4").stdout == (
        "go1.14.15: removed\ngo1.4.3: is not here\n"
    )
    assert goclaim("toolchains", "list").stdout == "no toolchain is fetched yet\n"
    assert goclaim("toolchains", "list", "--json").stdout == "[]\n"


def test_fetching_goes_on_after_one_that_can_not_be_had(
    goclaim: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each failure is told; the exit code is 3."""
    asked: list[str] = []

    def get(_: object, version: GoVersion) -> None:
        asked.append(str(version))
        if version.minor == 4:
            raise UnavailableError("no 1.4 today")

    monkeypatch.setattr("harness.toolchains.ToolchainStore.get", get)
    result = goclaim("toolchains", "fetch", "1.4,1.14")
    refused(result, 3, "goclaim: no 1.4 today")
    assert asked == ["1.4.3", "1.14.15"]


def test_a_termination_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM leaves nothing behind, as Ctrl-C."""
    seen: list[Sequence[object]] = []
    monkeypatch.setattr("signal.signal", lambda *arguments: seen.append(arguments))
    monkeypatch.setattr(cli, "cli", lambda **_: None)
    cli.main()
    ((_, handler),) = seen
    assert callable(handler)
    with pytest.raises(KeyboardInterrupt):
        handler(15, None)

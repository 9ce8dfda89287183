"""The files of a run: other programs read them, so every column stands here literally."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import results
from harness.assembly import Call, Facts, NilStore
from harness.build import Build
from harness.claims import Verdict
from harness.engines import Outcome
from harness.errors import CellError, UsageError
from harness.experiment import Judged, Measured
from harness.memstats import Output, Snapshot, read_output
from harness.observations import Cell, Observations, Repetition
from harness.results import Run
from harness.scenarios import Manifest, Program, Scenario
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUTS = Path(__file__).parent.parent / "captures" / "outputs"
CELL = Cell("global-delete-nil", GoVersion(14, 15), "linux", "amd64")

FACTS = Facts(
    calls=(
        Call("call", "runtime.mapdelete_fast64", "main.main", "main.go", 26, "CALL f(SB)"),
        Call("reference", "runtime.mapiternext", "main.main", "main.go", 27, "LEAQ g(SB), AX"),
    ),
    nil_stores=(
        NilStore(
            "main.intMap", "main.main", "main.go", 30, ("MOVQ $0", "XORL+gcWriteBarrier"),
            uses_xorl=True, uncertain=False, uncertain_because="", instruction="MOVQ $0, main.m",
        ),
    ),
    code_lines=frozenset({("main.go", 26)}),
    functions=1,
    instructions=9,
)  # fmt: skip
VERDICT = Verdict(
    claim="kept", says="It stays.", in_scope=True, result="reproduced", expected=">= 0.9",
    measured="1.000", unit="ratio", tolerance="0.1", spread="0.01", reason="100.0% is there",
)  # fmt: skip


def real_run(number: int) -> Repetition:
    """Return a repetition with a real program's output."""
    stderr = (OUTPUTS / "tagged-write-up-a.stderr.txt").read_text(encoding="utf-8")
    return Repetition(number, read_output("", stderr), max_rss=2482176, duration=0.12)


def measured(**fields: Any) -> Measured:  # noqa: ANN401
    """Return a cell as measured, with some fields of its observations set."""
    about = {"facts": FACTS, "repetitions": (real_run(1), real_run(2)), **fields}
    return Measured(Observations(CELL, **about), provenance={"toolchain_sum": "h1:x"})


PLAN = {"plan": "abc", "command": "goclaim run"}


def judged(*cells: Measured, verdicts: tuple[Verdict, ...] = ()) -> list[Judged]:
    """Return cells with their verdicts, as a run that ended has them."""
    manifest = Manifest(title="", shows="", program="")
    scenario = Scenario(CELL.scenario, manifest, Path("x.toml"))
    return [Judged(scenario, one, verdicts) for one in cells]


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that saves cells in a run's folder and returns it."""

    def save(*cells: Measured, verdicts: tuple[Verdict, ...] = ()) -> Path:
        run = Run.start(tmp_path / "out", PLAN)
        run.write("local", judged(*cells, verdicts=verdicts), exit_code=0, interrupted=False)
        return run.folder

    return save


def rows(path: Path) -> list[dict[str, str]]:
    """Return a table's rows, every cell as the text that stands there."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- the schema --------------------------------------------------------------

HEADERS = {
    "measurements.csv": "go_version,go_experiment,goos,goarch,engine,scenario,repetition,"
    "snapshot_index,snapshot,status,alloc,total_alloc,sys,num_gc,heap_alloc,heap_inuse,heap_idle,"
    "heap_released,heap_objects,mallocs,frees,max_rss",
    "assembly.csv": "go_version,go_experiment,scenario,kind,symbol,function,file,line,form,"
    "uses_xorl,instruction",
    "verdicts.csv": "go_version,go_experiment,scenario,claim,in_scope,expected,measured,unit,"
    "tolerance,spread,verdict,reason",
    "values.csv": "go_version,go_experiment,scenario,repetition,name,index,value",
}


@pytest.mark.parametrize("cells", [(), (measured(),)], ids=["empty", "full"])
def test_every_table_has_exactly_its_columns(
    saved: Callable[..., Path], cells: tuple[Measured, ...]
) -> None:
    """Names and order are a promise to other programs, even where there is no row."""
    folder = saved(*cells)
    for name, header in HEADERS.items():
        assert (folder / name).read_text(encoding="utf-8").splitlines()[0] == header


def test_a_run_s_folder_holds_these_files(saved: Callable[..., Path]) -> None:
    """Tables and provenance, and nothing half-written."""
    assert {path.name for path in saved(measured()).iterdir()} == {*HEADERS, "run.json"}


# --- rows --------------------------------------------------------------------


def test_a_row_per_repetition_and_snapshot_in_bytes(saved: Callable[..., Path]) -> None:
    """Every size is an integer of bytes as the program printed it."""
    table = rows(saved(measured()) / "measurements.csv")
    assert [(row["repetition"], row["snapshot_index"], row["snapshot"]) for row in table] == [
        (str(number), str(index), name)
        for number in (1, 2)
        for index, name in enumerate(["start", "filled", "deleted", "end"])
    ]
    assert table[1] == {
        "go_version": "1.14.15", "go_experiment": "", "goos": "linux", "goarch": "amd64",
        "engine": "local", "scenario": "global-delete-nil", "repetition": "1",
        "snapshot_index": "1", "snapshot": "filled", "status": "ok", "alloc": "387904",
        "total_alloc": "400944", "sys": "71452680", "num_gc": "1", "heap_alloc": "387904",
        "heap_inuse": "548864", "heap_idle": "66265088", "heap_released": "66109440",
        "heap_objects": "113", "mallocs": "158", "frees": "45", "max_rss": "2482176",
    }  # fmt: skip


def test_a_field_that_was_not_printed_is_an_empty_cell_and_no_zero(
    saved: Callable[..., Path],
) -> None:
    """Beside it the integers stay integers: no 1.0 and no nan."""
    few = Repetition(1, Output((Snapshot("1", {"Alloc": 461 << 20}),), {}, "mb"))
    path = saved(measured(repetitions=(few, real_run(2)))) / "measurements.csv"
    first = rows(path)[0]
    assert first["alloc"] == "483393536"
    assert {first[name] for name in ("sys", "num_gc", "frees", "max_rss")} == {""}
    assert "nan" not in path.read_text().lower()
    assert ".0," not in path.read_text()


def test_the_largest_number_that_is_read_can_be_written(saved: Callable[..., Path]) -> None:
    """What passes for a figure fits into a table."""
    largest = 2**63 - 1
    odd = read_output("", f"goclaim snapshot=1 Alloc={largest}\ngoclaim value B=-{largest}")
    folder = saved(measured(repetitions=(Repetition(1, odd), real_run(2))))
    assert rows(folder / "measurements.csv")[0]["alloc"] == str(largest)
    assert rows(folder / "values.csv")[0]["value"] == str(-largest)


def test_a_failed_repetition_has_its_row_and_reason(saved: Callable[..., Path]) -> None:
    """What it printed before it failed stays, marked; what printed nothing has one row."""
    crashed = replace(real_run(2), failure="it ended with exit code 2")
    silent = Repetition(3, failure="it did not end within 60 s (--timeout)")
    table = rows(saved(measured(repetitions=(real_run(1), crashed, silent))) / "measurements.csv")
    statuses = [(row["repetition"], row["status"]) for row in table]
    assert statuses[:8] == [("1", "ok")] * 4 + [("2", "failed: it ended with exit code 2")] * 4
    assert statuses[8:] == [("3", "failed: it did not end within 60 s (--timeout)")]
    assert (table[8]["snapshot"], table[8]["alloc"]) == ("", "")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"failure": "it does not build: main.go:3: x"}, "failed: it does not build: main.go:3: x"),
        ({"not_applicable": "needs Go 1.9"}, "not applicable: needs Go 1.9"),
    ],
)
def test_a_cell_that_did_not_run_has_one_row(
    saved: Callable[..., Path], fields: dict[str, str], status: str
) -> None:
    """Every cell of the plan is in the table."""
    (row,) = rows(saved(measured(repetitions=(), facts=None, **fields)) / "measurements.csv")
    assert (row["scenario"], row["status"]) == ("global-delete-nil", status)
    assert row["repetition"] == ""


def test_a_release_and_its_experiment_are_two_columns(saved: Callable[..., Path]) -> None:
    """1.24.13 with noswissmap is still release 1.24.13."""
    cell = replace(CELL, version=GoVersion(24, 13, "noswissmap"))
    found = replace(measured(), observations=replace(measured().observations, cell=cell))
    folder = saved(found, verdicts=(VERDICT,))
    for name in HEADERS:
        row = rows(folder / name)[0]
        assert (row["go_version"], row["go_experiment"]) == ("1.24.13", "noswissmap")


def test_facts_have_a_row_each(saved: Callable[..., Path]) -> None:
    """Calls first, then nil stores with their form; lines are integers."""
    table = rows(saved(measured()) / "assembly.csv")
    assert [row["kind"] for row in table] == ["call", "reference", "nil-store"]
    assert table[0]["uses_xorl"] == table[0]["form"] == ""
    assert table[2] == {
        "go_version": "1.14.15", "go_experiment": "", "scenario": "global-delete-nil",
        "kind": "nil-store", "symbol": "main.intMap", "function": "main.main",
        "file": "main.go", "line": "30", "form": "MOVQ $0 | XORL+gcWriteBarrier",
        "uses_xorl": "True", "instruction": "MOVQ $0, main.m",
    }  # fmt: skip


def test_other_numbers_are_kept_in_their_order(saved: Callable[..., Path]) -> None:
    """Each value of each repetition has its index."""
    table = rows(saved(measured()) / "values.csv")
    assert [(row["repetition"], row["name"], row["index"], row["value"]) for row in table] == [
        ("1", "len", "0", "8192"), ("1", "len", "1", "0"),
        ("2", "len", "0", "8192"), ("2", "len", "1", "0"),
    ]  # fmt: skip


def test_a_verdict_is_kept_as_it_was_given(saved: Callable[..., Path]) -> None:
    """Figures as shown, scope and reason."""
    (row,) = rows(saved(measured(), verdicts=(VERDICT,)) / "verdicts.csv")
    assert row == {
        "go_version": "1.14.15", "go_experiment": "", "scenario": "global-delete-nil",
        "claim": "kept", "in_scope": "True", "expected": ">= 0.9", "measured": "1.000",
        "unit": "ratio", "tolerance": "0.1", "spread": "0.01", "verdict": "reproduced",
        "reason": "100.0% is there",
    }  # fmt: skip


def test_a_documented_deviation_says_so_in_its_reason(saved: Callable[..., Path]) -> None:
    """The manifest's own words stand before the figures."""
    known = replace(VERDICT, result="not reproduced", known="That is of 129 bytes.")
    (row,) = rows(saved(measured(), verdicts=(known,)) / "verdicts.csv")
    assert row["verdict"] == "not reproduced"
    assert row["reason"] == "documented deviation: That is of 129 bytes. 100.0% is there"


def test_text_with_commas_quotes_and_lines_survives(saved: Callable[..., Path]) -> None:
    """A compiler's message is one cell."""
    said = 'main.go:3: "a", b\nmain.go:4: c'
    (row,) = rows(saved(measured(repetitions=(), failure=said)) / "measurements.csv")
    assert row["status"] == f"failed: {said}"


# --- run.json ----------------------------------------------------------------


def test_provenance_is_there_from_the_start_and_complete_at_the_end(tmp_path: Path) -> None:
    """A run that is killed has said what it was; one that ends says how."""
    run = Run.start(tmp_path / "out", {**PLAN, "goclaim": "0.1.0", "go": "1.14"})
    path = tmp_path / "out" / "run.json"
    begun = {"schema": 1, **PLAN, "goclaim": "0.1.0", "go": "1.14", "sessions": {}}
    assert json.loads(path.read_text()) == begun
    run.write("local", judged(measured()), exit_code=4, interrupted=True)
    assert json.loads(path.read_text()) == {
        **begun,
        "sessions": {"go1.14.15": {"toolchain_sum": "h1:x"}},
        "exit_code": 4,
        "interrupted": True,
    }


def test_a_release_with_an_experiment_has_its_own_session(saved: Callable[..., Path]) -> None:
    """Provenance of 1.24.13 and of 1.24.13+noswissmap are two entries."""
    cell = replace(CELL, version=GoVersion(24, 13, "noswissmap"))
    other = replace(measured(), observations=replace(measured().observations, cell=cell))
    sessions = json.loads((saved(measured(), other) / "run.json").read_text())["sessions"]
    assert list(sessions) == ["go1.14.15", "go1.24.13+noswissmap"]


def test_a_timestamp_is_a_folder_name_in_utc() -> None:
    """It sorts by time and holds no colon."""
    assert results.timestamp()[4:5] == "-"
    assert results.timestamp().endswith("Z")
    assert ":" not in results.timestamp()


# --- the folder --------------------------------------------------------------


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    """Nobody's results are overwritten or mixed."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"is not empty\. Name a new folder with --out") as caught:
        Run.start(tmp_path, PLAN)
    assert str(tmp_path) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """And folders above are made."""
    Run.start(tmp_path, PLAN)
    Run.start(tmp_path / "a" / "b", PLAN)
    assert (tmp_path / "a" / "b" / "run.json").is_file()


def test_a_folder_that_can_not_be_made_is_wrong_usage(tmp_path: Path) -> None:
    """A file stands in the way: the folder is named, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"out can't be written: Not a directory\. Name another"):
        Run.start(tmp_path / "file" / "out", PLAN)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes every write to disk fail from now on."""

    def fill(number: int) -> None:
        def refuse(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("os.fsync", refuse)

    return fill


def test_a_folder_without_permission_is_wrong_usage(
    tmp_path: Path, full: Callable[[int], None]
) -> None:
    """Found before anything runs, because run.json is written first."""
    full(errno.EACCES)
    with pytest.raises(UsageError, match="can't be written: Permission denied"):
        Run.start(tmp_path / "out", PLAN)


def test_a_disk_that_fills_up_is_our_failure_and_takes_nothing_away(
    tmp_path: Path, full: Callable[[int], None]
) -> None:
    """The folder is named; the tables and artifacts that were there are still whole."""
    run = Run.start(tmp_path / "out", PLAN)
    run.write("local", judged(measured()))
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    full(errno.ENOSPC)
    told = "out can't be written any more: No space left on device"
    with pytest.raises(CellError, match=told):
        run.keep(replace(measured(), program=PROGRAM))
    with pytest.raises(CellError, match=told):
        run.write("local", [])
    after = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    assert after == before
    assert not list((run.folder / "artifacts").iterdir())


# --- artifacts ---------------------------------------------------------------

PROGRAM = Program("global-delete-nil", {"main.go": "package main\n", "b.go": "// b\n"})
OUTCOMES = (
    Outcome(b"out\xff", b"err", 0, duration=0.5, cpu=0.25, max_rss=4096),
    Outcome(b"", b"", -1, signal="killed", stopped="timeout"),
)
ARTIFACTS = "artifacts/global-delete-nil-go1.14.15-linux-amd64"


@pytest.fixture
def kept(tmp_path: Path) -> Run:
    """Return a run that keeps one cell."""
    listing = tmp_path / "listing"
    listing.write_bytes(b"main.main STEXT \xff\n")
    run = Run.start(tmp_path / "out", PLAN)
    build = Build(PROGRAM, None, listing)
    run.keep(replace(measured(), program=PROGRAM, build=build, outcomes=OUTCOMES))
    return run


def test_artifacts_lie_in_a_folder_of_the_cell_s_own(kept: Run) -> None:
    """Source, listing and the runs' raw output, as soon as the cell is measured."""
    folder = kept.folder / ARTIFACTS
    assert {path.name for path in folder.iterdir()} == {
        "main.go", "b.go", "listing.txt", "cell.json",
    }  # fmt: skip
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert (folder / "main.go").read_text() == "package main\n"
    assert (folder / "listing.txt").read_bytes() == b"main.main STEXT \xff\n"
    cell = json.loads((folder / "cell.json").read_text())
    assert cell["cell"] == folder.name
    assert cell["provenance"] == {"toolchain_sum": "h1:x"}
    assert cell["runs"][0] == {
        "stdout": "out\ufffd", "stderr": "err", "exit_code": 0, "signal": "", "stopped": "",
        "duration": 0.5, "cpu": 0.25, "max_rss": 4096,
    }  # fmt: skip


def test_a_cell_is_kept_anew_as_a_whole(kept: Run) -> None:
    """Nothing of an earlier measurement of the cell is left beside the new one."""
    kept.keep(replace(measured(), program=Program("x", {"c.go": ""}), outcomes=()))
    names = {path.name for path in (kept.folder / ARTIFACTS).iterdir()}
    assert names == {"c.go", "cell.json"}


def test_a_cell_without_a_program_has_no_artifacts(tmp_path: Path) -> None:
    """Nothing was rendered, so there is nothing to keep."""
    run = Run.start(tmp_path / "out", PLAN)
    run.keep(measured())
    assert not (run.folder / "artifacts").exists()


# --- going on where a run ended ----------------------------------------------


def test_a_finished_cell_is_found_again(kept: Run) -> None:
    """With its raw runs, its listing and the session's facts."""
    stored = Run.start(kept.folder, PLAN, resume=True).stored(CELL)
    assert stored is not None
    assert stored.outcomes == (replace(OUTCOMES[0], stdout="out\ufffd".encode()), OUTCOMES[1])
    assert stored.listing == kept.folder / ARTIFACTS / "listing.txt"
    assert (stored.failure, stored.provenance) == ("", {"toolchain_sum": "h1:x"})


def test_a_build_that_failed_is_found_again(tmp_path: Path) -> None:
    """It would fail again: the compiler's message is kept."""
    run = Run.start(tmp_path / "out", PLAN)
    run.keep(replace(measured(), program=PROGRAM, build=Build(PROGRAM, None, None, "main.go:3: x")))
    stored = run.stored(CELL)
    assert stored is not None
    assert (stored.failure, stored.listing, stored.outcomes) == ("main.go:3: x", None, ())


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"runs": 1}', '{"runs": [{}]}'])
def test_a_cell_that_is_not_there_or_damaged_is_measured_again(
    kept: Run, content: str | None
) -> None:
    """Whatever stands in its place."""
    path = kept.folder / ARTIFACTS / "cell.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    assert kept.stored(CELL) is None
    assert kept.stored(replace(CELL, scenario="other")) is None


@pytest.mark.parametrize(
    ("there", "problem"),
    [
        (None, "holds no run to resume"),
        ("{", "holds no run to resume"),
        ("{}", "holds no run to resume"),
        ('{"plan": "other", "schema": 1, "command": "goclaim run x"}', "'goclaim run x'"),
        ('{"plan": "abc", "schema": 0}', "holds another plan: 'unknown'"),
    ],
)
def test_only_the_same_plan_can_be_resumed(tmp_path: Path, there: str | None, problem: str) -> None:
    """Figures of other settings are not mixed in; the other command is named."""
    (tmp_path / "notes.txt").touch()
    if there is not None:
        (tmp_path / "run.json").write_text(there)
    with pytest.raises(UsageError, match=problem):
        Run.start(tmp_path, PLAN, resume=True)


def test_resuming_in_an_empty_folder_starts(tmp_path: Path) -> None:
    """A script may always say --resume."""
    assert Run.start(tmp_path / "out", PLAN, resume=True).stored(CELL) is None


# --- reading -----------------------------------------------------------------


def test_tables_are_read_as_they_were_written(saved: Callable[..., Path]) -> None:
    """Versions and texts stay texts, integers stay integers, gaps stay gaps."""
    bare = Repetition(3, failure="it crashed")
    cell = measured(repetitions=(real_run(1), real_run(2), bare))
    tables = results.read(saved(cell, verdicts=(VERDICT,)))
    assert tables.run["schema"] == 1
    assert tables.measurements.go_version.unique().tolist() == ["1.14.15"]
    assert tables.measurements.go_experiment.unique().tolist() == [""]
    assert tables.measurements.alloc.tolist()[:4] == [76936, 387904, 388016, 69576]
    assert tables.measurements.alloc.isna().sum() == 1
    assert tables.verdicts.measured.tolist() == ["1.000"]
    assert tables.assembly.line.tolist() == [26, 27, 30]
    assert tables.values.value.tolist() == [8192, 0, 8192, 0]


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("run.json", None, "holds no finished run: there is no run.json"),
        ("run.json", "{", "run.json can't be read"),
        ("run.json", '{"schema": 99}', "is of schema 99, this goclaim reads 1"),
        ("verdicts.csv", None, "there is no verdicts.csv"),
        (
            "verdicts.csv",
            "go_version\n1.14\n",
            "verdicts.csv has other columns than go_version, go",
        ),
        (
            "values.csv",
            HEADERS["values.csv"] + "\n1.14,,x,1,B,0,many\n",
            "values.csv can't be read",
        ),
        ("values.csv", "", "values.csv can't be read"),
    ],
)
def test_a_file_that_is_missing_or_damaged_is_named(
    saved: Callable[..., Path], file: str, content: str | None, problem: str
) -> None:
    """Wrong usage, no traceback."""
    folder = saved(measured())
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(UsageError, match=problem):
        results.read(folder)


# --- what a spreadsheet makes of it ------------------------------------------

FORMULAS = ("=cmd|' /C calc'!A0", "+1+cmd|x", "-2+3+cmd|x", "@SUM(A1)", "\t=1", "\r=1", "\n=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula_in_a_spreadsheet(saved: Callable[..., Path], text: str) -> None:
    """An apostrophe stands before it, wherever a program or a manifest can put a text."""
    name = Repetition(1, Output((Snapshot(text, {"Alloc": 1}),), {text: (1,)}, "tagged"), text)
    call = replace(FACTS.calls[0], callee=text, instruction=text)
    facts = replace(FACTS, calls=(call,), nil_stores=())
    folder = saved(
        measured(repetitions=(name, name), facts=facts),
        verdicts=(replace(VERDICT, expected=text, reason=text),),
    )
    cells = [cell for name in HEADERS for row in rows(folder / name) for cell in row.values()]
    assert sum(cell == f"'{text}" for cell in cells) == 2 + 2 + 2 + 2
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n"))]


@pytest.mark.parametrize("number", ["-0.03", "-12", "+1.5", "-1e+06", "0"])
def test_a_number_stays_a_number(number: str) -> None:
    """A negative figure can be added up; nothing that follows a number makes it one."""
    assert results.guarded(number) == number
    assert results.guarded(f"{number}+cmd|x").startswith("'") is number.startswith(("+", "-"))


# What a program prints is read as UTF-8 with replacement; NUL is no character of a CSV file.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ODD = st.one_of(TEXTS, st.builds(lambda sign, text: sign + text, st.text("'=+-@\t\r\n"), TEXTS))


@given(st.lists(st.tuples(ODD, ODD), min_size=1))
@example([("'=1", "''=1"), ("-1", "'-1"), ("'", "'x")])
def test_every_text_is_read_as_it_was_written(texts: list[tuple[str, str]]) -> None:
    """Also one that looks as if it had been changed, on its own line or with others."""
    columns = ("claim", "reason")
    written = results.csv_text([dict(zip(columns, each, strict=True)) for each in texts], columns)
    back = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert back.pop(0) == list(columns)
    assert [tuple(map(results.unguarded, row)) for row in back] == texts


@pytest.mark.parametrize("text", [*FORMULAS, "'=1", "''@", "-0.5", "a\rb", '"', "a, b"])
def test_a_run_with_odd_texts_reads_as_it_was(saved: Callable[..., Path], text: str) -> None:
    """Tables are read with the texts that the verdicts had."""
    odd = replace(VERDICT, reason=text, measured=text)
    found = results.read(saved(measured(), verdicts=(odd, VERDICT))).verdicts
    assert [*found["reason"]] == [text, VERDICT.reason]
    assert [*found["measured"]] == [text, VERDICT.measured]


def test_files_from_before_read_as_ever(tmp_path: Path) -> None:
    """Reasons began with a minus, and nothing stood before it."""
    reference = Path(__file__).parents[2] / "results" / "reference"
    before = tmp_path / "before"
    shutil.copytree(reference, before, ignore=shutil.ignore_patterns("artifacts"))
    verdicts = before / "verdicts.csv"
    guarded = verdicts.read_text(encoding="utf-8")
    verdicts.write_text(guarded.replace(",'-0.0% of", ",-0.0% of"), encoding="utf-8")
    assert verdicts.read_text(encoding="utf-8") != guarded
    reasons = [*results.read(reference).verdicts["reason"]]
    assert any(one.startswith("-0.0% of") for one in reasons)
    assert [*results.read(before).verdicts["reason"]] == reasons

"""The files of a run: other programs read them, so every column stands here literally."""

from __future__ import annotations

import csv
import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import results
from harness.assembly import Call, Facts, NilStore
from harness.build import Build
from harness.claims import Verdict
from harness.engines import Outcome
from harness.errors import CellError, UsageError
from harness.experiment import Measured
from harness.memstats import Output, Snapshot, read_output
from harness.observations import Cell, Observations, Repetition
from harness.results import Run
from harness.scenarios import Program
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


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that saves cells in a run's folder and returns it."""

    def save(*cells: Measured, verdicts: tuple[Verdict, ...] = ()) -> Path:
        folder = tmp_path / "out"
        run = Run.start(folder, "local", {"goclaim": "0.1.0", "command": "goclaim run"})
        for cell in cells:
            run.add(cell)
            run.judged(cell.observations.cell, verdicts)
        run.finish(exit_code=0, interrupted=False)
        return folder

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
    """Tables and provenance; artifacts only where there are some."""
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


@pytest.mark.parametrize("number", [2**53 + 1, 2**64 - 1, 10**30])
def test_any_number_that_a_program_prints_is_kept_exactly(
    saved: Callable[..., Path], number: int
) -> None:
    """Nothing goes through a float, and nonsense costs nobody the other cells' figures."""
    odd = Repetition(1, Output((Snapshot("1", {"Alloc": number}),), {"B": (number,)}, "tagged"))
    bare = Repetition(2, failure="it printed nothing")
    folder = saved(measured(repetitions=(odd, bare, real_run(3))))
    table = rows(folder / "measurements.csv")
    assert (table[0]["alloc"], table[1]["alloc"], table[2]["alloc"]) == (str(number), "", "76936")
    assert rows(folder / "values.csv")[0]["value"] == str(number)


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
    run = Run.start(tmp_path / "out", "local", {"goclaim": "0.1.0", "go": "1.14"})
    path = tmp_path / "out" / "run.json"
    begun = {"schema": 1, "goclaim": "0.1.0", "go": "1.14", "sessions": {}}
    assert json.loads(path.read_text()) == begun
    run.add(measured())
    run.finish(exit_code=4, interrupted=True)
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
        Run.start(tmp_path, "local", {})
    assert str(tmp_path) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """And folders above are made."""
    Run.start(tmp_path, "local", {})
    Run.start(tmp_path / "a" / "b", "local", {})
    assert (tmp_path / "a" / "b" / "run.json").is_file()


def test_a_folder_that_can_not_be_made_is_wrong_usage(tmp_path: Path) -> None:
    """A file stands in the way: the folder is named, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"out can't be written: Not a directory\. Name another"):
        Run.start(tmp_path / "file" / "out", "local", {})


def test_a_folder_without_permission_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found before anything runs, because run.json is written first."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(UsageError, match="can't be written: Permission denied"):
        Run.start(tmp_path / "out", "local", {})


def test_a_disk_that_fills_up_is_our_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While artifacts or tables are written: the folder is named, exit code 4."""
    run = Run.start(tmp_path / "out", "local", {})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    program = Program("x", {"main.go": "package main\n"})
    told = "out can't be written any more: No space left on device"
    with pytest.raises(CellError, match=told):
        run.add(replace(measured(), program=program))
    with pytest.raises(CellError, match=told):
        run.finish(exit_code=0)


# --- artifacts ---------------------------------------------------------------


def test_artifacts_lie_in_a_folder_of_the_cell_s_own(tmp_path: Path) -> None:
    """Source, listing and each run's raw output, as soon as the cell is measured."""
    listing = tmp_path / "listing"
    listing.write_bytes(b"main.main STEXT \xff\n")
    program = Program("global-delete-nil", {"main.go": "package main\n", "b.go": "// b\n"})
    outcomes = (
        Outcome(b"out\xff", b"err", 0, duration=0.5, cpu=0.25, max_rss=4096),
        Outcome(b"", b"", -1, signal="killed", stopped="timeout"),
    )
    run = Run.start(tmp_path / "out", "local", {})
    run.add(
        replace(measured(), program=program, build=Build(program, None, listing), outcomes=outcomes)
    )
    folder = tmp_path / "out" / "artifacts" / "global-delete-nil-go1.14.15-linux-amd64"
    assert {path.name for path in folder.iterdir()} == {
        "main.go", "b.go", "listing.txt", "run-1.json", "run-2.json",
    }  # fmt: skip
    assert (folder / "main.go").read_text() == "package main\n"
    assert (folder / "listing.txt").read_bytes() == b"main.main STEXT \xff\n"
    assert json.loads((folder / "run-1.json").read_text()) == {
        "stdout": "out\ufffd", "stderr": "err", "exit_code": 0, "signal": "", "stopped": "",
        "duration": 0.5, "cpu": 0.25, "max_rss": 4096,
    }  # fmt: skip
    assert json.loads((folder / "run-2.json").read_text())["stopped"] == "timeout"


def test_a_cell_without_a_program_has_no_artifacts(saved: Callable[..., Path]) -> None:
    """Nothing was rendered, so there is nothing to keep."""
    assert not (saved(measured()) / "artifacts").exists()

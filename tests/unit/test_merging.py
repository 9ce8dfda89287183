"""Joining runs: however a plan was cut, the whole comes out the same, and nothing is lost."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import merging, results
from harness.errors import UsageError
from harness.results import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# They join and show runs of many releases.
pytestmark = pytest.mark.slow

RUN = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"
CELLS: list[str] = json.loads((RUN / "run.json").read_text(encoding="utf-8"))["cells"]

Part = tuple[Path, "Callable[..., None]"]


def cell_of(row: dict[str, str]) -> str:
    """Return the id of the cell that a row is about."""
    experiment = f"+{row['go_experiment']}" if row["go_experiment"] else ""
    return f"{row['scenario']}-go{row['go_version']}{experiment}-linux-amd64"


def part(folder: Path, mine: Iterable[str], **changed: Any) -> Path:  # noqa: ANN401
    """Write the part of the real run that holds some of its cells, as that part's run would."""
    folder.mkdir(parents=True)
    mine = set(mine)
    for name, columns in COLUMNS.items():
        with (RUN / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if cell_of(row) in mine]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (folder / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")
    run = json.loads((RUN / "run.json").read_text(encoding="utf-8"))
    sessions = {
        name: one
        for name, one in run["sessions"].items()
        if any(f"-{name}-" in cell for cell in mine)
    }
    changes = {"sessions": sessions, "plan": folder.name, "shard": folder.name, **changed}
    (folder / "run.json").write_text(json.dumps({**run, **changes}), encoding="utf-8")
    for cell in mine:
        (folder / "artifacts" / cell).mkdir(parents=True)
        (folder / "artifacts" / cell / "cell.json").write_text(cell, encoding="utf-8")
    return folder


def cut(cells: list[str], parts: int) -> list[list[str]]:
    """Cut a plan into stretches."""
    ends = [len(cells) * number // parts for number in range(parts + 1)]
    return [cells[low:high] for low, high in itertools.pairwise(ends)]


def merge(folders: list[Path], out: Path) -> merging.Joined:
    """Join runs as the command does."""
    return merging.merge(folders, out, {"goclaim": "0.1.0", "command": "goclaim merge"})


def run_of(folder: Path) -> dict[str, Any]:
    """Return a folder's ``run.json``."""
    content: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("parts", [1, 2, 3, 5, 8, 16])
def test_the_tables_do_not_depend_on_how_the_plan_was_cut(tmp_path: Path, parts: int) -> None:
    """Cut into stretches or dealt out at random, in any order: byte for byte the whole run."""
    dice = random.Random(parts)  # noqa: S311  not for secrets
    dealt = [CELLS[number::parts] for number in range(parts)]
    for name, cells in (("cut", cut(CELLS, parts)), ("dealt", dealt)):
        folders = [part(tmp_path / name / str(n), each) for n, each in enumerate(cells)]
        dice.shuffle(folders)
        joined = merge(folders, tmp_path / f"{name}-out")
        assert joined.gaps == ()
        for table in COLUMNS:
            path = tmp_path / f"{name}-out" / f"{table}.csv"
            assert path.read_bytes() == (RUN / f"{table}.csv").read_bytes(), table


def test_the_provenance_does_not_depend_on_the_order(tmp_path: Path) -> None:
    """What is told of the parts follows the plan, not the command line."""
    folders = [part(tmp_path / str(n), each) for n, each in enumerate(cut(CELLS, 3))]
    merge(folders, tmp_path / "one")
    merge(folders[::-1], tmp_path / "two")
    assert run_of(tmp_path / "one") == run_of(tmp_path / "two")


def test_the_provenance_of_every_part_is_kept(tmp_path: Path) -> None:
    """And what they agree on stands where a run of the whole has it."""
    one = part(tmp_path / "1", CELLS[:40], host={"os": "linux", "cpu": "A"}, exit_code=0)
    two = part(tmp_path / "2", CELLS[40:], host={"os": "linux", "cpu": "B"}, exit_code=1)
    merge([one, two], tmp_path / "out")
    run, whole = run_of(tmp_path / "out"), run_of(RUN)
    assert [each["host"]["cpu"] for each in run["parts"]] == ["A", "B"]
    assert run["host"] == {"os": "linux"}
    assert run["exit_code"] == 1
    assert run["command"] == "goclaim merge"
    for key in ("schema", "engine", "settings", "cells", "sessions", "go", "whole_plan"):
        assert run[key] == whole[key], key
    assert run["plan"] == whole["whole_plan"]  # so that --resume takes it up


def test_a_merged_run_reads_like_any_other_and_can_be_merged_again(tmp_path: Path) -> None:
    """A run of a part that was itself joined is a part."""
    folders = [part(tmp_path / str(n), each) for n, each in enumerate(cut(CELLS, 3))]
    merge(folders[:2], tmp_path / "most")
    joined = merge([folders[2], tmp_path / "most"], tmp_path / "all")
    assert joined.gaps == ()
    assert len(results.read(tmp_path / "all").verdicts) == len(results.read(RUN).verdicts)
    assert (tmp_path / "all" / "verdicts.csv").read_bytes() == (RUN / "verdicts.csv").read_bytes()


def test_artifacts_come_along_without_taking_room_twice(tmp_path: Path) -> None:
    """On one file system they are the same files."""
    folders = [part(tmp_path / str(n), each) for n, each in enumerate(cut(CELLS, 2))]
    merge(folders, tmp_path / "out")
    kept = tmp_path / "out" / "artifacts"
    assert {path.name for path in kept.iterdir()} == set(CELLS)
    assert (kept / CELLS[0] / "cell.json").samefile(
        folders[0] / "artifacts" / CELLS[0] / "cell.json"
    )


def test_artifacts_are_copied_where_files_can_not_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from one file system to another."""

    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    merge([part(tmp_path / "1", CELLS)], tmp_path / "out")
    copied = tmp_path / "out" / "artifacts" / CELLS[5] / "cell.json"
    assert copied.read_text(encoding="utf-8") == CELLS[5]
    assert copied.stat().st_nlink == 1


def test_a_part_without_artifacts_is_joined_all_the_same(tmp_path: Path) -> None:
    """Somebody passed on the tables alone."""
    joined = merge([RUN], tmp_path / "out")
    assert joined.gaps == ()
    assert not (tmp_path / "out" / "artifacts").exists()


def test_missing_cells_are_named(tmp_path: Path) -> None:
    """In the order of the plan, and kept in run.json."""
    missing = [CELLS[100], CELLS[7]]
    folder = part(tmp_path / "1", [cell for cell in CELLS if cell not in missing])
    joined = merge([folder], tmp_path / "out")
    assert joined.gaps == (CELLS[7], CELLS[100])
    assert run_of(tmp_path / "out")["gaps"] == [CELLS[7], CELLS[100]]


def test_a_cell_that_an_interrupt_came_into_is_named(tmp_path: Path) -> None:
    """It has fewer repetitions than the others."""
    folder = part(tmp_path / "1", CELLS)
    path = folder / "measurements.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cut_short = [
        line for line in lines if not line.startswith("1.14.15,,linux,amd64,local,presized,3,")
    ]
    assert len(cut_short) < len(lines)
    path.write_text("".join(cut_short), encoding="utf-8")
    joined = merge([folder], tmp_path / "out")
    assert joined.gaps == ("presized-go1.14.15-linux-amd64 (2 of 3 repetitions)",)


def test_a_part_that_was_killed_before_its_tables_holds_nothing(tmp_path: Path) -> None:
    """The others are joined, and its cells are the gaps."""
    one, two = (part(tmp_path / str(n), each) for n, each in enumerate(cut(CELLS, 2)))
    for name in COLUMNS:
        (two / f"{name}.csv").unlink()
    joined = merge([two, one], tmp_path / "out")
    assert list(joined.gaps) == cut(CELLS, 2)[1]


def test_a_cell_that_two_parts_hold_is_refused(tmp_path: Path) -> None:
    """Both folders and the cell are named, and nothing is written."""
    one, two = part(tmp_path / "1", CELLS[:5]), part(tmp_path / "2", CELLS[4:])
    with pytest.raises(UsageError) as refused:
        merge([one, two], tmp_path / "out")
    assert str(refused.value) == (
        f"{one} and {two} both hold {CELLS[4]}. Leave one of the folders out."
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"engine": "docker"}, "the engine is local in one and docker in the other"),
        ({"goclaim": "9.9"}, "the version of goclaim is 0.1.0 in one and 9.9 in the other"),
        ({"settings": {"repeat": 5}}, "--repeat is 3 in one and 5 in the other"),
        ({"settings": {"gomaxprocs": 2}}, "--gomaxprocs is 4 in one and 2 in the other"),
        ({"settings": {"timeout_seconds": 9.0}}, "--timeout is 60.0 in one and 9.0 in the other"),
        ({"settings": {"memory_bytes": 1}}, "--memory is 2147483648 in one and 1 in the other"),
        ({"settings": {"output_bytes": 1}}, "the limit of output is 8388608 in one and 1"),
        ({"whole_plan": "other"}, "parts of the same cells, but of other programs"),
    ],
)
def test_parts_that_were_not_measured_alike_are_refused(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    """What moves the numbers has to be the same; the message says what is not."""
    whole = run_of(RUN)
    if "settings" in changed:
        changed = {"settings": {**whole["settings"], **changed["settings"]}}
    one = part(tmp_path / "1", CELLS[:5])
    two = part(tmp_path / "2", CELLS[5:], **changed)
    with pytest.raises(UsageError, match=r"Measure one of them again\.$") as refused:
        merge([one, two], tmp_path / "out")
    assert told in str(refused.value)
    assert f"{one} and {two}" in str(refused.value)


def test_the_manifests_of_all_parts_are_kept(tmp_path: Path) -> None:
    """What describes a scenario goes along with its cells."""
    one = part(tmp_path / "1", CELLS[:5], scenarios={"a": {"title": "A"}, "b": {"title": "B"}})
    two = part(tmp_path / "2", CELLS[5:], scenarios={"b": {"title": "B"}, "c": {"title": "C"}})
    merge([one, two], tmp_path / "out")
    titles = {name: each["title"] for name, each in run_of(tmp_path / "out")["scenarios"].items()}
    assert titles == {"a": "A", "b": "B", "c": "C"}


def test_parts_with_claims_that_were_changed_in_between_are_refused(tmp_path: Path) -> None:
    """Verdicts on two versions of one claim do not belong in one table."""
    one = part(tmp_path / "1", CELLS[:5], scenarios={"a": {"title": "A"}})
    two = part(tmp_path / "2", CELLS[5:], scenarios={"a": {"title": "other"}})
    with pytest.raises(UsageError, match="the manifest of a was changed in between"):
        merge([one, two], tmp_path / "out")


def test_how_many_programs_ran_at_a_time_may_differ(tmp_path: Path) -> None:
    """It is a matter of the machine; what the parts do not agree on is not told of the whole."""
    settings = run_of(RUN)["settings"]
    one = part(tmp_path / "1", CELLS[:5])
    two = part(tmp_path / "2", CELLS[5:], settings={**settings, "jobs": 8})
    merge([one, two], tmp_path / "out")
    assert "jobs" not in run_of(tmp_path / "out")["settings"]
    assert run_of(tmp_path / "out")["settings"]["repeat"] == 3


def test_another_platform_is_refused(tmp_path: Path) -> None:
    """The tables of verdicts could not tell the two apart."""
    one, two = part(tmp_path / "1", CELLS[:5]), part(tmp_path / "2", CELLS[5:])
    path = two / "measurements.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",amd64,", ",arm64,"))
    with pytest.raises(UsageError, match="the platform is linux/amd64 in one and linux/arm64"):
        merge([one, two], tmp_path / "out")


def test_runs_of_different_plans_are_joined_by_release(tmp_path: Path) -> None:
    """Nobody said in which order their releases come, so they ascend."""
    new = [cell for cell in CELLS if "-go1.27.4-" in cell]
    old = [cell for cell in CELLS if "-go1.4.3-" in cell]
    folders = [
        part(tmp_path / name, cells, cells=cells, whole_plan=name)
        for name, cells in (("new", new), ("old", old))
    ]
    joined = merge(folders, tmp_path / "out")
    assert joined.gaps == ()
    versions = [row["go_version"] for row in joined.tables["verdicts"]]
    assert list(dict.fromkeys(versions)) == ["1.4.3", "1.27.4"]
    assert "plan" not in run_of(tmp_path / "out")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """Results of another run are nobody's to overwrite."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(UsageError, match=r"is not empty\. Name a new folder with --out"):
        merge([RUN], tmp_path / "out")


def damage(folder: Path, name: str, text: str | None) -> None:
    """Replace a file of a run, or remove it."""
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("run.json", None, "holds no finished run: there is no run.json"),
        ("run.json", "{", "run.json can't be read"),
        ("run.json", '{"schema": 99}', "run.json is of schema 99, this goclaim reads 1"),
        ("values.csv", None, "holds no finished run: there is no values.csv"),
        ("values.csv", "a,b\n", "values.csv has other columns than go_version"),
        ("values.csv", ",".join(COLUMNS["values"]) + "\n1,2\n", "not every row has 7 fields"),
    ],
)
def test_a_damaged_part_is_told_by_its_file(
    tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    """Which file of which folder it is, and what is wrong with it."""
    folder = part(tmp_path / "1", CELLS[:3])
    damage(folder, name, text)
    with pytest.raises(UsageError) as refused:
        merge([folder], tmp_path / "out")
    assert told in str(refused.value)
    assert str(folder) in str(refused.value)

"""Both write-ups on Go 1.14, for real: what the product is for."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from harness.scenarios import manifests, shipped

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Goclaim = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.go

FIFTEEN = {
    "global-delete", "global-delete-nil", "function-delete", "function-delete-nil", "local-delete",
    "grow-delete", "presized", "presized-delete", "bucket-growth", "pointer-values",
    "indirect-values", "no-keepalive", "copy-to-new-map", "restart", "goroutine-high-water",
}  # fmt: skip


def alloc_mb(out: Path, scenario: str) -> list[int]:
    """Return the median Alloc of each snapshot in MB, truncated as the programs print it."""
    table = pd.read_csv(out / "measurements.csv")
    rows = table[table.scenario == scenario]
    return [
        int(statistics.median(group.alloc) // (1 << 20))
        for _, group in rows.groupby("snapshot_index")
    ]


def test_every_claim_made_for_go_1_14_is_reproduced_or_deviates_as_documented(
    local_run: Path,
) -> None:
    """All fifteen experiments have claims in scope, and none of them is open."""
    verdicts = pd.read_csv(local_run / "verdicts.csv", keep_default_na=False)
    ours = verdicts[verdicts.in_scope]
    assert set(ours.scenario) >= FIFTEEN
    open_ones = ours[ours.verdict != "reproduced"]
    assert [(row.scenario, row.claim) for row in open_ones.itertuples()] == [
        ("pointer-values", "alloc-filled")
    ]
    assert open_ones.iloc[0].reason.startswith("documented deviation: ")


def test_a_run_ends_with_the_path_of_its_report(goclaim: Goclaim, tmp_path: Path) -> None:
    """On standard output where people read it, on standard error beside JSON."""
    page = tmp_path / "out" / "report.html"
    run = ("run", "global-delete", "--engine", "local", "--repeat", "1", "--out", page.parent)
    done = goclaim(*run)
    assert done.stdout.splitlines()[-1] == f"report: {page}"
    assert "1.14" in page.read_text(encoding="utf-8")
    again = goclaim(*run, "--resume", "--json")
    assert json.loads(again.stdout)["exit_code"] == 0
    assert again.stderr.splitlines()[-1] == f"report: {page}"


@pytest.mark.parametrize(
    ("scenario", "printed"),
    [
        ("grow-delete", [0, 461, 293]),
        ("grow-gc-delete", [0, 293, 293]),
        ("presized", [293]),
        ("presized-delete", [293, 293, 293]),
        ("indirect-values", [0, 197, 38]),
        ("pointer-values", [0, 182, 38]),
    ],
)
def test_write_up_b_comes_out_to_the_megabyte(
    local_run: Path, scenario: str, printed: list[int]
) -> None:
    """The figures of write-up B, and 182 MB where it prints 197 for explicit pointers."""
    assert alloc_mb(local_run, scenario) == printed


def test_b_rises_from_1_to_18_at_the_inserts_that_the_load_factor_gives(local_run: Path) -> None:
    """B grows at insert 6.5 * 2^B + 1, for the last time at insert 851,969."""
    values = pd.read_csv(local_run / "values.csv")
    first = values[(values.scenario == "bucket-growth") & (values.repetition == 1)]
    series = {name: list(group.value) for name, group in first.groupby("name")}
    assert series.pop("B") == list(range(1, 19))
    (inserts,) = series.values()
    assert inserts == [9, *(13 * 2**b // 2 + 1 for b in range(1, 18))]


def test_only_the_programs_that_assign_nil_store_nil(local_run: Path) -> None:
    """A1, A3 and A5 are the controls: no nil store of the map, one in A2 and A4 with its XORL."""
    table = pd.read_csv(local_run / "assembly.csv")
    stores = table[(table.kind == "nil-store") & (table.symbol == "main.intMap")]
    assert {row.scenario: bool(row.uses_xorl) for row in stores.itertuples()} == {
        "global-delete-nil": True,
        "function-delete-nil": True,
    }


@pytest.mark.parametrize(
    "scenario",
    [
        "global-delete",
        "global-delete-nil",
        "function-delete",
        "function-delete-nil",
        "local-delete",
    ],
)
def test_write_up_a_has_one_mapdelete_call_at_the_line_of_its_delete(
    local_run: Path, scenario: str
) -> None:
    """The call in the listing stands on the line that says delete."""
    table = pd.read_csv(local_run / "assembly.csv")
    calls = table[(table.scenario == scenario) & table.symbol.str.contains("mapdelete")]
    (call,) = calls.to_dict("records")
    assert call["symbol"] == "runtime.mapdelete_fast64"
    source = local_run / "artifacts" / f"{scenario}-go1.14.15-linux-amd64" / "main.go"
    assert source.read_text().splitlines()[call["line"] - 1].strip() == "delete(intMap, i)"


def test_provenance_names_what_moves_a_number(local_run: Path) -> None:
    """run.json has the settings, the host, the toolchain's checksum and what was claimed."""
    run = json.loads((local_run / "run.json").read_text())
    assert run["schema"] == 1
    assert run["settings"]["gomaxprocs"] == 4
    assert run["host"]["kernel"]
    assert run["sessions"]["go1.14.15"]["toolchain_sum"].startswith("h1:")
    assert manifests(run) == {one.name: one.manifest for one in shipped()}
    assert set(run["scenarios"]) == {one.name for one in shipped()}


@pytest.mark.usefixtures("local_run")
def test_with_everything_built_the_harness_adds_little(tmp_path: Path, goclaim: Goclaim) -> None:
    """A warm run takes under 1.15 times the programs' own time, plus a second."""
    out = tmp_path / "out"
    done = goclaim("run", "--engine", "local", "--repeat", "1", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    seconds = json.loads((out / "run.json").read_text())["seconds"]
    assert seconds["all"] < 1.15 * seconds["programs"] + 1

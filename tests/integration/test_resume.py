"""Runs that are cut short at any moment, runs side by side, cells in any order."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from harness import resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Goclaim = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.go

RUN = (
    "run", "global-delete", "local-delete", "restart", "--go", "1.14,1.9", "--engine", "local",
    "--repeat", "2",
)  # fmt: skip
INTERRUPTS = 24
KEYS = {
    "measurements.csv": ["go_version", "scenario", "repetition", "snapshot", "status"],
    "verdicts.csv": ["go_version", "scenario", "claim", "in_scope", "verdict"],
    "assembly.csv": ["go_version", "scenario", "kind", "symbol", "line", "instruction"],
    "values.csv": ["go_version", "scenario", "repetition", "name", "value"],
}


def what_is_there(out: Path) -> dict[str, object]:
    """Return the files of a run and what in them does not change from run to run."""
    tables: dict[str, object] = {
        name: pd.read_csv(out / name, dtype=str, keep_default_na=False)[columns].to_dict("records")
        for name, columns in KEYS.items()
    }
    return {**tables, "files": sorted(str(one.relative_to(out)) for one in out.rglob("*"))}


def test_a_run_cut_short_anywhere_and_resumed_ends_with_the_same_files(
    goclaim: Goclaim, tmp_path: Path
) -> None:
    """Killed, terminated or interrupted two dozen times at random points, nothing is lost."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    started = time.monotonic()
    done = goclaim(*RUN, "--out", whole)
    took = time.monotonic() - started
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    chance = random.Random(1)  # noqa: S311  any points will do
    for number in range(INTERRUPTS):
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *RUN, "--out", cut, "--resume"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0, took))
        process.send_signal([signal.SIGKILL, signal.SIGINT, signal.SIGTERM][number % 3])
        process.wait(60)
    resumed = goclaim(*RUN, "--out", cut, "--resume")
    assert resumed.returncode == done.returncode, resumed.stdout + resumed.stderr
    assert what_is_there(cut) == what_is_there(whole)


def test_a_finished_run_resumed_measures_nothing_again(goclaim: Goclaim, tmp_path: Path) -> None:
    """The figures are those of before, to the byte."""
    out = tmp_path / "out"
    goclaim(*RUN, "--out", out)
    before = (out / "measurements.csv").read_bytes()
    goclaim(*RUN, "--out", out, "--resume")
    assert (out / "measurements.csv").read_bytes() == before
    assert json.loads((out / "run.json").read_text())["resumed_cells"] == 6


def test_another_plan_is_not_resumed(goclaim: Goclaim, tmp_path: Path) -> None:
    """Another setting is another plan: exit code 2, and the folder stays as it was."""
    out = tmp_path / "out"
    goclaim(*RUN, "--out", out)
    before = what_is_there(out)
    done = goclaim(*RUN, "--gomaxprocs", "2", "--out", out, "--resume")
    assert done.returncode == 2
    assert "holds another plan" in done.stderr
    assert what_is_there(out) == before


def test_two_runs_at_once_share_the_caches_and_not_the_results(tmp_path: Path) -> None:
    """Both end well and hold the same cells, though nothing was built before."""
    for one in (resources.cache() / "runners").glob("go1.9*"):
        one.unlink()
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "harness", *RUN, "--out", tmp_path / name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    complaints = [process.communicate(timeout=120)[1] for process in both]
    assert both[0].returncode == both[1].returncode, complaints
    assert what_is_there(tmp_path / "one") == what_is_there(tmp_path / "other")


def test_the_order_of_cells_changes_no_figure(goclaim: Goclaim, tmp_path: Path) -> None:
    """Named the other way round, every scenario grows by the same, within 1 % or 4 KiB."""
    names = ["global-delete", "presized-delete", "local-delete"]
    growths = []
    for order in (names, names[::-1]):
        out = tmp_path / order[0]
        done = goclaim("run", *order, "--engine", "local", "--out", out)
        assert done.returncode == 0, done.stdout + done.stderr
        table = pd.read_csv(out / "measurements.csv")
        medians = table.groupby(["scenario", "snapshot_index"]).alloc.median()
        growths.append(list(medians - medians.groupby("scenario").transform("min")))
    first, second = growths
    assert len(first) == 11
    assert list(second) == [pytest.approx(growth, rel=0.01, abs=4096) for growth in first]

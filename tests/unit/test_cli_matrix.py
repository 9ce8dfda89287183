"""The commands plan, merge and matrix, and run's --shard; nothing here starts go or Docker."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from harness import cli, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

# They join and show runs of many releases.
pytestmark = pytest.mark.slow

SHIPPED = len(scenarios.shipped())

RUN = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"


@pytest.fixture
def goclaim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli.cli, [str(one) for one in arguments], prog_name="goclaim")

    return invoke


# --- plan --------------------------------------------------------------------


def test_plan_json_is_a_job_matrix(goclaim: Callable[..., Result]) -> None:
    """All cells of the plan, and the parts with their releases and how many cells they have."""
    told = json.loads(goclaim("plan", "--go", "1.2..1.27", "--json").stdout)
    assert set(told) == {"cells", "shards"}
    assert len(told["cells"]) == len(set(told["cells"])) == 26 * SHIPPED
    assert told["cells"][0].startswith("global-delete-go1.2.2-")
    assert [one["index"] for one in told["shards"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {one["of"] for one in told["shards"]} == {7}
    assert told["shards"][0] == {
        "index": 1, "of": 7, "go": "1.2.2,1.3.3,1.4.3,1.5.4", "cells": 4 * SHIPPED,
    }  # fmt: skip
    assert sum(one["cells"] for one in told["shards"]) == len(told["cells"])


def test_plan_takes_targets_and_a_number_of_parts(goclaim: Callable[..., Result]) -> None:
    """Never more parts than releases; an experiment stays with its release."""
    spec = "1.14,1.24,1.24+noswissmap"
    told = json.loads(
        goclaim("plan", "local-delete", "--go", spec, "--shards", "9", "--json").stdout
    )
    assert [one["go"] for one in told["shards"]] == ["1.14.15", "1.24.13,1.24.13+noswissmap"]
    assert [one["cells"] for one in told["shards"]] == [1, 2]


def test_plan_adds_the_scenarios_that_claims_compare_with(goclaim: Callable[..., Result]) -> None:
    """As run does, so that both speak of the same cells."""
    told = json.loads(goclaim("plan", "presized", "--go", "1.14", "--json").stdout)
    names = {cell.partition("-go1.")[0] for cell in told["cells"]}
    assert {"presized", "grow-delete"} <= names


def test_plan_in_words_says_what_to_run(goclaim: Callable[..., Result]) -> None:
    """One line a part, with the option that measures it."""
    lines = goclaim("plan", "--go", "1.14,1.15", "--shards", "2").stdout.splitlines()
    assert lines == [
        f"--shard 1/2    {SHIPPED} cells on 1.14.15",
        f"--shard 2/2    {SHIPPED} cells on 1.15.15",
        f"{2 * SHIPPED} cells in 2 parts",
    ]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/3"])
def test_a_part_that_does_not_exist_is_wrong_usage(
    goclaim: Callable[..., Result], text: str
) -> None:
    """Nothing is measured, and the message says how a part is written."""
    result = goclaim("run", "--shard", text, "--out", "out")
    assert result.exit_code == 2
    assert "Write --shard 2/7" in result.stderr
    assert not Path("out").exists()


def test_more_parts_than_releases_is_wrong_usage(goclaim: Callable[..., Result]) -> None:
    """An empty part would write a run of nothing."""
    result = goclaim(
        "run", "--go", "1.14,1.15", "--engine", "local", "--shard", "3/3", "--out", "out"
    )
    assert result.exit_code == 2
    assert "--shard 3/3: the plan has fewer releases than that." in result.stderr
    assert not Path("out").exists()


# --- merge -------------------------------------------------------------------


def without(folder: Path, release: str) -> Path:
    """Copy the real run without one of its releases."""
    shutil.copytree(RUN, folder)
    for path in folder.glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"{release},")]
        path.write_text("".join(kept), encoding="utf-8")
    return folder


def test_merge_says_what_it_wrote(goclaim: Callable[..., Result]) -> None:
    """How many cells of how many."""
    result = goclaim("merge", RUN, "--out", "all")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "128 of 128 cells, written: all/\n"
    run = json.loads(Path("all/run.json").read_text(encoding="utf-8"))
    assert run["command"].startswith("goclaim ")


@pytest.mark.parametrize(("flags", "code"), [((), 4), (("--allow-gaps",), 0)])
def test_merge_names_every_gap(
    goclaim: Callable[..., Result], tmp_path: Path, flags: tuple[str, ...], code: int
) -> None:
    """On standard error, one a line; the exit code is 4 unless gaps are allowed."""
    folder = without(tmp_path / "most", "1.27.4")
    result = goclaim("merge", folder, "--out", "all", *flags)
    assert result.exit_code == code
    lines = result.stderr.splitlines()
    assert len(lines) == 16
    assert lines[0] == "goclaim: missing: global-delete-go1.27.4-linux-amd64"
    assert result.stdout == "112 of 128 cells, written: all/\n"
    assert Path("all/verdicts.csv").exists()


def test_merge_refuses_what_overlaps(goclaim: Callable[..., Result], tmp_path: Path) -> None:
    """The same run twice holds every cell twice."""
    again = shutil.copytree(RUN, tmp_path / "again")
    result = goclaim("merge", RUN, again, "--out", "all")
    assert result.exit_code == 2
    assert "both hold global-delete-go1.2.2-linux-amd64, " in result.stderr


# --- matrix ------------------------------------------------------------------


def test_matrix_fits_the_width_that_is_set(
    goclaim: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log has no width of its own, but COLUMNS may name one."""
    monkeypatch.setenv("COLUMNS", "70")
    text = goclaim("matrix", RUN).stdout
    assert max(map(len, text.splitlines())) <= 70
    assert "released from 1.4" in text


def test_matrix_as_markdown_and_as_json(goclaim: Callable[..., Result]) -> None:
    """Both of the same run, and nothing else on standard output."""
    assert goclaim("matrix", RUN, "--format", "markdown").stdout.startswith("### Write-up A\n")
    told = json.loads(goclaim("matrix", RUN, "--json").stdout)
    assert (len(told["versions"]), len(told["scenarios"])) == (8, 16)


def test_matrix_shows_the_newest_run(goclaim: Callable[..., Result]) -> None:
    """The reference results only where there is no run of one's own."""
    shutil.copytree(RUN, "results/reference")
    assert len(json.loads(goclaim("matrix", "--json").stdout)["versions"]) == 8
    without(Path("results/older"), "1.27.4")
    without(Path("results/newer"), "1.2.2")
    os.utime("results/older/run.json", (1e9, 1e9))
    versions = json.loads(goclaim("matrix", "--json").stdout)["versions"]
    assert (versions[0], versions[-1]) == ("1.4.3", "1.27.4")


def test_matrix_without_any_run_says_what_to_do(goclaim: Callable[..., Result]) -> None:
    """Nothing was measured here yet."""
    result = goclaim("matrix")
    assert result.exit_code == 2
    assert "There is no run under results/." in result.stderr

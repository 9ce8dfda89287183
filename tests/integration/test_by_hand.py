"""goclaim's figures against the same programs built and run by hand."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from harness import resources, scenarios
from harness.toolchains import ToolchainStore, parse_spec

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.go

# Without a collection just before them, these depend on when the collector ran.
LIVE = ["global-delete", "function-delete-nil", "local-delete", "presized-delete", "grow-gc-delete"]


def by_hand(source: Path, folder: Path) -> list[int]:
    """Build and run a program with plain commands; its Alloc at each snapshot in bytes."""
    (version,) = parse_spec("1.14")
    goroot = ToolchainStore(resources.cache(), print).get(version).goroot
    folder.mkdir()
    shutil.copy(source, folder / "main.go")
    # What anybody's shell has, but for settings of newer releases that stop Go 1.14.
    environment = {name: os.environ[name] for name in ("PATH", "HOME")} | {
        "GOENV": "off",
        "GO111MODULE": "off",
        "GOROOT": str(goroot),
        "GOPATH": str(folder),
        "GOCACHE": str(folder / "cache"),
    }
    subprocess.run(
        [goroot / "bin" / "go", "build", "-o", "prog", "main.go"],
        cwd=folder,
        env=environment,
        check=True,
    )
    done = subprocess.run(
        [folder / "prog"],
        env={"GOMAXPROCS": "4"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(found) for found in re.findall(r"goclaim snapshot=\S+ Alloc=(\d+)", done.stderr)]


@pytest.mark.parametrize("name", LIVE)
def test_growth_is_that_of_the_same_program_run_by_hand(
    local_run: Path, tmp_path: Path, name: str
) -> None:
    """Every growth since the first snapshot agrees within 1 % or 4 KiB."""
    source = local_run / "artifacts" / f"{name}-go1.14.15-linux-amd64" / "main.go"
    first, *hand = by_hand(source, tmp_path / "hand")
    table = pd.read_csv(local_run / "measurements.csv")
    rows = table[table.scenario == name]
    start, *ours = [statistics.median(group.alloc) for _, group in rows.groupby("snapshot_index")]
    assert len(hand) == len(ours) > 0
    for measured, expected in zip(ours, hand, strict=True):
        assert measured - start == pytest.approx(expected - first, rel=0.01, abs=4096)


def test_the_tagged_line_moves_no_figure(tmp_path: Path, local_run: Path) -> None:
    """The program without goclaim's line prints the write-up's growth all the same."""
    (scenario,) = scenarios.find(["global-delete"])
    (version,) = parse_spec("1.14")
    source = scenarios.render(scenario, version).files["main.go"]
    plain = re.sub(r"\tprint\(\"goclaim snapshot=.*?\\n\"\)\n", "", source, flags=re.DOTALL)
    assert "goclaim snapshot" not in plain
    (tmp_path / "main.go").write_text(plain)
    (version,) = parse_spec("1.14")
    goroot = ToolchainStore(resources.cache(), print).get(version).goroot
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GOROOT": str(goroot),
        "GOENV": "off",
        "GO111MODULE": "off",
    }
    subprocess.run(
        [goroot / "bin" / "go", "build", "-o", "prog", "main.go"],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    done = subprocess.run(
        [tmp_path / "prog"], env={"GOMAXPROCS": "4"}, capture_output=True, text=True, check=True
    )
    printed = [int(found) for found in re.findall(r" Alloc = (\d+)", done.stderr)]
    table = pd.read_csv(local_run / "measurements.csv")
    rows = table[table.scenario == "global-delete"]
    ours = [statistics.median(group.alloc) / 1024 for _, group in rows.groupby("snapshot_index")]
    growth = [(one - printed[0], other - ours[0]) for one, other in zip(printed, ours, strict=True)]
    for plain_growth, our_growth in growth:
        assert our_growth == pytest.approx(plain_growth, rel=0.01, abs=4)

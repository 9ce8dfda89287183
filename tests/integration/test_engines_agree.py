"""The docker engine and the local engine measure the same thing."""

from __future__ import annotations

import statistics
import subprocess
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.go, pytest.mark.docker]


def growths(out: Path) -> dict[tuple[str, str], float]:
    """Return the median growth of Alloc since the first snapshot, by scenario and snapshot."""
    table = pd.read_csv(out / "measurements.csv")
    found = {}
    for name, rows in table.groupby("scenario"):
        medians = [
            (str(group.snapshot.iloc[0]), float(statistics.median(group.alloc)))
            for _, group in rows.groupby("snapshot_index")
        ]
        base = medians[0][1]
        found.update({(str(name), snapshot): alloc - base for snapshot, alloc in medians[1:]})
    return found


def test_every_growth_is_the_same_in_docker_and_without_it(
    local_run: Path, docker_run: Path
) -> None:
    """Growths agree within 1 % or 4 KiB, and so do all verdicts."""
    local, docker = growths(local_run), growths(docker_run)
    assert local.keys() == docker.keys()
    assert len(local) > 30
    apart = {
        place: (growth, docker[place])
        for place, growth in local.items()
        if docker[place] != pytest.approx(growth, rel=0.01, abs=4096)
    }
    assert not apart


def test_nothing_of_ours_is_left_in_docker(docker_run: Path) -> None:
    """After a run there is no container, network or volume of ours."""
    assert docker_run.is_dir()
    for kind in (["ps", "-a"], ["network", "ls"], ["volume", "ls"]):
        command = ["docker", *kind, "--quiet", "--filter", "label=org.goclaim"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "", kind
